/*
 * fixture.h: what the store's tests share: a folder of their own, tables and statements of their
 * own (no test leans on the real schema), and jobs that tell when they are done. Only *_test.c and
 * contract.h include it.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "base/unit.h"
#include "store/tables.h"

#include <pthread.h>
#include <unistd.h>

enum {
    T_ITEM_ADD,
    T_ITEM_GET,
    T_ITEM_LIST,
    T_ITEM_COUNT,
    T_ITEM_TAKE,
    T_ITEM_BUMP,
    T_ITEM_ZERO,
    T_CHILD_ADD,
    T_CHILD_COUNT,
    T_LATE_ADD,
    T_COUNT,
};

static const struct query_def test_queries[T_COUNT] = {
    [T_ITEM_ADD] = {"item_add",    QUERY_WRITE, ROWS_EXEC, 4,
                    "INSERT INTO item (id, name, count, data) VALUES ($1, $2, $3, $4)",          NULL},
    [T_ITEM_GET] = {"item_get",    QUERY_READ,  ROWS_ONE,  1,
                    "SELECT id, name, count, data FROM item WHERE id = $1",                      NULL},
    [T_ITEM_LIST] = {"item_list",   QUERY_READ,  ROWS_MANY, 0, "SELECT id FROM item ORDER BY id",
                    NULL                                                                             },
    [T_ITEM_COUNT] = {"item_count",  QUERY_READ,  ROWS_ONE,  0, "SELECT COUNT(*) FROM item",       NULL},
    [T_ITEM_TAKE] = {"item_take",   QUERY_WRITE, ROWS_EXEC, 1,
                    "UPDATE item SET count = count - 1 WHERE id = $1 AND count > 0",             NULL},
    [T_ITEM_BUMP] = {"item_bump",   QUERY_WRITE, ROWS_ONE,  1,
                    "UPDATE item SET count = count + 1 WHERE id = $1 RETURNING count",           NULL},
    [T_ITEM_ZERO] = {"item_zero",   QUERY_WRITE, ROWS_EXEC, 0, "UPDATE item SET count = 0",       NULL},
    [T_CHILD_ADD] = {"child_add",   QUERY_WRITE, ROWS_EXEC, 2,
                    "INSERT INTO child (id, item_id) VALUES ($1, $2)",                           NULL},
    [T_CHILD_COUNT] = {"child_count", QUERY_READ,  ROWS_ONE,  0, "SELECT COUNT(*) FROM child",      NULL},
    [T_LATE_ADD] = {"late_add",    QUERY_WRITE, ROWS_EXEC, 2,
                    "INSERT INTO late (id, item_id) VALUES ($1, $2)",                            NULL},
};

static const struct migration test_migrations[] = {
    {1, "items",
     "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, count BIGINT NOT NULL,"
     " data BYTEA);"                   },
    {2, "children",
     "CREATE TABLE child (id BIGINT PRIMARY KEY, item_id BIGINT NOT NULL REFERENCES item (id));"
     "CREATE TABLE late (id BIGINT PRIMARY KEY, item_id BIGINT NOT NULL REFERENCES item (id)"
     " DEFERRABLE INITIALLY DEFERRED);"},
};

static const struct store_tables test_tables = {test_queries, T_COUNT, test_migrations,
                                                COUNT_OF(test_migrations)};

#define Q(t) ((enum query)(t))

/* ---- a folder and a store in it ---- */

struct fixture {
    struct arena *mem;
    struct ctx cx;
    char dir[64];
    struct store_conf conf;
    struct store *store;
    struct db *reader;
};

static inline void fixture_folder(struct fixture *f)
{
    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    snprintf(f->dir, sizeof(f->dir), "/tmp/store_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->conf = (struct store_conf){.data_dir = str_from(f->dir), .queue_max = 1000, .batch_max = 64};
}

#define assert_ok(f, call)                                                                         \
    do {                                                                                           \
        enum err ok_ = (call);                                                                     \
        if (ok_)                                                                                   \
            fail_msg("%s:%d: %s: %s: %s", __FILE__, __LINE__, #call, err_name(ok_), (f)->cx.why);  \
    } while (0)

/* The error and a part of its sentence. */
#define assert_fails(f, call, want, part)                                                          \
    do {                                                                                           \
        enum err got_ = (call);                                                                    \
        if (got_ != (want) || !strstr((f)->cx.why, part))                                          \
            fail_msg("%s:%d: %s: got %s: %s", __FILE__, __LINE__, #call, err_name(got_),           \
                     (f)->cx.why);                                                                 \
    } while (0)

static inline void fixture_open(struct fixture *f)
{
    assert_ok(f, store_open_tables(&f->cx, &f->conf, &test_tables, &f->store));
    assert_ok(f, store_reader_open(&f->cx, f->store, &f->reader));
}

static inline void fixture_close(struct fixture *f)
{
    db_close(&f->reader);
    store_close(&f->store);
}

static inline void fixture_remove(struct fixture *f)
{
    static const char *const files[] = {"countersign.db", "countersign.db-wal",
                                        "countersign.db-shm", "store.lock"};

    fixture_close(f);
    EACH_ROW (file, files)
        unlink(arena_printf(f->mem, "%s/%s", f->dir, *file).p);
    if (rmdir(f->dir) != 0) /* what a test made it removes: a file left over is a finding */
        fail_msg("%s: something was left behind", f->dir);
    arena_free(&f->mem);
}

static inline int setup_open(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    fixture_folder(f);
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int setup_folder(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    fixture_folder(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    fixture_remove(*state);
    free(*state);
    return 0;
}

#define IN_STORE(test)  cmocka_unit_test_setup_teardown(test, setup_open, teardown)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup_folder, teardown)

/* ---- what tests say often ---- */

static inline enum err item_add(struct ctx *cx, struct db *db, int64_t id)
{
    struct str name = arena_printf(cx->mem, "item %lld", (long long)id);

    return db_exec_one(cx, db, Q(T_ITEM_ADD),
                       DB_ARGS(db_int(id), db_text(name), db_int(0), db_null()));
}

static inline int64_t count_of(struct fixture *f, int query)
{
    struct db_rows rows = {0};
    int64_t n;

    assert_ok(f, db_one(&f->cx, f->reader, Q(query), DB_NO_ARGS, &rows));
    n = db_col_int(&rows, 0);
    db_rows_end(&rows);
    return n;
}

static inline bool item_is_there(struct fixture *f, int64_t id)
{
    struct db_rows rows = {0};
    enum err e = db_one(&f->cx, f->reader, Q(T_ITEM_GET), DB_ARGS(db_int(id)), &rows);

    db_rows_end(&rows);
    assert_true(e == OK || e == ERR_NOT_FOUND);
    return e == OK;
}

/* ---- jobs ---- */

/* Opens once; threads wait before it. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count; /* times it was passed or bumped */
};

#define GATE_CLOSED                                                                                \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0                                     \
    }

static inline void gate_bump(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->count++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static inline unsigned gate_count(struct gate *g)
{
    unsigned count;

    pthread_mutex_lock(&g->lock);
    count = g->count;
    pthread_mutex_unlock(&g->lock);
    return count;
}

static inline void gate_wait(struct gate *g, unsigned count)
{
    pthread_mutex_lock(&g->lock);
    while (g->count < count)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

/* A job of a test: runs fn with its own ctx, remembers the result, bumps `over`. */
struct test_job {
    struct store_job job; /* first */
    struct arena *mem;
    struct ctx cx;
    enum err (*fn)(struct test_job *t, struct db *db);
    int64_t id;
    struct gate *hold; /* NULL or: run waits for it */
    struct gate *begun;
    struct gate *over;
    enum err result;
    char why[CTX_WHY_MAX];
};

static inline enum err test_job_run(struct store_job *job, struct db *db)
{
    struct test_job *t = (struct test_job *)job;

    if (t->begun)
        gate_bump(t->begun);
    if (t->hold)
        gate_wait(t->hold, 1);
    return t->fn ? t->fn(t, db) : item_add(&t->cx, db, t->id);
}

static inline void test_job_done(struct store_job *job, enum err result)
{
    struct test_job *t = (struct test_job *)job;

    t->result = result;
    snprintf(t->why, sizeof(t->why), "%s", job->why ? job->why : "");
    gate_bump(t->over);
}

/* Runs fn, or adds item `id` where fn is NULL. */
static inline struct test_job *test_job_new(struct fixture *f, int64_t id, struct gate *over)
{
    struct test_job *t = ARENA_NEW(f->mem, struct test_job);

    t->job.run = test_job_run;
    t->job.done = test_job_done;
    t->mem = arena_new();
    ctx_init(&t->cx, t->mem);
    t->id = id;
    t->over = over;
    t->result = ERR_COUNT;
    return t;
}

static inline void test_job_end(struct test_job *t)
{
    arena_free(&t->mem);
}

#endif
