/* proof.c: see proof.h. */
#include "api/verify/proof.h"
#include "api/verify/input.h"
#include "base/encode.h"
#include "core/challenge.h"
#include "crypto/es256.h"
#include "crypto/jwt.h"

#include <jansson.h>

enum {
    JWT_LIFE_MAX_S = 3600, /* the SDKs ask for 600 */
    JWT_LEEWAY_S = 60,
    AUTH_PAYLOAD_MAX = 5456, /* characters */
    DER_MAX = 80,
};

struct proof *proof_of(struct ctx *cx, struct request *rq)
{
    if (!rq->prepared)
        rq->prepared = ARENA_NEW(cx->mem, struct proof);
    return rq->prepared;
}

/* ---- the caller's token ---- */

static bool signed_with(const struct jwt *t, struct bytes point)
{
    OWN(es256_free) struct es256_key *key = NULL;

    return es256_from_point(point, &key) &&
           jwt_verify(t, &(struct jwt_key){.alg = JWT_ES256, .pair = key});
}

/* For whom and for how long. */
static bool claims_fit(const struct ctx *cx, struct str payload, struct str account_sid)
{
    json_t *json = json_loadb(payload.p, payload.n, JSON_REJECT_DUPLICATES, NULL);
    const char *sub = json_string_value(json_object_get(json, "sub"));
    json_t *exp = json_object_get(json, "exp"), *nbf = json_object_get(json, "nbf");
    int64_t now_s = cx->now_ms / MS_PER_S, from_s = json_integer_value(nbf),
            to_s = json_integer_value(exp);
    bool fits = sub && str_eq(str_from(sub), account_sid) && json_is_integer(exp) &&
                json_is_integer(nbf) && from_s >= 0 && from_s <= now_s + JWT_LEEWAY_S &&
                to_s > now_s - JWT_LEEWAY_S && to_s > from_s && to_s - from_s <= JWT_LIFE_MAX_S;

    json_decref(json);
    return fits;
}

enum err proof_jwt(struct ctx *cx, struct request *rq, struct str jwt, struct device *out)
{
    struct proof *proof = proof_of(cx, rq);
    struct str account_sid;
    int64_t account_id;
    struct device d;
    struct jwt t;
    enum err e;

    if (!jwt_parse(cx->mem, jwt, &t) || !str_eq(t.cty, STR("twilio-pba;v=1")))
        return call_refuse(cx, rq, 20101, "Invalid Access Token");
    e = app_device_by_credential(cx, rq->db, t.kid, &d);
    if (e == ERR_DENIED)
        return call_refuse(cx, rq, 20101, "Invalid Access Token");
    if (e || (e = tenant_account(cx, rq->db, d.service_id, &account_id, &account_sid)))
        return e;
    if (!str_eq(proof->jwt, jwt)) { /* not yet verified for this request */
        if (!signed_with(&t, d.public_key))
            return call_refuse(cx, rq, 20107, "Invalid Access Token signature");
        proof->jwt = jwt;
        proof->jwt_device = d;
    } else if (!ct_equal(proof->jwt_device.public_key, d.public_key)) {
        return call_refuse(cx, rq, 20107, "Invalid Access Token signature");
    }
    if (!claims_fit(cx, t.payload, account_sid))
        return call_refuse(cx, rq, 20101, "Invalid Access Token: not for now or not for here");
    *out = d;
    return OK;
}

enum err proof_caller(struct ctx *cx, struct request *rq, struct response *rs)
{
    return call_gate(cx, rq, rs);
}

/* ---- what the body proves ---- */

enum err proof_binding(struct ctx *cx, struct request *rq, struct response *rs)
{
    OWN(es256_free) struct es256_key *key = NULL;
    uint8_t der[ES256_SPKI_LEN], point[ES256_POINT_LEN];
    struct input in;
    ptrdiff_t n;
    enum err e;

    if ((e = call_gate(cx, rq, rs)) || (e = input_read(cx, rq, &in)))
        return e;
    n = base64_decode(input_get(&in, STR("Binding.PublicKey")), der, sizeof(der));
    if (n != ES256_SPKI_LEN || !es256_from_spki(BYTES_OF(der), &key))
        return OK; /* the handler says what is missing */
    es256_point(key, point);
    proof_of(cx, rq)->new_point = arena_bytes(cx->mem, BYTES_OF(point));
    return OK;
}

static enum err find_factor(struct ctx *cx, struct request *rq, struct str sid, struct device *out,
                            bool *out_found)
{
    struct app_factor f;
    struct identity i;
    struct service s;
    enum err e;

    *out_found = false;
    if ((e = call_identity(cx, rq, &s, &i)))
        return e;
    e = app_factor_by_sid(cx, rq->db, i.id, sid, &f);
    if (e == OK && f.kind == FACTOR_PUSH)
        e = app_device_of(cx, rq->db, f.id, out);
    else if (e == OK)
        e = ERR_NOT_FOUND;
    *out_found = e == OK;
    return e == ERR_NOT_FOUND ? OK : e;
}

/* Over the UTF-8 bytes of the factor's SID, in DER, in padded base64. */
enum err proof_factor(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str sid = request_param(rq, STR("Sid")), text;
    OWN(es256_free) struct es256_key *key = NULL;
    uint8_t der[DER_MAX], raw[ES256_SIGNATURE_LEN];
    struct proof *proof = proof_of(cx, rq);
    struct device d;
    struct input in;
    ptrdiff_t n;
    bool found;
    enum err e;

    if ((e = call_gate(cx, rq, rs)) || (e = input_read(cx, rq, &in)))
        return e;
    text = input_get(&in, STR("AuthPayload"));
    if (!text.p)
        return OK;
    if ((e = find_factor(cx, rq, sid, &d, &found)) || !found)
        return e;
    n = base64_decode(text, der, sizeof(der));
    proof->readable = n > 0 && es256_signature_from_der((struct bytes){der, (size_t)n}, raw);
    proof->factor_id = d.factor_id;
    proof->point = d.public_key;
    proof->right = proof->readable && es256_from_point(d.public_key, &key) &&
                   es256_verify(key, str_bytes(sid), BYTES_OF(raw));
    return OK;
}

enum err proof_challenge(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct proof *proof = proof_of(cx, rq);
    struct challenge c;
    struct identity i;
    struct service s;
    struct device d;
    struct input in;
    struct str text;
    struct jwt t;
    enum err e;

    if ((e = call_gate(cx, rq, rs)) || (e = input_read(cx, rq, &in)))
        return e;
    text = input_get(&in, STR("AuthPayload"));
    if (!text.p || str_find(text, '.') < 0) /* a code of an authenticator app has no dots */
        return OK;
    if ((e = call_identity(cx, rq, &s, &i)))
        return e;
    e = challenge_by_sid(cx, rq->db, request_param(rq, STR("Sid")), &c);
    if (e == OK)
        e = c.identity_id == i.id ? app_device_of(cx, rq->db, c.factor_id, &d) : ERR_NOT_FOUND;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    proof->readable = text.n <= AUTH_PAYLOAD_MAX && jwt_parse(cx->mem, text, &t);
    if (!proof->readable)
        return OK;
    proof->factor_id = d.factor_id;
    proof->point = d.public_key;
    proof->payload = t.payload;
    proof->signature = t.signature;
    proof->right = signed_with(&t, d.public_key);
    return OK;
}
