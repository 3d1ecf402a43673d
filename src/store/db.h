/*
 * db.h: a handle, seen from inside the store. The functions that everybody calls are in store.h.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "store/backend.h"

struct db_stmt {
    struct db *db;
    const struct query_def *def;
    void *impl; /* the engine's; NULL until first used */
    bool open;  /* somebody is reading its rows */
};

struct db {
    const struct backend_ops *ops;
    const struct store_tables *tables;
    void *conn; /* owned */
    void *env;
    enum db_role role;
    struct db_stmt *stmts; /* tables->query_count */
    size_t open_count;     /* of them, being read */

    bool in_txn;
    /* A statement failed in this job; nothing but its end helps. SQLite would go on, PostgreSQL
     * would not: both behave like PostgreSQL. */
    bool failed;

    uint64_t *topics; /* notified in this batch */
    size_t topic_count, topic_cap;
    size_t topic_mark; /* those before it stay when the job fails */
};

/* Connects. *db is deinitialised with db_deinit, also after a failure. */
enum err db_init(struct ctx *cx, struct db *db, const struct backend_ops *ops,
                 const struct store_tables *tables, const char *dir, enum db_role role);
void db_deinit(struct db *db);
/* Other statements on the same connection. */
void db_use_tables(struct db *db, const struct store_tables *tables);
/* Prepares every statement of the tables once, so that a typo fails at start. */
enum err db_try_all(struct ctx *cx, struct db *db);

/* A transaction around jobs. */
enum err db_begin(struct ctx *cx, struct db *db, enum txn_verb begin);
enum err db_commit(struct ctx *cx, struct db *db, enum txn_verb commit);
void db_rollback(struct db *db);

/* Around one job, inside the transaction. db_job_end keeps or undoes the job's changes: *result is
 * what the job said and may become ERR_INTERNAL, with the reason in cx->why. The returned error
 * means that the whole transaction is lost. */
enum err db_job_begin(struct ctx *cx, struct db *db);
enum err db_job_end(struct ctx *cx, struct db *db, enum err *result);

/* Sorted, each once. */
size_t db_take_topics(struct db *db, const uint64_t **out);

#endif
