/* router_test.c: which row answers which path, and which tables are no tables. */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err nothing(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)cx;
    (void)rq;
    (void)rs;
    return OK;
}

/* clang-format off */
static const struct route page_routes[] = {
    {GET,  "/",                      AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {GET,  "/login",                 AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {POST, "/login",                 AUTH_NONE,    LIMIT_NONE, WRITE, nothing},
    {GET,  "/login/status",          AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {GET,  "/reset/{token}",         AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {GET,  "/reset/done",            AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {POST, "/s/{id}/revoke",         AUTH_NONE,    LIMIT_NONE, WRITE, nothing},
    {GET,  "/s/all/list",            AUTH_NONE,    LIMIT_NONE, READ,  nothing},
    {GET,  "/stop",                  AUTH_CONTROL, LIMIT_NONE, READ,  nothing},
};
static const struct route api_routes[] = {
    {POST, "/v2/Services/{sid}/Verifications/{id}", AUTH_ACCOUNT, LIMIT_API, WRITE, nothing},
};
/* clang-format on */

static const struct face page = {
    .name = "page", .prefix = "", .routes = page_routes, .route_count = COUNT_OF(page_routes)};
static const struct face api = {
    .name = "api", .prefix = "/v2/", .routes = api_routes, .route_count = COUNT_OF(api_routes)};
static const struct face *const both[] = {&page, &api};

static struct arena *mem;
static struct ctx cx;
static struct router *router;

static int setup(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    return router_new(&cx, both, COUNT_OF(both), &router) != OK;
}

static int teardown(void **state)
{
    (void)state;
    router_free(&router);
    arena_free(&mem);
    return 0;
}

static void finds_the_row(void **state)
{
    static const struct {
        enum method method;
        const char *path, *pattern, *params; /* pattern NULL: no such path */
    } rows[] = {
        {GET,  "/",                                  "/",                                     ""              },
        {GET,  "/login",                             "/login",                                ""              },
        {POST, "/login",                             "/login",                                ""              },
        {GET,  "/login/status",                      "/login/status",                         ""              },
        {GET,  "/login/",                            NULL,                                    ""              },
        {GET,  "//login",                            NULL,                                    ""              },
        {GET,  "/LOGIN",                             NULL,                                    ""              },
        {GET,  "/l%6Fgin",                           NULL,                                    ""              },
        {GET,  "/../login",                          NULL,                                    ""              },
        {GET,  "/login/statu",                       NULL,                                    ""              },
        {GET,  "/login/status/x",                    NULL,                                    ""              },
        {GET,  "/reset",                             NULL,                                    ""              },
        {GET,  "/reset/",                            NULL,                                    ""              }, /* a parameter is never empty */
        {GET,  "/reset/abc",                         "/reset/{token}",                        "token=abc"     },
        {GET,  "/reset/done",                        "/reset/done",                           ""              }, /* the literal wins */
        {GET,  "/reset/a%20b+c",                     "/reset/{token}",                        "token=a b+c"   },
        {GET,  "/reset/a%2Fb",                       "/reset/{token}",                        "token=a/b"     },
        {GET,  "/reset/%C3%A4",                      "/reset/{token}",                        "token=\xc3\xa4"},
        {POST, "/s/7/revoke",                        "/s/{id}/revoke",                        "id=7"          },
        {POST, "/s/all/revoke",                      "/s/{id}/revoke",                        "id=all"        }, /* the literal led nowhere */
        {GET,  "/s/all/list",                        "/s/all/list",                           ""              },
        {POST, "/v2/Services/VA1/Verifications/VE2", "/v2/Services/{sid}/Verifications/{id}",
         "sid=VA1 id=VE2"                                                                                     },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct request rq = {.method = row->method, .path = str_from(row->path)};
        struct str rest = str_from(row->params), pair;
        struct match m;
        enum match_is is = router_match(&cx, router, &rq, &m);

        if (!row->pattern) {
            if (is != NO_PATH)
                fail_msg("%s was found", row->path);
            continue;
        }
        if (is != MATCHED)
            fail_msg("%s was not found", row->path);
        assert_string_equal(m.route->pattern, row->pattern);
        rq.route = m.route;
        while (rest.n && str_split(&rest, strstr(row->path, "%20") ? '\0' : ' ', &pair)) {
            struct str name;

            assert_true(str_split(&pair, '=', &name));
            assert_true(str_eq(request_param(&rq, name), pair));
        }
        assert_null(request_param(&rq, STR("other")).p);
    }
}

static void a_bad_escape_is_no_parameter(void **state)
{
    static const char *const paths[] = {"/reset/%",   "/reset/%2",  "/reset/%zz",
                                        "/reset/%00", "/reset/%ff", "/reset/a%C3"};

    (void)state;
    EACH_ROW (path, paths) {
        struct request rq = {.method = GET, .path = str_from(*path)};
        struct match m;

        assert_int_equal(router_match(&cx, router, &rq, &m), BAD_ESCAPE);
    }
}

static void other_methods_are_known(void **state)
{
    struct request rq = {.method = DELETE, .path = STR("/login")};
    struct match m;

    (void)state;
    assert_int_equal(router_match(&cx, router, &rq, &m), NO_METHOD);
    assert_true(m.methods[GET] && m.methods[POST]);
    assert_false(m.methods[DELETE] || m.methods[PUT]);
    assert_null(m.route);
    assert_ptr_equal(m.face, &page);
}

static void the_longest_prefix_words_the_404(void **state)
{
    struct request rq = {.method = GET, .path = STR("/v2/nothing")};
    struct match m;

    (void)state;
    assert_int_equal(router_match(&cx, router, &rq, &m), NO_PATH);
    assert_ptr_equal(m.face, &api);
    rq.path = STR("/v2");
    assert_int_equal(router_match(&cx, router, &rq, &m), NO_PATH);
    assert_ptr_equal(m.face, &page);
}

static void control_rows_exist_locally_only(void **state)
{
    struct request rq = {.method = GET, .path = STR("/stop")};
    struct match m;

    (void)state;
    assert_int_equal(router_match(&cx, router, &rq, &m), NO_PATH);
    rq.local = true;
    assert_int_equal(router_match(&cx, router, &rq, &m), MATCHED);
}

static void refuses_tables_that_are_none(void **state)
{
    static const struct route bad[][2] = {
        {{GET, "/a/{b}", .handler = nothing}, {GET, "/a/{c}", .handler = nothing}},
        {{GET, "/a", .handler = nothing},     {GET, "/a", .handler = nothing}    },
        {{GET, "/a", .handler = nothing},     {GET, "b", .handler = nothing}     },
        {{GET, "/a", .handler = nothing},     {GET, "/b"}                        },
        {{GET, "/a", .handler = nothing},     {HEAD, "/b", .handler = nothing}   },
        {{GET, "/a", .handler = nothing},     {GET, "/b{c}", .handler = nothing} },
        {{GET, "/a", .handler = nothing},     {GET, "/{c}d", .handler = nothing} },
        {{GET, "/a", .handler = nothing},     {GET, "/{}", .handler = nothing}   },
        {{GET, "/a", .handler = nothing},     {GET, "/{c", .handler = nothing}   },
        {{GET, "/a", .handler = nothing},
         {GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}", .handler = nothing}               },
    };

    (void)state;
    EACH_ROW (pair, bad) {
        struct face face = {.prefix = "", .routes = *pair, .route_count = 2};
        const struct face *faces[] = {&face};
        struct router *r = NULL;

        if (router_new(&cx, faces, 1, &r) != ERR_INVALID)
            fail_msg("%s was taken", (*pair)[1].pattern);
        assert_null(r);
    }
}

static void tells_what_can_be_looked_at(void **state)
{
    static const struct {
        const char *path, *pattern; /* NULL: nothing answers GET there */
    } rows[] = {
        {"/",                                  "/"             },
        {"/login",                             "/login"        },
        {"/reset/abc",                         "/reset/{token}"},
        {"/reset/",                            NULL            },
        {"/s/7/revoke",                        NULL            }, /* takes POST only */
        {"/v2/Services/VA1/Verifications/VE2", NULL            },
        {"/stop",                              NULL            }, /* for the local socket */
        {"/nowhere",                           NULL            },
        {"login",                              NULL            },
        {"",                                   NULL            },
    };

    (void)state;
    EACH_ROW (row, rows) {
        const struct route *route = router_get(router, str_from(row->path));

        if (!str_eq(str_from(route ? route->pattern : NULL), str_from(row->pattern)))
            fail_msg("%s: %s", row->path, route ? route->pattern : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_row),
        cmocka_unit_test(a_bad_escape_is_no_parameter),
        cmocka_unit_test(other_methods_are_known),
        cmocka_unit_test(the_longest_prefix_words_the_404),
        cmocka_unit_test(control_rows_exist_locally_only),
        cmocka_unit_test(refuses_tables_that_are_none),
        cmocka_unit_test(tells_what_can_be_looked_at),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
