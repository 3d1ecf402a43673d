/* routes.c: see face.h. The state is a member of the query, a form or a flat JSON object, as
 * carriers have it; which one and what it means is in the provider's description
 * (channel/provider.h). */
#include "api/receipt/face.h"
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

static enum err json_state(struct ctx *cx, const struct request *rq, struct str name,
                           struct str *out)
{
    json_t *body, *value;
    enum err e = json_body(cx, rq, &body);

    if (e)
        return e;
    value = json_object_getn(body, name.p, name.n);
    if (json_is_string(value))
        *out =
            arena_str(cx->mem, (struct str){json_string_value(value), json_string_length(value)});
    else if (json_is_integer(value))
        *out = arena_printf(cx->mem, "%lld", (long long)json_integer_value(value));
    json_decref(body);
    return OK;
}

static enum err form_state(struct ctx *cx, const struct request *rq, struct str name,
                           struct str *out)
{
    struct pair *pairs;
    size_t count;
    enum err e = form_pairs(cx, rq->body, &pairs, &count);

    for (size_t i = 0; e == OK && i < count; i++) {
        if (str_eq(pairs[i].name, name))
            *out = pairs[i].value;
    }
    return e;
}

static enum err read_state(struct ctx *cx, const struct request *rq, struct str name,
                           struct str *out)
{
    *out = request_query(cx, rq, name);
    if (out->n || rq->body.n == 0)
        return OK;
    if (request_body_is(rq, STR("application/json")))
        return json_state(cx, rq, name, out);
    return form_state(cx, rq, name, out);
}

static enum err take(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct provider *p = ((const struct app *)rq->app)->sms_provider;
    enum receipt_state state;
    struct str value;
    bool changed;
    int64_t id;
    enum err e;

    if (!p || !p->receipt.n)
        return fail(cx, ERR_NOT_FOUND, "no receipts are taken");
    if ((e = read_state(cx, rq, p->receipt, &value)))
        return e;
    state = provider_receipt(p, value);
    if ((e = delivery_receipt(cx, rq->db, request_param(rq, STR("token")), str_from(words[state]),
                              &id, &changed)))
        return e;
    if (changed)
        log_info(cx, "receipt", "id=%" PRId64 " state=%s", id, words[state]);
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
