/* keyed_test.c: what keys on a telephone may and may not do. Numbers: attack list. */
#include "base/mem.h"
#include "base/unit.h"
#include "core/audit.h"
#include "core/delivery.h"
#include "core/firewall.h"
#include "core/fixture.h"
#include "core/keyed.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "core/verification.h"

static const struct origin here = {
    {"203.0.113.7",                     11},
    {"Mozilla/5.0 (Linux) Firefox/140", 31}
};

struct scene { /* one person with voice calls on, and one attempt that a call asks about */
    struct fixture fx;
    struct fixture_person p;
    struct factor f;
    struct login_out out;
    struct login l;
    struct challenge c;
    struct str digits;
    enum login_wait wait;
    enum keyed_call call;
    struct login_done done;
    struct keyed in;
    enum keyed_outcome outcome;
    int64_t claimed;          /* the newest call */
    struct str said, audited; /* the newest call, the newest audit entry */
};

static enum err enrol(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct verification v;
    struct check_out check;
    struct str code;
    enum err e;

    if ((e = sent_factor_start(cx, db, sc->p.identity_id, sc->p.session_id, FACTOR_VOICE, &here,
                               &sc->f)) ||
        (e = verification_pending(cx, db, sc->f.id, 0, &v)) ||
        (e = verification_code(cx, db, &v, &code)) ||
        (e = factor_check(cx, db, &(struct check_in){.factor_id = sc->f.id, .code = code}, &check)))
        return e;
    return factor_activate(cx, db, &sc->f, &here);
}

static enum err look(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct audit_entry *list;
    struct outbox_message *calls;
    size_t count;
    enum err e;

    if ((e = login_by_id(cx, db, sc->l.id, &sc->l)) ||
        (e = login_waiting(cx, db, &sc->l, &sc->wait, &sc->c)) ||
        (e = keyed_standing(cx, db, &sc->c, &sc->call)) ||
        (e = challenge_digits(cx, db, &sc->c, &sc->digits)) ||
        (e = factor_by_id(cx, db, sc->f.id, &sc->f)) ||
        (e = outbox_list(cx, db, STR("+14155550142"), 1, &calls, &count)))
        return e;
    sc->said = count ? calls[0].body : STR("");
    if ((e = audit_list(cx, db, sc->p.identity_id, 0, 1, &list, &count)))
        return e;
    sc->audited = count ? list[0].detail : STR("");
    return OK;
}

static enum err sign_in(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, sc->p.id, &p)) ||
        (e = login_password(
             cx, db,
             &(struct login_in){
                 .login = STR("ann"),
                 .proof = {.person_id = p.id, .password_at_ms = p.password_at_ms, .right = true},
                 .next = STR("/account"),
                 .from = here
    },
             &sc->out)))
        return e;
    return login_by_token(cx, db, sc->out.login_token, &sc->l);
}

static enum err ask(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return login_choose_call(cx, db, &sc->l, &here);
}

static enum err again(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return login_resend(cx, db, &sc->l, VIA_USUAL, &here);
}

static enum err answer(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->in.challenge_id = sc->c.id;
    return keyed_answer(cx, db, &sc->in, &sc->outcome);
}

static enum err finish(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return login_approved(cx, db, &sc->l, &here, &sc->done);
}

/* The call is on its way, and nobody answers. */
static enum err ring(struct ctx *cx, struct db *db, void *arg)
{
    struct courier_exchange *x = ARENA_NEW(cx->mem, struct courier_exchange);
    struct parcel parcel = {.attempt = 1, .channel = STR("voice")};
    const struct courier_result over = {.parcel = &parcel,
                                        .outcome = OUTCOME_FAILED,
                                        .why = STR("nobody answered")},
                                *results[] = {&over};
    enum err e;

    (void)arg;
    x->lane_count = 1;
    x->lanes[0] = (struct courier_lane){.channel = STR("voice"), .want = COURIER_CLAIM_MAX};
    if ((e = delivery_exchange(cx, db, x)))
        return e;
    if (x->lanes[0].count == 0)
        return fail(cx, ERR_NOT_FOUND, "no call is due");
    parcel.id = x->lanes[0].claimed[x->lanes[0].count - 1].id;
    x->lanes[0].want = 0;
    x->results = results;
    x->result_count = 1;
    return delivery_exchange(cx, db, x);
}

static void run(struct scene *sc, enum err (*fn)(struct ctx *, struct db *, void *))
{
    assert_int_equal(fixture_run(&sc->fx, fn, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
}

static int before(void **state)
{
    struct scene *sc = mem_alloc(sizeof(*sc));

    fixture_open(&sc->fx);
    sc->fx.core.calls = true;
    fixture_person(&sc->fx, "ann", &sc->p);
    assert_int_equal(fixture_run(&sc->fx, enrol, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
    *state = sc;
    return 0;
}

static int after(void **state)
{
    struct scene *sc = *state;

    fixture_close(&sc->fx);
    mem_free(sc);
    return 0;
}

static void type(struct scene *sc, struct str digits)
{
    sc->in = (struct keyed){.decision = DECISION_APPROVE, .digits = digits};
    run(sc, answer);
}

static void the_pages_digits_approve_once(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    assert_true(sc->l.by_call);
    assert_int_equal(sc->wait, WAIT_PENDING);
    assert_int_equal(fixture_run(&sc->fx, finish, sc), ERR_DENIED); /* nobody has approved */
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_APPROVED);
    assert_int_equal(sc->wait, WAIT_APPROVED);
    assert_int_equal(sc->f.fail_count, 0);
    assert_true(str_find_str(sc->audited, STR("decision=approved by=call factor=")) > 0);
    type(sc, sc->digits); /* [63] */
    assert_int_equal(sc->outcome, KEYED_LATE);
    run(sc, finish);
    assert_true(sc->done.done);
    assert_int_not_equal(fixture_run(&sc->fx, finish, sc), OK);
}

/* [59, 60] */
static void other_digits_end_it_and_count_as_a_wrong_code(void **state)
{
    static const char *const wrong[] = {"", "1", "000000", "12345", "1234567"};
    struct scene *sc = *state;
    int64_t failures = 0;

    EACH_ROW (digits, wrong) {
        struct str right;

        assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
        if (failures == 4)
            break; /* the fifth pauses: the next test */
        run(sc, ask);
        right = sc->digits;
        if (str_eq(right, str_from(*digits)))
            continue; /* once in 900,000 */
        type(sc, str_from(*digits));
        assert_int_equal(sc->outcome, KEYED_WRONG);
        assert_int_equal(sc->wait, WAIT_DENIED);
        assert_int_equal(sc->f.fail_count, ++failures);
        assert_true(str_find_str(sc->audited, STR("decision=wrong_digits by=call")) > 0);
        type(sc, right);
        assert_int_equal(sc->outcome, KEYED_LATE);
        assert_int_equal(fixture_run(&sc->fx, finish, sc), ERR_DENIED);
    }
}

static void five_wrong_entries_pause_the_factor_for_codes_and_calls(void **state)
{
    struct scene *sc = *state;

    for (int i = 0; i < FACTOR_FAILURES_PAUSE; i++) {
        assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
        run(sc, ask);
        type(sc, STR("9"));
        assert_int_equal(sc->outcome, KEYED_WRONG);
    }
    assert_true(sc->f.locked_until_ms > sc->fx.cx.now_ms);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, ask, sc), ERR_LIMITED);
}

static enum err pause(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return db_exec(cx, db, Q_FACTOR_PAUSE,
                   DB_ARGS(db_int(cx->now_ms + MINUTE_MS), db_int(sc->f.id)), NULL);
}

static void while_the_factor_pauses_a_call_approves_nothing(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    run(sc, pause); /* wrong codes, through another door */
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_REFUSED);
    assert_int_equal(sc->wait, WAIT_PENDING);
    sc->fx.cx.now_ms += MINUTE_MS;
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_APPROVED);
}

static void a_denial_needs_no_digits(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    sc->in = (struct keyed){.decision = DECISION_DENY};
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
    assert_int_equal(sc->wait, WAIT_DENIED);
    assert_int_equal(sc->f.fail_count, 0);
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_LATE);
}

static void not_me_stops_calls_and_distrusts_the_password(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    sc->in = (struct keyed){.decision = DECISION_NOT_ME};
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
    assert_int_equal(fixture_run(&sc->fx, ask, sc), ERR_LIMITED);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), ERR_DENIED);
}

static enum err choose_code(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return login_choose(cx, db, &sc->l, FACTOR_VOICE, &here);
}

static enum err has_said_not_me(struct ctx *cx, struct db *db, void *arg)
{
    enum { NEWEST = 10 };
    const struct scene *sc = arg;
    struct audit_entry *list;
    size_t count;
    enum err e = audit_list(cx, db, sc->p.identity_id, 0, NEWEST, &list, &count);

    for (size_t i = 0; e == OK && i < count; i++) {
        if (str_find_str(list[i].detail, STR("decision=not_me by=call factor=")) > 0)
            return OK;
    }
    return e ? e : ERR_NOT_FOUND;
}

/* Whoever knows the password chooses again while it rings. */
static void not_me_counts_although_the_request_is_over(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    run(sc, choose_code);
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_LATE);
    sc->in = (struct keyed){.decision = DECISION_DENY};
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_LATE);
    sc->in = (struct keyed){.decision = DECISION_NOT_ME};
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
    assert_int_equal(sc->c.state, CHALLENGE_CANCELED);
    assert_int_equal(fixture_run(&sc->fx, has_said_not_me, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), ERR_DENIED);
}

static void and_for_ten_minutes(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    sc->in = (struct keyed){.decision = DECISION_NOT_ME};
    sc->fx.cx.now_ms += KEYED_NOT_ME_S * MS_PER_S + 1;
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_LATE);
    sc->fx.cx.now_ms -= 1;
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
    assert_int_equal(sc->c.state, CHALLENGE_EXPIRED);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), ERR_DENIED);
}

static const struct firewall_rules nowhere = {.countries = STR("AQ"), .prices = STR("0.10")};

static enum err new_number(struct ctx *cx, struct db *db, void *arg)
{
    const struct scene *sc = arg;

    return person_change_phone(cx, db, sc->p.id, STR("1"), STR("+14155550199"), &here);
}

static enum err claim(struct ctx *cx, struct db *db, void *arg)
{
    struct courier_exchange *x = ARENA_NEW(cx->mem, struct courier_exchange);
    struct scene *sc = arg;
    enum err e;

    x->lane_count = 1;
    x->lanes[0] = (struct courier_lane){.channel = STR("voice"), .want = COURIER_CLAIM_MAX};
    if ((e = delivery_exchange(cx, db, x)))
        return e;
    if (x->lanes[0].count == 0)
        return fail(cx, ERR_NOT_FOUND, "no call is due");
    sc->claimed = x->lanes[0].claimed[x->lanes[0].count - 1].id;
    return OK;
}

static enum err load(struct ctx *cx, struct db *db, void *arg)
{
    const struct scene *sc = arg;
    struct parcel parcel;

    return delivery_load(cx, db, sc->claimed, &parcel);
}

/* The call waits for a free line while its owner gives the number up. */
static void a_number_given_up_is_not_called_any_more(void **state)
{
    struct scene *sc = *state;
    OWN(secret_deinit) struct secret secret = {0};
    int64_t totp_id;

    fixture_totp(&sc->fx, &sc->p, &secret, &totp_id);
    run(sc, ask);
    run(sc, claim);
    assert_int_equal(fixture_run(&sc->fx, load, sc), OK);
    run(sc, new_number);
    assert_int_equal(sc->wait, WAIT_EXPIRED);
    assert_int_equal(fixture_run(&sc->fx, load, sc), ERR_EXPIRED);
}

/* The text message beside the mail is a courtesy: who spends the day's money on purpose, or whose
 * number's beginning is paused, must not be able to stop what it tells of. */
static void a_notice_that_may_not_be_sent_stops_nothing(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    sc->fx.core.firewall = &nowhere;
    sc->in = (struct keyed){.decision = DECISION_NOT_ME};
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), ERR_DENIED);
    assert_null(sc->fx.cx.rule);
}

static void nor_the_change_of_a_number(void **state)
{
    struct scene *sc = *state;
    OWN(secret_deinit) struct secret secret = {0};
    int64_t totp_id;

    fixture_totp(&sc->fx, &sc->p, &secret, &totp_id); /* the number is not the only way any more */
    sc->fx.core.firewall = &nowhere;
    assert_int_equal(fixture_run(&sc->fx, new_number, sc), OK);
}

static void an_answer_may_come_too_late(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    sc->fx.cx.now_ms += CHALLENGE_LOGIN_LIFE_S * MS_PER_S;
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_LATE);
    assert_int_equal(sc->wait, WAIT_EXPIRED);
    assert_int_equal(sc->f.fail_count, 0);
}

/* [58] */
static void calls_are_few(void **state)
{
    struct scene *sc = *state;
    int calls = 1;

    run(sc, ask);
    assert_int_equal(sc->call, KEYED_RINGING);
    assert_int_equal(fixture_run(&sc->fx, again, sc), ERR_LIMITED); /* it rings */
    for (; calls < KEYED_CALLS_MAX; calls++) {
        run(sc, ring);
        assert_int_equal(sc->call, KEYED_UNREACHED);
        run(sc, again);
    }
    run(sc, ring);
    assert_int_equal(fixture_run(&sc->fx, again, sc), ERR_LIMITED); /* for this request */
    while (calls < PUSHES_SINCE_SUCCESS_MAX) {
        assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
        run(sc, ask);
        calls++;
    }
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, ask, sc), ERR_LIMITED); /* for this person */
}

static void the_digits_of_another_attempt_are_wrong(void **state)
{
    struct scene *sc = *state;
    struct str right;

    run(sc, ask);
    right = sc->digits;
    assert_true(login_asks(&sc->l));
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK); /* an attacker's, beside it [60] */
    run(sc, ask);
    if (str_eq(right, sc->digits))
        return; /* once in 900,000 */
    type(sc, right);
    assert_int_equal(sc->outcome, KEYED_WRONG);
}

static void a_code_in_its_place_ends_the_request(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    run(sc, choose_code);
    assert_false(sc->l.by_call);
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_LATE);
}

static enum err complete(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return login_complete(cx, db, &sc->l, AMR_OTP, &here, &sc->done);
}

static void a_sign_in_that_is_finished_otherwise_ends_the_request(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    run(sc, complete);
    assert_int_equal(sc->c.state, CHALLENGE_CANCELED);
    type(sc, sc->digits);
    assert_int_equal(sc->outcome, KEYED_LATE);
    sc->in = (struct keyed){.decision = DECISION_NOT_ME}; /* whoever it was that came in */
    run(sc, answer);
    assert_int_equal(sc->outcome, KEYED_DENIED);
}

static enum err switch_off(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return factor_off(cx, db, sc->f.id, "operator", &here);
}

static void a_factor_that_is_off_approves_nothing_and_what_it_did_is_void(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    type(sc, sc->digits);
    run(sc, switch_off);
    assert_int_equal(sc->wait, WAIT_DENIED);
    assert_int_equal(fixture_run(&sc->fx, finish, sc), ERR_DENIED);
}

static enum err digits_only(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return challenge_digits(cx, db, &sc->c, &sc->digits);
}

static void the_call_says_no_digits(void **state)
{
    struct scene *sc = *state;

    run(sc, ask);
    assert_true(str_starts(sc->said, STR("This is ")));
    assert_true(str_find_str(sc->said, sc->digits) < 0);
    for (int64_t id = 1; id < 200; id++) { /* 9 in front denies */
        sc->c.id = id;
        assert_int_equal(fixture_run(&sc->fx, digits_only, sc), OK);
        assert_int_equal(sc->digits.n, CHALLENGE_DIGITS);
        assert_true(sc->digits.p[0] != KEYED_DENY);
    }
}

static void without_a_carrier_nobody_is_called(void **state)
{
    struct scene *sc = *state;

    sc->fx.core.calls = false;
    assert_int_equal(fixture_run(&sc->fx, ask, sc), ERR_UPSTREAM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        TEST(the_pages_digits_approve_once),
        TEST(other_digits_end_it_and_count_as_a_wrong_code),
        TEST(five_wrong_entries_pause_the_factor_for_codes_and_calls),
        TEST(while_the_factor_pauses_a_call_approves_nothing),
        TEST(a_denial_needs_no_digits),
        TEST(not_me_stops_calls_and_distrusts_the_password),
        TEST(not_me_counts_although_the_request_is_over),
        TEST(and_for_ten_minutes),
        TEST(a_notice_that_may_not_be_sent_stops_nothing),
        TEST(nor_the_change_of_a_number),
        TEST(a_number_given_up_is_not_called_any_more),
        TEST(an_answer_may_come_too_late),
        TEST(calls_are_few),
        TEST(the_digits_of_another_attempt_are_wrong),
        TEST(a_code_in_its_place_ends_the_request),
        TEST(a_sign_in_that_is_finished_otherwise_ends_the_request),
        TEST(a_factor_that_is_off_approves_nothing_and_what_it_did_is_void),
        TEST(the_call_says_no_digits),
        TEST(without_a_carrier_nobody_is_called),
    };

    return cmocka_run_group_tests_name("keyed", tests, NULL, NULL);
}
