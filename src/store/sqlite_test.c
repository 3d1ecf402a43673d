/* sqlite_test.c: the contract over SQLite, and what only files have: modes, the lock. */
#include "store/fixture.h"

static struct str contract_database(void)
{
    return STR("");
}

#include "store/contract.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void files_are_for_us_alone(void **state)
{
    static const char *const files[] = {"countersign.db", "countersign.db-wal",
                                        "countersign.db-shm", "store.lock"};
    struct fixture *f = *state;
    struct stat st;

    EACH_ROW (file, files) {
        assert_int_equal(stat(arena_printf(f->mem, "%s/%s", f->dir, *file).p, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void the_folder_is_made_for_us_alone(void **state)
{
    struct fixture *f = *state;
    struct str inner = arena_printf(f->mem, "%s/data", f->dir);
    struct stat st;

    f->conf.data_dir = inner;
    fixture_open(f);
    assert_int_equal(stat(inner.p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fixture_close(f);
    unlink(arena_printf(f->mem, "%s/countersign.db", inner.p).p);
    unlink(arena_printf(f->mem, "%s/store.lock", inner.p).p);
    assert_int_equal(rmdir(inner.p), 0); /* -wal and -shm went with the last handle */
}

static void another_database_is_refused(void **state)
{
    struct fixture *f = *state;

    f->conf.database = STR("postgresql://db/countersign");
    assert_fails(f, store_open_tables(&f->cx, &f->conf, &test_tables, &f->store), ERR_INVALID,
                 "database");
    assert_null(f->store);
}

/* The child is born before there are threads, and waits for the parent's store to be open. */
static void a_second_process_is_refused(void **state)
{
    struct fixture *f = *state;
    struct str want = arena_printf(f->mem, "process %d", (int)getpid());
    int go[2], status;
    pid_t child;

    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        char c;
        bool right = read(go[0], &c, 1) == 1 &&
                     store_open_tables(&f->cx, &f->conf, &test_tables, &f->store) == ERR_BUSY &&
                     strstr(f->cx.why, want.p) && strstr(f->cx.why, "store.lock");

        _exit(right ? 0 : 1);
    }
    fixture_open(f);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(go[0]);
    close(go[1]);
}

static void the_lock_ends_with_its_process(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        enum err e = store_open_tables(&f->cx, &f->conf, &test_tables, &f->store);

        if (!e)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    fixture_open(f);
}

static const struct {
    const char *name;
    struct query_def def;
    const char *why;
} typos[] = {
    {"misspelt column",
     {"t", QUERY_READ, ROWS_ONE, 0, "SELECT nmae FROM item", NULL},
     "no such column"                                                                                                  },
    {"misspelt and quoted",
     {"t", QUERY_READ, ROWS_ONE, 0, "SELECT \"nmae\" FROM item", NULL},
     "no such column"                                                                                                  },
    {"a read that writes",
     {"t", QUERY_READ, ROWS_ONE, 0, "WITH x AS (SELECT 1) DELETE FROM item RETURNING id", NULL},
     "a :read that writes"                                                                                             },
    {"a write that reads",  {"t", QUERY_WRITE, ROWS_ONE, 0, "SELECT 1", NULL},                   "writes nothing"      },
    {"wrong count",         {"t", QUERY_READ, ROWS_ONE, 2, "SELECT $1", NULL},                   "number of parameters"},
    {"two statements",      {"t", QUERY_READ, ROWS_ONE, 0, "SELECT 1; SELECT 2", NULL},          "more than one"       },
    {"rows from an exec",
     {"t", QUERY_WRITE, ROWS_EXEC, 0, "DELETE FROM item RETURNING id", NULL},
     "gives rows"                                                                                                      },
    {"no rows",             {"t", QUERY_WRITE, ROWS_ONE, 0, "DELETE FROM item", NULL},           "gives no rows"       },
};

static void a_typo_fails_at_start(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, typos) {
        const struct store_tables tables = {&row->def, 1, test_migrations, 2};

        assert_row(row, store_open_tables(&f->cx, &f->conf, &tables, &f->store) == ERR_INTERNAL);
        if (!strstr(f->cx.why, row->why))
            fail_msg("%s: %s", row->name, f->cx.why);
    }
}

static void the_compiled_in_tables_open(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, store_open(&f->cx, &f->conf, &f->store));
    assert_true(store_schema_version(f->store) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TESTS,
        IN_STORE(files_are_for_us_alone),
        IN_FOLDER(the_folder_is_made_for_us_alone),
        IN_FOLDER(another_database_is_refused),
        IN_FOLDER(a_second_process_is_refused),
        IN_FOLDER(the_lock_ends_with_its_process),
        IN_FOLDER(a_typo_fails_at_start),
        IN_FOLDER(the_compiled_in_tables_open),
    };

    return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
