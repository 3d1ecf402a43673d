/* depot.c: see depot.h. */
#include "cli/depot.h"
#include "base/mem.h"
#include "channel/transfer.h"

#include <pthread.h>

struct depot {
    struct depot_conf conf;
    const struct instance *in;
    struct store *store;
    struct transfer_rules *rules;
    struct db *reader; /* the courier's thread's */

    struct store_job job;
    struct courier_exchange *x; /* of the job */
    struct arena *mem;          /* of the job: the writer's while it runs */
    struct ctx cx;

    pthread_mutex_t lock; /* guards courier against a wake while it goes */
    struct courier *courier;
};

/* ---- what the courier asks for ---- */

static struct depot *depot_of(struct store_job *job)
{
    return (struct depot *)(void *)((char *)job - offsetof(struct depot, job));
}

static enum err exchange_run(struct store_job *job, struct db *db)
{
    struct depot *d = depot_of(job);

    arena_reset(d->mem);
    ctx_init(&d->cx, d->mem);
    return d->conf.exchange(&d->cx, db, d->x);
}

static void exchange_done(struct store_job *job, enum err result)
{
    struct depot *d = depot_of(job);

    if (result)
        log_error(NULL, d->conf.failed, "why=%s",
                  log_value(d->mem, str_from(job->why ? job->why : d->cx.why)));
    d->x->e = result;
    d->x->done(d->x);
}

static enum err exchange(void *arg, struct courier_exchange *x)
{
    struct depot *d = arg;

    d->x = x;
    d->job = (struct store_job){.run = exchange_run, .done = exchange_done};
    return store_submit(d->store, &d->job);
}

static enum err load(struct ctx *cx, void *arg, int64_t id, struct parcel *out)
{
    struct depot *d = arg;
    enum err e;

    if ((e = db_read_begin(cx, d->reader)))
        return e;
    e = d->conf.load(cx, d->reader, id, out);
    db_read_end(d->reader);
    return e;
}

static bool crowded(void *arg)
{
    const struct depot *d = arg;
    const struct http_server *server = atomic_load(&d->in->server);

    return server && http_server_crowded(server);
}

static void settled(void *arg, const struct courier_result *r)
{
    const struct depot *d = arg;

    d->conf.settled(r);
}

/* ---- starting, waking, stopping ---- */

enum err depot_open(struct ctx *cx, struct instance *in, const struct depot_conf *conf,
                    struct depot **out)
{
    const struct config *cf = atomic_load(&in->config);
    const struct transfer_conf rules = {
        .egress_allow = cf->egress_allow.item,
        .egress_allow_count = cf->egress_allow.n,
        .ca_file = cf->egress_ca_file,
        .connect_to = cf->egress_connect_to,
        .whole_ms = cf->egress_timeout_ms,
    };
    OWN(depot_free) struct depot *d = mem_alloc(sizeof(*d));
    enum err e;

    pthread_mutex_init(&d->lock, NULL);
    d->conf = *conf;
    d->in = in;
    d->store = in->store;
    d->mem = arena_new();
    if ((e = transfer_rules_new(cx, &rules, &d->rules)) ||
        (e = store_reader_open(cx, in->store, &d->reader)))
        return e;
    *out = TAKE(d);
    return OK;
}

enum err depot_start(struct ctx *cx, struct depot *d, const struct carrier *carriers, size_t count)
{
    const struct courier_conf conf = {
        .ops = {.arg = d,
                .exchange = exchange,
                .load = load,
                .crowded = d->conf.gives_way ? crowded : NULL,
                .settled = settled},
        .rules = d->rules,
        .carriers = carriers,
        .carrier_count = count,
    };
    struct courier *courier = NULL;
    enum err e = courier_start(cx, &conf, &courier);

    pthread_mutex_lock(&d->lock);
    d->courier = courier;
    pthread_mutex_unlock(&d->lock);
    return e;
}

void depot_wake(struct depot *d)
{
    pthread_mutex_lock(&d->lock);
    if (d->courier)
        courier_wake(d->courier);
    pthread_mutex_unlock(&d->lock);
}

void depot_notify(struct depot *d, const uint64_t *topics, size_t count)
{
    bool queued = false;

    for (size_t i = 0; i < count; i++)
        queued |= topics[i] == d->conf.topic;
    if (queued)
        depot_wake(d);
}

void depot_stop(struct depot *d, int64_t grace_ms)
{
    struct courier *courier;

    pthread_mutex_lock(&d->lock);
    courier = TAKE(d->courier);
    pthread_mutex_unlock(&d->lock);
    courier_stop(&courier, grace_ms);
    db_close(&d->reader);
}

void depot_free(struct depot **d)
{
    if (!*d)
        return;
    db_close(&(*d)->reader);
    transfer_rules_free(&(*d)->rules);
    arena_free(&(*d)->mem);
    pthread_mutex_destroy(&(*d)->lock);
    mem_free(*d);
    *d = NULL;
}
