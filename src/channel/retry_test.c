#include "base/unit.h"

#include "channel/retry.h"
#include "crypto/random.h"

static const struct {
    const char *name;
    unsigned attempt;
    int64_t asked_ms, least_ms, most_ms;
} delays[] = {
    {"the first",                1,          0,           750,     1500   },
    {"the second",               2,          0,           1500,    3000   },
    {"the sixth",                6,          0,           24000,   48000  },
    {"none was made",            0,          0,           750,     1500   },
    {"as late as it gets",       40,         0,           1800000, 3600000},
    {"no overflow",              UINT32_MAX, 0,           1800000, 3600000},
    {"the carrier asks",         1,          30000,       30000,   30000  },
    {"the carrier is too quick", 6,          10,          24000,   48000  },
    {"the carrier asks a year",  1,          31536000000, 3600000, 3600000},
    {"the carrier is confused",  1,          -5,          750,     1500   },
};

static void delays_grow_within_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        EACH_ROW (row, delays) {
            int64_t got_ms = retry_delay_ms(row->attempt, row->asked_ms);

            assert_row(row, got_ms >= row->least_ms && got_ms <= row->most_ms);
        }
    }
}

static void delays_differ(void **state)
{
    int64_t first_ms = retry_delay_ms(8, 0);
    int same = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        same += retry_delay_ms(8, 0) == first_ms;
    assert_true(same < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow_within_bounds),
        cmocka_unit_test(delays_differ),
    };

    random_seed_for_test(6);
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
