/*
 * courier.c: lanes, exchanges and the loop. See courier.h; courier_slot.h has the states of a
 * message.
 *
 * While the store books and claims, what was claimed before is loaded and sent: the next exchange
 * is asked for first, then come the messages of the last one, a few in each round of the loop.
 */
#include "channel/courier.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/courier_slot.h"
#include "channel/transfer.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    WAIT_MAX_MS = 60 * MS_PER_S, /* asks at least so often, should a wake have been missed */
    ASK_AGAIN_MS = 500,          /* after an exchange that failed */
    CONNECTIONS_PER_HOST_MAX = 16,
    CONNECTIONS_KEPT = 64,
    LAST_EXCHANGE_MS = 5 * MS_PER_S, /* at a stop, for booking what was cut off */
    BEGIN_AT_ONCE = 32,              /* messages, before the loop looks around again */
    GIVE_WAY_MS = 10,                /* between those, when the processors are wanted elsewhere */
};

struct courier {
    struct courier_ops ops;
    const struct transfer_rules *rules;
    CURLM *multi; /* NULL until something leaves */
    int wake_fd;  /* eventfd: other threads write it */
    pthread_t thread;
    struct lane lanes[COURIER_LANES_MAX];
    size_t lane_count;
    struct slots slots;

    struct courier_exchange x;
    const struct courier_result **results; /* room for x.results: one for each slot */
    bool asking;                           /* x is out */
    int64_t ask_after_ms, begin_after_ms;  /* monotonic */

    _Atomic bool woken, stopping;
    _Atomic int64_t cut_at_ms; /* monotonic, when stopping */
    bool told_to_stop, told_to_cut;
    pthread_mutex_t
        lock;      /* guards what follows, and keeps wake_fd while another thread writes it */
    bool answered; /* x has come back */
    struct slot *given_back; /* by carriers with a thread of their own, the newest first */
};

/* ---- other threads ---- */

void courier_wake(struct courier *c)
{
    atomic_store(&c->woken, true);
    eventfd_write(c->wake_fd, 1);
}

static void exchange_done(struct courier_exchange *x)
{
    struct courier *c = x->courier;

    pthread_mutex_lock(&c->lock);
    c->answered = true;
    eventfd_write(c->wake_fd, 1);
    pthread_mutex_unlock(&c->lock);
}

static void errand_done(struct errand *e, const struct verdict *v)
{
    struct slot *s = (struct slot *)(void *)((char *)e - offsetof(struct slot, errand));
    struct courier *c = s->courier;

    pthread_mutex_lock(&c->lock);
    s->said.v = *v;
    snprintf(s->said.why, sizeof(s->said.why), "%.*s", STR_ARG(v->why));
    snprintf(s->said.provider_id, sizeof(s->said.provider_id), "%.*s", STR_ARG(v->provider_id));
    snprintf(s->said.price, sizeof(s->said.price), "%.*s", STR_ARG(v->price));
    if (!c->given_back)
        eventfd_write(c->wake_fd, 1);
    s->given_next = c->given_back;
    c->given_back = s;
    pthread_mutex_unlock(&c->lock);
}

/* ---- messages ---- */

static void settle(struct slot *s, const struct ctx *cx, const struct verdict *v)
{
    slot_settle(s, cx, v, atomic_load(&s->courier->stopping));
}

/* libcurl and its loop, made for the first row that is to leave. */
static enum err have_multi(struct ctx *cx, struct courier *c)
{
    enum err e;

    if (c->multi)
        return OK;
    if ((e = curl_load(cx)))
        return e;
    if (!(c->multi = curl_multi_init()))
        return fail(cx, ERR_INTERNAL, "libcurl makes no loop");
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                            (long)CONNECTIONS_PER_HOST_MAX);
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return OK;
}

static enum err transfer_begin(struct ctx *cx, struct courier *c, struct slot *s)
{
    const struct carrier *carrier = &s->lane->carrier;
    enum err e;

    if (!s->transfer)
        s->transfer = transfer_new(c->rules);
    if ((e = have_multi(cx, c)) || (e = carrier->load(cx, carrier->self, &s->parcel, s->transfer)))
        return e;
    if (curl_easy_setopt(transfer_handle(s->transfer), CURLOPT_PRIVATE, s) ||
        curl_multi_add_handle(c->multi, transfer_handle(s->transfer)))
        return fail(cx, ERR_INTERNAL, "libcurl does not take the request");
    slot_enter(s, SLOT_MOVING);
    return OK;
}

/* Loads and begins one claimed row, or ends it right away. */
static void begin(struct courier *c, struct slot *s)
{
    const struct carrier *carrier = &s->lane->carrier;
    const struct courier_claim claim = {s->parcel.id, s->parcel.attempt};
    struct verdict v = {0};
    struct ctx cx;
    enum err e;

    ctx_init(&cx, s->mem);
    if (carrier->parallel)
        e = c->ops.load(&cx, c->ops.arg, claim.id, &s->parcel);
    else
        e = fail(&cx, ERR_INVALID, "%s", carrier->absent);
    s->parcel.id = claim.id;
    s->parcel.attempt = claim.attempt;
    s->parcel.channel = carrier->channel;
    if (!e && carrier->hand) {
        slot_enter(s, SLOT_HANDED);
        s->errand = (struct errand){.parcel = &s->parcel, .done = errand_done};
        carrier->hand(carrier->self, &s->errand);
        return;
    }
    if (!e && !(e = transfer_begin(&cx, c, s)))
        return;
    v.why = arena_str(s->mem, str_from(cx.why));
    v.outcome = e == ERR_EXPIRED || e == ERR_NOT_FOUND ? OUTCOME_DEAD
                : e == ERR_INVALID                     ? OUTCOME_FAILED
                                                       : OUTCOME_RETRY;
    settle(s, &cx, &v);
}

static void begin_some(struct courier *c)
{
    int64_t now_ms = clock_mono_ms();
    struct slot *s;

    if (!c->slots.claimed || now_ms < c->begin_after_ms)
        return;
    c->begin_after_ms = c->ops.crowded && c->ops.crowded(c->ops.arg) ? now_ms + GIVE_WAY_MS : 0;
    for (unsigned i = 0; i < BEGIN_AT_ONCE && (s = slots_next(&c->slots)); i++)
        begin(c, s);
}

static void end(struct courier *c, struct slot *s, CURLcode result)
{
    struct verdict v;
    struct ctx cx;

    curl_multi_remove_handle(c->multi, transfer_handle(s->transfer));
    transfer_ended(s->transfer, result);
    ctx_init(&cx, s->mem);
    s->lane->carrier.judge(&cx, s->lane->carrier.self, &s->parcel, s->transfer, &v);
    settle(s, &cx, &v);
}

static void collect(struct courier *c)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(c->multi, &left))) {
        CURLcode result = msg->data.result; /* msg is gone with its handle */
        struct slot *s = NULL;

        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &s) == CURLE_OK && s)
            end(c, s, result);
    }
}

static void take_given_back(struct courier *c)
{
    struct slot *s;
    struct ctx cx;

    pthread_mutex_lock(&c->lock);
    s = TAKE(c->given_back);
    pthread_mutex_unlock(&c->lock);
    while (s) {
        struct slot *next = s->given_next;
        struct verdict v = s->said.v;

        v.why = arena_str(s->mem, str_from(s->said.why));
        v.provider_id = arena_str(s->mem, str_from(s->said.provider_id));
        v.price = arena_str(s->mem, str_from(s->said.price));
        ctx_init(&cx, s->mem);
        settle(s, &cx, &v);
        s = next;
    }
}

static void tell_to_stop(struct courier *c, bool cut)
{
    for (size_t i = 0; i < c->lane_count; i++) {
        const struct carrier *carrier = &c->lanes[i].carrier;

        if (carrier->stop)
            carrier->stop(carrier->self, cut);
    }
}

/* At a stop, when the grace is over: the rows are due again at once, for the next start. */
static void cut_off(struct courier *c)
{
    for (size_t i = 0; i < c->slots.count; i++) {
        struct slot *s = &c->slots.all[i];

        if (s->state != SLOT_MOVING)
            continue;
        end(c, s, CURLE_ABORTED_BY_CALLBACK);
        if (s->result.outcome == OUTCOME_RETRY)
            s->result.next_at_ms = clock_now_ms();
    }
}

/* From then on nothing is begun: what the last exchange has claimed would be cut in the middle, and
 * sent again by the next start. */
static void put_back(struct courier *c)
{
    const struct verdict v = {.outcome = OUTCOME_RETRY,
                              .why = STR("the server stopped before it was sent")};
    struct slot *s;
    struct ctx cx;

    while ((s = slots_next(&c->slots))) {
        ctx_init(&cx, s->mem);
        settle(s, &cx, &v);
        s->result.next_at_ms = cx.now_ms;
    }
}

/* ---- exchanges ---- */

/* How many messages of a lane may be under way now. */
static unsigned lane_room(const struct lane *lane)
{
    const struct carrier *carrier = &lane->carrier;

    if (carrier->room)
        return MIN_OF(carrier->room(carrier->self), carrier->parallel);
    return MAX_OF(carrier->parallel, 1u); /* what no carrier takes is ended, one by one */
}

static unsigned lane_want(const struct lane *lane)
{
    unsigned room = lane_room(lane);

    return room > lane->taken ? room - lane->taken : 0;
}

static bool due(struct courier *c, int64_t now_ms)
{
    if (atomic_load(&c->stopping))
        return false;
    if (atomic_load(&c->woken))
        return true;
    for (size_t i = 0; i < c->lane_count; i++) {
        const struct lane *lane = &c->lanes[i];

        if (lane->next_at_ms <= now_ms && lane_want(lane))
            return true;
    }
    return false;
}

static void ask(struct courier *c)
{
    struct courier_exchange *x = &c->x;
    unsigned under_way[COURIER_LANES_MAX];
    bool stopping = atomic_load(&c->stopping);

    if (c->asking || clock_mono_ms() < c->ask_after_ms ||
        (c->slots.in[SLOT_ENDED] == 0 && !due(c, clock_now_ms())))
        return;
    atomic_store(&c->woken, false); /* before the claim: what is queued from now on wakes again */
    x->result_count = 0;
    for (size_t i = 0; i < c->lane_count; i++) {
        struct lane *lane = &c->lanes[i];

        x->lanes[i] = (struct courier_lane){.channel = lane->carrier.channel};
        under_way[i] = lane->taken;
    }
    x->lane_count = c->lane_count;
    for (size_t i = 0; i < c->slots.count; i++) {
        struct slot *s = &c->slots.all[i];

        if (s->state != SLOT_ENDED)
            continue;
        slot_enter(s, SLOT_BOOKING);
        c->results[x->result_count++] = &s->result;
        if (s->result.outcome != OUTCOME_BEGUN)
            under_way[s->lane - c->lanes]--; /* free by the time that the claim is begun */
    }
    for (size_t i = 0; i < x->lane_count && !stopping; i++) {
        unsigned room = lane_room(&c->lanes[i]);

        if (room > under_way[i])
            x->lanes[i].want = MIN_OF(room - under_way[i], (unsigned)COURIER_CLAIM_MAX);
    }
    c->asking = true;
    if (c->ops.exchange(c->ops.arg, x)) {
        x->e = ERR_BUSY;
        exchange_done(x);
    }
}

static void booked(struct courier *c, bool well)
{
    for (size_t i = 0; i < c->slots.count; i++) {
        struct slot *s = &c->slots.all[i];

        if (s->state != SLOT_BOOKING)
            continue;
        slot_enter(s, SLOT_ENDED);
        if (!well)
            continue;
        c->ops.settled(c->ops.arg, &s->result);
        slot_enter(s, SLOT_HANDED);
        if (s->result.outcome == OUTCOME_BEGUN)
            s->lane->carrier.booked(s->lane->carrier.self, &s->errand);
        else
            slot_release(s);
    }
}

static void take_answer_of_exchange(struct courier *c)
{
    bool answered;

    pthread_mutex_lock(&c->lock);
    answered = c->answered;
    c->answered = false;
    pthread_mutex_unlock(&c->lock);
    if (!answered)
        return;
    c->asking = false;
    booked(c, c->x.e == OK);
    if (c->x.e) {
        c->ask_after_ms = clock_mono_ms() + ASK_AGAIN_MS;
        atomic_store(&c->woken, true); /* whatever it was that made us ask */
        return;
    }
    for (size_t i = 0; i < c->x.lane_count; i++) {
        c->lanes[i].next_at_ms = c->x.lanes[i].next_at_ms;
        for (unsigned k = 0; k < c->x.lanes[i].count; k++) /* there are as many as were wanted */
            (void)slots_claim(&c->slots, &c->lanes[i], &c->x.lanes[i].claimed[k]);
    }
}

/* ---- the loop ---- */

static bool idle(const struct courier *c)
{
    return !c->asking && c->slots.in[SLOT_FREE] == c->slots.count;
}

/* True when nothing is left to do, or no time to do it. */
static bool finished(struct courier *c)
{
    int64_t late_ms;

    if (!atomic_load(&c->stopping))
        return false;
    late_ms = clock_mono_ms() - atomic_load(&c->cut_at_ms);
    if (!c->told_to_stop)
        tell_to_stop(c, false);
    c->told_to_stop = true;
    if (late_ms >= 0) {
        cut_off(c);
        if (!c->told_to_cut)
            tell_to_stop(c, true);
        c->told_to_cut = true;
    }
    /* while asking, x belongs to the store */
    return idle(c) || (!c->asking && late_ms > LAST_EXCHANGE_MS);
}

static int wait_ms(struct courier *c)
{
    int64_t mono_ms = clock_mono_ms(), now_ms = clock_now_ms(), wait = WAIT_MAX_MS;
    bool stopping = atomic_load(&c->stopping);

    if (stopping && idle(c))
        return 0;
    if (c->slots.claimed)
        return (int)MAX_OF(c->begin_after_ms - mono_ms, (int64_t)0);
    if (stopping)
        wait = MIN_OF(wait, MAX_OF(atomic_load(&c->cut_at_ms) - mono_ms, (int64_t)ASK_AGAIN_MS));
    if (!c->asking && (c->slots.in[SLOT_ENDED] || due(c, now_ms)))
        return (int)MAX_OF(c->ask_after_ms - mono_ms, (int64_t)0);
    for (size_t i = 0; i < c->lane_count && !stopping; i++) {
        if (lane_want(&c->lanes[i]))
            wait = MIN_OF(wait, MAX_OF(c->lanes[i].next_at_ms - now_ms, (int64_t)1));
    }
    return (int)wait;
}

static void wait_for_work(struct courier *c)
{
    struct curl_waitfd also = {.fd = c->wake_fd, .events = CURL_WAIT_POLLIN};
    struct pollfd only = {.fd = c->wake_fd, .events = POLLIN};
    eventfd_t spent;

    if (c->multi)
        curl_multi_poll(c->multi, &also, 1, wait_ms(c), NULL);
    else
        (void)poll(&only, 1, wait_ms(c));
    (void)eventfd_read(c->wake_fd, &spent);
}

static void *run(void *arg)
{
    struct courier *c = arg;
    int64_t look_ms = 0;
    int moving;

    while (!finished(c)) {
        int64_t mono_ms = clock_mono_ms();

        if (mono_ms - look_ms >= WAIT_MAX_MS) {
            atomic_store(&c->woken, true);
            look_ms = mono_ms;
        }
        take_answer_of_exchange(c);
        take_given_back(c);
        if (c->told_to_cut)
            put_back(c);
        ask(c);
        begin_some(c);
        if (c->multi) {
            curl_multi_perform(c->multi, &moving);
            collect(c);
        }
        wait_for_work(c);
    }
    return NULL;
}

/* ---- start and stop ---- */

static void courier_free(struct courier **courier)
{
    struct courier *c = *courier;

    if (!c)
        return;
    slots_deinit(&c->slots);
    if (c->multi)
        curl_multi_cleanup(c->multi);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->results);
    mem_free(c);
    *courier = NULL;
}

enum err courier_start(struct ctx *cx, const struct courier_conf *conf, struct courier **out)
{
    OWN(courier_free) struct courier *c = mem_alloc(sizeof(*c));
    size_t slot_count = 0;

    pthread_mutex_init(&c->lock, NULL);
    c->ops = conf->ops;
    c->x.done = exchange_done;
    c->x.courier = c;
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->wake_fd < 0 || conf->carrier_count > COURIER_LANES_MAX)
        return fail(cx, ERR_INTERNAL, "the courier cannot start");
    for (size_t i = 0; i < conf->carrier_count; i++) {
        c->lanes[c->lane_count++] = (struct lane){.carrier = conf->carriers[i]};
        slot_count += MAX_OF(conf->carriers[i].parallel, 1u);
    }
    slots_init(&c->slots, slot_count, c);
    c->results = mem_alloc(slot_count * sizeof(*c->results));
    c->x.results = c->results;
    c->rules = conf->rules;
    if (pthread_create(&c->thread, NULL, run, c))
        return fail(cx, ERR_INTERNAL, "the courier's thread does not start");
    (void)pthread_setname_np(c->thread, "courier");
    *out = TAKE(c);
    return OK;
}

void courier_stop(struct courier **courier, int64_t grace_ms)
{
    struct courier *c = *courier;

    if (!c)
        return;
    atomic_store(&c->cut_at_ms, clock_mono_ms() + grace_ms);
    atomic_store(&c->stopping, true);
    eventfd_write(c->wake_fd, 1);
    pthread_join(c->thread, NULL);
    pthread_mutex_lock(&c->lock); /* whoever answered last has let go */
    pthread_mutex_unlock(&c->lock);
    if (c->slots.in[SLOT_HANDED] == 0) /* else a carrier may yet give it back */
        courier_free(&c);
    *courier = NULL;
}
