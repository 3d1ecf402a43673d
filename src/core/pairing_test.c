/* pairing_test.c: who may add a device to whom, and how often. Numbers: attack list. */
#include "base/unit.h"
#include "core/device.h"
#include "core/fixture.h"
#include "core/identity.h"
#include "core/people.h"
#include "core/service.h"

static const struct origin here = {
    {"203.0.113.7",       11},
    {"Firefox/140 Linux", 17}
};

struct scene {
    struct fixture fx;
    struct fixture_person p;
    struct session s;
    struct identity user; /* of an application */
    int64_t link_id;
    struct str url, once;
    struct device d;
    struct pair_link pending;
    enum pairing_state state;
};

static enum err start(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    enum err e = session_by_token(cx, db, sc->p.session_token, &sc->s);

    return e ? e : device_pair_start(cx, db, &sc->s, &here, &sc->link_id, &sc->url);
}

static enum err invite(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return device_pair_invite(cx, db, sc->user.id, sc->once, PAIR_LINK_LIFE_S, &sc->link_id,
                              &sc->url);
}

static enum err pair(struct ctx *cx, struct db *db, void *arg)
{
    static const uint8_t key[DEVICE_KEY_LEN] = {4};
    struct scene *sc = arg;

    return device_pair(cx, db,
                       &(struct device_new){.token = str_sub(sc->url, sc->url.n - 43, 43),
                                            .name = STR("Pixel 9"),
                                            .platform = STR("Chrome on Android"),
                                            .public_key = BYTES_OF(key)},
                       &here, &sc->d);
}

static enum err remove_device(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return factor_off(cx, db, sc->d.factor_id, "person", &here);
}

static enum err link_state(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return device_pairing(cx, db, sc->link_id, &sc->state);
}

static enum err pending(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return device_pair_pending(cx, db, &sc->s, &sc->pending);
}

static void scene_open(struct scene *sc)
{
    *sc = (struct scene){0};
    fixture_open(&sc->fx);
    fixture_person(&sc->fx, "ann", &sc->p);
}

#define RUN(sc, fn) fixture_run(&(sc)->fx, fn, sc)

/* ---- the session that started it ---- */

static enum err sign_out(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;

    return session_end(cx, db, sc->p.id, sc->s.id, "sign_out");
}

static enum err disable(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct identity i;
    enum err e = identity_by_id(cx, db, core_of(db)->portal_service_id, sc->p.identity_id, &i);

    return e ? e : identity_set_disabled(cx, db, &i, true, &here);
}

static void signs_out(struct scene *sc)
{
    assert_int_equal(RUN(sc, sign_out), OK);
}

static void is_disabled(struct scene *sc)
{
    assert_int_equal(RUN(sc, disable), OK);
}

static enum err demand(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return service_set(cx, db, core_of(db)->portal_service_id, STR("policy"), STR("required"));
}

static void must_prove_more(struct scene *sc)
{
    assert_int_equal(RUN(sc, demand), OK);
}

static enum err set_password(struct ctx *cx, struct db *db, void *arg)
{
    const struct scene *sc = arg;

    return person_set_password(cx, db, sc->p.id, STR("$argon2id$"), true, sc->s.id,
                               "password_changed", &here);
}

/* In that very session, which goes on: a copy of its cookie may have begun the pairing. */
static void has_a_new_password(struct scene *sc)
{
    assert_int_equal(RUN(sc, set_password), OK);
}

static void is_idle(struct scene *sc)
{
    sc->fx.core.session_idle_ms = MINUTE_MS;
    sc->fx.cx.now_ms += MINUTE_MS + 1;
}

static void reaches_its_end(struct scene *sc)
{
    sc->fx.cx.now_ms = sc->s.expires_at_ms;
}

static void nothing(struct scene *sc)
{
    (void)sc;
}

static void a_session_that_is_good_no_more_pairs_nothing_attack_21(void **state)
{
    static const struct {
        const char *name;
        void (*happens)(struct scene *);
        enum err want;
    } rows[] = {
        {"nothing",        nothing,            OK         },
        {"ended",          signs_out,          ERR_EXPIRED},
        {"disabled",       is_disabled,        ERR_EXPIRED},
        {"level too low",  must_prove_more,    ERR_EXPIRED},
        {"new password",   has_a_new_password, ERR_EXPIRED},
        {"idle",           is_idle,            ERR_EXPIRED},
        {"lifetime is up", reaches_its_end,    ERR_EXPIRED},
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct scene sc = {0};

        fixture_open(&sc.fx);
        sc.fx.core.session_lifetime_ms = 5 * MINUTE_MS; /* less than a link lives */
        fixture_person(&sc.fx, "ann", &sc.p);
        assert_int_equal(RUN(&sc, start), OK);
        row->happens(&sc);
        assert_row(row, RUN(&sc, pair) == row->want);
        fixture_close(&sc.fx);
    }
}

/* ---- several links ---- */

static enum err join(struct ctx *cx, struct db *db, void *arg)
{
    struct scene *sc = arg;
    struct service_keys keys;
    struct service s;
    bool is_new;
    enum err e;

    if ((e = service_create(cx, db, STR("shop"), &keys)) ||
        (e = service_by_name(cx, db, STR("shop"), &s)))
        return e;
    return identity_user(cx, db, s.id, STR("1"), STR("+14155550143"), STR("bob@example.com"),
                         &sc->user, &is_new);
}

static void a_newer_link_ends_the_older_one(void **state)
{
    struct scene sc;
    int64_t first;

    (void)state;
    scene_open(&sc);
    assert_int_equal(RUN(&sc, start), OK);
    first = sc.link_id;
    assert_int_equal(RUN(&sc, link_state), OK);
    assert_int_equal(sc.state, PAIRING_OPEN);
    assert_int_equal(RUN(&sc, start), OK);
    sc.link_id = first;
    assert_int_equal(RUN(&sc, link_state), OK);
    assert_int_equal(sc.state, PAIRING_ENDED); /* not "paired" */
    fixture_close(&sc.fx);
}

static void one_pairing_ends_the_identitys_other_links(void **state)
{
    struct scene sc;
    struct str first;
    int64_t first_id, second_id;

    (void)state;
    scene_open(&sc);
    assert_int_equal(RUN(&sc, join), OK);
    sc.once = STR("");
    assert_int_equal(RUN(&sc, invite), OK);
    first = sc.url;
    first_id = sc.link_id;
    assert_int_equal(RUN(&sc, invite), OK);
    second_id = sc.link_id;
    assert_int_not_equal(first_id, second_id);
    assert_int_equal(RUN(&sc, pair), OK);
    sc.url = first;
    assert_int_equal(RUN(&sc, pair), ERR_EXPIRED);
    sc.link_id = first_id;
    assert_int_equal(RUN(&sc, link_state), OK);
    assert_int_equal(sc.state, PAIRING_ENDED);
    sc.link_id = second_id;
    assert_int_equal(RUN(&sc, link_state), OK);
    assert_int_equal(sc.state, PAIRING_DONE);
    fixture_close(&sc.fx);
}

static void what_an_application_handed_out_pairs_once(void **state)
{
    struct scene sc;
    int64_t first;

    (void)state;
    scene_open(&sc);
    assert_int_equal(RUN(&sc, join), OK);
    sc.once = STR("digest of a token");
    assert_int_equal(RUN(&sc, invite), OK);
    first = sc.link_id;
    assert_int_equal(RUN(&sc, invite), OK);
    assert_int_equal(sc.link_id, first); /* opened twice: one link */
    sc.fx.cx.now_ms += 10 * MINUTE_MS;
    assert_int_equal(RUN(&sc, invite), OK); /* too old by now: another one for the same token */
    assert_int_not_equal(sc.link_id, first);
    assert_int_equal(RUN(&sc, pair), OK);
    assert_int_equal(RUN(&sc, remove_device), OK);
    assert_int_equal(RUN(&sc, invite), ERR_EXPIRED);
    sc.once = STR("digest of another");
    assert_int_equal(RUN(&sc, invite), OK);
    fixture_close(&sc.fx);
}

static void the_page_hears_which_device_was_paired(void **state)
{
    struct scene sc;

    (void)state;
    scene_open(&sc);
    assert_int_equal(RUN(&sc, start), OK);
    assert_int_equal(RUN(&sc, pending), OK);
    assert_int_equal(sc.pending.state, PAIRING_OPEN);
    assert_true(sc.pending.mine);
    assert_str(sc.pending.url, sc.url);
    assert_int_equal(RUN(&sc, pair), OK);
    sc.s.id++; /* renewed: another session of the person */
    assert_int_equal(RUN(&sc, pending), OK);
    assert_int_equal(sc.pending.state, PAIRING_DONE);
    assert_false(sc.pending.mine);
    assert_int_equal(sc.pending.factor_id, sc.d.factor_id);
    fixture_close(&sc.fx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_that_is_good_no_more_pairs_nothing_attack_21),
        cmocka_unit_test(a_newer_link_ends_the_older_one),
        cmocka_unit_test(one_pairing_ends_the_identitys_other_links),
        cmocka_unit_test(what_an_application_handed_out_pairs_once),
        cmocka_unit_test(the_page_hears_which_device_was_paired),
    };

    return cmocka_run_group_tests_name("core/pairing", tests, NULL, NULL);
}
