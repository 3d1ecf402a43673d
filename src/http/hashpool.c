/* hashpool.c: see hashpool.h. One queue, one condition, one reader handle a thread. */
#include "http/hashpool.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct worker {
    struct hashpool *pool;
    pthread_t thread;
    bool started;
    struct db *db;
};

struct hashpool {
    pthread_mutex_t lock; /* guards first, last, waiting, ending */
    pthread_cond_t more;
    struct hash_job *first, **last;
    unsigned waiting;
    bool ending;
    struct backend backend;
    _Atomic unsigned *jobs;
    unsigned queue_max, count;
    struct worker workers[];
};

/* The next job, or NULL when the pool ends and nothing is left. */
static struct hash_job *next_job(struct hashpool *pool)
{
    struct hash_job *job;

    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->ending)
        pthread_cond_wait(&pool->more, &pool->lock);
    job = pool->first;
    if (job) {
        pool->first = job->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct hash_job *job;

    while ((job = next_job(w->pool))) {
        job->run(job, w->db);
        atomic_fetch_sub(w->pool->jobs, 1);
    }
    return NULL;
}

enum err hashpool_new(struct ctx *cx, const struct backend *backend, unsigned threads,
                      unsigned queue_max, _Atomic unsigned *jobs, struct hashpool **out)
{
    OWN(hashpool_free)
    struct hashpool *pool = mem_alloc(sizeof(*pool) + threads * sizeof(pool->workers[0]));
    enum err e;

    pool->backend = *backend;
    pool->jobs = jobs;
    pool->queue_max = queue_max;
    pool->count = threads;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &pool->workers[i];
        int r;

        w->pool = pool;
        if ((e = backend->reader_open(backend->arg, &w->db)))
            return fail(cx, e, "http: a hash thread got no handle on the store");
        if ((r = pthread_create(&w->thread, NULL, work, w)))
            return fail(cx, ERR_INTERNAL, "http: hash thread: %s", strerrordesc_np(r));
        w->started = true;
    }
    *out = TAKE(pool);
    return OK;
}

void hashpool_free(struct hashpool **p)
{
    struct hashpool *pool = *p;

    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->count; i++) {
        if (pool->workers[i].started)
            pthread_join(pool->workers[i].thread, NULL);
        if (pool->workers[i].db)
            pool->backend.reader_close(&pool->workers[i].db);
    }
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
    *p = NULL;
}

bool hashpool_submit(struct hashpool *pool, struct hash_job *job)
{
    bool fits;

    pthread_mutex_lock(&pool->lock);
    fits = pool->waiting < pool->queue_max;
    if (fits) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->waiting++;
        atomic_fetch_add(pool->jobs, 1);
        pthread_cond_signal(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    return fits;
}
