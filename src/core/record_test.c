/* record_test.c: what an audit entry keeps of an answer can be checked, and a changed byte shows.
 */
#include "base/unit.h"

#include "core/record.h"
#include "crypto/es256.h"

static struct arena *mem;
static struct ctx cx;

static const char payload[] =
    "{\"v\":1,\"service\":\"VA01\",\"challenge\":\"YC01\",\"device\":\"YF01\","
    "\"decision\":\"approved\",\"digits\":\"482913\",\"at\":1795300000}";

static struct answer_record signed_record(void)
{
    OWN(es256_free) struct es256_key *key = es256_generate();
    uint8_t *point = arena_alloc(mem, ES256_POINT_LEN),
            *signature = arena_alloc(mem, ES256_SIGNATURE_LEN);

    es256_point(key, point);
    es256_sign(key, str_bytes(str_from(payload)), signature);
    return (struct answer_record){
        .challenge = STR("YC01"),
        .device = STR("YF01"),
        .decision = STR("approved"),
        .key = {point,     ES256_POINT_LEN    },
        .payload = str_from(payload),
        .signature = {signature, ES256_SIGNATURE_LEN}
    };
}

static void what_was_kept_is_read_and_fits(void **state)
{
    struct answer_record r = signed_record(), got = {0};

    (void)state;
    assert_int_equal(answer_record_read(&cx, answer_record_text(&cx, &r), &got), OK);
    assert_str(got.challenge, r.challenge);
    assert_str(got.device, r.device);
    assert_str(got.decision, r.decision);
    assert_str(got.payload, r.payload);
    assert_false(got.approve_only);
    assert_int_equal(answer_record_check(&cx, &got), OK);
    r.approve_only = true;
    r.decision = STR("wrong_digits"); /* was signed as an approval */
    assert_int_equal(answer_record_read(&cx, answer_record_text(&cx, &r), &got), OK);
    assert_true(got.approve_only);
    assert_int_equal(answer_record_check(&cx, &got), OK);
}

static void a_changed_byte_shows(void **state)
{
    struct answer_record r = signed_record();

    (void)state;
    for (size_t i = 0; i < r.payload.n; i++) {
        struct answer_record bent = r;
        struct bytes copy = arena_bytes(mem, str_bytes(r.payload));

        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
        bent.payload = bytes_str(copy);
        assert_int_equal(answer_record_check(&cx, &bent), ERR_DENIED);
    }
    for (size_t i = 0; i < r.signature.n; i++) {
        struct answer_record bent = r;

        bent.signature = arena_bytes(mem, r.signature);
        ((uint8_t *)(uintptr_t)bent.signature.p)[i] ^= 1;
        assert_int_equal(answer_record_check(&cx, &bent), ERR_DENIED);
    }
}

static void a_record_about_something_else_does_not_fit(void **state)
{
    struct answer_record r = signed_record();
    const struct {
        const char *name;
        struct str challenge, device, decision;
    } rows[] = {
        {"another request",  STR("YC02"), STR("YF01"), STR("approved")},
        {"another device",   STR("YC01"), STR("YF02"), STR("approved")},
        {"another decision", STR("YC01"), STR("YF01"), STR("denied")  },
        {"no decision",      STR("YC01"), STR("YF01"), STR("")        },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct answer_record bent = r;

        bent.challenge = row->challenge;
        bent.device = row->device;
        bent.decision = row->decision;
        assert_row(row, answer_record_check(&cx, &bent) == ERR_DENIED);
    }
}

static void a_detail_without_a_record_is_refused(void **state)
{
    static const char *const details[] = {
        "",
        "amr=pwd,swk,mfa",
        "challenge=YC01 decision=approved device=YF01 key=AA payload=AA",
        "challenge= decision=approved device=YF01 key=AA payload=AA signature=AA",
    };
    struct answer_record r;

    (void)state;
    EACH_ROW (detail, details)
        assert_int_equal(answer_record_read(&cx, str_from(*detail), &r), ERR_INVALID);
    assert_int_equal(answer_record_read(&cx,
                                        STR("challenge=YC01 decision=approved device=YF01 key=! "
                                            "payload=! signature=!"),
                                        &r),
                     OK);
    assert_int_equal(answer_record_check(&cx, &r), ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_read_and_fits),
        cmocka_unit_test(a_changed_byte_shows),
        cmocka_unit_test(a_record_about_something_else_does_not_fit),
        cmocka_unit_test(a_detail_without_a_record_is_refused),
    };
    int failed;

    mem = arena_new();
    ctx_init(&cx, mem);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&mem);
    return failed;
}
