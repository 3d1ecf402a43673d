/*
 * webhook.c: see webhook.h. A 2xx is success. What got no answer is tried again within the
 * message's life; so is "not now" (5xx, 429) where the parcel insists. Any other answer is final:
 * an application that refuses a message refuses it again.
 */
#include "channel/webhook.h"
#include "base/clock.h"
#include "base/encode.h"
#include "channel/transfer.h"
#include "crypto/hash.h"
#include "crypto/hotp.h"

#include <inttypes.h>

struct str webhook_stamp(struct ctx *cx, struct str key, struct str body)
{
    int64_t at_s = cx->now_ms / MS_PER_S;
    struct str text = arena_printf(cx->mem, "%" PRId64 ".%.*s", at_s, STR_ARG(body));
    uint8_t mac[HMAC_LEN_MAX];
    size_t n = hmac(HMAC_SHA256, str_bytes(key), str_bytes(text), mac);

    return arena_printf(cx->mem, "X-Countersign-Signature: t=%" PRId64 ",v1=%.*s", at_s,
                        STR_ARG(hex_encode(cx->mem, (struct bytes){mac, n})));
}

static bool not_now(long status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

static enum err load(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t)
{
    struct transfer_http http = {
        .method = p->method,
        .url = p->to,
        .headers = p->headers,
        .header_count = p->header_count,
        .body = str_bytes(p->text),
        .whole_ms = WEBHOOK_WHOLE_MS,
        .callback = true,
    };

    (void)self;
    return transfer_http(cx, t, &http);
}

static void judge(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out)
{
    const struct transfer_end *end = transfer_end(t);

    (void)self;
    *out = (struct verdict){.lost = end->lost, .retry_after_ms = end->retry_after_ms};
    if (end->status == 0) {
        out->outcome = end->refused ? OUTCOME_FAILED : OUTCOME_RETRY;
        out->why = arena_str(cx->mem, end->why);
    } else if (end->status >= 200 && end->status < 300) {
        out->outcome = OUTCOME_SENT;
    } else {
        out->outcome = p->insists && not_now(end->status) ? OUTCOME_RETRY : OUTCOME_FAILED;
        out->why =
            arena_printf(cx->mem, "%.*s answered %ld", STR_ARG(transfer_host(t)), end->status);
    }
}

struct carrier webhook_carrier(void)
{
    return (struct carrier){
        .channel = STR("webhook"),
        .parallel = WEBHOOK_PARALLEL,
        .load = load,
        .judge = judge,
    };
}
