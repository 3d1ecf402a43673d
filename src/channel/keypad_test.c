/* keypad_test.c: what keys come to. Numbers: attack list. */
#include "base/unit.h"
#include "channel/keypad.h"

#include <string.h>

static const struct {
    const char *name, *keys;
    enum keypad_step last;
    const char *digits;
} typed[] = {
    {"six digits and a one [60]",       "4829131",    KEYPAD_APPROVE, "482913"},
    {"six ones and a one",              "1111111",    KEYPAD_APPROVE, "111111"},
    {"a one alone [59]",                "1",          KEYPAD_MORE,    "1"     },
    {"many ones are digits first",      "111111",     KEYPAD_FULL,    "111111"},
    {"five digits and a one",           "482911",     KEYPAD_FULL,    "482911"},
    {"a nine among the digits",         "4999991",    KEYPAD_APPROVE, "499999"},
    {"not a one behind them",           "4829132",    KEYPAD_MORE,    "482913"},
    {"and then a one",                  "48291321",   KEYPAD_APPROVE, "482913"},
    {"from the start",                  "48*",        KEYPAD_REPEAT,  ""      },
    {"from the start, then right",      "48*4829131", KEYPAD_APPROVE, "482913"},
    {"other keys are nothing",          "4#8A2D9131", KEYPAD_APPROVE, "482913"},
    {"a nine in front",                 "9",          KEYPAD_DENIED,  ""      },
    {"twice",                           "99",         KEYPAD_NOT_ME,  ""      },
    {"a nine behind",                   "4829139",    KEYPAD_DENIED,  "482913"},
    {"twice behind",                    "48291399",   KEYPAD_NOT_ME,  "482913"},
    {"a nine and a one approve not",    "48291391",   KEYPAD_MORE,    "1"     },
    {"a nine, then digits and a one",   "94829131",   KEYPAD_APPROVE, "482913"},
    {"a nine, a star, and they are in", "9*4829131",  KEYPAD_APPROVE, "482913"},
};

static void keys_come_to_what_the_table_says(void **state)
{
    (void)state;
    EACH_ROW (row, typed) {
        struct keypad k = {0};
        enum keypad_step step = KEYPAD_MORE;

        for (const char *key = row->keys; *key; key++)
            step = keypad_press(&k, *key);
        assert_row(row, step == row->last && strcmp(k.digits, row->digits) == 0);
    }
}

/* [59] Of all that three keys can be, nothing approves. */
static void no_few_keys_approve(void **state)
{
    static const char keys[] = "0123456789*#ABCD";

    (void)state;
    for (size_t i = 0; i < 16 * 16 * 16; i++) {
        struct keypad k = {0};

        assert_int_not_equal(keypad_press(&k, keys[i / 256]), KEYPAD_APPROVE);
        assert_int_not_equal(keypad_press(&k, keys[i / 16 % 16]), KEYPAD_APPROVE);
        assert_int_not_equal(keypad_press(&k, keys[i % 16]), KEYPAD_APPROVE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_to_what_the_table_says),
        cmocka_unit_test(no_few_keys_approve),
    };

    return cmocka_run_group_tests_name("keypad", tests, NULL, NULL);
}
