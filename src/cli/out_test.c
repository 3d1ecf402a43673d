/* out_test.c: tables align, break at blanks and do not drive the terminal. */
#include "base/unit.h"

#include "cli/out.h"

struct fixture {
    struct ctx cx;
    struct arena *mem;
    struct cli_out out;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    out_init(&f->out);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    out_deinit(&f->out);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static void columns_align_by_characters(void **state)
{
    static const char *const head[] = {"NAME", "STATE", "SEEN"};
    struct fixture *f = *state;
    struct table t;

    table_init(&t, &f->cx, head, COUNT_OF(head));
    table_cell(&t, STR("Zoë"));
    table_cell(&t, STR("on"));
    table_cell(&t, STR("now"));
    table_cell(&t, STR("a long name"));
    table_cell(&t, STR(""));
    table_cell(&t, STR(""));
    table_print(&t, &f->out.out);
    assert_str(buf_str(&f->out.out), STR("NAME         STATE  SEEN\n"
                                         "Zoë          on     now\n"
                                         "a long name\n"));
}

static void labels_are_indented_and_values_wrap(void **state)
{
    struct fixture *f = *state;
    struct table t;

    table_init(&t, &f->cx, NULL, 2);
    t.wrap = 14;
    table_cell(&t, STR("a"));
    table_cell(&t, STR("one two three averylongword x"));
    table_cell(&t, STR("bcd"));
    table_cell(&t, STR("e"));
    table_print(&t, &f->out.out);
    assert_str(buf_str(&f->out.out), STR("  a    one two\n"
                                         "       three\n"
                                         "       averylongword\n"
                                         "       x\n"
                                         "  bcd  e\n"));
}

static void a_name_cannot_drive_the_terminal(void **state)
{
    struct fixture *f = *state;
    struct table t;

    table_init(&t, &f->cx, NULL, 2);
    table_cell(&t, STR("x"));
    table_cell(&t, STR("\x1b[2Ja\nb"));
    table_print(&t, &f->out.out);
    assert_str(buf_str(&f->out.out), STR("  x  ?[2Ja?b\n"));
}

static void many_rows_fit(void **state)
{
    static const char *const head[] = {"A", "B"};
    struct fixture *f = *state;
    struct table t;

    table_init(&t, &f->cx, head, 2);
    for (int i = 0; i < 2000; i++)
        table_cell(&t, STR("x"));
    table_print(&t, &f->out.out);
    assert_int_equal(f->out.out.n, 1001 * strlen("A  B\n"));
}

static void json_is_one_line_whatever_is_inside(void **state)
{
    struct fixture *f = *state;
    json_t *o = json_object();

    json_object_set_new(o, "b", out_json_str(STR("a\nb\"")));
    json_object_set_new(o, "a", out_json_str(STR("\xff")));
    json_object_set_new(o, "t", out_json_time(0));
    json_object_set_new(o, "u", out_json_time(1000));
    out_json(&f->out, o);
    assert_str(buf_str(&f->out.out), STR("{\"b\":\"a\\nb\\\"\",\"a\":\"\xEF\xBF\xBD\",\"t\":null,"
                                         "\"u\":\"1970-01-01T00:00:01Z\"}\n"));
}

static void every_error_has_an_exit_code(void **state)
{
    (void)state;
    assert_int_equal(out_exit(OK), 0);
    for (unsigned e = OK + 1; e < ERR_COUNT; e++)
        assert_int_not_equal(out_exit((enum err)e), 0);
    assert_int_equal(out_exit(ERR_NOT_FOUND), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(columns_align_by_characters),         TEST(labels_are_indented_and_values_wrap),
        TEST(a_name_cannot_drive_the_terminal),    TEST(many_rows_fit),
        TEST(json_is_one_line_whatever_is_inside), TEST(every_error_has_an_exit_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
