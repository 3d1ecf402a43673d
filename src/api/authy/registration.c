/*
 * registration.c: users without number or address. The application signs a token with its API key
 * and shows it as a QR code; whoever opens it pairs a device with the user that the token names.
 * The token is good for one device, also when that is removed again: it leads to one and the same
 * link for as long as that is open, and nowhere once it was used. While there is a device, further
 * ones need a link of the application.
 */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "base/encode.h"
#include "core/device.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"

enum { KEYS_MAX = 4, LIFE_MOST_S = 86400, CLOCK_S = 60 };

struct claims {
    struct str app, user;
    int64_t expires_at_s;
};

/* A claim that some write as text and some as a number. */
static struct str claim_text(struct ctx *cx, const json_t *v)
{
    if (json_is_integer(v))
        return arena_printf(cx->mem, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (!json_is_string(v))
        return STR_NONE;
    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

static bool claims_read(struct ctx *cx, struct str payload, struct claims *out)
{
    json_t *o = json_loadb(payload.p, payload.n, JSON_REJECT_DUPLICATES, NULL);
    json_t *context = json_object_get(o, "context"), *exp = json_object_get(o, "exp");
    double at = json_number_value(exp); /* PyJWT's callers write fractions */

    *out = (struct claims){
        .app = claim_text(cx, json_object_get(context, "authy_app_id")),
        .user = claim_text(cx, json_object_get(context, "custom_user_id")),
        .expires_at_s = at > 0 && at < (double)INT32_MAX * 4 ? (int64_t)at : 0,
    };
    json_decref(o);
    return out->app.n && out->user.n && out->expires_at_s;
}

/* The service whose number is in the token and whose key has signed it. */
static enum err signer(struct ctx *cx, struct request *rq, const struct jwt *token,
                       const struct claims *claims, struct service *out)
{
    struct service *list;
    size_t count;
    enum err e = service_list(cx, rq->db, &list, &count);

    for (size_t i = 0; !e && i < count; i++) {
        int64_t ids[KEYS_MAX];
        size_t keys;
        struct str secret;

        if (!str_eq(claims->app, list[i].sid) &&
            !str_eq(claims->app, arena_printf(cx->mem, "%lld", (long long)sid_number(list[i].sid))))
            continue;
        if ((e = credential_keys(cx, rq->db, list[i].id, ids, KEYS_MAX, &keys)))
            return e;
        for (size_t k = 0; k < keys; k++) {
            if ((e = credential_secret(cx, rq->db, ids[k], &secret)))
                return e;
            if (jwt_verify(token, &(struct jwt_key){JWT_HS256, str_bytes(secret), NULL})) {
                *out = list[i];
                return OK;
            }
        }
    }
    return e ? e : authy_refuse(cx, rq, AUTHY_JWT);
}

/* What a token is remembered by: its signed part, which nobody else can spell in another way. */
static struct str once_of(struct ctx *cx, const struct jwt *token)
{
    uint8_t hash[HASH_SHA256_LEN];

    hash_sha256(str_bytes(token->signing_input), hash);
    return base64url_encode(cx->mem, BYTES_OF(hash));
}

/* Opened by the phone that has read the QR code: leads on to the authenticator. */
enum err registration_pair(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str text = arg_text(visitor_of(rq)->args, "token"), url;
    int64_t now_s = cx->now_ms / MS_PER_S, link_id;
    struct device *list;
    struct claims claims;
    struct identity i;
    struct service s = {0};
    struct jwt token;
    size_t count;
    enum err e;

    if (!jwt_parse(cx->mem, text, &token) || !claims_read(cx, token.payload, &claims))
        return authy_refuse(cx, rq, AUTHY_JWT);
    if ((e = signer(cx, rq, &token, &claims, &s)))
        return e;
    if (claims.expires_at_s + CLOCK_S < now_s || claims.expires_at_s > now_s + LIFE_MOST_S)
        return authy_refuse(cx, rq, AUTHY_JWT_EXPIRED);
    if ((e = identity_named_user(cx, rq->db, s.id, claims.user, &i)))
        return e == ERR_INVALID ? authy_refuse(cx, rq, AUTHY_JWT) : e;
    if ((e = device_list(cx, rq->db, i.id, &list, &count)))
        return e;
    if (count > 0) /* used already */
        return authy_refuse(cx, rq, AUTHY_JWT_EXPIRED);
    e = device_pair_invite(cx, rq->db, i.id, once_of(cx, &token), PAIR_LINK_LIFE_S, &link_id, &url);
    if (e == ERR_EXPIRED)
        return authy_refuse(cx, rq, AUTHY_JWT_EXPIRED);
    if (e)
        return authy_pass(cx, rq, e);
    return respond_redirect(cx, rs, str_sub(url, core_of(rq->db)->public_url.n, url.n));
}

enum err registration_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    json_t *o, *registration;
    struct device *list;
    struct identity i;
    size_t count;
    enum err e =
        identity_by_external(cx, rq->db, v->service.id, arg_text(v->args, "custom_user_id"), &i);

    if (e == ERR_NOT_FOUND || (e == OK && !i.authy_id))
        return authy_refuse(cx, rq, AUTHY_NO_REGISTRATION);
    if (e || (e = device_list(cx, rq->db, i.id, &list, &count)))
        return e;
    registration = json_object();
    json_object_set_new(registration, "status", json_string(count ? "completed" : "pending"));
    if (count)
        json_object_set_new(registration, "authy_id", json_integer(i.authy_id));
    o = json_object();
    json_object_set_new(o, "registration", registration);
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}
