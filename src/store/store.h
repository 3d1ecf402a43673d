/*
 * store.h: the database behind the rules. Nobody above sees SQL text, SQLite or PostgreSQL.
 *
 * All statements are declared in sql/query/ and compiled in by tools/sqlgen (store/queries.h);
 * every one is prepared when the store opens, so a typo fails at start. Reads go through a
 * read-only handle that belongs to one thread. Writes are jobs: the writer takes what is queued,
 * runs each job inside a savepoint of its own, commits once, and only then tells the jobs that they
 * are done.
 *
 * One process owns a SQLite store: an exclusive lock on DATA_DIR/store.lock refuses the second.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/ctx.h"
#include "base/str.h"
#include "store/queries.h" /* generated: enum query */

struct store; /* the open database: writer thread, lock, prepared statements */
struct db;    /* a handle for one thread: read-only, or the writer inside a job */

/* ---- opening ---- */

struct store_conf {
    struct str data_dir; /* SQLite: countersign.db, -wal, store.lock are in it */
    struct str database; /* empty = SQLite; postgresql://… is a later back end */
    unsigned queue_max;  /* jobs waiting, 0 = 4096; beyond it store_submit says ERR_BUSY */
    unsigned batch_max;  /* jobs per COMMIT, 0 = 256 */
    void *env;           /* what db_env gives back from every handle: core's keys and settings */
    /* Called on the writer thread after a COMMIT with the topics that its jobs notified. */
    void (*on_notify)(void *arg, const uint64_t *topics, size_t count);
    void *arg;
};

/* Opens, locks, migrates and prepares. ERR_BUSY: another process has the lock. ERR_CONFLICT: the
 * schema is newer than this binary. *out is the caller's. */
enum err store_open(struct ctx *cx, const struct store_conf *conf, struct store **out);
/* Finishes what is queued, checkpoints, closes, unlocks. */
void store_close(struct store **store);
int store_schema_version(const struct store *store);
/* May be set until the first job is submitted. */
void store_on_notify(struct store *store, void (*fn)(void *, const uint64_t *, size_t), void *arg);
/* A consistent copy of the whole database in `path`, while the store goes on. The name appears when
 * the copy is whole and on the disk (until then: path.part). Waits: never for a loop. ERR_CONFLICT:
 * path exists. ERR_BUSY: another backup runs. */
enum err store_backup(struct ctx *cx, struct store *store, struct str path);

/* Lets the engine check all it has stored (SQLite: integrity_check). Waits. */
enum err store_check(struct ctx *cx, struct store *store);

/* ---- writing ---- */

struct store_job {
    struct store_job *next; /* the store's while queued */
    const char *why; /* in done: the reason, where the store itself failed the job; else NULL */
    /* On the writer thread, inside a transaction. An error rolls back what came after the last
     * db_keep. Once a statement has failed (say, on a UNIQUE constraint), all that helps is to
     * return: further statements are refused, as PostgreSQL does; ON CONFLICT avoids it. May run
     * again from the start (serialization failure), so it sets its outputs anew. */
    enum err (*run)(struct store_job *job, struct db *db);
    /* On the writer thread, after COMMIT with run's result, or with ERR_INTERNAL when it failed. */
    void (*done)(struct store_job *job, enum err result);
};

/* Queues the job; it stays the caller's and must live until done. ERR_BUSY: queue full, done is not
 * called. Callable from every thread. */
enum err store_submit(struct store *store, struct store_job *job) MUST_USE;

/* Runs fn as a job and waits for its COMMIT: for start-up, the CLI and tests, never for a loop. */
enum err store_run(struct ctx *cx, struct store *store,
                   enum err (*fn)(struct ctx *cx, struct db *db, void *arg), void *arg);

/* What was written so far stays, even when this job fails later: attempts are counted this way. End
 * all rows first. */
enum err db_keep(struct ctx *cx, struct db *db);
/* After COMMIT, wakes whoever waits for topic, on every node. Dropped if the job rolls back. */
void db_notify(struct db *db, uint64_t topic);

/* The env of store_conf. */
void *db_env(const struct db *db);

/* ---- reading ---- */

enum err store_reader_open(struct ctx *cx, struct store *store, struct db **out);
void db_close(struct db **db); /* a reader's */
/* Brackets one request, so that all its reads see one state. */
enum err db_read_begin(struct ctx *cx, struct db *db);
void db_read_end(struct db *db);

/* ---- statements ---- */

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };

struct db_value {
    enum db_type type;
    int64_t i;
    struct str s; /* DB_TEXT and DB_BLOB; lives until the call returns */
};

static inline struct db_value db_int(int64_t i)
{
    return (struct db_value){.type = DB_INT, .i = i};
}
static inline struct db_value db_text(struct str s)
{
    return (struct db_value){.type = DB_TEXT, .s = s};
}
static inline struct db_value db_blob(struct bytes b)
{
    return (struct db_value){.type = DB_BLOB, .s = bytes_str(b)};
}
static inline struct db_value db_null(void)
{
    return (struct db_value){.type = DB_NULL};
}
/* NULL when empty / zero: for columns where absent is NULL. */
static inline struct db_value db_opt_text(struct str s)
{
    return s.n ? db_text(s) : db_null();
}
static inline struct db_value db_opt_int(int64_t i)
{
    return i ? db_int(i) : db_null();
}

/* DB_ARGS(db_int(1), db_text(s)) expands to the two arguments `args, count`. */
#define DB_ARGS(...)                                                                               \
    ((const struct db_value[]){__VA_ARGS__}),                                                      \
        (sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

/* A result being read. Place it with OWN(db_rows_end) struct db_rows r = {0}; */
struct db_rows {
    struct ctx *cx;
    void *impl;
};

/* Runs a statement that gives no rows. *out_changes (may be NULL) is the number of rows changed.
 * ERR_CONFLICT: a UNIQUE or foreign key constraint refused it. */
enum err db_exec(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                 size_t count, int64_t *out_changes) MUST_USE;
/* Exactly one row must change: ERR_CONFLICT when none did (a conditional UPDATE that lost). */
enum err db_exec_one(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                     size_t count) MUST_USE;
/* Starts a query. The same query cannot be started twice at once on one handle. */
enum err db_query(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                  size_t count, struct db_rows *out) MUST_USE;
/* Steps to the next row; *more is false behind the last. */
enum err db_next(struct db_rows *rows, bool *more) MUST_USE;
/* db_query and the first row. ERR_NOT_FOUND (no text in cx->why) when there is none. */
enum err db_one(struct ctx *cx, struct db *db, enum query q, const struct db_value *args,
                size_t count, struct db_rows *out) MUST_USE;
void db_rows_end(struct db_rows *rows); /* NULL-safe, twice is fine */

/* Columns of the present row, from 0. Text and blobs are copied into cx->mem. NULL reads as 0 or
 * empty; db_col_is_null tells. */
int64_t db_col_int(const struct db_rows *rows, unsigned col);
struct str db_col_text(const struct db_rows *rows, unsigned col);
struct bytes db_col_blob(const struct db_rows *rows, unsigned col);
bool db_col_is_null(const struct db_rows *rows, unsigned col);

#endif
