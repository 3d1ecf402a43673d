/* static_test.c: the table of files, its caching, and what is no file of it. */
#include "base/unit.h"

#include "portal/assets.h"

static const struct route route = {GET, "/static/{file}", .handler = static_file};

struct fixture {
    struct arena *mem;
    struct ctx cx;
    struct request rq;
    struct response rs;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    f->rq = (struct request){.method = GET, .route = &route};
    response_init(&f->rs);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    response_deinit(&f->rs);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static void add_header(struct fixture *f, struct str name, struct str value)
{
    f->rq.headers[f->rq.header_count++] = (struct header){name, value};
}

static enum err get(struct fixture *f, struct str file)
{
    f->rq.params[0] = file;
    return static_file(&f->cx, &f->rq, &f->rs);
}

/* "app.1a2b3c4d.css" */
static struct str file_name(enum asset asset)
{
    return str_sub(str_from(asset_url(asset)), sizeof "/static/" - 1, SIZE_MAX);
}

static bool has_header(const struct fixture *f, const char *line)
{
    return str_find_str(buf_str(&f->rs.head), str_from(line)) >= 0;
}

static void a_file_may_be_kept_for_ever(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, file_name(ASSET_APP_CSS)), OK);
    assert_int_equal(f->rs.status, 200);
    assert_string_equal(f->rs.content_type, "text/css; charset=utf-8");
    assert_str(buf_str(&f->rs.body), asset_files[ASSET_APP_CSS].bytes);
    assert_true(str_find_str(buf_str(&f->rs.body), STR("--ground")) > 0);
    assert_false(f->rs.no_store);
    assert_true(has_header(f, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    assert_true(has_header(f, "Vary: Accept-Encoding\r\n"));
    assert_false(has_header(f, "Content-Encoding"));
}

static const struct {
    const char *name;
    bool gzip;
} encodings[] = {
    {"gzip",                true },
    {"br, GZip, deflate",   true },
    {"gzip;q=0.5",          true },
    {"deflate, gzip ; q=1", true },
    {"gzip;q=0",            false},
    {"gzip;q=0.000",        false},
    {"identity",            false},
    {"xgzip",               false},
    {"",                    false},
};

static void gzip_is_sent_to_those_who_take_it(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, encodings) {
        const struct asset_file *file = &asset_files[ASSET_APP_JS];

        f->rq.header_count = 0;
        add_header(f, STR("Accept-Encoding"), str_from(row->name));
        response_deinit(&f->rs);
        response_init(&f->rs);
        assert_int_equal(get(f, file_name(ASSET_APP_JS)), OK);
        assert_row(row, has_header(f, "Content-Encoding: gzip\r\n") == row->gzip);
        assert_row(row, str_eq(buf_str(&f->rs.body), row->gzip ? file->gzip : file->bytes));
    }
}

static void who_has_it_gets_no_second_copy(void **state)
{
    struct fixture *f = *state;

    add_header(f, STR("If-None-Match"), asset_files[ASSET_APP_JS].etag);
    assert_int_equal(get(f, file_name(ASSET_APP_JS)), OK);
    assert_int_equal(f->rs.status, 304);
    assert_int_equal(f->rs.body.n, 0);
    assert_true(has_header(f, "ETag: W/\""));
}

static const struct {
    const char *name;
} strangers[] = {{""},           {"app.css"},     {"app.00000000.css"},
                 {"../app.css"}, {"/etc/passwd"}, {"app.css.gz"},
                 {"."},          {"%2e%2e"}};

static void nothing_else_is_a_file(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, strangers)
        assert_row(row, get(f, str_from(row->name)) == ERR_NOT_FOUND);
}

static void icon_and_robots_have_their_old_places(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(static_favicon(&f->cx, &f->rq, &f->rs), OK);
    assert_string_equal(f->rs.content_type, "image/svg+xml");
    assert_true(has_header(f, "Cache-Control: public, max-age=86400\r\n"));
    response_deinit(&f->rs);
    response_init(&f->rs);
    assert_int_equal(static_robots(&f->cx, &f->rq, &f->rs), OK);
    assert_str(buf_str(&f->rs.body), STR("User-agent: *\nDisallow: /\n"));
}

static void no_asset_has_no_url(void **state)
{
    (void)state;
    assert_string_equal(asset_url(ASSET_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_may_be_kept_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_is_sent_to_those_who_take_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_has_it_gets_no_second_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_else_is_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(icon_and_robots_have_their_old_places, set_up, tear_down),
        cmocka_unit_test(no_asset_has_no_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
