/* stream.c: see stream.h. */
#include "http/stream.h"
#include "base/clock.h"

#include <stddef.h>

enum { STREAM_OUT_MAX = 64 * KIB }; /* events that a slow reader may owe us */

#define CONN_OF_PARKED(p) ((struct conn *)(void *)((char *)(p)-offsetof(struct conn, parked)))

/* To the next heartbeat, or the deadline if that is sooner. Up to a fifth earlier, so that streams
 * opened together do not beat together. */
static void set_alarm(struct conn *c)
{
    struct loop *l = c->loop;
    int64_t beat_ms = l->site->conf.heartbeat_ms, left_ms = c->wait.deadline_ms - clock_now_ms();

    l->dice = l->dice * 1664525u + 1013904223u; /* Numerical Recipes' quick generator */
    beat_ms -= beat_ms / 5 * (l->dice >> 16) >> 16;
    conn_set_alarm(c, MAX_OF(MIN_OF(beat_ms, left_ms), (int64_t)0));
}

/* Room for events to send. */
static struct buf *outbox(struct conn *c)
{
    if (!c->ex) {
        conn_take_exchange(c);
        c->ex->out.max = STREAM_OUT_MAX;
    }
    return &c->ex->out;
}

/* True when the wait says that it is finished. */
static bool ask(struct conn *c, enum wake_reason why)
{
    struct loop *l = c->loop;
    const struct backend *be = &l->site->conf.backend;
    bool finished = true; /* if the store cannot be read, the client comes again */
    struct ctx cx;

    ctx_init(&cx, l->mem);
    if (!be->read_begin(&cx, l->db)) {
        finished = c->wait.wake(&cx, l->db, &c->wait, why, outbox(c));
        be->read_end(l->db);
    }
    arena_reset(l->mem);
    return finished;
}

void stream_wake(struct conn *c, enum wake_reason why)
{
    struct loop *l = c->loop;

    if (c->last)
        return;
    COUNT_UP(l->counters.wakes);
    c->last = ask(c, why) || why == WAKE_DEADLINE || why == WAKE_STOP;
    if (c->last)
        conn_set_alarm(c, l->site->conf.write_timeout_ms);
    else if (why == WAKE_START)
        set_alarm(c);
    conn_run(c);
}

enum step stream_begin(struct conn *c)
{
    struct loop *l = c->loop;

    c->wait = c->ex->rs.wait;
    loop_give_exchange(l, &c->ex);
    c->state = CONN_PARKED;
    COUNT_UP(l->counters.parked);
    waits_add(&l->waits, &c->parked,
              c->wait.topic); /* first, so that the question misses nothing */
    stream_wake(c, l->stopping ? WAKE_STOP : WAKE_START);
    return GONE; /* or parked; in any case nothing is left to do here */
}

void stream_end(struct conn *c)
{
    waits_remove(&c->parked);
    COUNT_DOWN(c->loop->counters.parked);
}

void stream_notified(struct parked *p)
{
    stream_wake(CONN_OF_PARKED(p), WAKE_TOPIC);
}

void stream_alarm(struct conn *c)
{
    bool owing = c->ex != NULL; /* it has not taken what it was sent a heartbeat ago */

    if (!c->last && c->wait.deadline_ms <= clock_now_ms()) {
        stream_wake(c, WAKE_DEADLINE);
    } else if (c->last || owing) {
        conn_close(c);
    } else {
        buf_add(outbox(c), STR(":\n\n"));
        set_alarm(c);
        conn_run(c);
    }
}

/* Sends what there is to send. AGAIN: the outbox is empty and given back. */
static enum step empty_outbox(struct conn *c)
{
    enum step s;

    if (c->ex->out.full)
        return conn_gone(c);
    if ((s = conn_flush(c)) == AGAIN)
        loop_give_exchange(c->loop, &c->ex);
    return s;
}

enum step stream_step(struct conn *c)
{
    enum step s = c->ex ? empty_outbox(c) : AGAIN;

    if (s != AGAIN)
        return s;
    if (c->last)
        return conn_gone(c);
    if (c->drained && !sock_pending(&c->sock))
        return conn_wait_for(c, EV_READ);
    if (sock_read(&c->sock, c->loop->scratch, sizeof(c->loop->scratch)) != TLS_WANT_READ)
        return conn_gone(c); /* it left, or speaks out of turn */
    c->drained = true;
    return conn_wait_for(c, EV_READ);
}
