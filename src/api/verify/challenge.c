/*
 * challenge.c: questions put to a factor, and their answers: a device's signed payload, or a code
 * of an authenticator app. What an answer is worth core decides (challenge_decide, factor_check).
 */
#include "core/challenge.h"
#include "api/verify/handlers.h"
#include "api/verify/settings.h"
#include "core/app_challenge.h"

enum { MESSAGE_MAX_CHARS = 256, LABEL_MAX_CHARS = 36, VALUE_MAX_CHARS = 128, HIDDEN_MAX = 1024 };

/* Members of the reply that a device copies into what it signs; the order is ours. */
static const char *const signed_fields[] = {
    "sid",          "account_sid",     "service_sid", "identity",       "factor_sid",
    "date_created", "expiration_date", "details",     "hidden_details", "status",
};
static const char signed_fields_text[] = "sid,account_sid,service_sid,identity,factor_sid,"
                                         "date_created,expiration_date,details,hidden_details,"
                                         "status";

/* ---- replies ---- */

/* Whether the service wants the date of its requests inside their details. */
static enum err wants_dates(struct ctx *cx, struct request *rq, const struct service *s, bool *out)
{
    json_t *settings;
    enum err e = settings_load(cx, rq->db, s->id, &settings);

    if (e)
        return e;
    *out = settings_flag(json_object_get(settings, "push"), "include_date");
    json_decref(settings);
    return OK;
}

static json_t *challenge_json(struct ctx *cx, struct request *rq, const struct service *s,
                              const struct identity *i, const struct app_factor *f,
                              const struct challenge *c, bool dated)
{
    json_t *details =
        json_pack("{s:o, s:o}", "message", js_str(c->message), "fields", js_parsed(c->details));
    bool answered = c->state == CHALLENGE_APPROVED || c->state == CHALLENGE_DENIED;
    struct str base = arena_printf(cx->mem, "/Services/%.*s/Entities/%.*s/Challenges/%.*s",
                                   STR_ARG(s->sid), STR_ARG(i->external), STR_ARG(c->sid));
    /* what a user removed or a newer one replaced is over for the application all the same */
    struct str state =
        challenge_state_name(c->state == CHALLENGE_CANCELED ? CHALLENGE_EXPIRED : c->state);
    json_t *o = json_pack("{s:o}", "sid", js_str(c->sid));

    js_owner(cx, rq, o, s);
    json_object_set_new(o, "entity_sid", js_str(i->sid));
    json_object_set_new(o, "identity", js_str(i->external));
    json_object_set_new(o, "factor_sid", js_str(f->sid));
    json_object_set_new(o, "date_created", js_time(c->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(c->updated_at_ms));
    json_object_set_new(o, "date_responded", js_time(answered ? c->answered_at_ms : 0));
    json_object_set_new(o, "expiration_date", js_time(c->expires_at_ms));
    json_object_set_new(o, "status", js_str(state));
    json_object_set_new(o, "responded_reason", json_string("none"));
    if (dated && f->kind == FACTOR_PUSH)
        json_object_set_new(details, "date", js_time(c->created_at_ms));
    json_object_set_new(o, "details", details);
    json_object_set_new(o, "hidden_details", js_parsed(c->hidden_details));
    json_object_set_new(o, "metadata", js_parsed(c->metadata));
    json_object_set_new(o, "factor_type", json_string(f->kind == FACTOR_PUSH ? "push" : "totp"));
    json_object_set_new(o, "url", js_url(cx, rq->db, "%.*s", STR_ARG(base)));
    json_object_set_new(o, "links",
                        json_pack("{s:o}", "notifications",
                                  js_url(cx, rq->db, "%.*s/Notifications", STR_ARG(base))));
    return o;
}

static enum err reply_challenge(struct ctx *cx, struct request *rq, struct response *rs, int status,
                                const struct service *s, const struct identity *i,
                                const struct app_factor *f, const struct challenge *c)
{
    bool dated;
    enum err e = wants_dates(cx, rq, s, &dated);

    if (e)
        return e;
    if (c->state == CHALLENGE_PENDING && f->kind == FACTOR_PUSH)
        response_header(rs, "Twilio-Verify-Signature-Fields", str_from(signed_fields_text));
    return reply_json(cx, rs, status, challenge_json(cx, rq, s, i, f, c, dated));
}

/* ---- making ---- */

struct challenge_form {
    struct str factor_sid, expires, message, hidden, payload;
};
#define AT(member) offsetof(struct challenge_form, member)
static const struct wish create_wishes[] = {
    {"FactorSid",       AT(factor_sid), WISH_TEXT, true,  34, 34               },
    {"ExpirationDate",  AT(expires),    WISH_TEXT, false, 1,  40               },
    {"Details.Message", AT(message),    WISH_TEXT, false, 1,  MESSAGE_MAX_CHARS},
    {"HiddenDetails",   AT(hidden),     WISH_JSON, false, 0,  HIDDEN_MAX       },
    {"AuthPayload",     AT(payload),    WISH_TEXT, false, 1,  0                },
};

static bool detail_read(struct ctx *cx, struct str text, struct detail *out)
{
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *label = json_string_value(json_object_get(json, "label"));
    const char *value = json_string_value(json_object_get(json, "value"));
    bool ok = label && value;

    if (ok)
        *out = (struct detail){arena_str(cx->mem, str_from(label)),
                               arena_str(cx->mem, str_from(value))};
    json_decref(json);
    return ok && str_utf8_count(out->label) <= LABEL_MAX_CHARS &&
           str_utf8_count(out->value) <= VALUE_MAX_CHARS && !str_has_control(out->label) &&
           !str_has_control(out->value);
}

static enum err details_read(struct ctx *cx, struct request *rq, const struct input *in,
                             struct challenge_in *ask)
{
    struct str *texts;
    size_t n = input_all(cx, in, STR("Details.Fields"), &texts);
    struct detail *list = ARENA_ARRAY(cx->mem, struct detail, n + 1);

    if (n > CHALLENGE_DETAILS_MAX)
        return input_bad(cx, rq, 60306, "Details.Fields");
    for (size_t k = 0; k < n; k++) {
        if (!detail_read(cx, texts[k], &list[k]))
            return input_bad(cx, rq, 60306, "Details.Fields");
    }
    ask->details = list;
    ask->detail_count = n;
    return OK;
}

static enum err life_read(struct ctx *cx, struct request *rq, struct str text, int64_t *out_s)
{
    int64_t until_ms;

    *out_s = APP_CHALLENGE_LIFE_S;
    if (!text.n)
        return OK;
    if (!input_time(text, &until_ms) || until_ms <= cx->now_ms ||
        until_ms > cx->now_ms + (int64_t)APP_CHALLENGE_LIFE_MAX_S * MS_PER_S)
        return input_bad(cx, rq, 60306, "ExpirationDate");
    *out_s = MAX_OF((until_ms - cx->now_ms) / MS_PER_S, (int64_t)1);
    return OK;
}

/* Of the entity, verified, and with room for another question. */
static enum err find_factor(struct ctx *cx, struct request *rq, const struct identity *i,
                            struct str sid, struct app_factor *out)
{
    enum err e = app_factor_by_sid(cx, rq->db, i->id, sid, out);

    if (e == ERR_NOT_FOUND)
        return call_not_found(cx, rq);
    if (e)
        return e;
    if (!out->verified)
        return call_refuse(cx, rq, 60318, "The factor is not verified");
    if (out->kind != FACTOR_TOTP)
        return OK;
    e = app_challenge_room(cx, rq->db, out);
    return e == ERR_LIMITED ? call_refuse(cx, rq, 60312, "Max challenges per factor reached") : e;
}

static enum err answer_by_code(struct ctx *cx, struct request *rq, const struct challenge *c,
                               const struct app_factor *f, struct str code)
{
    struct origin from = call_origin(rq);
    enum app_code outcome;
    enum err e;

    if (code.n < 3 || code.n > 8 || !str_all_digits(code))
        return input_bad(cx, rq, 60306, "AuthPayload");
    if ((e = app_challenge_code(cx, rq->db, c, f, code, &from, &outcome)))
        return e;
    switch (outcome) {
    case APP_CODE_RIGHT:
    case APP_CODE_WRONG: /* stays pending */
        return OK;
    case APP_CODE_TOO_MANY:
        return call_refuse(cx, rq, 60308, "Max check attempts reached for the challenge");
    case APP_CODE_OVER:
        break;
    }
    return call_refuse(cx, rq, 60323, "The challenge has expired");
}

/* A device is asked only while its person has pushes left (attack 58). */
static enum err ask_factor(struct ctx *cx, struct request *rq, const struct app_factor *f,
                           const struct challenge_in *ask, struct challenge *out)
{
    enum err e = f->kind == FACTOR_PUSH ? challenge_ask(cx, rq->db, ask, out)
                                        : challenge_create(cx, rq->db, ask, out);

    return e == ERR_LIMITED     ? call_refuse(cx, rq, 20429, "Too many requests to this person")
           : e == ERR_NOT_FOUND ? call_not_found(cx, rq)
                                : e;
}

enum err challenges_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct challenge_form form = {0};
    struct challenge_in ask = {0};
    struct challenge c;
    struct app_factor f;
    struct identity i;
    struct service s;
    struct input in;
    enum err e;

    if ((e = call_identity(cx, rq, &s, &i)) || (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, create_wishes, COUNT_OF(create_wishes), 60306, &form)) ||
        (e = find_factor(cx, rq, &i, form.factor_sid, &f)))
        return e;
    if (f.kind == FACTOR_PUSH && !form.message.n)
        return input_bad(cx, rq, 60300, "Details.Message");
    if (f.kind == FACTOR_PUSH && form.payload.n)
        return input_bad(cx, rq, 60306, "AuthPayload");
    ask = (struct challenge_in){
        .service_id = s.id,
        .identity_id = i.id,
        .factor_id = f.id,
        .message = form.message.n ? form.message : STR(""),
        .hidden_details = form.hidden.n ? form.hidden : STR(""),
        .logos = STR(""),
    };
    if ((e = details_read(cx, rq, &in, &ask)) ||
        (e = life_read(cx, rq, form.expires, &ask.life_s)) ||
        (e = ask_factor(cx, rq, &f, &ask, &c)) ||
        (form.payload.n && (e = answer_by_code(cx, rq, &c, &f, form.payload))) ||
        (e = challenge_by_id(cx, rq->db, c.id, &c)))
        return e;
    return reply_challenge(cx, rq, rs, 201, &s, &i, &f, &c);
}

/* ---- reading ---- */

static enum err find(struct ctx *cx, struct request *rq, struct str sid, struct service *s,
                     struct identity *i, struct app_factor *f, struct challenge *out)
{
    enum err e;

    if ((e = call_identity(cx, rq, s, i)))
        return e;
    e = challenge_by_sid(cx, rq->db, sid, out);
    if (e == ERR_NOT_FOUND || (e == OK && (out->identity_id != i->id || !out->factor_id)))
        return call_not_found(cx, rq);
    if (e || (e = call_may_touch(cx, rq, out->factor_id)))
        return e;
    return app_factor_by_id(cx, rq->db, out->factor_id, f);
}

enum err challenges_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct challenge c;
    struct app_factor f;
    struct identity i;
    struct service s;
    enum err e = find(cx, rq, request_param(rq, STR("Sid")), &s, &i, &f, &c);

    return e ? e : reply_challenge(cx, rq, rs, 200, &s, &i, &f, &c);
}

/* FactorSid, Status and Order. A factor that is not the entity's has no challenges. */
static enum err filter_read(struct ctx *cx, struct request *rq, const struct identity *i,
                            struct page *page, struct app_challenge_filter *out)
{
    static const char *const states[] = {"pending", "expired", "approved", "denied", NULL};
    static const char *const orders[] = {"asc", "desc", NULL};
    struct str sid, order;
    struct app_factor f;
    struct input in;
    enum err e;

    *out = (struct app_challenge_filter){0};
    if ((e = input_read(cx, rq, &in)))
        return e;
    sid = input_get(&in, STR("FactorSid"));
    out->state = input_get(&in, STR("Status"));
    order = input_get(&in, STR("Order"));
    if (out->state.n && !input_one_of(out->state, states))
        return input_bad(cx, rq, 60306, "Status");
    if (order.n && !input_one_of(order, orders))
        return input_bad(cx, rq, 60306, "Order");
    page->newest_first = str_eq(order, STR("desc"));
    if (call_of(cx, rq)->by_device) { /* its own only, named or not */
        out->factor_id = call_of(cx, rq)->device.factor_id;
        return !sid.n || str_eq(sid, call_of(cx, rq)->device.sid)
                   ? OK
                   : call_refuse(cx, rq, 20003, "Authenticate");
    }
    if (!sid.n)
        return OK;
    if (!input_is_sid(sid, "YF"))
        return input_bad(cx, rq, 60306, "FactorSid");
    e = app_factor_by_sid(cx, rq->db, i->id, sid, &f);
    out->factor_id = e == ERR_NOT_FOUND ? -1 : f.id;
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err challenges_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct app_challenge_filter filter;
    struct challenge *list;
    struct identity i;
    struct service s;
    struct page page;
    struct listing l;
    size_t count;
    bool dated;
    enum err e;

    if ((e = call_identity(cx, rq, &s, &i)) || (e = list_page(cx, rq, &page)) ||
        (e = filter_read(cx, rq, &i, &page, &filter)) || (e = wants_dates(cx, rq, &s, &dated)) ||
        (e = app_challenge_page(cx, rq->db, i.id, &filter, page_down(&page), page_from(&page),
                                page_rows(&page), &list, &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t n = 0; n < count; n++) {
        struct app_factor f;

        if ((e = app_factor_by_id(cx, rq->db, list[n].factor_id, &f)))
            return e;
        listing_add(&l, list[n].id, challenge_json(cx, rq, &s, &i, &f, &list[n], dated));
    }
    return reply_list(cx, rq, rs, "challenges", &l);
}

/* ---- answering ---- */

/* What the device signed must say of the challenge what it says now. */
static enum err payload_agrees(struct ctx *cx, struct request *rq, const json_t *payload,
                               const json_t *now, enum decision *out)
{
    const char *status = json_string_value(json_object_get(payload, "status"));

    EACH_ROW (name, signed_fields) {
        if (!str_eq(str_from(*name), STR("status")) &&
            !json_equal(json_object_get(payload, *name), json_object_get(now, *name)))
            return call_refuse(cx, rq, 60324, "Challenge verification failed: %s", *name);
    }
    if (str_eq(str_from(status), STR("approved")))
        *out = DECISION_APPROVE;
    else if (str_eq(str_from(status), STR("denied")))
        *out = DECISION_DENY;
    else
        return input_bad(cx, rq, 60306, "AuthPayload");
    return OK;
}

static enum err answer_by_device(struct ctx *cx, struct request *rq, const struct service *s,
                                 const struct identity *i, const struct app_factor *f,
                                 const struct challenge *c)
{
    const struct proof *proof = proof_of(cx, rq);
    struct origin from = call_origin(rq);
    enum answer_outcome outcome;
    enum decision decision;
    json_t *payload, *now;
    struct device d;
    bool dated;
    enum err e;

    if (!proof->readable)
        return input_bad(cx, rq, 60306, "AuthPayload");
    if ((e = wants_dates(cx, rq, s, &dated)))
        return e;
    e = device_by_id(cx, rq->db, f->id, &d);
    if (e == ERR_DENIED || (e == OK && (!proof->right || proof->factor_id != f->id ||
                                        !ct_equal(proof->point, d.public_key))))
        return call_refuse(cx, rq, 60324, "Challenge verification failed");
    if (e)
        return e;
    payload = json_loadb(proof->payload.p, proof->payload.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(payload)) {
        json_decref(payload);
        return input_bad(cx, rq, 60306, "AuthPayload");
    }
    now = challenge_json(cx, rq, s, i, f, c, dated);
    e = payload_agrees(cx, rq, payload, now, &decision);
    json_decref(payload);
    json_decref(now);
    if (e || (e = challenge_decide(cx, rq->db, &d, c, decision,
                                   &(struct challenge_answer){proof->payload, proof->signature},
                                   &from, &outcome)))
        return e;
    return outcome == ANSWER_TAKEN ? OK
                                   : call_refuse(cx, rq, 60322,
                                                 "The challenge was answered "
                                                 "already");
}

enum err challenges_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct wish wishes[] = {
        {"Metadata", 0, WISH_JSON, false, 0, HIDDEN_MAX}
    };
    struct str payload, metadata = STR_NONE;
    struct challenge c;
    struct app_factor f;
    struct identity i;
    struct service s;
    struct input in;
    enum err e;

    if ((e = find(cx, rq, request_param(rq, STR("Sid")), &s, &i, &f, &c)) ||
        (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, wishes, COUNT_OF(wishes), 60306, &metadata)))
        return e;
    payload = input_get(&in, STR("AuthPayload"));
    if (metadata.n) { /* first, so that who is told of the answer is told of it too */
        if ((e = app_challenge_metadata(cx, rq->db, c.id, metadata)))
            return e;
        c.metadata = metadata;
    }
    if (payload.p) {
        if (c.state == CHALLENGE_EXPIRED || c.state == CHALLENGE_CANCELED)
            return call_refuse(cx, rq, 60323, "The challenge has expired");
        if (c.state != CHALLENGE_PENDING)
            return call_refuse(cx, rq, 60322, "The challenge was answered already");
        e = f.kind == FACTOR_TOTP ? answer_by_code(cx, rq, &c, &f, payload)
                                  : answer_by_device(cx, rq, &s, &i, &f, &c);
        if (e)
            return e;
    }
    if ((e = challenge_by_id(cx, rq->db, c.id, &c)))
        return e;
    return reply_challenge(cx, rq, rs, 200, &s, &i, &f, &c);
}

/* ---- notifications ---- */

enum err notifications_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    enum { NOTIFICATIONS_MAX = CHALLENGE_PUSHES_MAX - 1 }; /* the first was sent at once */
    static const struct wish wishes[] = {
        {"Ttl", 0, WISH_INT, false, 0, 300}
    };
    int64_t ttl_s = 300;
    struct challenge c;
    struct app_factor f;
    struct identity i;
    struct service s;
    struct input in;
    struct item it;
    json_t *o;
    enum err e;

    if ((e = find(cx, rq, request_param(rq, STR("ChallengeSid")), &s, &i, &f, &c)) ||
        (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, wishes, COUNT_OF(wishes), 60306, &ttl_s)))
        return e;
    if (f.kind != FACTOR_PUSH || str_eq(f.push_kind, STR("none")) ||
        (!core_of(rq->db)->demo && !str_eq(f.push_kind, STR("webpush")))) /* no carrier of ours */
        return call_refuse(cx, rq, 60307, "The factor has no notification platform");
    if (c.state != CHALLENGE_PENDING)
        return call_refuse(cx, rq, c.state == CHALLENGE_EXPIRED ? 60323 : 60322,
                           "The challenge is over");
    it = (struct item){
        .place = {call_of(cx, rq)->caller.account_id, s.id, c.id, ITEM_NOTIFICATION},
        .data = STR("{}"),
    };
    e = item_add(cx, rq->db, "NT", NOTIFICATIONS_MAX, &it);
    if (e == OK)
        e = challenge_push_again(cx, rq->db, &c);
    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 60309, "Max notifications per challenge reached");
    if (e)
        return e;
    o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:I, s:o}", "sid", js_str(it.sid), "entity_sid",
                  js_str(i.sid), "identity", js_str(i.external), "challenge_sid", js_str(c.sid),
                  "priority", "high", "ttl", (json_int_t)ttl_s, "date_created",
                  js_time(it.created_at_ms));
    js_owner(cx, rq, o, &s);
    return reply_json(cx, rs, 201, o);
}
