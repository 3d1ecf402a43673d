/* args_test.c: one list of parameters, from wherever clients put them (section 0.1 of the wire). */
#include "api/authy/args.h"
#include "base/unit.h"

#include <string.h>

static const struct {
    const char *name, *type, *body, *query, *want; /* "name=value" lines, in order */
} rows[] = {
    {"JSON",                        "application/json",                  "{\"user\":{\"email\":\"a@b.co\",\"country_code\":1}}", "",
     "user[email]=a@b.co\nuser[country_code]=1\n"                                                                                                                       },
    {"null, {} and [] are absent",  "application/json; charset=utf-8",
     "{\"a\":null,\"details\":{},\"logos\":[],\"b\":true}",                                                                      "",        "b=true\n"                  },
    {"a declared type and no body", "application/json",                  "",                                                     "a=1",     "a=1\n"                     },
    {"form",                        "application/x-www-form-urlencoded",
     "user%5Bemail%5D=a%2Bb%40c.co&user[cellphone]=1+2",                                                                         "",
     "user[email]=a+b@c.co\nuser[cellphone]=1 2\n"                                                                                                                      },
    {"no type at all",              NULL,                                "a=1",                                                  "",        "a=1\n"                     },
    {"body and query",              "application/x-www-form-urlencoded", "a=1&b=2",                                              "b=2&c=3",
     "a=1\nb=2\nb=2\nc=3\n"                                                                                                                                             },
    {"a list under a plain name",   NULL,                                "events=a&events=b",                                    "",        "events=a\nevents=b\n"      },
    {"numbered lists",              NULL,                                "logos[0][res]=default&logos[0][url]=u",                "",
     "logos[0][res]=default\nlogos[0][url]=u\n"                                                                                                                         },
    {"unnumbered lists",            NULL,
     "logos[][res]=default&logos[][url]=u&logos[][res]=low&logos[][url]=v",                                                      "",
     "logos[0][res]=default\nlogos[0][url]=u\nlogos[1][res]=low\nlogos[1][url]=v\n"                                                                                     },
    {"plain lists",                 NULL,                                "events[]=a&events[]=b",                                "",        "events[0]=a\nevents[1]=b\n"},
    {"list of objects",             "application/json",                  "{\"logos\":[{\"res\":\"default\"}]}",                  "",
     "logos[0][res]=default\n"                                                                                                                                          },
};

static struct request request_of(const char *type, const char *body, const char *query)
{
    struct request rq = {.body = str_from(body), .query = str_from(query)};

    if (type)
        rq.headers[rq.header_count++] = (struct header){STR("Content-Type"), str_from(type)};
    return rq;
}

static void parameters_come_from_everywhere(void **state)
{
    (void)state;
    EACH_ROW (row, rows) {
        OWN(arena_free) struct arena *mem = arena_new();
        OWN(buf_deinit) struct buf got = {.max = 4096};
        struct request rq = request_of(row->type, row->body, row->query);
        struct str why;
        struct args *a;
        struct ctx cx;

        ctx_init(&cx, mem);
        assert_int_equal(args_read(&cx, &rq, &a, &why), OK);
        for (size_t i = 0; i < a->n; i++)
            buf_addf(&got, "%.*s=%.*s\n", STR_ARG(a->item[i].name), STR_ARG(a->item[i].value));
        assert_string_equal(got.p ? got.p : "", row->want);
    }
}

static void what_is_too_deep_doubled_or_broken_is_refused_attacks_16_79(void **state)
{
    static const struct {
        const char *type, *body, *query;
    } bad[] = {
        {"application/json", "{\"a\":",                                           ""          },
        {"application/json", "[1]",                                               ""          },
        {"application/json", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}", ""          },
        {"application/json", "[[[[[[[[[[[[[[[[[[[[[[[[[[",                        ""          },
        {"application/json", "{\"a\":1,\"a\":2}",                                 ""          },
        {"application/json", "{\"a\":{\"b\":1},\"a[b]\":2}",                      ""          },
        {"application/json", "{\"a\":1}",                                         "a=2"       },
        {NULL,               "a[b][c][d][e][f]=1",                                ""          },
        {NULL,               "a=1&a=2",                                           ""          },
        {NULL,               "",                                                  "a=1&b=1&a="},
        {NULL,               "a=1",                                               "a=2"       },
        {NULL,               "l[0]=1&l[0]=2",                                     ""          },
    };

    (void)state;
    EACH_ROW (row, bad) {
        OWN(arena_free) struct arena *mem = arena_new();
        struct request rq = request_of(row->type, row->body, row->query);
        struct str why = STR_NONE;
        struct args *a;
        struct ctx cx;

        ctx_init(&cx, mem);
        assert_int_equal(args_read(&cx, &rq, &a, &why), ERR_INVALID);
        assert_true(why.n > 0);
    }
}

static void objects_are_built_again(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct request rq = request_of(NULL, "h[a]=1&h[b][c]=2&x=3&h=4", "");
    struct str why;
    struct args *a;
    json_t *o;
    char *text;
    struct ctx cx;

    (void)state;
    ctx_init(&cx, mem);
    assert_int_equal(args_read(&cx, &rq, &a, &why), OK);
    o = arg_object(a, "h");
    text = json_dumps(o, JSON_COMPACT);
    assert_string_equal(text, "{\"a\":\"1\",\"b\":{\"c\":\"2\"}}");
    free(text);
    json_decref(o);
    assert_null(arg_object(a, "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_come_from_everywhere),
        cmocka_unit_test(what_is_too_deep_doubled_or_broken_is_refused_attacks_16_79),
        cmocka_unit_test(objects_are_built_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
