/* vectors_test.c: the test vectors of docs/wire/device.md, byte for byte. */
#include "base/unit.h"

#include "base/buf.h"
#include "base/encode.h"
#include "core/challenge.h"
#include "crypto/es256.h"
#include "device/signed.h"

#include <jansson.h>

static struct arena *mem;
static struct ctx cx;
static json_t *vectors;
static struct bytes point;

static struct str document(void)
{
    const char *root = getenv("SOURCE_ROOT");
    struct str path = arena_printf(mem, "%s/docs/wire/device.md", root ? root : ".");
    struct buf text;
    struct str out;
    char part[4096];
    size_t n;
    FILE *f = fopen(path.p, "rb");

    assert_non_null(f);
    buf_init(&text, MIB);
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        buf_add(&text, (struct str){part, n});
    assert_int_equal(fclose(f), 0);
    out = arena_str(mem, buf_str(&text));
    buf_deinit(&text);
    return out;
}

/* The one block of JSON in the last section. */
static int setup(void **state)
{
    static const struct str head = {"## 7. Test vectors", 18}, open = {"```json\n", 8};
    struct str text;
    ptrdiff_t at, end;

    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    text = document();
    at = str_find_str(text, head);
    assert_true(at >= 0);
    text = str_sub(text, (size_t)at, text.n);
    at = str_find_str(text, open);
    assert_true(at >= 0);
    text = str_sub(text, (size_t)at + open.n, text.n);
    end = str_find_str(text, STR("```"));
    assert_true(end > 0);
    vectors = json_loadb(text.p, (size_t)end, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(vectors);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(vectors);
    arena_free(&mem);
    return 0;
}

static struct str text_of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_string(v))
        fail_msg("no member %s", name);
    return (struct str){json_string_value(v), json_string_length(v)};
}

static struct bytes bytes_of(const json_t *o, const char *name)
{
    struct str text = text_of(o, name);
    uint8_t *out = arena_alloc(mem, text.n + 1);
    ptrdiff_t n = base64url_decode(text, out, text.n + 1);

    assert_true(n > 0);
    return (struct bytes){out, (size_t)n};
}

static void the_public_key_is_the_private_ones(void **state)
{
    OWN(es256_free) struct es256_key *key = NULL;
    uint8_t made[ES256_POINT_LEN];

    (void)state;
    point = bytes_of(vectors, "public_key");
    assert_true(es256_from_private(bytes_of(vectors, "private_key"), &key));
    es256_point(key, made);
    assert_int_equal(point.n, ES256_POINT_LEN);
    assert_memory_equal(made, point.p, ES256_POINT_LEN);
}

static void the_proof_of_pairing(void **state)
{
    const json_t *pair = json_object_get(vectors, "pair");
    struct str text = pair_text(mem, text_of(pair, "token"), text_of(vectors, "public_key"));

    (void)state;
    assert_str(text, text_of(pair, "text"));
    assert_true(signed_by(point, text, bytes_of(pair, "signature")));
}

static void signed_requests(void **state)
{
    const json_t *list = json_object_get(vectors, "requests");

    (void)state;
    assert_true(json_array_size(list) >= 3);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        struct str text =
            signed_text(mem, text_of(r, "method"), text_of(r, "target"), text_of(r, "body"),
                        text_of(r, "time"), text_of(r, "nonce"), text_of(r, "device"));

        assert_str(text, text_of(r, "text"));
        assert_true(signed_by(point, text, bytes_of(r, "signature")));
    }
}

static void digests_and_answers(void **state)
{
    const json_t *answer = json_object_get(vectors, "answer");
    const json_t *list = json_object_get(vectors, "payloads");

    (void)state;
    assert_str(challenge_digest(&cx, text_of(answer, "shown")), text_of(answer, "shown_digest"));
    assert_str(challenge_digest(&cx, text_of(answer, "hidden_details")),
               text_of(answer, "hidden_digest"));
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *p = json_array_get(list, i);

        assert_true(signed_by(point, text_of(p, "text"), bytes_of(p, "signature")));
    }
}

static void what_must_be_refused_is(void **state)
{
    const json_t *list = json_object_get(vectors, "refused");

    (void)state;
    assert_true(json_array_size(list) >= 5);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);

        if (signed_by(point, text_of(r, "text"), bytes_of(r, "signature")))
            fail_msg("accepted although %s", text_of(r, "why").p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_key_is_the_private_ones),
        cmocka_unit_test(the_proof_of_pairing),
        cmocka_unit_test(signed_requests),
        cmocka_unit_test(digests_and_answers),
        cmocka_unit_test(what_must_be_refused_is),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
