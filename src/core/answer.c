/*
 * answer.c: the one function that answers a challenge, and what an answer does to a sign-in.
 *
 * The signed payload must agree with the stored challenge in every member before anything changes;
 * the decision is one compare-and-set; the signed bytes go into the audit record, so that anybody
 * with the device's public key can verify them later.
 */
#include "core/answer.h"
#include "base/encode.h"
#include "core/audit.h"
#include "core/callback.h"
#include "core/entity_event.h"
#include "core/outbox.h"
#include "core/people.h"
#include "core/record.h"
#include "core/remote.h"
#include "core/rows.h"
#include "crypto/token.h"

#include <jansson.h>

struct payload { /* docs/wire/device.md, "The answer" */
    struct str service, challenge, device, shown, hidden, decision, digits;
    int64_t at_s;
};

static enum err payload_parse(struct ctx *cx, struct str text, struct payload *out)
{
    const struct {
        const char *key;
        struct str *to;
    } members[] = {
        {"service",       &out->service  },
        {"challenge",     &out->challenge},
        {"device",        &out->device   },
        {"shown_digest",  &out->shown    },
        {"hidden_digest", &out->hidden   },
        {"decision",      &out->decision },
        {"digits",        &out->digits   },
    };
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    json_t *v = json_object_get(json, "v"), *at = json_object_get(json, "at");
    enum err e = OK;

    if (!json_is_object(json) || json_object_size(json) != COUNT_OF(members) + 2 ||
        json_integer_value(v) != 1 || !json_is_integer(at))
        e = fail(cx, ERR_DENIED, "the signed payload has not the members it must have");
    EACH_ROW (m, members) {
        json_t *s = json_object_get(json, m->key);

        if (e == OK && !json_is_string(s))
            e = fail(cx, ERR_DENIED, "the signed payload has no %s", m->key);
        else if (e == OK)
            *m->to = arena_str(cx->mem, (struct str){json_string_value(s), json_string_length(s)});
    }
    out->at_s = e ? 0 : json_integer_value(at);
    json_decref(json);
    return e;
}

static enum err payload_agrees(struct ctx *cx, const struct payload *p, const struct device *d,
                               const struct challenge *c)
{
    int64_t off_s = cx->now_ms / MS_PER_S - p->at_s;

    if (!str_eq(p->service, d->service_sid) || !str_eq(p->challenge, c->sid) ||
        !str_eq(p->device, d->sid))
        return fail(cx, ERR_DENIED, "the answer is about something else");
    if (!str_eq(p->shown, challenge_digest(cx, c->shown)) ||
        !str_eq(p->hidden, challenge_digest(cx, c->hidden_details)))
        return fail(cx, ERR_DENIED, "the answer is about other details");
    if (off_s > DEVICE_CLOCK_S || off_s < -DEVICE_CLOCK_S)
        return fail(cx, ERR_DENIED, "the answer was signed at another time");
    return OK;
}

static enum err answer_audit(struct ctx *cx, struct db *db, const struct device *d,
                             const struct challenge *c, const char *decision,
                             const struct challenge_answer *in, const struct origin *from)
{
    struct str call = arena_printf(cx->mem, "challenge=%.*s decision=%s by=call factor=%.*s",
                                   STR_ARG(c->sid), decision, STR_ARG(d->sid));
    const struct answer_record record = {
        .challenge = c->sid,
        .device = d->sid,
        .decision = str_from(decision),
        .approve_only = !c->needs_digits,
        .key = d->public_key,
        .payload = in->payload,
        .signature = in->signature,
    };

    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = c->service_id,
                         .identity_id = c->identity_id,
                         .actor = "person",
                         .event = "challenge_answered",
                         .from = *from,
                         .detail = challenge_is_call(c) ? call : answer_record_text(cx, &record),
                     });
}

/* "This wasn't me": no further pushes, the password is distrusted, every other address hears of it.
 */
static enum err not_me(struct ctx *cx, struct db *db, const struct challenge *c,
                       const struct origin *from)
{
    int64_t person_id;
    struct person p;
    enum err e;

    if ((e = db_exec(cx, db, Q_IDENTITY_PUSH_STOP,
                     DB_ARGS(db_int(cx->now_ms), db_int(c->identity_id)), NULL)) ||
        (e = factor_person(cx, db, c->identity_id, &person_id)) || !person_id)
        return e;
    if ((e = person_by_id(cx, db, person_id, &p)) ||
        (e = db_exec(cx, db, Q_PERSON_DISTRUST, DB_ARGS(db_int(cx->now_ms), db_int(person_id)),
                     NULL)) ||
        (e = credentials_changed(cx, db, person_id, 0, "not_me")) ||
        (e = outbox_notice(cx, db, person_id, p.email,
                           STR("A sign-in was answered with \"this wasn't me\". Whoever tried knew "
                               "your password, so it no longer works: choose a new one."),
                           0, from)) ||
        (e = reset_send(cx, db, &p)))
        return e;
    return p.phone_verified_at_ms
               ? outbox_notice_phone(cx, db, c->identity_id, p.phone,
                                     STR("A sign-in was denied. Choose a new password."), from)
               : OK;
}

enum err challenge_not_me_late(struct ctx *cx, struct db *db, const struct device *d,
                               const struct challenge *c, const struct origin *from)
{
    enum err e =
        answer_audit(cx, db, d, c, "not_me", &(struct challenge_answer){.payload = STR("")}, from);

    return e ? e : not_me(cx, db, c, from);
}

/* What the answer does to the attempt it was asked for. */
static enum err settle_login(struct ctx *cx, struct db *db, const struct challenge *c,
                             bool approved)
{
    enum err e;

    if (!c->login_id)
        return OK;
    e = db_exec(cx, db, Q_LOGIN_SET_STATE,
                DB_ARGS(db_text(approved ? STR("approved") : STR("denied")), db_int(c->login_id)),
                NULL);
    if (e == OK)
        db_notify(db, login_topic(c->login_id));
    return e;
}

enum err challenge_decide(struct ctx *cx, struct db *db, const struct device *d,
                          const struct challenge *c, enum decision decision,
                          const struct challenge_answer *in, const struct origin *from,
                          enum answer_outcome *out)
{
    static const char *const words[] = {"approved", "denied", "not_me"};
    bool approved = decision == DECISION_APPROVE;
    enum err e;

    if (approved && c->needs_digits && !in->digits_right)
        return fail(cx, ERR_DENIED, "this request needs the digits of its page");
    if (c->identity_id != d->identity_id || (c->factor_id && c->factor_id != d->factor_id))
        return fail(cx, ERR_DENIED, "the request was not put to this device");
    e = db_exec_one(
        cx, db, Q_CHALLENGE_DECIDE,
        DB_ARGS(db_text(challenge_state_name(approved ? CHALLENGE_APPROVED : CHALLENGE_DENIED)),
                db_text(approved ? STR("")
                                 : str_from(decision == DECISION_NOT_ME ? "not_me" : "person")),
                db_int(d->factor_id), db_int(cx->now_ms), db_text(in->payload),
                db_blob(in->signature), db_int(c->id)));
    if (e == ERR_CONFLICT) {
        *out = ANSWER_LATE;
        return OK;
    }
    if (e || (e = answer_audit(cx, db, d, c, words[decision], in, from)) ||
        (e = settle_login(cx, db, c, approved)) || (e = callback_answered(cx, db, c, from)) ||
        (e = entity_event_answered(cx, db, c, approved)))
        return e;
    if (approved &&
        ((e = db_exec(cx, db, Q_IDENTITY_PUSH_CLEAR, DB_ARGS(db_int(c->identity_id)), NULL)) ||
         (e = db_exec(cx, db, Q_FACTOR_RIGHT, DB_ARGS(db_int(cx->now_ms), db_int(d->factor_id)),
                      NULL))))
        return e;
    if (decision == DECISION_NOT_ME && (e = not_me(cx, db, c, from)))
        return e;
    db_notify(db, device_topic(c->identity_id)); /* the other devices drop it from their lists */
    *out = ANSWER_TAKEN;
    return OK;
}

enum err challenge_wrong_digits(struct ctx *cx, struct db *db, const struct device *d,
                                const struct challenge *c, const struct challenge_answer *in,
                                const struct origin *from, enum answer_outcome *out)
{
    enum err e =
        db_exec_one(cx, db, Q_CHALLENGE_DECIDE,
                    DB_ARGS(db_text(challenge_state_name(CHALLENGE_DENIED)),
                            db_text(STR("wrong_digits")), db_int(d->factor_id), db_int(cx->now_ms),
                            db_text(in->payload), db_blob(in->signature), db_int(c->id)));

    if (e == ERR_CONFLICT) {
        *out = ANSWER_LATE;
        return OK;
    }
    if (e || (e = answer_audit(cx, db, d, c, "wrong_digits", in, from)) ||
        (e = settle_login(cx, db, c, false)))
        return e;
    db_notify(db, device_topic(c->identity_id));
    *out = ANSWER_WRONG_DIGITS;
    return OK;
}

enum err challenge_answer(struct ctx *cx, struct db *db, const struct device *d,
                          int64_t challenge_id, const struct challenge_answer *in,
                          const struct origin *from, enum answer_outcome *out)
{
    struct challenge_answer proved = {.payload = in->payload, .signature = in->signature};
    enum decision decision;
    struct challenge c;
    struct payload p;
    struct str digits;
    enum err e;

    e = challenge_by_id(cx, db, challenge_id, &c);
    if (e == ERR_NOT_FOUND || (e == OK && (c.identity_id != d->identity_id ||
                                           (c.factor_id && c.factor_id != d->factor_id))))
        return fail(cx, ERR_NOT_FOUND, "no such request for this device");
    if (e || (e = payload_parse(cx, in->payload, &p)) || (e = payload_agrees(cx, &p, d, &c)))
        return e;
    if (str_eq(p.decision, STR("approved")))
        decision = DECISION_APPROVE;
    else if (str_eq(p.decision, STR("denied")))
        decision = DECISION_DENY;
    else if (str_eq(p.decision, STR("not_me")))
        decision = DECISION_NOT_ME;
    else
        return fail(cx, ERR_DENIED, "unknown decision");
    if (decision == DECISION_APPROVE && c.needs_digits) {
        if ((e = challenge_digits(cx, db, &c, &digits)))
            return e;
        if (!ct_equal_str(p.digits, digits))
            return challenge_wrong_digits(cx, db, d, &c, in, from, out);
        proved.digits_right = true;
    }
    return challenge_decide(cx, db, d, &c, decision, &proved, from, out);
}

/* ---- the waiting page ---- */

/* A device that is gone can answer no more, and what it approved does not count any more. */
static enum err gone_devices(struct ctx *cx, struct db *db, const struct challenge *c,
                             enum login_wait *wait)
{
    struct device *list;
    struct factor f;
    size_t count;
    enum err e;

    if (*wait == WAIT_APPROVED || (*wait == WAIT_PENDING && c->factor_id)) {
        if ((e = factor_by_id(cx, db, c->factor_id ? c->factor_id : c->answered_by, &f)))
            return e;
        if (f.status != FACTOR_ACTIVE)
            *wait = *wait == WAIT_APPROVED ? WAIT_DENIED : WAIT_EXPIRED;
    } else if (*wait == WAIT_PENDING) {
        if ((e = device_list(cx, db, c->identity_id, &list, &count)))
            return e;
        if (count == 0)
            *wait = WAIT_EXPIRED;
    }
    return OK;
}

enum err login_waiting(struct ctx *cx, struct db *db, const struct login *l, enum login_wait *out,
                       struct challenge *out_challenge)
{
    enum login_wait wait = WAIT_EXPIRED;
    struct challenge c;
    enum err e = challenge_by_login(cx, db, l->id, &c);

    if (e == ERR_NOT_FOUND) {
        *out_challenge = (struct challenge){0};
        *out = WAIT_EXPIRED;
        return OK;
    }
    if (e)
        return e;
    switch (c.state) {
    case CHALLENGE_PENDING:
        wait = WAIT_PENDING;
        break;
    case CHALLENGE_APPROVED:
        wait = str_eq(l->state, STR("approved")) ? WAIT_APPROVED : WAIT_EXPIRED;
        break;
    case CHALLENGE_DENIED:
        wait = WAIT_DENIED;
        break;
    case CHALLENGE_EXPIRED:
    case CHALLENGE_CANCELED:
    case CHALLENGE_STATES:
        break;
    }
    if ((e = gone_devices(cx, db, &c, &wait)))
        return e;
    *out_challenge = c;
    *out = wait;
    return OK;
}

enum err login_approved(struct ctx *cx, struct db *db, const struct login *l,
                        const struct origin *from, struct login_done *out)
{
    struct challenge c = {0};
    enum login_wait wait;
    struct factor f;
    bool remote;
    enum err e;

    if ((e = login_waiting(cx, db, l, &wait, &c)))
        return e;
    if (wait == WAIT_APPROVED) {
        e = factor_by_id(cx, db, c.answered_by, &f);
        return e ? e : login_complete(cx, db, l, factor_kind_amr(f.kind), from, out);
    }
    if ((e = remote_proved(cx, db, l, &remote)))
        return e;
    if (!remote)
        return fail(cx, ERR_DENIED, "the request was not approved, or its device is revoked");
    return login_complete(cx, db, l, factor_kind_amr(FACTOR_REMOTE), from, out);
}
