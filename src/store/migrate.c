/*
 * migrate.c: see migrate.h. It runs before any other statement is prepared, with the few statements
 * below: the tables they use are the store's, not a migration's.
 */
#include "store/migrate.h"

#include <ctype.h>
#include <inttypes.h>

static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
    " checksum TEXT NOT NULL, applied_at_ms BIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS store_meta (key TEXT PRIMARY KEY, value BYTEA NOT NULL);";

enum { LIST, RECORD };

static const struct query_def own_queries[] = {
    [LIST] = {"migration_list",   QUERY_READ,  ROWS_MANY, 0,
              "SELECT number, name, checksum FROM schema_migration ORDER BY number", NULL},
    [RECORD] = {"migration_record", QUERY_WRITE, ROWS_EXEC, 4,
              "INSERT INTO schema_migration (number, name, checksum, applied_at_ms)"
                " VALUES ($1, $2, $3, $4)",                                          NULL},
};

static const struct store_tables own = {own_queries, COUNT_OF(own_queries), NULL, 0};

/* 64-bit FNV-1a over what is not white space, so that a text may be laid out anew. It guards
 * against an edit by mistake, not against malice. */
static struct str checksum(struct arena *mem, const char *text)
{
    uint64_t h = 0xcbf29ce484222325;

    for (; *text; text++) {
        if (!isspace((unsigned char)*text))
            h = (h ^ (unsigned char)*text) * 0x100000001b3;
    }
    return arena_printf(mem, "%016" PRIx64, h);
}

/* Compares what was applied with what this program knows; *out is how many there are. */
static enum err check_applied(struct ctx *cx, struct db *db, const struct store_tables *tables,
                              size_t *out)
{
    OWN(db_rows_end) struct db_rows rows = {0};
    size_t n = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, (enum query)LIST, DB_NO_ARGS, &rows)))
        return e;
    while (!(e = db_next(&rows, &more)) && more) {
        const struct migration *m = &tables->migrations[n];

        if (n == tables->migration_count)
            return fail(cx, ERR_CONFLICT,
                        "the database has migration %d (%s), this program knows %zu: it is older "
                        "than the one that ran last; use a newer one",
                        (int)db_col_int(&rows, 0), db_col_text(&rows, 1).p,
                        tables->migration_count);
        if (db_col_int(&rows, 0) != m->number)
            return fail(cx, ERR_CONFLICT, "the database lacks migration %d but has a later one",
                        m->number);
        if (!str_eq(db_col_text(&rows, 2), checksum(cx->mem, m->text)))
            return fail(cx, ERR_CONFLICT,
                        "migration %04d_%s was changed after it had been applied: restore its text "
                        "and add a new one",
                        m->number, m->name);
        n++;
    }
    if (!e)
        *out = n;
    return e;
}

static enum err record(struct ctx *cx, struct db *db, const struct migration *m)
{
    return db_exec_one(cx, db, (enum query)RECORD,
                       DB_ARGS(db_int(m->number), db_text(str_from(m->name)),
                               db_text(checksum(cx->mem, m->text)), db_int(cx->now_ms)));
}

static enum err apply(struct ctx *cx, struct db *db, const struct migration *m)
{
    enum err e;

    if ((e = db_begin(cx, db, TXN_BEGIN_SCHEMA)))
        return e;
    if ((e = db->ops->script(cx, db->conn, m->text)) || (e = record(cx, db, m)) ||
        (e = db_commit(cx, db, TXN_COMMIT_SCHEMA))) {
        char why[CTX_WHY_MAX];

        db_rollback(db);
        memcpy(why, cx->why, sizeof(why));
        return fail(cx, e, "migration %04d_%s: %s", m->number, m->name, why);
    }
    return OK;
}

static enum err apply_baseline(struct ctx *cx, struct db *db, const struct store_tables *tables)
{
    enum err e = db->ops->script(cx, db->conn, tables->baseline);

    for (size_t i = 0; i < tables->migration_count && !e; i++)
        e = record(cx, db, &tables->migrations[i]);
    return e;
}

/* In one transaction, so that a store that was cut short while it was made is an empty one. */
static enum err open_history(struct ctx *cx, struct db *db, const struct store_tables *tables,
                             size_t *out_applied)
{
    size_t applied = 0;
    enum err e;

    if ((e = db_begin(cx, db, TXN_BEGIN_SCHEMA)))
        return e;
    if (!(e = db->ops->script(cx, db->conn, own_tables)) &&
        !(e = check_applied(cx, db, tables, &applied)) && applied == 0 && tables->baseline) {
        e = apply_baseline(cx, db, tables);
        applied = tables->migration_count;
    }
    if (e || (e = db_commit(cx, db, TXN_COMMIT_SCHEMA))) {
        db_rollback(db);
        return e;
    }
    *out_applied = applied;
    return OK;
}

static enum err apply_missing(struct ctx *cx, struct db *db, const struct store_tables *tables)
{
    size_t applied = 0;
    enum err e = open_history(cx, db, tables, &applied);

    for (size_t i = applied; i < tables->migration_count && !e; i++)
        e = apply(cx, db, &tables->migrations[i]);
    return e;
}

enum err migrate(struct ctx *cx, struct db *db, int *out_version)
{
    const struct store_tables *tables = db->tables;
    enum err e;

    db_use_tables(db, &own);
    e = apply_missing(cx, db, tables);
    db_use_tables(db, tables);
    if (!e)
        *out_version = (int)tables->migration_count;
    return e;
}
