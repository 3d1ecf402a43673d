#include "base/unit.h"

#include "base/clock.h"
#include "base/ctx.h"

static void a_new_ctx_is_of_now_and_has_an_id_of_its_own(void **state)
{
    int64_t before = clock_now_ms();
    struct ctx a, b;

    ctx_init(&a, *state);
    ctx_init(&b, *state);
    assert_in_range(a.now_ms, before, before + 60000);
    assert_ptr_equal(a.mem, *state);
    assert_int_equal(a.deadline_ms, 0);
    assert_int_equal(a.retry_after_s, 0);
    assert_string_equal(a.why, "");
    assert_int_equal(strlen(a.id), CTX_ID_LEN);
    assert_int_equal(strspn(a.id, "0123456789abcdef"), CTX_ID_LEN);
    assert_string_not_equal(a.id, b.id);
}

static void failing_records_why_and_gives_the_error_back(void **state)
{
    char longer[2 * CTX_WHY_MAX];
    struct ctx cx;

    ctx_init(&cx, *state);
    assert_int_equal(fail(&cx, ERR_UPSTREAM, "sms: %s answered %d", "host", 503), ERR_UPSTREAM);
    assert_string_equal(cx.why, "sms: host answered 503");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(fail(&cx, ERR_INVALID, "%s", longer), ERR_INVALID);
    assert_int_equal(strlen(cx.why), CTX_WHY_MAX - 1);
}

/* Logs and alarms are written against these words. */
static void every_error_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (enum err e = OK; e < ERR_COUNT; e++) {
        assert_non_null(err_name(e));
        assert_int_equal(strspn(err_name(e), "abcdefghijklmnopqrstuvwxyz_"), strlen(err_name(e)));
        for (enum err other = OK; other < e; other++)
            assert_string_not_equal(err_name(e), err_name(other));
    }
    assert_string_equal(err_name(OK), "ok");
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_name(ERR_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_ctx_is_of_now_and_has_an_id_of_its_own),
        cmocka_unit_test(failing_records_why_and_gives_the_error_back),
        cmocka_unit_test(every_error_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
