/* words_test.c: how instants, spans and browsers read. */
#include "base/unit.h"

#include "portal/words.h"

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

static void span_is_rounded_up(void **state)
{
    static const struct {
        int64_t s;
        struct str want;
    } rows[] = {
        {0,     STR("a second")  },
        {1,     STR("a second")  },
        {2,     STR("2 seconds") },
        {59,    STR("59 seconds")},
        {60,    STR("a minute")  },
        {61,    STR("2 minutes") },
        {120,   STR("2 minutes") },
        {3540,  STR("59 minutes")},
        {3541,  STR("an hour")   },
        {3601,  STR("2 hours")   },
        {86400, STR("a day")     },
        {86401, STR("2 days")    },
    };

    (void)state;
    EACH_ROW (row, rows)
        assert_str(words_span(&cx, row->s), row->want);
}

static void instant_has_both_forms(void **state)
{
    struct when w = words_when(&cx, 1791295380000);

    (void)state;
    assert_str(w.iso, STR("2026-10-06T14:03:00Z"));
    assert_str(w.words, STR("6 October 2026, 14:03 UTC"));
    assert_int_equal(words_when(&cx, 0).iso.n, 0);
}

static void ago_counts_days(void **state)
{
    (void)state;
    cx.now_ms = 10 * DAY_MS + HOUR_MS;
    assert_str(words_ago(&cx, 10 * DAY_MS), STR("today"));
    assert_str(words_ago(&cx, 10 * DAY_MS - 1), STR("yesterday"));
    assert_str(words_ago(&cx, 7 * DAY_MS), STR("3 days ago"));
}

static void browser_is_named_from_a_list(void **state)
{
    static const struct {
        struct str agent, want;
    } rows[] = {
        {STR("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"),
         STR("Firefox on Linux")                                                                                 },
        {STR("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
             "Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0"),
         STR("Edge on Windows")                                                                                  },
        {STR("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
             "Chrome/129.0.0.0 Mobile Safari/537.36"),
         STR("Chrome on Android")                                                                                },
        {STR("Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
             "like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"),
         STR("Safari on iPhone")                                                                                 },
        {STR("curl/7.88.1"),                                                            STR("curl")              },
        {STR("<script>alert(1)</script>"),                                              STR("an unknown browser")},
        {STR_NONE,                                                                      STR("an unknown browser")},
    };

    (void)state;
    EACH_ROW (row, rows)
        assert_str(words_browser(&cx, row->agent), row->want);
    assert_str(words_where(&cx, rows[0].agent, STR("203.0.113.24")),
               STR("Firefox on Linux, 203.0.113.24"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(span_is_rounded_up, setup, teardown),
        cmocka_unit_test_setup_teardown(instant_has_both_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(ago_counts_days, setup, teardown),
        cmocka_unit_test_setup_teardown(browser_is_named_from_a_list, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
