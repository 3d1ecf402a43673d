/*
 * event.c: see event.h. Members of `objects` say their type by a prefix: s_ text, i_ number, b_ yes
 * or no, as_ a list of texts.
 */
#include "api/authy/event.h"
#include "api/authy/wire.h"
#include "core/challenge.h"
#include "crypto/jwt.h"

static const struct str id_prefix = {"WH_", 3};

struct str webhook_id(struct ctx *cx, struct str sid)
{
    return arena_printf(cx->mem, "WH_%.*s", STR_ARG(sid_uuid(cx, sid)));
}

struct str webhook_sid(struct ctx *cx, struct str id)
{
    return str_starts(id, id_prefix) ? sid_from_uuid(cx, "WH", str_sub(id, id_prefix.n, id.n))
                                     : STR_NONE;
}

struct str webhook_key(struct ctx *cx, const struct db *db, const struct subscriber *sub)
{
    return arena_printf(cx->mem, "WSK_%.*s", STR_ARG(subscriber_key(cx, db, sub)));
}

struct told { /* of one event, while it is written */
    struct ctx *cx;
    const struct outbox_row *row;
    const struct service *service;
    struct str account_sid;
};

static struct str fact(const struct told *t, const char *key)
{
    return outbox_param(t->cx, t->row, key);
}

static void set(json_t *o, const char *key, struct str s)
{
    json_object_set_new(o, key, text_json(s));
}

static json_t *application_json(const struct told *t)
{
    json_t *o = json_object();

    set(o, "s_id", arena_printf(t->cx->mem, "%lld", (long long)sid_number(t->service->sid)));
    set(o, "s_account_sid", t->account_sid);
    set(o, "s_device_app", STR("authenticator"));
    set(o, "s_name", t->service->name);
    set(o, "s_type", STR("authy"));
    return o;
}

static json_t *user_json(const struct told *t)
{
    json_t *o = json_object(), *ids = json_array();

    json_array_append_new(ids, text_json(fact(t, "user")));
    set(o, "s_authy_id", fact(t, "user"));
    json_object_set_new(o, "as_authy_ids", ids);
    json_object_set_new(o, "b_banned", json_boolean(fact(t, "banned").n));
    set(o, "s_country_code", fact(t, "country_code"));
    set(o, "s_locale", STR(""));
    set(o, "s_phone_number", fact(t, "phone"));
    return o;
}

static json_t *number_json(const struct told *t)
{
    json_t *o = json_object();

    set(o, "s_phone_number", fact(t, "phone"));
    set(o, "s_via", fact(t, "via"));
    return o;
}

static json_t *registration_json(const struct told *t)
{
    json_t *o = json_object();

    set(o, "s_app_id", arena_printf(t->cx->mem, "%lld", (long long)sid_number(t->service->sid)));
    set(o, "s_authy_id", fact(t, "user"));
    set(o, "s_custom_id", fact(t, "custom"));
    return o;
}

static json_t *request_json(const struct told *t, const struct challenge *c)
{
    int64_t end_s = c->expires_at_ms / MS_PER_S, begin_s = c->created_at_ms / MS_PER_S;
    json_t *o = json_object();

    set(o, "s_device_geolocation", STR(""));
    set(o, "s_device_signing_time",
        arena_printf(t->cx->mem, "%lld", (long long)(c->answered_at_ms / MS_PER_S)));
    set(o, "s_errors", STR(""));
    json_object_set_new(o, "i_expiration_timestamp", json_integer(end_s));
    json_object_set_new(o, "i_seconds_to_expire", json_integer(end_s ? end_s - begin_s : 0));
    set(o, "s_status", challenge_state_name(c->state));
    set(o, "s_uuid", c->uuid);
    return o;
}

static json_t *device_json(const struct device *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "i_id", json_integer(sid_number(d->sid)));
    set(o, "s_os_type", device_os(d));
    return o;
}

/* What the event is about, as far as there is such a thing. */
static enum err objects_json(const struct told *t, struct db *db, json_t *o)
{
    struct str challenge = fact(t, "challenge"), device = fact(t, "device");
    struct challenge c;
    struct device d;
    enum err e;

    json_object_set_new(o, "app", application_json(t));
    if (fact(t, "user").n)
        json_object_set_new(o, "user", user_json(t));
    else if (fact(t, "phone").n)
        json_object_set_new(o, "phone_verification", number_json(t));
    if (fact(t, "custom").n)
        json_object_set_new(o, "registration", registration_json(t));
    if (challenge.n) {
        if ((e = challenge_by_sid(t->cx, db, challenge, &c)))
            return e;
        json_object_set_new(o, "onetouch_request", request_json(t, &c));
    }
    if (device.n) {
        e = device_by_sid(t->cx, db, device, &d);
        if (e == OK)
            json_object_set_new(o, "device", device_json(&d));
        else if (e != ERR_DENIED) /* unpaired again already */
            return e;
    }
    return OK;
}

static enum err told_json(const struct told *t, struct db *db, json_t *event)
{
    json_t *objects = json_object(), *request = json_object();
    enum err e;

    set(event, "event", fact(t, "event"));
    set(event, "time", iso_time(t->cx, t->row->created_at_ms));
    json_object_set_new(event, "public", json_true());
    json_object_set_new(event, "objects", objects);
    set(request, "id", fact(t, "request"));
    set(request, "ip", fact(t, "addr"));
    json_object_set_new(event, "request", request);
    if ((e = objects_json(t, db, objects)))
        return e == ERR_NOT_FOUND ? fail(t->cx, ERR_EXPIRED, "what it is about is gone") : e;
    return OK;
}

/* Takes the reference of event. */
static struct str body_of(const struct told *t, const struct db *db, const struct subscriber *sub,
                          json_t *event)
{
    struct ctx *cx = t->cx;
    struct str key = webhook_key(cx, db, sub), token;
    json_t *claims = json_object(), *params = json_object(), *events = json_array();
    json_t *body = json_object();

    json_array_append_new(events, event);
    set(params, "webhook_id", webhook_id(cx, sub->sid));
    json_object_set_new(params, "events", events);
    set(claims, "url", sub->url);
    set(claims, "method", STR("POST"));
    json_object_set_new(claims, "iat", json_integer(cx->now_ms / MS_PER_S));
    json_object_set_new(claims, "params", params);
    token = jwt_sign(cx->mem, &(struct jwt_key){JWT_HS256, str_bytes(key), NULL},
                     &(struct jwt_head){.typ = STR("JWT")}, json_text_of(cx, claims));
    json_decref(claims);
    set(body, "body", token);
    token = json_text_of(cx, body);
    json_decref(body);
    return token;
}

enum err authy_event(struct ctx *cx, struct db *db, const struct outbox_row *row, struct parcel *p)
{
    struct told t = {.cx = cx, .row = row};
    struct subscriber sub;
    struct service s;
    json_t *event;
    enum err e;

    if ((e = service_by_id(cx, db, row->service_id, &s)) ||
        (e = subscriber_by_sid(cx, db, &s, fact(&t, "hook"), &sub)) ||
        (e = service_account_sid(cx, db, &s, &t.account_sid)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "the webhook was deleted") : e;
    t.service = &s;
    event = json_object();
    if ((e = told_json(&t, db, event))) {
        json_decref(event);
        return e;
    }
    p->method = "POST";
    p->insists = true;
    p->to = sub.url;
    p->text = body_of(&t, db, &sub, event);
    p->headers[p->header_count++] = STR("Content-Type: application/json");
    return OK;
}
