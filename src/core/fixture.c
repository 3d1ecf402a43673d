/* fixture.c: see fixture.h. Linked into core's unit tests only. */
#include "core/fixture.h"
#include "base/unit.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/session.h"
#include "crypto/pwhash.h"
#include "crypto/totp.h"

#include <ftw.h>
#include <unistd.h>

static const struct origin here = {
    {"203.0.113.7",       11},
    {"Firefox/140 Linux", 17}
};

void fixture_open(struct fixture *fx)
{
    struct store_conf conf;
    bool first;

    *fx = (struct fixture){.dir = "/tmp/countersign-core-XXXXXX"};
    assert_non_null(mkdtemp(fx->dir));
    fx->mem = arena_new();
    ctx_init(&fx->cx, fx->mem);
    fx->cx.now_ms = 1800000000000; /* a round instant, so that steps are predictable */
    assert_int_equal(vault_load(&fx->cx, arena_printf(fx->mem, "%s/master.key", fx->dir),
                                VAULT_CREATE, &fx->vault),
                     OK);
    fx->core = (struct core){
        .vault = fx->vault,
        .public_url = STR("https://id.example.org"),
        .public_host = STR("id.example.org"),
        .product_name = STR("Countersign"),
        .push_hosts = STR(""),
        .session_lifetime_ms = DAY_MS,
        .session_idle_ms = HOUR_MS,
        .remember_lifetime_ms = 30 * DAY_MS,
    };
    conf = (struct store_conf){
        .data_dir = str_from(fx->dir),
        .queue_max = 10000,
        .batch_max = 256,
        .env = &fx->core,
    };
    assert_int_equal(store_open(&fx->cx, &conf, &fx->store), OK);
    assert_int_equal(core_open(&fx->cx, fx->store, &fx->core, &first), OK);
    assert_true(first);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void fixture_close(struct fixture *fx)
{
    store_close(&fx->store);
    core_deinit(&fx->core);
    vault_free(&fx->vault);
    arena_free(&fx->mem);
    nftw(fx->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int fixture_set_up(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));

    assert_non_null(fx);
    fixture_open(fx);
    *state = fx;
    return 0;
}

int fixture_tear_down(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

enum err fixture_run(struct fixture *fx, enum err (*fn)(struct ctx *, struct db *, void *),
                     void *arg)
{
    return store_run(&fx->cx, fx->store, fn, arg);
}

struct joining {
    struct signup_in in;
    struct str link_token;
    struct fixture_person *out;
};

/* The token out of the newest mail's link. */
static enum err newest_token(struct ctx *cx, struct db *db, struct str to, struct str *out)
{
    struct outbox_message *list;
    size_t count;
    enum err e = outbox_list(cx, db, to, 1, &list, &count);

    if (e)
        return e;
    if (count == 0 || list[0].link.n < 43)
        return fail(cx, ERR_NOT_FOUND, "no mail with a link");
    *out = str_sub(list[0].link, list[0].link.n - 43, 43);
    return OK;
}

static enum err join(struct ctx *cx, struct db *db, void *arg)
{
    struct joining *j = arg;
    struct session s;
    enum err e;

    if ((e = signup_start(cx, db, &j->in, &here)) ||
        (e = newest_token(cx, db, j->in.email, &j->link_token)) ||
        (e = signup_confirm(cx, db, j->link_token, STR(""), &here, &j->out->id)) ||
        (e = session_open(
             cx, db,
             &(struct session_request){.person_id = j->out->id, .amr = AMR_PWD, .from = here},
             &j->out->session_token)) ||
        (e = session_by_token(cx, db, j->out->session_token, &s)))
        return e;
    j->out->identity_id = s.identity_id;
    j->out->session_id = s.id;
    return OK;
}

void fixture_person(struct fixture *fx, const char *username, struct fixture_person *out)
{
    struct joining j = {
        .in =
            {
                 .name = STR("Test Person"),
                 .username = str_from(username),
                 .email = arena_printf(fx->mem, "%s@example.com", username),
                 .phone = STR("+14155550142"),
                 .country_code = STR("1"),
                 .password_long = true,
                 },
        .out = out,
    };

    assert_int_equal(pwhash_make(&fx->cx, STR("correct horse battery"), &j.in.password_hash), OK);
    out->email = j.in.email;
    assert_int_equal(fixture_run(fx, join, &j), OK);
}

struct enrolling {
    const struct fixture_person *p;
    struct fixture *fx;
    struct secret *secret;
    struct factor f;
    struct check_out check;
};

static enum err enrol(struct ctx *cx, struct db *db, void *arg)
{
    struct enrolling *x = arg;
    enum err e;

    if ((e = totp_start(cx, db, x->p->identity_id, x->p->session_id, &x->f)) ||
        (e = totp_secret(cx, db, &x->f, x->secret)) ||
        (e = factor_check(
             cx, db,
             &(struct check_in){.factor_id = x->f.id, .code = fixture_code(x->fx, x->secret, -1)},
             &x->check)))
        return e;
    return x->check.outcome == CHECK_RIGHT ? factor_activate(cx, db, &x->f, &here)
                                           : fail(cx, ERR_DENIED, "the code was refused");
}

void fixture_totp(struct fixture *fx, const struct fixture_person *p, struct secret *out,
                  int64_t *out_factor_id)
{
    struct enrolling x = {.p = p, .fx = fx, .secret = out};

    assert_int_equal(fixture_run(fx, enrol, &x), OK);
    *out_factor_id = x.f.id;
}

struct str fixture_code(struct fixture *fx, const struct secret *s, int steps)
{
    static const struct totp_params p = {.step_s = 30, .digits = 6, .alg = HMAC_SHA1};
    char code[TOTP_DIGITS_MAX + 1];

    totp_code(&p, secret_bytes(s), fx->cx.now_ms / MS_PER_S + steps * 30, code);
    return arena_str(fx->mem, str_from(code));
}
