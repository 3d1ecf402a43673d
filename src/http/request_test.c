/* request_test.c: look-ups in a request: cookies, query, what the client wants to have. */
#include "http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct request with(const char *name, const char *value)
{
    struct request rq = {.header_count = 1};

    rq.headers[0] = (struct header){str_from(name), str_from(value)};
    return rq;
}

static void finds_cookies(void **state)
{
    static const struct {
        const char *header, *want; /* of the cookie "s"; NULL: none */
    } rows[] = {
        {"s=abc",           "abc"},
        {"a=b; s=abc; t=u", "abc"},
        {"a=b;s=abc",       "abc"},
        {"s=",              ""   },
        {"s=a=b",           "a=b"},
        {"ss=abc",          NULL },
        {"S=abc",           NULL },
        {"__Host-s=abc",    NULL },
        {"s=abc; s=abd",    NULL }, /* two: whose is which? */
        {"s",               NULL },
        {"s=a b",           NULL },
        {"s=\"abc\"",       NULL },
        {"s=a\\b",          NULL },
        {"",                NULL },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct request rq = with("cookie", row->header);
        struct str got = request_cookie(&rq, STR("s"));

        if ((got.p == NULL) != (row->want == NULL) || !str_eq(got, str_from(row->want)))
            fail_msg("%s: \"%.*s\"", row->header, STR_ARG(got));
    }
}

static void two_cookie_headers_count_together(void **state)
{
    struct request rq = {.header_count = 2};

    (void)state;
    rq.headers[0] = (struct header){STR("Cookie"), STR("s=abc")};
    rq.headers[1] = (struct header){STR("Cookie"), STR("t=u")};
    assert_true(str_eq(request_cookie(&rq, STR("t")), STR("u")));
    rq.headers[1].value = STR("s=abc");
    assert_null(request_cookie(&rq, STR("s")).p);
}

static void finds_query_parameters(void **state)
{
    static const struct {
        const char *query, *want; /* of "next"; NULL: none */
    } rows[] = {
        {"next=%2Fa+b",   "/a b"},
        {"a=b&next=x",    "x"   },
        {"next",          ""    },
        {"",              NULL  },
        {"nex=x",         NULL  },
        {"next=%zz",      NULL  },
        {"next=%00",      NULL  },
        {"next=x&next=x", NULL  },
        {"n%65xt=x",      "x"   },
    };
    struct arena *mem = arena_new();
    struct ctx cx;

    (void)state;
    ctx_init(&cx, mem);
    EACH_ROW (row, rows) {
        struct request rq = {.query = str_from(row->query)};
        struct str got = request_query(&cx, &rq, STR("next"));

        if ((got.p == NULL) != (row->want == NULL) || !str_eq(got, str_from(row->want)))
            fail_msg("%s: \"%.*s\"", row->query, STR_ARG(got));
    }
    arena_free(&mem);
}

static void knows_what_the_client_prefers(void **state)
{
    static const struct {
        const char *accept;
        bool json;
    } rows[] = {
        {"application/json",                                                true },
        {"Application/JSON; q=0.9",                                         true },
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
        {"text/html, application/json",                                     false},
        {"application/json, text/html",                                     true },
        {"text/plain, application/json",                                    true },
        {"*/*",                                                             false},
        {"application/jsonx",                                               false},
        {"",                                                                false},
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct request rq = with("Accept", row->accept);

        if (request_wants_json(&rq) != row->json)
            fail_msg("%s", row->accept);
    }
}

static void knows_the_bodys_type(void **state)
{
    struct request rq = with("content-type", "Application/JSON ; charset=utf-8");

    (void)state;
    assert_true(request_body_is(&rq, STR("application/json")));
    assert_false(request_body_is(&rq, STR("application/jso")));
    rq.header_count = 0;
    assert_false(request_body_is(&rq, STR("application/json")));
    assert_true(request_type_is_readable(&rq));
}

static void reads_bodies_as_utf8_or_not_at_all(void **state)
{
    static const struct {
        const char *type;
        bool readable;
    } rows[] = {
        {"application/json",                                 true },
        {"application/json; charset=utf-8",                  true },
        {"application/json;charset=UTF-8",                   true },
        {"application/json ; Charset=\"utf-8\"",             true },
        {"application/json; charset=utf-16",                 false},
        {"application/json; charset=utf-8x",                 false},
        {"application/json; charset=",                       false},
        {"application/json;x",                               false},
        {"application/json;",                                false},
        {"application/json; charset=utf-8; charset=utf-16",  false},
        {"application/json; charset=utf-16; charset=utf-8",  false},
        {"application/x-www-form-urlencoded; charset=utf-8", true },
        {"application/x-www-form-urlencoded; charset=utf-7", false},
        {"multipart/form-data; boundary=x",                  true }, /* refused by who binds */
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct request rq = with("Content-Type", row->type);
        bool json = str_starts(str_from(row->type), STR("application/json"));

        if (request_type_is_readable(&rq) != row->readable)
            fail_msg("%s", row->type);
        if (json && request_body_is(&rq, STR("application/json")) != row->readable)
            fail_msg("is JSON: %s", row->type);
    }
}

static void methods_have_names(void **state)
{
    (void)state;
    for (enum method m = GET; m < METHOD_COUNT; m++)
        assert_int_equal(method_from(method_name(m)), m);
    assert_int_equal(method_from(STR("get")), METHOD_COUNT);
    assert_int_equal(method_from(STR("")), METHOD_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_cookies),
        cmocka_unit_test(two_cookie_headers_count_together),
        cmocka_unit_test(finds_query_parameters),
        cmocka_unit_test(knows_what_the_client_prefers),
        cmocka_unit_test(knows_the_bodys_type),
        cmocka_unit_test(reads_bodies_as_utf8_or_not_at_all),
        cmocka_unit_test(methods_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
