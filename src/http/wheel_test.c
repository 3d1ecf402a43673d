/* wheel_test.c: alarms against a plain list that is searched, over random times. */
#include "base/macros.h"
#include "http/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ALARMS = 200, ROUNDS = 20000 };

static uint32_t dice = 1;

static int64_t throw_dice(int64_t below)
{
    dice = dice * 1664525u + 1013904223u;
    return (int64_t)(dice >> 8) % below;
}

static void fires_late_by_a_tick_and_never_early(void **state)
{
    static struct alarm alarms[ALARMS];
    static struct wheel w;
    int64_t at_ms[ALARMS] = {0}; /* 0 = not set */
    int64_t now_ms = 1000000;

    (void)state;
    wheel_init(&w, now_ms);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t i = throw_dice(ALARMS);
        struct alarm *a;

        now_ms += throw_dice(round % 1000 == 0 ? 200000 : 30); /* sometimes asleep for long */
        if (throw_dice(4) == 0) {
            wheel_clear(&w, &alarms[i]);
            at_ms[i] = 0;
        } else { /* some in the past: those are due at once; some are turns away */
            int64_t at = now_ms + throw_dice(150000) - 1000;

            wheel_set(&w, &alarms[i], at);
            at_ms[i] = MAX_OF(at, now_ms);
        }
        while ((a = wheel_due(&w, now_ms))) {
            assert_true(at_ms[a - alarms] > 0 && at_ms[a - alarms] <= now_ms);
            assert_null(a->link);
            at_ms[a - alarms] = 0;
        }
        for (i = 0; i < ALARMS; i++) {
            if (at_ms[i] > 0)
                assert_true(at_ms[i] > now_ms - WHEEL_TICK_MS);
        }
    }
}

static void alarms_may_change_while_others_fire(void **state)
{
    static struct wheel w;
    struct alarm a = {0}, b = {0};
    struct alarm *first;

    (void)state;
    wheel_init(&w, 0);
    wheel_set(&w, &a, 10);
    wheel_set(&w, &b, 10);
    assert_int_equal(w.count, 2);
    first = wheel_due(&w, 1000);
    assert_non_null(first);
    wheel_clear(&w, first == &a ? &b : &a);
    wheel_set(&w, first, 2000);
    assert_null(wheel_due(&w, 1000));
    assert_int_equal(w.count, 1);
    assert_ptr_equal(wheel_due(&w, 2000 + WHEEL_TICK_MS), first);
    wheel_clear(&w, first); /* not set: fine */
    assert_int_equal(w.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_late_by_a_tick_and_never_early),
        cmocka_unit_test(alarms_may_change_while_others_fire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
