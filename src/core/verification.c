/*
 * verification.c: sent codes. Budgets guard the factor's five sends and, across services and
 * people, the destination (attack 56, 73): a flood ends at the phone's budget, whoever starts it.
 */
#include "core/verification.h"
#include "core/audit.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "crypto/token.h"

static const struct limit_rule destination_hour = {"send.destination.hour", 20, 3600};
static const struct limit_rule destination_day = {"send.destination.day", 60, 86400};

static struct verification verification_row(const struct db_rows *r)
{
    return (struct verification){
        .id = db_col_int(r, 0),
        .service_id = db_col_int(r, 1),
        .identity_id = db_col_int(r, 2),
        .factor_id = db_col_int(r, 3),
        .login_id = db_col_int(r, 4),
        .sid = db_col_text(r, 5),
        .channel = db_col_text(r, 6),
        .target = db_col_text(r, 7),
        .state = db_col_text(r, 8),
        .digits = (uint8_t)db_col_int(r, 9),
        .counter = db_col_int(r, 10),
        .send_count = db_col_int(r, 11),
        .check_count = db_col_int(r, 12),
        .created_at_ms = db_col_int(r, 13),
        .sent_at_ms = db_col_int(r, 14),
        .expires_at_ms = db_col_int(r, 15),
    };
}

enum err verification_by_id(struct ctx *cx, struct db *db, int64_t id, struct verification *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_VERIFICATION_GET, DB_ARGS(db_int(id)), &r);

    if (e == OK)
        *out = verification_row(&r);
    return e;
}

enum err verification_pending(struct ctx *cx, struct db *db, int64_t factor_id, int64_t login_id,
                              struct verification *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_VERIFICATION_PENDING,
                        DB_ARGS(db_int(factor_id), db_int(login_id), db_int(cx->now_ms)), &r);

    if (e == OK)
        *out = verification_row(&r);
    return e;
}

enum err verification_code(struct ctx *cx, struct db *db, const struct verification *v,
                           struct str *out)
{
    OWN(secret_deinit) struct secret key = {0};
    char code[CODE_DIGITS_MAX + 1];
    enum err e;

    if ((e = service_code_key(cx, db, v->service_id, &key)))
        return e;
    code_derive(secret_bytes(&key), STR("verification"), v->id, (uint32_t)v->counter, v->digits,
                code);
    *out = arena_str(cx->mem, (struct str){code, v->digits});
    return OK;
}

static enum err enqueue(struct ctx *cx, struct db *db, const struct verification *v,
                        const struct origin *from)
{
    struct outbox_row row = {
        .service_id = v->service_id,
        .identity_id = v->identity_id,
        .verification_id = v->id,
        .channel = v->channel,
        .target = v->target,
        .template_name = STR("code"),
        .params = STR("{}"),
        .expires_at_ms = v->expires_at_ms,
    };
    enum err e;

    if ((e = outbox_add(cx, db, &row)))
        return e;
    return audit_add(cx, db, &(struct audit_entry){
                                 .service_id = v->service_id,
                                 .identity_id = v->identity_id,
                                 .actor = "person",
                                 .event = "code_sent",
                                 .from = *from,
                                 .detail = arena_printf(
                                     cx->mem, "channel=%.*s to=%.*s", STR_ARG(v->channel),
                                     STR_ARG(mask_target(cx, v->channel, v->target))),
                             });
}

/* Asked before the destination's budget is touched. */
static enum err may_send_again(struct ctx *cx, const struct verification *v)
{
    if (v->send_count >= VERIFICATION_SENDS_MAX) {
        cx->retry_after_s = (v->expires_at_ms - cx->now_ms) / MS_PER_S + 1;
        return fail(cx, ERR_LIMITED, "the code was sent %d times", VERIFICATION_SENDS_MAX);
    }
    return OK;
}

static enum err take_destination(struct ctx *cx, struct db *db, struct str target)
{
    enum err e = limit_take(cx, db, &destination_hour, target);

    return e ? e : limit_take(cx, db, &destination_day, target);
}

static enum err send_again(struct ctx *cx, struct db *db, struct verification *v,
                           const struct origin *from)
{
    enum err e = db_exec_one(cx, db, Q_VERIFICATION_RESEND,
                             DB_ARGS(db_int(cx->now_ms), db_int(v->id),
                                     db_int(VERIFICATION_SENDS_MAX)));

    if (e)
        return e;
    v->send_count++;
    v->sent_at_ms = cx->now_ms;
    return enqueue(cx, db, v, from);
}

enum err verification_send(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                           const struct origin *from, struct verification *out)
{
    struct verification v;
    struct contact c;
    enum err e;

    if (f->locked_until_ms > cx->now_ms) {
        cx->retry_after_s = (f->locked_until_ms - cx->now_ms) / MS_PER_S + 1;
        return fail(cx, ERR_LIMITED, "too many wrong codes");
    }
    e = verification_pending(cx, db, f->id, login_id, &v);
    if (e == OK) {
        if ((e = may_send_again(cx, &v)) || (e = take_destination(cx, db, f->target)) ||
            (e = send_again(cx, db, &v, from)))
            return e;
        *out = v;
        return OK;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    if ((e = take_destination(cx, db, f->target)) ||
        (e = factor_contact(cx, db, f->identity_id, &c)))
        return e;
    v = (struct verification){
        .id = id_new(cx),
        .sid = sid_new(cx, "VE"),
        .service_id = c.service_id,
        .identity_id = f->identity_id,
        .factor_id = f->id,
        .login_id = login_id,
        .channel = factor_kind_name(f->kind),
        .target = f->target,
        .state = STR("pending"),
        .digits = c.code_digits,
        .send_count = 1,
        .created_at_ms = cx->now_ms,
        .sent_at_ms = cx->now_ms,
        .expires_at_ms = cx->now_ms + (int64_t)VERIFICATION_LIFE_S * MS_PER_S,
    };
    if ((e = db_exec(cx, db, Q_VERIFICATION_INSERT,
                     DB_ARGS(db_int(v.id), db_text(v.sid), db_int(v.service_id),
                             db_int(v.identity_id), db_int(v.factor_id), db_int(v.login_id),
                             db_text(login_id ? STR("login") : STR("enrol")), db_text(v.channel),
                             db_text(v.target), db_int(v.digits), db_int(cx->now_ms),
                             db_int(v.expires_at_ms)),
                     NULL)) ||
        (e = enqueue(cx, db, &v, from)))
        return e;
    *out = v;
    return OK;
}
