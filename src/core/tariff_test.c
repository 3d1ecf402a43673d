/* tariff_test.c: money, countries and prices as operators write them. */
#include "base/unit.h"

#include "core/tariff.h"

static struct ctx cx;

static int setup(void **state)
{
    (void)state;
    ctx_init(&cx, arena_new());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&cx.mem);
    return 0;
}

static struct phone number(const char *e164)
{
    struct phone p;

    assert_int_equal(phone_parse(&cx, STR_NONE, str_from(e164), &p), PHONE_OK);
    return p;
}

static void money_is_read_and_written(void **state)
{
    static const struct {
        const char *text;
        int64_t amount; /* -1: refused */
        const char *again;
    } rows[] = {
        {"25",         25000000,        "25.00"       },
        {"0.0079",     7900,            "0.0079"      },
        {"0.1",        100000,          "0.10"        },
        {"0",          0,               "0.00"        },
        {"999999999",  999999999000000, "999999999.00"},
        {"0.000001",   1,               "0.000001"    },
        {"0.0000001",  -1,              ""            },
        {"1000000000", -1,              ""            },
        {"",           -1,              ""            },
        {".5",         -1,              ""            },
        {"5.",         -1,              ""            },
        {"-1",         -1,              ""            },
        {"1,5",        -1,              ""            },
        {"1.5 EUR",    -1,              ""            },
    };

    (void)state;
    EACH_ROW (row, rows) {
        int64_t amount = -1;

        assert_int_equal(money_read(str_from(row->text), &amount), row->amount >= 0);
        assert_int_equal(amount, row->amount);
        if (row->amount >= 0)
            assert_string_equal(arena_str(cx.mem, money_text(&cx, amount)).p, row->again);
    }
}

static void countries_are_a_list(void **state)
{
    static const struct {
        const char *list, *to;
        bool have;
    } rows[] = {
        {"all",            "+4915112345678", true },
        {"",               "+4915112345678", false},
        {"DE AT",          "+4915112345678", true },
        {"US, AT",         "+4915112345678", false},
        {"US",             "+14155550142",   true },
        {"CA",             "+14155550142",   false},
        {"all -DE",        "+4915112345678", false},
        {"all -DE +49151", "+4915112345678", true },
        {"all -DE +49151", "+4917012345678", false},
        {"DE -+4915",      "+4915112345678", false},
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct phone p = number(row->to);

        assert_int_equal(countries_check(&cx, str_from(row->list)), OK);
        assert_int_equal(countries_have(str_from(row->list), &p), row->have);
    }
    assert_int_equal(countries_check(&cx, STR("DE XQ")), ERR_INVALID);
    assert_int_equal(countries_check(&cx, STR("de")), ERR_INVALID);
    assert_int_equal(countries_check(&cx, STR("49")), ERR_INVALID);
}

static void the_closest_price_holds(void **state)
{
    static const struct {
        const char *to;
        bool call;
        int64_t amount;
    } rows[] = {
        {"+33612345678",   false, 100000},
        {"+33612345678",   true,  300000},
        {"+14155550142",   false, 7900  },
        {"+14155550142",   true,  7900  },
        {"+4915112345678", false, 75000 },
        {"+4915112345678", true,  300000},
        {"+447400123456",  false, 200000},
        {"+447700900123",  false, 40000 },
    };
    static const struct str list =
        STR("0.10, voice 0.3, US 0.0079, DE sms 0.075, +4474 0.2, +44 0.04, GB 0.03");

    (void)state;
    assert_int_equal(prices_check(&cx, list), OK);
    EACH_ROW (row, rows) {
        struct phone p = number(row->to);

        assert_int_equal(price_of(list, &p, row->call), row->amount);
    }
    assert_int_equal(prices_check(&cx, STR("US 0.1")), ERR_INVALID);
    assert_int_equal(prices_check(&cx, STR("0.1, U 0.1")), ERR_INVALID);
    assert_int_equal(prices_check(&cx, STR("0.1, sms US 0.1")), ERR_INVALID);
    assert_int_equal(prices_check(&cx, STR("0.1, US")), ERR_INVALID);
    assert_int_equal(prices_check(&cx, STR("")), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_is_read_and_written),
        cmocka_unit_test(countries_are_a_list),
        cmocka_unit_test(the_closest_price_holds),
    };

    return cmocka_run_group_tests_name("core_tariff", tests, setup, teardown);
}
