/*
 * backend.h: what a database engine does for the store. sqlite.c is one; PostgreSQL will be
 * another.
 *
 * A connection belongs to one thread at a time. Every function that can fail leaves its sentence in
 * cx->why. The rules (who may run what, savepoints, group commit, migrations) live above, in db.c,
 * writer.c and migrate.c, so that every engine keeps them alike.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/tables.h"

enum db_role { DB_READER, DB_WRITER };

enum txn_verb {
    TXN_BEGIN_READ,
    TXN_BEGIN_WRITE,
    TXN_BEGIN_SCHEMA, /* for a migration: may drop and rebuild tables that others refer to */
    TXN_COMMIT,
    TXN_COMMIT_SCHEMA, /* refuses when a reference points nowhere */
    TXN_ROLLBACK,      /* fine without a transaction */
    TXN_SAVEPOINT,
    TXN_RELEASE,
    TXN_ROLLBACK_TO, /* and forgets the savepoint */
};
enum { TXN_VERBS = TXN_ROLLBACK_TO + 1 };

struct backend_ops {
    const char *name;
    /* dir is the data folder. The writer connects first and makes the database. */
    enum err (*connect)(struct ctx *cx, const char *dir, enum db_role role, void **out_conn);
    void (*disconnect)(void *conn);

    enum err (*txn)(struct ctx *cx, void *conn, enum txn_verb verb);
    /* Runs several statements without parameters or rows, in PostgreSQL's words. */
    enum err (*script)(struct ctx *cx, void *conn, const char *sql);

    /* Refuses a text that does not do what its def says. */
    enum err (*prepare)(struct ctx *cx, void *conn, const struct query_def *def, void **out_stmt);
    void (*finalize)(void *stmt);
    /* args are as many as the statement has parameters, and live until reset. */
    enum err (*bind)(struct ctx *cx, void *conn, void *stmt, const struct db_value *args,
                     size_t count);
    enum err (*step)(struct ctx *cx, void *conn, void *stmt, bool *out_row);
    void (*reset)(void *stmt);
    int64_t (*changes)(void *conn); /* rows changed by the last statement */

    /* Of the row that step came to. */
    unsigned (*col_count)(void *stmt);
    bool (*col_is_null)(void *stmt, unsigned col);
    int64_t (*col_int)(void *stmt, unsigned col);
    struct str (*col_bytes)(void *stmt, unsigned col); /* until the next step or reset */

    /* The engine's own check of everything it stored. */
    enum err (*check)(struct ctx *cx, void *conn);

    /* A copy of the writer's database into the empty file at path, a slice a step, outside of
     * transactions; what the writer changes meanwhile is in the copy too. */
    enum err (*backup_start)(struct ctx *cx, void *conn, const char *path, void **out_backup);
    enum err (*backup_step)(struct ctx *cx, void *backup, bool *out_more);
    void (*backup_end)(void *backup);
};

extern const struct backend_ops sqlite_ops;

#endif
