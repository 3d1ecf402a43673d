/*
 * db.c: handles and statements, the same for every engine: which statement may run where, one
 * reader of a statement at a time, savepoints around jobs, topics to wake after the commit.
 *
 * Misuse is an ERR_INTERNAL with the statement's name: a wrong number of parameters, a write on a
 * reader, rows asked of a statement that has none, a second start of a query that is being read.
 */
#include "store/db.h"
#include "base/mem.h"

#include <assert.h>

enum { TOPICS_LEAST = 16 };

/* ---- the handle ---- */

enum err db_init(struct ctx *cx, struct db *db, const struct backend_ops *ops,
                 const struct store_tables *tables, const char *dir, enum db_role role)
{
    *db = (struct db){.ops = ops, .role = role};
    db_use_tables(db, tables);
    return ops->connect(cx, dir, role, &db->conn);
}

static void forget_statements(struct db *db)
{
    for (size_t i = 0; db->stmts && i < db->tables->query_count; i++) {
        if (db->stmts[i].impl)
            db->ops->finalize(db->stmts[i].impl);
    }
    mem_free(db->stmts);
    db->stmts = NULL;
}

void db_use_tables(struct db *db, const struct store_tables *tables)
{
    forget_statements(db);
    db->tables = tables;
    db->stmts = mem_alloc(tables->query_count * sizeof(*db->stmts));
    for (size_t i = 0; i < tables->query_count; i++)
        db->stmts[i] = (struct db_stmt){.db = db, .def = &tables->queries[i]};
}

void db_deinit(struct db *db)
{
    forget_statements(db);
    mem_free(db->topics);
    if (db->conn)
        db->ops->disconnect(db->conn);
    *db = (struct db){0};
}

void db_close(struct db **db)
{
    if (!*db)
        return;
    db_deinit(*db);
    mem_free(*db);
    *db = NULL;
}

void *db_env(const struct db *db)
{
    return db->env;
}

static enum err prepare(struct ctx *cx, struct db_stmt *st)
{
    return st->impl ? OK : st->db->ops->prepare(cx, st->db->conn, st->def, &st->impl);
}

/* One after the other and not kept: all of them together would be a megabyte that an idle server
 * has no use for. */
enum err db_try_all(struct ctx *cx, struct db *db)
{
    enum err e;

    for (size_t i = 0; i < db->tables->query_count; i++) {
        if ((e = prepare(cx, &db->stmts[i])))
            return e;
        db->ops->finalize(db->stmts[i].impl);
        db->stmts[i].impl = NULL;
    }
    return OK;
}

/* ---- transactions ---- */

static void end_rows(struct db_stmt *st)
{
    if (!st->open)
        return;
    st->db->ops->reset(st->impl);
    st->open = false;
    st->db->open_count--;
}

/* Ends the reading of every statement; true if somebody had forgotten to. */
static bool end_all_rows(struct db *db)
{
    bool any = db->open_count > 0;

    for (size_t i = 0; db->open_count > 0 && i < db->tables->query_count; i++)
        end_rows(&db->stmts[i]);
    return any;
}

enum err db_begin(struct ctx *cx, struct db *db, enum txn_verb begin)
{
    enum err e = db->ops->txn(cx, db->conn, begin);

    db->in_txn = e == OK;
    db->failed = false;
    db->topic_count = db->topic_mark = 0;
    return e;
}

enum err db_commit(struct ctx *cx, struct db *db, enum txn_verb commit)
{
    enum err e = db->ops->txn(cx, db->conn, commit);

    if (!e)
        db->in_txn = false;
    return e;
}

void db_rollback(struct db *db)
{
    struct ctx cx = {0}; /* nobody to tell: the reason for rolling back is what matters */

    end_all_rows(db);
    (void)db->ops->txn(&cx, db->conn, TXN_ROLLBACK);
    db->in_txn = false;
    db->topic_count = 0;
}

enum err db_job_begin(struct ctx *cx, struct db *db)
{
    db->failed = false;
    db->topic_mark = db->topic_count;
    return db->ops->txn(cx, db->conn, TXN_SAVEPOINT);
}

enum err db_job_end(struct ctx *cx, struct db *db, enum err *result)
{
    bool forgotten = end_all_rows(db);

    if (*result == OK && db->failed)
        *result = fail(cx, ERR_INTERNAL, "store: the job went on after a statement had failed");
    else if (*result == OK && forgotten)
        *result = fail(cx, ERR_INTERNAL, "store: the job ended while it was reading rows");
    if (*result == OK)
        return db->ops->txn(cx, db->conn, TXN_RELEASE);
    db->topic_count = db->topic_mark;
    return db->ops->txn(cx, db->conn, TXN_ROLLBACK_TO);
}

enum err db_keep(struct ctx *cx, struct db *db)
{
    enum err e;

    if (db->role != DB_WRITER || !db->in_txn || db->failed)
        return fail(cx, ERR_INTERNAL, "db_keep: outside of a job, or after a failed statement");
    if (db->open_count > 0) /* SQLite releases no savepoint under a RETURNING that is being read */
        return fail(cx, ERR_INTERNAL, "db_keep: rows are being read, db_rows_end comes first");
    if ((e = db->ops->txn(cx, db->conn, TXN_RELEASE)) ||
        (e = db->ops->txn(cx, db->conn, TXN_SAVEPOINT))) {
        db->failed = true;
        return e;
    }
    db->topic_mark = db->topic_count;
    return OK;
}

enum err db_read_begin(struct ctx *cx, struct db *db)
{
    if (db->role != DB_READER || db->in_txn)
        return fail(cx, ERR_INTERNAL, "db_read_begin: not a reader, or begun already");
    return db_begin(cx, db, TXN_BEGIN_READ);
}

void db_read_end(struct db *db)
{
    if (db->in_txn)
        db_rollback(db); /* nothing was written */
}

/* ---- topics ---- */

void db_notify(struct db *db, uint64_t topic)
{
    if (db->topic_count == db->topic_cap) {
        db->topic_cap = MAX_OF(db->topic_cap * 2, (size_t)TOPICS_LEAST);
        db->topics = mem_grow(db->topics, db->topic_cap * sizeof(*db->topics));
    }
    db->topics[db->topic_count++] = topic;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

size_t db_take_topics(struct db *db, const uint64_t **out)
{
    size_t n = 0;

    if (db->topic_count > 1)
        qsort(db->topics, db->topic_count, sizeof(*db->topics), by_value);
    for (size_t i = 0; i < db->topic_count; i++) {
        if (n == 0 || db->topics[i] != db->topics[n - 1])
            db->topics[n++] = db->topics[i];
    }
    db->topic_count = 0;
    *out = db->topics;
    return n;
}

/* ---- statements ---- */

/* A failed statement ends its job (struct db); its name goes in front of the engine's words. */
static enum err failed(struct ctx *cx, struct db_stmt *st, enum err e)
{
    char why[CTX_WHY_MAX];

    st->db->failed = true;
    memcpy(why, cx->why, sizeof(why));
    return fail(cx, e, "%s: %s", st->def->name, why);
}

/* Text goes to PostgreSQL as UTF-8 without NUL; SQLite would take anything. */
static enum err check_args(struct ctx *cx, const struct query_def *def, const struct db_value *args,
                           size_t count)
{
    if (count != def->param_count)
        return fail(cx, ERR_INTERNAL, "%s: %zu parameters given, %u expected", def->name, count,
                    def->param_count);
    for (size_t i = 0; i < count; i++) {
        struct str s = args[i].s;

        if (args[i].type == DB_TEXT && (!str_is_utf8(s) || (s.n > 0 && memchr(s.p, '\0', s.n))))
            return fail(cx, ERR_INVALID, "%s: $%zu is not UTF-8 text", def->name, i + 1);
    }
    return OK;
}

/* Whether q may run on this handle now; *out is its statement, prepared and bound. */
static enum err start(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                      size_t count, struct db_stmt **out)
{
    struct db_stmt *st;
    enum err e;

    if ((size_t)q >= db->tables->query_count)
        return fail(cx, ERR_INTERNAL, "store: there is no statement %d", (int)q);
    st = &db->stmts[q];
    if (st->def->mode == QUERY_WRITE && db->role != DB_WRITER)
        return fail(cx, ERR_INTERNAL, "%s: a write, on a handle for reading", st->def->name);
    if (db->role == DB_WRITER && (!db->in_txn || db->failed))
        return fail(cx, ERR_INTERNAL, "%s: outside of a job, or after a failed statement",
                    st->def->name);
    if (st->open)
        return fail(cx, ERR_INTERNAL, "%s: is being read already", st->def->name);
    if ((e = check_args(cx, st->def, args, count)) || (e = prepare(cx, st)) ||
        (e = db->ops->bind(cx, db->conn, st->impl, args, count)))
        return e;
    *out = st;
    return OK;
}

enum err db_exec(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                 size_t count, int64_t *out_changes)
{
    struct db_stmt *st;
    bool row;
    enum err e;

    if ((e = start(cx, db, q, args, count, &st)))
        return e;
    if (st->def->rows != ROWS_EXEC) {
        db->ops->reset(st->impl);
        return fail(cx, ERR_INTERNAL, "%s: gives rows, db_exec does not read them", st->def->name);
    }
    if ((e = db->ops->step(cx, db->conn, st->impl, &row)))
        e = failed(cx, st, e);
    else if (out_changes)
        *out_changes = db->ops->changes(db->conn);
    db->ops->reset(st->impl);
    return e;
}

enum err db_exec_one(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                     size_t count)
{
    int64_t changes;
    enum err e;

    if ((e = db_exec(cx, db, q, args, count, &changes)))
        return e;
    if (changes == 1)
        return OK;
    if (changes == 0)
        return fail(cx, ERR_CONFLICT, "%s: no row changed", db->tables->queries[q].name);
    db->failed = true;
    return fail(cx, ERR_INTERNAL, "%s: %lld rows changed instead of one",
                db->tables->queries[q].name, (long long)changes);
}

/* The caller's texts live until its call returns, those of a query are needed for its steps too. */
static const struct db_value *copy_args(struct ctx *cx, const struct db_value *args, size_t count)
{
    struct db_value *copy = ARENA_ARRAY(cx->mem, struct db_value, count);

    for (size_t i = 0; i < count; i++) {
        copy[i] = args[i];
        if (args[i].type == DB_TEXT || args[i].type == DB_BLOB)
            copy[i].s = arena_str(cx->mem, args[i].s);
    }
    return copy;
}

enum err db_query(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                  size_t count, struct db_rows *out)
{
    struct db_stmt *st;
    enum err e;

    if ((e = start(cx, db, q, copy_args(cx, args, count), count, &st)))
        return e;
    if (st->def->rows == ROWS_EXEC) {
        db->ops->reset(st->impl);
        return fail(cx, ERR_INTERNAL, "%s: gives no rows", st->def->name);
    }
    st->open = true;
    db->open_count++;
    *out = (struct db_rows){.cx = cx, .impl = st};
    return OK;
}

enum err db_next(struct db_rows *rows, bool *more)
{
    struct db_stmt *st = rows->impl;
    enum err e;

    if (!st || !st->open)
        return fail(rows->cx, ERR_INTERNAL, "db_next: the rows were ended before");
    if ((e = st->db->ops->step(rows->cx, st->db->conn, st->impl, more)))
        return failed(rows->cx, st, e);
    return OK;
}

enum err db_one(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                size_t count, struct db_rows *out)
{
    struct db_rows rows;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, q, args, count, &rows)))
        return e;
    if (db->tables->queries[q].rows != ROWS_ONE)
        e = fail(cx, ERR_INTERNAL, "%s: gives many rows", db->tables->queries[q].name);
    else if (!(e = db_next(&rows, &more)) && !more)
        e = ERR_NOT_FOUND;
    if (e)
        db_rows_end(&rows);
    else
        *out = rows;
    return e;
}

void db_rows_end(struct db_rows *rows)
{
    struct db_stmt *st = rows->impl;

    if (st)
        end_rows(st);
    rows->impl = NULL;
}

/* ---- columns ---- */

static struct db_stmt *row_of(const struct db_rows *rows, unsigned col)
{
    struct db_stmt *st = rows->impl;

    assert(st && st->open && col < st->db->ops->col_count(st->impl));
    return st;
}

bool db_col_is_null(const struct db_rows *rows, unsigned col)
{
    struct db_stmt *st = row_of(rows, col);

    return st->db->ops->col_is_null(st->impl, col);
}

int64_t db_col_int(const struct db_rows *rows, unsigned col)
{
    struct db_stmt *st = row_of(rows, col);

    return st->db->ops->col_int(st->impl, col);
}

struct str db_col_text(const struct db_rows *rows, unsigned col)
{
    struct db_stmt *st = row_of(rows, col);

    return arena_str(rows->cx->mem, st->db->ops->col_bytes(st->impl, col));
}

struct bytes db_col_blob(const struct db_rows *rows, unsigned col)
{
    return str_bytes(db_col_text(rows, col));
}
