/* discreet_test.c: what a server quotes, without what nobody else is to read. */
#include "base/unit.h"

#include "channel/discreet.h"

static const struct parcel sms = {
    .to = STR("+4915112345678"),
    .code = STR("482913"),
    .receipt_url = STR("https://id.example/receipts/77.c2VjcmV0LXRva2Vu"),
};
static const struct parcel mail = {
    .to = STR("ann@example.org"),
    .link = STR("https://id.example/reset-password/dG9rZW4tb2YtbGluaw"),
};

static const struct discreet_login login = {
    {"ann",           3 },
    {"quiet harbour", 13}
};

static const struct {
    const struct parcel *parcel;
    const char *said, *shown;
} rows[] = {
    {&sms,  "no route to +4915112345678",                                   "no route to +(the number)"              },
    {&sms,  "cannot send \"482913 is your code.\" (482913)",
     "cannot send \"(the code) is your code.\" ((the code))"                                                         },
    {&sms,  "bad callback https://id.example/receipts/77.c2VjcmV0LXRva2Vu",
     "bad callback https://id.example/receipts/(our address)"                                                        },
    {&sms,  "GET /send?password=quiet%20harbour&to=%2B4915112345678",
     "GET /send?password=(the password)&to=%2B(the number)"                                                          },
    {&sms,  "\"Quiet Harbour\" is not your password",                       "\"(the password)\" is not your password"},
    {&sms,  "refused: Authorization: Basic YW5uOnF1aWV0IGhhcmJvdXI=",
     "refused: Authorization: Basic (the password)"                                                                  },
    {&sms,  "GET /send?auth=YW5uOnF1aWV0IGhhcmJvdXI%3D&x",                  "GET /send?auth=(the password)&x"        },
    {&sms,  "error 30003",                                                  "error 30003"                            },
    {&mail, "<ANN@Example.org>: no such user",                              "<(the address)>: no such user"          },
    {&mail, "spam: https://id.example/reset-password/dG9rZW4tb2YtbGluaw",
     "spam: https://id.example/reset-password/(the link)"                                                            },
};

static void what_is_quoted_is_left_out(void **state)
{
    struct ctx cx = {.mem = *state};

    EACH_ROW (row, rows)
        assert_str(discreet(&cx, str_from(row->said), row->parcel, &login, 200),
                   str_from(row->shown));
}

static void it_is_cut_when_all_is_out(void **state)
{
    struct ctx cx = {.mem = *state};
    struct str said = STR("the text was: 482913");

    for (size_t max = 0; max < 40; max++)
        assert_true(str_find_str(discreet(&cx, said, &sms, &(struct discreet_login){0}, max),
                                 STR("4829")) == STR_NPOS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_quoted_is_left_out),
        cmocka_unit_test(it_is_cut_when_all_is_out),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
