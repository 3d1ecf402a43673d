/* migrate_test.c: forward only, each once, nothing of one that fails, no guess where histories
 * differ. */
#include "store/fixture.h"

#include "store/migrate.h"

static const struct query_def no_queries[] = {{0}};

/* Opens with these migrations and closes again. */
static enum err open_with(struct fixture *f, const struct migration *list, size_t count,
                          int *out_version)
{
    const struct store_tables tables = {no_queries, 0, list, count};
    enum err e = store_open_tables(&f->cx, &f->conf, &tables, &f->store);

    if (e)
        return e;
    *out_version = store_schema_version(f->store);
    store_close(&f->store);
    return OK;
}

static const struct migration history[] = {
    {1, "one",   "CREATE TABLE one (id BIGINT PRIMARY KEY, note TEXT NOT NULL);"               },
    {2, "two",
     "CREATE TABLE two (id BIGINT PRIMARY KEY, one_id BIGINT NOT NULL REFERENCES one (id));"
     "INSERT INTO one (id, note) VALUES (1, 'a');\nINSERT INTO two (id, one_id) VALUES (1, 1);"},
    {3, "three",
     "CREATE TABLE one_new (id BIGINT PRIMARY KEY, note TEXT NOT NULL, data BYTEA);"
     "INSERT INTO one_new (id, note) SELECT id, note FROM one; DROP TABLE one;"
     "ALTER TABLE one_new RENAME TO one;"                                                      },
};

static void steps_are_applied_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    int version = -1;

    assert_ok(f, open_with(f, history, 0, &version));
    assert_int_equal(version, 0);
    assert_ok(f, open_with(f, history, 1, &version));
    assert_int_equal(version, 1);
    assert_ok(f, open_with(f, history, 3, &version)); /* the second would fail if run twice */
    assert_int_equal(version, 3);
    assert_ok(f, open_with(f, history, 3, &version));
    assert_int_equal(version, 3);
}

static const struct query_def count_two[] = {
    {"count_two", QUERY_READ, ROWS_ONE, 0, "SELECT COUNT(*) FROM two", NULL},
};

static void rebuilding_a_table_keeps_what_refers_to_it(void **state)
{
    static const struct store_tables tables = {count_two, 1, history, 3};
    struct fixture *f = *state;
    struct db_rows rows = {0};

    assert_ok(f, store_open_tables(&f->cx, &f->conf, &tables, &f->store));
    assert_ok(f, store_reader_open(&f->cx, f->store, &f->reader));
    assert_ok(f, db_one(&f->cx, f->reader, (enum query)0, DB_NO_ARGS, &rows));
    assert_int_equal(db_col_int(&rows, 0), 1);
    db_rows_end(&rows);
}

static void an_older_program_refuses_a_newer_schema(void **state)
{
    struct fixture *f = *state;
    int version;

    assert_ok(f, open_with(f, history, 3, &version));
    assert_fails(f, open_with(f, history, 2, &version), ERR_CONFLICT, "migration 3 (three)");
    assert_fails(f, open_with(f, history, 2, &version), ERR_CONFLICT, "use a newer one");
}

static void a_changed_text_is_refused(void **state)
{
    struct fixture *f = *state;
    struct migration list[2] = {history[0], history[1]};
    int version;

    assert_ok(f, open_with(f, list, 2, &version));
    list[0].text = "CREATE TABLE\n  one (id BIGINT PRIMARY KEY,\n       note TEXT NOT NULL);\n";
    assert_ok(f, open_with(f, list, 2, &version)); /* only laid out anew */
    list[0].text = "CREATE TABLE one (id BIGINT PRIMARY KEY, note BYTEA NOT NULL);";
    assert_fails(f, open_with(f, list, 2, &version), ERR_CONFLICT, "0001_one was changed");
}

static const struct {
    const char *name;
    struct migration bad;
    const char *why;
} failing[] = {
    {"syntax",                 {2, "bad", "CREATE TABLE two (id BIGINT PRIMARY KEY); CREATE TABEL x;"}, "0002_bad"},
    {"a type SQLite lacks",
     {2, "bad", "CREATE TABLE two (id BIGINT PRIMARY KEY, d VARCHAR);"},
     "VARCHAR"                                                                                                    },
    {"a reference to nowhere",
     {2, "bad",
      "CREATE TABLE two (id BIGINT PRIMARY KEY, one_id BIGINT REFERENCES one (id));"
      "INSERT INTO two (id, one_id) VALUES (1, 99);"},
     "a row of two refers to a row of one"                                                                        },
};

static void a_failing_step_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    int version = -1;

    assert_ok(f, open_with(f, history, 1, &version));
    EACH_ROW (row, failing) {
        struct migration list[2] = {history[0], row->bad};

        assert_row(row, open_with(f, list, 2, &version) != OK);
        if (!strstr(f->cx.why, row->why))
            fail_msg("%s: %s", row->name, f->cx.why);
        assert_ok(f, open_with(f, history, 1, &version)); /* not remembered as applied */
    }
    assert_ok(f, open_with(f, history, 2, &version)); /* table two was not made */
    assert_int_equal(version, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(steps_are_applied_once_and_in_order),
        IN_FOLDER(rebuilding_a_table_keeps_what_refers_to_it),
        IN_FOLDER(an_older_program_refuses_a_newer_schema),
        IN_FOLDER(a_changed_text_is_refused),
        IN_FOLDER(a_failing_step_leaves_nothing),
    };

    return cmocka_run_group_tests_name("store_migrate", tests, NULL, NULL);
}
