/* number.c: a number without a user: send it a code, check it, say what is known of it. */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "core/phone.h"
#include "core/usage.h"
#include "core/verification.h"
#include "crypto/token.h"

#include <time.h>

enum { LOCALE_MAX = 20 };

/* The parameters country_code and phone_number of all four. */
static enum err bind_phone(struct ctx *cx, struct request *rq, struct str *out)
{
    const struct args *a = visitor_of(rq)->args;
    struct str cc = arg_text(a, "country_code"), number = arg_text(a, "phone_number");
    bool country;

    if (cc.n == 0)
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: country_code - Parameter is required"));
    if (number.n == 0)
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: phone_number - Parameter is required"));
    return phone_read(cx, cc, number, &cc, out, &country) ? OK : authy_refuse(cx, rq, AUTHY_PHONE);
}

static bool is_cellphone(struct ctx *cx, struct str e164)
{
    struct phone p;

    return phone_parse(cx, STR_NONE, e164, &p) == PHONE_OK &&
           (p.type == PHONE_MOBILE || p.type == PHONE_FIXED_OR_MOBILE);
}

static struct str start_message(struct ctx *cx, bool call, struct str e164)
{
    struct str shown = phone_dashed(cx, e164);

    return call ? arena_printf(cx->mem, "Call to %.*s initiated", STR_ARG(shown))
                : arena_printf(cx->mem, "Text message sent to %.*s.", STR_ARG(shown));
}

static json_t *start_json(struct ctx *cx, const struct visitor *v, const struct verification *sent,
                          bool call)
{
    bool test = v->service.test_mode;
    int64_t left_s = (sent->expires_at_ms - cx->now_ms) / MS_PER_S;
    json_t *o = json_object();

    json_object_set_new(o, "carrier", json_string(""));
    json_object_set_new(o, "is_cellphone", json_boolean(is_cellphone(cx, sent->target)));
    json_object_set_new(o, "message", text_json(start_message(cx, call, sent->target)));
    json_object_set_new(o, "seconds_to_expire", json_integer(test ? 0 : left_s));
    json_object_set_new(o, "uuid", test ? json_null() : text_json(sid_uuid(cx, sent->sid)));
    json_object_set_new(o, "success", json_true());
    return o;
}

enum err number_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct str via = arg_text(v->args, "via"), locale = arg_text(v->args, "locale"), target;
    struct str custom = arg_text(v->args, "custom_code");
    bool call = str_eq(via, STR("call"));
    struct verification sent;
    int64_t digits;
    enum err e;

    if ((e = bind_phone(cx, rq, &target)))
        return e;
    if (via.n && !call && !str_eq(via, STR("sms")))
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: via - must be sms or call"));
    if (!arg_number(v->args, "code_length", CODE_DIGITS_MIN, CODE_DIGITS_MAX, 0, &digits))
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: code_length - must be from 4 to 10"));
    if (!call && phone_is_landline(cx, target)) {
        e = authy_tell_number(cx, rq, EVENT_PHONE_FAILED, target, via);
        return e ? e : authy_answer_error(cx, rq, rs, AUTHY_LANDLINE);
    }
    if (arg_text(v->args, "custom_message").n) {
        e = authy_tell_number(cx, rq, EVENT_CUSTOM_MESSAGE_NOT_ALLOWED, target, via);
        return e ? e : authy_answer_error(cx, rq, rs, AUTHY_NO_CUSTOM_TEXT);
    }
    e = verification_start(cx, rq->db,
                           &(struct verification_in){
                               .service_id = v->service.id,
                               .channel = call ? STR("voice") : STR("sms"),
                               .target = target,
                               .action = STR(""),
                               .custom_code = custom,
                               .locale = locale.n <= LOCALE_MAX ? locale : STR_NONE,
                               .digits = (uint8_t)digits,
                               .from = authy_origin(rq),
                               .client = authy_client(rq),
                           },
                           &sent);
    if (e == ERR_BLOCKED)
        return authy_blocked(cx, rq, call);
    if (e == ERR_DENIED)
        return authy_refuse(cx, rq, AUTHY_NO_CUSTOM_CODE);
    if (e == ERR_INVALID && !custom.n) {
        e = authy_tell_number(cx, rq, EVENT_PHONE_FAILED, target, via);
        return e ? e : authy_answer_error(cx, rq, rs, AUTHY_PHONE);
    }
    if (e == ERR_INVALID)
        return authy_refuse(cx, rq, AUTHY_PARAMETER);
    if (e == ERR_LIMITED) {
        e = authy_tell_number(cx, rq, EVENT_TOO_MANY_SENDS, target, via);
        return e ? e : authy_answer_error(cx, rq, rs, AUTHY_LIMITED);
    }
    if (e || (e = usage_add(cx, rq->db, v->service.id, call ? USAGE_CALLS : USAGE_SMS)) ||
        (e = authy_tell_number(cx, rq, EVENT_PHONE_STARTED, target, via)))
        return authy_pass(cx, rq, e);
    return authy_answer(cx, rq, rs, start_json(cx, v, &sent, call));
}

static struct str none_pending(struct ctx *cx, struct str e164)
{
    return arena_printf(cx->mem, "No pending verifications for %.*s found.",
                        STR_ARG(phone_dashed(cx, e164)));
}

/* What a check that was not right is answered, once the webhooks are told. */
static enum err answer_unproved(struct ctx *cx, struct request *rq, struct response *rs,
                                struct str target, enum event event, enum authy_error error)
{
    enum err e = authy_tell_number(cx, rq, event, target, STR_NONE);

    if (e)
        return e;
    if (error == AUTHY_NONE_PENDING)
        return authy_answer_error_saying(cx, rq, rs, error, none_pending(cx, target));
    return authy_answer_error(cx, rq, rs, error);
}

static enum err answer_proved(struct ctx *cx, struct request *rq, struct response *rs,
                              struct str target)
{
    enum err e = authy_tell_number(cx, rq, EVENT_PHONE_CODE_RIGHT, target, STR_NONE);
    json_t *o;

    if (e)
        return e;
    o = json_object();
    json_object_set_new(o, "message", json_string("Verification code is correct."));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* In test mode four zeros are right, or more, however many digits a code has: the sandbox knew
 * 0000 alone. */
static struct str code_of(const struct visitor *v, const struct verification *live)
{
    static const char zeros[] = "0000000000";
    enum { LEAST = 4 };
    struct str code = arg_text(v->args, "verification_code");

    if (!v->service.test_mode || code.n < LEAST || code.n >= sizeof(zeros) ||
        !str_starts((struct str){zeros, sizeof(zeros) - 1}, code))
        return code;
    return (struct str){zeros, live->digits};
}

enum err number_check(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct origin from = authy_origin(rq);
    struct verification live;
    struct check_out check;
    struct str target;
    enum err e;

    if ((e = bind_phone(cx, rq, &target)))
        return e;
    e = verification_live(cx, rq->db, v->service.id, target, &live);
    if (e == ERR_NOT_FOUND)
        return answer_unproved(cx, rq, rs, target, EVENT_PHONE_NOT_FOUND, AUTHY_NONE_PENDING);
    if (e || (e = verification_check(cx, rq->db, &live, code_of(v, &live), &from, &check)))
        return e;
    switch (check.outcome) {
    case CHECK_RIGHT:
        return answer_proved(cx, rq, rs, target);
    case CHECK_WRONG:
    case CHECK_USED:
        return answer_unproved(cx, rq, rs, target, EVENT_PHONE_CODE_WRONG, AUTHY_CODE);
    case CHECK_EXPIRED:
    case CHECK_OFF:
        return answer_unproved(cx, rq, rs, target, EVENT_PHONE_NOT_FOUND, AUTHY_NONE_PENDING);
    case CHECK_PAUSED:
    case CHECK_ASKED: /* portal accounts' only */
    case CHECK_ENDED:
        cx->retry_after_s = check.retry_after_s;
        return answer_unproved(cx, rq, rs, target, EVENT_TOO_MANY_CHECKS, AUTHY_LIMITED);
    }
    return fail(cx, ERR_INTERNAL, "check: no such outcome");
}

enum err number_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    enum { UUID_LEN = 36 };
    const struct visitor *v = visitor_of(rq);
    struct str uuid = arg_text(v->args, "uuid"), target = STR_NONE, state;
    struct verification live;
    json_t *o;
    enum err e;

    if (uuid.n == UUID_LEN)
        e = verification_by_sid(cx, rq->db, v->service.id, sid_from_uuid(cx, "VE", uuid), &live);
    else if (!(e = bind_phone(cx, rq, &target)))
        e = verification_live(cx, rq->db, v->service.id, target, &live);
    else
        return e;
    if (e == ERR_NOT_FOUND)
        return target.n ? authy_refuse_saying(cx, rq, AUTHY_NONE_PENDING, none_pending(cx, target))
                        : authy_refuse(cx, rq, AUTHY_NONE_PENDING);
    if (e)
        return e;
    state = str_eq(live.state, STR("pending")) && live.expires_at_ms <= cx->now_ms ? STR("expired")
                                                                                   : live.state;
    o = json_object();
    json_object_set_new(o, "message", json_string("Phone Verification status."));
    json_object_set_new(o, "status", text_json(state));
    json_object_set_new(
        o, "seconds_to_expire",
        json_integer(MAX_OF((live.expires_at_ms - cx->now_ms) / MS_PER_S, (int64_t)0)));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* ---- what is known of a number ---- */

static const char *line_type(enum phone_type t)
{
    switch (t) {
    case PHONE_FIXED:
    case PHONE_UAN:
        return "landline";
    case PHONE_MOBILE:
    case PHONE_FIXED_OR_MOBILE:
    case PHONE_PAGER:
        return "cellphone";
    case PHONE_VOIP:
        return "voip";
    case PHONE_UNKNOWN:
    case PHONE_TOLL_FREE:
    case PHONE_PREMIUM:
    case PHONE_SHARED_COST:
    case PHONE_PERSONAL:
    case PHONE_VOICEMAIL:
    case PHONE_TYPES:
        break;
    }
    return "unknown";
}

/* From the numbering plans alone: no carrier is asked, so provider and porting are not known. */
enum err number_info(struct ctx *cx, struct request *rq, struct response *rs)
{
    time_t now_s = (time_t)(cx->now_ms / MS_PER_S);
    struct str e164, message;
    struct phone p;
    struct tm tm;
    json_t *o;
    enum err e;

    if ((e = bind_phone(cx, rq, &e164)))
        return e;
    if (phone_parse(cx, STR_NONE, e164, &p) != PHONE_OK || !gmtime_r(&now_s, &tm))
        return authy_refuse(cx, rq, AUTHY_PHONE);
    message = arena_printf(
        cx->mem, "Phone number information as of %04d-%02d-%02d %02d:%02d:%02d UTC",
        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    o = json_object();
    json_object_set_new(o, "message", text_json(message));
    json_object_set_new(
        o, "type", json_string(visitor_of(rq)->service.test_mode ? "landline" : line_type(p.type)));
    json_object_set_new(o, "provider", json_string(""));
    json_object_set_new(o, "ported", json_false());
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}
