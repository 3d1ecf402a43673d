/*
 * webhook.c: see webhook.h. A 2xx is success. Any other answer is final: an application that
 * refuses a message refuses it again. What got no answer is tried again within the message's life, and
 * so is what a server in trouble answered, for dialects that do not count failures (insists).
 */
#include "channel/webhook.h"
#include "channel/transfer.h"

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

    bool later = p->insists && (end->status >= 500 || end->status == 429);

    (void)self;
    *out = (struct verdict){.lost = end->lost, .retry_after_ms = end->retry_after_ms};
    if (end->status == 0) {
        out->outcome = end->refused ? OUTCOME_FAILED : OUTCOME_RETRY;
        out->why = arena_str(cx->mem, end->why);
    } else if (end->status >= 200 && end->status < 300) {
        out->outcome = OUTCOME_SENT;
    } else {
        out->outcome = later ? OUTCOME_RETRY : OUTCOME_FAILED;
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
