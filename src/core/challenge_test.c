/* challenge_test.c: approvals belong to one attempt and one device's signature. Numbers: attack
 * list. */
#include "base/unit.h"
#include "core/challenge.h"
#include "core/fixture.h"
#include "core/link.h"

static const struct origin here = {
    {"203.0.113.7",                     11},
    {"Mozilla/5.0 (Linux) Firefox/140", 31}
};

struct scene { /* one person with one device, and one attempt of theirs */
    struct fixture fx;
    struct fixture_person p;
    struct session s;
    struct device d;
    struct login_out out;
    struct login l;
    struct challenge c;
    struct str digits;
};

static enum err pair(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t key[DEVICE_KEY_LEN] = {4};
    struct scene *sc = arg;
    struct pairing seen;
    struct str url, token;
    int64_t link_id;
    enum pairing_state state = PAIRING_OPEN;
    enum err e;

    if ((e = session_by_token(cx, db, sc->p.session_token, &sc->s)) ||
        (e = device_pair_start(cx, db, &sc->s, &here, &link_id, &url)))
        return e;
    token = str_sub(url, url.n - 43, 43);
    if ((e = device_pair_peek(cx, db, token, &seen)) ||
        (e = device_pair(cx, db,
                         &(struct device_new){.token = token,
                                              .name = STR("Pixel 9"),
                                              .platform = STR("Chrome on Android"),
                                              .public_key = BYTES_OF(key)},
                         &here, &sc->d)) ||
        (e = device_pairing(cx, db, link_id, &state)))
        return e;
    if (device_pair_peek(cx, db, token, &seen) != ERR_EXPIRED)
        return fail(cx, ERR_INTERNAL, "a pairing token worked twice");
    return state == PAIRING_DONE ? OK : fail(cx, ERR_INTERNAL, "pairing is not seen");
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
             &sc->out)) ||
        (e = login_by_token(cx, db, sc->out.login_token, &sc->l)) ||
        (e = challenge_by_login(cx, db, sc->l.id, &sc->c)))
        return e;
    return challenge_digits(cx, db, &sc->c, &sc->digits);
}

static void scene_open(struct scene *sc)
{
    *sc = (struct scene){0};
    fixture_open(&sc->fx);
    fixture_person(&sc->fx, "ann", &sc->p);
    assert_int_equal(fixture_run(&sc->fx, pair, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, sign_in, sc), OK);
    assert_int_equal(sc->out.state, LOGIN_WAITING);
}

static struct str payload(struct scene *sc, const char *decision, struct str digits)
{
    struct ctx *cx = &sc->fx.cx;

    return arena_printf(cx->mem,
                        "{\"v\":1,\"service\":\"%.*s\",\"challenge\":\"%.*s\",\"device\":\"%.*s\","
                        "\"shown_digest\":\"%.*s\",\"hidden_digest\":\"%.*s\",\"decision\":\"%s\","
                        "\"digits\":\"%.*s\",\"at\":%lld}",
                        STR_ARG(sc->d.service_sid), STR_ARG(sc->c.sid), STR_ARG(sc->d.sid),
                        STR_ARG(challenge_digest(cx, sc->c.shown)),
                        STR_ARG(challenge_digest(cx, sc->c.hidden_details)), decision,
                        STR_ARG(digits), (long long)(cx->now_ms / MS_PER_S));
}

struct answering {
    struct scene *sc;
    struct str payload;
    enum answer_outcome outcome;
    enum login_wait wait;
    struct login_done done;
    struct challenge c;
};

static enum err answer(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t signature[DEVICE_SIGNATURE_LEN] = {1};
    struct answering *a = arg;

    return challenge_answer(cx, db, &a->sc->d, a->sc->c.id,
                            &(struct challenge_answer){a->payload, BYTES_OF(signature)}, &here,
                            &a->outcome);
}

static enum err wait_state(struct ctx *cx, struct db *db, void *arg)
{
    struct answering *a = arg;
    enum err e = login_by_token(cx, db, a->sc->out.login_token, &a->sc->l);

    return e ? e : login_waiting(cx, db, &a->sc->l, &a->wait, &a->c);
}

static enum err move_on(struct ctx *cx, struct db *db, void *arg)
{
    struct answering *a = arg;
    enum err e = login_by_token(cx, db, a->sc->out.login_token, &a->sc->l);

    return e ? e : login_approved(cx, db, &a->sc->l, &here, &a->done);
}

static void an_approval_admits_its_attempt_once(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};

    (void)state;
    scene_open(&sc);
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), ERR_DENIED); /* nobody has approved */
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_TAKEN);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK); /* replayed */
    assert_int_equal(a.outcome, ANSWER_LATE);
    assert_int_equal(fixture_run(&sc.fx, wait_state, &a), OK);
    assert_int_equal(a.wait, WAIT_APPROVED);
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), OK);
    assert_true(a.done.done);
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), ERR_EXPIRED);
    fixture_close(&sc.fx);
}

static void wrong_digits_end_the_request_attack_59(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};

    (void)state;
    scene_open(&sc);
    a.payload =
        payload(&sc, "approved", str_eq(sc.digits, STR("000000")) ? STR("000001") : STR("000000"));
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_WRONG_DIGITS);
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_LATE);
    assert_int_equal(fixture_run(&sc.fx, wait_state, &a), OK);
    assert_int_equal(a.wait, WAIT_DENIED);
    fixture_close(&sc.fx);
}

static void a_changed_byte_anywhere_is_refused_attack_61(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};
    ptrdiff_t digits_at, time_at;
    struct str whole;
    unsigned refused = 0;

    (void)state;
    scene_open(&sc);
    whole = payload(&sc, "approved", sc.digits);
    digits_at = str_find_str(whole, STR("\"digits\":\"")) + 10;
    time_at = str_find_str(whole, STR("\"at\":")) + 5;
    for (ptrdiff_t i = 0; i < time_at; i++) { /* a second more is within the clock's tolerance */
        struct str copy = arena_str(sc.fx.mem, whole);

        if (i >= digits_at && i < digits_at + CHALLENGE_DIGITS)
            continue; /* they have a test of their own: they end the request */
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
        a.payload = copy;
        assert_int_equal(fixture_run(&sc.fx, answer, &a), ERR_DENIED);
        refused++;
    }
    sc.fx.cx.now_ms -= (DEVICE_CLOCK_S + 5) * (int64_t)MS_PER_S;
    a.payload = payload(&sc, "approved", sc.digits);
    sc.fx.cx.now_ms += (DEVICE_CLOCK_S + 5) * (int64_t)MS_PER_S;
    assert_int_equal(fixture_run(&sc.fx, answer, &a), ERR_DENIED);
    assert_true(refused > 200);
    fixture_close(&sc.fx);
}

static void expired_denied_and_canceled_are_final_attack_63(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};
    struct login_out first;

    (void)state;
    scene_open(&sc);
    sc.fx.cx.now_ms += (CHALLENGE_LOGIN_LIFE_S + 1) * (int64_t)MS_PER_S;
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_LATE);
    assert_int_equal(fixture_run(&sc.fx, wait_state, &a), OK);
    assert_int_equal(a.wait, WAIT_EXPIRED);

    assert_int_equal(fixture_run(&sc.fx, sign_in, &sc), OK);
    a.payload = payload(&sc, "denied", STR(""));
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_TAKEN);
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_LATE);

    assert_int_equal(fixture_run(&sc.fx, sign_in, &sc), OK); /* tab 1 */
    first = sc.out;
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, sign_in, &sc), OK);       /* tab 2 supersedes it */
    assert_int_equal(fixture_run(&sc.fx, answer, &a), ERR_DENIED); /* about another challenge */
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), OK);
    sc.out = first;
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), ERR_DENIED); /* tab 1 stays outside */
    fixture_close(&sc.fx);
}

static void pushes_end_at_a_budget_and_not_me_stops_them_attack_58(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};
    int asked = 1;

    (void)state;
    scene_open(&sc);
    while (asked < 100 && fixture_run(&sc.fx, sign_in, &sc) == OK && sc.c.login_id == sc.l.id)
        asked++;
    assert_int_equal(asked, PUSHES_SINCE_SUCCESS_MAX);
    fixture_close(&sc.fx);

    scene_open(&sc);
    a.payload = payload(&sc, "not_me", STR(""));
    assert_int_equal(fixture_run(&sc.fx, answer, &a), OK);
    assert_int_equal(a.outcome, ANSWER_TAKEN);
    assert_int_equal(fixture_run(&sc.fx, sign_in, &sc),
                     ERR_DENIED); /* the password is distrusted */
    fixture_close(&sc.fx);
}

static enum err decide_without_digits(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t signature[DEVICE_SIGNATURE_LEN] = {1};
    struct answering *a = arg;

    return challenge_decide(cx, db, &a->sc->d, &a->sc->c, DECISION_APPROVE,
                            &(struct challenge_answer){a->payload, BYTES_OF(signature), false},
                            &here, &a->outcome);
}

static void no_door_approves_a_sign_in_without_its_digits_attack_59(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};

    (void)state;
    scene_open(&sc);
    a.payload = payload(&sc, "approved", sc.digits);
    assert_int_equal(fixture_run(&sc.fx, decide_without_digits, &a), ERR_DENIED);
    assert_int_equal(fixture_run(&sc.fx, move_on, &a), ERR_DENIED);
    fixture_close(&sc.fx);
}

static void another_persons_device_is_refused(void **state)
{
    struct scene sc;
    struct answering a = {.sc = &sc};

    (void)state;
    scene_open(&sc);
    a.payload = payload(&sc, "approved", sc.digits);
    sc.d.identity_id++;
    assert_int_equal(fixture_run(&sc.fx, answer, &a), ERR_NOT_FOUND);
    fixture_close(&sc.fx);
}

struct accepting {
    struct scene *sc;
    int64_t at_s;
    struct str nonce;
};

static enum err accept_request(struct ctx *cx, struct db *db, void *arg)
{
    struct accepting *x = arg;

    return device_accept(cx, db, &x->sc->d, x->at_s, x->nonce);
}

static enum err sweep(struct ctx *cx, struct db *db, void *arg)
{
    return core_sweep(cx, db, arg);
}

static void a_device_request_is_accepted_once(void **state)
{
    struct scene sc;
    struct accepting x = {.sc = &sc, .nonce = STR("0123456789abcdef")};

    (void)state;
    scene_open(&sc);
    x.at_s = sc.fx.cx.now_ms / MS_PER_S;
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), OK);
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), ERR_CONFLICT);
    x.nonce = STR("fedcba9876543210");
    x.at_s -= DEVICE_CLOCK_S + 1;
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), ERR_DENIED);
    x.at_s += 2 * (DEVICE_CLOCK_S + 1);
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), ERR_DENIED);
    x.at_s--; /* of a clock that is ahead: its nonce is kept as long as its time is good */
    sc.fx.cx.now_ms -= sc.fx.cx.now_ms % MS_PER_S;
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), OK);
    sc.fx.cx.now_ms += (2 * DEVICE_CLOCK_S + 1) * (int64_t)MS_PER_S - 1;
    assert_int_equal(fixture_run(&sc.fx, sweep, &(bool){false}), OK);
    assert_int_equal(fixture_run(&sc.fx, accept_request, &x), ERR_CONFLICT);
    fixture_close(&sc.fx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approval_admits_its_attempt_once),
        cmocka_unit_test(wrong_digits_end_the_request_attack_59),
        cmocka_unit_test(a_changed_byte_anywhere_is_refused_attack_61),
        cmocka_unit_test(expired_denied_and_canceled_are_final_attack_63),
        cmocka_unit_test(pushes_end_at_a_budget_and_not_me_stops_them_attack_58),
        cmocka_unit_test(no_door_approves_a_sign_in_without_its_digits_attack_59),
        cmocka_unit_test(another_persons_device_is_refused),
        cmocka_unit_test(a_device_request_is_accepted_once),
    };

    return cmocka_run_group_tests_name("core/challenge", tests, NULL, NULL);
}
