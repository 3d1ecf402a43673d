/*
 * check.c: the one function that checks a code.
 *
 * Order, which the attacks in brackets taught: count the attempt and keep the count [7, 8, 10],
 * then compare [22], then consume by one conditional UPDATE [2, 5, 6], then clear the count. A
 * failure count belongs to the factor and to the person, whichever door was used [9-12].
 */
#include "core/attempt.h"
#include "core/audit.h"
#include "core/factor.h"
#include "core/outbox.h"
#include "core/remote.h"
#include "core/rows.h"
#include "core/verification.h"
#include "crypto/totp.h"

enum { CODE_TYPED_MAX = 32 };

static const int64_t pause_first_ms = MINUTE_MS, pause_longest_ms = HOUR_MS;

struct typed { /* a code without the spaces and dashes that people put in */
    char p[CODE_TYPED_MAX];
    size_t n;
};

static struct typed code_typed(struct str in)
{
    struct typed t = {.n = 0};

    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == ' ' || in.p[i] == '-')
            continue;
        if (t.n == sizeof(t.p))
            return (struct typed){.n = 0}; /* overlong: matches nothing */
        t.p[t.n++] = in.p[i];
    }
    return t;
}

static void refuse(struct ctx *cx, struct check_out *out, enum check_outcome outcome,
                   int64_t until_ms)
{
    out->outcome = outcome;
    out->tries_left = 0;
    out->retry_after_s =
        until_ms > cx->now_ms ? (until_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S : 0;
}

/* What a code may belong to: a factor, a sent code, or both. The attempt is counted at its guard:
 * the factor, or for codes that applications send the number or address. */
struct candidate {
    struct factor f;       /* id 0: none */
    struct verification v; /* id 0: not a sent code */
    int64_t target_id;     /* the guard when there is no factor */
    int64_t fail_count;    /* of the guard, with this attempt */
    int64_t checks;        /* of v, with this one */
    bool go;               /* counted, and may be compared */
};

enum { CANDIDATES_MAX = 32 }; /* each paired device may show a code of its own */

struct candidates {
    struct candidate item[CANDIDATES_MAX];
    size_t n;
};

/* Counts the attempt at the factor. c->go stays false when it is refused, see *out. */
static enum err reserve_factor(struct ctx *cx, struct db *db, struct candidate *c,
                               struct check_out *out)
{
    struct db_rows r = {0};
    int64_t id = c->f.id;
    enum err e = db_one(cx, db, Q_FACTOR_RESERVE,
                        DB_ARGS(db_int(id), db_int(cx->now_ms), db_int(FACTOR_FAILURES_MAX)), &r);

    if (e == OK)
        e = factor_row(cx, &r, &c->f);
    db_rows_end(&r);
    if (e == ERR_NOT_FOUND) {
        if ((e = factor_by_id(cx, db, id, &c->f)))
            return e;
        refuse(cx, out,
               c->f.status == FACTOR_OFF || c->f.fail_count >= FACTOR_FAILURES_MAX ? CHECK_OFF
                                                                                   : CHECK_PAUSED,
               c->f.locked_until_ms);
        return OK;
    }
    c->fail_count = c->f.fail_count;
    c->go = e == OK;
    return e;
}

static enum err reserve_target(struct ctx *cx, struct db *db, struct candidate *c,
                               struct check_out *out)
{
    struct db_value key[] = {db_int(c->v.service_id), db_text(c->v.target)};
    struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_TARGET_RESERVE, DB_ARGS(db_int(cx->now_ms), key[0], key[1]), &r);

    if (e == OK) {
        c->target_id = db_col_int(&r, 0);
        c->fail_count = db_col_int(&r, 1);
        c->go = true;
    }
    db_rows_end(&r);
    if (e != ERR_NOT_FOUND)
        return e;
    if ((e = db_one(cx, db, Q_TARGET_GET, key, COUNT_OF(key), &r)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_INTERNAL, "a sent code without its target") : e;
    refuse(cx, out, CHECK_PAUSED, db_col_int(&r, 2));
    db_rows_end(&r);
    return OK;
}

/* The person's count, over all factors but the recovery codes: those are for whoever has none of
 * the others left, and have a hundred failures of their own (attack 13). */
static enum err reserve_identity(struct ctx *cx, struct db *db, int64_t identity_id,
                                 struct check_out *out, bool *out_go)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e;

    *out_go = true;
    if (!identity_id)
        return OK;
    e = db_one(cx, db, Q_IDENTITY_RESERVE,
               DB_ARGS(db_int(identity_id), db_int(FACTOR_FAILURES_MAX)), &r);
    if (e != ERR_NOT_FOUND)
        return e;
    *out_go = false;
    refuse(cx, out, CHECK_OFF, 0);
    return OK;
}

/* *out_right; CHECK_USED in out->outcome when the code was right but spent. */
static enum err totp_compare(struct ctx *cx, struct db *db, const struct factor *f, struct str code,
                             struct check_out *out, bool *out_right)
{
    struct totp_params params = {.step_s = f->period_s, .digits = f->digits, .alg = HMAC_SHA1};
    OWN(secret_deinit) struct secret seed = {0};
    struct contact c;
    int64_t step;
    enum err e;

    if (str_eq(f->alg, STR("SHA256")))
        params.alg = HMAC_SHA256;
    else if (str_eq(f->alg, STR("SHA512")))
        params.alg = HMAC_SHA512;
    if (!totp_params_valid(&params))
        return fail(cx, ERR_INTERNAL, "factor %lld has impossible parameters", (long long)f->id);
    if ((e = totp_secret(cx, db, f, &seed)) || (e = factor_contact(cx, db, f->identity_id, &c)))
        return e;
    step = totp_match(&params, secret_bytes(&seed), code, cx->now_ms / MS_PER_S,
                      c.policy == POLICY_STRICT ? 0 : f->skew_steps, -1);
    if (step == TOTP_NO_MATCH)
        return OK;
    e = db_exec_one(cx, db, Q_FACTOR_USE_STEP, DB_ARGS(db_int(step), db_int(f->id)));
    if (e == ERR_CONFLICT) {
        out->outcome = CHECK_USED;
        return OK;
    }
    *out_right = e == OK;
    return e;
}

static enum err recovery_compare(struct ctx *cx, struct db *db, const struct factor *f, int64_t row,
                                 struct check_out *out, bool *out_right)
{
    enum err e;

    if (!row)
        return OK;
    e = db_exec_one(cx, db, Q_RECOVERY_USE,
                    DB_ARGS(db_int(cx->now_ms), db_int(row), db_int(f->id)));
    if (e == ERR_CONFLICT) {
        out->outcome = CHECK_USED;
        return OK;
    }
    *out_right = e == OK;
    return e;
}

static enum err sent_compare(struct ctx *cx, struct db *db, const struct verification *v,
                             struct str code, bool *out_right)
{
    struct str right;
    enum err e;

    if ((e = verification_code(cx, db, v, &right)))
        return e;
    if (!ct_equal_str(code, right))
        return OK;
    e = db_exec_one(cx, db, Q_VERIFICATION_APPROVE, DB_ARGS(db_int(cx->now_ms), db_int(v->id)));
    *out_right = e == OK;
    if (e)
        return e == ERR_CONFLICT ? OK : e;
    return attempt_convert(cx, db, v->id);
}

static int64_t pause_after(int64_t fail_count)
{
    /* the round that this failure belongs to: 1 for the first five */
    int64_t round = (fail_count + FACTOR_FAILURES_PAUSE - 1) / FACTOR_FAILURES_PAUSE;
    int64_t pause_ms = pause_first_ms;

    for (int64_t i = 1; i < round && pause_ms < pause_longest_ms; i++)
        pause_ms *= 2;
    return MIN_OF(pause_ms, pause_longest_ms);
}

static enum err count_failure(struct ctx *cx, struct db *db, const struct candidate *c,
                              struct check_out *out)
{
    static const struct origin nowhere = {0};
    bool too_many = c->fail_count >= FACTOR_FAILURES_MAX;
    int64_t pause_ms = pause_after(c->fail_count);

    if (too_many && c->f.status == FACTOR_ACTIVE && c->f.id) {
        refuse(cx, out, CHECK_OFF, 0);
        return factor_off(cx, db, c->f.id, "failures", &nowhere);
    }
    if (too_many && !c->f.id) /* a number cannot be switched off: its owner may want to sign up */
        pause_ms = DAY_MS;
    out->pause_s = pause_ms / MS_PER_S;
    if (c->fail_count % FACTOR_FAILURES_PAUSE != 0) {
        out->tries_left =
            MIN_OF(out->tries_left, FACTOR_FAILURES_PAUSE - c->fail_count % FACTOR_FAILURES_PAUSE);
        return OK;
    }
    out->tries_left = 0;
    out->retry_after_s = out->pause_s;
    if (c->f.id)
        return db_exec(cx, db, Q_FACTOR_PAUSE,
                       DB_ARGS(db_int(cx->now_ms + pause_ms), db_int(c->f.id)), NULL);
    return db_exec(cx, db, Q_TARGET_PAUSE,
                   DB_ARGS(db_int(cx->now_ms + pause_ms), db_int(c->target_id)), NULL);
}

/* The sent code that a check is about, with the check counted at it too. */
static enum err sent_reserve(struct ctx *cx, struct db *db, struct candidate *c)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e;

    if (!c->v.id || !c->go)
        return OK;
    e = db_one(cx, db, Q_VERIFICATION_RESERVE,
               DB_ARGS(db_int(cx->now_ms), db_int(c->v.id), db_int(VERIFICATION_CHECKS_MAX)), &r);
    if (e == ERR_NOT_FOUND) {
        c->checks = VERIFICATION_CHECKS_MAX + 1;
        return OK;
    }
    if (e == OK)
        c->checks = db_col_int(&r, 0);
    return e;
}

static enum err sent_failed(struct ctx *cx, struct db *db, const struct candidate *c,
                            struct check_out *out)
{
    if (!c->v.id)
        return OK;
    out->tries_left =
        MIN_OF(out->tries_left, MAX_OF(VERIFICATION_CHECKS_MAX - c->checks, (int64_t)0));
    if (c->checks < VERIFICATION_CHECKS_MAX)
        return OK;
    return db_exec(cx, db, Q_VERIFICATION_CLOSE,
                   DB_ARGS(db_text(STR("max_attempts")), db_int(cx->now_ms), db_int(c->v.id)),
                   NULL);
}

/* ---- what a code may belong to ---- */

/* A factor with, if it is a sent one, the code on its way. With no code on its way nothing can be
 * guessed, so nothing is counted: no candidate, and *out says why. */
static enum err add_factor(struct ctx *cx, struct db *db, const struct check_in *in,
                           struct candidates *list, struct check_out *out)
{
    struct candidate *c = &list->item[list->n];
    enum check_outcome may;
    enum err e;

    if ((e = factor_by_id(cx, db, in->factor_id, &c->f)))
        return e;
    if (c->f.kind == FACTOR_REMOTE) { /* one at a time, or guesses would outrun their count */
        if ((e = remote_may_check(cx, db, &c->f, in->login_id, &may)))
            return e;
        if (may != CHECK_WRONG) {
            refuse(cx, out, may, 0);
            return OK;
        }
    }
    if (factor_kind_is_sent(c->f.kind)) {
        e = verification_pending(cx, db, c->f.id, in->login_id, &c->v);
        if (e == ERR_NOT_FOUND) {
            refuse(cx, out, c->f.locked_until_ms > cx->now_ms ? CHECK_PAUSED : CHECK_EXPIRED,
                   c->f.locked_until_ms);
            return OK;
        }
        if (e)
            return e;
    }
    list->n++;
    return OK;
}

static enum err add_verification(struct ctx *cx, struct db *db, int64_t id, struct candidates *list,
                                 struct check_out *out)
{
    struct candidate *c = &list->item[list->n];
    enum err e = verification_by_id(cx, db, id, &c->v);

    if (e)
        return e;
    if (str_eq(c->v.state, STR("max_attempts")) && c->v.expires_at_ms > cx->now_ms)
        refuse(cx, out, CHECK_ENDED, c->v.expires_at_ms);
    else if (!str_eq(c->v.state, STR("pending")) || c->v.expires_at_ms <= cx->now_ms)
        refuse(cx, out, CHECK_EXPIRED, 0);
    else
        list->n++;
    return OK;
}

/* All that a person's code may be: authenticator apps, and the codes sent for this action. */
static enum err add_identity(struct ctx *cx, struct db *db, const struct check_in *in,
                             struct candidates *list, struct check_out *out)
{
    const struct db_value since = db_int(cx->now_ms - DAY_MS);
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_TOTP_OF_IDENTITY, DB_ARGS(db_int(in->identity_id), since), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && list->n < CANDIDATES_MAX) {
        if ((e = factor_row(cx, &r, &list->item[list->n].f)))
            return e;
        list->n++;
    }
    db_rows_end(&r);
    if (e || (e = db_query(
                  cx, db, Q_VERIFICATION_OF_IDENTITY,
                  DB_ARGS(db_int(in->identity_id), db_text(in->action), db_int(cx->now_ms)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && list->n < CANDIDATES_MAX)
        list->item[list->n++].v = verification_row(&r);
    if (e == OK && list->n == 0)
        refuse(cx, out, CHECK_EXPIRED, 0);
    return e;
}

static enum err gather(struct ctx *cx, struct db *db, const struct check_in *in,
                       struct candidates *list, struct check_out *out)
{
    if (in->factor_id)
        return add_factor(cx, db, in, list, out);
    if (in->verification_id)
        return add_verification(cx, db, in->verification_id, list, out);
    return add_identity(cx, db, in, list, out);
}

/* ---- the check ---- */

static enum err reserve_all(struct ctx *cx, struct db *db, int64_t identity_id,
                            struct candidates *list, struct check_out *out, bool *out_go)
{
    bool any = false;
    enum err e;

    for (size_t i = 0; i < list->n; i++) {
        struct candidate *c = &list->item[i];

        e = c->f.id ? reserve_factor(cx, db, c, out) : reserve_target(cx, db, c, out);
        if (e)
            return e;
        any |= c->go;
    }
    *out_go = false;
    if (!any)
        return OK;
    if (list->n == 1 && list->item[0].f.kind == FACTOR_RECOVERY)
        identity_id = 0;
    if ((e = reserve_identity(cx, db, identity_id, out, out_go)) || !*out_go)
        return e;
    for (size_t i = 0; i < list->n; i++) {
        if ((e = sent_reserve(cx, db, &list->item[i])))
            return e;
    }
    out->outcome = CHECK_WRONG;
    return OK;
}

static enum err compare(struct ctx *cx, struct db *db, const struct candidate *c, struct str code,
                        int64_t recovery_row, struct check_out *out, bool *out_right)
{
    if (c->v.id)
        return c->checks > VERIFICATION_CHECKS_MAX ? OK
                                                   : sent_compare(cx, db, &c->v, code, out_right);
    if (c->f.kind == FACTOR_TOTP)
        return totp_compare(cx, db, &c->f, code, out, out_right);
    if (c->f.kind == FACTOR_RECOVERY)
        return recovery_compare(cx, db, &c->f, recovery_row, out, out_right);
    if (c->f.kind == FACTOR_REMOTE) /* no code at all: nothing to ask about */
        return OK;
    return fail(cx, ERR_INVALID, "this factor has no code");
}

/* The guard of the right one is clear again; the others lose what this attempt had counted at them.
 */
static enum err settle(struct ctx *cx, struct db *db, const struct candidates *list,
                       const struct candidate *right)
{
    enum err e = OK;

    for (const struct candidate *c = list->item; !e && c < list->item + list->n; c++) {
        if (!c->go)
            continue;
        if (c == right && c->f.id)
            e = db_exec(cx, db, Q_FACTOR_RIGHT, DB_ARGS(db_int(cx->now_ms), db_int(c->f.id)), NULL);
        else if (c == right)
            e = db_exec(cx, db, Q_TARGET_RIGHT, DB_ARGS(db_int(c->target_id)), NULL);
        else if (c->f.id)
            e = db_exec(cx, db, Q_FACTOR_FORGIVE, DB_ARGS(db_int(c->f.id)), NULL);
        else if (c->target_id != right->target_id)
            e = db_exec(cx, db, Q_TARGET_FORGIVE, DB_ARGS(db_int(c->target_id)), NULL);
    }
    return e;
}

static enum err failed(struct ctx *cx, struct db *db, const struct candidates *list,
                       struct check_out *out)
{
    enum err e;

    out->tries_left = FACTOR_FAILURES_PAUSE;
    for (const struct candidate *c = list->item; c < list->item + list->n; c++) {
        if (c->go && ((e = count_failure(cx, db, c, out)) || (e = sent_failed(cx, db, c, out))))
            return e;
    }
    return db_keep(cx, db);
}

/* A sent code that was right before is told apart from a wrong one: it opens nothing any more, and
 * a client that lost the answer to its first try learns why. */
static enum err note_spent(struct ctx *cx, struct db *db, const struct check_in *in,
                           struct str code, struct check_out *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct verification v;
    struct str spent;
    enum err e;

    if (!in->identity_id)
        return OK;
    e = db_one(cx, db, Q_VERIFICATION_SPENT,
               DB_ARGS(db_int(in->identity_id), db_text(in->action), db_int(cx->now_ms)), &r);
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    v = verification_row(&r);
    if ((e = verification_code(cx, db, &v, &spent)))
        return e;
    if (ct_equal_str(code, spent))
        out->outcome = CHECK_USED;
    return OK;
}

/* ---- the remote factor: another server compares ---- */

static bool is_remote_code(struct str code)
{
    return str_all_digits(code) && code.n >= REMOTE_CODE_MIN && code.n <= REMOTE_CODE_MAX;
}

static enum err ask_remote(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                           struct str code, struct check_out *out)
{
    out->outcome = CHECK_ASKED;
    return remote_check(cx, db, f, login_id, code);
}

enum err factor_check_end(struct ctx *cx, struct db *db, int64_t factor_id,
                          enum check_outcome outcome)
{
    struct check_out out = {.tries_left = FACTOR_FAILURES_PAUSE};
    struct candidate c = {0};
    enum err e = factor_by_id(cx, db, factor_id, &c.f);

    if (e)
        return e;
    c.fail_count = c.f.fail_count; /* an approval meanwhile has cleared it */
    if (outcome == CHECK_WRONG || outcome == CHECK_USED)
        return c.fail_count > 0 ? count_failure(cx, db, &c, &out) : OK;
    if (outcome == CHECK_RIGHT) {
        if ((e = db_exec(cx, db, Q_FACTOR_RIGHT, DB_ARGS(db_int(cx->now_ms), db_int(factor_id)),
                         NULL)))
            return e;
        return db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(c.f.identity_id)), NULL);
    }
    if ((e = db_exec(cx, db, Q_FACTOR_FORGIVE, DB_ARGS(db_int(factor_id)), NULL)))
        return e;
    return db_exec(cx, db, Q_IDENTITY_FORGIVE, DB_ARGS(db_int(c.f.identity_id)), NULL);
}

enum err factor_check_begin(struct ctx *cx, struct db *db, int64_t factor_id, struct check_out *out)
{
    struct candidates *list = ARENA_NEW(cx->mem, struct candidates);
    struct factor *f = &list->item[0].f;
    bool go;
    enum err e;

    *out = (struct check_out){.outcome = CHECK_OFF};
    list->n = 1;
    if ((e = factor_by_id(cx, db, factor_id, f)) ||
        (e = reserve_all(cx, db, f->identity_id, list, out, &go)) || !go || (e = db_keep(cx, db)))
        return e;
    out->outcome = CHECK_ASKED;
    return OK;
}

/* ---- */

enum err factor_check(struct ctx *cx, struct db *db, const struct check_in *in,
                      struct check_out *out)
{
    struct typed typed = code_typed(in->code);
    struct str code = {typed.p, typed.n};
    struct candidates *list = ARENA_NEW(cx->mem, struct candidates);
    const struct candidate *c = NULL, *end;
    bool go, right = false;
    int64_t identity_id;
    enum err e;

    *out = (struct check_out){.outcome = CHECK_WRONG};
    if ((e = gather(cx, db, in, list, out)))
        return e;
    if (list->n == 0)
        return note_spent(cx, db, in, code, out);
    identity_id = list->item[0].f.id ? list->item[0].f.identity_id : list->item[0].v.identity_id;
    if ((e = reserve_all(cx, db, identity_id, list, out, &go)) || !go || (e = db_keep(cx, db)))
        return e;

    if (list->item[0].f.kind == FACTOR_REMOTE && is_remote_code(code))
        return ask_remote(cx, db, &list->item[0].f, in->login_id, code, out);
    end = list->item + list->n;
    for (c = list->item; c < end; c++) {
        if (c->go && (e = compare(cx, db, c, code, in->recovery_row, out, &right)))
            return e;
        if (right)
            break;
    }
    if (!right) {
        e = failed(cx, db, list, out);
        return e || out->outcome != CHECK_WRONG ? e : note_spent(cx, db, in, code, out);
    }
    out->outcome = CHECK_RIGHT;
    out->factor_id = c->f.id;
    out->verification_id = c->v.id;
    if ((e = settle(cx, db, list, c)) || !identity_id)
        return e;
    return db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(identity_id)), NULL);
}
