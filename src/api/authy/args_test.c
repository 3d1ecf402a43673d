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
    {"body before query",           "application/x-www-form-urlencoded", "a=1",                                                  "a=2&b=3", "a=1\na=2\nb=3\n"           },
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
        struct args *a;
        struct ctx cx;

        ctx_init(&cx, mem);
        assert_int_equal(args_read(&cx, &rq, &a), OK);
        for (size_t i = 0; i < a->n; i++)
            buf_addf(&got, "%.*s=%.*s\n", STR_ARG(a->item[i].name), STR_ARG(a->item[i].value));
        assert_string_equal(got.p ? got.p : "", row->want);
    }
}

static void what_is_too_deep_or_broken_is_refused(void **state)
{
    static const char *const bad[] = {
        "{\"a\":",
        "[1]",
        "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"a\":1,\"a\":2}",
    };

    (void)state;
    EACH_ROW (body, bad) {
        OWN(arena_free) struct arena *mem = arena_new();
        struct request rq = request_of("application/json", *body, "");
        struct args *a;
        struct ctx cx;

        ctx_init(&cx, mem);
        assert_int_equal(args_read(&cx, &rq, &a), ERR_INVALID);
    }
}

static void objects_are_built_again(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct request rq = request_of(NULL, "h[a]=1&h[b][c]=2&x=3&h=4", "");
    struct args *a;
    json_t *o;
    char *text;
    struct ctx cx;

    (void)state;
    ctx_init(&cx, mem);
    assert_int_equal(args_read(&cx, &rq, &a), OK);
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
        cmocka_unit_test(what_is_too_deep_or_broken_is_refused),
        cmocka_unit_test(objects_are_built_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
