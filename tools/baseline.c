/* baseline.c: see baseline.h. */
#include "baseline.h"
#include "base/mem.h"

#include <sqlite3.h>

struct baseline {
    sqlite3 *db;
};

struct baseline *baseline_new(void)
{
    struct baseline *b = mem_alloc(sizeof(*b));

    sqlite3_open(":memory:", &b->db); /* a failure shows in the first migration */
    sqlite3_db_config(b->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    return b;
}

void baseline_free(struct baseline **b)
{
    if (!*b)
        return;
    sqlite3_close((*b)->db);
    mem_free(*b);
    *b = NULL;
}

const char *baseline_migrate(struct baseline *b, const char *sql)
{
    return sqlite3_exec(b->db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : sqlite3_errmsg(b->db);
}

/* Whether there was a row. *why tells of a failure. */
static bool next_row(struct baseline *b, sqlite3_stmt *st, const char **why)
{
    int code = sqlite3_step(st);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        *why = sqlite3_errmsg(b->db);
    return code == SQLITE_ROW;
}

static struct str column(sqlite3_stmt *st, int i)
{
    return str_from((const char *)sqlite3_column_text(st, i));
}

/* NULL, or why the value has no words that both engines take. */
static const char *print_value(sqlite3_stmt *st, int i, struct buf *out)
{
    char *quoted;

    switch (sqlite3_column_type(st, i)) {
    case SQLITE_NULL:
        buf_add(out, STR("NULL"));
        return NULL;
    case SQLITE_INTEGER:
        buf_add(out, column(st, i));
        return NULL;
    case SQLITE_TEXT:
        quoted = sqlite3_mprintf("%Q", sqlite3_column_text(st, i));
        buf_add(out, str_from(quoted));
        sqlite3_free(quoted);
        return NULL;
    default:
        return "a row is left with a value that is neither a number nor a text";
    }
}

static const char *print_row(sqlite3_stmt *st, struct str table, struct buf *out)
{
    const char *why = NULL;

    buf_addf(out, "INSERT INTO %.*s", STR_ARG(table));
    for (int i = 0; i < sqlite3_column_count(st); i++)
        buf_addf(out, "%s%s", i == 0 ? " (" : ", ", sqlite3_column_name(st, i));
    for (int i = 0; i < sqlite3_column_count(st) && !why; i++) {
        buf_add(out, i == 0 ? STR(") VALUES (") : STR(", "));
        why = print_value(st, i, out);
    }
    buf_add(out, STR(");\n"));
    return why;
}

static const char *print_rows(struct baseline *b, struct str table, struct buf *out)
{
    char *sql = sqlite3_mprintf("SELECT * FROM %.*s", (int)table.n, table.p);
    sqlite3_stmt *st = NULL;
    const char *why = NULL;

    if (sqlite3_prepare_v2(b->db, sql, -1, &st, NULL) != SQLITE_OK)
        why = sqlite3_errmsg(b->db);
    while (!why && next_row(b, st, &why))
        why = print_row(st, table, out);
    sqlite3_finalize(st);
    sqlite3_free(sql);
    return why;
}

const char *baseline_print(struct baseline *b, struct buf *out)
{
    static const char sql[] = "SELECT name, sql || ';', type FROM sqlite_schema"
                              " WHERE sql IS NOT NULL ORDER BY rowid";
    sqlite3_stmt *st = NULL;
    const char *why = NULL;

    if (sqlite3_prepare_v2(b->db, sql, -1, &st, NULL) != SQLITE_OK)
        return sqlite3_errmsg(b->db);
    while (!why && next_row(b, st, &why))
        buf_addf(out, "%.*s\n", STR_ARG(column(st, 1)));
    sqlite3_reset(st);
    while (!why && next_row(b, st, &why)) {
        if (str_eq(column(st, 2), STR("table")))
            why = print_rows(b, column(st, 0), out);
    }
    sqlite3_finalize(st);
    return why;
}
