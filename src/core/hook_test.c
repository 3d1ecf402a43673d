/* hook_test.c: failures in a row switch a webhook off; what it missed can be sent again. */
#include "base/unit.h"

#include "core/delivery.h"
#include "core/fixture.h"
#include "core/hook.h"
#include "core/hook_rest.h"
#include "core/item.h"
#include "core/ledger.h"

#define URL "https://app.example.com/hook"

struct scene {
    struct fixture fx;
    struct service s;
    struct item item;
    struct hook hook;
    struct outbox_row row;
    struct courier_exchange x;
    struct courier_result made;
    struct parcel parcel;
    struct ledger_entry *list;
    size_t count;
    int64_t again;
    bool taken, on;
    struct item second;
    bool attempted; /* with: */
    enum outcome outcome;
    enum err result;
    struct str target;
};

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

static enum err make(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct service_keys keys;
    enum err e;

    if ((e = service_create(cx, db, STR("shop"), &keys)) ||
        (e = service_by_name(cx, db, STR("shop"), &sc->s)) ||
        (e = service_set(cx, db, sc->s.id, STR("operator_email"), STR("ops@example.com"))))
        return e;
    sc->item = (struct item){
        .place = {sc->s.account_id, sc->s.id, 0, ITEM_WEBHOOK},
        .data = STR("{\"friendly_name\":\"events\",\"webhook_url\":\"" URL "\"}"),
    };
    return item_add(cx, db, "YW", 5, &sc->item);
}

static enum err look(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e;

    if ((e = hook_by_sid(cx, db, sc->item.sid, &sc->hook)) ||
        (e = ledger_list(cx, db, &(struct ledger_filter){0}, 100, &sc->list, &sc->count)))
        return e;
    return hook_is_on(cx, db, sc->item.id, &sc->on);
}

static enum err call(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->row = (struct outbox_row){
        .service_id = sc->s.id,
        .hook_id = sc->item.id,
        .channel = STR("webhook"),
        .target = STR(URL),
        .template_name = STR("event"),
        .params = STR("{\"uuid\":\"1\"}"),
        .expires_at_ms = cx->now_ms + 3600 * MS_PER_S,
    };
    return outbox_add(cx, db, &sc->row);
}

/* As the courier does it: claims the row, then books what came of it. */
static enum err claim(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->x = (struct courier_exchange){.lane_count = 1};
    sc->x.lanes[0].channel = STR("webhook");
    sc->x.lanes[0].want = 1;
    return delivery_exchange(cx, db, &sc->x);
}

static enum err book(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    const struct courier_result *results[] = {&sc->made};

    sc->parcel = (struct parcel){.id = sc->x.lanes[0].claimed[0].id,
                                 .attempt = sc->x.lanes[0].claimed[0].attempt,
                                 .channel = STR("webhook")};
    sc->made =
        (struct courier_result){.parcel = &sc->parcel,
                                .outcome = sc->taken ? OUTCOME_SENT : OUTCOME_FAILED,
                                .why = sc->taken ? STR("") : STR("app.example.com answered 500")};
    if (sc->attempted) {
        sc->made.outcome = sc->outcome;
        sc->made.judged = true;
        sc->made.next_at_ms = cx->now_ms + HOUR_MS / 2;
    }
    sc->x = (struct courier_exchange){.results = results, .result_count = 1};
    return delivery_exchange(cx, db, &sc->x);
}

static void one_call(struct scene *sc, bool taken)
{
    sc->taken = taken;
    assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, claim, sc), OK);
    assert_int_equal(sc->x.lanes[0].count, 1);
    assert_int_equal(fixture_run(&sc->fx, book, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
}

static enum err enable(struct ctx *cx, struct db *db, void *arg)
{
    return hook_enable(cx, db, &((struct scene *)arg)->hook);
}

static enum err disable(struct ctx *cx, struct db *db, void *arg)
{
    return hook_disable(cx, db, &((struct scene *)arg)->hook);
}

static enum err replay_all(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return hook_replay_all(cx, db, &sc->hook, &sc->count);
}

static enum err replay(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return hook_replay(cx, db, sc->row.id, &sc->again);
}

static enum err target(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->result = hook_target(cx, db, &sc->row, &sc->target);
    return OK;
}

/* How many rows of the outbox are of this channel and state. */
static size_t rows(const struct scene *sc, const char *channel, const char *state)
{
    size_t n = 0;

    for (size_t i = 0; i < sc->count; i++)
        n += str_eq(sc->list[i].channel, str_from(channel)) &&
             str_eq(sc->list[i].state, str_from(state));
    return n;
}

static void failures_in_a_row_switch_it_off_and_the_operator_is_told(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    for (int i = 1; i < HOOK_FAILURES_MAX; i++) {
        one_call(sc, false);
        assert_int_equal(sc->hook.failures, i);
        assert_true(sc->on);
    }
    assert_int_equal(rows(sc, "email", "queued"), 0);
    one_call(sc, false);
    assert_false(sc->on);
    assert_str(sc->hook.why, STR("app.example.com answered 500"));
    assert_int_equal(rows(sc, "email", "queued"), 1);
    assert_int_equal(fixture_run(&sc->fx, target, sc), OK);
    assert_int_equal(sc->result, ERR_EXPIRED);
    one_call(sc, false); /* one that was under way: told once */
    assert_int_equal(rows(sc, "email", "queued"), 1);
}

static void one_that_is_taken_forgets_the_failures(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    for (int i = 1; i < HOOK_FAILURES_MAX; i++)
        one_call(sc, false);
    one_call(sc, true);
    assert_int_equal(sc->hook.failures, 0);
    for (int i = 1; i < HOOK_FAILURES_MAX; i++)
        one_call(sc, false);
    assert_true(sc->on);
}

static void what_it_missed_is_sent_again_once_and_to_where_it_is_now(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    for (int i = 0; i < HOOK_FAILURES_MAX; i++)
        one_call(sc, false);
    assert_int_equal(fixture_run(&sc->fx, replay_all, sc), ERR_CONFLICT); /* it is off */
    assert_int_equal(fixture_run(&sc->fx, replay, sc), ERR_CONFLICT);
    assert_int_equal(fixture_run(&sc->fx, enable, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_true(sc->on);
    assert_int_equal(fixture_run(&sc->fx, replay_all, sc), OK);
    assert_int_equal(sc->count, HOOK_FAILURES_MAX);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_int_equal(rows(sc, "webhook", "queued"), HOOK_FAILURES_MAX);
    assert_int_equal(rows(sc, "webhook", "replayed"), HOOK_FAILURES_MAX);
    assert_int_equal(fixture_run(&sc->fx, replay_all, sc), OK);
    assert_int_equal(sc->count, 0);
    assert_int_equal(fixture_run(&sc->fx, replay, sc), ERR_CONFLICT); /* it was, already */
}

/* ---- rests ---- */

static enum err make_second(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->second = (struct item){
        .place = sc->item.place,
        .data = STR("{\"friendly_name\":\"other\",\"webhook_url\":\"" URL "\"}"),
    };
    return item_add(cx, db, "YW", 5, &sc->second);
}

static enum err call_second(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    sc->row = (struct outbox_row){
        .service_id = sc->s.id,
        .hook_id = sc->second.id,
        .channel = STR("webhook"),
        .target = STR(URL),
        .template_name = STR("event"),
        .params = STR("{}"),
        .expires_at_ms = cx->now_ms + HOUR_MS,
    };
    return outbox_add(cx, db, &sc->row);
}

/* Claims one and says what came of it; 0: nothing is due. */
static int64_t attempt(struct scene *sc, enum outcome outcome)
{
    int64_t id;

    assert_int_equal(fixture_run(&sc->fx, claim, sc), OK);
    if (!sc->x.lanes[0].count)
        return 0;
    id = sc->x.lanes[0].claimed[0].id;
    sc->attempted = true;
    sc->outcome = outcome;
    assert_int_equal(fixture_run(&sc->fx, book, sc), OK);
    return id;
}

static enum err forget(struct ctx *cx, struct db *db, void *arg)
{
    return hook_forget(cx, db, ((struct scene *)arg)->item.id);
}

static void one_that_never_answers_leaves_the_others_their_turn(void **state)
{
    struct scene *sc = *state;
    int64_t second;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, make_second, sc), OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    sc->fx.cx.now_ms += 1;
    assert_int_equal(fixture_run(&sc->fx, call_second, sc), OK);
    second = sc->row.id;
    for (int i = 0; i < 5; i++) /* older ones come first */
        assert_true(attempt(sc, OUTCOME_RETRY) != second);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_int_equal(sc->hook.rest_until_ms, sc->fx.cx.now_ms + 15 * MS_PER_S);
    assert_int_equal(attempt(sc, OUTCOME_SENT), second);
    assert_int_equal(attempt(sc, OUTCOME_RETRY), 0); /* fifteen are due, and wait */

    /* a new one waits with them */
    assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    assert_int_equal(attempt(sc, OUTCOME_RETRY), 0);
    sc->fx.cx.now_ms += 15 * MS_PER_S - 1;
    assert_int_equal(attempt(sc, OUTCOME_RETRY), 0);
    sc->fx.cx.now_ms += 1;
    for (int i = 0; i < 5; i++)
        assert_true(attempt(sc, OUTCOME_RETRY) != 0);
    sc->fx.cx.now_ms += 15 * MS_PER_S; /* twice as long now */
    assert_int_equal(attempt(sc, OUTCOME_RETRY), 0);
    sc->fx.cx.now_ms += 15 * MS_PER_S;
    assert_true(attempt(sc, OUTCOME_SENT) != 0);
    for (int i = 0; i < 4; i++) /* in a row */
        assert_true(attempt(sc, OUTCOME_RETRY) != 0);
    assert_true(attempt(sc, OUTCOME_SENT) != 0);
}

static void a_rest_outlasts_no_call(void **state)
{
    struct scene *sc = *state;
    int64_t expires_ms = sc->fx.cx.now_ms + HOUR_MS;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    for (int i = 0; i < 8; i++)
        assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    sc->fx.cx.now_ms = expires_ms - 20 * MS_PER_S;
    for (int i = 0; i < 5; i++)
        assert_true(attempt(sc, OUTCOME_RETRY) != 0);
    assert_int_equal(attempt(sc, OUTCOME_RETRY), 0);
    sc->fx.cx.now_ms = expires_ms - 15 * MS_PER_S;
    assert_true(attempt(sc, OUTCOME_SENT) != 0);
}

static void whoever_changes_it_ends_its_rest(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
        assert_true(attempt(sc, OUTCOME_RETRY) != 0);
    }
    assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    assert_int_equal(attempt(sc, OUTCOME_SENT), 0);
    assert_int_equal(fixture_run(&sc->fx, forget, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, call, sc), OK);
    assert_int_equal(attempt(sc, OUTCOME_SENT), sc->row.id);
}

static void the_operator_switches_it_off_and_on(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, disable, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_false(sc->on);
    assert_int_equal(fixture_run(&sc->fx, enable, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look, sc), OK);
    assert_true(sc->on);
}

/* ---- callback URLs ---- */

static enum err set_callback(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = service_set(cx, db, sc->s.id, STR("callback_url"), STR(URL));

    return e ? e : hook_by_sid(cx, db, sc->s.sid, &sc->hook);
}

static enum err look_callback(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = service_by_name(cx, db, STR("shop"), &sc->s);

    return e ? e : hook_by_sid(cx, db, sc->s.sid, &sc->hook);
}

static void a_callback_url_that_was_emptied_can_be_enabled(void **state)
{
    struct scene *sc = *state;

    assert_int_equal(fixture_run(&sc->fx, make, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, set_callback, sc), OK);
    assert_str(sc->hook.url, STR(URL));
    assert_int_equal(fixture_run(&sc->fx, disable, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look_callback, sc), OK);
    assert_str(sc->s.callback_url, STR(""));
    assert_int_not_equal(sc->hook.off_at_ms, 0);
    assert_int_equal(fixture_run(&sc->fx, enable, sc), OK);
    assert_int_equal(fixture_run(&sc->fx, look_callback, sc), OK);
    assert_str(sc->s.callback_url, STR(URL));
    assert_int_equal(sc->hook.off_at_ms, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(failures_in_a_row_switch_it_off_and_the_operator_is_told),
        TEST(one_that_is_taken_forgets_the_failures),
        TEST(what_it_missed_is_sent_again_once_and_to_where_it_is_now),
        TEST(one_that_never_answers_leaves_the_others_their_turn),
        TEST(a_rest_outlasts_no_call),
        TEST(whoever_changes_it_ends_its_rest),
        TEST(the_operator_switches_it_off_and_on),
        TEST(a_callback_url_that_was_emptied_can_be_enabled),
    };

    return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
