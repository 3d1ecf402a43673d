/*
 * baseline_test.c: a new store gets the outcome of all migrations in one go (tools/baseline.c makes
 * it). It must be the store that they make one by one: the same schema in the same words, the same
 * rows, the same memory of what was applied.
 */
#include "store/fixture.h"

#include "base/buf.h"
#include "store/backend.h"

enum { DUMP_MAX = 1 * MIB, REAL_TABLES_LEAST = 30 };

/* Opens the store with these migrations and closes it again. */
static enum err open_with(struct fixture *f, const struct migration *list, size_t count,
                          const char *baseline)
{
    const struct store_tables tables = {NULL, 0, list, count, baseline};
    enum err e = store_open_tables(&f->cx, &f->conf, &tables, &f->store);

    store_close(&f->store);
    return e;
}

/* ---- a store as a text ---- */

struct dump {
    struct fixture *f;
    void *conn;
    struct buf out;
};

static void *start(struct dump *d, const char *sql)
{
    const struct query_def def = {"dump", QUERY_READ, ROWS_MANY, 0, sql, NULL};
    void *st;

    assert_ok(d->f, sqlite_ops.prepare(&d->f->cx, d->conn, &def, &st));
    return st;
}

static bool next(struct dump *d, void *st)
{
    bool row;

    assert_ok(d->f, sqlite_ops.step(&d->f->cx, d->conn, st, &row));
    if (!row)
        sqlite_ops.finalize(st);
    return row;
}

static void add_rows(struct dump *d, const char *sql)
{
    void *st = start(d, sql);

    while (next(d, st)) {
        for (unsigned i = 0; i < sqlite_ops.col_count(st); i++)
            buf_addf(&d->out, "%.*s|", STR_ARG(sqlite_ops.col_bytes(st, i)));
        buf_addc(&d->out, '\n');
    }
}

/* The schema, then the rows of every table. *out_tables is how many there are. */
static struct str dump(struct fixture *f, unsigned *out_tables)
{
    struct dump d = {.f = f};
    struct str text;
    void *st;

    buf_init(&d.out, DUMP_MAX);
    assert_ok(f, sqlite_ops.connect(&f->cx, f->dir, DB_READER, &d.conn));
    add_rows(&d, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name");
    st = start(&d, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    for (*out_tables = 0; next(&d, st); ++*out_tables) {
        struct str name = sqlite_ops.col_bytes(st, 0);

        buf_addf(&d.out, "rows of %.*s\n", STR_ARG(name));
        add_rows(&d, arena_printf(f->mem, "SELECT * FROM %.*s ORDER BY 1", STR_ARG(name)).p);
    }
    sqlite_ops.disconnect(d.conn);
    assert_false(d.out.full);
    text = arena_str(f->mem, buf_str(&d.out));
    buf_deinit(&d.out);
    return text;
}

/* In a folder of its own: what a new store looks like, at an instant that is always the same. The
 * first `before` migrations are there already (own tables only, for 0; nothing at all, for -1). */
static struct str made_with(struct arena *mem, const struct migration *list, size_t count,
                            const char *baseline, int before, unsigned *out_tables)
{
    struct fixture f = {0};
    struct str text;

    fixture_folder(&f);
    f.cx.now_ms = 1700000000000;
    if (before >= 0)
        assert_ok(&f, open_with(&f, list, (size_t)before, NULL));
    assert_ok(&f, open_with(&f, list, count, baseline));
    text = arena_str(mem, dump(&f, out_tables));
    fixture_remove(&f);
    return text;
}

/* ---- the schema of this program ---- */

static void a_new_store_is_as_if_it_had_gone_through_its_history(void **state)
{
    const struct store_tables *t = &store_tables;
    unsigned count, count_at_once;
    struct str by_steps = made_with(*state, t->migrations, t->migration_count, NULL, -1, &count);

    assert_str(
        made_with(*state, t->migrations, t->migration_count, t->baseline, -1, &count_at_once),
        by_steps);
    assert_true(count == count_at_once && count >= REAL_TABLES_LEAST);
}

/* The build makes both of the same files. Should that ever break, the comparison above shows it. */
static void a_baseline_that_lacks_the_last_migration_shows(void **state)
{
    static const char *const later[] = {
        "ALTER TABLE service ADD COLUMN later TEXT NOT NULL DEFAULT '';",
        "CREATE INDEX later ON service (name);",
        "DROP INDEX outbox_due;",
        "INSERT INTO phone_rule (prefix, action, created_at_ms) VALUES ('+1', 'allow', 1);",
    };
    size_t n = store_tables.migration_count;
    struct migration *list = ARENA_ARRAY(*state, struct migration, n + 1);

    memcpy(list, store_tables.migrations, n * sizeof(*list));
    EACH_ROW (text, later) {
        unsigned count;

        list[n] = (struct migration){(int)n + 1, "later", *text};
        if (str_eq(made_with(*state, list, n + 1, NULL, -1, &count),
                   made_with(*state, list, n + 1, store_tables.baseline, -1, &count)))
            fail_msg("nobody would notice that the baseline lacks: %s", *text);
    }
}

/* ---- which way is taken ---- */

static const struct migration history[] = {
    {1, "one", "CREATE TABLE one (id BIGINT PRIMARY KEY, note TEXT NOT NULL);"               },
    {2, "two", "INSERT INTO one (id, note) VALUES (1, 'it''s');"                             },
    {3, "few", "ALTER TABLE one ADD COLUMN more BYTEA;\nCREATE INDEX one_more ON one (more);"},
};
static const char outcome[] =
    "CREATE TABLE one (id BIGINT PRIMARY KEY, note TEXT NOT NULL, more BYTEA);\n"
    "CREATE INDEX one_more ON one (more);\n"
    "INSERT INTO one (id, note, more) VALUES (1, 'it''s', NULL);\n";

static void wherever_a_store_stands_it_ends_the_same(void **state)
{
    unsigned count;
    struct str want = made_with(*state, history, 3, NULL, -1, &count);

    for (int before = -1; before <= 3; before++)
        assert_str(made_with(*state, history, 3, outcome, before, &count), want);
}

static void a_failing_baseline_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    unsigned count;

    assert_fails(f, open_with(f, history, 3, "CREATE TABLE one (id BIGINT);\nCREATE TABEL x;"),
                 ERR_INTERNAL, "TABEL");
    dump(f, &count);
    assert_int_equal(count, 0);
    assert_ok(f, open_with(f, history, 3, outcome));
    assert_fails(f, open_with(f, history, 2, outcome), ERR_CONFLICT, "use a newer one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_as_if_it_had_gone_through_its_history),
        cmocka_unit_test(a_baseline_that_lacks_the_last_migration_shows),
        cmocka_unit_test(wherever_a_store_stands_it_ends_the_same),
        IN_FOLDER(a_failing_baseline_leaves_nothing),
    };

    return cmocka_run_group_tests_name("store_baseline", tests, unit_mem_setup, unit_mem_teardown);
}
