/* circuit_test.c: a channel that fails is left alone, tried again, and comes back; codes take
 * another way. */
#include "base/unit.h"

#include "core/circuit.h"
#include "core/delivery.h"
#include "core/fallback.h"
#include "core/firewall.h"
#include "core/fixture.h"
#include "core/outbox.h"
#include "core/service.h"
#include "core/verification.h"

static struct ctx cx;

static int pure_setup(void **state)
{
    (void)state;
    ctx_init(&cx, arena_new());
    cx.now_ms = 1800000000000;
    return 0;
}

static int pure_teardown(void **state)
{
    (void)state;
    arena_free(&cx.mem);
    return 0;
}

/* ---- the circuit alone ---- */

static void notes(struct circuit *c, enum carrier_sign sign, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        circuit_note(&cx, c, sign, 0, STR("because"));
}

static unsigned room(const struct circuit *c)
{
    int64_t at_ms;

    return circuit_room(&cx, c, 16, &at_ms);
}

static void five_failures_open_it_and_one_success_closes_it(void **state)
{
    struct circuit c = {.channel = STR("sms")};
    int64_t at_ms;

    (void)state;
    notes(&c, SIGN_BAD, 4);
    assert_int_equal(room(&c), 16);
    notes(&c, SIGN_GOOD, 1);
    notes(&c, SIGN_BAD, 4);
    notes(&c, SIGN_ANSWERED, 3); /* about numbers, not about the carrier */
    assert_int_equal(c.state, CIRCUIT_CLOSED);
    notes(&c, SIGN_BAD, 1);
    assert_int_equal(c.state, CIRCUIT_OPEN);
    assert_int_equal(circuit_room(&cx, &c, 16, &at_ms), 0);
    assert_int_equal(at_ms, cx.now_ms + 15000);
    notes(&c, SIGN_BAD, 11); /* those that were under way */
    assert_int_equal(c.probe_at_ms, at_ms);

    cx.now_ms += 15000;
    assert_int_equal(room(&c), 1);
    circuit_probed(&cx, &c);
    assert_int_equal(c.state, CIRCUIT_HALF_OPEN);
    assert_int_equal(room(&c), 0);
    notes(&c, SIGN_BAD, 1);
    assert_int_equal(c.state, CIRCUIT_OPEN);
    assert_int_equal(c.probe_at_ms, cx.now_ms + 30000);

    cx.now_ms += 30000;
    circuit_probed(&cx, &c);
    notes(&c, SIGN_GOOD, 1);
    assert_int_equal(c.state, CIRCUIT_CLOSED);
    assert_int_equal(room(&c), 16);
    assert_int_equal(c.openings, 0);
}

static void it_waits_longer_each_time_up_to_five_minutes(void **state)
{
    static const int64_t spans_s[] = {15, 30, 60, 120, 240, 300, 300};
    struct circuit c = {.channel = STR("sms")};

    (void)state;
    notes(&c, SIGN_BAD, 5);
    EACH_ROW (span_s, spans_s) {
        assert_int_equal(c.probe_at_ms - cx.now_ms, *span_s * MS_PER_S);
        cx.now_ms = c.probe_at_ms;
        circuit_probed(&cx, &c);
        notes(&c, SIGN_BAD, 1);
    }
}

static void one_that_was_over_is_no_try(void **state)
{
    struct circuit c = {.channel = STR("sms")};

    (void)state;
    notes(&c, SIGN_BAD, 5);
    cx.now_ms = c.probe_at_ms;
    circuit_probed(&cx, &c);
    notes(&c, SIGN_NONE, 1);
    assert_int_equal(c.state, CIRCUIT_OPEN);
    assert_int_equal(room(&c), 1); /* the next one, at once */
    assert_int_equal(c.openings, 1);
}

static void half_of_many_failing_opens_it_too(void **state)
{
    struct circuit c = {.channel = STR("email")};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        notes(&c, SIGN_BAD, 1);
        notes(&c, SIGN_GOOD, 1);
    }
    assert_int_equal(c.state, CIRCUIT_CLOSED);
    notes(&c, SIGN_BAD, 2);
    assert_int_equal(c.state, CIRCUIT_OPEN);

    c = (struct circuit){.channel = STR("email")};
    for (unsigned i = 0; i < 100; i++) { /* one of four is no reason, nor are old ones */
        notes(&c, SIGN_GOOD, 3);
        notes(&c, SIGN_BAD, 1);
        cx.now_ms += 2000;
    }
    assert_int_equal(c.state, CIRCUIT_CLOSED);
}

static void a_carrier_that_asks_for_time_gets_it(void **state)
{
    struct circuit c = {.channel = STR("sms")};
    int64_t at_ms;

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        circuit_note(&cx, &c, SIGN_BAD, 7000, STR("answered 429"));
    assert_int_equal(c.state, CIRCUIT_CLOSED);
    assert_int_equal(circuit_room(&cx, &c, 16, &at_ms), 0);
    assert_int_equal(at_ms, cx.now_ms + 7000);
    assert_false(circuit_works(&cx, &c));
    cx.now_ms += 7000;
    assert_int_equal(room(&c), 16);
}

static void an_answer_about_a_number_closes_it_when_it_was_tried(void **state)
{
    struct circuit c = {.channel = STR("sms")};

    (void)state;
    notes(&c, SIGN_BAD, 5);
    cx.now_ms = c.probe_at_ms;
    circuit_probed(&cx, &c);
    notes(&c, SIGN_ANSWERED, 1);
    assert_int_equal(c.state, CIRCUIT_CLOSED);
}

/* ---- codes that take another way ---- */

struct scene {
    struct fixture fx;
    struct service_keys keys;
    struct service app;
    struct fixture_person p;
    struct verification v;
    struct courier_exchange x;
    struct courier_result result;
    const struct courier_result *results[1];
    struct parcel parcel;
    struct outbox_message *list;
    size_t count;
    const char *setting, *value, *channel, *target;
    struct str went, to;
    int64_t service_id;
    bool recipients, gave_up; /* of the next result */
    struct circuit circuit;
};

#define RUN(sc, fn) fixture_run(&(sc)->fx, fn, sc)

static enum err set(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return service_set(c, db, sc->service_id, str_from(sc->setting), str_from(sc->value));
}

static enum err make_app(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = service_create(c, db, STR("shop"), &sc->keys);

    return e ? e : service_by_name(c, db, STR("shop"), &sc->app);
}

static enum err start(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return verification_start(c, db,
                              &(struct verification_in){
                                  .service_id = sc->app.id,
                                  .channel = str_from(sc->channel),
                                  .target = str_from(sc->target),
                                  .action = STR(""),
                              },
                              &sc->v);
}

/* The same for a person. */
static enum err start_portal(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return verification_start(c, db,
                              &(struct verification_in){
                                  .service_id = core_of(db)->portal_service_id,
                                  .identity_id = sc->p.identity_id,
                                  .channel = STR("sms"),
                                  .target = STR("+4915112345678"),
                                  .action = STR(""),
                              },
                              &sc->v);
}

static enum err swap(struct ctx *c, struct db *db, void *arg)
{
    return delivery_exchange(c, db, &((struct scene *)arg)->x);
}

static enum err list_all(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return outbox_list(c, db, STR_NONE, 50, &sc->list, &sc->count);
}

static enum err where(struct ctx *c, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return fallback_where(c, db, sc->v.id, &sc->went, &sc->to);
}

static enum err pause_sms(struct ctx *c, struct db *db, void *arg)
{
    (void)arg;
    return circuit_pause(c, db, STR("sms"));
}

static enum err end_verification(struct ctx *c, struct db *db, void *arg)
{
    static const struct origin nowhere = {
        {NULL, 0},
        {NULL, 0}
    };

    return verification_end(c, db, &((struct scene *)arg)->v, false, &nowhere);
}

/* Claims from the SMS lane; with an outcome, books it for what was claimed last. */
static unsigned exchange(struct scene *sc, bool book, enum outcome outcome)
{
    unsigned count = sc->x.lanes[0].count;

    if (book) {
        assert_true(count > 0);
        sc->parcel = (struct parcel){.id = sc->x.lanes[0].claimed[0].id,
                                     .attempt = sc->x.lanes[0].claimed[0].attempt,
                                     .channel = STR("sms")};
        sc->result = (struct courier_result){.parcel = &sc->parcel,
                                             .outcome = outcome,
                                             .why = STR("it said no"),
                                             .next_at_ms = sc->fx.cx.now_ms + 1000,
                                             .recipients = sc->recipients,
                                             .gave_up = sc->gave_up,
                                             .rest_ms = sc->recipients ? 30000 : 0,
                                             .judged = true};
    }
    sc->results[0] = &sc->result;
    sc->x =
        (struct courier_exchange){.lane_count = 1, .results = sc->results, .result_count = book};
    sc->x.lanes[0].channel = STR("sms");
    sc->x.lanes[0].want = 16;
    assert_int_equal(RUN(sc, swap), OK);
    return sc->x.lanes[0].count;
}

static void assert_went(struct scene *sc, const char *channel, const char *to)
{
    assert_int_equal(RUN(sc, where), OK);
    assert_str(sc->went, str_from(channel));
    assert_str(sc->to, str_from(to));
}

static size_t messages(struct scene *sc, const char *channel)
{
    size_t n = 0;

    assert_int_equal(RUN(sc, list_all), OK);
    for (size_t i = 0; i < sc->count; i++)
        n += str_eq(sc->list[i].channel, str_from(channel)) && sc->list[i].code.n;
    return n;
}

static void set_fallback(struct scene *sc, int64_t service_id, const char *value)
{
    sc->service_id = service_id;
    sc->setting = "fallback";
    sc->value = value;
    assert_int_equal(RUN(sc, set), OK);
}

static int setup(void **state)
{
    struct scene *sc = test_calloc(1, sizeof(*sc));

    fixture_open(&sc->fx);
    sc->channel = "sms";
    sc->target = "+4915112345678";
    assert_int_equal(RUN(sc, make_app), OK);
    fixture_person(&sc->fx, "ann", &sc->p);
    *state = sc;
    return 0;
}

static int teardown(void **state)
{
    struct scene *sc = *state;

    fixture_close(&sc->fx);
    test_free(sc);
    return 0;
}

static void a_refused_number_is_called_if_the_service_says_so(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(RUN(sc, start), OK);
    exchange(sc, false, OUTCOME_SENT);
    exchange(sc, true, OUTCOME_FAILED);
    assert_int_equal(messages(sc, "voice"), 0); /* nobody asked for it */

    set_fallback(sc, sc->app.id, "sms voice email");
    assert_int_equal(RUN(sc, start), OK);
    exchange(sc, false, OUTCOME_SENT);
    exchange(sc, true, OUTCOME_FAILED);
    assert_int_equal(messages(sc, "voice"), 1);
    assert_went(sc, "voice", "+4915112345678");
}

static enum err look(struct ctx *c, struct db *db, void *arg)
{
    return circuit_get(c, db, STR("sms"), &((struct scene *)arg)->circuit);
}

/* Asks for a code and books its end, `count` times. */
static void ends(struct scene *sc, unsigned count, enum outcome outcome)
{
    while (count-- > 0) {
        assert_int_equal(RUN(sc, start), OK);
        assert_true(exchange(sc, false, OUTCOME_SENT) > 0);
        exchange(sc, true, outcome);
        assert_int_equal(RUN(sc, end_verification), OK);
        sc->fx.cx.now_ms += 2000;
    }
    assert_int_equal(RUN(sc, look), OK);
}

/* A busy line, a full mailbox: whoever makes them on purpose stops nobody else's messages. */
static void one_persons_trouble_is_not_the_carriers(void **state)
{
    struct scene *sc = *state;

    sc->recipients = true;
    ends(sc, 6, OUTCOME_RETRY);
    assert_int_equal(sc->circuit.state, CIRCUIT_CLOSED);
    assert_int_equal(sc->circuit.rest_until_ms, 0);
    assert_true(circuit_works(&sc->fx.cx, &sc->circuit));
}

static void giving_up_is_no_answer_of_the_carriers(void **state)
{
    struct scene *sc = *state;

    sc->gave_up = true;
    ends(sc, 5, OUTCOME_FAILED);
    assert_int_equal(sc->circuit.state, CIRCUIT_OPEN);
}

static void only_a_confirmed_address_gets_a_code(void **state)
{
    struct scene *sc = *state;

    set_fallback(sc, sc->fx.core.portal_service_id, "sms email");
    assert_int_equal(RUN(sc, start_portal), OK);
    exchange(sc, false, OUTCOME_SENT);
    exchange(sc, true, OUTCOME_FAILED);
    assert_went(sc, "email", arena_str(sc->fx.mem, sc->p.email).p);
    /* a number without a person has no address */
    set_fallback(sc, sc->app.id, "sms email");
    assert_int_equal(RUN(sc, start), OK);
    exchange(sc, false, OUTCOME_SENT);
    exchange(sc, true, OUTCOME_FAILED);
    assert_went(sc, "", "");
}

static void the_policy_forbids_mail(void **state)
{
    struct scene *sc = *state;

    set_fallback(sc, sc->fx.core.portal_service_id, "sms email");
    sc->setting = "policy";
    sc->value = "strict";
    assert_int_equal(RUN(sc, set), OK);
    assert_int_equal(RUN(sc, start_portal), OK);
    exchange(sc, false, OUTCOME_SENT);
    exchange(sc, true, OUTCOME_FAILED);
    assert_went(sc, "", "");
}

static void nothing_is_sent_after_its_time_or_its_use(void **state)
{
    struct scene *sc = *state;

    set_fallback(sc, sc->app.id, "sms voice");
    assert_int_equal(RUN(sc, start), OK);
    exchange(sc, false, OUTCOME_SENT);
    sc->fx.cx.now_ms += (int64_t)VERIFICATION_LIFE_S * MS_PER_S;
    exchange(sc, true, OUTCOME_FAILED);
    assert_int_equal(messages(sc, "voice"), 0);

    assert_int_equal(RUN(sc, start), OK);
    exchange(sc, false, OUTCOME_SENT);
    assert_int_equal(RUN(sc, end_verification), OK);
    exchange(sc, true, OUTCOME_FAILED);
    assert_int_equal(messages(sc, "voice"), 0);
}

static void a_channel_out_of_order_lets_its_codes_go(void **state)
{
    struct scene *sc = *state;

    set_fallback(sc, sc->app.id, "sms voice");
    assert_int_equal(RUN(sc, pause_sms), OK);
    assert_int_equal(RUN(sc, start), OK);
    assert_int_equal(exchange(sc, false, OUTCOME_SENT), 0);
    assert_went(sc, "voice", "+4915112345678");
    assert_int_equal(messages(sc, "voice"), 1);
    assert_int_equal(exchange(sc, false, OUTCOME_SENT), 0);
    assert_int_equal(messages(sc, "voice"), 1); /* once */
}

static void what_waits_too_long_is_reported(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(RUN(sc, pause_sms), OK);
    assert_int_equal(RUN(sc, start), OK);
    assert_int_equal(exchange(sc, false, OUTCOME_SENT), 0);
    assert_int_equal(sc->x.lanes[0].next_at_ms,
                     sc->fx.cx.now_ms + (int64_t)VERIFICATION_LIFE_S * MS_PER_S);
    sc->fx.cx.now_ms += (int64_t)VERIFICATION_LIFE_S * MS_PER_S;
    assert_int_equal(exchange(sc, false, OUTCOME_SENT), 0);
    assert_int_equal(sc->x.lanes[0].next_at_ms, INT64_MAX);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[] = {"sms fax", "sms sms", "sms,voice", "SMS"};
    struct scene *sc = *state;

    sc->service_id = sc->app.id;
    sc->setting = "fallback";
    EACH_ROW (value, bad) {
        sc->value = *value;
        assert_int_equal(RUN(sc, set), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PURE(fn)  cmocka_unit_test_setup_teardown(fn, pure_setup, pure_teardown)
#define SCENE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        PURE(five_failures_open_it_and_one_success_closes_it),
        PURE(it_waits_longer_each_time_up_to_five_minutes),
        PURE(one_that_was_over_is_no_try),
        PURE(half_of_many_failing_opens_it_too),
        PURE(a_carrier_that_asks_for_time_gets_it),
        PURE(an_answer_about_a_number_closes_it_when_it_was_tried),
        SCENE(a_refused_number_is_called_if_the_service_says_so),
        SCENE(one_persons_trouble_is_not_the_carriers),
        SCENE(giving_up_is_no_answer_of_the_carriers),
        SCENE(only_a_confirmed_address_gets_a_code),
        SCENE(the_policy_forbids_mail),
        SCENE(nothing_is_sent_after_its_time_or_its_use),
        SCENE(a_channel_out_of_order_lets_its_codes_go),
        SCENE(what_waits_too_long_is_reported),
        SCENE(orders_that_make_no_sense_are_refused),
#undef PURE
#undef SCENE
    };

    return cmocka_run_group_tests_name("core_circuit", tests, NULL, NULL);
}
