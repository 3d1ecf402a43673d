/* enrol.c: beginning a factor: it is pending until its code was right (factor_activate). */
#include "core/factor.h"
#include "core/floor.h"
#include "core/remote.h"
#include "core/rows.h"
#include "core/verification.h"
#include "crypto/random.h"

#include <string.h>

enum { TOTP_SECRET_LEN = 20 };

static enum err pending_new(struct ctx *cx, struct db *db, struct factor *f, struct bytes secret)
{
    enum err e;

    f->id = id_new(cx);
    f->sid = sid_new(cx, "YF");
    f->created_at_ms = cx->now_ms;
    f->last_step = -1;
    if (secret.n)
        f->secret_sealed = core_seal(cx, db, "factor.secret", f->id, f->identity_id, secret);
    if ((e = db_exec(cx, db, Q_FACTOR_DROP_PENDING,
                     DB_ARGS(db_int(cx->now_ms), db_int(f->identity_id),
                             db_text(factor_kind_name(f->kind))),
                     NULL)))
        return e;
    return db_exec(cx, db, Q_FACTOR_INSERT,
                   DB_ARGS(db_int(f->id), db_text(f->sid), db_int(f->identity_id),
                           db_text(factor_kind_name(f->kind)), db_text(STR("pending")),
                           db_text(f->name), db_text(f->target), db_int(f->session_id),
                           secret.n ? db_blob(f->secret_sealed) : db_null(), db_text(f->alg),
                           db_int(f->digits), db_int(f->period_s), db_int(cx->now_ms)),
                   NULL);
}

enum err factor_not_on_yet(struct ctx *cx, struct db *db, const struct factor *f)
{
    struct factor active;
    enum err e;

    if (!f->session_id || f->kind == FACTOR_PUSH) /* of devices there may be several */
        return OK;
    e = factor_active(cx, db, f->identity_id, f->kind, &active);
    if (e == OK)
        return fail(cx, ERR_CONFLICT, "this factor is on already");
    return e == ERR_NOT_FOUND ? OK : e;
}

/* Begun twice in one session: the same code, the same budget. */
static enum err begun_or_new(struct ctx *cx, struct db *db, struct factor *f)
{
    struct factor begun;
    enum err e = factor_pending(cx, db, f->identity_id, f->session_id, f->kind, &begun);

    if (e == OK && str_eq(begun.target, f->target)) {
        *f = begun;
        return OK;
    }
    return e && e != ERR_EXPIRED ? e : pending_new(cx, db, f, (struct bytes){NULL, 0});
}

enum err totp_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                    struct factor *out)
{
    uint8_t secret[TOTP_SECRET_LEN];
    struct factor f = {
        .identity_id = identity_id,
        .session_id = session_id,
        .kind = FACTOR_TOTP,
        .status = FACTOR_PENDING,
        .name = STR("Authenticator app"),
        .target = STR(""),
        .alg = STR("SHA1"), /* what every authenticator app reads */
        .digits = 6,
        .period_s = 30,
    };
    enum err e = factor_not_on_yet(cx, db, &f);

    if (e)
        return e;
    random_bytes(secret, sizeof(secret));
    e = pending_new(cx, db, &f, BYTES_OF(secret));
    explicit_bzero(secret, sizeof(secret));
    if (e == OK)
        *out = f;
    return e;
}

enum err totp_secret(struct ctx *cx, struct db *db, const struct factor *f, struct secret *out)
{
    struct bytes plain;
    enum err e =
        core_unseal(cx, db, "factor.secret", f->id, f->identity_id, f->secret_sealed, &plain);

    if (e)
        return e;
    if (plain.n == 0 || plain.n > SECRET_MAX)
        return fail(cx, ERR_INTERNAL, "seed of factor %lld has %zu bytes", (long long)f->id,
                    plain.n);
    memcpy(out->b, plain.p, plain.n);
    out->n = plain.n;
    return OK;
}

enum err sent_factor_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                           enum factor_kind kind, const struct origin *from, struct factor *out)
{
    struct factor f = {
        .identity_id = identity_id,
        .session_id = session_id,
        .kind = kind,
        .status = FACTOR_PENDING,
        .alg = STR(""),
    };
    struct verification v;
    struct contact c;
    enum err e;

    if (!factor_kind_is_sent(kind))
        return fail(cx, ERR_INVALID, "no code is sent for this kind");
    if ((e = factor_contact(cx, db, identity_id, &c)))
        return e;
    if (kind == FACTOR_EMAIL && c.policy == POLICY_STRICT)
        return fail(cx, ERR_CONFLICT, "codes by e-mail are not allowed here");
    if ((e = floor_may_begin(cx, db, identity_id, kind)))
        return e;
    if (kind == FACTOR_EMAIL ? !c.email_verified : c.phone.n == 0)
        return fail(cx, ERR_INVALID, "there is no number or address to send to");
    f.target = kind == FACTOR_EMAIL ? c.email : c.phone;
    f.name = factor_kind_words(kind);
    f.digits = c.code_digits;
    if ((e = factor_not_on_yet(cx, db, &f)) || (e = begun_or_new(cx, db, &f)) ||
        (e = verification_send(cx, db, &f, 0, from, &v)))
        return e;
    *out = f;
    return OK;
}

enum err remote_factor_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                             struct factor *out)
{
    struct factor f = {
        .identity_id = identity_id,
        .session_id = session_id,
        .kind = FACTOR_REMOTE,
        .status = FACTOR_PENDING,
        .name = factor_kind_words(FACTOR_REMOTE),
        .alg = STR(""),
    };
    struct contact c;
    enum err e;

    if ((e = factor_contact(cx, db, identity_id, &c)))
        return e;
    if (c.phone.n == 0)
        return fail(cx, ERR_INVALID, "there is no number to register");
    f.target = c.phone;
    if ((e = floor_may_begin(cx, db, identity_id, f.kind)) || (e = factor_not_on_yet(cx, db, &f)) ||
        (e = begun_or_new(cx, db, &f)) || (e = remote_start(cx, db, &f, 0, VIA_USUAL)))
        return e;
    *out = f;
    return OK;
}
