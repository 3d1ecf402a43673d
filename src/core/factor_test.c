/* factor_test.c: the one check, its budgets and its races. Numbers are those of the attack list. */
#include "base/unit.h"
#include "core/audit.h"
#include "core/fixture.h"
#include "core/outbox.h"
#include "core/session.h"
#include "core/verification.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct origin here = {
    {"203.0.113.7", 11},
    {"test",        4 }
};

struct checking {
    struct check_in in;
    struct check_out out;
};

static enum err check(struct ctx *cx, struct db *db, void *arg)
{
    struct checking *c = arg;

    return factor_check(cx, db, &c->in, &c->out);
}

static enum check_outcome check_now(struct fixture *fx, int64_t factor_id, struct str code)
{
    struct checking c = {
        .in = {.factor_id = factor_id, .code = code}
    };

    assert_int_equal(fixture_run(fx, check, &c), OK);
    return c.out.outcome;
}

static void a_totp_code_works_once_attacks_2_3_14(void **state)
{
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    struct str now, next;

    fixture_person(fx, "ann", &p);
    fixture_totp(fx, &p, &seed, &factor);
    now = fixture_code(fx, &seed, 0);
    next = fixture_code(fx, &seed, 1);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 2)), CHECK_WRONG);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, -2)), CHECK_WRONG);
    assert_int_equal(check_now(fx, factor, next), CHECK_RIGHT);
    assert_int_equal(check_now(fx, factor, next), CHECK_USED);
    assert_int_equal(check_now(fx, factor, now), CHECK_USED); /* older than the accepted step */
    fx->cx.now_ms += 30 * MS_PER_S;
    assert_int_equal(check_now(fx, factor, next), CHECK_USED);
    fx->cx.now_ms += 60 * MS_PER_S;
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 0)), CHECK_RIGHT);
}

static enum err be_strict(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return service_set(cx, db, core_of(db)->portal_service_id, STR("policy"), STR("strict"));
}

static void a_strict_policy_takes_the_present_code_alone_attack_14(void **state)
{
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;

    fixture_person(fx, "ann", &p);
    fixture_totp(fx, &p, &seed, &factor);
    assert_int_equal(fixture_run(fx, be_strict, NULL), OK);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 1)), CHECK_WRONG);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, -1)), CHECK_WRONG);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 0)), CHECK_RIGHT);
}

static void malformed_codes_are_wrong_and_counted_attack_16(void **state)
{
    static const struct str rows[] = {
        STR(""),
        STR("0"),
        STR("00000"),
        STR("1234567"),
        STR("12345a"),
        STR("½23456"),
        STR("                                                  "),
    };
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;

    fixture_person(fx, "bob", &p);
    fixture_totp(fx, &p, &seed, &factor);
    EACH_ROW (row, rows) {
        enum check_outcome o = check_now(fx, factor, *row);

        assert_true(o == CHECK_WRONG || o == CHECK_PAUSED);
    }
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 0)), CHECK_PAUSED);
}

static void five_wrong_codes_pause_and_a_hundred_end_it_attacks_9_10(void **state)
{
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    int wrong = 0, guard = 0;

    fixture_person(fx, "cat", &p);
    fixture_totp(fx, &p, &seed, &factor);
    for (; guard < 1000; guard++) {
        struct checking c = {
            .in = {.factor_id = factor, .code = STR("000000")}
        };

        if (str_eq(fixture_code(fx, &seed, 0), STR("000000")))
            fx->cx.now_ms += 90 * MS_PER_S;
        assert_int_equal(fixture_run(fx, check, &c), OK);
        if (c.out.outcome == CHECK_WRONG) {
            wrong++;
            if (wrong % FACTOR_FAILURES_PAUSE == 0)
                assert_true(c.out.retry_after_s >= 60 && c.out.retry_after_s <= 3600);
            else
                assert_int_equal(c.out.tries_left,
                                 FACTOR_FAILURES_PAUSE - wrong % FACTOR_FAILURES_PAUSE);
        } else if (c.out.outcome == CHECK_PAUSED) {
            assert_int_equal(wrong % FACTOR_FAILURES_PAUSE, 0);
            fx->cx.now_ms += c.out.retry_after_s * MS_PER_S;
        } else {
            break;
        }
    }
    assert_int_equal(wrong, FACTOR_FAILURES_MAX - 1);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 0)), CHECK_OFF);
}

struct racer {
    struct store_job job;
    struct fixture *fx;
    struct ctx cx;
    struct check_in in;
    struct check_out out;
    _Atomic int *left, *right, *wrong;
};

static enum err racer_run(struct store_job *job, struct db *db)
{
    struct racer *r = (struct racer *)job;

    return factor_check(&r->cx, db, &r->in, &r->out);
}

static void racer_done(struct store_job *job, enum err result)
{
    struct racer *r = (struct racer *)job;

    if (result == OK && r->out.outcome == CHECK_RIGHT)
        atomic_fetch_add(r->right, 1);
    if (result == OK && r->out.outcome == CHECK_WRONG)
        atomic_fetch_add(r->wrong, 1);
    atomic_fetch_sub(r->left, 1);
}

static void race(struct fixture *fx, struct racer *racers, int count, int64_t factor,
                 struct str code, int64_t recovery_row, int *out_right, int *out_wrong)
{
    _Atomic int left = count, right = 0, wrong = 0;

    for (int i = 0; i < count; i++) {
        racers[i] = (struct racer){
            .job = {.run = racer_run, .done = racer_done          },
            .fx = fx,
            .cx = fx->cx,
            .in = { .factor_id = factor,    .code = code, .recovery_row = recovery_row},
            .left = &left,
            .right = &right,
            .wrong = &wrong,
        };
        racers[i].cx.mem = arena_new();
        assert_int_equal(store_submit(fx->store, &racers[i].job), OK);
    }
    while (atomic_load(&left) > 0)
        sched_yield();
    for (int i = 0; i < count; i++)
        arena_free(&racers[i].cx.mem);
    *out_right = right;
    *out_wrong = wrong;
}

static void a_hundred_parallel_checks_give_one_success_attack_5(void **state)
{
    static struct racer racers[100];
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    int right, wrong;

    fixture_person(fx, "dan", &p);
    fixture_totp(fx, &p, &seed, &factor);
    race(fx, racers, 100, factor, fixture_code(fx, &seed, 0), 0, &right, &wrong);
    assert_int_equal(right, 1);
}

static void a_thousand_parallel_guesses_stay_in_budget_attack_7(void **state)
{
    static struct racer racers[1000];
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    int right, wrong;

    fixture_person(fx, "eve", &p);
    fixture_totp(fx, &p, &seed, &factor);
    race(fx, racers, 1000, factor, STR("abcdef"), 0, &right, &wrong);
    assert_int_equal(right, 0);
    assert_int_equal(wrong, FACTOR_FAILURES_PAUSE);
}

struct recovering {
    int64_t identity_id, row;
    struct recovery_set set;
    struct factor f;
};

static enum err recovery_put(struct ctx *cx, struct db *db, void *arg)
{
    struct recovering *r = arg;
    enum err e = recovery_store(cx, db, r->identity_id, &r->set, &here);

    if (e || (e = recovery_match(cx, db, r->identity_id,
                                 (struct str){r->set.code[3], RECOVERY_CODE_LEN}, &r->row)))
        return e;
    return factor_active(cx, db, r->identity_id, FACTOR_RECOVERY, &r->f);
}

static enum err recovery_find(struct ctx *cx, struct db *db, void *arg)
{
    struct recovering *r = arg;

    return recovery_match(cx, db, r->identity_id, (struct str){r->set.code[3], RECOVERY_CODE_LEN},
                          &r->row);
}

static void a_recovery_code_works_once_even_in_parallel_attack_6(void **state)
{
    static struct racer racers[2];
    struct fixture *fx = *state;
    struct recovering r = {0};
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor;
    int right, wrong;

    fixture_person(fx, "fay", &p);
    r.identity_id = p.identity_id;
    recovery_make(&fx->cx, &r.set);
    assert_int_equal(fixture_run(fx, recovery_put, &r), ERR_CONFLICT); /* nothing to stand in for */
    fixture_totp(fx, &p, &seed, &factor);
    assert_int_equal(fixture_run(fx, recovery_put, &r), OK);
    assert_int_not_equal(r.row, 0);
    race(fx, racers, 2, r.f.id, (struct str){r.set.code[3], RECOVERY_CODE_LEN}, r.row, &right,
         &wrong);
    assert_int_equal(right, 1);
    assert_int_equal(fixture_run(fx, recovery_find, &r), OK);
    assert_int_equal(r.row, 0);
}

struct sending {
    int64_t identity_id, session_id;
    struct factor f;
    struct verification v;
    struct str code;
};

static enum err send_start(struct ctx *cx, struct db *db, void *arg)
{
    struct sending *s = arg;
    enum err e = sent_factor_start(cx, db, s->identity_id, s->session_id, FACTOR_SMS, &here, &s->f);

    if (e || (e = verification_pending(cx, db, s->f.id, 0, &s->v)))
        return e;
    return verification_code(cx, db, &s->v, &s->code);
}

static enum err send_again(struct ctx *cx, struct db *db, void *arg)
{
    struct sending *s = arg;
    enum err e = verification_send(cx, db, &s->f, 0, &here, &s->v);

    return e ? e : verification_code(cx, db, &s->v, &s->code);
}

static void a_sent_code_stays_the_same_for_ten_minutes_attack_15(void **state)
{
    struct fixture *fx = *state;
    struct sending s = {0};
    struct fixture_person p;
    struct str first;

    fixture_person(fx, "gil", &p);
    s.identity_id = p.identity_id;
    s.session_id = p.session_id;
    assert_int_equal(fixture_run(fx, send_start, &s), OK);
    first = s.code;
    for (int i = 0; i < VERIFICATION_SENDS_MAX - 1; i++) {
        fx->cx.now_ms += 40 * MS_PER_S;
        assert_int_equal(fixture_run(fx, send_again, &s), OK);
        assert_true(str_eq(first, s.code));
    }
    assert_int_equal(fixture_run(fx, send_again, &s), ERR_LIMITED);
    fx->cx.now_ms += 600 * MS_PER_S;
    assert_int_equal(check_now(fx, s.f.id, first), CHECK_EXPIRED);
}

static void five_wrong_checks_end_a_sent_code(void **state)
{
    struct fixture *fx = *state;
    struct sending s = {0};
    struct fixture_person p;

    fixture_person(fx, "hal", &p);
    s.identity_id = p.identity_id;
    s.session_id = p.session_id;
    assert_int_equal(fixture_run(fx, send_start, &s), OK);
    for (int i = 0; i < VERIFICATION_CHECKS_MAX; i++)
        assert_int_equal(check_now(fx, s.f.id, STR("abcdef")), CHECK_WRONG);
    fx->cx.now_ms += 61 * MS_PER_S;
    assert_int_equal(check_now(fx, s.f.id, s.code), CHECK_EXPIRED);
}

static enum err verify_chain(struct ctx *cx, struct db *db, void *arg)
{
    return audit_verify(cx, db, arg);
}

static enum err reseal_all(struct ctx *cx, struct db *db, void *arg)
{
    return core_reseal(cx, db, 100, arg);
}

static void keys_rotate_and_everything_still_opens(void **state)
{
    struct fixture *fx = *state;
    struct fixture_person p;
    struct secret seed = {0};
    int64_t factor, done = -1, entries = 0;
    uint32_t old = vault_current(fx->vault), fresh;

    fixture_person(fx, "joe", &p);
    fixture_totp(fx, &p, &seed, &factor);
    assert_int_equal(vault_add_key(&fx->cx, fx->vault, &fresh), OK);
    assert_int_equal(fixture_run(fx, reseal_all, &done), OK);
    assert_true(done > 5);
    assert_int_equal(fixture_run(fx, reseal_all, &done), OK);
    assert_int_equal(done, 0);
    assert_int_equal(vault_drop_key(&fx->cx, fx->vault, old), OK);
    assert_int_equal(check_now(fx, factor, fixture_code(fx, &seed, 0)), CHECK_RIGHT);
    assert_int_equal(fixture_run(fx, verify_chain, &entries), OK);
    assert_true(entries > 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_totp_code_works_once_attacks_2_3_14, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_strict_policy_takes_the_present_code_alone_attack_14,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(malformed_codes_are_wrong_and_counted_attack_16,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(five_wrong_codes_pause_and_a_hundred_end_it_attacks_9_10,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_hundred_parallel_checks_give_one_success_attack_5,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_parallel_guesses_stay_in_budget_attack_7,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_recovery_code_works_once_even_in_parallel_attack_6,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_sent_code_stays_the_same_for_ten_minutes_attack_15,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(five_wrong_checks_end_a_sent_code, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(keys_rotate_and_everything_still_opens, fixture_set_up,
                                        fixture_tear_down),
    };

    return cmocka_run_group_tests_name("core/factor", tests, NULL, NULL);
}
