/*
 * instance.h: one open installation: settings, keys, store, rules. `serve` puts a server on it; a
 * command without a running server uses it for one moment.
 */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include "cli/job.h"
#include "config/config.h"
#include "core/app.h"
#include "core/firewall.h"
#include "crypto/vault.h"
#include "http/server.h"

#include <stdatomic.h>

struct write_stats { /* since start, counted where http hands work to the store; for /metrics */
    _Atomic uint64_t queued, done;
    _Atomic uint64_t refused; /* the queue was full */
    _Atomic uint64_t failed;  /* the store failed, not the request */
};

struct instance {
    struct app app; /* first: rq->app points to it */
    struct store *store;
    struct vault *vault;
    struct core core;
    struct firewall_rules firewall; /* core.firewall, if there are any */
    struct firewall_tally firewall_tally;
    bool first; /* this start made the database */
    int64_t started_at_ms;
    _Atomic(const struct config *) config; /* replaced by a reload; the old ones stay valid */
    _Atomic(struct http_server *) server;  /* NULL until it listens */
    _Atomic(struct sending *) sending;     /* NULL until messages are sent */
    _Atomic(struct asking *) asking;       /* NULL: no remote second factor is asked */
    struct jobs jobs;
    struct write_stats writes;
};

/* Called on the writer thread after a COMMIT; arg is the instance. */
typedef void instance_notify_fn(void *arg, const uint64_t *topics, size_t count);

/* Makes the data folder when it is missing, takes its lock, migrates, loads the keys. ERR_BUSY:
 * another process has the store. Close it whatever comes out. `on_notify` may be NULL. */
enum err instance_open(struct ctx *cx, const struct config *cf, instance_notify_fn *on_notify,
                       struct instance *in);
void instance_close(struct instance *in);
/* Where links lead when public_url is empty: `port` stands in for port 0. Before the first request.
 * cx must live as long as the instance. */
void instance_set_url(struct ctx *cx, struct instance *in, uint16_t port);

/* True when the data folder holds a database. */
bool instance_exists(struct ctx *cx, const struct config *cf);

static inline struct instance *instance_of(const struct request *rq)
{
    return rq->app;
}

#endif
