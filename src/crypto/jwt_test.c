#include "base/unit.h"

#include "crypto/hash.h"
#include "crypto/jwt.h"

/* RFC 7515 appendices A.1 and A.3. */
#define PAYLOAD64                                                                                  \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
static const char hs256_token[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD64
                                  ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char hs256_key[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
static const char es256_token[] =
    "eyJhbGciOiJFUzI1NiJ9." PAYLOAD64
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char payload[] =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

struct keys {
    struct arena *mem;
    uint8_t secret[64];
    struct es256_key *pair; /* of RFC 7515 A.3, with its private half */
    struct jwt_key hs256, es256;
};

static int setup(void **state)
{
    struct keys *k = test_calloc(1, sizeof(*k));
    uint8_t d[ES256_PRIVATE_LEN];

    k->mem = arena_new();
    assert_int_equal(base64url_decode(str_from(hs256_key), k->secret, 64), 64);
    assert_int_equal(
        base64url_decode(STR("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"), d, sizeof(d)), 32);
    assert_true(es256_from_private(BYTES_OF(d), &k->pair));
    k->hs256 = (struct jwt_key){
        .alg = JWT_HS256, .secret = {k->secret, 64}
    };
    k->es256 = (struct jwt_key){.alg = JWT_ES256, .pair = k->pair};
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    struct keys *k = *state;

    es256_free(&k->pair);
    arena_free(&k->mem);
    test_free(k);
    return 0;
}

static void tokens_of_rfc7515_verify(void **state)
{
    struct keys *k = *state;
    OWN(es256_free) struct es256_key *public_only = NULL;
    struct jwt t;

    assert_true(jwt_parse(k->mem, str_from(hs256_token), &t));
    assert_str(t.alg, STR("HS256"));
    assert_str(t.typ, STR("JWT"));
    assert_str(t.kid, STR(""));
    assert_str(t.payload, str_from(payload));
    assert_true(jwt_verify(&t, &k->hs256));

    assert_true(es256_from_jwk(STR("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                               STR("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), &public_only));
    assert_true(jwt_parse(k->mem, str_from(es256_token), &t));
    assert_str(t.payload, str_from(payload));
    assert_true(jwt_verify(&t, &(struct jwt_key){.alg = JWT_ES256, .pair = public_only}));
    assert_true(jwt_verify(&t, &k->es256));
}

static void what_was_signed_verifies(void **state)
{
    struct keys *k = *state;
    const struct jwt_head head = {.typ = STR("JWT"), .kid = STR("CR1"), .cty = STR("x;v=1")};
    const struct jwt_key *both[] = {&k->hs256, &k->es256};

    EACH_ROW (key, both) {
        struct str token = jwt_sign(k->mem, *key, &head, STR("{\"sub\":\"a\"}"));
        struct jwt t;

        assert_true(jwt_parse(k->mem, token, &t));
        assert_true(jwt_verify(&t, *key));
        assert_str(t.kid, STR("CR1"));
        assert_str(t.typ, STR("JWT"));
        assert_str(t.cty, STR("x;v=1"));
        assert_str(t.payload, STR("{\"sub\":\"a\"}"));
        assert_str(t.signing_input, str_sub(token, 0, t.signing_input.n));
    }
}

/* The header as PyJWT and others write it, so that a peer's strict test of the text passes too. */
static void a_bare_header_is_what_the_rfc_has(void **state)
{
    struct keys *k = *state;
    struct str token =
        jwt_sign(k->mem, &k->es256, &(struct jwt_head){.typ = STR_NONE}, str_from(payload));

    assert_str(str_sub(token, 0, strlen("eyJhbGciOiJFUzI1NiJ9." PAYLOAD64)),
               STR("eyJhbGciOiJFUzI1NiJ9." PAYLOAD64));
    assert_true(str_starts(
        jwt_sign(k->mem, &k->hs256, &(struct jwt_head){.typ = STR("JWT")}, STR("x")),
        base64url_encode(k->mem, str_bytes(STR("{\"typ\":\"JWT\",\"alg\":\"HS256\"}")))));
}

/* RFC 8725 sections 2.1 and 3.1, CVE-2015-9235: the token does not choose the algorithm. */
static void the_key_says_the_algorithm(void **state)
{
    struct keys *k = *state;
    uint8_t point[ES256_POINT_LEN];
    struct jwt_key confused = {.alg = JWT_HS256, .secret = BYTES_OF(point)};
    struct str token;
    struct jwt t;

    es256_point(k->pair, point);
    token = jwt_sign(k->mem, &confused, &(struct jwt_head){.typ = STR("JWT")}, STR("{}"));
    assert_true(jwt_parse(k->mem, token, &t));
    assert_false(jwt_verify(&t, &k->es256));
    assert_true(jwt_parse(k->mem, str_from(es256_token), &t));
    assert_false(jwt_verify(&t, &k->hs256));
    assert_true(jwt_parse(k->mem, str_from(hs256_token), &t));
    assert_false(jwt_verify(&t, &k->es256));
    /* a key object that was never filled in */
    assert_false(jwt_verify(&t, &(struct jwt_key){.alg = JWT_HS256}));
    assert_true(jwt_parse(k->mem, str_from(es256_token), &t));
    assert_false(jwt_verify(&t, &(struct jwt_key){.alg = JWT_ES256}));
}

/* Every token below is signed rightly, over what it says, as HS256. */
static const struct {
    const char *name, *header;
    bool parses, verifies;
} headers[] = {
    {"plain",             "{\"alg\":\"HS256\"}",                                        true,  true },
    {"member unknown",    "{\"alg\":\"HS256\",\"x\":[1,{}]}",                           true,  true },
    {"key brought along", "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", true,  true },
    {"none",              "{\"alg\":\"none\"}",                                         true,  false},
    {"None",              "{\"alg\":\"None\"}",                                         true,  false},
    {"lower case",        "{\"alg\":\"hs256\"}",                                        true,  false},
    {"longer",            "{\"alg\":\"HS256 \"}",                                       true,  false},
    {"HS512",             "{\"alg\":\"HS512\"}",                                        true,  false},
    {"ES256",             "{\"alg\":\"ES256\"}",                                        true,  false},
    {"no alg",            "{}",                                                         false, false},
    {"empty alg",         "{\"alg\":\"\"}",                                             false, false},
    {"alg is null",       "{\"alg\":null}",                                             false, false},
    {"alg is a list",     "{\"alg\":[\"HS256\"]}",                                      false, false},
    {"alg twice",         "{\"alg\":\"HS256\",\"alg\":\"none\"}",                       false, false},
    {"alg with NUL",      "{\"alg\":\"HS256\\u0000\"}",                                 false, false},
    {"kid is a number",   "{\"alg\":\"HS256\",\"kid\":1}",                              false, false},
    {"kid is empty",      "{\"alg\":\"HS256\",\"kid\":\"\"}",                           false, false},
    {"critical",          "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",       false, false},
    {"critical, empty",   "{\"alg\":\"HS256\",\"crit\":[]}",                            false, false},
    {"critical, null",    "{\"alg\":\"HS256\",\"crit\":null}",                          false, false},
    {"a list",            "[\"HS256\"]",                                                false, false},
    {"a text",            "\"HS256\"",                                                  false, false},
    {"cut short",         "{\"alg\":\"HS256\"",                                         false, false},
    {"something behind",  "{\"alg\":\"HS256\"}{}",                                      false, false},
    {"not UTF-8",         "{\"alg\":\"HS256\",\"x\":\"\xFF\"}",                         false, false},
};

static struct str sign_header(struct keys *k, struct str header)
{
    uint8_t mac[HMAC_LEN_MAX];
    struct str input =
        arena_printf(k->mem, "%s.%s", base64url_encode(k->mem, str_bytes(header)).p, PAYLOAD64);
    size_t n = hmac(HMAC_SHA256, k->hs256.secret, str_bytes(input), mac);

    return arena_printf(k->mem, "%s.%s", input.p,
                        base64url_encode(k->mem, (struct bytes){mac, n}).p);
}

static void headers_are_read_strictly(void **state)
{
    struct keys *k = *state;

    EACH_ROW (row, headers) {
        struct jwt t;
        bool parses = jwt_parse(k->mem, sign_header(k, str_from(row->header)), &t);

        assert_row(row, parses == row->parses);
        assert_row(row, (parses && jwt_verify(&t, &k->hs256)) == row->verifies);
    }
}

static const struct {
    const char *name, *token;
} malformed[] = {
    {"empty",                        ""                                },
    {"one part",                     "eyJhbGciOiJIUzI1NiJ9"            },
    {"two parts",                    "eyJhbGciOiJIUzI1NiJ9.e30"        },
    {"no signature",                 "eyJhbGciOiJIUzI1NiJ9.e30."       },
    {"no payload",                   "eyJhbGciOiJIUzI1NiJ9..e30"       },
    {"no header",                    ".e30.e30"                        },
    {"four parts",                   "eyJhbGciOiJIUzI1NiJ9.e30.e30.e30"},
    {"a dot behind",                 "eyJhbGciOiJIUzI1NiJ9.e30.e30."   },
    {"padding",                      "eyJhbGciOiJIUzI1NiJ9.e30=.e30"   },
    {"blank",                        "eyJhbGciOiJIUzI1NiJ9.e30.e30 "   },
    {"line feed",                    "eyJhbGciOiJIUzI1NiJ9\n.e30.e30"  },
    {"base64 of the other alphabet", "eyJhbGciOiJIUzI1NiJ9.e30.++//"   },
    {"stray bits",                   "eyJhbGciOiJIUzI1NiJ9.e31.e31"    },
    {"JSON of five parts",           "eyJhbGciOiJkaXIifQ..e30.e30.e30" },
};

static void what_is_no_token_is_refused(void **state)
{
    struct keys *k = *state;
    struct jwt t;

    EACH_ROW (row, malformed) {
        assert_row(row, !jwt_parse(k->mem, str_from(row->token), &t));
    }
}

/* Attack 79: neither size nor depth of a header costs anything. */
static void attack_79_size_and_depth_are_bounded(void **state)
{
    struct keys *k = *state;
    char *deep = arena_alloc(k->mem, JWT_LEN_MAX);
    struct jwt t;

    memset(deep, '[', JWT_LEN_MAX);
    assert_false(jwt_parse(k->mem, sign_header(k, (struct str){deep, 10000}), &t));
    assert_false(jwt_parse(k->mem, sign_header(k, (struct str){deep, JWT_LEN_MAX}), &t));
    memset(deep, ' ', JWT_LEN_MAX);
    memcpy(deep, "{\"alg\":\"HS256\"}", 15);
    assert_true(jwt_parse(k->mem, sign_header(k, (struct str){deep, 10000}), &t));
    assert_false(jwt_parse(k->mem, sign_header(k, (struct str){deep, JWT_LEN_MAX}), &t));
}

static void no_changed_character_is_accepted(void **state)
{
    static const char *const tokens[] = {hs256_token, es256_token};
    struct keys *k = *state;

    EACH_ROW (token, tokens) {
        struct str s = arena_str(k->mem, str_from(*token));
        char *p = arena_alloc(k->mem, s.n);

        for (size_t i = 0; i < s.n; i++) {
            struct jwt t;

            memcpy(p, s.p, s.n);
            p[i] = p[i] == 'A' ? 'B' : 'A';
            if (jwt_parse(k->mem, (struct str){p, s.n}, &t) &&
                (jwt_verify(&t, &k->hs256) || jwt_verify(&t, &k->es256)))
                fail_msg("character %zu", i);
        }
    }
}

/* The worked vector of the Verify device protocol. */
static void a_device_signs_its_request(void **state)
{
    static const char token[] = "eyJjdHkiOiJ0d2lsaW8tcGJhO3Y9MSIsImtpZCI6IkNSNjY2NjY2NjY2NjY2NjY2Nj"
                                "Y2NjY2NjY2NjY2NjY2NjYiLCJ0"
                                "eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."
                                "eyJzdWIiOiJBQzIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyIiwi"
                                "ZXhwIjoxNzY3MzIzNjQ1LCJuYmYiOjE3NjczMjMwNDV9._JJUy_XN-"
                                "zTj1FLDzqmk7RAEmlq2TfyxEwaLTkVLtql8WEqu"
                                "yQ8bW6tvSXS5xGOb2llqYJjoxoaiDWm3lK2Lcw";
    static const char point[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    struct keys *k = *state;
    OWN(es256_free) struct es256_key *key = NULL;
    struct jwt t;

    assert_true(es256_from_point(unit_hex(k->mem, point), &key));
    assert_true(jwt_parse(k->mem, str_from(token), &t));
    assert_str(t.kid, STR("CR66666666666666666666666666666666"));
    assert_str(t.cty, STR("twilio-pba;v=1"));
    assert_str(t.payload, STR("{\"sub\":\"AC22222222222222222222222222222222\",\"exp\":1767323645,"
                              "\"nbf\":1767323045}"));
    assert_true(jwt_verify(&t, &(struct jwt_key){.alg = JWT_ES256, .pair = key}));
    assert_false(jwt_verify(&t, &k->es256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_rfc7515_verify),
        cmocka_unit_test(what_was_signed_verifies),
        cmocka_unit_test(a_bare_header_is_what_the_rfc_has),
        cmocka_unit_test(the_key_says_the_algorithm),
        cmocka_unit_test(headers_are_read_strictly),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(attack_79_size_and_depth_are_bounded),
        cmocka_unit_test(no_changed_character_is_accepted),
        cmocka_unit_test(a_device_signs_its_request),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
