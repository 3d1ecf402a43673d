/*
 * site.h: what all loops of one server share. Written before they start, then constant; the parts
 * that change (limiter, tally, tls, hashpool) have a lock each of their own.
 */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include "http/addr.h"
#include "http/hashpool.h"
#include "http/limiter.h"
#include "http/router.h"
#include "http/server.h"
#include "http/tally.h"
#include "http/tls.h"

/* Where a connection came from, as its listener knows it. */
struct origin {
    struct addr addr;
    bool tls, local;
};

struct site {
    struct http_conf conf; /* with defaults filled in */
    struct router *router;
    struct limiter *limiter;
    struct tally *tally;
    struct hashpool *pool;    /* NULL: no hash threads */
    _Atomic unsigned hashing; /* jobs of the pool that wait or run */
    struct tls *tls;          /* NULL: plain HTTP */
    struct addr_block *proxies;
    size_t proxy_count;
};

/* Counts a connection in against the caps, or refuses; out again when it ends. */
bool site_enter(const struct site *site, const struct origin *from);
void site_leave(const struct site *site, const struct origin *from);
/* True if a is a proxy whose word about the client counts. */
bool site_trusts(const struct site *site, const struct addr *a);

#endif
