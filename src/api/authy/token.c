/*
 * token.c: codes of a user: sent by text message, call or e-mail, and the one check for them and
 * for codes of authenticator apps.
 */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "core/device.h"
#include "core/soft_token.h"
#include "core/usage.h"
#include "core/verification.h"

enum { ACTION_MAX = 255, ACTION_TEXT_MAX_CHARS = 255, LOCALE_MAX = 20 };

struct sending { /* what differs between a text message and a call */
    const char *channel;
    const char *sent, *ignored;
    enum usage usage;
};

static const struct sending by_sms = {
    "sms", "SMS token was sent",
    "Ignored: SMS is not needed for smartphones. Pass force=true if you want to actually send it "
    "anyway.",
    USAGE_SMS};
static const struct sending by_call = {"voice", "Call started...",
                                       "Call ignored. User is using  App Tokens and this call is "
                                       "not necessary. Pass force=true if you "
                                       "still want to call users that are using the App.",
                                       USAGE_CALLS};

static enum err send_code(struct ctx *cx, struct request *rq, const struct identity *i,
                          const char *channel, struct str target, struct verification *out)
{
    const struct args *a = visitor_of(rq)->args;
    struct str action = arg_text(a, "action"), locale = arg_text(a, "locale");
    struct str about = arg_text(a, "action_message");

    if (action.n > ACTION_MAX || str_has_control(action))
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: action - at most 255 characters"));
    if (str_utf8_count(about) > ACTION_TEXT_MAX_CHARS)
        return authy_refuse_saying(
            cx, rq, AUTHY_PARAMETER,
            STR("Invalid parameter: action_message - at most 255 characters"));
    return verification_start(cx, rq->db,
                              &(struct verification_in){
                                  .service_id = i->service_id,
                                  .identity_id = i->id,
                                  .channel = str_from(channel),
                                  .target = target,
                                  .action = action.n ? action : STR(""),
                                  .about = about,
                                  .locale = locale.n <= LOCALE_MAX ? locale : STR_NONE,
                                  .from = authy_origin(rq),
                                  .client = authy_client(rq),
                              },
                              out);
}

/* A code that was not sent. What has used up a budget is told, so it is no error to the store. */
static enum err answer_unsent(struct ctx *cx, struct request *rq, struct response *rs,
                              const struct identity *i, bool call, enum err e)
{
    if (e == ERR_INVALID)
        return rq->problems ? e : authy_refuse(cx, rq, AUTHY_PHONE);
    if (e == ERR_BLOCKED)
        return authy_blocked(cx, rq, call);
    if (e != ERR_LIMITED)
        return authy_pass(cx, rq, e);
    e = authy_tell(cx, rq, EVENT_TOO_MANY_SENDS, i);
    return e ? e : authy_answer_error(cx, rq, rs, AUTHY_LIMITED);
}

/* 200 all the same: a client reads `ignored`. */
static enum err answer_ignored(struct ctx *cx, struct request *rq, struct response *rs,
                               const struct identity *i, const struct sending *how,
                               const struct device *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "message", json_string(how->ignored));
    json_object_set_new(o, "cellphone", text_json(phone_masked(cx, i)));
    json_object_set_new(o, "device", text_json(device_os(d)));
    json_object_set_new(o, "ignored", json_true());
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

static enum err send_to_phone(struct ctx *cx, struct request *rq, struct response *rs,
                              const struct sending *how)
{
    const struct visitor *v = visitor_of(rq);
    struct verification sent;
    struct device *list;
    struct identity i;
    size_t count;
    json_t *o;
    enum err e;

    if ((e = authy_user(cx, rq, &i)) || (e = device_list(cx, rq->db, i.id, &list, &count)))
        return e;
    if (i.disabled)
        return authy_refuse(cx, rq, AUTHY_SUSPENDED);
    if (count > 0 && !arg_true(v->args, "force", false))
        return answer_ignored(cx, rq, rs, &i, how, &list[0]);
    if (how == &by_sms && phone_is_landline(cx, i.phone))
        return authy_refuse(cx, rq, AUTHY_LANDLINE);
    if ((e = send_code(cx, rq, &i, how->channel, i.phone, &sent)))
        return answer_unsent(cx, rq, rs, &i, how == &by_call, e);
    if ((e = usage_add(cx, rq->db, v->service.id, how->usage)) ||
        (e = authy_tell(cx, rq, EVENT_TOKEN_SENT, &i)))
        return e;
    o = json_object();
    json_object_set_new(o, "success", json_true()); /* before the word "sent": authy-ssh */
    json_object_set_new(o, "message", json_string(how->sent));
    json_object_set_new(o, "cellphone", text_json(phone_masked(cx, &i)));
    return authy_answer(cx, rq, rs, o);
}

enum err token_sms(struct ctx *cx, struct request *rq, struct response *rs)
{
    return send_to_phone(cx, rq, rs, &by_sms);
}

enum err token_call(struct ctx *cx, struct request *rq, struct response *rs)
{
    return send_to_phone(cx, rq, rs, &by_call);
}

enum err token_email(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct verification sent;
    struct identity i;
    json_t *o;
    enum err e;

    if ((e = authy_user(cx, rq, &i)))
        return e;
    if (i.disabled)
        return authy_refuse(cx, rq, AUTHY_SUSPENDED);
    if (i.email.n == 0)
        return authy_refuse(cx, rq, AUTHY_EMAIL);
    if ((e = send_code(cx, rq, &i, "email", i.email, &sent)))
        return answer_unsent(cx, rq, rs, &i, false, e);
    if ((e = authy_tell(cx, rq, EVENT_TOKEN_SENT, &i)))
        return e;
    o = json_object();
    json_object_set_new(o, "success", json_true());
    json_object_set_new(o, "message", json_string("Email token was sent"));
    json_object_set_new(o, "email", text_json(i.email));
    json_object_set_new(
        o, "email_id",
        text_json(arena_printf(cx->mem, "EM%.*s", STR_ARG(str_sub(sent.sid, 2, sent.sid.n)))));
    return authy_answer(cx, rq, rs, o);
}

/* ---- the check ---- */

/* What proved it: a sent code, a paired device's soft token, or another app. The keys that we know
 * nothing of are null. */
static enum err proof_json(struct ctx *cx, struct db *db, const struct identity *i,
                           const struct check_out *check, json_t **out)
{
    static const char *const unknown[] = {"registration_method",
                                          "registration_country",
                                          "registration_region",
                                          "registration_city",
                                          "country",
                                          "region",
                                          "city",
                                          "ip",
                                          "last_account_recovery_at",
                                          "last_sync_date"};
    struct str os = check->factor_id ? STR("generic") : STR("sms");
    int64_t since_ms = i->created_at_ms;
    json_t *o, *id = json_null();
    struct device d;
    enum err e = check->factor_id ? soft_token_device(cx, db, check->factor_id, &d) : ERR_NOT_FOUND;

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (!e) {
        id = json_integer(sid_number(d.sid));
        os = device_os(&d);
        since_ms = d.created_at_ms;
    }
    o = json_object();
    json_object_set_new(o, "id", id);
    json_object_set_new(o, "os_type", text_json(os));
    json_object_set_new(o, "registration_date", json_integer(since_ms / MS_PER_S));
    EACH_ROW (key, unknown)
        json_object_set_new(o, *key, json_null());
    *out = o;
    return OK;
}

static enum err answer_right(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct identity *i, const struct check_out *check)
{
    json_t *o, *proof;
    enum err e;

    if ((e = usage_add(cx, rq->db, i->service_id, USAGE_AUTHS)) ||
        (e = authy_tell(cx, rq, EVENT_TOKEN_RIGHT, i)) ||
        (e = proof_json(cx, rq->db, i, check, &proof)))
        return e;
    o = json_object();
    /* the order is what authy-openvpn reads, and "true" is a string here, alone of all */
    json_object_set_new(o, "message", json_string("Token is valid."));
    json_object_set_new(o, "token", json_string("is valid"));
    json_object_set_new(o, "success", json_string("true"));
    json_object_set_new(o, "device", proof);
    return authy_answer(cx, rq, rs, o);
}

static enum err answer_wrong(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct identity *i, enum event event, enum authy_error error)
{
    enum err e = authy_tell(cx, rq, event, i);

    return e ? e : authy_answer_error(cx, rq, rs, error);
}

/* Whether or not `force` is given: a token that would be taken unlooked at is no second factor. */
enum err token_verify(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct str action = arg_text(v->args, "action");
    struct origin from = authy_origin(rq);
    struct check_out check;
    struct identity i;
    enum err e;

    if ((e = authy_user(cx, rq, &i)))
        return e == ERR_NOT_FOUND ? authy_refuse(cx, rq, AUTHY_NOBODY) : e;
    if (i.disabled)
        return authy_refuse(cx, rq, AUTHY_SUSPENDED);
    if ((e = identity_check(cx, rq->db, &i, request_param(rq, STR("token")),
                            action.n ? action : STR(""), &from, &check)))
        return e;
    switch (check.outcome) {
    case CHECK_RIGHT:
        return answer_right(cx, rq, rs, &i, &check);
    case CHECK_WRONG:
    case CHECK_EXPIRED:
        return answer_wrong(cx, rq, rs, &i, EVENT_TOKEN_WRONG, AUTHY_TOKEN);
    case CHECK_USED:
        return answer_wrong(cx, rq, rs, &i, EVENT_TOKEN_WRONG, AUTHY_TOKEN_USED);
    case CHECK_PAUSED:
    case CHECK_ASKED: /* portal accounts' only */
    case CHECK_ENDED:
        cx->retry_after_s = check.retry_after_s;
        return answer_wrong(cx, rq, rs, &i, EVENT_TOO_MANY_CHECKS, AUTHY_LIMITED);
    case CHECK_OFF:
        return answer_wrong(cx, rq, rs, &i, EVENT_SUSPENDED_ACCOUNT, AUTHY_SUSPENDED);
    }
    return fail(cx, ERR_INTERNAL, "verify: no such outcome");
}
