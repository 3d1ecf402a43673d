/*
 * pairing.c: a new device: what it shows before it pairs, and its key with the proof that it holds
 * the private half. Whoever has the link may pair; the link is one use, ten minutes, from a
 * signed-in session (core/device.h).
 */
#include "base/encode.h"
#include "core/soft_token.h"
#include "crypto/es256.h"
#include "device/handlers.h"
#include "device/signed.h"
#include "device/wire.h"
#include "http/form.h"

enum { TOKEN_TEXT_MAX = 100, PLATFORM_MAX = 64, ENCODED_MAX = 100 };

struct pair_form {
    struct str token, name, platform, public_key, signature;
    uint8_t point[ES256_POINT_LEN];
};

static const struct field token_fields[] = {
    {"token", offsetof(struct pair_form, token), field_text, FIELD_REQUIRED, 0, TOKEN_TEXT_MAX},
};
static const struct field pair_fields[] = {
    {"token",      offsetof(struct pair_form, token),      field_text, FIELD_REQUIRED, 0, TOKEN_TEXT_MAX},
    {"name",       offsetof(struct pair_form, name),       field_text, FIELD_REQUIRED, 0,
     DEVICE_NAME_MAX_CHARS                                                                              },
    {"platform",   offsetof(struct pair_form, platform),   field_text, FIELD_OPTIONAL, 0, PLATFORM_MAX  },
    {"public_key", offsetof(struct pair_form, public_key), field_text, FIELD_REQUIRED, 0,
     ENCODED_MAX                                                                                        },
    {"signature",  offsetof(struct pair_form, signature),  field_text, FIELD_REQUIRED, 0,
     ENCODED_MAX                                                                                        },
};

static enum err bind(struct ctx *cx, const struct request *rq, const struct field *fields,
                     size_t count, struct pair_form *out)
{
    struct problems problems;

    if (!request_body_is(rq, STR("application/json")))
        return fail(cx, ERR_INVALID, "device: the body is not JSON");
    return form_bind(cx, rq, fields, count, out, &problems);
}

enum err pairing_peek(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct pair_form f = {0};
    struct pairing p;
    enum err e;

    if ((e = bind(cx, rq, token_fields, COUNT_OF(token_fields), &f)) ||
        (e = device_pair_peek(cx, rq->db, f.token, &p)))
        return e;
    return respond_json(cx, rs, 200,
                        json_pack("{s:o, s:o, s:o}", "service", wire_str(p.service_sid),
                                  "service_name", wire_str(p.service_name), "account",
                                  wire_str(p.account)));
}

enum err pairing_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct pair_form *f = ARENA_NEW(cx->mem, struct pair_form);
    uint8_t signature[ES256_SIGNATURE_LEN];
    struct pairing seen;
    enum err e;

    (void)rs;
    rq->prepared = f;
    if ((e = bind(cx, rq, pair_fields, COUNT_OF(pair_fields), f)) ||
        (e = device_pair_peek(cx, rq->db, f->token, &seen))) /* strangers get no curve arithmetic */
        return e;
    if (base64url_decode(f->public_key, f->point, sizeof(f->point)) != ES256_POINT_LEN ||
        base64url_decode(f->signature, signature, sizeof(signature)) != ES256_SIGNATURE_LEN)
        return fail(cx, ERR_INVALID, "device: key or signature is malformed");
    if (!signed_by(BYTES_OF(f->point), pair_text(cx->mem, f->token, f->public_key),
                   BYTES_OF(signature)))
        return fail(cx, ERR_INVALID, "device: no point of the curve, or the proof is wrong");
    return OK;
}

enum err pairing_finish(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct pair_form *f = rq->prepared;
    uint8_t push_key[ES256_POINT_LEN];
    const struct device_new in = {.token = f->token,
                                  .name = f->name,
                                  .platform = f->platform.n ? f->platform : STR("unknown"),
                                  .public_key = BYTES_OF(f->point)};
    struct origin from = caller_origin(rq);
    struct str soft_token;
    struct pairing p;
    struct device d;
    json_t *o;
    enum err e;

    if ((e = device_pair_peek(cx, rq->db, f->token, &p)) ||
        (e = device_pair(cx, rq->db, &in, &from, &d)) ||
        (e = soft_token_new(cx, rq->db, &d, &soft_token)))
        return e;
    es256_point(core_of(rq->db)->vapid_key, push_key);
    o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "device", wire_str(d.sid), "credential",
                  wire_str(d.credential_sid), "service", wire_str(d.service_sid), "service_name",
                  wire_str(d.service_name), "account", wire_str(p.account), "push_key",
                  wire_str(base64url_encode(cx->mem, BYTES_OF(push_key))), "time",
                  (json_int_t)(cx->now_ms / MS_PER_S));
    if (soft_token.n)
        json_object_set_new(o, "soft_token", wire_str(soft_token));
    return respond_json(cx, rs, 201, o);
}
