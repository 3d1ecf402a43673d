/* hook.c: see hook.h. */
#include "api/verify/hook.h"
#include "api/verify/handlers.h"
#include "base/encode.h"
#include "core/challenge.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_LIFE_S = 3600, EVENT_LEN_MAX = 32 * KIB, PARAMS_MAX = 16 };

/* ---- queueing ---- */

static bool wants(const json_t *data, const char *event)
{
    json_t *type;
    size_t i;

    if (!str_eq(str_from(json_string_value(json_object_get(data, "status"))), STR("enabled")))
        return false;
    json_array_foreach(json_object_get(data, "event_types"), i, type)
    {
        struct str name = str_from(json_string_value(type));

        if (str_eq(name, STR("*")) || str_eq(name, str_from(event)))
            return true;
    }
    return false;
}

static struct str uuid_new(struct ctx *cx)
{
    uint8_t b[16];
    struct str h;

    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40); /* RFC 9562 version 4 */
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    h = hex_encode(cx->mem, BYTES_OF(b));
    return arena_printf(cx->mem, "%.8s-%.4s-%.4s-%.4s-%.12s", h.p, h.p + 8, h.p + 12, h.p + 16,
                        h.p + 20);
}

/* Flat texts: they become form parameters. */
static struct str params_of(struct ctx *cx, struct request *rq, const struct service *s,
                            const struct identity *i, const struct app_factor *f,
                            const struct challenge *c, const char *event)
{
    json_t *o =
        json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s}", "uuid", js_str(uuid_new(cx)), "type",
                  event, "account_sid", js_str(call_of(cx, rq)->caller.account_sid), "service_sid",
                  js_str(s->sid), "entity_identity", js_str(i->external), "factor_sid",
                  js_str(f->sid), "factor_type", f->kind == FACTOR_PUSH ? "push" : "totp");
    json_t *details, *at;

    if (!c)
        return js_dump(cx, o);
    details =
        json_pack("{s:o, s:o}", "message", js_str(c->message), "fields", js_parsed(c->details));
    at = js_time(c->expires_at_ms);
    json_object_set_new(o, "challenge_sid", js_str(c->sid));
    json_object_set_new(o, "challenge_details", js_str(js_dump(cx, details)));
    json_object_set_new(o, "challenge_hidden_details", js_str(c->hidden_details));
    json_object_set_new(o, "challenge_metadata", js_str(c->metadata));
    json_object_set_new(o, "challenge_expiration_date", at);
    return js_dump(cx, o);
}

enum err webhooks_tell(struct ctx *cx, struct request *rq, const struct service *s,
                       const struct identity *i, const struct app_factor *f,
                       const struct challenge *c, const char *event)
{
    const struct item_place place = {call_of(cx, rq)->caller.account_id, s->id, 0, ITEM_WEBHOOK};
    struct item *list;
    size_t count;
    enum err e = item_page(cx, rq->db, &place, false, 0, WEBHOOKS_MAX, &list, &count);

    for (size_t n = 0; e == OK && n < count; n++) {
        json_t *data = js_parsed(list[n].data);
        struct outbox_row row = {
            .service_id = s->id,
            .identity_id = i->id,
            .channel = STR("webhook"),
            .target = arena_str(cx->mem,
                                str_from(json_string_value(json_object_get(data, "webhook_url")))),
            .template_name = HOOK_TEMPLATE,
            .params = params_of(cx, rq, s, i, f, c, event),
            .expires_at_ms = cx->now_ms + (int64_t)EVENT_LIFE_S * MS_PER_S,
        };

        if (wants(data, event))
            e = outbox_add(cx, rq->db, &row);
        json_decref(data);
    }
    return e;
}

/* ---- sending ---- */

static int by_name(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int r = str_cmp(x->name, y->name);

    return r ? r : str_cmp(x->value, y->value);
}

struct str hook_signature(struct ctx *cx, struct str auth_token, struct str url,
                          const struct pair *params, size_t count)
{
    struct pair *sorted = ARENA_ARRAY(cx->mem, struct pair, count + 1);
    OWN(buf_deinit) struct buf text = {0};
    uint8_t mac[HMAC_LEN_MAX];
    size_t n;

    buf_init(&text, EVENT_LEN_MAX);
    buf_add(&text, url);
    if (count)
        memcpy(sorted, params, count * sizeof(*params));
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count; i++) {
        if (i && by_name(&sorted[i - 1], &sorted[i]) == 0) /* the same value again counts once */
            continue;
        buf_add(&text, sorted[i].name);
        buf_add(&text, sorted[i].value);
    }
    n = hmac(HMAC_SHA1, str_bytes(auth_token), str_bytes(buf_str(&text)), mac);
    return base64_encode(cx->mem, (struct bytes){mac, n});
}

static size_t pairs_of(struct ctx *cx, struct str json, struct pair out[static PARAMS_MAX])
{
    json_t *o = js_parsed(json), *value;
    const char *name;
    size_t n = 0;

    json_object_foreach(o, name, value)
    {
        if (n == PARAMS_MAX)
            break;
        out[n++] = (struct pair){
            arena_str(cx->mem, str_from(name)),
            arena_str(cx->mem, str_from(json_string_value(value))),
        };
    }
    json_decref(o);
    return n;
}

static struct str form_text(struct ctx *cx, const struct pair *pairs, size_t count)
{
    OWN(buf_deinit) struct buf b = {0};

    buf_init(&b, EVENT_LEN_MAX);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_addc(&b, '&');
        url_part(&b, pairs[i].name);
        buf_addc(&b, '=');
        url_part(&b, pairs[i].value);
    }
    return arena_str(cx->mem, buf_str(&b));
}

enum err hook_parcel(struct ctx *cx, struct db *db, const struct outbox_row *row,
                     struct parcel *out)
{
    struct pair pairs[PARAMS_MAX];
    size_t count = pairs_of(cx, row->params, pairs);
    struct str token;
    enum err e = credential_token(cx, db, row->service_id, &token);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "the account has no auth token any more");
    if (e)
        return e;
    out->method = "POST";
    out->to = row->target;
    out->text = form_text(cx, pairs, count);
    out->headers[out->header_count++] =
        STR("Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    out->headers[out->header_count++] = arena_printf(
        cx->mem, "X-Twilio-Signature: %s", hook_signature(cx, token, row->target, pairs, count).p);
    return OK;
}
