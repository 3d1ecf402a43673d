/*
 * courier.c: slots, lanes and the loop. See courier.h.
 *
 *   slot:  FREE --claim--> MOVING --end--> ENDED --exchange--> BOOKING --commit--> FREE
 *            |                               ^                    |
 *            |------> cannot load -----------+<---- exchange failed
 *            '------> HANDED --given back----'                    |
 *                        '------ a call that has only begun <-------'
 * A slot is free only when its result is booked: a store that hangs stops the sending, no more.
 */
#include "channel/courier.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/retry.h"
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
    PROVIDER_ID_MAX = 80,
};

enum slot_state { SLOT_FREE, SLOT_MOVING, SLOT_HANDED, SLOT_ENDED, SLOT_BOOKING };

struct said { /* by a carrier with a thread of its own; copied */
    struct verdict v;
    char why[CTX_WHY_MAX], provider_id[PROVIDER_ID_MAX], price[PROVIDER_ID_MAX];
};

struct lane {
    struct carrier carrier;
    unsigned taken;     /* slots that are not free */
    int64_t next_at_ms; /* when its next row is due */
};

struct slot {
    enum slot_state state;
    struct lane *lane;
    struct arena *mem; /* of the parcel and the result */
    struct transfer *transfer;
    struct parcel parcel;
    struct courier_result result;
    struct courier *courier;
    struct errand errand;
    struct said said;        /* guarded by the courier's lock until it is taken from given_back */
    struct slot *given_next; /* the same */
};

struct courier {
    struct courier_ops ops;
    const struct transfer_rules *rules;
    CURLM *multi; /* NULL until something leaves */
    int wake_fd;  /* eventfd: other threads write it */
    pthread_t thread;
    struct lane lanes[COURIER_LANES_MAX];
    size_t lane_count;
    struct slot *slots;
    size_t slot_count;

    struct courier_exchange x;
    const struct courier_result **results; /* room for x.results: slot_count */
    bool asking;                           /* x is out */
    int64_t ask_after_ms;                  /* monotonic */

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

/* ---- slots ---- */

static struct slot *free_slot(struct courier *c)
{
    for (size_t i = 0; i < c->slot_count; i++) {
        struct slot *s = &c->slots[i];

        if (s->state != SLOT_FREE)
            continue;
        if (!s->mem) /* made when first used: an idle server needs none of them */
            s->mem = arena_new();
        s->courier = c;
        return s;
    }
    return NULL;
}

static size_t count_in(const struct courier *c, enum slot_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < c->slot_count; i++)
        n += c->slots[i].state == state;
    return n;
}

static int64_t delay_ms(const struct slot *s, const struct verdict *v)
{
    unsigned attempt = s->parcel.attempt;

    if (s->state == SLOT_HANDED && atomic_load(&s->courier->stopping))
        return 0; /* given back for the next start */
    return retry_delay_ms(v->unsent ? MIN_OF(attempt, (unsigned)RETRY_UNSENT_ATTEMPT) : attempt,
                          v->retry_after_ms);
}

/* The result of a verdict: what is to be tried again too late is not tried again. */
static void settle(struct slot *s, const struct ctx *cx, const struct verdict *v)
{
    struct courier_result r = {
        .parcel = &s->parcel,
        .outcome = v->outcome,
        .why = v->why,
        .provider_id = v->provider_id,
        .price = v->price,
        .rest_ms = v->retry_after_ms,
        .judged = s->state != SLOT_FREE && !atomic_load(&s->courier->stopping),
        .said = v->said,
        .lost = v->lost,
        .begun = s->result.outcome == OUTCOME_BEGUN, /* what was booked before */
    };

    if (v->outcome == OUTCOME_RETRY) {
        r.next_at_ms = cx->now_ms + delay_ms(s, v);
        /* a parcel that could not be loaded says not how long it lives; its next attempt does */
        if (s->parcel.expires_at_ms && r.next_at_ms >= s->parcel.expires_at_ms) {
            r.outcome = OUTCOME_FAILED;
            r.why = arena_printf(s->mem, "gave up after attempt %u: %.*s", s->parcel.attempt,
                                 STR_ARG(v->why));
        }
    }
    s->result = r;
    s->state = SLOT_ENDED;
}

static void release(struct slot *s)
{
    s->lane->taken--;
    s->state = SLOT_FREE;
    s->parcel = (struct parcel){0};
    s->result = (struct courier_result){0};
    arena_reset(s->mem);
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
    s->state = SLOT_MOVING;
    return OK;
}

/* Loads and begins one claimed row, or ends it right away. */
static void begin(struct courier *c, struct lane *lane, const struct courier_claim *claim)
{
    struct slot *s = free_slot(c);
    struct verdict v = {0};
    struct ctx cx;
    enum err e;

    if (!s) /* cannot be: want is the number of free slots. The lease ends it. */
        return;
    ctx_init(&cx, s->mem);
    s->lane = lane;
    lane->taken++;
    if (lane->carrier.parallel)
        e = c->ops.load(&cx, c->ops.arg, claim->id, &s->parcel);
    else
        e = fail(&cx, ERR_INVALID, "%s", lane->carrier.absent);
    s->parcel.id = claim->id;
    s->parcel.attempt = claim->attempt;
    s->parcel.channel = lane->carrier.channel;
    if (!e && lane->carrier.hand) {
        s->state = SLOT_HANDED;
        s->errand = (struct errand){.parcel = &s->parcel, .done = errand_done};
        lane->carrier.hand(lane->carrier.self, &s->errand);
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
    for (size_t i = 0; i < c->slot_count; i++) {
        struct slot *s = &c->slots[i];

        if (s->state != SLOT_MOVING)
            continue;
        end(c, s, CURLE_ABORTED_BY_CALLBACK);
        if (s->result.outcome == OUTCOME_RETRY)
            s->result.next_at_ms = clock_now_ms();
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
        (count_in(c, SLOT_ENDED) == 0 && !due(c, clock_now_ms())))
        return;
    atomic_store(&c->woken, false); /* before the claim: what is queued from now on wakes again */
    x->result_count = 0;
    for (size_t i = 0; i < c->lane_count; i++) {
        struct lane *lane = &c->lanes[i];

        x->lanes[i] = (struct courier_lane){.channel = lane->carrier.channel};
        under_way[i] = lane->taken;
    }
    x->lane_count = c->lane_count;
    for (size_t i = 0; i < c->slot_count; i++) {
        struct slot *s = &c->slots[i];

        if (s->state != SLOT_ENDED)
            continue;
        s->state = SLOT_BOOKING;
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
    for (size_t i = 0; i < c->slot_count; i++) {
        struct slot *s = &c->slots[i];

        if (s->state != SLOT_BOOKING)
            continue;
        s->state = SLOT_ENDED;
        if (!well)
            continue;
        c->ops.settled(c->ops.arg, &s->result);
        s->state = SLOT_HANDED;
        if (s->result.outcome == OUTCOME_BEGUN)
            s->lane->carrier.booked(s->lane->carrier.self, &s->errand);
        else
            release(s);
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
        for (unsigned k = 0; k < c->x.lanes[i].count; k++)
            begin(c, &c->lanes[i], &c->x.lanes[i].claimed[k]);
    }
}

/* ---- the loop ---- */

static bool idle(const struct courier *c)
{
    return !c->asking && count_in(c, SLOT_FREE) == c->slot_count;
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
    if (stopping)
        wait = MIN_OF(wait, MAX_OF(atomic_load(&c->cut_at_ms) - mono_ms, (int64_t)ASK_AGAIN_MS));
    if (!c->asking && (count_in(c, SLOT_ENDED) || due(c, now_ms)))
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
        ask(c);
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
    for (size_t i = 0; i < c->slot_count; i++) {
        transfer_free(&c->slots[i].transfer);
        arena_free(&c->slots[i].mem);
    }
    if (c->multi)
        curl_multi_cleanup(c->multi);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->slots);
    mem_free(c->results);
    mem_free(c);
    *courier = NULL;
}

enum err courier_start(struct ctx *cx, const struct courier_conf *conf, struct courier **out)
{
    OWN(courier_free) struct courier *c = mem_alloc(sizeof(*c));

    pthread_mutex_init(&c->lock, NULL);
    c->ops = conf->ops;
    c->x.done = exchange_done;
    c->x.courier = c;
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->wake_fd < 0 || conf->carrier_count > COURIER_LANES_MAX)
        return fail(cx, ERR_INTERNAL, "the courier cannot start");
    for (size_t i = 0; i < conf->carrier_count; i++) {
        c->lanes[c->lane_count++] = (struct lane){.carrier = conf->carriers[i]};
        c->slot_count += MAX_OF(conf->carriers[i].parallel, 1u);
    }
    c->slots = mem_alloc(c->slot_count * sizeof(*c->slots));
    c->results = mem_alloc(c->slot_count * sizeof(*c->results));
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
    if (count_in(c, SLOT_HANDED) == 0) /* else a carrier may yet give it back */
        courier_free(&c);
    *courier = NULL;
}
