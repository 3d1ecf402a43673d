/* keyed.c: see keyed.h. */
#include "core/keyed.h"
#include "core/answer.h"
#include "core/audit.h"
#include "core/circuit.h"
#include "core/firewall.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "crypto/token.h"

bool keyed_offered(const struct core *core)
{
    return core->calls;
}

/* ---- calling ---- */

/* Asked before anything is written. */
static enum err may_call(struct ctx *cx, struct db *db, const struct factor *f,
                         const struct origin *from)
{
    struct circuit circuit;
    enum err e;

    if (!keyed_offered(core_of(db)))
        return fail(cx, ERR_UPSTREAM, "nobody is called here");
    if (f->locked_until_ms > cx->now_ms) {
        cx->retry_after_s = (f->locked_until_ms - cx->now_ms) / MS_PER_S + 1;
        return fail(cx, ERR_LIMITED, "too many wrong codes");
    }
    if ((e = circuit_get(cx, db, STR("voice"), &circuit)))
        return e;
    if (!circuit_works(cx, &circuit))
        return fail(cx, ERR_UPSTREAM, "calls are %.*s", STR_ARG(circuit_words(cx, &circuit)));
    return destination_take(cx, db,
                            &(struct dispatch){
                                .service_id = core_of(db)->portal_service_id,
                                .channel = STR("voice"),
                                .target = f->target,
                                .client = from->addr,
                            });
}

static enum err call(struct ctx *cx, struct db *db, const struct login *l,
                     const struct challenge *c, const struct factor *f, const struct origin *from)
{
    static const struct origin nothing = {0};
    bool step_up = str_eq(l->purpose, STR("step_up"));
    struct outbox_row row = {
        .service_id = c->service_id,
        .identity_id = c->identity_id,
        .challenge_id = c->id,
        .channel = STR("voice"),
        .target = f->target,
        .template_name = STR("approve"),
        .params = params_what(cx,
                              step_up ? STR("wants to change something in your account")
                                      : STR("is signing in to your account"),
                              &nothing),
        .expires_at_ms = c->expires_at_ms,
        .client = from->addr,
    };
    enum err e = outbox_add(cx, db, &row);

    return e ? e
             : audit_add(
                   cx, db,
                   &(struct audit_entry){
                       .service_id = c->service_id,
                       .identity_id = c->identity_id,
                       .actor = "person",
                       .event = "approval_call",
                       .from = *from,
                       .detail = arena_printf(cx->mem, "challenge=%.*s to=%.*s", STR_ARG(c->sid),
                                              STR_ARG(mask_target(cx, row.channel, row.target))),
                   });
}

enum err keyed_ask(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                   const struct factor *f, const struct origin *from)
{
    struct challenge c;
    enum err e;

    if ((e = may_call(cx, db, f, from)) || (e = challenge_put(cx, db, l, p, f->id, &c)))
        return e;
    return call(cx, db, l, &c, f, from);
}

enum err keyed_standing(struct ctx *cx, struct db *db, const struct challenge *c,
                        enum keyed_call *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_OUTBOX_CALL_NEWEST, DB_ARGS(db_int(c->id)), &r);
    struct str state;

    *out = KEYED_NONE;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    state = db_col_text(&r, 0);
    if (str_eq(state, STR("sent")))
        *out = db_col_text(&r, 1).n ? KEYED_HUNG_UP : KEYED_RINGING;
    else if (str_eq(state, STR("failed")) || str_eq(state, STR("expired")))
        *out = KEYED_UNREACHED;
    else
        *out = KEYED_RINGING;
    return OK;
}

enum err keyed_again(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                     const struct factor *f, const struct origin *from)
{
    enum { LOOK_AGAIN_S = 10 };
    enum keyed_call standing;
    struct challenge c;
    enum err e = challenge_by_login(cx, db, l->id, &c);

    if (e == ERR_NOT_FOUND || (e == OK && (c.state != CHALLENGE_PENDING || c.factor_id != f->id)))
        return keyed_ask(cx, db, l, p, f, from);
    if (e || (e = keyed_standing(cx, db, &c, &standing)))
        return e;
    if (standing == KEYED_RINGING) {
        cx->retry_after_s = LOOK_AGAIN_S;
        return fail(cx, ERR_LIMITED, "a call about this request is on its way");
    }
    if (c.notified >= KEYED_CALLS_MAX) {
        cx->retry_after_s = CHALLENGE_LOGIN_LIFE_S;
        return fail(cx, ERR_LIMITED, "there were %d calls about this request", KEYED_CALLS_MAX);
    }
    if ((e = may_call(cx, db, f, from)) || (e = challenge_take_push(cx, db, c.identity_id)) ||
        (e = db_exec(cx, db, Q_CHALLENGE_NOTIFIED, DB_ARGS(db_int(c.id), db_int(KEYED_CALLS_MAX)),
                     NULL)))
        return e;
    return call(cx, db, l, &c, f, from);
}

/* ---- the answer ---- */

static enum err typed(struct ctx *cx, struct db *db, const struct device *phone,
                      const struct challenge *c, struct str digits, enum answer_outcome *out)
{
    static const struct origin nowhere = {0};
    enum check_outcome check = CHECK_WRONG;
    struct str right;
    enum err e = challenge_digits(cx, db, c, &right);

    if (e)
        return e;
    if (!ct_equal_str(digits, right)) {
        e = challenge_wrong_digits(cx, db, phone, c, &(struct challenge_answer){.payload = STR("")},
                                   &nowhere, out);
    } else {
        check = CHECK_RIGHT;
        e = challenge_decide(cx, db, phone, c, DECISION_APPROVE,
                             &(struct challenge_answer){.payload = STR(""), .digits_right = true},
                             &nowhere, out);
    }
    return e ? e
             : factor_check_end(cx, db, phone->factor_id,
                                *out == ANSWER_LATE ? CHECK_EXPIRED : check);
}

static enum err approve(struct ctx *cx, struct db *db, const struct device *phone,
                        const struct challenge *c, struct str digits, enum keyed_outcome *out)
{
    enum answer_outcome outcome;
    struct check_out check;
    enum err e;

    *out = KEYED_REFUSED;
    if ((e = factor_check_begin(cx, db, phone->factor_id, &check)) ||
        check.outcome != CHECK_ASKED || (e = typed(cx, db, phone, c, digits, &outcome)))
        return e;
    *out = outcome == ANSWER_LATE           ? KEYED_LATE
           : outcome == ANSWER_WRONG_DIGITS ? KEYED_WRONG
                                            : KEYED_APPROVED;
    return *out == KEYED_APPROVED ? firewall_proved_call(cx, db, c->id) : OK;
}

/* Whoever knows the password can end the request while it rings, by choosing again: that must not
 * keep the password good. */
static bool may_be_late(const struct ctx *cx, const struct challenge *c, enum decision decision)
{
    return decision == DECISION_NOT_ME &&
           (c->state == CHALLENGE_CANCELED || c->state == CHALLENGE_EXPIRED) &&
           cx->now_ms - c->created_at_ms <= KEYED_NOT_ME_S * MS_PER_S;
}

enum err keyed_answer(struct ctx *cx, struct db *db, const struct keyed *in,
                      enum keyed_outcome *out)
{
    static const struct origin nowhere = {0};
    enum answer_outcome outcome;
    struct device phone;
    struct challenge c;
    struct factor f;
    enum err e;

    *out = KEYED_LATE;
    if ((e = challenge_by_id(cx, db, in->challenge_id, &c)))
        return e == ERR_NOT_FOUND ? OK : e;
    if (!challenge_is_call(&c))
        return fail(cx, ERR_DENIED, "nobody was called about this request");
    if ((e = factor_by_id(cx, db, c.factor_id, &f)))
        return e;
    phone = (struct device){.factor_id = f.id, .identity_id = f.identity_id, .sid = f.sid};
    if (f.status == FACTOR_ACTIVE && may_be_late(cx, &c, in->decision)) {
        if ((e = challenge_not_me_late(cx, db, &phone, &c, &nowhere)))
            return e;
        *out = KEYED_DENIED;
        return OK;
    }
    if (c.state != CHALLENGE_PENDING || f.status != FACTOR_ACTIVE)
        return OK;
    if (in->decision == DECISION_APPROVE)
        return approve(cx, db, &phone, &c, in->digits, out);
    if ((e = challenge_decide(cx, db, &phone, &c, in->decision,
                              &(struct challenge_answer){.payload = STR("")}, &nowhere, &outcome)))
        return e;
    *out = outcome == ANSWER_LATE ? KEYED_LATE : KEYED_DENIED;
    return OK;
}
