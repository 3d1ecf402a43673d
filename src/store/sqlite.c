/*
 * sqlite.c: SQLite as a back end, and the only file that calls it.
 *
 * One connection writes and checkpoints: the writer's. Readers open the file read-only. That is
 * what group commit wants, and also the shield against the WAL-reset bug of SQLite 3.7.0 to 3.51.2,
 * which needs two connections that write or checkpoint at once. No memory map, for the same reason.
 *
 * Connections carry no mutex of their own: each belongs to one thread at a time.
 */
#include "base/mem.h"
#include "store/backend.h"
#include "store/dialect.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB_FILE "countersign.db"

enum { PATH_LEN_MAX = 4096, WRITER_BUSY_MS = 5000, READER_BUSY_MS = 1000, BACKUP_PAGES = 64 };

struct conn {
    sqlite3 *db;
    sqlite3_stmt *txn[TXN_VERBS];
};

struct backup {
    sqlite3 *copy;
    sqlite3_backup *progress;
};

/* ---- errors ---- */

/* What SQLite's last error means to a caller; constraint texts name columns, never values. */
static enum err refuse(struct ctx *cx, sqlite3 *db, const char *what)
{
    int code = sqlite3_extended_errcode(db);
    enum err e = ERR_INTERNAL;

    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
        code == SQLITE_CONSTRAINT_ROWID || code == SQLITE_CONSTRAINT_FOREIGNKEY)
        e = ERR_CONFLICT;
    else if ((code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED)
        e = ERR_BUSY;
    if (((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN) &&
        sqlite3_system_errno(db) != 0)
        return fail(cx, e, "%s%s%s: %s", what, *what ? ": " : "", sqlite3_errmsg(db),
                    strerrordesc_np(sqlite3_system_errno(db)));
    return fail(cx, e, "%s%s%s", what, *what ? ": " : "", sqlite3_errmsg(db));
}

static enum err run(struct ctx *cx, sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : refuse(cx, db, sql);
}

/* Runs a pragma that answers with a row, which must be `want`. */
static enum err run_expect(struct ctx *cx, sqlite3 *db, const char *sql, const char *want)
{
    sqlite3_stmt *st = NULL;
    enum err e = OK;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
        e = refuse(cx, db, sql);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), want) != 0)
        e = fail(cx, ERR_INTERNAL, "%s: %s instead of %s", sql,
                 (const char *)sqlite3_column_text(st, 0), want);
    sqlite3_finalize(st);
    return e;
}

/* ---- connections ---- */

static void configure_once(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a lock around every malloc, for figures unused */
    sqlite3_config(SQLITE_CONFIG_URI, 0);
}

static const char *const writer_pragmas[] = {
    "PRAGMA synchronous = FULL", /* an answered write survives a power cut */
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON", /* what is deleted is gone from the file */
    "PRAGMA cache_size = -2048", /* KiB */
    "PRAGMA journal_size_limit = 16777216",
};

static const char *const reader_pragmas[] = {
    "PRAGMA query_only = ON",
    "PRAGMA cache_size = -512",
};

static const char *const pragmas[] = {
    "PRAGMA trusted_schema = OFF", "PRAGMA mmap_size = 0",
    "PRAGMA temp_store = MEMORY", /* no copy of rows in /tmp */
};

static enum err configure(struct ctx *cx, sqlite3 *db, enum db_role role)
{
    enum err e;

    sqlite3_busy_timeout(db, role == DB_WRITER ? WRITER_BUSY_MS : READER_BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "typo" is not a text */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    EACH_ROW (sql, pragmas) {
        if ((e = run(cx, db, *sql)))
            return e;
    }
    if (role == DB_READER) {
        EACH_ROW (sql, reader_pragmas) {
            if ((e = run(cx, db, *sql)))
                return e;
        }
        return OK;
    }
    if ((e = run_expect(cx, db, "PRAGMA journal_mode = WAL", "wal")))
        return e;
    EACH_ROW (sql, writer_pragmas) {
        if ((e = run(cx, db, *sql)))
            return e;
    }
    return OK;
}

/* SQLite would make the file readable for all; -wal and -shm take their mode from it. */
static enum err make_private(struct ctx *cx, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && fchmod(fd, 0600) == 0;
    enum err e = ok ? OK : fail(cx, ERR_INTERNAL, "%s: %m", path);

    if (fd >= 0)
        close(fd); /* nothing has the database open yet, so no lock of ours is lost */
    return e;
}

static void disconnect(void *conn)
{
    struct conn *c = conn;

    for (size_t i = 0; i < TXN_VERBS; i++)
        sqlite3_finalize(c->txn[i]);
    if (c->db && !sqlite3_db_readonly(c->db, "main"))
        sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(c->db);
    mem_free(c);
}

static enum err connect_db(struct ctx *cx, const char *dir, enum db_role role, void **out_conn)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = role == DB_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    char path[PATH_LEN_MAX];
    struct conn *c;
    enum err e;

    pthread_once(&once, configure_once);
    if ((size_t)snprintf(path, sizeof(path), "%s/" DB_FILE, dir) >= sizeof(path))
        return fail(cx, ERR_INVALID, "data_dir: the path is too long");
    if (role == DB_WRITER && (e = make_private(cx, path)))
        return e;
    c = mem_alloc(sizeof(*c));
    if (sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) !=
        SQLITE_OK)
        e = fail(cx, ERR_INTERNAL, "%s: %s", path, sqlite3_errmsg(c->db));
    else
        e = configure(cx, c->db, role);
    if (e) {
        disconnect(c);
        return e;
    }
    *out_conn = c;
    return OK;
}

/* ---- transactions and scripts ---- */

static const char *const txn_sql[TXN_VERBS] = {
    [TXN_BEGIN_READ] = "BEGIN",
    [TXN_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [TXN_COMMIT] = "COMMIT",
    [TXN_ROLLBACK] = "ROLLBACK",
    [TXN_SAVEPOINT] = "SAVEPOINT j",
    [TXN_RELEASE] = "RELEASE j",
    [TXN_ROLLBACK_TO] = "ROLLBACK TO j",
};

static enum err run_verb(struct ctx *cx, struct conn *c, enum txn_verb verb)
{
    sqlite3_stmt **st = &c->txn[verb];
    enum err e = OK;

    if (!*st && sqlite3_prepare_v3(c->db, txn_sql[verb], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) !=
                    SQLITE_OK)
        return refuse(cx, c->db, txn_sql[verb]);
    if (sqlite3_step(*st) != SQLITE_DONE)
        e = refuse(cx, c->db, txn_sql[verb]);
    sqlite3_reset(*st);
    return e;
}

/* Rebuilding a table drops it, which would delete what refers to it: references are checked once,
 * at the end. (The pragma does nothing inside a transaction.) */
static enum err commit_schema(struct ctx *cx, struct conn *c)
{
    sqlite3_stmt *st = NULL;
    enum err e = OK;

    if (sqlite3_prepare_v2(c->db, "PRAGMA foreign_key_check", -1, &st, NULL) != SQLITE_OK)
        e = refuse(cx, c->db, "foreign_key_check");
    else if (sqlite3_step(st) == SQLITE_ROW)
        e = fail(cx, ERR_CONFLICT, "a row of %s refers to a row of %s that is not there",
                 (const char *)sqlite3_column_text(st, 0),
                 (const char *)sqlite3_column_text(st, 2));
    sqlite3_finalize(st);
    if (e || (e = run_verb(cx, c, TXN_COMMIT)))
        return e;
    sqlite3_db_release_memory(c->db); /* pages of every table: an idle server needs few of them */
    return run(cx, c->db, "PRAGMA foreign_keys = ON");
}

static enum err txn(struct ctx *cx, void *conn, enum txn_verb verb)
{
    struct conn *c = conn;
    enum err e;

    switch (verb) {
    case TXN_BEGIN_SCHEMA:
        if ((e = run(cx, c->db, "PRAGMA foreign_keys = OFF")))
            return e;
        return run_verb(cx, c, TXN_BEGIN_WRITE);
    case TXN_COMMIT_SCHEMA:
        return commit_schema(cx, c);
    case TXN_ROLLBACK: /* a full disk has done it already */
        return sqlite3_get_autocommit(c->db) ? OK : run_verb(cx, c, verb);
    case TXN_ROLLBACK_TO:
        if ((e = run_verb(cx, c, TXN_ROLLBACK_TO)))
            return e;
        return run_verb(cx, c, TXN_RELEASE);
    case TXN_BEGIN_READ:
    case TXN_BEGIN_WRITE:
    case TXN_COMMIT:
    case TXN_SAVEPOINT:
    case TXN_RELEASE:
        break;
    }
    return run_verb(cx, c, verb);
}

static enum err script(struct ctx *cx, void *conn, const char *sql)
{
    struct conn *c = conn;

    if (sqlite3_exec(c->db, dialect_sqlite(cx->mem, str_from(sql)), NULL, NULL, NULL) == SQLITE_OK)
        return OK;
    return refuse(cx, c->db, "script");
}

/* ---- statements ---- */

/* What is wrong with a statement that SQLite accepted, or NULL. */
static const char *contradiction(sqlite3_stmt *st, const struct query_def *def, const char *tail)
{
    if (tail[strspn(tail, " \n;")] != '\0')
        return "is more than one statement";
    if ((unsigned)sqlite3_bind_parameter_count(st) != def->param_count)
        return "has another number of parameters than sqlgen counted";
    if (!sqlite3_stmt_readonly(st) != (def->mode == QUERY_WRITE))
        return def->mode == QUERY_WRITE ? "is a :write that writes nothing"
                                        : "is a :read that writes";
    if ((sqlite3_column_count(st) > 0) != (def->rows != ROWS_EXEC))
        return def->rows == ROWS_EXEC ? "is an :exec that gives rows" : "gives no rows";
    return NULL;
}

static enum err prepare(struct ctx *cx, void *conn, const struct query_def *def, void **out_stmt)
{
    struct conn *c = conn;
    sqlite3_stmt *st = NULL;
    const char *tail, *wrong;

    if (sqlite3_prepare_v3(c->db, def->text, -1, SQLITE_PREPARE_PERSISTENT, &st, &tail) !=
        SQLITE_OK)
        return fail(cx, ERR_INTERNAL, "%s: %s", def->name, sqlite3_errmsg(c->db));
    if ((wrong = contradiction(st, def, tail))) {
        sqlite3_finalize(st);
        return fail(cx, ERR_INTERNAL, "%s: %s", def->name, wrong);
    }
    *out_stmt = st;
    return OK;
}

static void finalize(void *stmt)
{
    sqlite3_finalize(stmt);
}

/* An empty text is not NULL, whatever its pointer. */
static int bind_value(sqlite3_stmt *st, int i, const struct db_value *v)
{
    const char *p = v->s.p ? v->s.p : "";

    switch (v->type) {
    case DB_INT:
        return sqlite3_bind_int64(st, i, v->i);
    case DB_TEXT:
        return sqlite3_bind_text64(st, i, p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        return sqlite3_bind_blob64(st, i, p, v->s.n, SQLITE_STATIC);
    case DB_NULL:
        break;
    }
    return sqlite3_bind_null(st, i);
}

static enum err bind_args(struct ctx *cx, void *conn, void *stmt, const struct db_value *args,
                          size_t count)
{
    struct conn *c = conn;

    for (size_t i = 0; i < count; i++) {
        if (bind_value(stmt, (int)i + 1, &args[i]) != SQLITE_OK)
            return refuse(cx, c->db, "bind");
    }
    return OK;
}

static enum err step(struct ctx *cx, void *conn, void *stmt, bool *out_row)
{
    struct conn *c = conn;
    int code = sqlite3_step(stmt);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return refuse(cx, c->db, "");
    *out_row = code == SQLITE_ROW;
    return OK;
}

static void reset(void *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt); /* they point to memory of the caller */
}

static int64_t changes(void *conn)
{
    struct conn *c = conn;

    return sqlite3_changes64(c->db);
}

static unsigned col_count(void *stmt)
{
    return (unsigned)sqlite3_data_count(stmt);
}

static bool col_is_null(void *stmt, unsigned col)
{
    return sqlite3_column_type(stmt, (int)col) == SQLITE_NULL;
}

static int64_t col_int(void *stmt, unsigned col)
{
    return sqlite3_column_int64(stmt, (int)col);
}

static struct str col_bytes(void *stmt, unsigned col)
{
    const char *p = sqlite3_column_blob(stmt, (int)col);

    return (struct str){p, (size_t)sqlite3_column_bytes(stmt, (int)col)};
}

/* ---- check and backup ---- */

static enum err check(struct ctx *cx, void *conn)
{
    struct conn *c = conn;

    return run_expect(cx, c->db, "PRAGMA integrity_check(1)", "ok");
}

static void backup_end(void *backup)
{
    struct backup *b = backup;

    sqlite3_backup_finish(b->progress);
    sqlite3_close(b->copy);
    mem_free(b);
}

static enum err open_copy(struct ctx *cx, sqlite3 *from, const char *path, struct backup *b)
{
    enum err e;

    if (sqlite3_open_v2(path, &b->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return refuse(cx, b->copy, "backup");
    /* The caller gives the copy its name only when it is whole and on the disk: no journal. */
    if ((e = run(cx, b->copy, "PRAGMA journal_mode = OFF")) ||
        (e = run(cx, b->copy, "PRAGMA synchronous = OFF")))
        return e;
    b->progress = sqlite3_backup_init(b->copy, "main", from, "main");
    return b->progress ? OK : refuse(cx, b->copy, "backup");
}

static enum err backup_start(struct ctx *cx, void *conn, const char *path, void **out_backup)
{
    struct conn *c = conn;
    struct backup *b = mem_alloc(sizeof(*b));
    enum err e = open_copy(cx, c->db, path, b);

    if (e) {
        backup_end(b);
        return e;
    }
    *out_backup = b;
    return OK;
}

static enum err backup_step(struct ctx *cx, void *backup, bool *out_more)
{
    struct backup *b = backup;
    int code = sqlite3_backup_step(b->progress, BACKUP_PAGES);

    if (code != SQLITE_OK && code != SQLITE_DONE)
        return fail(cx, ERR_INTERNAL, "backup: %s", sqlite3_errstr(code));
    *out_more = code == SQLITE_OK;
    return OK;
}

const struct backend_ops sqlite_ops = {
    .name = "sqlite",
    .connect = connect_db,
    .disconnect = disconnect,
    .txn = txn,
    .script = script,
    .prepare = prepare,
    .finalize = finalize,
    .bind = bind_args,
    .step = step,
    .reset = reset,
    .changes = changes,
    .col_count = col_count,
    .col_is_null = col_is_null,
    .col_int = col_int,
    .col_bytes = col_bytes,
    .check = check,
    .backup_start = backup_start,
    .backup_step = backup_step,
    .backup_end = backup_end,
};
