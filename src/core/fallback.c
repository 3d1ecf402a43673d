/* fallback.c: see fallback.h. */
#include "core/fallback.h"
#include "core/attempt.h"
#include "core/audit.h"
#include "core/circuit.h"
#include "core/firewall.h"
#include "core/rows.h"
#include "core/service.h"
#include "core/verification.h"

static const struct str ways[] = {
    {"sms",   3},
    {"voice", 5},
    {"email", 5},
};

static bool next_word(struct str *rest, struct str *out)
{
    while (str_split(rest, ' ', out)) {
        if (out->n)
            return true;
    }
    return false;
}

enum err fallback_check(struct ctx *cx, struct str list)
{
    unsigned seen = 0;
    struct str word;

    while (next_word(&list, &word)) {
        unsigned bit = 0;

        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            if (str_eq(word, ways[i]))
                bit = 1u << i;
        }
        if (!bit || (seen & bit))
            return fail(
                cx, ERR_INVALID,
                "fallback is an order of sms, voice and email, as in \"sms voice\", or empty");
        seen |= bit;
    }
    return OK;
}

/* ---- one way ---- */

struct code { /* the message that was not delivered */
    struct outbox_row row;
    struct verification v;
    struct service s;
};

/* Whether somebody carries it. */
static bool carried(const struct core *core, struct str channel)
{
    return str_eq(channel, STR("sms"))     ? !core->cannot.sms
           : str_eq(channel, STR("voice")) ? !core->cannot.voice
                                           : !core->cannot.email;
}

/* Where the code may go by this channel; empty: nowhere. */
static enum err target_by(struct ctx *cx, struct db *db, const struct code *c, struct str channel,
                          struct str *out)
{
    struct contact contact;
    enum err e;

    *out = STR_NONE;
    if (!str_eq(channel, STR("email"))) {
        bool payment = outbox_param(cx, &c->row, "amount").n > 0;

        if (str_find(c->v.target, '@') < 0 && !(payment && str_eq(channel, STR("voice"))))
            *out = c->v.target;
        return OK;
    }
    if (!c->v.identity_id)
        return OK;
    if ((e = factor_contact(cx, db, c->v.identity_id, &contact)))
        return e;
    if (contact.email_verified && contact.policy != POLICY_STRICT && c->s.policy != POLICY_STRICT)
        *out = contact.email;
    return OK;
}

static enum err can_go(struct ctx *cx, struct db *db, const struct code *c, struct str channel,
                       struct str *out_target)
{
    struct circuit circuit;
    struct str target;
    enum err e;

    *out_target = STR_NONE;
    if (!carried(core_of(db), channel))
        return OK;
    if ((e = circuit_get(cx, db, channel, &circuit)) || !circuit_works(cx, &circuit) ||
        (e = target_by(cx, db, c, channel, &target)) || !target.n)
        return e;
    e = firewall_may(cx, db, &(struct dispatch){c->s.id, channel, target, STR_NONE});
    if (e == ERR_BLOCKED)
        return OK;
    if (e == OK)
        *out_target = target;
    return e;
}

static enum err went(struct ctx *cx, struct db *db, const struct code *c,
                     const struct outbox_row *next, struct str why)
{
    struct verification v = c->v;
    enum err e = db_exec(
        cx, db, Q_VERIFICATION_WENT,
        DB_ARGS(db_text(next->channel), db_text(next->target), db_int(cx->now_ms), db_int(v.id)),
        NULL);

    if (e)
        return e;
    if (!v.factor_id) { /* an application's: it reads there which channel it is */
        v.channel = next->channel;
        if ((e = db_exec(cx, db, Q_VERIFICATION_SET_CHANNEL,
                         DB_ARGS(db_text(v.channel), db_int(v.id)), NULL)) ||
            (e = attempt_add(cx, db, &v, outbox_param(cx, &c->row, "locale"), next->id)))
            return e;
    }
    return audit_add(
        cx, db,
        &(struct audit_entry){
            .service_id = v.service_id,
            .identity_id = v.identity_id,
            .actor = "system",
            .event = "code_sent",
            .detail = arena_printf(cx->mem, "channel=%.*s to=%.*s instead_of=%.*s why=%.*s",
                                   STR_ARG(next->channel),
                                   STR_ARG(mask_target(cx, next->channel, next->target)),
                                   STR_ARG(c->row.channel), STR_ARG(str_sub(why, 0, 120))),
        });
}

static enum err go(struct ctx *cx, struct db *db, const struct code *c, struct str channel,
                   struct str target, struct str why)
{
    struct outbox_row next = {
        .service_id = c->row.service_id,
        .identity_id = c->row.identity_id,
        .verification_id = c->row.verification_id,
        .channel = channel,
        .target = target,
        .template_name = c->row.template_name,
        .params = c->row.params,
        .expires_at_ms = c->v.expires_at_ms,
    };
    enum err e = outbox_add(cx, db, &next);

    return e ? e : went(cx, db, c, &next, why);
}

/* ---- the list ---- */

/* ERR_NOT_FOUND: nothing that could go another way. */
static enum err load(struct ctx *cx, struct db *db, int64_t outbox_id, struct code *out)
{
    enum err e;

    if ((e = outbox_by_id(cx, db, outbox_id, &out->row)))
        return e;
    if (!out->row.verification_id || !str_eq(out->row.template_name, STR("code")) ||
        !circuit_guards(out->row.channel))
        return ERR_NOT_FOUND;
    if ((e = verification_by_id(cx, db, out->row.verification_id, &out->v)))
        return e;
    if (!str_eq(out->v.state, STR("pending")) || out->v.expires_at_ms <= cx->now_ms)
        return ERR_NOT_FOUND;
    return service_by_id(cx, db, out->row.service_id, &out->s);
}

enum err fallback_take(struct ctx *cx, struct db *db, int64_t outbox_id, struct str why,
                       struct str *out_channel)
{
    struct str list, channel, target = STR_NONE;
    bool behind = false;
    struct code c;
    enum err e;

    *out_channel = STR_NONE;
    if ((e = load(cx, db, outbox_id, &c)))
        return e == ERR_NOT_FOUND ? OK : e;
    list = c.s.fallback;
    while (next_word(&list, &channel)) {
        if (behind && (e = can_go(cx, db, &c, channel, &target)))
            return e;
        if (behind && target.n)
            break;
        behind |= str_eq(channel, c.row.channel);
    }
    if (!target.n)
        return OK;
    if ((e = go(cx, db, &c, channel, target, why)))
        return e == ERR_BLOCKED ? OK : e; /* a long text, near the end of the day's money */
    *out_channel = channel;
    return OK;
}

enum err fallback_where(struct ctx *cx, struct db *db, int64_t verification_id,
                        struct str *out_channel, struct str *out_target)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_VERIFICATION_WHERE, DB_ARGS(db_int(verification_id)), &r);

    *out_channel = *out_target = STR_NONE;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    *out_channel = db_col_text(&r, 0);
    *out_target = db_col_text(&r, 1);
    return OK;
}
