/* provider_test.c: descriptions, the requests they make, and what answers mean. */
#include "base/unit.h"

#include "channel/provider.h"

static const struct provider_facts facts = {
    .base = {"https://api.example",              19},
    .user = {"AC1",                              3 },
    .password = {"s3 &",                             4 },
    .from = {"ACME",                             4 },
    .to = {"+4915112345678",                   14},
    .text = {"Your code: \"42\" & more\n@a #42", 29},
    .id = {"77",                               2 },
    .receipt_url = {"https://id.example/receipts/x",    29},
    .life_s = 599,
};

static struct ctx context(void **state)
{
    return (struct ctx){.mem = *state};
}

static void shipped(struct ctx *cx, const char *name, struct provider *out)
{
    struct str text = provider_shipped(str_from(name));

    assert_true(text.n > 0);
    if (provider_parse(cx, text, out))
        fail_msg("%s: %s", name, cx->why);
}

static const struct {
    const char *name, *method, *url, *header, *body;
} requests[] = {
    {"twilio",      "POST", "https://api.example/2010-04-01/Accounts/AC1/Messages.json",
     "Authorization: Basic QUMxOnMzICY=",                                                                                 "To=%2B4915112345678&From=ACME&Body=Your%20code%3A%20%2242%22%20%26%20more%0A%40a%20%2342&"
     "ValidityPeriod=599&StatusCallback=https%3A%2F%2Fid.example%2Freceipts%2Fx"   },
    {"vonage",      "POST", "https://api.example/sms/json",                              NULL,
     "api_key=AC1&api_secret=s3%20%26&from=ACME&to=4915112345678&"
     "text=Your%20code%3A%20%2242%22%20%26%20more%0A%40a%20%2342&type=text&ttl=599000&client-ref="
     "77&"
     "callback=https%3A%2F%2Fid.example%2Freceipts%2Fx"                                                                     },
    {"messagebird", "POST", "https://api.example/messages",                              "Authorization: AccessKey s3 &",
     "{\"originator\":\"ACME\",\"recipients\":[\"4915112345678\"],"
     "\"body\":\"Your code: \\\"42\\\" & more\\n@a "
     "#42\",\"datacoding\":\"plain\",\"validity\":599,\"reference\":\"77\","
     "\"reportUrl\":\"https://id.example/receipts/x\"}"                                                                     },
    {"kannel",      "GET",
     "https://api.example/cgi-bin/sendsms?username=AC1&password=s3%20%26&from=ACME&"
     "to=%2B4915112345678&charset=UTF-8&coding=0&"
     "text=Your%20code%3A%20%2242%22%20%26%20more%0A%40a%20%2342&validity=10&dlr-mask=31&"
     "dlr-url=https%3A%2F%2Fid.example%2Freceipts%2Fx%3Fstate%3D%25d",                   NULL,                            ""},
    {"webhook",     "POST", "https://api.example/",                                      "Authorization: Bearer s3 &",
     "{\"id\":\"77\",\"to\":\"+4915112345678\",\"from\":\"ACME\","
     "\"text\":\"Your code: \\\"42\\\" & more\\n@a #42\","
     "\"life_s\":599,\"receipt_url\":\"https://id.example/receipts/x\"}"                                                    },
};

static void shipped_descriptions_make_their_requests(void **state)
{
    struct ctx cx = context(state);

    EACH_ROW (row, requests) {
        struct provider_request rq;
        struct provider p;

        shipped(&cx, row->name, &p);
        assert_int_equal(provider_request(&cx, &p, &facts, &rq), OK);
        assert_string_equal(rq.method, row->method);
        assert_str(rq.url, str_from(row->url));
        assert_str(rq.body, str_from(row->body));
        if (row->header)
            assert_str(rq.headers[0], str_from(row->header));
    }
}

static void what_is_empty_is_left_out_and_coding_follows_the_text(void **state)
{
    struct ctx cx = context(state);
    struct provider_facts f = facts;
    struct provider_request rq;
    struct provider p;

    f.password = f.receipt_url = STR("");
    f.life_s = 3; /* carriers take no less than 20 s */
    f.text = STR("Код 42");
    shipped(&cx, "vonage", &p);
    assert_int_equal(provider_request(&cx, &p, &f, &rq), OK);
    assert_str(rq.body, STR("api_key=AC1&from=ACME&to=4915112345678&"
                            "text=%D0%9A%D0%BE%D0%B4%2042&type=unicode&ttl=20000&client-ref=77"));
    shipped(&cx, "webhook", &p);
    assert_int_equal(provider_request(&cx, &p, &f, &rq), OK);
    assert_int_equal(rq.header_count, 1);
    assert_str(rq.headers[0], STR("Content-Type: application/json"));
}

static void no_fact_breaks_out_of_its_place(void **state)
{
    struct ctx cx = context(state);
    struct provider_facts f = facts;
    struct provider_request rq;
    struct provider p;

    f.password = STR("x\r\nX-Evil: 1");
    shipped(&cx, "messagebird", &p);
    assert_int_equal(provider_request(&cx, &p, &f, &rq), ERR_INVALID);
    f = facts;
    f.user = STR("../../admin?x=");
    shipped(&cx, "twilio", &p);
    assert_int_equal(provider_request(&cx, &p, &f, &rq), OK);
    assert_true(str_find_str(rq.url, STR("/Accounts/..%2F..%2Fadmin%3Fx%3D/Messages")) > 0);
    f = facts;
    f.text = STR("${password}");
    assert_int_equal(provider_request(&cx, &p, &f, &rq), OK);
    assert_true(str_find_str(rq.body, STR("Body=%24%7Bpassword%7D&")) > 0);
    f.text = STR("\xff");
    shipped(&cx, "webhook", &p);
    assert_int_equal(provider_request(&cx, &p, &f, &rq), ERR_INVALID);
}

static const struct {
    const char *name;
    long status;
    const char *body;
    enum outcome outcome;
    const char *id, *why;
} answers[] = {
    {"twilio",      201, "{\"sid\":\"SM1\",\"status\":\"queued\"}",                                 OUTCOME_SENT,   "SM1", ""                       },
    {"twilio",      400, "{\"code\":21211,\"message\":\"The 'To' number is wrong\"}",               OUTCOME_FAILED, "",
     "The 'To' number is wrong"                                                                                                                     },
    {"twilio",      401, "{\"code\":20003,\"message\":\"Authenticate\"}",                           OUTCOME_RETRY,  "",
     "Authenticate"                                                                                                                                 },
    {"twilio",      429, "",                                                                        OUTCOME_RETRY,  "",    ""                       },
    {"twilio",      503, "<html>\nbusy",                                                            OUTCOME_RETRY,  "",    "<html>"                 },
    {"vonage",      200, "{\"messages\":[{\"status\":\"0\",\"message-id\":\"m1\"}]}",               OUTCOME_SENT,   "m1",
     ""                                                                                                                                             },
    {"vonage",      200, "{\"messages\":[{\"status\":\"1\",\"error-text\":\"Throttled\"}]}",
     OUTCOME_RETRY,                                                                                                 "",    "Throttled"              },
    {"vonage",      200, "{\"messages\":[{\"status\":\"4\",\"error-text\":\"Bad Credentials\"}]}",
     OUTCOME_FAILED,                                                                                                "",    "Bad Credentials"        },
    {"vonage",      200, "not json",                                                                OUTCOME_FAILED, "",    "not json"               },
    {"vonage",      200, "{\"messages\":{}}",                                                       OUTCOME_FAILED, "",    ""                       },
    {"messagebird", 201, "{\"id\":\"b1\"}",                                                         OUTCOME_SENT,   "b1",  ""                       },
    {"messagebird", 422, "{\"errors\":[{\"code\":9,\"description\":\"no (correct) recipients\"}]}",
     OUTCOME_FAILED,                                                                                                "",    "no (correct) recipients"},
    {"kannel",      202, "0: Accepted for delivery",                                                OUTCOME_SENT,   "",    ""                       },
    {"kannel",      403, "Authorization failed for sendsms\r\n",                                    OUTCOME_RETRY,  "",
     "Authorization failed for sendsms?"                                                                                                            },
    {"kannel",      503, "3: Queued for later delivery",                                            OUTCOME_RETRY,  "",
     "3: Queued for later delivery"                                                                                                                 },
    {"webhook",     204, "",                                                                        OUTCOME_SENT,   "",    ""                       },
    {"webhook",     404, "",                                                                        OUTCOME_FAILED, "",    ""                       },
    {"webhook",     302, "",                                                                        OUTCOME_FAILED, "",    ""                       },
};

static void answers_mean_what_the_description_says(void **state)
{
    struct ctx cx = context(state);

    EACH_ROW (row, answers) {
        struct provider p;
        struct verdict v;

        shipped(&cx, row->name, &p);
        provider_judge(&cx, &p, row->status, str_from(row->body), &v);
        assert_row(row, v.outcome == row->outcome);
        assert_str(v.provider_id, str_from(row->id));
        if (v.outcome != OUTCOME_SENT)
            assert_str(v.why, str_from(row->why));
    }
}

static void receipts_end_in_one_of_two_ways(void **state)
{
    struct ctx cx = context(state);
    struct provider p;

    shipped(&cx, "twilio", &p);
    assert_int_equal(provider_receipt(&p, STR("sent")), RECEIPT_UNDER_WAY);
    assert_int_equal(provider_receipt(&p, STR("delivered")), RECEIPT_DELIVERED);
    assert_int_equal(provider_receipt(&p, STR("undelivered")), RECEIPT_UNDELIVERED);
    assert_int_equal(provider_receipt(&p, STR("")), RECEIPT_UNDER_WAY);
    shipped(&cx, "kannel", &p);
    assert_int_equal(provider_receipt(&p, STR("8")), RECEIPT_UNDER_WAY);
    assert_int_equal(provider_receipt(&p, STR("1")), RECEIPT_DELIVERED);
    assert_int_equal(provider_receipt(&p, STR("16")), RECEIPT_UNDELIVERED);
}

static void an_undelivered_receipt_names_its_error_and_quotes_nothing(void **state)
{
    struct ctx cx = context(state);
    struct provider p;

    shipped(&cx, "twilio", &p);
    assert_str(provider_receipt_why(&cx, &p, STR("undelivered"), STR("30003")),
               STR("the carrier reports undelivered, error 30003"));
    assert_str(provider_receipt_why(&cx, &p, STR("failed"), STR("")),
               STR("the carrier reports failed"));
    assert_str(provider_receipt_why(&cx, &p, STR("failed"), STR("Your code is 482913")),
               STR("the carrier reports failed"));
    assert_str(provider_receipt_why(&cx, &p, STR("delivered"), STR("30003")), STR(""));
}

static void prices_may_be_numbers(void **state)
{
    struct ctx cx = context(state);
    struct provider p;
    struct verdict v;

    assert_int_equal(
        provider_parse(&cx,
                       STR("url = ${base}\njson = {\"to\":${to_digits}}\nsuccess = 200\n"
                           "price = cost\ncurrency = EUR"),
                       &p),
        OK);
    provider_judge(&cx, &p, 200, STR("{\"cost\":0.05}"), &v);
    assert_str(v.price, STR("0.05 EUR"));
    provider_judge(&cx, &p, 200, STR("{\"cost\":5e-5}"), &v);
    assert_str(v.price, STR("0.00005 EUR"));
    provider_judge(&cx, &p, 200, STR("{\"cost\":2.0}"), &v);
    assert_str(v.price, STR("2.0 EUR"));
}

static const struct {
    const char *name, *why;
} wrong[] = {
    {"",                                              "needs url"                    },
    {"url = x",                                       "needs url and success"        },
    {"url = x\nsuccess = 200\nform = a=b\njson = {}", "either form lines or json"    },
    {"url = x\nsucces = 200",                         "line 2: succes is no setting" },
    {"# ok\n\nurl",                                   "line 3: must be a name"       },
    {"method = PUT",                                  "line 1: method is GET or POST"},
    {"url = ${bse}/x",                                "line 1: url has a ${...} that"},
    {"url = ${base",                                  "line 1: url has a ${...} that"},
    {"header = Authorization",                        "line 1: header needs a name"  },
    {"form = =x",                                     "line 1: form needs a name"    },
    {"url = x\nsuccess = 2xx",                        "line 2: success names HTTP"   },
    {"success = 299-200",                             "line 1: success names HTTP"   },
    {"success =",                                     "line 1: success names HTTP"   },
    {"retry = 5xx",                                   "line 1: retry names HTTP"     },
    {"success_if = status",                           "line 1: success_if is a path" },
    {"retry_if = status ",                            "line 1: retry_if is a path"   },
    {"json = {\"to\":${to}}",                         "line 1: json is no JSON"      },
    {"json = {\"to\":\"${to}\"",                      "line 1: json is no JSON"      },
    {"\xff",                                          "no UTF-8"                     },
};

static void a_wrong_description_is_refused_with_its_line(void **state)
{
    struct ctx cx = context(state);

    EACH_ROW (row, wrong) {
        struct provider p;

        assert_row(row, provider_parse(&cx, str_from(row->name), &p) == ERR_INVALID);
        if (!strstr(cx.why, row->why))
            fail_msg("\"%s\": said \"%s\"", row->name, cx.why);
    }
    assert_int_equal(provider_shipped(STR("nexmo")).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_descriptions_make_their_requests),
        cmocka_unit_test(what_is_empty_is_left_out_and_coding_follows_the_text),
        cmocka_unit_test(no_fact_breaks_out_of_its_place),
        cmocka_unit_test(answers_mean_what_the_description_says),
        cmocka_unit_test(receipts_end_in_one_of_two_ways),
        cmocka_unit_test(an_undelivered_receipt_names_its_error_and_quotes_nothing),
        cmocka_unit_test(prices_may_be_numbers),
        cmocka_unit_test(a_wrong_description_is_refused_with_its_line),
    };

    return cmocka_run_group_tests_name("provider", tests, unit_mem_setup, unit_mem_teardown);
}
