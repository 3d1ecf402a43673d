/* hook.c: see hook.h. */
#include "api/verify/hook.h"
#include "api/verify/handlers.h"
#include "base/encode.h"
#include "channel/webhook.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_LEN_MAX = 32 * KIB, PARAMS_MAX = 16 };

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
    out->insists = true;
    out->text = form_text(cx, pairs, count);
    out->headers[out->header_count++] =
        STR("Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    out->headers[out->header_count++] = arena_printf(
        cx->mem, "X-Twilio-Signature: %s", hook_signature(cx, token, out->to, pairs, count).p);
    out->headers[out->header_count++] = webhook_stamp(cx, token, out->text);
    return OK;
}
