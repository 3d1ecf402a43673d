#include "base/unit.h"

#include "crypto/jwt.h"
#include "crypto/webpush.h"

/* RFC 8291 section 5 and appendix A. */
#define PLAIN    "When I grow up, I want to be a watermelon"
#define SENDER   "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define RECEIVER "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define POINT                                                                                      \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY                                                                                       \
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS" \
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu" \
    "lcy4a-fN"
#define ECDH "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"

static struct bytes decoded(struct arena *mem, struct str text)
{
    uint8_t *p = arena_alloc(mem, text.n);
    ptrdiff_t n = base64url_decode(text, p, text.n);

    assert_true(n > 0);
    return (struct bytes){p, (size_t)n};
}

static struct webpush_keys subscription(struct arena *mem)
{
    return (struct webpush_keys){decoded(mem, STR(POINT)), decoded(mem, STR(AUTH))};
}

static void the_example_of_rfc8291_comes_out(void **state)
{
    struct arena *mem = *state;
    OWN(es256_free) struct es256_key *once = NULL;
    struct webpush_keys to = subscription(mem);
    struct bytes body;

    assert_true(es256_from_private(decoded(mem, STR(SENDER)), &once));
    assert_true(webpush_encrypt_with(mem, &to, str_bytes(STR(PLAIN)), once,
                                     decoded(mem, STR(SALT)).p, &body));
    assert_str(base64url_encode(mem, body), STR(BODY));
}

static void both_sides_agree_on_one_secret(void **state)
{
    struct arena *mem = *state;
    OWN(es256_free) struct es256_key *sender = NULL;
    OWN(es256_free) struct es256_key *receiver = NULL;
    uint8_t one[ES256_SHARED_LEN], other[ES256_SHARED_LEN];

    assert_true(es256_from_private(decoded(mem, STR(SENDER)), &sender));
    assert_true(es256_from_private(decoded(mem, STR(RECEIVER)), &receiver));
    es256_agree(sender, receiver, one);
    es256_agree(receiver, sender, other);
    assert_str(base64url_encode(mem, BYTES_OF(one)), STR(ECDH));
    assert_memory_equal(one, other, sizeof(one));
}

static void no_two_bodies_are_alike(void **state)
{
    struct arena *mem = *state;
    struct webpush_keys to = subscription(mem);
    struct bytes a, b;

    assert_true(webpush_encrypt(mem, &to, str_bytes(STR(PLAIN)), &a));
    assert_true(webpush_encrypt(mem, &to, str_bytes(STR(PLAIN)), &b));
    assert_int_equal(a.n, WEBPUSH_HEADER_LEN + sizeof(PLAIN) - 1 + 1 + 16);
    assert_memory_not_equal(a.p, b.p, WEBPUSH_SALT_LEN);
    assert_memory_not_equal(a.p + WEBPUSH_HEADER_LEN, b.p + WEBPUSH_HEADER_LEN, 16);
}

static void a_body_fits_into_what_services_take(void **state)
{
    struct arena *mem = *state;
    struct webpush_keys to = subscription(mem);
    struct bytes plain = {arena_alloc(mem, WEBPUSH_PLAIN_MAX + 1), WEBPUSH_PLAIN_MAX}, body;

    assert_true(webpush_encrypt(mem, &to, plain, &body));
    assert_int_equal(body.n, WEBPUSH_BODY_MAX);
    plain.n++;
    assert_false(webpush_encrypt(mem, &to, plain, &body));
    assert_true(webpush_encrypt(mem, &to, (struct bytes){NULL, 0}, &body));
}

static void wrong_keys_are_refused(void **state)
{
    struct arena *mem = *state;
    struct webpush_keys good = subscription(mem), to = good;
    uint8_t off_curve[ES256_POINT_LEN];
    struct bytes body;

    memcpy(off_curve, good.point.p, sizeof(off_curve));
    off_curve[64] ^= 1;
    to.point = BYTES_OF(off_curve);
    assert_false(webpush_encrypt(mem, &to, str_bytes(STR(PLAIN)), &body));
    to = good;
    to.point.n--;
    assert_false(webpush_encrypt(mem, &to, str_bytes(STR(PLAIN)), &body));
    to = good;
    to.auth.n--;
    assert_false(webpush_encrypt(mem, &to, str_bytes(STR(PLAIN)), &body));
}

static void the_sender_signs_its_name(void **state)
{
    struct arena *mem = *state;
    OWN(es256_free) struct es256_key *key = es256_generate();
    OWN(es256_free) struct es256_key *named = NULL;
    struct str header = vapid_header(mem, key, STR("https://push.example.net"),
                                     STR("mailto:ops@example.com"), 1453523768);
    struct str prefix = STR("vapid t=");
    ptrdiff_t comma = str_find(header, ',');
    struct jwt t;

    assert_true(str_starts(header, prefix) && comma > 0);
    assert_true(jwt_parse(mem, str_sub(header, prefix.n, (size_t)comma - prefix.n), &t));
    assert_str(t.typ, STR("JWT"));
    assert_str(t.payload, STR("{\"aud\":\"https://push.example.net\",\"exp\":1453523768,"
                              "\"sub\":\"mailto:ops@example.com\"}"));
    header = str_sub(header, (size_t)comma, header.n);
    assert_true(str_starts(header, STR(", k=")));
    assert_true(es256_from_point(decoded(mem, str_sub(header, 4, header.n)), &named));
    assert_true(jwt_verify(&t, &(struct jwt_key){.alg = JWT_ES256, .pair = named}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc8291_comes_out),
        cmocka_unit_test(both_sides_agree_on_one_secret),
        cmocka_unit_test(no_two_bodies_are_alike),
        cmocka_unit_test(a_body_fits_into_what_services_take),
        cmocka_unit_test(wrong_keys_are_refused),
        cmocka_unit_test(the_sender_signs_its_name),
    };

    return cmocka_run_group_tests_name("webpush", tests, unit_mem_setup, unit_mem_teardown);
}
