/*
 * conn.c: the way of a request through its connection. Every call that may close says so by GONE,
 * and nobody touches the connection after that.
 */
#include "http/conn.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/answer.h"
#include "http/stream.h"

#include <inttypes.h>
#include <stddef.h>

enum {
    TURN_STEPS = 64,      /* then the neighbours have a turn */
    AHEAD_MAX = 16 * KIB, /* bytes of later requests kept while one is busy */
    LINGER_MS = 2000,
    LINGER_MAX = 256 * KIB, /* bytes thrown away meanwhile */
};

#define CONN_OF(p, member) ((struct conn *)(void *)((char *)(p)-offsetof(struct conn, member)))

/* ---- birth and death ---- */

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    if (what & EV_READ)
        c->drained = false;
    conn_run(c);
}

enum step conn_wait_for(struct conn *c, short what)
{
    if (what == c->armed)
        return WAIT;
    event_del(&c->event);
    c->armed = what;
    if (what) {
        event_assign(&c->event, c->loop->base, c->sock.fd, (short)(what | EV_PERSIST), on_event, c);
        event_add(&c->event, NULL);
    }
    return WAIT;
}

void conn_set_alarm(struct conn *c, int64_t in_ms)
{
    loop_alarm(c->loop, &c->alarm, in_ms);
}

void conn_open(struct loop *l, int fd, const struct origin *from)
{
    struct conn *c = mem_alloc(sizeof(*c));

    c->loop = l;
    c->sock.fd = fd;
    c->origin = *from;
    c->state = CONN_HEAD;
    c->next = l->conns;
    c->link = &l->conns;
    if (c->next)
        c->next->link = &c->next;
    l->conns = c;
    COUNT_UP(l->counters.open);
    event_assign(&c->event, l->base, fd, EV_READ | EV_PERSIST, on_event, c);
    if (from->tls) {
        c->state = CONN_HANDSHAKE;
        c->sock.tls = tls_accept(l->site->tls, fd);
        if (!c->sock.tls) {
            conn_close(c);
            return;
        }
    }
    conn_set_alarm(c, l->site->conf.head_timeout_ms);
    conn_wait_for(c, EV_READ);
}

static void conn_free(struct conn *c)
{
    struct loop *l = c->loop;

    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (c->ex)
        loop_give_exchange(l, &c->ex);
    mem_free(c);
    loop_left(l);
}

void conn_close(struct conn *c)
{
    struct loop *l = c->loop;
    bool away = c->state == CONN_BUSY;

    if (c->state == CONN_DEAD)
        return;
    event_del(&c->event); /* before the number of the fd may be somebody else's */
    wheel_clear(&l->wheel, &c->alarm);
    if (c->state == CONN_PARKED)
        stream_end(c);
    sock_close(&c->sock);
    site_leave(l->site, &c->origin);
    COUNT_DOWN(l->counters.open);
    c->state = CONN_DEAD;
    if (!away)
        conn_free(c);
}

enum step conn_gone(struct conn *c)
{
    conn_close(c);
    return GONE;
}

void conn_take_exchange(struct conn *c)
{
    c->ex = loop_take_exchange(c->loop);
    c->ex->conn = c;
}

/* ---- answering ---- */

static struct answer answer_for(struct conn *c, bool close)
{
    return (struct answer){.date = loop_date(c->loop),
                           .hsts = c->loop->site->conf.hsts,
                           .close = close,
                           .keep = c->ex->framing.http10,
                           .head_only = c->ex->head_only};
}

static enum step send_then(struct conn *c, enum conn_after after)
{
    c->state = CONN_SENDING;
    c->after = (uint8_t)after;
    conn_set_alarm(c, c->loop->site->conf.write_timeout_ms);
    return AGAIN;
}

/* To what is no request: no face can word it, and nothing behind it can be trusted. */
static enum step refuse(struct conn *c, int status, const char *why)
{
    struct answer a = answer_for(c, true);

    COUNT_UP(c->loop->counters.refused_malformed);
    COUNT_UP(c->loop->counters.by_class[status / 100]);
    log_event(LOG_DEBUG, NULL, "refused", "status=%d why=\"%s\"", status, why);
    answer_refusal(&c->ex->out, status, &a);
    return send_then(c, THEN_LINGER);
}

/* Paths may hold tokens, so the log names the route. */
static void log_answer(const struct exchange *ex)
{
    const struct request *rq = &ex->rq;
    int64_t us = clock_mono_us() - rq->arrived_us;
    enum log_level level = LOG_DEBUG;

    if (ex->rs.status >= 500)
        level = ex->rs.status == 503 ? LOG_WARN : LOG_ERROR;
    if (!log_wants(level))
        return;
    log_event(level, &ex->cx, "request",
              "method=%s route=%s status=%d us=%" PRId64 " addr=%s why=%s",
              method_name(rq->method).p, rq->route ? rq->route->pattern : "-", ex->rs.status, us,
              rq->addr, log_value(ex->mem, str_from(ex->cx.why)));
}

/* The exchange is handled: its answer goes out. */
static enum step answer(struct conn *c)
{
    struct exchange *ex = c->ex;
    struct counters *counters = &c->loop->counters;
    bool close, stream;
    struct answer a;

    exchange_finish(ex, c->loop->db);
    stream = ex->rs.wait.topic != 0;
    close = !ex->framing.keep_alive || ex->rs.close || c->unread || c->loop->stopping;
    a = answer_for(c, close);
    answer_write(&ex->out, &ex->rs, &a);
    COUNT_UP(counters->requests);
    COUNT_UP(counters->by_class[ex->rs.status / 100 % 6]);
    if (ex->rs.status == 429)
        COUNT_UP(counters->refused_limits);
    log_answer(ex);
    if (stream)
        return send_then(c, THEN_PARK);
    if (close) /* who does not know yet that we stop may have the next request on its way */
        return send_then(c, c->unread || c->loop->stopping ? THEN_LINGER : THEN_CLOSE);
    return send_then(c, THEN_NEXT);
}

enum step conn_flush(struct conn *c)
{
    struct exchange *ex = c->ex;

    while (ex->sent < ex->out.n) {
        ssize_t n = sock_write(&c->sock, ex->out.p + ex->sent, ex->out.n - ex->sent);

        if (n == TLS_WANT_READ)
            return conn_wait_for(c, EV_READ);
        if (n == TLS_WANT_WRITE)
            return conn_wait_for(c, EV_WRITE);
        if (n <= 0)
            return conn_gone(c);
        ex->sent += (size_t)n;
    }
    buf_reset(&ex->out);
    ex->sent = 0;
    return AGAIN;
}

/* ---- reading ---- */

/* Moves what the socket has into raw. AGAIN: there is more to look at. */
static enum step fill(struct conn *c)
{
    struct loop *l = c->loop;
    ssize_t n;

    if (c->eof)
        return conn_gone(c);
    if (c->drained && !sock_pending(&c->sock))
        return conn_wait_for(c, EV_READ);
    n = sock_read(&c->sock, l->scratch, sizeof(l->scratch));
    if (n > 0) {
        c->drained = (size_t)n < sizeof(l->scratch);
        if (!c->ex) {
            conn_take_exchange(c);
            conn_set_alarm(c, l->site->conf.head_timeout_ms);
        }
        buf_add(&c->ex->raw, (struct str){l->scratch, (size_t)n});
        return AGAIN;
    }
    if (n == TLS_WANT_READ)
        return conn_wait_for(c, EV_READ);
    if (n == TLS_WANT_WRITE)
        return conn_wait_for(c, EV_WRITE);
    if (n == TLS_CLOSED && c->state == CONN_BUSY) { /* half closed: it may still want the answer */
        c->eof = true;
        return conn_wait_for(c, 0);
    }
    return conn_gone(c);
}

/* Body and all are here: runs it. */
static enum step start(struct conn *c)
{
    c->state = CONN_BUSY;
    wheel_clear(&c->loop->wheel, &c->alarm); /* from here on it is us who may be late */
    if (exchange_start(c->ex, c->loop->db))
        return answer(c);
    return conn_wait_for(c, EV_READ);
}

/* The exchange was refused before its body was read. */
static enum step answer_unread(struct conn *c)
{
    c->unread = c->ex->framing.body != BODY_NONE;
    return answer(c);
}

static enum step begin_body(struct conn *c)
{
    struct exchange *ex = c->ex;
    const struct http_conf *conf = &c->loop->site->conf;
    size_t max = ex->rq.route->body_max ? ex->rq.route->body_max : conf->body_max;
    struct read_result r = body_begin(&ex->reader, &ex->framing, max);

    buf_init(&ex->body, max);
    if (r.is == READ_DONE)
        return start(c);
    if (r.is == READ_REFUSED) {
        exchange_refuse(ex, r.status, r.why);
        return answer_unread(c);
    }
    if (ex->framing.expects_continue && ex->raw.n == 0) {
        buf_add(&ex->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
        return send_then(c, THEN_BODY);
    }
    c->state = CONN_BODY;
    conn_set_alarm(c, conf->body_timeout_ms);
    return AGAIN;
}

static enum step step_head(struct conn *c)
{
    struct read_result r;

    if (!c->ex)
        return fill(c);
    r = exchange_head(c->ex);
    if (r.is == READ_MORE)
        return fill(c);
    if (r.is == READ_REFUSED)
        return refuse(c, r.status, r.why);
    if (!exchange_route(c->ex, &c->origin, clock_mono_ms()))
        return answer_unread(c);
    return begin_body(c);
}

static enum step step_body(struct conn *c)
{
    struct exchange *ex = c->ex;
    struct read_result r = body_read(&ex->reader, buf_str(&ex->raw), &ex->body);

    buf_drop(&ex->raw, r.used);
    if (r.is == READ_MORE)
        return fill(c);
    if (r.is == READ_DONE)
        return start(c);
    if (r.status != 413)
        return refuse(c, r.status, r.why);
    exchange_refuse(ex, r.status, r.why);
    return answer_unread(c);
}

/* While the exchange is away: takes in what the client sends ahead, and sees it leave. */
static enum step step_busy(struct conn *c)
{
    if (c->eof || c->ex->raw.n >= AHEAD_MAX)
        return conn_wait_for(c, 0);
    return fill(c);
}

/* ---- what follows an answer ---- */

static enum step next_request(struct conn *c)
{
    const struct http_conf *conf = &c->loop->site->conf;

    c->state = CONN_HEAD;
    if (c->ex->raw.n > 0) { /* pipelined */
        exchange_renew(c->ex);
        conn_set_alarm(c, conf->head_timeout_ms);
        return AGAIN;
    }
    loop_give_exchange(c->loop, &c->ex);
    if (c->eof)
        return conn_gone(c);
    conn_set_alarm(c, c->loop->stopping ? conf->drain_ms : conf->idle_timeout_ms);
    return AGAIN;
}

static enum step linger(struct conn *c)
{
    loop_give_exchange(c->loop, &c->ex);
    sock_finish(&c->sock);
    c->state = CONN_LINGERING;
    c->drained = false;
    conn_set_alarm(c, LINGER_MS);
    return AGAIN;
}

/* Closing with unread bytes would reset the connection, and the client might never see why. */
static enum step step_linger(struct conn *c)
{
    ssize_t n = sock_read(&c->sock, c->loop->scratch, sizeof(c->loop->scratch));

    if (n == TLS_WANT_READ)
        return conn_wait_for(c, EV_READ);
    if (n > 0)
        c->lingered += (uint32_t)n;
    return n <= 0 || c->lingered > LINGER_MAX ? conn_gone(c) : AGAIN;
}

/* ---- the machine ---- */

static enum step step_sending(struct conn *c)
{
    enum step s = conn_flush(c);

    if (s != AGAIN)
        return s;
    switch ((enum conn_after)c->after) {
    case THEN_NEXT:
        return next_request(c);
    case THEN_BODY:
        c->state = CONN_BODY;
        conn_set_alarm(c, c->loop->site->conf.body_timeout_ms);
        return AGAIN;
    case THEN_PARK:
        return stream_begin(c);
    case THEN_LINGER:
        return linger(c);
    case THEN_CLOSE:
        break;
    }
    return conn_gone(c);
}

static enum step step_handshake(struct conn *c)
{
    switch (tls_handshake(c->sock.tls)) {
    case 1:
        c->state = CONN_HEAD;
        c->drained = false;
        return AGAIN;
    case TLS_WANT_READ:
        return conn_wait_for(c, EV_READ);
    case TLS_WANT_WRITE:
        return conn_wait_for(c, EV_WRITE);
    default:
        return conn_gone(c);
    }
}

static enum step step(struct conn *c)
{
    switch ((enum conn_state)c->state) {
    case CONN_HANDSHAKE:
        return step_handshake(c);
    case CONN_HEAD:
        return step_head(c);
    case CONN_BODY:
        return step_body(c);
    case CONN_BUSY:
        return step_busy(c);
    case CONN_SENDING:
        return step_sending(c);
    case CONN_PARKED:
        return stream_step(c);
    case CONN_LINGERING:
        return step_linger(c);
    case CONN_DEAD:
        break;
    }
    return WAIT;
}

void conn_run(struct conn *c)
{
    for (int i = 0; i < TURN_STEPS; i++) {
        if (step(c) != AGAIN)
            return;
    }
    event_active(&c->event, 0, 0); /* its own thread: fine. It goes on after the neighbours. */
}

void conn_returned(struct exchange *ex)
{
    struct conn *c = ex->conn;

    if (c->state == CONN_DEAD) { /* the client left; what was committed stays */
        conn_free(c);
        return;
    }
    if (!exchange_resume(ex, c->loop->db)) /* from the pool to the writer */
        return;
    if (answer(c) == AGAIN)
        conn_run(c);
}

/* Closes an idle connection, unless the client has spoken in the meantime. */
static void close_idle(struct conn *c)
{
    c->drained = false; /* its bytes may be here although their event has not run */
    switch (fill(c)) {
    case AGAIN:
        conn_run(c);
        break;
    case WAIT:
        conn_close(c);
        break;
    case GONE:
        break;
    }
}

void conn_alarm(struct alarm *a)
{
    struct conn *c = CONN_OF(a, alarm);

    switch ((enum conn_state)c->state) {
    case CONN_PARKED:
        stream_alarm(c);
        return;
    case CONN_HEAD:
    case CONN_BODY:
        if (!c->ex) {
            close_idle(c);
            return;
        }
        refuse(c, 408, "a deadline passed in the middle of a request");
        conn_run(c);
        return;
    case CONN_HANDSHAKE:
    case CONN_BUSY:
    case CONN_SENDING:
    case CONN_LINGERING:
    case CONN_DEAD:
        break;
    }
    conn_close(c);
}

void conn_stop(struct conn *c)
{
    switch ((enum conn_state)c->state) {
    case CONN_PARKED:
        stream_wake(c, WAKE_STOP);
        break;
    case CONN_HANDSHAKE:
    case CONN_HEAD: /* a request may be on its way: closing now would lose it */
        if (!c->ex)
            conn_set_alarm(c, c->loop->site->conf.drain_ms);
        break;
    case CONN_BODY:
    case CONN_BUSY:
    case CONN_SENDING:
    case CONN_LINGERING:
    case CONN_DEAD:
        break;
    }
}
