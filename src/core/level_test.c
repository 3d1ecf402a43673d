/* level_test.c: what a session needs, whatever was proved before. Numbers are those of the attack
 * list. */
#include "base/unit.h"
#include "core/fixture.h"
#include "core/floor.h"
#include "core/people.h"
#include "core/session.h"

static const struct origin here = {
    {"203.0.113.7", 11},
    {"test",        4 }
};

static int set_up(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    fixture_open(fx);
    *state = fx;
    return 0;
}

static int tear_down(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

struct opening {
    struct session_request rq;
    struct str token;
    struct session s;
};

static enum err open_session(struct ctx *cx, struct db *db, void *arg)
{
    struct opening *o = arg;

    return session_open(cx, db, &o->rq, &o->token);
}

static enum err see_session(struct ctx *cx, struct db *db, void *arg)
{
    struct opening *o = arg;

    return session_by_token(cx, db, o->token, &o->s);
}

static void a_password_alone_opens_nothing_once_a_factor_is_on_attacks_1_36_37(void **state)
{
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    struct opening other;

    fixture_person(fx, "ida", &p);
    other = (struct opening){
        .rq = {.person_id = p.id, .amr = AMR_PWD, .from = here}
    };
    assert_int_equal(fixture_run(fx, open_session, &other), OK);
    fixture_totp(fx, &p, &seed, &factor);
    assert_int_equal(fixture_run(fx, see_session, &other), ERR_DENIED); /* ended by the enrolment */
    assert_int_equal(fixture_run(fx, open_session, &other), ERR_DENIED);
    other.token = p.session_token; /* the one that proved the factor goes on */
    assert_int_equal(fixture_run(fx, see_session, &other), OK);
    assert_true(other.s.amr & AMR_OTP);
    other.rq.amr = AMR_OTP; /* nor a code alone */
    assert_int_equal(fixture_run(fx, open_session, &other), ERR_DENIED);
}

struct checking {
    struct check_in in;
    struct check_out out;
};

static enum err check(struct ctx *cx, struct db *db, void *arg)
{
    struct checking *c = arg;

    return factor_check(cx, db, &c->in, &c->out);
}

static void guess_until_off(struct fixture *fx, int64_t factor_id)
{
    struct checking c = {
        .in = {.factor_id = factor_id, .code = STR("abcdef")}
    };

    do {
        fx->cx.now_ms += HOUR_MS;
        assert_int_equal(fixture_run(fx, check, &c), OK);
    } while (c.out.outcome == CHECK_WRONG);
    assert_int_equal(c.out.outcome, CHECK_OFF);
}

static enum err sign_in(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;
    struct login_out out;
    struct person p;
    enum err e = person_by_id(cx, db, who->id, &p);

    if (e ||
        (e = login_password(
             cx, db,
             &(struct login_in){
                 .login = p.username,
                 .proof = {.person_id = p.id, .password_at_ms = p.password_at_ms, .right = true},
                 .from = here
    },
             &out)))
        return e;
    if (out.state == LOGIN_LOCKED)
        return out.session_token.n || out.login_token.n
                   ? fail(cx, ERR_INTERNAL, "a token with nothing")
                   : fail(cx, ERR_DENIED, "no way left");
    return out.state == LOGIN_CODE ? OK : fail(cx, ERR_INTERNAL, "state %d", (int)out.state);
}

static enum err factors_reset(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;

    return factor_reset_all(cx, db, who->identity_id, &here);
}

static enum err password_new(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;

    return person_set_password(cx, db, who->id, STR("$argon2id$"), true, 0, "password_reset",
                               &here);
}

struct recovery_new {
    int64_t identity_id;
    struct recovery_set set;
};

static enum err recovery_put(struct ctx *cx, struct db *db, void *arg)
{
    const struct recovery_new *r = arg;

    return recovery_store(cx, db, r->identity_id, &r->set, &here);
}

/* A hundred wrong codes end the factor. They must not end the second step with it. */
static void guessing_a_factor_off_opens_nothing_attacks_1_9(void **state)
{
    struct fixture *fx = *state;
    struct recovery_new r = {0};
    struct fixture_person p, q;
    struct secret seed = {0};
    struct opening alone;
    int64_t factor;

    fixture_person(fx, "kim", &p);
    alone = (struct opening){
        .rq = {.person_id = p.id, .amr = AMR_PWD, .from = here}
    };
    fixture_totp(fx, &p, &seed, &factor);
    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, open_session, &alone), ERR_DENIED);
    assert_int_equal(fixture_run(fx, sign_in, &p), ERR_DENIED);
    assert_int_equal(fixture_run(fx, factors_reset, &p), OK); /* the operator's way out */
    assert_int_equal(fixture_run(fx, open_session, &alone), OK);

    fixture_person(fx, "lou", &q);
    fixture_totp(fx, &q, &seed, &factor);
    r.identity_id = q.identity_id;
    recovery_make(&fx->cx, &r.set);
    assert_int_equal(fixture_run(fx, recovery_put, &r), OK);
    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, sign_in, &q), OK); /* asks for a recovery code */
    assert_int_equal(fixture_run(fx, password_new, &q),
                     OK); /* a mailbox alone is no way in either */
    alone.rq.person_id = q.id;
    assert_int_equal(fixture_run(fx, open_session, &alone), ERR_DENIED);
    alone.rq.amr = AMR_PWD | AMR_RECOVERY;
    assert_int_equal(fixture_run(fx, open_session, &alone), OK);
    assert_int_equal(fixture_run(fx, see_session, &alone), OK);
    q.session_id = alone.s.id;
    fixture_totp(fx, &q, &seed, &factor); /* a new one takes the place of the one that is off */
}

struct flooring {
    const struct fixture_person *p;
    unsigned amr;
    bool raised;
};

static enum err floor_put(struct ctx *cx, struct db *db, void *arg)
{
    const struct flooring *f = arg;

    return floor_move(cx, db, f->p->id, f->amr, f->raised, &here);
}

static enum err sms_on(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;
    struct factor f;
    enum err e =
        sent_factor_start(cx, db, who->identity_id, who->session_id, FACTOR_SMS, &here, &f);

    return e ? e : factor_activate(cx, db, &f, &here);
}

static enum err totp_off(struct ctx *cx, struct db *db, void *arg)
{
    return factor_off(cx, db, *(const int64_t *)arg, "person", &here);
}

/* Not by a weaker factor that is on, nor by ending the strong one with wrong codes: its owner and
 * the operator alone lower it. */
static void the_floor_stands_under_every_attempt_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p, q;
    struct opening weak, strong;
    struct flooring floor;
    int64_t factor;

    fixture_person(fx, "mia", &p);
    floor = (struct flooring){.p = &p, .amr = AMR_PWD | AMR_SMS, .raised = true};
    weak.rq = (struct session_request){.person_id = p.id, .amr = AMR_PWD | AMR_SMS, .from = here};
    strong.rq = (struct session_request){.person_id = p.id, .amr = AMR_PWD | AMR_OTP, .from = here};
    assert_int_equal(fixture_run(fx, sms_on, &p), OK);
    assert_int_equal(fixture_run(fx, floor_put, &floor), ERR_CONFLICT); /* nothing to hold on to */
    fixture_totp(fx, &p, &seed, &factor);
    assert_int_equal(fixture_run(fx, floor_put, &floor), ERR_CONFLICT); /* itself opened by less */
    assert_int_equal(fixture_run(fx, open_session, &weak), OK);
    floor.amr = AMR_PWD | AMR_OTP;
    assert_int_equal(fixture_run(fx, floor_put, &floor), OK);

    assert_int_equal(fixture_run(fx, see_session, &weak), ERR_DENIED);
    assert_int_equal(fixture_run(fx, open_session, &weak), ERR_DENIED);
    assert_int_equal(fixture_run(fx, open_session, &strong), OK);
    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, open_session, &weak), ERR_DENIED);
    assert_int_equal(fixture_run(fx, sign_in, &p), ERR_DENIED); /* locked, and no code by SMS */
    assert_int_equal(fixture_run(fx, factors_reset, &p), OK);
    assert_int_equal(fixture_run(fx, open_session, &weak), OK);

    fixture_person(fx, "nel", &q);
    fixture_totp(fx, &q, &seed, &factor);
    floor.p = &q;
    assert_int_equal(fixture_run(fx, floor_put, &floor), OK);
    assert_int_equal(fixture_run(fx, sms_on, &q), ERR_CONFLICT);
    floor.raised = false;
    assert_int_equal(fixture_run(fx, floor_put, &floor), OK);
    assert_int_equal(fixture_run(fx, sms_on, &q), OK);
    floor.raised = true;
    assert_int_equal(fixture_run(fx, floor_put, &floor), OK);
    weak.rq.person_id = q.id;
    assert_int_equal(fixture_run(fx, open_session, &weak), ERR_DENIED);
    assert_int_equal(fixture_run(fx, totp_off, &factor), OK); /* its owner, who proved it */
    assert_int_equal(fixture_run(fx, open_session, &weak), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_password_alone_opens_nothing_once_a_factor_is_on_attacks_1_36_37, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guessing_a_factor_off_opens_nothing_attacks_1_9, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_floor_stands_under_every_attempt_attack_38, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("core/level", tests, NULL, NULL);
}
