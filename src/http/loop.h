/*
 * loop.h: one thread with its event base, connections, timing wheel, parked waits and store handle.
 * Everything in it is this thread's alone; others use the inbox. The counters are atomic to be
 * read.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "http/inbox.h"
#include "http/site.h"
#include "http/waits.h"
#include "http/wheel.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>

struct conn;
struct exchange;
struct origin;

enum { LOOP_SCRATCH_LEN = 16 * KIB, LOOP_SPARE_MAX = 32, LOOP_DATE_LEN = 29 };

struct counters {
    _Atomic uint64_t accepted, requests, refused_malformed, refused_limits, wakes;
    _Atomic uint64_t by_class[6];
    _Atomic uint32_t open, parked;
};

struct loop {
    const struct site *site;
    struct event_base *base;
    struct inbox inbox;
    struct event inbox_event, tick_event;
    struct wheel wheel;
    struct waits waits;
    struct db *db;
    struct arena *mem;  /* of wakes */
    struct conn *conns; /* all of them */
    struct exchange *spare;
    unsigned spare_count;
    uint32_t dice; /* for jitter; no secret */
    struct counters counters;
    int64_t date_s; /* when date was made */
    char date[LOOP_DATE_LEN + 1];
    bool stopping;
    uint32_t grace_ms; /* set before the stop post */
    struct post stop_post;
    pthread_t thread;
    bool started;
    char scratch[LOOP_SCRATCH_LEN]; /* what a socket gives goes through here */
};

enum err loop_new(struct ctx *cx, const struct site *site, struct loop **out);
enum err loop_start(struct ctx *cx, struct loop *l);
/* From any thread: finish within grace_ms; then loop_join returns. */
void loop_stop(struct loop *l, uint32_t grace_ms);
/* Waits until it has stopped, if it was started, and closes its handle on the store. */
void loop_join(struct loop *l);
void loop_free(struct loop **l);

/* From any thread. */
void loop_add(struct loop *l, int fd, const struct origin *from);
void loop_notify(struct loop *l, const uint64_t *topics, size_t count);

/* On the loop's own thread. */
void loop_alarm(struct loop *l, struct alarm *a, int64_t in_ms);
struct exchange *loop_take_exchange(struct loop *l);
void loop_give_exchange(struct loop *l, struct exchange **ex);
struct str loop_date(struct loop *l); /* as in the Date header */
/* Called by a connection that has gone: the last one out ends a stopping loop. */
void loop_left(struct loop *l);

#define COUNT_UP(counter)     atomic_fetch_add_explicit(&(counter), 1, memory_order_relaxed)
#define COUNT_OF_NOW(counter) atomic_load_explicit(&(counter), memory_order_relaxed)
#define COUNT_DOWN(counter)   atomic_fetch_sub_explicit(&(counter), 1, memory_order_relaxed)

#endif
