/* gateway_test.c: where a description may lead. */
#include "base/unit.h"

#include "channel/gateway.h"

static const struct {
    const char *name; /* the description, without its last line */
    const char *url;  /* sms_url */
    const char *why;  /* NULL = fine */
} rows[] = {
    {"base = https://a.example\nurl = ${base}/send",     "",                          NULL                               },
    {"base = http://127.0.0.1:8080\nurl = ${base}/send", "",                          NULL                               },
    {"base = http+plain://10.1.2.3\nurl = ${base}/send", "",                          NULL                               },
    {"base = http://10.1.2.3\nurl = ${base}/send",       "",                          "base would send"                  },
    {"base = http://10.1.2.3\nurl = ${base}/send",       "https://a.example",         NULL                               },
    {"url = ${base}/send",                               "http://10.1.2.3",           "sms_url would send"               },
    {"url = ${base}/send",                               "http+plain://10.1.2.3/api", NULL                               },
    {"url = http://10.1.2.3/send",                       "https://a.example",         "gateway: url would send"          },
    {"url = HTTP://10.1.2.3/send",                       "https://a.example",         "gateway: url would send"          },
    {"url = http://10.1.2.3/send",                       "http+plain://10.1.2.3",     "gateway: url would send"          },
    {"url = http+plain://10.1.2.3/send/${user}",         "https://a.example",         NULL                               },
    {"url = http://[::1]/send?to=${to}",                 "https://a.example",         NULL                               },
    {"url = https://b.example/send",                     "https://a.example",         NULL                               },
    {"url = ${base}.evil.example/",                      "http://127.0.0.1",          "sms_url would send"               },
    {"url = http${base}",                                "https://a.example",         "our.gateway: url makes no address"},
};

static void what_leads_to_others_in_the_clear_says_so(void **state)
{
    EACH_ROW (row, rows) {
        OWN(gateway_free) struct gateway *g = NULL;
        struct ctx cx;
        struct gateway_conf conf = {.file = STR("/etc/our.gateway"), .url = str_from(row->url)};
        enum err e;

        ctx_init(&cx, *state);
        conf.description = arena_printf(cx.mem, "%s\nsuccess = 200\n", row->name);
        e = gateway_new(&cx, &conf, &g);
        assert_row(row, e == (row->why ? ERR_INVALID : OK));
        if (row->why && !strstr(cx.why, row->why))
            fail_msg("\"%s\": said \"%s\"", row->name, cx.why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leads_to_others_in_the_clear_says_so),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
