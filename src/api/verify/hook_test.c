/* hook_test.c: the signature's published vectors (npm twilio and python3-twilio agree on them). */
#include "base/unit.h"

#include "api/verify/hook.h"

static const struct pair event[] = {
    {STR("uuid"),            STR("e7a3c1b2-0000-4000-8000-000000000001")},
    {STR("type"),            STR("challenge.approved")                  },
    {STR("account_sid"),     STR("AC22222222222222222222222222222222")  },
    {STR("service_sid"),     STR("VA11111111111111111111111111111111")  },
    {STR("entity_identity"), STR("ff483d1ff591898a9942916050d2ca3f")    },
    {STR("factor_sid"),      STR("YF33333333333333333333333333333333")  },
    {STR("factor_type"),     STR("push")                                },
    {STR("challenge_sid"),   STR("YC44444444444444444444444444444444")  },
    {STR("note"),            STR("Zo\xc3\xab & co")                     },
};
static const struct pair repeated[] = {
    {STR("a"), STR("2")},
    {STR("a"), STR("1")},
    {STR("a"), STR("2")},
    {STR("b"), STR("x")},
};

static const struct {
    const char *name, *url, *want;
    const struct pair *params;
    size_t count;
} rows[] = {
    {"an event",             "https://app.example.com/hooks/verify?src=cs",
     "J0YAX1vLYJFEJ+SeeZ16O+/jRLU=",                                                                                       event,    COUNT_OF(event)   },
    {"a repeated parameter", "https://app.example.com/hooks/verify?src=cs",
     "Rl69hg4qpVMcoeB9uRuTj0kRtw4=",                                                                                       repeated, COUNT_OF(repeated)},
    {"no parameter",
     "https://app.example.com/hooks/"
     "verify?bodySHA256=6e019f543ea1be5b8abcac5e244762b483aec99fdf64adc1a459659180c9968c", "yaAkUf+kCyCVAfcqVGNOa1WBtdg=", NULL,     0                 },
};

static void the_signature_is_the_published_one(void **state)
{
    struct ctx cx;

    ctx_init(&cx, *state);
    EACH_ROW (row, rows)
        assert_row(row, str_eq(hook_signature(&cx, STR("12345678901234567890123456789012"),
                                              str_from(row->url), row->params, row->count),
                               str_from(row->want)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_the_published_one),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
