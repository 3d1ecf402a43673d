#include "base/unit.h"

#include "base/clock.h"

#include <locale.h>

static const struct {
    const char *name;
    int64_t at_ms;
    const char *iso, *http;
} instants[] = {
    {"the first",            0,               "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"a ms before a second", 999,             "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"RFC 9110's example",   784111777000,    "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {"a leap day",           951782400000,    "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {"end of a year",        1798761599999,   "2026-12-31T23:59:59Z", "Thu, 31 Dec 2026 23:59:59 GMT"},
    {"beyond 2^31 seconds",  2147483648000,   "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
    {"no leap day in 2100",  4107542400000,   "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
    {"the last",             253402300799999, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {"later is cut",         INT64_MAX,       "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {"earlier is cut",       INT64_MIN,       "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
};

static void instants_are_written_in_utc_whatever_the_locale(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    setlocale(LC_ALL, "");
    EACH_ROW (row, instants) {
        char iso[CLOCK_ISO_LEN + 1], http[CLOCK_HTTP_LEN + 1];

        clock_iso(row->at_ms, iso);
        clock_http(row->at_ms, http);
        assert_str(str_from(iso), str_from(row->iso));
        assert_str(str_from(http), str_from(row->http));
    }
}

static void the_offset_moves_the_wall_clock_only(void **state)
{
    const int64_t day_ms = 24 * 3600 * 1000;
    int64_t now = clock_now_ms(), mono = clock_mono_ms();

    (void)state;
    clock_set_offset_ms(day_ms);
    assert_in_range(clock_now_ms() - now, day_ms, day_ms + 60000);
    assert_in_range(clock_mono_ms() - mono, 0, 60000);
    clock_set_offset_ms(-day_ms);
    assert_true(clock_now_ms() < now);
    clock_set_offset_ms(0);
    assert_in_range(clock_now_ms() - now, 0, 60000);
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    int64_t before = clock_mono_ms();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_ms();

        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_written_in_utc_whatever_the_locale),
        cmocka_unit_test(the_offset_moves_the_wall_clock_only),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
