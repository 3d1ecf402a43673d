#include "base/unit.h"

#include "channel/push.h"

static const struct {
    const char *name;
    long status;
    enum outcome outcome;
} answers[] = {
    {"ok",              200, OUTCOME_SENT  },
    {"created",         201, OUTCOME_SENT  },
    {"accepted",        202, OUTCOME_SENT  },
    {"no content",      204, OUTCOME_SENT  },
    {"redirect",        301, OUTCOME_FAILED},
    {"temporary",       307, OUTCOME_FAILED},
    {"malformed",       400, OUTCOME_FAILED},
    {"who are you",     401, OUTCOME_FAILED},
    {"wrong key",       403, OUTCOME_FAILED},
    {"unknown",         404, OUTCOME_GONE  },
    {"slow",            408, OUTCOME_RETRY },
    {"gone",            410, OUTCOME_GONE  },
    {"too large",       413, OUTCOME_FAILED},
    {"too many",        429, OUTCOME_RETRY },
    {"broken",          500, OUTCOME_RETRY },
    {"down",            503, OUTCOME_RETRY },
    {"slow behind",     504, OUTCOME_RETRY },
    {"no final answer", 100, OUTCOME_FAILED},
};

static void each_answer_has_one_meaning(void **state)
{
    (void)state;
    EACH_ROW (row, answers)
        assert_row(row, push_outcome(row->status) == row->outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_one_meaning),
    };

    return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
