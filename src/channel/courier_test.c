/* courier_test.c: the order of work, with a store and a carrier that answer when the test says so.
 */
#include "base/unit.h"

#include "base/clock.h"
#include "channel/courier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { PARALLEL = 100, AT_ONCE_MAX = 32, PATIENCE_S = 60 };

struct scene {
    struct courier *courier;
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed; /* one of them has */
    struct courier_exchange *x;
    unsigned exchanges;
    struct errand *errands[PARALLEL];
    unsigned handed, settled;
    unsigned exchanges_at_load; /* when the first message was loaded */
    bool is_crowded;
    unsigned loaded_since_look,
        loaded_at_once; /* between two looks whether it is crowded; the most */
    unsigned looks;
    unsigned cuts; /* of the carrier, at a stop */
};

/* Waits, with the lock, until `wanted` holds. */
#define AWAIT(sc, wanted)                                                                          \
    do {                                                                                           \
        struct timespec until_;                                                                    \
        clock_gettime(CLOCK_REALTIME, &until_);                                                    \
        until_.tv_sec += PATIENCE_S;                                                               \
        while (!(wanted) && !pthread_cond_timedwait(&(sc)->changed, &(sc)->lock, &until_))         \
            ;                                                                                      \
        assert_true(wanted);                                                                       \
    } while (0)

static void change(struct scene *sc, unsigned *counter)
{
    pthread_mutex_lock(&sc->lock);
    ++*counter;
    pthread_cond_broadcast(&sc->changed);
    pthread_mutex_unlock(&sc->lock);
}

/* ---- on the courier's thread ---- */

static enum err exchange(void *arg, struct courier_exchange *x)
{
    struct scene *sc = arg;

    sc->x = x; /* seen by whoever sees the counter */
    change(sc, &sc->exchanges);
    return OK;
}

static enum err load(struct ctx *cx, void *arg, int64_t id, struct parcel *out)
{
    struct scene *sc = arg;

    (void)cx;
    pthread_mutex_lock(&sc->lock);
    if (!sc->exchanges_at_load)
        sc->exchanges_at_load = sc->exchanges;
    sc->loaded_since_look++;
    sc->loaded_at_once = MAX_OF(sc->loaded_at_once, sc->loaded_since_look);
    pthread_mutex_unlock(&sc->lock);
    *out = (struct parcel){.id = id, .to = STR("+4915112345678"), .expires_at_ms = INT64_MAX};
    return OK;
}

static bool crowded(void *arg)
{
    struct scene *sc = arg;

    sc->loaded_since_look = 0;
    change(sc, &sc->looks);
    return sc->is_crowded;
}

static void settled(void *arg, const struct courier_result *r)
{
    struct scene *sc = arg;

    (void)r;
    change(sc, &sc->settled);
}

static void hand(void *self, struct errand *e)
{
    struct scene *sc = self;

    sc->errands[sc->handed] = e;
    change(sc, &sc->handed);
}

static void stop(void *self, bool cut)
{
    struct scene *sc = self;

    if (cut)
        change(sc, &sc->cuts);
}

/* ---- the test's side, with the lock ---- */

/* The store gives the first lane `count` rows of those it wants. */
static void answer(struct scene *sc, unsigned count)
{
    struct courier_exchange *x = sc->x;
    struct courier_lane *lane = &x->lanes[0];

    assert_true(lane->want >= count);
    lane->count = count;
    lane->next_at_ms = count ? 0 : INT64_MAX; /* more of them are due */
    for (unsigned i = 0; i < count; i++)
        lane->claimed[i] = (struct courier_claim){.id = i + 1, .attempt = 1};
    x->e = OK;
    pthread_mutex_unlock(&sc->lock);
    x->done(x);
    pthread_mutex_lock(&sc->lock);
}

static void all_taken(struct scene *sc)
{
    static const struct verdict v = {.outcome = OUTCOME_SENT};
    unsigned count = sc->handed;

    pthread_mutex_unlock(&sc->lock);
    for (unsigned i = 0; i < count; i++)
        sc->errands[i]->done(sc->errands[i], &v);
    pthread_mutex_lock(&sc->lock);
}

static void begin(struct scene *sc, struct arena *mem, unsigned parallel, bool is_crowded)
{
    const struct carrier carrier = {
        .channel = STR("sms"), .parallel = parallel, .self = sc, .hand = hand, .stop = stop};
    const struct courier_conf conf = {
        .ops =
            {.arg = sc, .exchange = exchange, .load = load, .crowded = crowded, .settled = settled},
        .carriers = &carrier,
        .carrier_count = 1,
    };
    struct ctx cx;

    *sc = (struct scene){.is_crowded = is_crowded};
    pthread_mutex_init(&sc->lock, NULL);
    pthread_cond_init(&sc->changed, NULL);
    ctx_init(&cx, mem);
    pthread_mutex_lock(&sc->lock);
    assert_int_equal(courier_start(&cx, &conf, &sc->courier), OK);
    AWAIT(sc, sc->exchanges == 1);
    assert_int_equal(sc->x->lanes[0].want, parallel);
}

/* Answers what is still asked with nothing until `count` messages are booked. */
static void end(struct scene *sc, unsigned count)
{
    unsigned answered = sc->exchanges - 1;

    all_taken(sc);
    while (sc->settled < count) {
        AWAIT(sc, sc->exchanges > answered || sc->settled == count);
        for (; answered < sc->exchanges; answered++)
            answer(sc, 0);
    }
    pthread_mutex_unlock(&sc->lock);
    courier_stop(&sc->courier, 0);
    pthread_cond_destroy(&sc->changed);
    pthread_mutex_destroy(&sc->lock);
}

static void messages_are_loaded_while_the_store_works(void **state)
{
    struct scene sc;

    begin(&sc, *state, 4, false);
    answer(&sc, 2);
    AWAIT(&sc, sc.exchanges == 2 && sc.handed == 2); /* the second is out, and nobody answers it */
    assert_int_equal(sc.exchanges_at_load, 2);
    assert_int_equal(sc.x->lanes[0].want, 2);
    end(&sc, 2);
}

static void when_it_is_crowded_a_few_leave_at_a_time(void **state)
{
    struct scene sc;

    begin(&sc, *state, PARALLEL, true);
    answer(&sc, PARALLEL);
    AWAIT(&sc, sc.handed == PARALLEL);
    assert_true(sc.loaded_at_once <= AT_ONCE_MAX);
    assert_true(sc.looks >= PARALLEL / AT_ONCE_MAX);
    end(&sc, PARALLEL);
}

static void *stop_at_once(void *arg)
{
    courier_stop(&((struct scene *)arg)->courier, 0);
    return NULL;
}

static void what_is_claimed_behind_the_cut_is_not_begun(void **state)
{
    struct scene sc;
    pthread_t stopper;

    begin(&sc, *state, 4, false);
    assert_int_equal(pthread_create(&stopper, NULL, stop_at_once, &sc), 0);
    AWAIT(&sc, sc.cuts == 1);
    answer(&sc, 2);
    AWAIT(&sc, sc.exchanges == 2);
    assert_int_equal(sc.exchanges_at_load, 0);
    assert_int_equal(sc.handed, 0);
    assert_int_equal(sc.x->result_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct courier_result *r = sc.x->results[i];

        assert_int_equal(r->outcome, OUTCOME_RETRY);
        assert_true(r->next_at_ms <= clock_now_ms());
        assert_false(r->lost || r->judged);
    }
    answer(&sc, 0);
    pthread_mutex_unlock(&sc.lock);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    assert_int_equal(sc.settled, 2);
    pthread_cond_destroy(&sc.changed);
    pthread_mutex_destroy(&sc.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_loaded_while_the_store_works),
        cmocka_unit_test(when_it_is_crowded_a_few_leave_at_a_time),
        cmocka_unit_test(what_is_claimed_behind_the_cut_is_not_begun),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
