/*
 * self.c: what a device may say about itself: its name, where pushes go, and that it leaves.
 */
#include "base/encode.h"
#include "core/factor.h"
#include "crypto/es256.h"
#include "device/handlers.h"
#include "device/signed.h"
#include "device/wire.h"
#include "http/form.h"

enum {
    ENDPOINT_TEXT_MAX = 8 * KIB,
    KEY_TEXT_MAX = 100,
    AUTH_LEN = 16
}; /* core says how long it may be */

struct self_form {
    struct str name, endpoint, p256dh, auth;
};

static const struct field name_fields[] = {
    {"name", offsetof(struct self_form, name), field_text, FIELD_REQUIRED, 0,
     DEVICE_NAME_MAX_CHARS},
};
static const struct field push_fields[] = {
    {"endpoint", offsetof(struct self_form, endpoint), field_text, FIELD_REQUIRED, 0,
     ENDPOINT_TEXT_MAX                                                                            },
    {"p256dh",   offsetof(struct self_form, p256dh),   field_text, FIELD_OPTIONAL, 0, KEY_TEXT_MAX},
    {"auth",     offsetof(struct self_form, auth),     field_text, FIELD_OPTIONAL, 0, KEY_TEXT_MAX},
};
/* "" ends the subscription, which a required field would not take */
static const struct field push_end_fields[] = {
    {"endpoint", offsetof(struct self_form, endpoint), field_text, FIELD_OPTIONAL, 0,
     ENDPOINT_TEXT_MAX},
};

static enum err bind(struct ctx *cx, struct request *rq, const struct field *fields, size_t count,
                     struct self_form *out)
{
    struct problems problems;

    if (!request_body_is(rq, STR("application/json")))
        return fail(cx, ERR_INVALID, "device: the body is not JSON");
    return form_bind(cx, rq, fields, count, out, &problems);
}

static enum err answer_self(struct ctx *cx, struct request *rq, struct response *rs,
                            const struct device *d)
{
    struct str account;
    enum err e;

    if ((e = device_account(cx, rq->db, d->identity_id, &account)))
        return e;
    return respond_json(cx, rs, 200,
                        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I}", "device",
                                  wire_str(d->sid), "name", wire_str(d->name), "platform",
                                  wire_str(d->platform), "service", wire_str(d->service_sid),
                                  "service_name", wire_str(d->service_name), "account",
                                  wire_str(account), "push", str_eq(d->push_kind, STR("webpush")),
                                  "time", (json_int_t)(cx->now_ms / MS_PER_S)));
}

enum err self_show(struct ctx *cx, struct request *rq, struct response *rs)
{
    return answer_self(cx, rq, rs, &caller_of(cx, rq)->device);
}

enum err self_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct self_form f = {0};
    enum err e;

    if ((e = signed_prepare(cx, rq, rs)) ||
        (e = bind(cx, rq, name_fields, COUNT_OF(name_fields), &f)))
        return e;
    signed_of(rq)->name = f.name;
    return OK;
}

enum err self_rename(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct device d = caller_of(cx, rq)->device;
    enum err e;

    d.name = signed_of(rq)->name;
    if ((e = device_rename(cx, rq->db, d.factor_id, d.name)))
        return e;
    return answer_self(cx, rq, rs, &d);
}

enum err self_unpair(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = caller_origin(rq);
    enum err e = factor_off(cx, rq->db, caller_of(cx, rq)->device.factor_id, "person", &from);

    if (e == OK)
        rs->status = 204;
    return e;
}

/* ---- Web Push ---- */

static bool is_point(struct bytes b)
{
    OWN(es256_free) struct es256_key *key = NULL;

    return es256_from_point(b, &key);
}

static bool decode(struct arena *mem, struct str text, size_t len, struct bytes *out)
{
    uint8_t *p = arena_alloc(mem, len);

    *out = (struct bytes){p, len};
    return base64url_decode(text, p, len) == (ptrdiff_t)len;
}

enum err push_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct subscription *sub;
    struct self_form f = {0};
    enum err e;

    if ((e = signed_prepare(cx, rq, rs)) ||
        (e = bind(cx, rq, push_end_fields, COUNT_OF(push_end_fields), &f)))
        return e;
    if (!f.endpoint.p) /* not the same as "" */
        return fail(cx, ERR_INVALID, "device: no endpoint");
    sub = &signed_of(rq)->push;
    if (!f.endpoint.n)
        return OK;
    if ((e = bind(cx, rq, push_fields, COUNT_OF(push_fields), &f)))
        return e;
    sub->endpoint = f.endpoint;
    if (!decode(cx->mem, f.p256dh, ES256_POINT_LEN, &sub->key) ||
        !decode(cx->mem, f.auth, AUTH_LEN, &sub->auth) || !is_point(sub->key))
        return fail(cx, ERR_INVALID, "device: the subscription's keys are malformed");
    return OK;
}

enum err push_set(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct subscription *sub = &signed_of(rq)->push;
    struct caller *c = caller_of(cx, rq);
    enum err e =
        device_set_push(cx, rq->db, c->device.factor_id, sub->endpoint, sub->key, sub->auth);

    if (e == ERR_INVALID)
        c->refused = REFUSED_ENDPOINT;
    if (e == OK)
        rs->status = 204;
    return e;
}
