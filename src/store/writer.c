/*
 * writer.c: group commit.
 *
 *     queue --up to batch_max--> BEGIN  (SAVEPOINT run RELEASE | ROLLBACK TO)*  COMMIT
 *                                then the topics, then every job's done
 *
 * There is no delay anywhere: a batch is what came in while the last one was being committed, so
 * batches grow with the load. A job that fails undoes itself alone; when the transaction is lost
 * (COMMIT failed, disk full) every job of the batch hears ERR_INTERNAL and nothing of it happened.
 */
#include "store/writer.h"
#include "base/mem.h"
#include "base/signals.h"

#include <errno.h>
#include <pthread.h>

struct outcome {
    struct store_job *job;
    enum err result;
    const char *why; /* when the store changed what the job said */
};

struct writer {
    struct writer_conf conf;
    struct db *db;
    pthread_t thread;

    pthread_mutex_t lock; /* guards the next five */
    pthread_cond_t work;  /* signalled when one of them changes */
    struct store_job *first, **last;
    unsigned queued;
    struct writer_task *task;
    bool stopping;

    /* of the writer thread alone */
    struct outcome *batch; /* conf.batch_max */
    size_t batch_count;
    struct arena *mem;
};

/* ---- a batch ---- */

/* An error means that the transaction is lost, and the batch with it. */
static enum err run_job(struct ctx *cx, struct writer *w, struct outcome *o)
{
    enum err e, said;

    if ((e = db_job_begin(cx, w->db)))
        return e;
    o->result = said = o->job->run(o->job, w->db);
    if ((e = db_job_end(cx, w->db, &o->result)))
        return e;
    if (o->result != said)
        o->why = arena_str(cx->mem, str_from(cx->why)).p;
    return OK;
}

static enum err run_jobs(struct ctx *cx, struct writer *w)
{
    enum err e;

    if ((e = db_begin(cx, w->db, TXN_BEGIN_WRITE)))
        return e;
    for (size_t i = 0; i < w->batch_count && !e; i++)
        e = run_job(cx, w, &w->batch[i]);
    if (e || (e = db_commit(cx, w->db, TXN_COMMIT)))
        db_rollback(w->db);
    return e;
}

static void notify(struct writer *w)
{
    const uint64_t *topics;
    size_t n = db_take_topics(w->db, &topics);

    if (n > 0 && w->conf.on_notify)
        w->conf.on_notify(w->conf.arg, topics, n);
}

static void run_batch(struct writer *w)
{
    struct ctx cx;
    enum err e;

    ctx_init(&cx, w->mem);
    if (!(e = run_jobs(&cx, w)))
        notify(w);
    for (size_t i = 0; i < w->batch_count; i++) { /* a job may be gone after its done */
        struct outcome *o = &w->batch[i];

        o->job->why = e ? cx.why : o->why;
        o->job->done(o->job, e ? ERR_INTERNAL : o->result);
    }
    arena_reset(w->mem);
}

/* ---- the thread ---- */

/* Waits for something to do and takes up to a batch of jobs. False when all is done and we stop. */
static bool take_batch(struct writer *w, struct writer_task **task, bool *stopping)
{
    bool go_on;

    w->batch_count = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->task && !w->stopping)
        pthread_cond_wait(&w->work, &w->lock);
    while (w->first && w->batch_count < w->conf.batch_max) {
        w->batch[w->batch_count++] = (struct outcome){.job = w->first};
        w->first = w->first->next;
        w->queued--;
    }
    if (!w->first)
        w->last = &w->first;
    *task = w->task;
    *stopping = w->stopping;
    go_on = w->batch_count > 0 || w->task;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void run_task(struct writer *w, struct writer_task *task, bool stopping)
{
    bool more = false;
    enum err e = stopping ? ERR_BUSY : task->step(task, w->db, &more);

    if (!e && more)
        return;
    pthread_mutex_lock(&w->lock);
    w->task = NULL;
    pthread_mutex_unlock(&w->lock);
    task->done(task, w->db, e);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct writer_task *task;
    bool stopping;

    while (take_batch(w, &task, &stopping)) {
        if (w->batch_count > 0)
            run_batch(w);
        if (task)
            run_task(w, task, stopping);
    }
    return NULL;
}

/* ---- from other threads ---- */

enum err writer_start(struct ctx *cx, struct db *db, const struct writer_conf *conf,
                      struct writer **out)
{
    struct writer *w = mem_alloc(sizeof(*w));
    sigset_t before;
    int failed;

    w->conf = *conf;
    w->db = db;
    w->last = &w->first;
    w->batch = mem_alloc(conf->batch_max * sizeof(*w->batch));
    w->mem = arena_new();
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    signals_hold(&before);
    failed = pthread_create(&w->thread, NULL, writer_main, w);
    signals_restore(&before);
    if (failed) {
        w->db = NULL;
        writer_stop(&w);
        errno = failed;
        return fail(cx, ERR_INTERNAL, "store: no writer thread: %m");
    }
    pthread_setname_np(w->thread, "store-writer");
    *out = w;
    return OK;
}

void writer_stop(struct writer **writer)
{
    struct writer *w = *writer;

    if (!w)
        return;
    if (w->db) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    arena_free(&w->mem);
    mem_free(w->batch);
    mem_free(w);
    *writer = NULL;
}

void writer_on_notify(struct writer *w, void (*fn)(void *, const uint64_t *, size_t), void *arg)
{
    w->conf.on_notify = fn;
    w->conf.arg = arg;
}

enum err writer_submit(struct writer *w, struct store_job *job)
{
    enum err e = OK;

    job->next = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->stopping || w->queued >= w->conf.queue_max) {
        e = ERR_BUSY;
    } else {
        *w->last = job;
        w->last = &job->next;
        w->queued++;
        pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    return e;
}

enum err writer_start_task(struct writer *w, struct writer_task *task)
{
    enum err e = OK;

    pthread_mutex_lock(&w->lock);
    if (w->stopping || w->task) {
        e = ERR_BUSY;
    } else {
        w->task = task;
        pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    return e;
}

bool writer_is_self(const struct writer *w)
{
    return pthread_equal(pthread_self(), w->thread);
}
