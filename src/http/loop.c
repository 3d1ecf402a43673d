/*
 * loop.c: see loop.h. libevent runs without locks (EVENT_BASE_FLAG_NOLOCK): nobody else calls in.
 */
#include "http/loop.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/conn.h"
#include "http/stream.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- time ---- */

static void start_ticking(struct loop *l)
{
    static const struct timeval tick = {.tv_usec = (suseconds_t)WHEEL_TICK_MS * 1000};

    if (l->wheel.count > 0 && !event_pending(&l->tick_event, EV_TIMEOUT, NULL))
        event_add(&l->tick_event, &tick);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    int64_t now_ms = clock_mono_ms();
    struct alarm *a;

    (void)fd;
    (void)what;
    while ((a = wheel_due(&l->wheel, now_ms)))
        conn_alarm(a);
    start_ticking(l);
}

void loop_alarm(struct loop *l, struct alarm *a, int64_t in_ms)
{
    wheel_set(&l->wheel, a, clock_mono_ms() + in_ms);
    start_ticking(l);
}

struct str loop_date(struct loop *l)
{
    int64_t now_ms = clock_now_ms();

    if (now_ms / MS_PER_S != l->date_s) {
        l->date_s = now_ms / MS_PER_S;
        clock_http(now_ms, l->date);
    }
    return str_from(l->date);
}

/* ---- exchanges ---- */

static void exchange_arrived(struct post *p, void *arg)
{
    (void)arg;
    conn_returned(exchange_of_post(p));
}

struct exchange *loop_take_exchange(struct loop *l)
{
    struct exchange *ex = l->spare;

    if (ex) {
        l->spare = ex->next;
        l->spare_count--;
        return ex;
    }
    ex = exchange_new(l->site);
    ex->home = &l->inbox;
    ex->post.run = exchange_arrived;
    return ex;
}

void loop_give_exchange(struct loop *l, struct exchange **p)
{
    struct exchange *ex = TAKE(*p);

    exchange_renew(ex);
    buf_deinit(&ex->raw);
    if (l->spare_count == LOOP_SPARE_MAX) {
        exchange_free(&ex);
        return;
    }
    ex->next = l->spare;
    l->spare = ex;
    l->spare_count++;
}

/* ---- what other threads send ---- */

struct newcomer {
    struct post post;
    int fd;
    struct origin from;
};

static void newcomer_arrived(struct post *p, void *arg)
{
    struct newcomer *n = (struct newcomer *)(void *)p;
    struct loop *l = arg;

    if (l->stopping) {
        close(n->fd);
        site_leave(l->site, &n->from);
    } else {
        conn_open(l, n->fd, &n->from);
    }
    mem_free(n);
}

void loop_add(struct loop *l, int fd, const struct origin *from)
{
    struct newcomer *n = mem_alloc(sizeof(*n));

    *n = (struct newcomer){.post.run = newcomer_arrived, .fd = fd, .from = *from};
    COUNT_UP(l->counters.accepted);
    inbox_put(&l->inbox, &n->post);
}

struct news {
    struct post post;
    size_t count;
    uint64_t topics[];
};

static void news_arrived(struct post *p, void *arg)
{
    struct news *news = (struct news *)(void *)p;
    struct loop *l = arg;

    for (size_t i = 0; i < news->count; i++) {
        struct parked *at = waits_next(&l->waits, news->topics[i], NULL);

        while (at) {
            struct parked *next = waits_next(&l->waits, news->topics[i], at);

            stream_notified(at); /* may free it, and nothing else */
            at = next;
        }
    }
    mem_free(news);
}

void loop_notify(struct loop *l, const uint64_t *topics, size_t count)
{
    struct news *n = mem_alloc(sizeof(*n) + count * sizeof(topics[0]));

    n->post.run = news_arrived;
    n->count = count;
    memcpy(n->topics, topics, count * sizeof(topics[0]));
    inbox_put(&l->inbox, &n->post);
}

static void run_inbox(struct loop *l)
{
    struct post *p = inbox_take(&l->inbox);

    while (p) {
        struct post *next = p->next;

        p->run(p, l);
        p = next;
    }
}

static void on_inbox(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    run_inbox(arg);
}

/* ---- stopping ---- */

void loop_left(struct loop *l)
{
    if (l->stopping && !l->conns)
        event_base_loopbreak(l->base);
}

/* Grace is over. What is with the writer comes back still: its memory is in use there. */
static void on_grace_end(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;

    (void)fd;
    (void)what;
    for (struct conn *c = l->conns, *next; c; c = next) {
        next = c->next;
        conn_close(c);
    }
}

static void stop_arrived(struct post *p, void *arg)
{
    struct loop *l = arg;
    struct timeval grace = {.tv_sec = l->grace_ms / MS_PER_S,
                            .tv_usec = (suseconds_t)(l->grace_ms % MS_PER_S) * 1000};

    (void)p;
    l->stopping = true;
    for (struct conn *c = l->conns, *next; c; c = next) {
        next = c->next;
        conn_stop(c);
    }
    event_base_once(l->base, -1, EV_TIMEOUT, on_grace_end, l, &grace);
    loop_left(l);
}

void loop_stop(struct loop *l, uint32_t grace_ms)
{
    l->grace_ms = grace_ms; /* published by the inbox's lock */
    l->stop_post.run = stop_arrived;
    inbox_put(&l->inbox, &l->stop_post);
}

/* ---- life ---- */

enum err loop_new(struct ctx *cx, const struct site *site, struct loop **out)
{
    OWN(loop_free) struct loop *l = mem_alloc(sizeof(*l));
    struct event_config *config;
    ssize_t ignored;
    enum err e;

    l->site = site;
    l->inbox.fd = -1;
    l->mem = arena_new();
    wheel_init(&l->wheel, clock_mono_ms());
    ignored = getrandom(&l->dice, sizeof(l->dice), 0);
    (void)ignored;
    if ((e = inbox_init(cx, &l->inbox)))
        return e;
    if ((e = site->conf.backend.reader_open(site->conf.backend.arg, &l->db)))
        return fail(cx, e, "http: a loop got no handle on the store");
    config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        l->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!l->base)
        return fail(cx, ERR_INTERNAL, "http: libevent gave no event base");
    event_assign(&l->inbox_event, l->base, l->inbox.fd, EV_READ | EV_PERSIST, on_inbox, l);
    event_add(&l->inbox_event, NULL);
    event_assign(&l->tick_event, l->base, -1, 0, on_tick, l);
    *out = TAKE(l);
    return OK;
}

static void *run(void *arg)
{
    struct loop *l = arg;

    event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

enum err loop_start(struct ctx *cx, struct loop *l)
{
    int r = pthread_create(&l->thread, NULL, run, l);

    if (r)
        return fail(cx, ERR_INTERNAL, "http: loop thread: %s", strerrordesc_np(r));
    l->started = true;
    return OK;
}

void loop_join(struct loop *l)
{
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
    l->stopping = true;
    if (l->db)
        l->site->conf.backend.reader_close(&l->db);
}

void loop_free(struct loop **p)
{
    struct loop *l = *p;

    if (!l)
        return;
    loop_join(l);
    if (l->inbox.fd >= 0) {
        run_inbox(l); /* newcomers and news that came behind the stop */
        inbox_deinit(&l->inbox);
    }
    while (l->spare) {
        struct exchange *ex = l->spare;

        l->spare = ex->next;
        exchange_free(&ex);
    }
    if (l->base)
        event_base_free(l->base);
    arena_free(&l->mem);
    mem_free(l);
    *p = NULL;
}
