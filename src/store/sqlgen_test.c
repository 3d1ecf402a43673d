/* sqlgen_test.c: runs the tool. What it makes compiles (the build does that); here is what it
 * refuses. */
#include "base/unit.h"

#include "base/arena.h"
#include "base/buf.h"

#include <stdlib.h>
#include <unistd.h>

struct fixture {
    struct arena *mem;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mem = arena_new();
    snprintf(f->dir, sizeof(f->dir), "/tmp/sqlgen_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"out.h", "out.c",      "a.sql",
                                        "b.sql", "0001_a.sql", "0002_b.sql"};
    struct fixture *f = *state;

    EACH_ROW (file, files)
        unlink(arena_printf(f->mem, "%s/%s", f->dir, *file).p);
    assert_int_equal(rmdir(f->dir), 0);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    FILE *to = fopen(arena_printf(f->mem, "%s/%s", f->dir, name).p, "w");

    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static struct str read_file(struct fixture *f, const char *name)
{
    char *p = arena_alloc(f->mem, 64 * KIB);
    FILE *from = fopen(arena_printf(f->mem, "%s/%s", f->dir, name).p, "r");
    size_t n;

    if (!from)
        return STR_NONE;
    n = fread(p, 1, 64 * KIB - 1, from);
    fclose(from);
    return (struct str){p, n};
}

/* Runs the tool over the named files of the folder; what it said, and its exit status. */
static struct str run(struct fixture *f, const char *files, int *out_status)
{
    const char *tools = getenv("TOOLS");
    char *said = arena_alloc(f->mem, 4 * KIB);
    FILE *from;
    size_t n;

    assert_non_null(tools); /* the build's folder of tools, set by Meson */
    from = popen(
        arena_printf(f->mem, "cd %s && %s/sqlgen out.h out.c %s 2>&1", f->dir, tools, files).p,
        "r");
    assert_non_null(from);
    n = fread(said, 1, 4 * KIB - 1, from);
    *out_status = pclose(from);
    return (struct str){said, n};
}

static const struct {
    const char *name, *text, *said;
} refused[] = {
    {"not ended",                 "\n-- :name a :read :one\nSELECT 1",                                  "a.sql:2: a is not ended by a ';'\n"                          },
    {"not ended before the next",
     "-- :name a :read :one\nSELECT 1\n-- :name b :read :one\nSELECT 2;",                               "a.sql:1: a is not ended by a ';'\n"                          },
    {"open quote",                "-- :name a :read :one\nSELECT 'x;",                                  "a.sql:2: the quote ' is not closed\n"                        },
    {"same name",                 "-- :name a :read :one\nSELECT 1;\n-- :name a :read :one\nSELECT 2;",
     "a.sql:3: a: the name is taken by a.sql:1\n"                                                                                                                     },
    {"gap",                       "-- :name a :read :one\nSELECT $1,\n$3;",                             "a.sql:3: $3 appears before $2\n"                             },
    {"descending",                "-- :name a :read :one\nSELECT $2, $1;",                              "a.sql:2: $2 appears before $1\n"                             },
    {"$0",                        "-- :name a :read :one\nSELECT $0;",                                  "a.sql:2: parameters are written $1, $2, $3\n"                },
    {"$name",                     "-- :name a :read :one\nSELECT $id;",                                 "a.sql:2: parameters are written $1, $2, $3\n"                },
    {"question mark",             "-- :name a :read :one\nSELECT ?;",
     "a.sql:2: parameters are written $1, and '?' is not for both engines\n"                                                                                          },
    {"reads by DELETE",           "-- :name a :read :one\n\nDELETE FROM t RETURNING id;",
     "a.sql:3: a is :read and must be a SELECT (or WITH … SELECT)\n"                                                                                                },
    {"writes by SELECT",          "-- :name a :write :one\nSELECT 1;",
     "a.sql:2: a is a SELECT: mark it :read, jobs may run those too\n"                                                                                                },
    {"reads for nothing",         "-- :name a :read :exec\nSELECT 1;",
     "a.sql:2: a is :read :exec, which has no effect\n"                                                                                                               },
    {"row of nothing",            "-- :name a :write :one\nDELETE FROM t;",
     "a.sql:2: a gives no row without RETURNING: mark it :exec\n"                                                                                                     },
    {"unread row",                "-- :name a :write :exec\nDELETE FROM t RETURNING id;",
     "a.sql:2: a is :exec and has RETURNING\n"                                                                                                                        },
    {"empty",                     "-- :name a :read :one\n-- only words\n;",                            "a.sql:1: a is empty\n"                                       },
    {"no mode",                   "-- :name a :one\nSELECT 1;",
     "a.sql:1: a: say :read or :write, then :one, :many or :exec\n"                                                                                                   },
    {"unknown mode",              "-- :name a :read :two\nSELECT 1;",
     "a.sql:1: a: say :read or :write, then :one, :many or :exec\n"                                                                                                   },
    {"upper case",                "-- :name A :read :one\nSELECT 1;",
     "a.sql:1: -- :name is followed by a name in lower case and digits\n"                                                                                             },
    {"no name",                   "SELECT 1;",                                                          "a.sql:1: text outside of a statement: -- :name comes first\n"},
    {"two under one name",        "-- :name a :read :one\nSELECT 1;\nSELECT 2;",
     "a.sql:3: text outside of a statement: -- :name comes first\n"                                                                                                   },
    {"pg alone",                  "-- :name a :pg\nSELECT 1;",
     "a.sql:1: a: one :pg block follows the statement itself\n"                                                                                                       },
    {"pg twice",
     "-- :name a :read :one\nSELECT 1;\n-- :name a :pg\nSELECT 2;\n-- :name a :pg\nSELECT 3;",          "a.sql:5: a: one :pg block follows the statement itself\n"    },
    {"pg with fewer",             "-- :name a :read :one\nSELECT $1, $2;\n-- :name a :pg\nSELECT $1;",
     "a.sql:4: a has another number of parameters in its :pg block\n"                                                                                                 },
    {"INSERT OR",                 "-- :name a :write :exec\nINSERT OR IGNORE INTO t (id) VALUES ($1);",
     "a.sql:2: INSERT OR …: only SQLite has it, write ON CONFLICT\n"                                                                                                },
    {"REPLACE",                   "-- :name a :write :exec\nREPLACE INTO t (id) VALUES ($1);",
     "a.sql:2: REPLACE INTO: only SQLite has it, write ON CONFLICT\n"                                                                                                 },
    {"rowid",                     "-- :name a :read :one\nSELECT rowid FROM t;",
     "a.sql:2: rowid: only SQLite has it\n"                                                                                                                           },
    {"clock",                     "-- :name a :read :one\nSELECT strftime('%s');",
     "a.sql:2: strftime: times are parameters, in ms\n"                                                                                                               },
    {"C comment",                 "-- :name a :read :one\nSELECT /* x */ 1;",                           "a.sql:2: comments start with --\n"                           },
    {"comment ender",             "-- :name a :read :one\n-- */ evil\nSELECT 1;",
     "a.sql:2: the comment would end the C comment it becomes\n"                                                                                                      },
};

static void wrong_statements_are_refused(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, refused) {
        struct str said;
        int status;

        write_file(f, "a.sql", row->text);
        said = run(f, "a.sql", &status);
        if (status == 0 || !str_eq(said, str_from(row->said)))
            fail_msg("%s: status %d, said: %.*s", row->name, status, STR_ARG(said));
        assert_row(row, read_file(f, "out.c").p == NULL);
    }
}

static const struct {
    const char *name, *file, *text, *said;
} bad_migrations[] = {
    {"starts at two",  "0002_b.sql", "SELECT 1;",                                                    "0002_b.sql:1: migration 1 is expected here\n"},
    {"not ended",      "0001_a.sql", "CREATE TABLE t (id BIGINT);\nCREATE TABLE u (id BIGINT)",
     "0001_a.sql:2: the last statement is not ended by a ';'\n"                                                                                    },
    {"empty",          "0001_a.sql", "-- nothing\n",
     "0001_a.sql:2: the last statement is not ended by a ';'\n"                                                                                    },
    {"parameter",      "0001_a.sql", "INSERT INTO t VALUES ($1);",
     "0001_a.sql:1: a migration has no parameters\n"                                                                                               },
    {"type",           "0001_a.sql", "CREATE TABLE t (\n id INTEGER);",
     "0001_a.sql:2: INTEGER: the types are BIGINT, TEXT and BYTEA\n"                                                                               },
    {"SQLite's no",    "0001_a.sql", "CREATE TABEL t;",
     "0001_a.sql:1: near \"TABEL\": syntax error\n"                                                                                                },
    {"a row of bytes", "0001_a.sql", "CREATE TABLE t (x BYTEA);\nINSERT INTO t (x) VALUES (x'00');",
     "0001_a.sql:1: after it, a row is left with a value that is neither a number nor a text\n"                                                    },
};

static void wrong_migrations_are_refused(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, bad_migrations) {
        struct str said;
        int status;

        write_file(f, row->file, row->text);
        said = run(f, row->file, &status);
        if (status == 0 || !str_eq(said, str_from(row->said)))
            fail_msg("%s: status %d, said: %.*s", row->name, status, STR_ARG(said));
    }
}

static void good_files_become_an_enum_and_a_table(void **state)
{
    struct fixture *f = *state;
    struct str h, c;
    int status;

    write_file(
        f, "b.sql",
        "-- About this file.\n\n-- :name take_one :write :one\n-- Takes; no row means too late.\n"
        "-- Second line.\nUPDATE t SET n = n - $1 -- why\n  WHERE id = $2 AND n > $1 AND s <> '$9; "
        "--'\n"
        "RETURNING n;\n-- :name take_one :pg\nUPDATE t SET x = '\"\\' WHERE $2 = $1 RETURNING "
        "n;\n");
    write_file(f, "0002_b.sql", "CREATE TABLE u (id BIGINT);\n");
    write_file(f, "0001_a.sql", "-- why\nCREATE TABLE t (id BIGINT, -- words\n  n BIGINT);\n");
    assert_str(run(f, "0002_b.sql b.sql 0001_a.sql", &status), STR(""));
    assert_int_equal(status, 0);
    h = read_file(f, "out.h");
    c = read_file(f, "out.c");
    assert_true(str_find_str(h, STR("    /* Takes; no row means too late.\n     * Second line.\n"
                                    "     * b.sql: :write :one, 2 parameters. */\n    Q_TAKE_ONE,\n"
                                    "    QUERY_COUNT,\n")) > 0);
    assert_true(
        str_find_str(
            c, STR("[Q_TAKE_ONE] = {\"take_one\", QUERY_WRITE, ROWS_ONE, 2,\n"
                   "        \"UPDATE t SET n = n - $1\\n\"\n"
                   "        \"  WHERE id = $2 AND n > $1 AND s <> '$9; --'\\n\"\n"
                   "        \"RETURNING n\",\n"
                   "        \"UPDATE t SET x = '\\\"\\\\' WHERE $2 = $1 RETURNING n\"},\n")) > 0);
    assert_true(str_find_str(c, STR("    {1, \"a\",\n        \"CREATE TABLE t (id BIGINT,\\n\"\n"
                                    "        \"  n BIGINT);\"},\n    {2, \"b\",\n")) > 0);
}

static void migrations_become_one_baseline(void **state)
{
    static const char want[] =
        "static const char baseline[] =\n"
        "        \"CREATE TABLE t (id BIGINT, s TEXT DEFAULT ';', n BIGINT,\\n\"\n"
        "        \"  UNIQUE (id));\\n\"\n"
        "        \"CREATE TABLE \\\"u\\\" (x BYTEA);\\n\"\n"
        "        \"CREATE INDEX t_n ON t (n);\\n\"\n"
        "        \"INSERT INTO t (id, s, n) VALUES (-1, 'it''s', NULL);\\n\";\n";
    struct fixture *f = *state;
    int status;

    write_file(f, "0001_a.sql",
               "CREATE TABLE t (id BIGINT, s TEXT DEFAULT ';',\n  UNIQUE (id));\n"
               "CREATE TABLE old (x BYTEA);\nCREATE INDEX t_n ON t (id);\n");
    write_file(f, "0002_b.sql",
               "ALTER TABLE t ADD COLUMN n BIGINT; -- why\nDROP INDEX t_n;\n"
               "CREATE INDEX t_n ON t (n);\nALTER TABLE old RENAME TO u;\n"
               "INSERT INTO t (id, s) VALUES (1, 'it''s');\nUPDATE t SET id = -1;\n");
    assert_str(run(f, "0001_a.sql 0002_b.sql", &status), STR(""));
    assert_int_equal(status, 0);
    if (str_find_str(read_file(f, "out.c"), str_from(want)) == STR_NPOS)
        fail_msg("%.*s", STR_ARG(read_file(f, "out.c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_statements_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_migrations_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(good_files_become_an_enum_and_a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(migrations_become_one_baseline, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_sqlgen", tests, NULL, NULL);
}
