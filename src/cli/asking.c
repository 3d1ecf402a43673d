/*
 * asking.c: see asking.h. The same arrangement as sending.c: the courier's thread asks, the writer
 * runs its exchange as one job, one at a time.
 */
#include "cli/asking.h"
#include "base/mem.h"
#include "channel/transfer.h"
#include "core/remote.h"

#include <inttypes.h>
#include <pthread.h>

struct asking {
    struct instance *in;
    struct transfer_rules *rules;
    struct remote *remote;
    struct db *reader; /* the courier's thread's */

    struct store_job job;
    struct courier_exchange *x; /* of the job */
    struct arena *mem;          /* of the job: the writer's while it runs */
    struct ctx cx;

    pthread_mutex_t lock; /* guards courier against a wake while it goes */
    struct courier *courier;
};

/* ---- what the courier asks for ---- */

static struct asking *asking_of(struct store_job *job)
{
    return (struct asking *)(void *)((char *)job - offsetof(struct asking, job));
}

static enum err exchange_run(struct store_job *job, struct db *db)
{
    struct asking *a = asking_of(job);

    arena_reset(a->mem);
    ctx_init(&a->cx, a->mem);
    return remote_exchange(&a->cx, db, a->x);
}

static void exchange_done(struct store_job *job, enum err result)
{
    struct asking *a = asking_of(job);

    if (result)
        log_error(NULL, "remote_failed", "why=%s",
                  log_value(a->mem, str_from(job->why ? job->why : a->cx.why)));
    a->x->e = result;
    a->x->done(a->x);
}

static enum err exchange(void *arg, struct courier_exchange *x)
{
    struct asking *a = arg;

    a->x = x;
    a->job = (struct store_job){.run = exchange_run, .done = exchange_done};
    return store_submit(a->in->store, &a->job);
}

static enum err load(struct ctx *cx, void *arg, int64_t id, struct parcel *out)
{
    struct asking *a = arg;
    enum err e;

    if ((e = db_read_begin(cx, a->reader)))
        return e;
    e = remote_load(cx, a->reader, id, out);
    db_read_end(a->reader);
    return e;
}

/* Ids only: the question may hold a code, the answer what somebody else's server liked to say. */
static void settled(void *arg, const struct courier_result *r)
{
    OWN(arena_free) struct arena *mem = arena_new();
    bool well = r->outcome == OUTCOME_SENT || r->outcome == OUTCOME_DEAD;

    (void)arg;
    log_event(well ? LOG_DEBUG : LOG_WARN, NULL, well ? "remote_answered" : "remote_no_answer",
              "id=%" PRId64 " attempt=%u%s%s", r->parcel->id, r->parcel->attempt,
              r->why.n ? " why=" : "", r->why.n ? log_value(mem, r->why) : "");
}

/* ---- starting and stopping ---- */

static enum err open_remote(struct ctx *cx, const struct instance *in, struct remote **out)
{
    const struct config *cf = atomic_load(&in->config);
    bool authy = in->core.remote == REMOTE_AUTHY;
    struct remote_conf conf = {
        .dialect = in->core.remote,
        .url = authy ? cf->authy_url : cf->verify_url,
        .account = cf->verify_account,
        .service = cf->verify_service,
    };
    enum err e =
        config_read_file(cx, authy ? cf->authy_key_file : cf->verify_token_file, &conf.secret);

    return e ? e : remote_new(cx, &conf, out);
}

static enum err recover(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return remote_recover(cx, db);
}

enum err asking_start(struct ctx *cx, struct instance *in, struct asking **out)
{
    const struct config *cf = atomic_load(&in->config);
    const struct transfer_conf rules = {
        .egress_allow = cf->egress_allow.item,
        .egress_allow_count = cf->egress_allow.n,
        .ca_file = cf->egress_ca_file,
        .connect_to = cf->egress_connect_to,
        .whole_ms = cf->egress_timeout_ms,
    };
    OWN(asking_free) struct asking *a = mem_alloc(sizeof(*a));
    struct courier_conf conf = {
        .ops = {.arg = a, .exchange = exchange, .load = load, .settled = settled},
        .carrier_count = 1,
    };
    struct carrier carrier;
    enum err e;

    pthread_mutex_init(&a->lock, NULL);
    a->in = in;
    a->mem = arena_new();
    if ((e = transfer_rules_new(cx, &rules, &a->rules)) || (e = open_remote(cx, in, &a->remote)) ||
        (e = store_reader_open(cx, in->store, &a->reader)) ||
        (e = store_run(cx, in->store, recover, NULL)))
        return e;
    carrier = remote_carrier(a->remote);
    conf.rules = a->rules;
    conf.carriers = &carrier;
    if ((e = courier_start(cx, &conf, &a->courier)))
        return e;
    in->app.remote = a->remote;
    *out = TAKE(a);
    return OK;
}

void asking_wake(struct asking *a, const uint64_t *topics, size_t count)
{
    bool queued = false;

    for (size_t i = 0; a && i < count; i++)
        queued |= topics[i] == REMOTE_TOPIC;
    if (!queued)
        return;
    pthread_mutex_lock(&a->lock);
    if (a->courier)
        courier_wake(a->courier);
    pthread_mutex_unlock(&a->lock);
}

void asking_stop(struct asking *a, int64_t grace_ms)
{
    struct courier *courier;

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    courier = TAKE(a->courier);
    pthread_mutex_unlock(&a->lock);
    courier_stop(&courier, grace_ms);
    db_close(&a->reader);
}

void asking_free(struct asking **a)
{
    if (!*a)
        return;
    db_close(&(*a)->reader);
    remote_free(&(*a)->remote);
    transfer_rules_free(&(*a)->rules);
    arena_free(&(*a)->mem);
    pthread_mutex_destroy(&(*a)->lock);
    mem_free(*a);
    *a = NULL;
}
