/* signed.c: see signed.h. Decides nothing about requests to approve; core does. */
#include "device/signed.h"
#include "base/encode.h"
#include "crypto/es256.h"
#include "crypto/hash.h"

struct str signed_text(struct arena *mem, struct str method, struct str target, struct str body,
                       struct str time, struct str nonce, struct str device)
{
    uint8_t digest[HASH_SHA256_LEN];

    hash_sha256(str_bytes(body), digest);
    return arena_printf(mem, "countersign-request-v1\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n",
                        STR_ARG(method), STR_ARG(target),
                        STR_ARG(base64url_encode(mem, BYTES_OF(digest))), STR_ARG(time),
                        STR_ARG(nonce), STR_ARG(device));
}

struct str pair_text(struct arena *mem, struct str token, struct str public_key)
{
    return arena_printf(mem, "countersign-pair-v1\n%.*s\n%.*s", STR_ARG(token),
                        STR_ARG(public_key));
}

bool signed_by(struct bytes point, struct str text, struct bytes signature)
{
    OWN(es256_free) struct es256_key *key = NULL;

    return es256_from_point(point, &key) && es256_verify(key, str_bytes(text), signature);
}

struct caller *caller_of(struct ctx *cx, struct request *rq)
{
    if (!rq->who)
        rq->who = ARENA_NEW(cx->mem, struct caller);
    return rq->who;
}

enum err refuse_caller(struct ctx *cx, struct request *rq, enum refusal why, enum err e,
                       const char *what)
{
    caller_of(cx, rq)->refused = why;
    return fail(cx, e, "device: %s", what);
}

struct signed_request *signed_of(const struct request *rq)
{
    return rq->prepared;
}

struct origin caller_origin(const struct request *rq)
{
    return (struct origin){.addr = str_from(rq->addr),
                           .user_agent = request_header(rq, STR("User-Agent"))};
}

/* ---- on the loop ---- */

/* False when the header is missing or there twice: two readers could then take different ones. */
static bool only_header(const struct request *rq, struct str name, struct str *out)
{
    unsigned count = 0;

    for (size_t i = 0; i < rq->header_count; i++) {
        if (!str_eq_nocase(rq->headers[i].name, name))
            continue;
        *out = rq->headers[i].value;
        count++;
    }
    return count == 1;
}

static bool is_nonce(struct str s)
{
    return s.n >= DEVICE_NONCE_MIN && s.n <= DEVICE_NONCE_MAX && str_all_alnum(s, "-_");
}

enum err signed_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct signed_request *s = ARENA_NEW(cx->mem, struct signed_request);
    uint8_t signature[ES256_SIGNATURE_LEN];
    struct str sid, time, encoded, text;
    enum err e;

    (void)rs;
    rq->prepared = s;
    if (!only_header(rq, STR("X-Device"), &sid) || !only_header(rq, STR("X-Device-Time"), &time) ||
        !only_header(rq, STR("X-Device-Nonce"), &s->nonce) ||
        !only_header(rq, STR("X-Device-Signature"), &encoded))
        return refuse_caller(cx, rq, REFUSED_MALFORMED, ERR_DENIED,
                             "a signature header is missing");
    if (!is_nonce(s->nonce) || !str_to_i64(time, 0, INT64_MAX, &s->at_s) ||
        base64url_decode(encoded, signature, sizeof(signature)) != ES256_SIGNATURE_LEN)
        return refuse_caller(cx, rq, REFUSED_MALFORMED, ERR_DENIED,
                             "a signature header is malformed");
    e = device_by_sid(cx, rq->db, sid, &s->device);
    if (e == ERR_DENIED)
        return refuse_caller(cx, rq, REFUSED_DEVICE, e, "unknown or revoked");
    if (e)
        return e;
    text = signed_text(cx->mem, method_name(rq->method), rq->target, rq->body, time, s->nonce, sid);
    if (!signed_by(s->device.public_key, text, BYTES_OF(signature)))
        return refuse_caller(cx, rq, REFUSED_DEVICE, ERR_DENIED, "the signature is wrong");
    return OK;
}

/* ---- on the writer ---- */

enum err signed_gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct signed_request *s = signed_of(rq);
    struct device now;
    enum err e;

    (void)rs;
    if (rq->route->auth == AUTH_NONE)
        return OK;
    if (rq->route->auth != AUTH_DEVICE || !s)
        return fail(cx, ERR_INTERNAL, "device: a route asks for a level this face has not");
    e = device_by_sid(cx, rq->db, s->device.sid, &now);
    if (e == ERR_DENIED || (e == OK && !ct_equal(now.public_key, s->device.public_key)))
        return refuse_caller(cx, rq, REFUSED_DEVICE, ERR_DENIED, "revoked just now");
    if (e)
        return e;
    e = device_accept(cx, rq->db, &now, s->at_s, s->nonce);
    if (e == ERR_DENIED)
        return refuse_caller(cx, rq, REFUSED_CLOCK, e, "signed at another time");
    if (e == ERR_CONFLICT)
        return refuse_caller(cx, rq, REFUSED_REPLAYED, e, "replayed");
    if (e)
        return e;
    caller_of(cx, rq)->device = now;
    return OK;
}
