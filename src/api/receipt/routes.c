/* routes.c: see face.h. The state is a member of the query, a form or a flat JSON object, as
 * carriers have it; which one and what it means is in the provider's description
 * (channel/provider.h).
 *
 * The secret address is what proves a receipt; where the carrier signs as well (receipt_signed), an
 * unsigned one is refused, whoever knows the address. */
#include "api/receipt/face.h"
#include "api/verify/hook.h"
#include "base/log.h"
#include "channel/provider.h"
#include "core/app.h"
#include "core/delivery.h"
#include "http/form.h"

#include <inttypes.h>

static const char *const words[] = {
    [RECEIPT_UNDER_WAY] = "accepted",
    [RECEIPT_DELIVERED] = "delivered",
    [RECEIPT_UNDELIVERED] = "undelivered",
};

enum { SAID_STATE, SAID_PRICE, SAID_WHY, FIELDS_MAX };

/* What one member is called, and what it says: empty when it is not there. */
struct said {
    struct str name, value;
};

static void from_query(struct ctx *cx, const struct request *rq, struct said *said, size_t n)
{
    for (size_t i = 0; i < n; i++)
        said[i].value = said[i].name.n ? request_query(cx, rq, said[i].name) : STR("");
}

static enum err from_json(struct ctx *cx, const struct request *rq, struct said *said, size_t n)
{
    json_t *body, *value;
    enum err e = json_body(cx, rq, &body);

    if (e)
        return e;
    for (size_t i = 0; i < n; i++) {
        value = json_object_getn(body, said[i].name.p, said[i].name.n);
        if (json_is_string(value))
            said[i].value = arena_str(
                cx->mem, (struct str){json_string_value(value), json_string_length(value)});
        else if (json_is_integer(value))
            said[i].value = arena_printf(cx->mem, "%lld", (long long)json_integer_value(value));
    }
    json_decref(body);
    return OK;
}

static void from_form(const struct pair *pairs, size_t count, struct said *said, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < n; k++) {
            if (str_eq(pairs[i].name, said[k].name))
                said[k].value = pairs[i].value;
        }
    }
}

/* pairs: of a form, else none. */
static enum err read_said(struct ctx *cx, const struct request *rq, const struct pair *pairs,
                          size_t count, struct said *said, size_t n)
{
    from_query(cx, rq, said, n);
    if (said[SAID_STATE].value.n || rq->body.n == 0)
        return OK;
    if (request_body_is(rq, STR("application/json")))
        return from_json(cx, rq, said, n);
    from_form(pairs, count, said, n);
    return OK;
}

/* By X-Twilio-Signature: over the address as it was given to the carrier, and the form. */
static bool is_signed(struct ctx *cx, const struct request *rq, const struct pair *pairs,
                      size_t count)
{
    const struct app *app = rq->app;
    struct str url = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(core_of(rq->db)->public_url),
                                  STR_ARG(rq->target));
    struct str wanted = hook_signature(cx, app->sms_receipt_key, url, pairs, count);

    return app->sms_receipt_key.n &&
           ct_equal_str(request_header(rq, STR("X-Twilio-Signature")), wanted);
}

static enum err read_receipt(struct ctx *cx, const struct request *rq, const struct provider *p,
                             struct receipt *out)
{
    struct said said[FIELDS_MAX] = {
        [SAID_STATE] = {.name = p->receipt},
        [SAID_PRICE] = {.name = p->receipt_price},
        [SAID_WHY] = {.name = p->receipt_why},
    };
    struct pair *pairs = NULL;
    size_t count = 0;
    enum err e;

    if (rq->body.n && !request_body_is(rq, STR("application/json")) &&
        (e = form_pairs(cx, rq->body, &pairs, &count)))
        return e;
    if (p->receipt_signed.n && !is_signed(cx, rq, pairs, count))
        return fail(cx, ERR_DENIED, "the receipt is not signed by the carrier");
    if ((e = read_said(cx, rq, pairs, count, said, FIELDS_MAX)))
        return e;
    *out = (struct receipt){
        .state = str_from(words[provider_receipt(p, said[SAID_STATE].value)]),
        .why = provider_receipt_why(cx, p, said[SAID_STATE].value, said[SAID_WHY].value),
        .price = provider_price(cx, said[SAID_PRICE].value, p->currency),
        .whole = true,
    };
    return OK;
}

/* An address that we did not make says no more than that there is none, signed or not. */
static enum err take(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct provider *p = ((const struct app *)rq->app)->sms_provider;
    struct str token = request_param(rq, STR("token"));
    struct receipt receipt;
    bool changed;
    int64_t id;
    enum err e;

    if (!p || !p->receipt.n)
        return fail(cx, ERR_NOT_FOUND, "no receipts are taken");
    if ((e = delivery_receipt_id(cx, rq->db, token, &id)))
        return e;
    if ((e = read_receipt(cx, rq, p, &receipt))) {
        if (e == ERR_DENIED)
            log_warn(cx, "receipt_refused", "id=%" PRId64 " why=\"%s\"", id, cx->why);
        return e;
    }
    if ((e = delivery_receipt(cx, rq->db, id, &receipt, &changed)))
        return e;
    if (changed)
        log_info(cx, "receipt", "id=%" PRId64 " state=%.*s", id, STR_ARG(receipt.state));
    rs->status = 204;
    return OK;
}

static void receipt_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                          int status)
{
    enum err ignored;

    (void)rq;
    ignored = respond_text(cx, rs, status ? status : route_status(e),
                           arena_printf(cx->mem, "%s\n", err_name(e)));
    (void)ignored;
}

static const struct route routes[] = {
    {GET,  "/receipts/{token}", AUTH_NONE, LIMIT_API, WRITE, take},
    {POST, "/receipts/{token}", AUTH_NONE, LIMIT_API, WRITE, take},
};

const struct face receipt_face = {
    .name = "receipt",
    .prefix = "/receipts/",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .error = receipt_error,
};
