/* level_test.c: what a session needs, whatever was proved before. Numbers are those of the attack
 * list. */
#include "base/unit.h"
#include "core/fixture.h"
#include "core/floor.h"
#include "core/people.h"
#include "core/rows.h"
#include "core/session.h"

#include <string.h>

static const struct origin here = {
    {"203.0.113.7", 11},
    {"test",        4 }
};

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

/* ---- the floor ---- */

static enum err raise_it(struct ctx *cx, struct db *db, void *arg)
{
    struct str token;

    return floor_raise(cx, db, arg, &here, &token);
}

static enum err lower_it(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;
    struct person p;
    enum err e = person_by_id(cx, db, who->id, &p);

    return e ? e : floor_lower(cx, db, &p, &here);
}

struct looking {
    int64_t person_id;
    struct person p;
};

static enum err look(struct ctx *cx, struct db *db, void *arg)
{
    struct looking *l = arg;

    return person_by_id(cx, db, l->person_id, &l->p);
}

static bool is_raised(struct fixture *fx, const struct fixture_person *who)
{
    struct looking l = {.person_id = who->id};

    assert_int_equal(fixture_run(fx, look, &l), OK);
    return l.p.strong_only;
}

/* A sent or remote factor that is on, as enrolment leaves it. */
struct having {
    const struct fixture_person *p;
    enum factor_kind kind;
    struct factor f;
};

static enum err begin_it(struct ctx *cx, struct db *db, void *arg)
{
    struct having *h = arg;

    return sent_factor_start(cx, db, h->p->identity_id, h->p->session_id, h->kind, &here, &h->f);
}

static enum err begin_remote(struct ctx *cx, struct db *db, void *arg)
{
    struct having *h = arg;

    return remote_factor_start(cx, db, h->p->identity_id, h->p->session_id, &h->f);
}

static enum err forget_guesses(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;

    return db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(who->identity_id)), NULL);
}

/* Past floor_raise, which drops what was begun. */
static enum err just_set(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;

    return db_exec(cx, db, Q_PERSON_SET_FLOOR,
                   DB_ARGS(db_int(1), db_int(0), db_int(cx->now_ms), db_int(who->id)), NULL);
}

static enum err finish_it(struct ctx *cx, struct db *db, void *arg)
{
    struct having *h = arg;

    return factor_activate(cx, db, &h->f, &here);
}

static void have(struct fixture *fx, const struct fixture_person *p, enum factor_kind kind)
{
    struct having h = {.p = p, .kind = kind};

    assert_int_equal(fixture_run(fx, begin_it, &h), OK);
    assert_int_equal(fixture_run(fx, finish_it, &h), OK);
}

static enum err off_by_owner(struct ctx *cx, struct db *db, void *arg)
{
    return factor_off(cx, db, *(const int64_t *)arg, "person", &here);
}

static enum err attempt_on(struct fixture *fx, const struct fixture_person *p, unsigned amr)
{
    struct opening o = {
        .rq = {.person_id = p->id, .amr = AMR_PWD | amr, .from = here}
    };

    return fixture_run(fx, open_session, &o);
}

static struct session session_of(const struct fixture_person *p, unsigned amr)
{
    return (struct session){
        .id = p->session_id,
        .person_id = p->id,
        .identity_id = p->identity_id,
        .amr = AMR_PWD | amr,
    };
}

/* What meets the floor is said once (AMR_STRONG); the words for kinds follow from it. */
static void of_the_kinds_three_and_recovery_codes_meet_the_floor_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p;
    struct session s;
    int64_t factor;

    fixture_person(fx, "lea", &p);
    fixture_totp(fx, &p, &seed, &factor);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    for (enum factor_kind k = 0; k < FACTOR_KINDS; k++) {
        bool strong = k == FACTOR_PASSKEY || k == FACTOR_PUSH || k == FACTOR_TOTP;

        assert_int_equal(factor_kind_is_strong(k), strong);
        assert_int_equal(attempt_on(fx, &p, factor_kind_amr(k)),
                         strong || k == FACTOR_RECOVERY ? OK : ERR_DENIED);
    }
}

static void it_is_raised_by_a_session_that_meets_it_alone_attack_38(void **state)
{
    static const unsigned weak[] = {0, AMR_SMS, AMR_TEL, AMR_EMAIL, AMR_REMOTE};
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p;
    struct session s;
    int64_t factor;

    fixture_person(fx, "mia", &p);
    have(fx, &p, FACTOR_SMS);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), ERR_CONFLICT); /* nothing to hold on to */
    fixture_totp(fx, &p, &seed, &factor);
    EACH_ROW (amr, weak) {
        s = session_of(&p, *amr);
        assert_int_equal(fixture_run(fx, raise_it, &s), ERR_CONFLICT);
    }
    assert_false(is_raised(fx, &p));
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    assert_true(is_raised(fx, &p));
}

/* Neither what is begun before it, nor ending the strong factor by wrong codes lowers it. */
static void guessing_and_enrolling_do_not_lower_it_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct having begun, late;
    struct secret seed = {0};
    struct fixture_person p;
    struct session s;
    int64_t factor;

    fixture_person(fx, "nel", &p);
    have(fx, &p, FACTOR_SMS);
    fixture_totp(fx, &p, &seed, &factor);
    begun = (struct having){.p = &p, .kind = FACTOR_VOICE};
    late = (struct having){.p = &p, .kind = FACTOR_EMAIL};
    assert_int_equal(fixture_run(fx, begin_it, &begun), OK);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    assert_int_not_equal(fixture_run(fx, finish_it, &begun), OK);
    assert_int_equal(fixture_run(fx, begin_it, &late), ERR_CONFLICT);
    assert_int_equal(fixture_run(fx, begin_remote, &late), ERR_CONFLICT);

    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, forget_guesses, &p), OK); /* of codes in general */
    assert_true(is_raised(fx, &p));
    assert_int_equal(attempt_on(fx, &p, AMR_SMS), ERR_DENIED);
    assert_int_equal(fixture_run(fx, sign_in, &p), ERR_DENIED);
    assert_non_null(strstr(fx->cx.why, "no way left")); /* locked: no code goes to the number */
    assert_int_equal(fixture_run(fx, factors_reset, &p), OK);
    assert_false(is_raised(fx, &p)); /* or it would come back with the next app, unsaid */
    assert_int_equal(attempt_on(fx, &p, 0), OK);
}

struct offering {
    const struct fixture_person *p;
    const struct session *session; /* NULL: at sign-in */
    enum factor_kind method;
};

static enum err offer(struct ctx *cx, struct db *db, void *arg)
{
    struct offering *o = arg;
    struct login_out out;
    struct login l;
    struct person p;
    enum err e = person_by_id(cx, db, o->p->id, &p);

    if (e)
        return e;
    if (o->session)
        e = login_step_up(cx, db, o->session, "fresh", 0, STR("/"), &here, &out);
    else
        e = login_password(
            cx, db,
            &(struct login_in){
                .login = p.username,
                .proof = {.person_id = p.id, .password_at_ms = p.password_at_ms, .right = true},
                .from = here,
        },
            &out);
    if (e || (e = login_by_token(cx, db, out.login_token, &l)))
        return e;
    o->method = l.method;
    return OK;
}

static enum err recovery_off(struct ctx *cx, struct db *db, void *arg)
{
    const struct fixture_person *who = arg;
    struct factor f;
    enum err e = factor_active(cx, db, who->identity_id, FACTOR_RECOVERY, &f);

    return e ? e : factor_off(cx, db, f.id, "person", &here);
}

/* Whatever is begun, it is by what meets the floor: not the strongest of the others. */
static void attempts_offer_what_meets_it_alone_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct recovery_new r = {0};
    struct secret seed = {0};
    struct fixture_person p;
    struct offering o;
    struct having begun;
    struct session s;
    int64_t factor;

    fixture_person(fx, "ora", &p);
    have(fx, &p, FACTOR_SMS);
    fixture_totp(fx, &p, &seed, &factor);
    r.identity_id = p.identity_id;
    recovery_make(&fx->cx, &r.set);
    assert_int_equal(fixture_run(fx, recovery_put, &r), OK);
    begun = (struct having){.p = &p, .kind = FACTOR_VOICE};
    assert_int_equal(fixture_run(fx, begin_it, &begun), OK);
    assert_int_equal(fixture_run(fx, just_set, &p), OK);
    assert_int_equal(fixture_run(fx, finish_it, &begun), ERR_CONFLICT);

    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, forget_guesses, &p), OK);
    s = session_of(&p, AMR_RECOVERY);
    o = (struct offering){.p = &p, .session = NULL};
    assert_int_equal(fixture_run(fx, offer, &o), OK);
    assert_int_equal(o.method, FACTOR_RECOVERY);
    o.session = &s;
    assert_int_equal(fixture_run(fx, offer, &o), OK);
    assert_int_equal(o.method, FACTOR_RECOVERY);
    assert_int_equal(fixture_run(fx, recovery_off, &p), ERR_CONFLICT); /* the only way in */
}

/* With the last of all that is on it falls, whatever that one was. */
static void nothing_to_hold_on_to_locks_nobody_out_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p;
    struct having sms;
    struct session s;
    int64_t factor;

    fixture_person(fx, "pam", &p);
    sms = (struct having){.p = &p, .kind = FACTOR_SMS};
    assert_int_equal(fixture_run(fx, begin_it, &sms), OK);
    assert_int_equal(fixture_run(fx, finish_it, &sms), OK);
    fixture_totp(fx, &p, &seed, &factor);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    guess_until_off(fx, factor);
    assert_int_equal(fixture_run(fx, off_by_owner, &sms.f.id), OK);
    assert_false(is_raised(fx, &p));
    assert_int_equal(attempt_on(fx, &p, 0), OK);
}

struct attempting {
    const struct fixture_person *p;
    unsigned proved;
};

static enum err attempt(struct ctx *cx, struct db *db, void *arg)
{
    const struct attempting *a = arg;
    struct session s = session_of(a->p, AMR_OTP);
    struct login_out out;
    struct login_done done;
    struct login l;
    enum err e;

    if ((e = login_step_up(cx, db, &s, "floor_lower", 0, STR("/"), &here, &out)) ||
        (e = login_by_token(cx, db, out.login_token, &l)))
        return e;
    return login_complete(cx, db, &l, a->proved, &here, &done);
}

/* An approval may come in by a telephone, or from another server, after the floor was raised. What
 * the session proved once does not make up for it. */
static void an_attempt_is_ended_by_what_it_proved_itself_attack_38(void **state)
{
    static const unsigned weak[] = {0, AMR_SMS, AMR_TEL, AMR_EMAIL, AMR_REMOTE};
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p;
    struct attempting a;
    struct session s;
    int64_t factor;

    fixture_person(fx, "pia", &p);
    fixture_totp(fx, &p, &seed, &factor);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    EACH_ROW (amr, weak) {
        a = (struct attempting){.p = &p, .proved = *amr};
        assert_int_equal(fixture_run(fx, attempt, &a), ERR_EXPIRED);
        assert_true(is_raised(fx, &p));
    }
    a.proved = AMR_RECOVERY;
    assert_int_equal(fixture_run(fx, attempt, &a), OK);
    assert_false(is_raised(fx, &p));
}

static void its_owner_lowers_it_and_it_falls_with_the_last_strong_factor_attack_38(void **state)
{
    struct fixture *fx = *state;
    struct secret seed = {0};
    struct fixture_person p;
    struct session s;
    int64_t factor;

    fixture_person(fx, "oda", &p);
    have(fx, &p, FACTOR_SMS);
    fixture_totp(fx, &p, &seed, &factor);
    s = session_of(&p, AMR_OTP);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    assert_int_equal(fixture_run(fx, lower_it, &p), OK);
    assert_int_equal(attempt_on(fx, &p, AMR_SMS), OK);
    assert_int_equal(fixture_run(fx, raise_it, &s), OK);
    assert_int_equal(fixture_run(fx, off_by_owner, &factor), OK);
    assert_false(is_raised(fx, &p));
    assert_int_equal(attempt_on(fx, &p, AMR_SMS), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_password_alone_opens_nothing_once_a_factor_is_on_attacks_1_36_37, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(guessing_a_factor_off_opens_nothing_attacks_1_9,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            of_the_kinds_three_and_recovery_codes_meet_the_floor_attack_38, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(it_is_raised_by_a_session_that_meets_it_alone_attack_38,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(guessing_and_enrolling_do_not_lower_it_attack_38,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(attempts_offer_what_meets_it_alone_attack_38,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_hold_on_to_locks_nobody_out_attack_38,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(an_attempt_is_ended_by_what_it_proved_itself_attack_38,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            its_owner_lowers_it_and_it_falls_with_the_last_strong_factor_attack_38, fixture_set_up,
            fixture_tear_down),
    };

    return cmocka_run_group_tests_name("core/level", tests, NULL, NULL);
}
