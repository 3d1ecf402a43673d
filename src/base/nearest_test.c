/* nearest_test.c: typing slips find their word, other words find none. */
#include "base/unit.h"

#include "base/nearest.h"

static const struct {
    const char *typed, *want;
} slips[] = {
    {"serve",                                           "serve"          },
    {"srve",                                            "serve"          },
    {"sevre",                                           "serve"          },
    {"Data-Dir",                                        "data_dir"       },
    {"data_dri",                                        "data_dir"       },
    {"connections_mx",                                  "connections_max"},
    {"idle_timeout",                                    "idle_timeout_ms"},
    {"zebra",                                           NULL             },
    {"x",                                               NULL             },
    {"",                                                NULL             },
    {"connections_max_connections_max_connections_max", NULL             },
};

static void slips_find_their_word(void **state)
{
    (void)state;
    EACH_ROW (row, slips) {
        static const char *const words[] = {"serve", "data_dir", "connections_max",
                                            "idle_timeout_ms"};
        struct nearest n = {.word = str_from(row->typed)};

        EACH_ROW (word, words)
            nearest_try(&n, str_from(*word));
        if (row->want)
            assert_true(str_eq(n.best, str_from(row->want)));
        else
            assert_null(n.best.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(slips_find_their_word)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
