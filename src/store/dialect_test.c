/* dialect_test.c: words change, texts and names do not. */
#include "base/unit.h"

#include "store/dialect.h"

static const struct {
    const char *name, *pg, *sqlite;
} rows[] = {
    {"table",          "CREATE TABLE t (id BIGINT PRIMARY KEY, b BYTEA NOT NULL);",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT;"                                                  },
    {"lower case",     "create table t (id bigint);",                               "create table t (id INTEGER) STRICT;"},
    {"two tables",     "CREATE TABLE a (x TEXT);\nCREATE TABLE b (y TEXT);",
     "CREATE TABLE a (x TEXT) STRICT;\nCREATE TABLE b (y TEXT) STRICT;"                                                  },
    {"quotes",         "INSERT INTO t VALUES ('BIGINT; it''s BYTEA', \"BYTEA\");",
     "INSERT INTO t VALUES ('BIGINT; it''s BYTEA', \"BYTEA\");"                                                          },
    {"part of a name", "CREATE INDEX bigint_x ON t (my_bytea);",
     "CREATE INDEX bigint_x ON t (my_bytea);"                                                                            },
    {"column",         "ALTER TABLE t ADD COLUMN c BIGINT;",                        "ALTER TABLE t ADD COLUMN c INTEGER;"},
    {"if not exists",  "CREATE TABLE IF NOT EXISTS t (x TEXT);",
     "CREATE TABLE IF NOT EXISTS t (x TEXT) STRICT;"                                                                     },
    {"open quote",     "SELECT 'BIGINT",                                            "SELECT 'BIGINT"                     },
    {"empty",          "",                                                          ""                                   },
};

static void texts_are_translated(void **state)
{
    struct arena *mem = arena_new();

    (void)state;
    EACH_ROW (row, rows)
        assert_string_equal(dialect_sqlite(mem, str_from(row->pg)), row->sqlite);
    arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_translated)};

    return cmocka_run_group_tests_name("store_dialect", tests, NULL, NULL);
}
