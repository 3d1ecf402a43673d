/* limiter_test.c: budgets over time, by address, and under a flood of addresses. */
#include "http/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct http_limits limits[LIMIT_COUNT] = {
    [LIMIT_PAGE] = {3,       60},
    [LIMIT_LOGIN] = {10,      1 },
    [LIMIT_FORM] = {1000000, 1 },
};

static struct limiter *limiter;

static int setup(void **state)
{
    (void)state;
    limiter = limiter_new(limits);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    limiter_free(&limiter);
    return 0;
}

static bool take(const char *text, enum limit which, int64_t now_ms, int64_t *out_retry_s)
{
    struct addr a;

    assert_true(addr_parse(str_from(text), &a));
    return limiter_take(limiter, &a, which, now_ms, out_retry_s);
}

static void a_budget_is_spent_and_earned_back(void **state)
{
    static const struct {
        int64_t at_ms;
        bool allowed;
        int64_t retry_s;
    } rows[] = {
        {1000,   true,  0 },
        {1000,   true,  0 },
        {1000,   true,  0 },
        {1000,   false, 20},
        {11000,  false, 10},
        {20999,  false, 1 }, /* refusals cost nothing */
        {21000,  true,  0 },
        {21001,  false, 20},
        {300000, true,  0 }, /* all earned back, and no more
  than that */
        {300000, true,  0 },
        {300000, true,  0 },
        {300000, false, 20},
    };

    (void)state;
    EACH_ROW (row, rows) {
        int64_t retry_s = 0;

        if (take("192.0.2.1", LIMIT_PAGE, row->at_ms, &retry_s) != row->allowed)
            fail_msg("row %td", row - rows);
        assert_int_equal(retry_s, row->retry_s);
    }
}

static void budgets_are_separate(void **state)
{
    int64_t retry_s;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(take("192.0.2.1", LIMIT_PAGE, 0, &retry_s));
    assert_false(take("192.0.2.1", LIMIT_PAGE, 0, &retry_s));
    assert_true(take("192.0.2.2", LIMIT_PAGE, 0, &retry_s));
    assert_true(take("192.0.2.1", LIMIT_LOGIN, 0, &retry_s));
    for (int i = 0; i < 1000; i++)
        assert_true(take("192.0.2.1", LIMIT_NONE, 0, &retry_s)); /* unlimited */
}

static void a_customer_has_many_addresses_of_ipv6(void **state)
{
    int64_t retry_s;

    (void)state;
    assert_true(take("2001:db8:1:2::1", LIMIT_PAGE, 0, &retry_s));
    assert_true(take("2001:db8:1:2::2", LIMIT_PAGE, 0, &retry_s));
    assert_true(take("2001:db8:1:2:ffff::", LIMIT_PAGE, 0, &retry_s));
    assert_false(take("2001:db8:1:2::9", LIMIT_PAGE, 0, &retry_s));
    assert_true(take("2001:db8:1:3::9", LIMIT_PAGE, 0, &retry_s));
}

static void a_flood_of_addresses_hides_nobody(void **state)
{
    int64_t retry_s;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(take("192.0.2.1", LIMIT_PAGE, 0, &retry_s));
    for (uint32_t i = 0; i < 300000; i++) { /* more than the table has room for */
        struct addr a = {
            .b = {[10] = 0xFF, [11] = 0xFF, 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}
        };

        (void)limiter_take(limiter, &a, LIMIT_PAGE, 0, &retry_s);
    }
    assert_false(take("192.0.2.1", LIMIT_PAGE, 0, &retry_s));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_budget_is_spent_and_earned_back),
        TEST(budgets_are_separate),
        TEST(a_customer_has_many_addresses_of_ipv6),
        TEST(a_flood_of_addresses_hides_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
