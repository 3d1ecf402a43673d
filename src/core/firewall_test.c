/* firewall_test.c: each rule stops what it is for, counts only what was let through, and ends. */
#include "base/unit.h"

#include "core/audit.h"
#include "core/firewall.h"
#include "core/fixture.h"
#include "core/service.h"
#include "core/tariff.h"
#include "core/verification.h"

struct scene {
    struct fixture fx;
    struct firewall_rules rules;
    struct service_keys keys;
    struct service app;
    const char *to, *channel, *client;
    const char *prefix; /* of the operator's commands */
    struct verification v;
    struct firewall_day day;
    struct firewall_prefix *list;
    size_t list_count;
    int64_t outbox_id;
    int64_t amount;
    const char *setting;
};

/* ---- jobs ---- */

static enum err make_app(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = service_create(cx, db, STR("shop"), &sc->keys);

    return e ? e : service_by_name(cx, db, STR("shop"), &sc->app);
}

static enum err start(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return verification_start(cx, db,
                              &(struct verification_in){
                                  .service_id = sc->app.id,
                                  .channel = str_from(sc->channel),
                                  .target = str_from(sc->to),
                                  .action = STR(""),
                                  .client = str_from(sc->client),
                              },
                              &sc->v);
}

static enum err prove(struct ctx *cx, struct db *db, void *arg)
{
    static const struct origin nowhere = {
        {NULL, 0},
        {NULL, 0}
    };

    return verification_end(cx, db, &((struct scene *)arg)->v, true, &nowhere);
}

static enum err today(struct ctx *cx, struct db *db, void *arg)
{
    return firewall_today(cx, db, &((struct scene *)arg)->day);
}

static enum err list(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return firewall_list(cx, db, &sc->list, &sc->list_count);
}

static enum err pause_prefix(struct ctx *cx, struct db *db, void *arg)
{
    return firewall_pause(cx, db, str_from(((struct scene *)arg)->prefix));
}

static enum err allow_prefix(struct ctx *cx, struct db *db, void *arg)
{
    return firewall_allow(cx, db, str_from(((struct scene *)arg)->prefix));
}

static enum err resume_prefix(struct ctx *cx, struct db *db, void *arg)
{
    return firewall_resume(cx, db, str_from(((struct scene *)arg)->prefix));
}

static enum err extend(struct ctx *cx, struct db *db, void *arg)
{
    return firewall_extend(cx, db, ((struct scene *)arg)->amount);
}

static enum err set_countries(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return service_set(cx, db, sc->app.id, STR("countries"), str_from(sc->setting));
}

static enum err newest(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct outbox_message *m;
    size_t count;
    enum err e = outbox_list(cx, db, str_from(sc->to), 1, &m, &count);

    sc->outbox_id = count ? m->id : 0;
    return e;
}

static enum err claim_sms(struct ctx *cx, struct db *db)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(
        cx, db, Q_OUTBOX_CLAIM,
        DB_ARGS(db_int(cx->now_ms + HOUR_MS), db_text(STR("sms")), db_int(cx->now_ms), db_int(100)),
        &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more)
        ;
    return e;
}

static enum err fail_newest(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = claim_sms(cx, db);

    if (e)
        return e;
    e = db_exec(cx, db, Q_OUTBOX_OVER,
                DB_ARGS(db_text(STR("failed")), db_text(STR("because")), db_int(cx->now_ms),
                        db_int(0), db_int(sc->outbox_id), db_int(1)),
                NULL);
    return e ? e : firewall_unsent(cx, db, sc->outbox_id);
}

static enum err price_newest(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return firewall_priced(cx, db, sc->outbox_id, sc->amount);
}

/* ---- words for the tests ---- */

#define RUN(sc, fn) fixture_run(&(sc)->fx, fn, sc)

static enum err send(struct scene *sc, const char *to)
{
    sc->fx.cx.rule = NULL;
    sc->to = to;
    return RUN(sc, start);
}

static void assert_sent(struct scene *sc, const char *to)
{
    enum err e = send(sc, to);

    if (e)
        fail_msg("to %s: %s: %s", to, err_name(e), sc->fx.cx.why);
}

static void assert_blocked(struct scene *sc, const char *to, const char *rule)
{
    enum err e = send(sc, to);

    if (e != ERR_BLOCKED || sc->fx.cx.rule != rule)
        fail_msg("to %s: %s by %s, wanted %s: %s", to, err_name(e),
                 sc->fx.cx.rule ? sc->fx.cx.rule : "nothing", rule, sc->fx.cx.why);
}

/* "+37255500000" and on. */
static const char *numbered(struct scene *sc, const char *head, unsigned n)
{
    return arena_printf(sc->fx.mem, "%s%04u", head, n).p;
}

static int64_t spent(struct scene *sc)
{
    assert_int_equal(RUN(sc, today), OK);
    return sc->day.spent;
}

static int setup(void **state)
{
    struct scene *sc = test_calloc(1, sizeof(*sc));

    fixture_open(&sc->fx);
    sc->channel = "sms";
    sc->client = "";
    sc->rules = (struct firewall_rules){
        .countries = STR("all"),
        .prices = STR("0.10, US 0.01, voice 0.30"),
        .operator_email = STR("ops@example.org"),
    };
    sc->fx.core.firewall = &sc->rules;
    assert_int_equal(RUN(sc, make_app), OK);
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

/* ---- tests ---- */

static void kinds_that_cost_extra_are_refused(void **state)
{
    static const char *const numbers[] = {"+19005550142", "+491805123456", "+8821234567890"};
    struct scene *sc = *state;

    EACH_ROW (to, numbers)
        assert_int_equal(send(sc, *to), ERR_INVALID); /* by the rules of codes, before */
    assert_int_equal(spent(sc), 0);
}

static void countries_are_the_services_or_the_operators(void **state)
{
    struct scene *sc = *state;

    sc->rules.countries = STR("DE AT");
    assert_sent(sc, "+4915112345678");
    assert_blocked(sc, "+14155550142", FIREWALL_COUNTRY);
    sc->setting = "US";
    assert_int_equal(RUN(sc, set_countries), OK);
    assert_sent(sc, "+14155550142");
    assert_blocked(sc, "+4915112345679", FIREWALL_COUNTRY);
    sc->setting = "USA";
    assert_int_equal(RUN(sc, set_countries), ERR_INVALID);
}

static void numbers_whose_codes_never_come_back_are_paused(void **state)
{
    struct scene *sc = *state;

    for (unsigned i = 0; i < 30; i++)
        assert_sent(sc, numbered(sc, "+3725550", i));
    assert_blocked(sc, "+37255500030", FIREWALL_PAUSED);
    assert_int_equal(sc->fx.cx.retry_after_s, 3600);
    assert_sent(sc, "+37255600000"); /* its neighbour is not */
    sc->to = "ops@example.org";
    assert_int_equal(RUN(sc, newest), OK);
    assert_true(sc->outbox_id > 0); /* the operator was told */

    sc->fx.cx.now_ms += HOUR_MS;
    assert_sent(sc, "+37255500030"); /* afresh */
    for (unsigned i = 31; i < 60; i++)
        assert_sent(sc, numbered(sc, "+3725550", i));
    assert_blocked(sc, "+37255500060", FIREWALL_PAUSED);
    assert_int_equal(sc->fx.cx.retry_after_s, 7200);
}

static void a_wide_attack_ends_at_the_range(void **state)
{
    struct scene *sc = *state;
    unsigned sent = 0;

    for (unsigned block = 0; block < 10; block++) {
        for (unsigned i = 0; i < 20; i++)
            sent += send(sc, numbered(sc, arena_printf(sc->fx.mem, "+372555%u", block).p, i)) == OK;
    }
    assert_int_equal(sent, 100);
}

static void codes_that_come_back_are_in_nobodys_way(void **state)
{
    struct scene *sc = *state;

    for (unsigned i = 0; i < 300; i++) { /* a company at nine: one in ten never enters it */
        assert_sent(sc, numbered(sc, "+49301234", i));
        if (i % 10)
            assert_int_equal(RUN(sc, prove), OK);
    }
    assert_int_equal(RUN(sc, list), OK);
    assert_true(sc->list_count >= 2);
    for (size_t i = 0; i < sc->list_count; i++) {
        assert_int_equal(sc->list[i].sent, 300);
        assert_int_equal(sc->list[i].proved, 270);
        assert_int_equal(sc->list[i].paused_until_ms, 0);
    }
}

static void too_many_in_an_hour_are_refused_even_if_they_come_back(void **state)
{
    struct scene *sc = *state;

    sc->rules.prefix = (struct limit_rule){"phone.prefix", 5, 3600};
    for (unsigned i = 0; i < 5; i++) {
        assert_sent(sc, numbered(sc, "+3725550", i));
        assert_int_equal(RUN(sc, prove), OK);
    }
    assert_blocked(sc, "+37255500005", FIREWALL_PREFIX);
    assert_int_equal(sc->fx.cx.retry_after_s, 3600);
    sc->fx.cx.now_ms += HOUR_MS;
    assert_sent(sc, "+37255500005");
}

static void clients_and_their_networks_have_budgets(void **state)
{
    struct scene *sc = *state;

    sc->rules.address = (struct limit_rule){"phone.address", 2, 3600};
    sc->rules.network = (struct limit_rule){"phone.network", 3, 3600};
    sc->client = "203.0.113.7";
    assert_sent(sc, "+37255500001");
    assert_sent(sc, "+37255600001");
    assert_blocked(sc, "+37255700001", FIREWALL_ADDRESS);
    assert_true(sc->fx.cx.retry_after_s > 3500);
    sc->client = "203.0.113.8";
    assert_sent(sc, "+37255700001");
    sc->client = "203.0.113.9";
    assert_blocked(sc, "+37255800001", FIREWALL_ADDRESS);
    sc->client = "203.0.114.9";
    assert_sent(sc, "+37255800001");
    sc->client = "2001:db8:7:1::1";
    assert_sent(sc, "+37255800002");
    sc->client = "2001:db8:7:2::1";
    assert_sent(sc, "+37255800003");
    sc->client = "2001:db8:7:3::1";
    assert_sent(sc, "+37255800004");
    sc->client = "2001:db8:7:4::1";
    assert_blocked(sc, "+37255800005", FIREWALL_ADDRESS);
    sc->client = ""; /* an application that does not say for whom */
    assert_sent(sc, "+37255800006");
}

static void the_days_money_fails_closed(void **state)
{
    struct scene *sc = *state;

    sc->rules.capped = true;
    sc->rules.daily_spend = 100 * MONEY_UNIT / 100; /* 1.00: ten messages */
    for (unsigned i = 0; i < 6; i++)
        assert_sent(sc, numbered(sc, "+3725550", i));
    assert_int_equal(spent(sc), 600000);
    assert_int_equal(sc->day.told, 50);
    /* a text of unknown length is asked for with four parts' money left */
    assert_sent(sc, "+37255500006");
    assert_blocked(sc, "+37255500007", FIREWALL_SPEND);
    assert_sent(sc, "+14155550142"); /* cheaper */
    sc->channel = "voice";
    assert_blocked(sc, "+37255500007", FIREWALL_SPEND);
    sc->channel = "sms";
    sc->amount = MONEY_UNIT;
    assert_int_equal(RUN(sc, extend), OK);
    assert_sent(sc, "+37255500007");
    assert_int_equal(spent(sc), 810000);
    assert_int_equal(sc->day.cap, 2 * MONEY_UNIT);
    sc->fx.cx.now_ms += DAY_MS;
    assert_int_equal(spent(sc), 0);
    assert_int_equal(sc->day.cap, MONEY_UNIT);
    assert_sent(sc, "+37255500008");
    sc->rules.capped = false;
    assert_int_equal(RUN(sc, extend), ERR_CONFLICT);
}

static void no_money_at_all_is_a_cap_too(void **state)
{
    struct scene *sc = *state;

    sc->rules.capped = true;
    assert_blocked(sc, "+37255500001", FIREWALL_SPEND);
    sc->channel = "email"; /* costs nothing */
    assert_sent(sc, "ann@example.org");
}

static void what_was_not_sent_costs_nothing(void **state)
{
    struct scene *sc = *state;

    assert_sent(sc, "+37255500001");
    assert_int_equal(RUN(sc, newest), OK);
    assert_int_equal(spent(sc), 100000);
    assert_int_equal(RUN(sc, fail_newest), OK);
    assert_int_equal(spent(sc), 0);
    assert_int_equal(sc->day.messages, 0);
    assert_int_equal(RUN(sc, list), OK);
    assert_int_equal(sc->list[0].sent, 0);
    assert_sent(sc, "+37255500002");
    assert_int_equal(RUN(sc, newest), OK);
    sc->amount = 250000; /* the carrier says what it costs */
    assert_int_equal(RUN(sc, price_newest), OK);
    assert_int_equal(spent(sc), 250000);
    assert_int_equal(RUN(sc, price_newest), OK);
    assert_int_equal(spent(sc), 250000);
}

static void the_operator_has_the_last_word(void **state)
{
    struct scene *sc = *state;

    sc->prefix = "+372";
    assert_int_equal(RUN(sc, pause_prefix), OK);
    assert_blocked(sc, "+37255500001", FIREWALL_PAUSED);
    assert_int_equal(sc->fx.cx.retry_after_s, 0);
    sc->prefix = "+3725550"; /* the longer word counts */
    assert_int_equal(RUN(sc, allow_prefix), OK);
    for (unsigned i = 0; i < 50; i++)
        assert_sent(sc, numbered(sc, "+3725550", i));
    assert_blocked(sc, "+37255600001", FIREWALL_PAUSED);
    sc->prefix = "+372";
    assert_int_equal(RUN(sc, resume_prefix), OK);
    assert_int_equal(RUN(sc, resume_prefix), ERR_NOT_FOUND);
    assert_sent(sc, "+37255600001");

    for (unsigned i = 0; i < 30; i++)
        assert_sent(sc, numbered(sc, "+4477009", i + 10));
    assert_blocked(sc, "+44770090099", FIREWALL_PAUSED);
    sc->prefix = "+4477009";
    assert_int_equal(RUN(sc, resume_prefix), OK);
    assert_sent(sc, "+44770090099");
    sc->prefix = "372";
    assert_int_equal(RUN(sc, pause_prefix), ERR_INVALID);
}

static void without_rules_nothing_is_counted(void **state)
{
    struct scene *sc = *state;

    sc->fx.core.firewall = NULL;
    for (unsigned i = 0; i < 40; i++)
        assert_sent(sc, numbered(sc, "+3725550", i));
    assert_int_equal(spent(sc), 0);
    assert_int_equal(RUN(sc, list), OK);
    assert_int_equal(sc->list_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(kinds_that_cost_extra_are_refused),
        TEST(countries_are_the_services_or_the_operators),
        TEST(numbers_whose_codes_never_come_back_are_paused),
        TEST(a_wide_attack_ends_at_the_range),
        TEST(codes_that_come_back_are_in_nobodys_way),
        TEST(too_many_in_an_hour_are_refused_even_if_they_come_back),
        TEST(clients_and_their_networks_have_budgets),
        TEST(the_days_money_fails_closed),
        TEST(no_money_at_all_is_a_cap_too),
        TEST(what_was_not_sent_costs_nothing),
        TEST(the_operator_has_the_last_word),
        TEST(without_rules_nothing_is_counted),
#undef TEST
    };

    return cmocka_run_group_tests_name("core_firewall", tests, NULL, NULL);
}
