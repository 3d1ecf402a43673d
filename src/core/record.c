/* record.c: see record.h. */
#include "core/record.h"
#include "base/encode.h"
#include "crypto/es256.h"

#include <jansson.h>

struct str answer_record_text(struct ctx *cx, const struct answer_record *r)
{
    return arena_printf(cx->mem,
                        "challenge=%.*s decision=%.*s%s device=%.*s key=%.*s payload=%.*s "
                        "signature=%.*s",
                        STR_ARG(r->challenge), STR_ARG(r->decision),
                        r->approve_only ? " approve_only=not-63B-4" : "", STR_ARG(r->device),
                        STR_ARG(base64url_encode(cx->mem, r->key)),
                        STR_ARG(base64url_encode(cx->mem, str_bytes(r->payload))),
                        STR_ARG(base64url_encode(cx->mem, r->signature)));
}

static struct bytes decoded(struct ctx *cx, struct str text)
{
    uint8_t *p = arena_alloc(cx->mem, text.n + 1);
    ptrdiff_t n = base64url_decode(text, p, text.n + 1);

    return (struct bytes){p, n > 0 ? (size_t)n : 0};
}

enum err answer_record_read(struct ctx *cx, struct str detail, struct answer_record *out)
{
    struct str key = STR_NONE, payload = STR_NONE, signature = STR_NONE, word;
    struct answer_record r = {0};
    const struct {
        struct str name;
        struct str *to;
    } members[] = {
        {STR("challenge="), &r.challenge},
        {STR("decision="),  &r.decision },
        {STR("device="),    &r.device   },
        {STR("key="),       &key        },
        {STR("payload="),   &payload    },
        {STR("signature="), &signature  },
    };

    while (str_split(&detail, ' ', &word)) {
        r.approve_only = r.approve_only || str_starts(word, STR("approve_only="));
        EACH_ROW (m, members) {
            if (str_starts(word, m->name))
                *m->to = str_sub(word, m->name.n, word.n);
        }
    }
    EACH_ROW (m, members) {
        if (!m->to->n)
            return fail(cx, ERR_INVALID, "the entry keeps no signed answer");
    }
    r.key = decoded(cx, key);
    r.payload = bytes_str(decoded(cx, payload));
    r.signature = decoded(cx, signature);
    *out = r;
    return OK;
}

static bool says(const json_t *payload, const char *name, struct str want)
{
    const json_t *v = json_object_get(payload, name);

    return json_is_string(v) &&
           str_eq((struct str){json_string_value(v), json_string_length(v)}, want);
}

static enum err payload_fits(struct ctx *cx, const struct answer_record *r, const json_t *payload)
{
    struct str decision = str_eq(r->decision, STR("wrong_digits")) ? STR("approved") : r->decision;

    if (!says(payload, "challenge", r->challenge) || !says(payload, "device", r->device))
        return fail(cx, ERR_DENIED, "what was signed is about another request or device");
    if (!says(payload, "decision", decision))
        return fail(cx, ERR_DENIED, "what was signed is another decision");
    return OK;
}

enum err answer_record_check(struct ctx *cx, const struct answer_record *r)
{
    OWN(es256_free) struct es256_key *key = NULL;
    json_t *payload;
    enum err e;

    if (!es256_from_point(r->key, &key) || !es256_verify(key, str_bytes(r->payload), r->signature))
        return fail(cx, ERR_DENIED, "the signature is not the device's over this answer");
    payload = json_loadb(r->payload.p, r->payload.n, JSON_REJECT_DUPLICATES, NULL);
    e = payload_fits(cx, r, payload);
    json_decref(payload);
    return e;
}
