/* response_test.c: what responses refuse to say, and how they look on the wire. */
#include "http/answer.h"
#include "http/html.h"
#include "http/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *mem;
static struct ctx cx;
static struct response rs;

static int setup(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    response_init(&rs);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    response_deinit(&rs);
    arena_free(&mem);
    return 0;
}

static bool has(struct str text, const char *piece)
{
    return str_find_str(text, str_from(piece)) != STR_NPOS;
}

static void a_header_cannot_split_the_answer(void **state)
{
    static const struct str bad[] = {STR("a\r\nSet-Cookie: x=y"), STR("a\nb"), STR("a\rb"),
                                     STR("a\0b"), STR("a\x7f")};

    (void)state;
    EACH_ROW (value, bad)
        assert_false(response_header(&rs, "X-Test", *value));
    assert_int_equal(rs.head.n, 0);
    assert_true(response_header(&rs, "X-Test", STR("a\tb")));
    assert_string_equal(rs.head.p, "X-Test: a\tb\r\n");
}

static void redirects_stay_at_home(void **state)
{
    static const struct {
        struct str path;
        bool ok;
    } rows[] = {
        {STR("/"),                      true },
        {STR("/login?next=%2F%2Fevil"), true },
        {STR(""),                       false},
        {STR("login"),                  false},
        {STR("//evil"),                 false},
        {STR("/\\evil"),                false},
        {STR("/a\\b"),                  false},
        {STR("https://evil/"),          false},
        {STR("/a\r\nX: y"),             false},
        {STR("/a b"),                   false},
        {STR("/\tevil"),                false},
    };

    (void)state;
    EACH_ROW (row, rows) {
        response_reset(&rs);
        assert_int_equal(respond_redirect(&cx, &rs, row->path), row->ok ? OK : ERR_INTERNAL);
        assert_int_equal(rs.status, row->ok ? 303 : 200);
        assert_int_equal(rs.head.n > 0, row->ok);
    }
}

static void cookies_say_all_they_should(void **state)
{
    static const struct {
        struct cookie cookie;
        const char *line;
    } rows[] = {
        {{.name = STR("s"), .value = STR("abc")},
         "Set-Cookie: s=abc; Path=/; HttpOnly; SameSite=Lax\r\n"                           },
        {{.name = STR("s"), .value = STR("abc"), .secure = true, .max_age_s = 60},
         "Set-Cookie: __Host-s=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60\r\n"},
        {{.name = STR("s"), .value = STR(""), .max_age_s = -1, .site = COOKIE_STRICT},
         "Set-Cookie: s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0\r\n"                },
        {{.name = STR("s"), .value = STR("a;b")},                                      NULL},
        {{.name = STR("s"), .value = STR("a\r\nb")},                                   NULL},
        {{.name = STR("s=t"), .value = STR("a")},                                      NULL},
        {{.name = STR(""), .value = STR("a")},                                         NULL},
    };

    (void)state;
    EACH_ROW (row, rows) {
        response_reset(&rs);
        response_cookie(&rs, &row->cookie);
        assert_true(str_eq(buf_str(&rs.head), str_from(row->line)));
    }
}

static void json_keeps_its_order(void **state)
{
    (void)state;
    assert_int_equal(
        respond_json(&cx, &rs, 201,
                     json_pack("{s:s, s:i, s:[b]}", "z", "\xc3\xa4\"\n", "a", 1, "m", 1)),
        OK);
    assert_int_equal(rs.status, 201);
    assert_string_equal(rs.content_type, "application/json");
    assert_string_equal(rs.body.p, "{\"z\":\"\xc3\xa4\\\"\\n\",\"a\":1,\"m\":[true]}");
    assert_int_equal(respond_json(&cx, &rs, 200, NULL), ERR_INTERNAL);
}

static void a_wait_must_be_able_to_end(void **state)
{
    struct wait w = {.topic = 7};

    (void)state;
    assert_int_equal(respond_wait(&cx, &rs, &w), ERR_INTERNAL);
    assert_int_equal(rs.wait.topic, 0);
}

static void answers_have_the_length_of_their_body(void **state)
{
    OWN(buf_deinit) struct buf out = {.max = ANSWER_MAX};
    struct answer a = {.date = STR("Sat, 21 Nov 2026 22:40:21 GMT"), .hsts = true};

    (void)state;
    assert_int_equal(respond_text(&cx, &rs, 404, STR("gone\n")), OK);
    rs.no_store = false;
    response_header(&rs, "Cache-Control", STR("max-age=31536000, immutable"));
    answer_write(&out, &rs, &a);
    assert_true(str_starts(
        buf_str(&out), STR("HTTP/1.1 404 Not Found\r\nDate: Sat, 21 Nov 2026 22:40:21 GMT\r\n")));
    assert_true(has(buf_str(&out), "\r\nStrict-Transport-Security: max-age="));
    assert_true(has(buf_str(&out), "\r\nContent-Length: 5\r\n"));
    assert_true(has(buf_str(&out), "\r\nCache-Control: max-age=31536000, immutable\r\n"));
    assert_false(has(buf_str(&out), "no-store"));
    assert_false(has(buf_str(&out), "Connection:"));
    assert_true(str_ends(buf_str(&out), STR("\r\n\r\ngone\n")));
}

static void some_answers_have_no_body(void **state)
{
    static const int statuses[] = {204, 304};
    struct answer a = {.date = STR("now")};

    (void)state;
    EACH_ROW (status, statuses) {
        OWN(buf_deinit) struct buf out = {.max = ANSWER_MAX};

        response_reset(&rs);
        assert_int_equal(respond_text(&cx, &rs, *status, STR("text")), OK);
        answer_write(&out, &rs, &a);
        assert_false(has(buf_str(&out), "Content-Length"));
        assert_false(has(buf_str(&out), "\r\nContent-Type"));
        assert_true(str_ends(buf_str(&out), STR("\r\n\r\n")));
    }
}

static void text_is_escaped_in_pages(void **state)
{
    OWN(buf_deinit) struct buf out = {.max = KIB};
    struct html h = {&out};
    const char *nothing = NULL;

    (void)state;
    html_text(&h, STR("<a href=\"x\">'&'</a>"));
    html_z(&h, nothing);
    html_int(&h, -7);
    html_raw(&h, STR("<br>"));
    assert_string_equal(out.p, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;-7<br>");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_header_cannot_split_the_answer), TEST(redirects_stay_at_home),
        TEST(cookies_say_all_they_should),      TEST(json_keeps_its_order),
        TEST(a_wait_must_be_able_to_end),       TEST(answers_have_the_length_of_their_body),
        TEST(some_answers_have_no_body),        TEST(text_is_escaped_in_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
