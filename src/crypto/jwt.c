/* jwt.c: see jwt.h. The header is read by jansson, and only after its size is known to be small. */
#include "crypto/jwt.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/must.h"

#include <jansson.h>

static const struct str alg_names[] = {
    [JWT_HS256] = STR("HS256"),
    [JWT_ES256] = STR("ES256"),
};

/* Decodes one part into mem; a part is never empty. */
static bool decode(struct arena *mem, struct str part, struct str *out)
{
    uint8_t *p = arena_alloc(mem, part.n);
    ptrdiff_t n = base64url_decode(part, p, part.n);

    *out = (struct str){(const char *)p, n > 0 ? (size_t)n : 0};
    return n > 0;
}

/* An absent member is the empty text; one that is no string, or an empty one, is an error. */
static bool member(struct arena *mem, const json_t *header, const char *name, struct str *out)
{
    const json_t *value = json_object_get(header, name);

    *out = STR_NONE;
    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    *out = arena_str(mem, (struct str){json_string_value(value), json_string_length(value)});
    return true;
}

static bool read_header(struct arena *mem, struct str text, struct jwt *t)
{
    OWN(json_decrefp)
    json_t *header = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);

    return json_is_object(header) && !json_object_get(header, "crit") &&
           member(mem, header, "alg", &t->alg) && t->alg.n > 0 &&
           member(mem, header, "kid", &t->kid) && member(mem, header, "typ", &t->typ) &&
           member(mem, header, "cty", &t->cty);
}

bool jwt_parse(struct arena *mem, struct str token, struct jwt *out)
{
    struct str rest = token, header, payload, signature, text, raw;
    struct jwt t;

    if (token.n > JWT_LEN_MAX || !str_split(&rest, '.', &header) ||
        !str_split(&rest, '.', &payload) || !str_split(&rest, '.', &signature) || rest.p)
        return false;
    if (!decode(mem, header, &text) || !read_header(mem, text, &t) ||
        !decode(mem, payload, &t.payload) || !decode(mem, signature, &raw))
        return false;
    t.signature = str_bytes(raw);
    t.signing_input = str_sub(token, 0, header.n + 1 + payload.n);
    *out = t;
    return true;
}

bool jwt_verify(const struct jwt *t, const struct jwt_key *key)
{
    uint8_t mac[HMAC_LEN_MAX];
    size_t n;

    if (!str_eq(t->alg, alg_names[key->alg]))
        return false;
    if (key->alg == JWT_ES256)
        return key->pair && es256_verify(key->pair, str_bytes(t->signing_input), t->signature);
    if (key->secret.n == 0)
        return false;
    n = hmac(HMAC_SHA256, key->secret, str_bytes(t->signing_input), mac);
    return ct_equal(t->signature, (struct bytes){mac, n});
}

static void add_member(struct buf *b, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    must(str_find(value, '"') == STR_NPOS && str_find(value, '\\') == STR_NPOS &&
             !str_has_control(value),
         "jwt_head");
    buf_addf(b, "%s\"%s\":\"%.*s\"", b->n > 1 ? "," : "", name, STR_ARG(value));
}

struct str jwt_sign(struct arena *mem, const struct jwt_key *key, const struct jwt_head *head,
                    struct str payload)
{
    OWN(buf_deinit) struct buf b;
    uint8_t signature[HMAC_LEN_MAX];
    struct str input;
    size_t n;

    buf_init(&b, JWT_LEN_MAX);
    buf_addc(&b, '{');
    add_member(&b, "typ", head->typ);
    add_member(&b, "alg", alg_names[key->alg]);
    add_member(&b, "kid", head->kid);
    add_member(&b, "cty", head->cty);
    buf_addc(&b, '}');
    must(!b.full, "jwt_head");
    input = arena_printf(mem, "%.*s.%.*s", STR_ARG(base64url_encode(mem, str_bytes(buf_str(&b)))),
                         STR_ARG(base64url_encode(mem, str_bytes(payload))));
    if (key->alg == JWT_ES256) {
        n = ES256_SIGNATURE_LEN;
        es256_sign(key->pair, str_bytes(input), signature);
    } else {
        must(key->secret.n > 0, "jwt_key");
        n = hmac(HMAC_SHA256, key->secret, str_bytes(input), signature);
    }
    return arena_printf(mem, "%.*s.%.*s", STR_ARG(input),
                        STR_ARG(base64url_encode(mem, (struct bytes){signature, n})));
}
