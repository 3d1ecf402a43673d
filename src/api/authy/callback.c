/*
 * callback.c: see callback.h. The shape is the one that the most verifiers accept
 * (docs/wire/authy.md): no lists, "" where something is not known, device_uuid a string.
 */
#include "api/authy/callback.h"
#include "api/authy/wire.h"
#include "base/encode.h"
#include "channel/authy_sign.h"
#include "core/callback.h"

enum { TEST_AUTHY_ID = 1234 };

static json_t *parsed(struct str text)
{
    json_t *o = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;

    return o ? o : json_null();
}

/* [{"label","value"}] back into an object. */
static json_t *details_json(struct str text)
{
    json_t *list = parsed(text), *o = json_object(), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *label = json_string_value(json_object_get(item, "label"));

        if (label)
            json_object_set(o, label, json_object_get(item, "value"));
    }
    json_decref(list);
    return o;
}

static json_t *transaction_json(const struct challenge *c, struct str status)
{
    json_t *o = json_object();

    json_object_set_new(o, "details", details_json(c->details));
    json_object_set_new(o, "device_details", json_object());
    json_object_set_new(o, "device_geolocation", json_string(""));
    json_object_set_new(o, "device_signing_time", json_integer(c->answered_at_ms / MS_PER_S));
    json_object_set_new(o, "encrypted", json_false());
    json_object_set_new(o, "flagged", json_boolean(str_eq(c->reason, STR("not_me"))));
    json_object_set_new(o, "hidden_details",
                        c->hidden_details.n ? parsed(c->hidden_details) : json_object());
    json_object_set_new(o, "message", text_json(c->message));
    json_object_set_new(o, "reason", json_string(""));
    json_object_set_new(o, "requester_details", json_string(""));
    json_object_set_new(o, "status", text_json(status));
    json_object_set_new(o, "uuid", text_json(c->uuid));
    json_object_set_new(o, "created_at_time", json_integer(c->created_at_ms / MS_PER_S));
    json_object_set_new(o, "customer_uuid", json_integer(sid_number(c->sid)));
    return o;
}

static json_t *device_json(const struct device *d)
{
    static const char *const unknown[] = {"city",
                                          "country",
                                          "ip",
                                          "region",
                                          "registration_city",
                                          "registration_country",
                                          "registration_ip",
                                          "registration_method",
                                          "registration_region",
                                          "last_account_recovery_at"};
    json_t *o = json_object();

    EACH_ROW (key, unknown)
        json_object_set_new(o, *key, json_string(""));
    json_object_set_new(o, "last_unlock_method_used", json_string(""));
    json_object_set_new(o, "os_type", text_json(device_os(d)));
    json_object_set_new(o, "multidevice_enabled", json_true());
    json_object_set_new(o, "id", json_integer(sid_number(d->sid)));
    json_object_set_new(o, "registration_date", json_integer(d->created_at_ms / MS_PER_S));
    json_object_set_new(o, "last_sync_date", json_integer(d->last_seen_at_ms / MS_PER_S));
    json_object_set_new(o, "last_unlock_date", json_integer(d->last_seen_at_ms / MS_PER_S));
    return o;
}

struct saying { /* who answered what */
    int64_t authy_id;
    struct challenge challenge;
    struct device device;
};

/* The preset test call: a request that nobody was asked. */
static struct saying test_saying(struct ctx *cx, const struct callback *cb)
{
    return (struct saying){
        .authy_id = TEST_AUTHY_ID,
        .challenge =
            {
                        .sid = arena_printf(cx->mem,  "YC%032llx",                       (unsigned long long)cb->row_id),
                        .uuid = arena_printf(cx->mem, "00000000-0000-4000-8000-%012llx",
                        (unsigned long long)cb->row_id & 0xFFFFFFFFFFFF),
                        .message = STR("Test of the callback URL"),
                        .state = CHALLENGE_APPROVED,
                        .created_at_ms = cb->created_at_ms,
                        .answered_at_ms = cb->created_at_ms,
                        .expires_at_ms = cb->created_at_ms + DAY_MS,
                        .signature = str_bytes(STR("test")),
                        },
        .device = {.sid = STR("YF00000000000000000000000000000000"), .platform = STR("")},
    };
}

static enum err real_saying(struct ctx *cx, struct db *db, const struct callback *cb,
                            struct saying *out)
{
    struct identity i;
    enum err e;

    out->challenge = cb->challenge;
    e = identity_by_id(cx, db, cb->service.id, cb->challenge.identity_id, &i);
    if (!e)
        e = device_by_factor(cx, db, cb->challenge.answered_by, &out->device);
    out->authy_id = e ? 0 : i.authy_id;
    return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "the user is gone") : e;
}

static json_t *body_json(struct ctx *cx, const struct service *s, const struct saying *x)
{
    const struct challenge *c = &x->challenge;
    bool approved = c->state == CHALLENGE_APPROVED;
    struct str status = approved ? STR("approved") : STR("denied");
    json_t *o = json_object(), *request = json_object();

    json_object_set_new(request, "transaction", transaction_json(c, status));
    json_object_set_new(request, "expiration_timestamp", json_integer(c->expires_at_ms / MS_PER_S));
    json_object_set_new(request, "logos", c->logos.n ? parsed(c->logos) : json_string(""));
    json_object_set_new(request, "app_id", text_json(sid_hex24(s->sid)));

    json_object_set_new(o, "authy_id", json_integer(x->authy_id));
    json_object_set_new(o, "device_uuid", text_json(sid_uuid(cx, x->device.sid)));
    json_object_set_new(o, "callback_action", json_string("approval_request_status"));
    json_object_set_new(o, "uuid", text_json(c->uuid));
    json_object_set_new(o, "status", text_json(status));
    json_object_set_new(o, "approval_request", request);
    json_object_set_new(o, "signature", text_json(base64_encode(cx->mem, c->signature)));
    json_object_set_new(o, "device", device_json(&x->device));
    return o;
}

/* The key that asked, while it holds. */
static enum err signing_key(struct ctx *cx, struct db *db, const struct callback *cb,
                            struct str *out)
{
    int64_t id = cb->test ? 0 : cb->challenge.credential_id;
    enum err e = id ? OK : credential_newest(cx, db, cb->service.id, &id);

    if (!e)
        e = credential_secret(cx, db, id, out);
    return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "the application has no key any more") : e;
}

static void fill(struct ctx *cx, const struct callback *cb, json_t *body, struct str key,
                 struct parcel *p)
{
    struct str nonce = arena_printf(cx->mem, "%lld.%06lld", (long long)(cx->now_ms / MS_PER_S),
                                    (long long)(p->id % 1000000));
    bool get = str_eq(cb->service.callback_method, STR("GET"));
    struct str params = callback_params(cx, body);
    struct str mac =
        callback_signature(cx, key, nonce, get ? STR("GET") : STR("POST"), cb->url, params);

    p->method = get ? "GET" : "POST";
    p->to = get ? arena_printf(cx->mem, "%.*s?%.*s", STR_ARG(cb->url), STR_ARG(params)) : cb->url;
    p->text = get ? STR("") : json_text_of(cx, body);
    p->headers[p->header_count++] = STR("Content-Type: application/json");
    p->headers[p->header_count++] = arena_printf(cx->mem, "X-Authy-Signature: %s", mac.p);
    p->headers[p->header_count++] = arena_printf(cx->mem, "X-Authy-Signature-Nonce: %s", nonce.p);
}

enum err authy_callback(struct ctx *cx, struct db *db, struct parcel *p)
{
    struct callback cb;
    struct saying x = {0};
    struct str key;
    json_t *body;
    enum err e;

    if ((e = callback_load(cx, db, p->id, &cb)))
        return e;
    if (cb.test)
        x = test_saying(cx, &cb);
    else if ((e = real_saying(cx, db, &cb, &x)))
        return e;
    if ((e = signing_key(cx, db, &cb, &key)))
        return e;
    body = body_json(cx, &cb.service, &x);
    fill(cx, &cb, body, key, p);
    json_decref(body);
    return OK;
}
