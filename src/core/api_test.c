/* api_test.c: what the two HTTP interfaces stand on: callers, users, sent codes, one check. */
#include "base/unit.h"
#include "core/credential.h"
#include "core/fixture.h"
#include "core/identity.h"
#include "core/outbox.h"
#include "core/service.h"
#include "core/verification.h"

static const struct origin here = {
    {"203.0.113.7", 11},
    {"test",        4 }
};

struct app { /* one application, and what the steps of a test leave */
    struct service_keys keys;
    struct service s;
    struct caller caller;
    struct identity user;
    struct verification v;
    struct check_out check;
    struct str code, action, target, custom;
    const char *channel;
    bool is_new;
};

static enum err app_make(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;
    struct str name = arena_printf(cx->mem, "app %lld", (long long)id_new(cx));
    enum err e;

    if ((e = service_create(cx, db, name, &a->keys)))
        return e;
    return service_by_name(cx, db, name, &a->s);
}

static struct app app_new(struct fixture *fx)
{
    struct app a = {.action = STR(""), .target = STR("+14155550142"), .channel = "sms"};

    assert_int_equal(fixture_run(fx, app_make, &a), OK);
    return a;
}

static enum err set(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return service_set(cx, db, a->s.id, a->code, a->custom);
}

static enum err user(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return identity_user(cx, db, a->s.id, STR("1"), a->target, STR("ann@example.com"), &a->user,
                         &a->is_new);
}

static enum err start(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return verification_start(cx, db,
                              &(struct verification_in){
                                  .service_id = a->s.id,
                                  .identity_id = a->user.id,
                                  .channel = str_from(a->channel),
                                  .target = a->target,
                                  .action = a->action,
                                  .custom_code = a->custom,
                                  .locale = STR("de"),
                                  .from = here,
                              },
                              &a->v);
}

static enum err code_of(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return verification_code(cx, db, &a->v, &a->code);
}

static enum err check(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    if (a->user.id)
        return identity_check(cx, db, &a->user, a->code, a->action, &here, &a->check);
    return verification_check(cx, db, &a->v, a->code, &here, &a->check);
}

static enum check_outcome checked(struct fixture *fx, struct app *a, const char *code)
{
    struct str right = a->code;

    if (code)
        a->code = str_from(code);
    assert_int_equal(fixture_run(fx, check, a), OK);
    a->code = right;
    return a->check.outcome;
}

static void sent(struct fixture *fx, struct app *a)
{
    assert_int_equal(fixture_run(fx, start, a), OK);
    assert_int_equal(fixture_run(fx, code_of, a), OK);
}

static const char *wrong(const struct app *a)
{
    return str_eq(a->code, STR("111111")) ? "222222" : "111111";
}

/* ---- callers ---- */

static enum err by_key(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return caller_by_api_key(cx, db, a->code, &a->caller);
}

static enum err by_account(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return caller_by_account(cx, db, a->target, a->code, &a->caller);
}

static enum err pair_make(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;
    struct key_pair k;
    enum err e = key_pair_create(cx, db, a->s.account_id, STR("ci"), &k, &a->code);

    a->target = k.sid;
    return e;
}

static enum err pair_revoke(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;

    return key_pair_revoke(cx, db, a->s.account_id, a->target);
}

static enum err rotate(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;
    struct service_keys keys;

    return service_rotate(cx, db, a->s.id, MINUTE_MS, &keys);
}

static void keys_name_their_callers(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx), b = app_new(fx);

    a.code = a.keys.api_key;
    assert_int_equal(fixture_run(fx, by_key, &a), OK);
    assert_true(a.caller.service_id == a.s.id && a.caller.account_id == a.s.account_id);
    a.code = a.keys.auth_token; /* a credential of another kind */
    assert_int_equal(fixture_run(fx, by_key, &a), ERR_DENIED);
    a.code = STR("");
    assert_int_equal(fixture_run(fx, by_key, &a), ERR_DENIED);

    a.target = a.keys.account_sid;
    a.code = a.keys.auth_token;
    assert_int_equal(fixture_run(fx, by_account, &a), OK);
    assert_true(a.caller.service_id == 0 && a.caller.account_id == a.s.account_id);
    a.target = b.keys.account_sid;
    assert_int_equal(fixture_run(fx, by_account, &a), ERR_DENIED);

    assert_int_equal(fixture_run(fx, pair_make, &a), OK);
    assert_int_equal(fixture_run(fx, by_account, &a), OK);
    assert_int_equal(fixture_run(fx, pair_revoke, &a), OK);
    assert_int_equal(fixture_run(fx, by_account, &a), ERR_DENIED);
    assert_int_equal(fixture_run(fx, pair_revoke, &a), ERR_NOT_FOUND);
}

static void a_rotated_key_holds_for_its_grace(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);

    a.code = a.keys.api_key;
    assert_int_equal(fixture_run(fx, rotate, &a), OK);
    assert_int_equal(fixture_run(fx, by_key, &a), OK);
    fx->cx.now_ms += MINUTE_MS + 1;
    assert_int_equal(fixture_run(fx, by_key, &a), ERR_DENIED);
}

/* ---- users ---- */

static enum err by_id(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;
    struct identity i;

    return identity_by_authy_id(cx, db, a->s.id, a->user.authy_id, &i);
}

static enum err delete (struct ctx *cx, struct db *db, void *arg) {
    struct app *a = arg;

    return identity_delete(cx, db, &a->user, &here);
}

static void a_number_is_one_user_of_its_service_attack_70(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx), b = app_new(fx);
    int64_t first;

    assert_int_equal(fixture_run(fx, user, &a), OK);
    assert_true(a.is_new && a.user.authy_id > 0 && a.user.authy_id <= INT32_MAX);
    first = a.user.authy_id;
    assert_int_equal(fixture_run(fx, user, &a), OK);
    assert_true(!a.is_new && a.user.authy_id == first);
    assert_int_equal(fixture_run(fx, user, &b), OK);
    assert_true(b.is_new && b.user.authy_id != first);
    b.user = a.user;
    assert_int_equal(fixture_run(fx, by_id, &b), ERR_NOT_FOUND);

    assert_int_equal(fixture_run(fx, delete, &a), OK);
    assert_int_equal(fixture_run(fx, by_id, &a), ERR_NOT_FOUND);
    assert_int_equal(fixture_run(fx, user, &a), OK);
    assert_true(a.is_new && a.user.authy_id != first);
}

/* ---- codes ---- */

static void a_sent_code_works_once(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);
    struct str sid, code;

    sent(fx, &a);
    sid = a.v.sid, code = a.code;
    a.channel = "voice";
    sent(fx, &a); /* the same again, by another channel */
    assert_true(str_eq(sid, a.v.sid) && str_eq(code, a.code) && a.v.send_count == 2);
    assert_int_equal(checked(fx, &a, wrong(&a)), CHECK_WRONG);
    assert_int_equal(checked(fx, &a, NULL), CHECK_RIGHT);
    assert_int_equal(checked(fx, &a, NULL), CHECK_EXPIRED);
}

static void a_user_s_code_is_for_its_action_attack_17(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx), b;

    assert_int_equal(fixture_run(fx, user, &a), OK);
    a.action = STR("pay");
    sent(fx, &a);
    b = a;
    b.action = STR("");
    assert_int_equal(checked(fx, &b, NULL), CHECK_EXPIRED); /* none was sent for that */
    assert_int_equal(checked(fx, &a, NULL), CHECK_RIGHT);
    assert_int_equal(checked(fx, &a, NULL), CHECK_USED);
    assert_int_equal(checked(fx, &a, wrong(&a)), CHECK_EXPIRED);
}

static void new_codes_and_other_doors_give_no_new_tries_attacks_10_12(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx), bare = a;

    assert_int_equal(fixture_run(fx, user, &a), OK);
    sent(fx, &a);
    sent(fx, &bare);
    for (int i = 0; i < 3; i++)
        assert_int_equal(checked(fx, &a, wrong(&a)), CHECK_WRONG);
    for (int i = 0; i < 2; i++) /* the same number, as a bare one */
        assert_int_equal(checked(fx, &bare, wrong(&bare)), CHECK_WRONG);
    assert_int_equal(checked(fx, &a, NULL), CHECK_PAUSED);
    assert_int_equal(checked(fx, &bare, NULL), CHECK_PAUSED);
    assert_int_equal(fixture_run(fx, start, &a), ERR_LIMITED);
    fx->cx.now_ms += MINUTE_MS;
    assert_int_equal(checked(fx, &bare, NULL), CHECK_RIGHT);
}

static void five_wrong_codes_end_a_verification(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);

    sent(fx, &a);
    for (int i = 0; i < VERIFICATION_CHECKS_MAX; i++)
        assert_int_equal(checked(fx, &a, wrong(&a)), CHECK_WRONG);
    fx->cx.now_ms += 2 * MINUTE_MS; /* the pause is over, and still: */
    assert_int_equal(checked(fx, &a, NULL), CHECK_ENDED);
    fx->cx.now_ms += 9 * MINUTE_MS;
    assert_int_equal(checked(fx, &a, NULL), CHECK_EXPIRED);
}

static void the_sixth_send_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);

    for (int i = 0; i < VERIFICATION_SENDS_MAX; i++)
        assert_int_equal(fixture_run(fx, start, &a), OK);
    assert_int_equal(fixture_run(fx, start, &a), ERR_LIMITED);
    fx->cx.now_ms += 10 * MINUTE_MS + 1;
    assert_int_equal(fixture_run(fx, start, &a), OK);
}

static void a_chosen_code_needs_leave(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);

    a.custom = STR("4711ab");
    assert_int_equal(fixture_run(fx, start, &a), ERR_DENIED);
    a.code = STR("custom_code"), a.custom = STR("yes");
    assert_int_equal(fixture_run(fx, set, &a), OK);
    a.custom = STR("47!1ab");
    assert_int_equal(fixture_run(fx, start, &a), ERR_INVALID);
    a.custom = STR("4711ab");
    sent(fx, &a);
    assert_true(str_eq(a.code, a.custom));
    assert_int_equal(checked(fx, &a, "4711ab"), CHECK_RIGHT);
}

static enum err totp(struct ctx *cx, struct db *db, void *arg)
{
    struct app *a = arg;
    struct factor f;
    OWN(secret_deinit) struct secret seed = {0};
    enum err e;

    if ((e = identity_totp(cx, db, &a->user, &f)) || (e = totp_secret(cx, db, &f, &seed)))
        return e;
    a->custom = arena_str(cx->mem, bytes_str(secret_bytes(&seed)));
    return OK;
}

static void an_app_s_code_and_a_sent_one_are_both_the_user_s(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx);
    struct secret seed = {0};
    struct str none = a.custom;

    assert_int_equal(fixture_run(fx, user, &a), OK);
    assert_int_equal(fixture_run(fx, totp, &a), OK);
    seed.n = a.custom.n;
    for (size_t i = 0; i < seed.n; i++)
        seed.b[i] = (uint8_t)a.custom.p[i];
    a.custom = none;
    sent(fx, &a);
    for (int i = 0; i < 8; i++) { /* a right sent code leaves no failure at the app's factor */
        assert_int_equal(checked(fx, &a, NULL), CHECK_RIGHT);
        fx->cx.now_ms += 4 * MINUTE_MS;
        sent(fx, &a);
    }
    a.code = fixture_code(fx, &seed, 0);
    assert_int_equal(checked(fx, &a, NULL), CHECK_RIGHT);
    assert_true(a.check.factor_id && !a.check.verification_id);
    assert_int_equal(checked(fx, &a, NULL), CHECK_USED);
    secret_deinit(&seed);
}

static void in_test_mode_zeros_are_right_and_nothing_is_sent(void **state)
{
    struct fixture *fx = *state;
    struct app a = app_new(fx), bare;

    a.code = STR("test_mode"), a.custom = STR("yes");
    assert_int_equal(fixture_run(fx, set, &a), OK);
    a.custom = STR("");
    bare = a;
    assert_int_equal(fixture_run(fx, user, &a), OK);
    assert_int_equal(checked(fx, &a, "0000000"), CHECK_RIGHT);
    assert_int_equal(checked(fx, &a, "1234567"), CHECK_WRONG);
    sent(fx, &bare);
    assert_int_equal(checked(fx, &bare, "000001"), CHECK_WRONG);
    assert_int_equal(checked(fx, &bare, "000000"), CHECK_RIGHT);
    bare.s.id = fx->core.portal_service_id;
    bare.code = STR("test_mode"), bare.custom = STR("yes");
    assert_int_equal(fixture_run(fx, set, &bare), ERR_CONFLICT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_name_their_callers),
        TEST(a_rotated_key_holds_for_its_grace),
        TEST(a_number_is_one_user_of_its_service_attack_70),
        TEST(a_sent_code_works_once),
        TEST(a_user_s_code_is_for_its_action_attack_17),
        TEST(new_codes_and_other_doors_give_no_new_tries_attacks_10_12),
        TEST(five_wrong_codes_end_a_verification),
        TEST(the_sixth_send_is_refused),
        TEST(a_chosen_code_needs_leave),
        TEST(an_app_s_code_and_a_sent_one_are_both_the_user_s),
        TEST(in_test_mode_zeros_are_right_and_nothing_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
