/*
 * verification.c: sent codes. Budgets guard the factor's five sends and, across services and
 * people, the destination (attack 56, 73): a flood ends at the phone's budget, whoever starts it.
 */
#include "core/verification.h"
#include "core/attempt.h"
#include "core/audit.h"
#include "core/display.h"
#include "core/firewall.h"
#include "core/identity.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/phone.h"
#include "core/rows.h"
#include "core/test_number.h"
#include "crypto/token.h"

enum { ACTION_TEXT_MAX_CHARS = 255 };

static const struct limit_rule destination_hour = {"send.destination.hour", 20, 3600};
static const struct limit_rule destination_day = {"send.destination.day", 60, 86400};

struct verification verification_row(const struct db_rows *r)
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
        .updated_at_ms = db_col_int(r, 16),
        .action = db_col_text(r, 17),
        .custom_sealed = db_col_blob(r, 18),
        .amount = db_col_text(r, 19),
        .payee = db_col_text(r, 20),
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
    static const char zeros[] = "0000000000";
    OWN(secret_deinit) struct secret key = {0};
    char code[CODE_DIGITS_MAX + 1];
    struct bytes custom;
    struct service s;
    enum err e;

    if ((e = service_by_id(cx, db, v->service_id, &s)) ||
        (!v->factor_id && (e = test_number_look(cx, db, &s, v->target))))
        return e;
    if (s.test_mode) {
        *out = (struct str){zeros, v->digits};
        return OK;
    }
    if (v->custom_sealed.n) {
        if ((e = core_unseal(cx, db, "verification.custom", v->id, v->service_id, v->custom_sealed,
                             &custom)))
            return e;
        *out = bytes_str(custom);
        return OK;
    }
    if ((e = service_code_key(cx, db, v->service_id, &key)))
        return e;
    code_derive(secret_bytes(&key), STR("verification"), v->id, (uint32_t)v->counter, v->digits,
                code);
    *out = arena_str(cx->mem, (struct str){code, v->digits});
    return OK;
}

static enum err sent_audit(struct ctx *cx, struct db *db, const struct verification *v,
                           const char *actor, const struct origin *from)
{
    return audit_add(
        cx, db,
        &(struct audit_entry){
            .service_id = v->service_id,
            .identity_id = v->identity_id,
            .actor = actor,
            .event = "code_sent",
            .from = *from,
            .detail = arena_printf(cx->mem, "channel=%.*s to=%.*s", STR_ARG(v->channel),
                                   STR_ARG(mask_target(cx, v->channel, v->target))),
        });
}

static enum err enqueue(struct ctx *cx, struct db *db, const struct verification *v,
                        struct str params, struct str client, int64_t *out_id)
{
    struct outbox_row row = {
        .service_id = v->service_id,
        .identity_id = v->identity_id,
        .verification_id = v->id,
        .channel = v->channel,
        .target = v->target,
        .template_name = STR("code"),
        .params = params,
        .expires_at_ms = v->expires_at_ms,
        .client = client,
    };
    enum err e = outbox_add(cx, db, &row);

    *out_id = row.id;
    return e;
}

static enum err send_portal(struct ctx *cx, struct db *db, const struct verification *v,
                            const struct origin *from)
{
    const struct code_words words = {.press_first = true}; /* the fall-back may make it a call */
    int64_t outbox_id;
    enum err e = enqueue(cx, db, v, params_code(cx, &words), from->addr, &outbox_id);

    return e ? e : sent_audit(cx, db, v, "person", from);
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

enum err destination_take(struct ctx *cx, struct db *db, const struct dispatch *d)
{
    enum err e;

    if ((e = firewall_may(cx, db, d)) || (e = limit_take(cx, db, &destination_hour, d->target)))
        return e;
    return limit_take(cx, db, &destination_day, d->target);
}

bool destination_spent(struct ctx *cx, struct db *db, struct str target)
{
    return limit_peek(cx, db, &destination_hour, target) == ERR_LIMITED ||
           limit_peek(cx, db, &destination_day, target) == ERR_LIMITED;
}

static enum err count_send(struct ctx *cx, struct db *db, struct verification *v)
{
    enum err e =
        db_exec_one(cx, db, Q_VERIFICATION_RESEND,
                    DB_ARGS(db_int(cx->now_ms), db_int(v->id), db_int(VERIFICATION_SENDS_MAX)));

    if (e)
        return e;
    v->send_count++;
    v->sent_at_ms = v->updated_at_ms = cx->now_ms;
    return OK;
}

/* Fills in what every new one has. */
static enum err insert(struct ctx *cx, struct db *db, struct verification *v, struct str purpose)
{
    v->state = STR("pending");
    v->send_count = 1;
    v->created_at_ms = v->updated_at_ms = v->sent_at_ms = cx->now_ms;
    v->expires_at_ms = cx->now_ms + (int64_t)VERIFICATION_LIFE_S * MS_PER_S;
    return db_exec(cx, db, Q_VERIFICATION_INSERT,
                   DB_ARGS(db_int(v->id), db_text(v->sid), db_int(v->service_id),
                           db_opt_int(v->identity_id), db_opt_int(v->factor_id),
                           db_int(v->login_id), db_text(purpose), db_text(v->channel),
                           db_text(v->target), db_int(v->digits), db_int(cx->now_ms),
                           db_int(v->expires_at_ms), db_text(v->action),
                           db_text(v->amount.n ? v->amount : STR("")),
                           db_text(v->payee.n ? v->payee : STR(""))),
                   NULL);
}

enum err verification_send(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                           const struct origin *from, struct verification *out)
{
    struct dispatch d = {
        .service_id = core_of(db)->portal_service_id,
        .channel = factor_kind_name(f->kind),
        .target = f->target,
        .client = from->addr,
    };
    struct verification v;
    struct contact c;
    enum err e;

    if (f->locked_until_ms > cx->now_ms) {
        cx->retry_after_s = (f->locked_until_ms - cx->now_ms) / MS_PER_S + 1;
        return fail(cx, ERR_LIMITED, "too many wrong codes");
    }
    e = verification_pending(cx, db, f->id, login_id, &v);
    if (e == OK) {
        if ((e = may_send_again(cx, &v)) || (e = destination_take(cx, db, &d)) ||
            (e = count_send(cx, db, &v)) || (e = send_portal(cx, db, &v, from)))
            return e;
        *out = v;
        return OK;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    if ((e = destination_take(cx, db, &d)) || (e = factor_contact(cx, db, f->identity_id, &c)))
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
        .action = STR(""),
        .digits = c.code_digits,
    };
    if ((e = insert(cx, db, &v, login_id ? STR("login") : STR("enrol"))) ||
        (e = send_portal(cx, db, &v, from)))
        return e;
    *out = v;
    return OK;
}

/* ---- applications ---- */

struct str verification_target(struct ctx *cx, struct str channel, struct str target)
{
    return str_eq(channel, STR("email")) ? arena_lower(cx->mem, target) : target;
}

static enum err find(struct ctx *cx, struct db *db, const struct verification_in *in,
                     struct str target, struct verification *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_VERIFICATION_LIVE,
                        DB_ARGS(db_int(in->service_id), db_text(target), db_int(in->identity_id),
                                db_text(in->action), db_int(cx->now_ms)),
                        &r);

    if (e == OK)
        *out = verification_row(&r);
    return e;
}

enum err verification_live(struct ctx *cx, struct db *db, int64_t service_id, struct str target,
                           struct verification *out)
{
    return find(cx, db, &(struct verification_in){.service_id = service_id, .action = STR("")},
                target, out);
}

enum err verification_by_sid(struct ctx *cx, struct db *db, int64_t service_id, struct str sid,
                             struct verification *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_VERIFICATION_BY_SID, DB_ARGS(db_int(service_id), db_text(sid)), &r);

    if (e == OK)
        *out = verification_row(&r);
    return e;
}

static enum err custom_ok(struct ctx *cx, const struct service *s, struct str code)
{
    if (!s->custom_code)
        return fail(cx, ERR_DENIED, "this application may not choose codes itself");
    if (code.n < CODE_DIGITS_MIN || code.n > CODE_DIGITS_MAX)
        return fail(cx, ERR_INVALID, "a code has %d to %d characters", CODE_DIGITS_MIN,
                    CODE_DIGITS_MAX);
    if (!str_all_alnum(code, ""))
        return fail(cx, ERR_INVALID, "a code has letters and digits only");
    return OK;
}

static enum err may_send(struct ctx *cx, const struct verification_in *in, const struct service *s)
{
    bool mail = str_eq(in->channel, STR("email"));
    struct phone phone;

    if (!mail && !str_eq(in->channel, STR("sms")) && !str_eq(in->channel, STR("voice")) &&
        !str_eq(in->channel, STR("whatsapp")))
        return fail(cx, ERR_INVALID, "channel is sms, voice, whatsapp or email");
    if (mail ? !identity_email_ok(in->target)
             : phone_parse(cx, STR_NONE, in->target, &phone) != PHONE_OK ||
                   !str_eq(phone.e164, in->target))
        return fail(cx, ERR_INVALID, "no number or address that a code could go to");
    if (!mail && phone_refuse_reason(&phone).n)
        return fail(cx, ERR_INVALID, "%.*s", STR_ARG(phone_refuse_reason(&phone)));
    if (in->digits && (in->digits < CODE_DIGITS_MIN || in->digits > CODE_DIGITS_MAX))
        return fail(cx, ERR_INVALID, "a code has %d to %d digits", CODE_DIGITS_MIN,
                    CODE_DIGITS_MAX);
    return in->custom_code.n ? custom_ok(cx, s, in->custom_code) : OK;
}

/* Makes the target's row, which checks count at. Refuses during a pause. */
static enum err open_target(struct ctx *cx, struct db *db, int64_t service_id, struct str target)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(
        cx, db, Q_TARGET_OPEN,
        DB_ARGS(db_int(id_new(cx)), db_int(service_id), db_text(target), db_int(cx->now_ms)), &r);
    int64_t until_ms;

    if (e)
        return e;
    until_ms = db_col_int(&r, 2);
    if (until_ms <= cx->now_ms)
        return OK;
    cx->retry_after_s = (until_ms - cx->now_ms) / MS_PER_S + 1;
    return fail(cx, ERR_LIMITED, "too many wrong codes");
}

static enum err set_custom(struct ctx *cx, struct db *db, struct verification *v, struct str code)
{
    if (code.n == 0)
        return OK;
    v->custom_sealed =
        core_seal(cx, db, "verification.custom", v->id, v->service_id, str_bytes(code));
    return db_exec(cx, db, Q_VERIFICATION_SET_CUSTOM,
                   DB_ARGS(db_blob(v->custom_sealed), db_int(v->id)), NULL);
}

static enum err send_app(struct ctx *cx, struct db *db, const struct service *s,
                         const struct verification *v, const struct verification_in *in)
{
    const struct code_words words = {
        .locale = in->locale,
        .service = in->friendly_name,
        .about = display_text(cx->mem, in->about, ACTION_TEXT_MAX_CHARS),
        .amount = in->amount,
        .payee = in->payee,
        .app_hash = in->app_hash,
        .warn = in->warn,
        .press_first = !in->says_at_once,
    };
    int64_t outbox_id = 0;
    enum err e;

    if ((!s->test_mode &&
         (e = enqueue(cx, db, v, params_code(cx, &words), in->client, &outbox_id))) ||
        (e = attempt_add(cx, db, v, in->locale, outbox_id)))
        return e;
    return sent_audit(cx, db, v, "app", &in->from);
}

enum err verification_start(struct ctx *cx, struct db *db, const struct verification_in *in,
                            struct verification *out)
{
    struct str target = verification_target(cx, in->channel, in->target);
    const struct dispatch d = {in->service_id, in->channel, target, in->client};
    struct verification v;
    struct service s;
    bool again;
    enum err e;

    if ((e = service_by_id(cx, db, in->service_id, &s)) ||
        (e = test_number_look(cx, db, &s, target)) || (e = may_send(cx, in, &s)) ||
        (e = open_target(cx, db, in->service_id, target)))
        return e;
    e = find(cx, db, in, target, &v);
    if (e && e != ERR_NOT_FOUND)
        return e;
    again = e == OK && str_eq(v.state, STR("pending"));
    if (again && !(str_eq(v.amount, in->amount) && str_eq(v.payee, in->payee))) {
        again = false; /* another payment: its code must not be good for this one */
        if ((e = verification_end(cx, db, &v, false, &in->from)))
            return e;
    }
    if ((again && (e = may_send_again(cx, &v))) ||
        (!s.test_mode && (e = destination_take(cx, db, &d))))
        return e;
    if (again) {
        v.channel = in->channel;
        e = count_send(cx, db, &v);
        if (e == OK)
            e = db_exec(cx, db, Q_VERIFICATION_SET_CHANNEL,
                        DB_ARGS(db_text(v.channel), db_int(v.id)), NULL);
    } else {
        v = (struct verification){
            .id = id_new(cx),
            .sid = sid_new(cx, "VE"),
            .service_id = in->service_id,
            .identity_id = in->identity_id,
            .channel = in->channel,
            .target = target,
            .action = in->action,
            .amount = in->amount,
            .payee = in->payee,
            .digits = in->digits ? in->digits : s.code_digits,
        };
        e = insert(cx, db, &v, STR("api"));
    }
    if (e || (e = set_custom(cx, db, &v, in->custom_code)) || (e = send_app(cx, db, &s, &v, in)))
        return e;
    *out = v;
    return OK;
}

static enum err end_audit(struct ctx *cx, struct db *db, const struct verification *v,
                          const char *event, const char *how, const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = v->service_id,
                         .identity_id = v->identity_id,
                         .actor = "app",
                         .event = event,
                         .from = *from,
                         .detail = arena_printf(cx->mem, "result=%s to=%.*s", how,
                                                STR_ARG(mask_target(cx, v->channel, v->target))),
                     });
}

enum err verification_check(struct ctx *cx, struct db *db, const struct verification *v,
                            struct str code, const struct origin *from, struct check_out *out)
{
    enum err e =
        factor_check(cx, db, &(struct check_in){.verification_id = v->id, .code = code}, out);

    if (e || out->outcome == CHECK_EXPIRED || out->outcome == CHECK_ENDED)
        return e;
    return end_audit(cx, db, v, "code_checked", out->outcome == CHECK_RIGHT ? "right" : "wrong",
                     from);
}

enum err verification_end(struct ctx *cx, struct db *db, const struct verification *v,
                          bool approved, const struct origin *from)
{
    const char *state = approved ? "approved" : "canceled";
    enum err e = db_exec_one(cx, db, Q_VERIFICATION_CLOSE,
                             DB_ARGS(db_text(str_from(state)), db_int(cx->now_ms), db_int(v->id)));

    if (e == ERR_CONFLICT)
        return fail(cx, ERR_NOT_FOUND, "the verification is over");
    if (e || (approved && (e = attempt_convert(cx, db, v->id))))
        return e;
    return end_audit(cx, db, v, "code_ended", state, from);
}

enum err verification_end_all(struct ctx *cx, struct db *db, int64_t identity_id)
{
    return db_exec(cx, db, Q_VERIFICATION_END_ALL, DB_ARGS(db_int(cx->now_ms), db_int(identity_id)),
                   NULL);
}
