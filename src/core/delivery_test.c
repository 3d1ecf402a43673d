/* delivery_test.c: claims, leases, and what each result changes. */
#include "base/unit.h"

#include "core/challenge.h"
#include "core/delivery.h"
#include "core/fixture.h"
#include "core/ledger.h"
#include "core/outbox.h"
#include "core/verification.h"

static const struct origin here = {
    {"203.0.113.7",       11},
    {"Firefox/140 Linux", 17}
};

struct scene {
    struct fixture fx;
    struct fixture_person p;
    struct courier_exchange x;
    struct courier_result result;
    const struct courier_result *results[1];
    struct parcel parcel;
    struct outbox_row row; /* as it is stored now */
    struct ledger_entry entry;
    struct ledger_trouble last_trouble;
    size_t trouble_count;
    int64_t lost_count;
    struct str why, provider_id;
    struct outbox_row add;
    enum err loaded;
    struct device d;
    struct challenge c;
    struct factor sent_factor;
    struct verification v;
    int64_t recovered;
    bool whole; /* of a receipt */
};

static enum err add(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->add.service_id = core_of(db)->portal_service_id;
    if (!sc->add.channel.n)
        sc->add.channel = STR("email");
    sc->add.target = sc->add.target.n ? sc->add.target : STR("ann@example.com");
    sc->add.template_name =
        sc->add.template_name.n ? sc->add.template_name : STR("already_registered");
    sc->add.params = STR("{}");
    return outbox_add(cx, db, &sc->add);
}

static enum err swap(struct ctx *cx, struct db *db, void *arg)
{
    return delivery_exchange(cx, db, &((struct scene *)arg)->x);
}

static enum err load(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->loaded = delivery_load(cx, db, sc->add.id, &sc->parcel);
    return OK;
}

static enum err look(struct ctx *cx, struct db *db, void *arg)
{
    struct ledger_trouble *list;
    struct scene *sc = arg;
    enum err e;

    if ((e = outbox_by_id(cx, db, sc->add.id, &sc->row)) ||
        (e = ledger_get(cx, db, sc->add.id, &sc->entry)) ||
        (e = ledger_troubles(cx, db, sc->add.id, &list, &sc->trouble_count)))
        return e;
    sc->last_trouble = sc->trouble_count ? list[sc->trouble_count - 1] : (struct ledger_trouble){0};
    sc->lost_count = sc->entry.lost_count;
    sc->why = sc->entry.why;
    sc->provider_id = sc->entry.provider_id;
    return OK;
}

/* Asks for `want` mails and books sc->result, if one is given. Returns how many were claimed. */
static unsigned exchange(struct scene *sc, unsigned want, bool book)
{
    sc->x = (struct courier_exchange){.lane_count = 1, .results = sc->results};
    sc->x.lanes[0].channel = sc->add.channel.n ? sc->add.channel : STR("email");
    sc->x.lanes[0].want = want;
    if (book) {
        sc->results[0] = &sc->result;
        sc->x.result_count = 1;
    }
    assert_int_equal(fixture_run(&sc->fx, swap, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    return sc->x.lanes[0].count;
}

/* The result of the claim that the last exchange gave. */
static void result(struct scene *sc, enum outcome outcome)
{
    sc->parcel.id = sc->x.lanes[0].claimed[0].id;
    sc->parcel.attempt = sc->x.lanes[0].claimed[0].attempt;
    sc->result = (struct courier_result){
        .parcel = &sc->parcel, .outcome = outcome, .why = STR("because"), .provider_id = STR("m1")};
}

static int setup(void **state)
{
    struct scene *sc = test_calloc(1, sizeof(*sc));

    fixture_open(&sc->fx);
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

static void a_row_is_claimed_once_and_settled(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 0, false), 0);
    assert_int_equal(sc->x.lanes[0].next_at_ms, sc->fx.cx.now_ms);
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(sc->x.lanes[0].claimed[0].id, sc->add.id);
    assert_int_equal(sc->x.lanes[0].claimed[0].attempt, 1);
    assert_int_equal(sc->x.lanes[0].next_at_ms, INT64_MAX);
    assert_str(sc->row.state, STR("sending"));
    result(sc, OUTCOME_SENT);
    assert_int_equal(exchange(sc, 5, true), 0);
    assert_str(sc->row.state, STR("sent"));
    assert_str(sc->why, STR(""));
    assert_str(sc->provider_id, STR("m1"));
    assert_int_equal(exchange(sc, 5, true), 0); /* booking again changes nothing */
    assert_str(sc->row.state, STR("sent"));
}

static void a_failed_attempt_comes_back_later(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    result(sc, OUTCOME_RETRY);
    sc->result.next_at_ms = sc->fx.cx.now_ms + 2000;
    assert_int_equal(exchange(sc, 5, true), 0);
    assert_str(sc->row.state, STR("queued"));
    assert_str(sc->why, STR("because"));
    assert_int_equal(sc->lost_count, 0);
    assert_int_equal(sc->x.lanes[0].next_at_ms, sc->result.next_at_ms);
    sc->fx.cx.now_ms += 1999;
    assert_int_equal(exchange(sc, 5, false), 0);
    sc->fx.cx.now_ms += 1;
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(sc->x.lanes[0].claimed[0].attempt, 2);
    result(sc, OUTCOME_FAILED);
    assert_int_equal(exchange(sc, 5, true), 0);
    assert_str(sc->row.state, STR("failed"));
    assert_str(sc->why, STR("because"));
}

static void a_claim_that_nobody_settles_lapses_and_says_so(void **state)
{
    struct scene *sc = *state;
    struct courier_claim first;

    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    first = sc->x.lanes[0].claimed[0];
    sc->fx.cx.now_ms += COURIER_LEASE_MS - 1;
    assert_int_equal(exchange(sc, 5, false), 0);
    sc->fx.cx.now_ms += 1;
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(sc->x.lanes[0].claimed[0].attempt, 2);
    assert_int_equal(sc->lost_count, 1);

    /* the first sender wakes up: it has no say any more */
    sc->parcel.id = first.id;
    sc->parcel.attempt = first.attempt;
    sc->result = (struct courier_result){.parcel = &sc->parcel, .outcome = OUTCOME_FAILED};
    assert_int_equal(exchange(sc, 0, true), 0);
    assert_str(sc->row.state, STR("sending"));

    sc->parcel.attempt = 2;
    sc->result = (struct courier_result){.parcel = &sc->parcel, .outcome = OUTCOME_SENT};
    exchange(sc, 0, true);
    assert_str(sc->row.state, STR("sent"));
    assert_true(str_find_str(sc->why, STR("more than once")) >= 0);
}

static enum err delivered(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    bool changed;

    return delivery_receipt(cx, db, sc->add.id,
                            &(struct receipt){.state = STR("delivered"), .whole = sc->whole},
                            &changed);
}

static void what_is_delivered_is_not_sent_again(void **state)
{
    struct scene *sc = *state;

    sc->add.channel = STR("sms");
    sc->add.template_name = STR("notice");
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    result(sc, OUTCOME_RETRY);
    sc->result.lost = true;
    sc->result.next_at_ms = sc->fx.cx.now_ms + 2000;
    assert_int_equal(exchange(sc, 5, true), 0);

    /* a part of it says nothing about the others */
    assert_int_equal(fixture_run(&sc->fx, delivered, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_str(sc->row.state, STR("queued"));

    sc->add.id = 0;
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    result(sc, OUTCOME_RETRY);
    sc->result.lost = true;
    sc->result.next_at_ms = sc->fx.cx.now_ms + 2000;
    assert_int_equal(exchange(sc, 0, true), 0);
    sc->whole = true;
    assert_int_equal(fixture_run(&sc->fx, delivered, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_str(sc->row.state, STR("sent"));
    assert_str(sc->why, STR("the carrier's answer was lost, but its receipt came"));

    /* the receipt is quicker than the loss of the answer */
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    sc->fx.cx.now_ms += 1; /* the first one is not due yet */
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(fixture_run(&sc->fx, delivered, sc), OK);
    result(sc, OUTCOME_RETRY);
    sc->result.next_at_ms = sc->fx.cx.now_ms;
    exchange(sc, 0, true);
    assert_str(sc->row.state, STR("sent"));

    /* or only than the answer, whose facts are kept */
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(fixture_run(&sc->fx, delivered, sc), OK);
    result(sc, OUTCOME_SENT);
    exchange(sc, 0, true);
    assert_str(sc->row.state, STR("sent"));
    assert_str(sc->provider_id, STR("m1"));
    assert_str(sc->why, STR(""));
}

static enum err recover(struct ctx *cx, struct db *db, void *arg)
{
    return delivery_recover(cx, db, &((struct scene *)arg)->recovered);
}

static void an_answered_call_is_not_made_again(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    result(sc, OUTCOME_BEGUN);
    sc->result.why = STR("");
    assert_int_equal(exchange(sc, 5, true), 0);
    assert_str(sc->row.state, STR("sent"));
    assert_str(sc->provider_id, STR("m1"));

    /* the process dies here: nothing lapses, nothing is due */
    assert_int_equal(fixture_run(&sc->fx, recover, sc), OK);
    assert_int_equal(sc->recovered, 0);
    sc->fx.cx.now_ms += COURIER_LEASE_MS;
    assert_int_equal(exchange(sc, 5, false), 0);

    /* or lives on and hears how it ended, which is said once */
    sc->result.outcome = OUTCOME_FAILED;
    sc->result.begun = true;
    sc->result.why = STR("hung up");
    assert_int_equal(exchange(sc, 0, true), 0);
    assert_str(sc->row.state, STR("sent"));
    assert_str(sc->why, STR("hung up"));
    sc->result.outcome = OUTCOME_SENT;
    sc->result.why = STR("");
    assert_int_equal(exchange(sc, 0, true), 0);
    assert_str(sc->why, STR("hung up"));
}

static void a_start_takes_up_what_was_cut_off(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(fixture_run(&sc->fx, recover, sc), OK);
    assert_int_equal(sc->recovered, 1);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_str(sc->row.state, STR("queued"));
    assert_int_equal(sc->lost_count, 1);
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, OK);
    assert_str(sc->parcel.to, STR("ann@example.com"));
}

static void lanes_do_not_mix_and_want_is_a_ceiling(void **state)
{
    struct scene *sc = *state;

    for (int i = 0; i < 5; i++) {
        sc->add = (struct outbox_row){0};
        assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    }
    assert_int_equal(exchange(sc, 2, false), 2);
    assert_int_equal(exchange(sc, 2, false), 2);
    sc->add.channel = STR("sms");
    assert_int_equal(exchange(sc, 2, false), 0);
    sc->add.channel = STR("email");
    assert_int_equal(exchange(sc, 2, false), 1);
}

static void nothing_is_sent_when_its_time_is_over(void **state)
{
    struct scene *sc = *state;

    sc->add.expires_at_ms = sc->fx.cx.now_ms + 1000;
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    sc->fx.cx.now_ms += 1000;
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, ERR_EXPIRED);
    result(sc, OUTCOME_DEAD);
    exchange(sc, 0, true);
    assert_str(sc->row.state, STR("expired"));
}

/* ---- codes ---- */

static enum err send_code(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct outbox_message *list;
    size_t count;
    enum err e;

    if ((e = sent_factor_start(cx, db, sc->p.identity_id, sc->p.session_id, FACTOR_EMAIL, &here,
                               &sc->sent_factor)) ||
        (e = verification_pending(cx, db, sc->sent_factor.id, 0, &sc->v)) ||
        (e = outbox_list(cx, db, sc->p.email, 1, &list, &count)))
        return e;
    sc->add.id = list[0].id;
    return OK;
}

static enum err use_code(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct check_out out;
    struct str code;
    enum err e;

    if ((e = verification_code(cx, db, &sc->v, &code)))
        return e;
    return factor_check(cx, db, &(struct check_in){.factor_id = sc->sent_factor.id, .code = code},
                        &out);
}

static void a_used_code_is_not_sent(void **state)
{
    struct scene *sc = *state;

    fixture_person(&sc->fx, "ann", &sc->p);
    assert_int_equal(fixture_run(&sc->fx, send_code, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, OK);
    assert_true(sc->parcel.subject.n && sc->parcel.text.n && sc->parcel.html.n);
    assert_int_equal(sc->parcel.expires_at_ms, sc->v.expires_at_ms);
    assert_true(sc->parcel.press_first); /* should it become a call */
    assert_int_equal(fixture_run(&sc->fx, use_code, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, ERR_EXPIRED);
}

static enum err look_whether_wanted(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    const struct courier_claim *claim = &sc->x.lanes[0].claimed[0];

    sc->loaded = delivery_wanted(cx, db, claim->id, claim->attempt);
    return OK;
}

static enum err wanted(struct scene *sc)
{
    assert_int_equal(fixture_run(&sc->fx, look_whether_wanted, sc), OK);
    return sc->loaded;
}

static void a_code_is_wanted_by_its_attempt_until_it_is_used(void **state)
{
    struct scene *sc = *state;

    fixture_person(&sc->fx, "ann", &sc->p);
    assert_int_equal(fixture_run(&sc->fx, send_code, sc), OK);
    while (exchange(sc, 1, false) && sc->x.lanes[0].claimed[0].id != sc->add.id)
        ; /* mails that welcome ann */
    assert_int_equal(sc->x.lanes[0].claimed[0].id, sc->add.id);
    assert_int_equal(wanted(sc), OK);
    sc->x.lanes[0].claimed[0].attempt++;
    assert_int_equal(wanted(sc), ERR_EXPIRED);
    sc->x.lanes[0].claimed[0].attempt--;
    assert_int_equal(fixture_run(&sc->fx, use_code, sc), OK);
    assert_int_equal(wanted(sc), ERR_EXPIRED);
}

static void a_message_is_not_wanted_when_its_time_is_over(void **state)
{
    struct scene *sc = *state;

    sc->add.expires_at_ms = sc->fx.cx.now_ms + 1000;
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 5, false), 1);
    assert_int_equal(wanted(sc), OK);
    sc->fx.cx.now_ms += 1000;
    assert_int_equal(wanted(sc), ERR_EXPIRED);
}

/* ---- pushes ---- */

#define ENDPOINT "https://push.example.net/s/1"

static enum err pair(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t key[DEVICE_KEY_LEN] = {4}, auth[16] = {1};
    struct scene *sc = arg;
    struct session s;
    struct str url;
    int64_t link_id;
    enum err e;

    if ((e = session_by_token(cx, db, sc->p.session_token, &s)) ||
        (e = device_pair_start(cx, db, &s, &here, &link_id, &url)) ||
        (e = device_pair(cx, db,
                         &(struct device_new){.token = str_sub(url, url.n - 43, 43),
                                              .name = STR("Pixel 9"),
                                              .platform = STR("Chrome"),
                                              .public_key = BYTES_OF(key)},
                         &here, &sc->d)))
        return e;
    return device_set_push(cx, db, sc->d.factor_id, STR(ENDPOINT), BYTES_OF(key), BYTES_OF(auth));
}

static enum err ask(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return challenge_create(cx, db,
                            &(struct challenge_in){.service_id = core_of(db)->portal_service_id,
                                                   .identity_id = sc->p.identity_id,
                                                   .message = STR("Pay?"),
                                                   .hidden_details = STR(""),
                                                   .logos = STR(""),
                                                   .life_s = 120},
                            &sc->c);
}

static enum err deny(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t signature[DEVICE_SIGNATURE_LEN] = {1};
    struct scene *sc = arg;
    enum answer_outcome outcome;

    return challenge_decide(cx, db, &sc->d, &sc->c, DECISION_DENY,
                            &(struct challenge_answer){STR("{}"), BYTES_OF(signature)}, &here,
                            &outcome);
}

static enum err device_again(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return device_by_sid(cx, db, sc->d.sid, &sc->d);
}

/* A device with a subscription, and one push that is claimed. */
static void push_scene(struct scene *sc)
{
    sc->fx.core.push_hosts = STR("push.example.net");
    fixture_person(&sc->fx, "ann", &sc->p);
    assert_int_equal(fixture_run(&sc->fx, pair, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, ask, sc), OK);
    sc->x = (struct courier_exchange){.lane_count = 1, .results = sc->results};
    sc->x.lanes[0].channel = sc->add.channel = STR("webpush");
    sc->x.lanes[0].want = 9;
    assert_int_equal(fixture_run(&sc->fx, swap, sc), OK);
    assert_int_equal(sc->x.lanes[0].count, 1);
    sc->add.id = sc->x.lanes[0].claimed[0].id;
}

static void a_push_says_nothing_and_goes_to_the_subscription(void **state)
{
    struct scene *sc = *state;

    push_scene(sc);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, OK);
    assert_str(sc->parcel.to, STR(ENDPOINT));
    assert_str(sc->parcel.text, STR("{\"t\":\"wake\"}")); /* attack 66 */
    assert_int_equal(sc->parcel.keys.point.n, DEVICE_KEY_LEN);
    assert_int_equal(sc->parcel.keys.auth.n, 16);
    assert_int_equal(sc->parcel.expires_at_ms, sc->c.expires_at_ms);
}

static void an_answered_request_is_not_pushed(void **state)
{
    struct scene *sc = *state;

    push_scene(sc);
    assert_int_equal(fixture_run(&sc->fx, deny, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    assert_int_equal(sc->loaded, ERR_EXPIRED);
}

static void a_subscription_that_is_gone_is_dropped(void **state)
{
    struct scene *sc = *state;

    push_scene(sc);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    result(sc, OUTCOME_GONE);
    sc->parcel.to = STR("https://push.example.net/s/0"); /* an older one: the new one stays */
    sc->results[0] = &sc->result;
    exchange(sc, 0, true);
    assert_str(sc->row.state, STR("failed"));
    assert_int_equal(fixture_run(&sc->fx, device_again, sc), OK);
    assert_str(sc->d.push_kind, STR("webpush"));

    assert_int_equal(fixture_run(&sc->fx, ask, sc), OK);
    assert_int_equal(exchange(sc, 9, false), 1);
    sc->add.id = sc->x.lanes[0].claimed[0].id;
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    result(sc, OUTCOME_GONE);
    exchange(sc, 0, true);
    assert_int_equal(fixture_run(&sc->fx, device_again, sc), OK);
    assert_str(sc->d.push_kind, STR("none"));
}

static void in_demo_mode_only_pushes_are_queued(void **state)
{
    struct scene *sc = *state;

    sc->fx.core.demo = true;
    assert_int_equal(fixture_run(&sc->fx, add, sc), OK);
    assert_int_equal(exchange(sc, 9, false), 0);
    assert_str(sc->row.state, STR("shown"));
    push_scene(sc);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_claimed_once_and_settled),
        TEST(a_failed_attempt_comes_back_later),
        TEST(a_claim_that_nobody_settles_lapses_and_says_so),
        TEST(a_start_takes_up_what_was_cut_off),
        TEST(what_is_delivered_is_not_sent_again),
        TEST(an_answered_call_is_not_made_again),
        TEST(lanes_do_not_mix_and_want_is_a_ceiling),
        TEST(nothing_is_sent_when_its_time_is_over),
        TEST(a_used_code_is_not_sent),
        TEST(a_code_is_wanted_by_its_attempt_until_it_is_used),
        TEST(a_message_is_not_wanted_when_its_time_is_over),
        TEST(a_push_says_nothing_and_goes_to_the_subscription),
        TEST(an_answered_request_is_not_pushed),
        TEST(a_subscription_that_is_gone_is_dropped),
        TEST(in_demo_mode_only_pushes_are_queued),
    };

    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
