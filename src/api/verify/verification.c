/*
 * verification.c: codes sent and checked. The rules are core's (verification_start, factor_check);
 * here are the dialect's names, its payments (PSD2) and what each refusal is called.
 */
#include "core/verification.h"
#include "api/verify/errors.h"
#include "api/verify/handlers.h"
#include "api/verify/settings.h"
#include "core/attempt.h"
#include "core/identity.h"
#include "core/limit.h"
#include "core/phone.h"
#include "core/test_number.h"
#include "http/addr.h"

#include <string.h>

static const struct channel {
    struct str wire, core, attempt; /* attempt: as send_code_attempts spells it */
} channels[] = {
    {STR("sms"),      STR("sms"),      STR("SMS")     },
    {STR("call"),     STR("voice"),    STR("CALL")    },
    {STR("email"),    STR("email"),    STR("EMAIL")   },
    {STR("whatsapp"), STR("whatsapp"), STR("whatsapp")},
};

static const struct channel *channel_of_core(struct str name)
{
    EACH_ROW (c, channels) {
        if (str_eq(c->core, name))
            return c;
    }
    return &channels[0];
}

/* ---- replies ---- */

static struct str status_of(const struct verification *v)
{
    return str_eq(v->state, STR("max_attempts")) ? STR("max_attempts_reached") : v->state;
}

static json_t *attempts_json(const struct attempt *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "time",
                                               js_time(list[i].created_at_ms), "channel",
                                               js_str(channel_of_core(list[i].channel)->attempt),
                                               "attempt_sid", js_str(list[i].sid)));
    return array;
}

/* What the number says about itself, for services with lookups. */
static json_t *lookup_json(struct ctx *cx, const struct verification *v, bool enabled)
{
    struct phone phone;
    bool mobile, fixed;

    if (!enabled || str_eq(v->channel, STR("email")) ||
        phone_parse(cx, STR_NONE, v->target, &phone))
        return json_object();
    mobile = phone.type == PHONE_MOBILE || phone.type == PHONE_FIXED_OR_MOBILE;
    fixed = phone.type == PHONE_FIXED;
    return json_pack("{s:{s:n, s:o, s:n, s:n, s:n}}", "carrier", "mobile_country_code", "type",
                     mobile  ? json_string("mobile")
                     : fixed ? json_string("landline")
                             : json_null(),
                     "error_code", "mobile_network_code", "name");
}

/* What a verification and its check have in common. */
static json_t *common_json(struct ctx *cx, struct request *rq, const struct service *s,
                           const struct verification *v)
{
    json_t *o = json_pack("{s:o}", "sid", js_str(v->sid));

    js_owner(cx, rq, o, s);
    json_object_set_new(o, "to", js_str(v->target));
    json_object_set_new(o, "channel", js_str(channel_of_core(v->channel)->wire));
    json_object_set_new(o, "status", js_str(status_of(v)));
    json_object_set_new(o, "valid", json_boolean(str_eq(v->state, STR("approved"))));
    json_object_set_new(o, "amount", js_text(v->amount));
    json_object_set_new(o, "payee", js_text(v->payee));
    json_object_set_new(o, "date_created", js_time(v->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(v->updated_at_ms));
    return o;
}

static enum err reply_verification(struct ctx *cx, struct request *rq, struct response *rs,
                                   int status, const struct service *s,
                                   const struct verification *v)
{
    struct attempt *list;
    json_t *settings, *o;
    size_t count;
    enum err e;

    if ((e = attempt_of(cx, rq->db, v->id, &list, &count)) ||
        (e = settings_load(cx, rq->db, s->id, &settings)))
        return e;
    o = common_json(cx, rq, s, v);
    json_object_set_new(o, "lookup", lookup_json(cx, v, settings_flag(settings, "lookup_enabled")));
    json_decref(settings);
    json_object_set_new(o, "send_code_attempts", attempts_json(list, count));
    json_object_set_new(o, "sna", json_null());
    json_object_set_new(
        o, "url",
        js_url(cx, rq->db, "/Services/%.*s/Verifications/%.*s", STR_ARG(s->sid), STR_ARG(v->sid)));
    return reply_json(cx, rs, status, o);
}

/* ---- start ---- */

struct start_form {
    struct str to, channel, friendly_name, message, digits, locale, custom_code, amount, payee,
        app_hash, template_sid, device_ip;
};

enum { TEXT_SMALL = 255, ADDR_TEXT_MAX = 45 };
static const struct wish start_wishes[] = {
    {"To",                 offsetof(struct start_form, to),            WISH_TEXT, true,  1,  IDENTITY_EMAIL_MAX},
    {"Channel",            offsetof(struct start_form, channel),       WISH_TEXT, true,  1,  16                },
    {"CustomFriendlyName", offsetof(struct start_form, friendly_name), WISH_TEXT, false, 1,  30                },
    {"CustomMessage",      offsetof(struct start_form, message),       WISH_TEXT, false, 0,  0                 },
    {"SendDigits",         offsetof(struct start_form, digits),        WISH_TEXT, false, 0,  32                },
    {"Locale",             offsetof(struct start_form, locale),        WISH_TEXT, false, 1,  16                },
    {"CustomCode",         offsetof(struct start_form, custom_code),   WISH_TEXT, false, 4,  10                },
    {"Amount",             offsetof(struct start_form, amount),        WISH_TEXT, false, 1,  TEXT_SMALL        },
    {"Payee",              offsetof(struct start_form, payee),         WISH_TEXT, false, 1,  TEXT_SMALL        },
    {"AppHash",            offsetof(struct start_form, app_hash),      WISH_TEXT, false, 11, 11                },
    {"TemplateSid",        offsetof(struct start_form, template_sid),  WISH_TEXT, false, 34, 34                },
    {"DeviceIp",           offsetof(struct start_form, device_ip),     WISH_TEXT, false, 2,  45                },
};

/* ---- parameters of a start that are JSON, or that little depends on ---- */

/* An object whose members are texts: at most `max`, of at most max_chars characters each. */
static bool texts_ok(struct str text, size_t max, size_t max_chars)
{
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL), *value;
    bool ok = json_is_object(json) && json_object_size(json) <= max;
    const char *key;

    json_object_foreach(json, key, value)
    {
        ok = ok && json_is_string(value) && str_utf8_count(str_from(key)) <= max_chars &&
             str_utf8_count(str_from(json_string_value(value))) <= max_chars;
    }
    json_decref(json);
    return ok;
}

static bool tags_ok(struct str text)
{
    return texts_ok(text, 10, 128);
}

static bool substitutions_ok(struct str text)
{
    return texts_ok(text, 50, 256);
}

/* How a provider of mail would be spoken to; ours takes its words from the program. */
static bool configuration_ok(struct str text)
{
    static const char *const names[] = {"from_name", "template_id"};
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    json_t *from = json_object_get(json, "from"), *filled = json_object_get(json, "substitutions");
    bool ok =
        json_is_object(json) && (!filled || json_is_object(filled)) &&
        (!from || (json_is_string(from) && identity_email_ok(str_from(json_string_value(from)))));

    EACH_ROW (name, names)
        ok = ok && (!json_object_get(json, *name) || json_is_string(json_object_get(json, *name)));
    json_decref(json);
    return ok;
}

static bool risk_ok(struct str text)
{
    return str_eq(text, STR("enable")) || str_eq(text, STR("disable"));
}

static bool flag_ok(struct str text)
{
    return str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("false"));
}

/* Keys that are dialled once the call is answered, and pauses between them. */
static bool keys_ok(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (str_find(STR("0123456789wW#*"), text.p[i]) == STR_NPOS)
            return false;
    }
    return true;
}

static enum err side_parameters(struct ctx *cx, struct request *rq, const struct input *in)
{
    static const struct {
        const char *name;
        bool (*ok)(struct str text);
    } rows[] = {
        {"Tags",                        tags_ok         },
        {"TemplateCustomSubstitutions", substitutions_ok},
        {"ChannelConfiguration",        configuration_ok},
        {"RiskCheck",                   risk_ok         },
        {"EnableSnaClientToken",        flag_ok         },
        {"SendDigits",                  keys_ok         },
    };

    EACH_ROW (row, rows) {
        struct str text = input_get(in, str_from(row->name));

        if (text.n && !row->ok(text))
            return input_bad(cx, rq, 60200, row->name);
    }
    return OK;
}

/* Whether this installation has somebody who carries it. */
static enum err carried(struct ctx *cx, struct request *rq, const struct service *s,
                        const struct channel *c)
{
    const struct core *core = core_of(rq->db);

    if (s->test_mode) /* nothing is sent */
        return OK;
    if (core->cannot.email && str_eq(c->core, STR("email")))
        return call_refuse(cx, rq, 60217, "The email channel is not set up");
    if (core->cannot.whatsapp && str_eq(c->core, STR("whatsapp")))
        return call_refuse(cx, rq, 68008, "The WhatsApp channel is not set up");
    if ((core->cannot.sms && str_eq(c->core, STR("sms"))) ||
        (core->cannot.voice && str_eq(c->core, STR("voice"))))
        return call_refuse(cx, rq, 60223, "Delivery channel disabled: %.*s", STR_ARG(c->attempt));
    return OK;
}

/* The user's address, if the application says it: its own says nothing about who causes messages.
 */
static struct str client_of(const struct input *in)
{
    struct str ip = input_get(in, STR("DeviceIp"));

    return ip.n <= ADDR_TEXT_MAX && !str_has_control(ip) ? ip : STR_NONE;
}

/* Channel and destination: *out_channel is ours, *out_target normalised. */
static enum err destination(struct ctx *cx, struct request *rq, const struct service *s,
                            const struct start_form *f, const json_t *settings,
                            const struct channel **out_channel)
{
    const struct channel *found = NULL;
    struct phone phone;
    enum err e;

    if (str_eq(f->channel, STR("sna"))) /* no mobile network is ours to ask */
        return call_refuse(cx, rq, 60223, "Delivery channel disabled: SNA");
    EACH_ROW (c, channels) {
        if (str_eq(c->wire, f->channel))
            found = c;
    }
    if (!found)
        return input_bad(cx, rq, 60200, "Channel");
    *out_channel = found;
    if ((e = carried(cx, rq, s, found)))
        return e;
    if (str_eq(found->core, STR("email")))
        return identity_email_ok(f->to) ? OK : input_bad(cx, rq, 60200, "To");
    if (phone_parse(cx, STR_NONE, f->to, &phone) != PHONE_OK || !str_eq(phone.e164, f->to))
        return input_bad(cx, rq, 60200, "To");
    if (phone_refuse_reason(&phone).n)
        return call_refuse(cx, rq, 60605, "Verifications to this destination are blocked");
    if (str_eq(found->core, STR("sms")) && phone.type == PHONE_FIXED &&
        settings_flag(settings, "skip_sms_to_landlines"))
        return call_refuse(cx, rq, 60205, "SMS is not supported by landline phone number");
    if (str_eq(found->core, STR("voice")) && settings_flag(settings, "psd2_enabled"))
        return call_refuse(cx, rq, 60214, "The voice channel is not available with PSD2");
    return OK;
}

static enum err start_rules(struct ctx *cx, struct request *rq, const struct service *s,
                            const struct start_form *f, const json_t *settings)
{
    bool psd2 = settings_flag(settings, "psd2_enabled");
    struct addr ip;

    if (f->device_ip.n && !addr_parse(f->device_ip, &ip))
        return input_bad(cx, rq, 60200, "DeviceIp");
    if (f->friendly_name.n && !settings_name_ok(f->friendly_name))
        return input_bad(cx, rq, 60200, "CustomFriendlyName");
    if (f->message.n)
        return call_refuse(cx, rq, 60243, "Custom messages are not allowed");
    if (f->template_sid.n && !str_eq(f->template_sid, STR(TEMPLATE_SID)))
        return call_refuse(cx, rq, 60228, "Template was not found");
    if (f->template_sid.n && !str_eq(f->channel, STR("sms")) && !str_eq(f->channel, STR("call")))
        return call_refuse(cx, rq, 60227, "The template is not for this channel");
    if (f->custom_code.n && !s->custom_code)
        return call_refuse(cx, rq, 60204, "Service does not support this feature: CustomCode");
    if (!psd2 && (f->amount.n || f->payee.n))
        return call_refuse(cx, rq, 60204, "Service does not support this feature: Psd2Enabled");
    if (psd2 && (!f->amount.n || !f->payee.n))
        return call_refuse(cx, rq, 60206, "Missing Amount or Payee: the service uses PSD2");
    if (f->app_hash.n && !str_eq(f->channel, STR("sms")))
        return call_refuse(cx, rq, 60602, "AppHash is not supported by this channel");
    return OK;
}

/* The firewall's rules in the dialect's codes. */
static enum err refuse_blocked(struct ctx *cx, struct request *rq)
{
    static const struct {
        const char *rule;
        int code;
    } codes[] = {
        {FIREWALL_KIND,    60605},
        {FIREWALL_COUNTRY, 60605},
        {FIREWALL_PAUSED,  60410},
        {FIREWALL_PREFIX,  60410},
        {FIREWALL_ADDRESS, 20429},
        {FIREWALL_SPEND,   60728},
    };

    EACH_ROW (row, codes) {
        if (row->rule == cx->rule)
            return call_refuse(cx, rq, row->code, "%s", api_error_find(row->code)->text);
    }
    return ERR_BLOCKED;
}

/* Why core would not send: five sends of one code, or one of its own budgets. */
static enum err refuse_start(struct ctx *cx, struct request *rq, const struct verification_in *in,
                             enum err e)
{
    struct verification v;

    if (e == ERR_INVALID)
        return input_bad(cx, rq, 60200, in->custom_code.n ? "CustomCode" : "To");
    if (e == ERR_BLOCKED)
        return refuse_blocked(cx, rq);
    if (e != ERR_LIMITED)
        return e;
    if (verification_live(cx, rq->db, in->service_id,
                          verification_target(cx, in->channel, in->target), &v) == OK &&
        v.send_count >= VERIFICATION_SENDS_MAX)
        return call_refuse(cx, rq, 60203, "Max send attempts reached");
    if (destination_spent(cx, rq->db, verification_target(cx, in->channel, in->target)))
        return call_refuse(cx, rq, 60626, "Max messages to this destination reached");
    return call_refuse(cx, rq, 20429, "Too many requests");
}

enum err verifications_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct start_form f = {0};
    struct verification_in start;
    const struct channel *channel = NULL;
    struct verification v;
    json_t *settings;
    struct service s;
    struct input in;
    struct str kind;
    bool warn, says_at_once;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, start_wishes, COUNT_OF(start_wishes), 60200, &f)) ||
        (e = side_parameters(cx, rq, &in)) || (e = settings_load(cx, rq->db, s.id, &settings)))
        return e;
    kind = str_find(f.to, '@') >= 0 ? STR("email") : STR("sms");
    if ((e = test_number_look(cx, rq->db, &s, verification_target(cx, kind, f.to))) == OK)
        e = destination(cx, rq, &s, &f, settings, &channel);
    if (e == OK)
        e = start_rules(cx, rq, &s, &f, settings);
    warn = settings_flag(settings, "do_not_share_warning_enabled");
    says_at_once = !settings_flag(settings, "dtmf_input_required");
    json_decref(settings);
    if (e || (e = rate_limits_take(cx, rq, &s, input_get(&in, STR("RateLimits")))))
        return e;
    start = (struct verification_in){
        .service_id = s.id,
        .channel = channel->core,
        .target = f.to,
        .action = STR(""),
        .custom_code = f.custom_code,
        .locale = f.locale,
        .friendly_name = f.friendly_name,
        .amount = f.amount,
        .payee = f.payee,
        .app_hash = f.app_hash,
        .warn = warn,
        .says_at_once = says_at_once,
        .from = call_origin(rq),
        .client = client_of(&in),
    };
    if (f.device_ip.n) /* the end user's, as the application says */
        start.from.addr = f.device_ip;
    if ((e = verification_start(cx, rq->db, &start, &v)))
        return refuse_start(cx, rq, &start, e);
    return reply_verification(cx, rq, rs, 201, &s, &v);
}

/* ---- fetch and update ---- */

/* {Sid} is a SID, or the destination. Over, unless its ten minutes still run. */
static enum err find(struct ctx *cx, struct request *rq, const struct service *s,
                     struct verification *out)
{
    struct str sid = request_param(rq, STR("Sid"));
    struct verification v;
    enum err e;

    if (input_is_sid(sid, "VE"))
        e = verification_by_sid(cx, rq->db, s->id, sid, &v);
    else
        e = verification_live(
            cx, rq->db, s->id,
            verification_target(cx, str_find(sid, '@') >= 0 ? STR("email") : STR("sms"), sid), &v);
    if (e == ERR_NOT_FOUND ||
        (e == OK && (v.expires_at_ms <= cx->now_ms || str_eq(v.state, STR("approved")))))
        return call_not_found(cx, rq);
    if (e == OK)
        *out = v;
    return e;
}

/* As documented for the original, whose 250 a day no verification lives long enough for. */
static enum err count_fetch(struct ctx *cx, struct request *rq, const struct verification *v)
{
    static const struct limit_rule rules[] = {
        {"verify.fetch.minute", 60,  60  },
        {"verify.fetch.hour",   180, 3600},
    };
    enum err e;

    EACH_ROW (rule, rules) {
        if ((e = call_budget(cx, rq, rule, v->sid)))
            return e;
    }
    return OK;
}

enum err verifications_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct verification v;
    struct service s;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = find(cx, rq, &s, &v)) ||
        (e = count_fetch(cx, rq, &v)))
        return e;
    return reply_verification(cx, rq, rs, 200, &s, &v);
}

enum err verifications_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const char *const words[] = {"canceled", "approved", NULL};
    struct origin from = call_origin(rq);
    struct verification v;
    struct service s;
    struct input in;
    struct str status;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)))
        return e;
    status = input_get(&in, STR("Status"));
    if (!input_one_of(status, words))
        return input_bad(cx, rq, 60200, "Status");
    if ((e = find(cx, rq, &s, &v)))
        return e;
    e = verification_end(cx, rq->db, &v, str_eq(status, STR("approved")), &from);
    if (e == ERR_NOT_FOUND)
        return call_not_found(cx, rq);
    if (e || (e = verification_by_id(cx, rq->db, v.id, &v)))
        return e;
    return reply_verification(cx, rq, rs, 200, &s, &v);
}

/* ---- check ---- */

struct check_form {
    struct str code, to, sid, amount, payee;
};
static const struct wish check_wishes[] = {
    {"Code",            offsetof(struct check_form, code),   WISH_TEXT, true,  4,  10                },
    {"To",              offsetof(struct check_form, to),     WISH_TEXT, false, 1,  IDENTITY_EMAIL_MAX},
    {"VerificationSid", offsetof(struct check_form, sid),    WISH_TEXT, false, 34, 34                },
    {"Amount",          offsetof(struct check_form, amount), WISH_TEXT, false, 1,  TEXT_SMALL        },
    {"Payee",           offsetof(struct check_form, payee),  WISH_TEXT, false, 1,  TEXT_SMALL        },
};

static enum err check_target(struct ctx *cx, struct request *rq, const struct service *s,
                             const struct check_form *f, struct verification *out)
{
    struct str channel = str_find(f->to, '@') >= 0 ? STR("email") : STR("sms");
    struct str to = verification_target(cx, channel, f->to);
    enum err e;

    if (f->sid.n)
        e = verification_by_sid(cx, rq->db, s->id, f->sid, out);
    else
        e = verification_live(cx, rq->db, s->id, to, out);
    if (e == OK && f->to.n && !str_eq(out->target, to)) /* one's own code for another's number */
        e = ERR_NOT_FOUND;
    return e == ERR_NOT_FOUND ? call_not_found(cx, rq) : e;
}

/* The payment must be the one that the code was sent for. A wrong one says nothing about the code.
 */
static enum err same_payment(struct ctx *cx, struct request *rq, const struct verification *v,
                             const struct check_form *f)
{
    if (!v->amount.n && !v->payee.n)
        return OK;
    if (!f->amount.n || !f->payee.n)
        return call_refuse(cx, rq, 60206, "Missing Amount or Payee: the service uses PSD2");
    if (!str_eq(v->amount, f->amount) || !str_eq(v->payee, f->payee))
        return input_bad(cx, rq, 60200, str_eq(v->amount, f->amount) ? "Payee" : "Amount");
    return OK;
}

static enum err reply_check(struct ctx *cx, struct request *rq, struct response *rs,
                            const struct service *s, struct verification *v)
{
    json_t *o;

    if (str_eq(v->state, STR("max_attempts"))) /* told at the next check; this one was the fifth */
        v->state = STR("pending");
    o = common_json(cx, rq, s, v);
    json_object_set_new(o, "sna_attempts_error_codes", json_array());
    return reply_json(cx, rs, 200, o);
}

enum err verifications_check(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = call_origin(rq);
    struct check_form f = {0};
    struct check_out out;
    struct verification v;
    struct service s;
    struct input in;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)))
        return e;
    if (!input_get(&in, STR("To")).n && !input_get(&in, STR("VerificationSid")).n)
        return call_refuse(cx, rq, 60221, "Specify either 'VerificationSid' or 'To'");
    if ((e = input_bind(cx, rq, &in, check_wishes, COUNT_OF(check_wishes), 60200, &f)) ||
        (e = check_target(cx, rq, &s, &f, &v)) || (e = same_payment(cx, rq, &v, &f)) ||
        (e = verification_check(cx, rq->db, &v, f.code, &from, &out)))
        return e;
    switch (out.outcome) {
    case CHECK_RIGHT:
    case CHECK_WRONG:
    case CHECK_USED:
        break;
    case CHECK_EXPIRED:
        return call_not_found(cx, rq);
    case CHECK_PAUSED:
    case CHECK_OFF:
    case CHECK_ASKED: /* portal accounts' only */
    case CHECK_ENDED:
        cx->retry_after_s = out.retry_after_s;
        return call_refuse(cx, rq, 60202, "Max check attempts reached");
    }
    e = verification_by_id(cx, rq->db, v.id, &v);
    return e ? e : reply_check(cx, rq, rs, &s, &v);
}
