/*
 * check.c: the one function that checks a code.
 *
 * Order, which the attacks in brackets taught: count the attempt and keep the count [7, 8, 10], then
 * compare [22], then consume by one conditional UPDATE [2, 5, 6], then clear the count. A failure
 * count belongs to the factor and to the person, whichever door was used [9-12].
 */
#include "core/audit.h"
#include "core/factor.h"
#include "core/outbox.h"
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

/* Counts the attempt at the factor and the person. False in *out_go: refused, see *out. */
static enum err reserve(struct ctx *cx, struct db *db, int64_t factor_id, struct factor *f,
                        struct check_out *out, bool *out_go)
{
    struct db_rows r = {0};
    enum err e;

    *out_go = false;
    e = db_one(cx, db, Q_FACTOR_RESERVE,
               DB_ARGS(db_int(factor_id), db_int(cx->now_ms), db_int(FACTOR_FAILURES_MAX)), &r);
    if (e == OK)
        e = factor_row(cx, &r, f);
    db_rows_end(&r);
    if (e == ERR_NOT_FOUND) {
        if ((e = factor_by_id(cx, db, factor_id, f)))
            return e;
        refuse(cx, out, f->status == FACTOR_OFF || f->fail_count >= FACTOR_FAILURES_MAX
                            ? CHECK_OFF
                            : CHECK_PAUSED,
               f->locked_until_ms);
        return OK;
    }
    if (e)
        return e;
    e = db_one(cx, db, Q_IDENTITY_RESERVE,
               DB_ARGS(db_int(f->identity_id), db_int(FACTOR_FAILURES_MAX)), &r);
    db_rows_end(&r);
    if (e == ERR_NOT_FOUND) {
        refuse(cx, out, CHECK_OFF, 0);
        return OK;
    }
    *out_go = e == OK;
    return e;
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
                      c.policy == POLICY_STRICT ? 0 : 1, -1);
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

static enum err recovery_compare(struct ctx *cx, struct db *db, const struct factor *f,
                                 int64_t row, struct check_out *out, bool *out_right)
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
    return e == ERR_CONFLICT ? OK : e;
}

static enum err count_failure(struct ctx *cx, struct db *db, const struct factor *f,
                              struct check_out *out)
{
    static const struct origin nowhere = {0};
    /* the round that this failure belongs to: 1 for the first five */
    int64_t round = (f->fail_count + FACTOR_FAILURES_PAUSE - 1) / FACTOR_FAILURES_PAUSE;
    int64_t pause_ms = pause_first_ms;

    if (f->fail_count >= FACTOR_FAILURES_MAX && f->status == FACTOR_ACTIVE) {
        refuse(cx, out, CHECK_OFF, 0);
        return factor_off(cx, db, f->id, "failures", &nowhere);
    }
    for (int64_t i = 1; i < round && pause_ms < pause_longest_ms; i++)
        pause_ms *= 2;
    pause_ms = MIN_OF(pause_ms, pause_longest_ms);
    out->pause_s = pause_ms / MS_PER_S;
    if (f->fail_count % FACTOR_FAILURES_PAUSE != 0) {
        out->tries_left = FACTOR_FAILURES_PAUSE - f->fail_count % FACTOR_FAILURES_PAUSE;
        return OK;
    }
    out->tries_left = 0;
    out->retry_after_s = out->pause_s;
    return db_exec(cx, db, Q_FACTOR_PAUSE, DB_ARGS(db_int(cx->now_ms + pause_ms), db_int(f->id)),
                   NULL);
}

/* The sent code that a check is about, with the check counted at it too. */
static enum err sent_reserve(struct ctx *cx, struct db *db, const struct verification *v,
                             int64_t *out_checks)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_VERIFICATION_RESERVE,
                        DB_ARGS(db_int(cx->now_ms), db_int(v->id), db_int(VERIFICATION_CHECKS_MAX)),
                        &r);

    if (e == ERR_NOT_FOUND) {
        *out_checks = VERIFICATION_CHECKS_MAX + 1;
        return OK;
    }
    if (e == OK)
        *out_checks = db_col_int(&r, 0);
    return e;
}

static enum err sent_failed(struct ctx *cx, struct db *db, const struct verification *v,
                            int64_t checks, struct check_out *out)
{
    out->tries_left = MIN_OF(out->tries_left, MAX_OF(VERIFICATION_CHECKS_MAX - checks, (int64_t)0));
    if (checks < VERIFICATION_CHECKS_MAX)
        return OK;
    return db_exec(cx, db, Q_VERIFICATION_CLOSE,
                   DB_ARGS(db_text(STR("max_attempts")), db_int(cx->now_ms), db_int(v->id)), NULL);
}

enum err factor_check(struct ctx *cx, struct db *db, const struct check_in *in,
                      struct check_out *out)
{
    struct typed typed = code_typed(in->code);
    struct str code = {typed.p, typed.n};
    struct verification v = {0};
    struct factor f;
    bool go, right = false, sent;
    int64_t checks = 0;
    enum err e;

    *out = (struct check_out){.outcome = CHECK_WRONG};
    if ((e = factor_by_id(cx, db, in->factor_id, &f)))
        return e;
    sent = factor_kind_is_sent(f.kind);
    if (sent) { /* with no code on its way nothing can be guessed, so nothing is counted */
        e = verification_pending(cx, db, f.id, in->login_id, &v);
        if (e == ERR_NOT_FOUND) {
            refuse(cx, out, f.locked_until_ms > cx->now_ms ? CHECK_PAUSED : CHECK_EXPIRED,
                   f.locked_until_ms);
            return OK;
        }
        if (e)
            return e;
    }
    if ((e = reserve(cx, db, in->factor_id, &f, out, &go)) || !go ||
        (sent && (e = sent_reserve(cx, db, &v, &checks))) || (e = db_keep(cx, db)))
        return e;

    if (sent)
        e = checks > VERIFICATION_CHECKS_MAX ? OK : sent_compare(cx, db, &v, code, &right);
    else if (f.kind == FACTOR_TOTP)
        e = totp_compare(cx, db, &f, code, out, &right);
    else if (f.kind == FACTOR_RECOVERY)
        e = recovery_compare(cx, db, &f, in->recovery_row, out, &right);
    else
        return fail(cx, ERR_INVALID, "this factor has no code");
    if (e)
        return e;

    if (!right) {
        if ((e = count_failure(cx, db, &f, out)) ||
            (sent && (e = sent_failed(cx, db, &v, checks, out))))
            return e;
        return db_keep(cx, db);
    }
    out->outcome = CHECK_RIGHT;
    if ((e = db_exec(cx, db, Q_FACTOR_RIGHT, DB_ARGS(db_int(cx->now_ms), db_int(f.id)), NULL)))
        return e;
    return db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(f.identity_id)), NULL);
}
