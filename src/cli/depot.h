/*
 * depot.h: where a courier gets its work: the store, seen from the courier's side.
 *
 *   courier thread                          writer thread
 *   exchange: what came of the last,        one job, one transaction: books and claims;
 *             what is due?           --->   after COMMIT (or a failure, which is logged) the
 *                                    <---   courier goes on
 *   load: what does this row say?           (not here: the depot's own read-only handle)
 *                                           after any COMMIT that notified `topic`: wake
 *
 * One exchange is out at a time, so its job and its arena are members. What a row is and how it is
 * carried is its owner's: sending.c for messages, asking.c for a remote second factor.
 */
#ifndef CLI_DEPOT_H
#define CLI_DEPOT_H

#include "channel/courier.h"
#include "cli/instance.h"

struct depot;

struct depot_conf {
    const char *failed; /* event in the log when an exchange fails */
    uint64_t topic;     /* notified by whoever queues something */
    bool gives_way;     /* while people who sign in keep the processors busy */
    /* On the writer thread; books and claims. */
    enum err (*exchange)(struct ctx *cx, struct db *db, struct courier_exchange *x);
    /* On the courier's thread, in a read transaction. Errors as of courier_ops.load. */
    enum err (*load)(struct ctx *cx, struct db *db, int64_t id, struct parcel *out);
    /* On the courier's thread: for the log. */
    void (*settled)(const struct courier_result *r);
};

/* Reads the settings for what goes out (egress_*); no thread yet, and wakes are ignored. *out is
 * the caller's. ERR_INVALID: a setting is wrong. */
enum err depot_open(struct ctx *cx, struct instance *in, const struct depot_conf *conf,
                    struct depot **out);
/* Starts the courier. The carriers are copied, their `self` is borrowed until depot_stop. */
enum err depot_start(struct ctx *cx, struct depot *d, const struct carrier *carriers, size_t count);
/* Something may be due. From any thread, at any time until depot_free. */
void depot_wake(struct depot *d);
/* The same if the depot's topic is among them. */
void depot_notify(struct depot *d, const uint64_t *topics, size_t count);
/* While the store still works: ends the courier as courier_stop does; then wakes are ignored. Twice
 * is fine. */
void depot_stop(struct depot *d, int64_t grace_ms);
/* Behind the store, whose writer may still be waking it. */
void depot_free(struct depot **d);

#endif
