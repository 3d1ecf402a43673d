/* asking.c: see asking.h. */
#include "cli/asking.h"
#include "base/mem.h"
#include "cli/depot.h"
#include "core/remote.h"

#include <inttypes.h>

struct asking {
    struct depot *depot;
    struct remote *remote;
};

/* Ids only: the question may hold a code, the answer what somebody else's server liked to say. */
static void settled(const struct courier_result *r)
{
    OWN(arena_free) struct arena *mem = arena_new();
    bool well = r->outcome == OUTCOME_SENT || r->outcome == OUTCOME_DEAD;

    log_event(well ? LOG_DEBUG : LOG_WARN, NULL, well ? "remote_answered" : "remote_no_answer",
              "id=%" PRId64 " attempt=%u%s%s", r->parcel->id, r->parcel->attempt,
              r->why.n ? " why=" : "", r->why.n ? log_value(mem, r->why) : "");
}

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
    static const struct depot_conf depot = {
        .failed = "remote_failed",
        .topic = REMOTE_TOPIC,
        .exchange = remote_exchange,
        .load = remote_load,
        .settled = settled,
    };
    OWN(asking_free) struct asking *a = mem_alloc(sizeof(*a));
    struct carrier carrier;
    enum err e;

    if ((e = depot_open(cx, in, &depot, &a->depot)) || (e = open_remote(cx, in, &a->remote)) ||
        (e = store_run(cx, in->store, recover, NULL)))
        return e;
    carrier = remote_carrier(a->remote);
    if ((e = depot_start(cx, a->depot, &carrier, 1)))
        return e;
    in->app.remote = a->remote;
    *out = TAKE(a);
    return OK;
}

void asking_wake(struct asking *a, const uint64_t *topics, size_t count)
{
    if (a)
        depot_notify(a->depot, topics, count);
}

void asking_stop(struct asking *a, int64_t grace_ms)
{
    if (a)
        depot_stop(a->depot, grace_ms);
}

void asking_free(struct asking **a)
{
    if (!*a)
        return;
    depot_free(&(*a)->depot);
    remote_free(&(*a)->remote);
    mem_free(*a);
    *a = NULL;
}
