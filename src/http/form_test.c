/* form_test.c: what bodies bind to, and which are refused. The same rows go in as form and as JSON.
 */
#include "base/buf.h"
#include "http/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct in {
    struct str name, about, password;
    bool remember;
    int64_t age, any;
};

static const struct field fields[] = {
    {"name",     offsetof(struct in, name),     field_text,     FIELD_REQUIRED, 2,  5  },
    {"about",    offsetof(struct in, about),    field_lines,    FIELD_OPTIONAL, 0,  0  },
    {"password", offsetof(struct in, password), field_password, FIELD_OPTIONAL, 3,  0  },
    {"remember", offsetof(struct in, remember), field_bool,     FIELD_OPTIONAL, 0,  0  },
    {"age",      offsetof(struct in, age),      field_i64,      FIELD_OPTIONAL, 18, 120},
    {"any",      offsetof(struct in, any),      field_i64,      FIELD_OPTIONAL, 0,  0  },
};

static struct arena *mem;
static struct ctx cx;

static int setup(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static enum err bind(const char *type, struct str body, struct in *in, struct problems *ps)
{
    struct request rq = {.body = body};

    if (type) {
        rq.headers[0] = (struct header){STR("Content-Type"), str_from(type)};
        rq.header_count = 1;
    }
    *in = (struct in){.any = 42};
    return form_bind(&cx, &rq, fields, COUNT_OF(fields), in, ps);
}

/* ---- whole bodies ---- */

static void binds_both_notations_alike(void **state)
{
    static const struct {
        const char *type;
        struct str body;
    } rows[] = {
        {FORM,
         STR("name=+J%C3%B6rg+&about=a%0D%0Ab&password=+a%26b+&remember=on&age=18&any=-7&x=y")    },
        {FORM "; charset=utf-8",
         STR("any=-7&age=18&remember=yes&password=%20a%26b%20&about=a%0d%0ab&name=J%c3%b6rg")     },
        {JSON,                   STR("{\"name\":\" J\\u00f6rg \",\"about\":\"a\\r\\nb\",\"password\":\" a&b \","
                   "\"remember\":true,\"age\":18,\"any\":\"-7\",\"x\":{\"y\":[1]}}")},
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct problems ps;
        struct in in;

        assert_int_equal(bind(row->type, row->body, &in, &ps), OK);
        assert_int_equal(ps.n, 0);
        assert_true(str_eq(in.name, STR("J\xc3\xb6rg")));
        assert_true(str_eq(in.about, STR("a\r\nb")));
        assert_true(str_eq(in.password, STR(" a&b "))); /* not trimmed */
        assert_true(in.remember);
        assert_int_equal(in.age, 18);
        assert_int_equal(in.any, -7);
    }
}

static void what_is_absent_keeps_its_value(void **state)
{
    struct problems ps;
    struct in in;

    (void)state;
    assert_int_equal(bind(FORM, STR("name=ab"), &in, &ps), OK);
    assert_int_equal(in.any, 42);
    assert_int_equal(bind(JSON, STR("{\"name\":\"ab\",\"any\":null}"), &in, &ps), OK);
    assert_int_equal(in.any, 42);
    assert_int_equal(bind(NULL, STR(""), &in, &ps), ERR_INVALID); /* no body: no fields */
    assert_false(ps.malformed);
    assert_true(problem_of(&ps, STR("name")).n > 0);
}

static void malformed_bodies_bind_nothing(void **state)
{
    static const struct {
        const char *type;
        struct str body;
    } rows[] = {
        {NULL,                              STR("name=ab")                                  },
        {"multipart/form-data; boundary=x", STR("name=ab")                                  },
        {"text/plain",                      STR("name=ab")                                  },
        {FORM,                              STR("name=ab&name=ab")                          },
        {FORM,                              STR("name=ab&x=1&x=2")                          },
        {FORM,                              STR("name=ab&n%61me=cd")                        },
        {FORM,                              STR("name=%")                                   },
        {FORM,                              STR("name=%4")                                  },
        {FORM,                              STR("name=%4g")                                 },
        {FORM,                              STR("name=a%00b")                               },
        {FORM,                              STR("name=a\0b")                                },
        {FORM,                              STR("name=%ff")                                 },
        {FORM,                              STR("name=\xc3")                                },
        {FORM,                              STR("na%ffme=ab")                               },
        {FORM,                              STR("=ab")                                      },
        {FORM,                              STR("name=ab&")                                 },
        {FORM,                              STR("name=ab&&age=18")                          },
        {JSON "; charset=utf-16",           STR("{\"name\":\"ab\"}")                        },
        {JSON ";x",                         STR("{\"name\":\"ab\"}")                        },
        {FORM "; charset=utf-16",           STR("name=ab")                                  },
        {JSON,                              STR("name=ab")                                  },
        {JSON,                              STR("[\"name\"]")                               },
        {JSON,                              STR("\"name\"")                                 },
        {JSON,                              STR("{\"name\":\"ab\"")                         },
        {JSON,                              STR("{\"name\":\"ab\"} x")                      },
        {JSON,                              STR("{\"name\":\"ab\",\"name\":\"ab\"}")        },
        {JSON,                              STR("{\"name\":\"a\\u0000b\"}")                 },
        {JSON,                              STR("{\"name\":\"\xff\"}")                      },
        {JSON,                              STR("{\"name\":\"\\ud800\"}")                   },
        {JSON,                              STR("{\"name\":\"ab\",\"x\":[[[[[[[[1]]]]]]]]}")},
        {JSON,                              STR("{'name':'ab'}")                            },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct problems ps;
        struct in in;

        if (bind(row->type, row->body, &in, &ps) != ERR_INVALID || !ps.malformed)
            fail_msg("taken: %s", row->body.p);
        assert_null(in.name.p);
    }
}

static void depth_is_counted_outside_of_strings(void **state)
{
    static const char deep[] =
        "{\"name\":\"ab\",\"x\":\"[[[[[[[[[[\\\"[[[[[[[[[\",\"y\":[[[[[[[1]]]]]]]}";
    struct problems ps;
    struct in in;

    (void)state;
    assert_int_equal(bind(JSON, (struct str){deep, sizeof(deep) - 1}, &in, &ps), OK);
}

static void many_fields_are_too_many(void **state)
{
    OWN(buf_deinit) struct buf b = {.max = KIB};
    struct problems ps;
    struct in in;

    (void)state;
    buf_add(&b, STR("name=ab"));
    for (int i = 1; i < 64; i++)
        buf_addf(&b, "&f%d=", i);
    assert_int_equal(bind(FORM, buf_str(&b), &in, &ps), OK);
    buf_add(&b, STR("&last="));
    assert_int_equal(bind(FORM, buf_str(&b), &in, &ps), ERR_INVALID);
    assert_true(ps.malformed);
}

/* ---- single fields ---- */

static void fields_are_judged_one_by_one(void **state)
{
    static const struct {
        const char *value, *field, *text; /* text NULL: accepted */
    } rows[] = {
        {"name=",                               "name",     "Please fill this in."                       },
        {"name=++",                             "name",     "Please fill this in."                       },
        {"name=a",                              "name",     "Please use at least 2 characters."          },
        {"name=%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6", "name",     NULL                                         }, /* characters, not bytes */
        {"name=abcdef",                         "name",     "Please use at most 5 characters."           },
        {"name=a%0Ab",                          "name",     "Please remove the invisible characters."    },
        {"name=a%E2%80%AEb",                    "name",     "Please remove the invisible characters."    },
        {"name=ab&about=a%07b",                 "about",    "Please remove the invisible characters."    },
        {"name=ab&about=",                      "about",    NULL                                         },
        {"name=ab&password=ab",                 "password", "Please use at least 3 characters."          },
        {"name=ab&password=a%0Ab",              "password", NULL                                         },
        {"name=ab&remember=2",                  "remember", "Please say yes or no."                      },
        {"name=ab&remember=",                   "remember", "Please say yes or no."                      },
        {"name=ab&remember=OFF",                "remember", NULL                                         },
        {"name=ab&age=17",                      "age",      "Please enter a whole number from 18 to 120."},
        {"name=ab&age=121",                     "age",      "Please enter a whole number from 18 to 120."},
        {"name=ab&age=+20+",                    "age",      NULL                                         },
        {"name=ab&age=20.5",                    "age",      "Please enter a whole number from 18 to 120."},
        {"name=ab&any=",                        "any",      "Please enter a whole number."               },
        {"name=ab&any=99999999999999999999",    "any",      "Please enter a whole number."               },
        {"name=ab&any=%2B5",                    "any",      "Please enter a whole number."               },
        {"name=ab&any=%D9%A1",                  "any",      "Please enter a whole number."               }, /* an Arabic digit */
        {"name=ab&any=-9223372036854775808",    "any",      NULL                                         },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct problems ps;
        struct in in;
        enum err e = bind(FORM, str_from(row->value), &in, &ps);
        struct str got = problem_of(&ps, str_from(row->field));

        assert_int_equal(e, row->text ? ERR_INVALID : OK);
        assert_false(ps.malformed);
        if (!str_eq(got, str_from(row->text)))
            fail_msg("%s: \"%.*s\"", row->value, STR_ARG(got));
    }
}

static void nothing_sent_is_no_fields(void **state)
{
    struct problems ps;
    struct in in;

    (void)state;
    assert_int_equal(bind(JSON, STR(""), &in, &ps), ERR_INVALID);
    assert_false(ps.malformed);
    assert_int_equal(ps.n, 1);
    assert_true(problem_of(&ps, STR("name")).n > 0);
}

static void json_types_are_not_turned_into_text(void **state)
{
    static const struct {
        const char *value, *field, *text; /* text NULL: accepted */
    } rows[] = {
        {"{\"name\":12}",                        "name",     "Please send text."          },
        {"{\"name\":true}",                      "name",     "Please send text."          },
        {"{\"name\":1.5}",                       "name",     "Please send text."          },
        {"{\"name\":\"12\"}",                    "name",     NULL                         },
        {"{\"name\":[\"ab\"]}",                  "name",     "Please send text."          },
        {"{\"name\":\"ab\",\"about\":{}}",       "about",    "Please send text."          },
        {"{\"name\":\"ab\",\"any\":[1]}",        "any",      "Please send a whole number."},
        {"{\"name\":\"ab\",\"about\":12}",       "about",    "Please send text."          },
        {"{\"name\":\"ab\",\"password\":true}",  "password", "Please send text."          },
        {"{\"name\":\"ab\",\"remember\":1}",     "remember", "Please send true or false." },
        {"{\"name\":\"ab\",\"remember\":false}", "remember", NULL                         },
        {"{\"name\":\"ab\",\"age\":20.5}",       "age",      "Please send a whole number."},
        {"{\"name\":\"ab\",\"age\":2e1}",        "age",      "Please send a whole number."},
        {"{\"name\":\"ab\",\"age\":true}",       "age",      "Please send a whole number."},
        {"{\"name\":\"ab\",\"age\":20}",         "age",      NULL                         },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct problems ps;
        struct in in;
        enum err e = bind(JSON, str_from(row->value), &in, &ps);
        struct str got = problem_of(&ps, str_from(row->field));

        assert_int_equal(e, row->text ? ERR_INVALID : OK);
        assert_false(ps.malformed);
        assert_int_equal(ps.n, row->text ? 1 : 0);
        if (!str_eq(got, str_from(row->text)))
            fail_msg("%s: \"%.*s\"", row->value, STR_ARG(got));
    }
}

static void a_password_has_256_bytes_at_most(void **state)
{
    OWN(buf_deinit) struct buf b = {.max = KIB};
    struct problems ps;
    struct in in;

    (void)state;
    buf_add(&b, STR("name=ab&password="));
    for (int i = 0; i < 256; i++)
        buf_addc(&b, 'a');
    assert_int_equal(bind(FORM, buf_str(&b), &in, &ps), OK);
    buf_addc(&b, 'a');
    assert_int_equal(bind(FORM, buf_str(&b), &in, &ps), ERR_INVALID);
}

static void all_problems_are_listed(void **state)
{
    struct problems ps;
    struct in in;

    (void)state;
    assert_int_equal(bind(FORM, STR("age=1&any=x"), &in, &ps), ERR_INVALID);
    assert_int_equal(ps.n, 3);
    assert_true(problem_of(&ps, STR("name")).n > 0);
    assert_true(problem_of(&ps, STR("age")).n > 0);
    assert_true(problem_of(&ps, STR("any")).n > 0);
    assert_null(problem_of(&ps, STR("about")).p);
    for (int i = 0; i < 2 * PROBLEMS_MAX; i++)
        problem_add(&ps, STR("more"), STR("text"));
    assert_int_equal(ps.n, PROBLEMS_MAX);
}

static void pairs_keep_their_order(void **state)
{
    struct pair *pairs;
    size_t n;

    (void)state;
    assert_int_equal(form_pairs(&cx, STR("b=1&a=2&b=3&c"), &pairs, &n), OK);
    assert_int_equal(n, 4);
    assert_true(str_eq(pairs[0].name, STR("b")) && str_eq(pairs[0].value, STR("1")));
    assert_true(str_eq(pairs[2].name, STR("b")) && str_eq(pairs[2].value, STR("3")));
    assert_true(str_eq(pairs[3].name, STR("c")) && pairs[3].value.n == 0);
    assert_int_equal(form_pairs(&cx, STR(""), &pairs, &n), OK);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_both_notations_alike),
        cmocka_unit_test(what_is_absent_keeps_its_value),
        cmocka_unit_test(malformed_bodies_bind_nothing),
        cmocka_unit_test(depth_is_counted_outside_of_strings),
        cmocka_unit_test(many_fields_are_too_many),
        cmocka_unit_test(fields_are_judged_one_by_one),
        cmocka_unit_test(nothing_sent_is_no_fields),
        cmocka_unit_test(json_types_are_not_turned_into_text),
        cmocka_unit_test(a_password_has_256_bytes_at_most),
        cmocka_unit_test(all_problems_are_listed),
        cmocka_unit_test(pairs_keep_their_order),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
