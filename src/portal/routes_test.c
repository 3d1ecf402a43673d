/* routes_test.c: what anybody may ask, spelled out: opening an address means editing this list. */
#include "base/unit.h"

#include "base/ctx.h"
#include "portal/portal.h"

static const char *const open_to_all[] = {
    "GET /",
    "GET /static/{file}",
    "GET /favicon.ico",
    "GET /favicon.svg",
    "GET /robots.txt",
    "GET /sign-up",
    "POST /sign-up",
    "GET /sign-up/check",
    "GET /confirm/{token}",
    "POST /confirm/{token}",
    "GET /login",
    "POST /login",
    "GET /login/status",
    "POST /logout",
    "GET /reset-password",
    "POST /reset-password",
    "GET /reset-password/sent",
    "GET /reset-password/{token}",
    "POST /reset-password/{token}",
    "GET /not-me/{token}",
    "POST /not-me/{token}",
    "GET /confirm-email/{token}",
    "POST /confirm-email/{token}",
    "GET /authenticator",
    "GET /authenticator/manifest.webmanifest",
    "GET /authenticator/sw.js",
    "GET /outbox",
    "GET /outbox.json",
};

/* Reached by a sign-in attempt alone, so by the password of somebody with a second factor. */
static const char *const open_to_attempts[] = {
    "GET /login/finish", "GET /verify", "POST /verify", "POST /verify/method", "POST /resend",
};

static struct arena *mem;

static int setup(void **state)
{
    (void)state;
    mem = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

static struct str row_name(const struct route *r)
{
    return arena_printf(mem, "%.*s %s", STR_ARG(method_name(r->method)), r->pattern);
}

static void assert_rows(enum auth auth, const char *const *want, size_t want_count)
{
    size_t n = 0;

    for (size_t i = 0; i < portal_face.route_count; i++) {
        const struct route *r = &portal_face.routes[i];

        if (r->auth != auth)
            continue;
        if (n == want_count)
            fail_msg("not in the list: %.*s", STR_ARG(row_name(r)));
        assert_str(row_name(r), str_from(want[n++]));
    }
    assert_int_equal(n, want_count);
}

static void rows_open_to_all_are_these(void **state)
{
    (void)state;
    assert_rows(AUTH_NONE, open_to_all, COUNT_OF(open_to_all));
}

static void rows_open_to_attempts_are_these(void **state)
{
    (void)state;
    assert_rows(AUTH_LOGIN, open_to_attempts, COUNT_OF(open_to_attempts));
}

static void account_needs_a_session(void **state)
{
    (void)state;
    for (size_t i = 0; i < portal_face.route_count; i++) {
        const struct route *r = &portal_face.routes[i];

        if (str_starts(str_from(r->pattern), STR("/account")) && r->auth != AUTH_SESSION &&
            r->auth != AUTH_FRESH)
            fail_msg("no session asked for: %.*s", STR_ARG(row_name(r)));
    }
}

/* GETs that turn what happened on a phone, or at a remote service, into a session or another cookie
 * of it: once, and only for the browser that holds the attempt's or the session's cookie. */
static const char *const getting_writes[] = {
    "GET /login/status",
    "GET /login/finish",
    "GET /account/security/push/done",
    "GET /account/security/remote/done",
};

/* What changes something is a POST on the writer, and no form is without its limit. */
static void writing_is_posting(void **state)
{
    (void)state;
    for (size_t i = 0; i < portal_face.route_count; i++) {
        const struct route *r = &portal_face.routes[i];
        bool writes = r->method == POST;

        EACH_ROW (name, getting_writes)
            writes = writes || str_eq(row_name(r), str_from(*name));
        if (writes != (r->runs == WRITE))
            fail_msg("wrong thread: %.*s", STR_ARG(row_name(r)));
        if (r->prepare && r->method != POST)
            fail_msg("a GET with a slow step: %.*s", STR_ARG(row_name(r)));
        if (r->method == POST && (r->limit == LIMIT_NONE || r->limit == LIMIT_PAGE))
            fail_msg("a form without its limit: %.*s", STR_ARG(row_name(r)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_open_to_all_are_these),
        cmocka_unit_test(rows_open_to_attempts_are_these),
        cmocka_unit_test(account_needs_a_session),
        cmocka_unit_test(writing_is_posting),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
