/*
 * store.c: opening in the order that is safe (folder, lock, schema, statements, writer), closing in
 * the other, and the calls that wait for the writer.
 */
#include "base/mem.h"
#include "store/backup.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUEUE_DEFAULT = 4096, BATCH_DEFAULT = 256 };

struct store {
    const struct backend_ops *ops;
    const struct store_tables *tables;
    char *dir; /* owned */
    void *env;
    int lock_fd; /* -1: not held */
    int schema_version;
    struct db db; /* the writer thread's while it runs */
    struct writer *writer;
};

/* ---- opening and closing ---- */

static enum err choose_backend(struct ctx *cx, struct str database, const struct backend_ops **out)
{
    if (database.n > 0)
        return fail(cx, ERR_INVALID, "database: only SQLite is built in; leave the option empty");
    *out = &sqlite_ops;
    return OK;
}

static enum err make_dir(struct ctx *cx, const char *dir)
{
    if (*dir == '\0')
        return fail(cx, ERR_INVALID, "data_dir: is empty");
    if (mkdir(dir, 0700) == 0 || errno == EEXIST)
        return OK;
    return fail(cx, ERR_INVALID, "data_dir: %s: %m", dir);
}

static enum err start_writer(struct ctx *cx, struct store *s, const struct store_conf *conf)
{
    struct writer_conf writer = {
        .queue_max = conf->queue_max ? conf->queue_max : QUEUE_DEFAULT,
        .batch_max = conf->batch_max ? conf->batch_max : BATCH_DEFAULT,
        .on_notify = conf->on_notify,
        .arg = conf->arg,
    };

    return writer_start(cx, &s->db, &writer, &s->writer);
}

enum err store_open_tables(struct ctx *cx, const struct store_conf *conf,
                           const struct store_tables *tables, struct store **out)
{
    OWN(store_close) struct store *s = mem_alloc(sizeof(*s));
    enum err e;

    s->tables = tables;
    s->env = conf->env;
    s->lock_fd = -1;
    s->dir = mem_strdup(arena_str(cx->mem, conf->data_dir).p);
    if ((e = choose_backend(cx, conf->database, &s->ops)) || (e = make_dir(cx, s->dir)) ||
        (e = lock_take(cx, s->dir, &s->lock_fd)) ||
        (e = db_init(cx, &s->db, s->ops, tables, s->dir, DB_WRITER)) ||
        (e = migrate(cx, &s->db, &s->schema_version)) || (e = db_try_all(cx, &s->db)))
        return e;
    s->db.env = s->env;
    if ((e = start_writer(cx, s, conf)))
        return e;
    *out = TAKE(s);
    return OK;
}

enum err store_open(struct ctx *cx, const struct store_conf *conf, struct store **out)
{
    return store_open_tables(cx, conf, &store_tables, out);
}

void store_close(struct store **store)
{
    struct store *s = *store;

    if (!s)
        return;
    writer_stop(&s->writer);
    db_deinit(&s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    mem_free(s->dir);
    mem_free(s);
    *store = NULL;
}

int store_schema_version(const struct store *store)
{
    return store->schema_version;
}

void store_on_notify(struct store *store, void (*fn)(void *, const uint64_t *, size_t), void *arg)
{
    writer_on_notify(store->writer, fn, arg);
}

/* ---- writing ---- */

enum err store_submit(struct store *store, struct store_job *job)
{
    return writer_submit(store->writer, job);
}

struct waiting_job {
    struct store_job job; /* first: the writer hands it back */
    struct ctx *cx;
    enum err (*fn)(struct ctx *cx, struct db *db, void *arg);
    void *arg;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t over;
    bool ended;
    enum err result;
};

static enum err waiting_run(struct store_job *job, struct db *db)
{
    struct waiting_job *w = (struct waiting_job *)job;

    return w->fn(w->cx, db, w->arg);
}

static void waiting_done(struct store_job *job, enum err result)
{
    struct waiting_job *w = (struct waiting_job *)job;

    pthread_mutex_lock(&w->lock);
    w->result = job->why ? fail(w->cx, result, "%s", job->why) : result;
    w->ended = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
}

enum err store_run(struct ctx *cx, struct store *store,
                   enum err (*fn)(struct ctx *cx, struct db *db, void *arg), void *arg)
{
    struct waiting_job w = {
        .job = {.run = waiting_run, .done = waiting_done},
          .cx = cx, .fn = fn, .arg = arg
    };
    enum err e;

    if (writer_is_self(store->writer))
        return fail(cx, ERR_INTERNAL, "store_run: called by a job, which would wait for itself");
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.over, NULL);
    if ((e = writer_submit(store->writer, &w.job))) {
        e = fail(cx, e, "store: too many writes are waiting");
    } else {
        pthread_mutex_lock(&w.lock);
        while (!w.ended)
            pthread_cond_wait(&w.over, &w.lock);
        e = w.result;
        pthread_mutex_unlock(&w.lock);
    }
    pthread_cond_destroy(&w.over);
    pthread_mutex_destroy(&w.lock);
    return e;
}

enum err store_backup(struct ctx *cx, struct store *store, struct str path)
{
    return backup_run(cx, store->writer, path);
}

/* ---- reading ---- */

enum err store_reader_open(struct ctx *cx, struct store *store, struct db **out)
{
    OWN(db_close) struct db *db = mem_alloc(sizeof(*db));
    enum err e;

    if ((e = db_init(cx, db, store->ops, store->tables, store->dir, DB_READER)))
        return e;
    db->env = store->env;
    *out = TAKE(db);
    return OK;
}

enum err store_check(struct ctx *cx, struct store *store)
{
    OWN(db_close) struct db *db = NULL;
    enum err e;

    if ((e = store_reader_open(cx, store, &db)))
        return e;
    return db->ops->check(cx, db->conn);
}
