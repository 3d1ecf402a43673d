/*
 * routes.c: see face.h. A signature that is right is answered by 200 even where nothing came of it:
 * such services switch a callback off that answers by errors.
 */
#include "api/remote/face.h"
#include "base/log.h"
#include "channel/remote.h"
#include "core/app.h"
#include "core/remote.h"

enum { BODY_MAX = 64 * KIB };

#define CALLBACK_PATH "/authy/callback"

/* On the loop: the signature. What it says is the handler's. */
static enum err read_callback(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct app *app = rq->app;
    struct remote_callback *cb = ARENA_NEW(cx->mem, struct remote_callback);
    struct str url = arena_printf(cx->mem, "%.*s" CALLBACK_PATH, STR_ARG(app->core->public_url));
    enum err e;

    (void)rs;
    if (!app->remote || app->core->remote != REMOTE_AUTHY)
        return fail(cx, ERR_NOT_FOUND, "no callbacks are taken");
    e = remote_callback_read(cx, app->remote, url,
                             request_header(rq, STR("X-Authy-Signature-Nonce")),
                             request_header(rq, STR("X-Authy-Signature")), rq->body, cb);
    if (e == OK)
        rq->prepared = cb;
    return e == ERR_INVALID ? OK : e; /* a test call: well, and nothing to do */
}

static enum err take(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct remote_callback *cb = rq->prepared;
    bool known = false;
    enum err e = cb ? remote_answered(cx, rq->db, cb, &known) : OK;

    if (e)
        return e;
    log_info(cx, "remote_callback", "known=%d", known);
    return respond_json(cx, rs, 200, json_pack("{s:b}", "success", 1));
}

static void remote_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                         int status)
{
    enum err ignored;

    (void)rq;
    ignored = respond_json(cx, rs, status ? status : route_status(e),
                           json_pack("{s:b, s:s}", "success", 0, "message", err_name(e)));
    (void)ignored;
}

static const struct route routes[] = {
    {POST, CALLBACK_PATH, AUTH_NONE, LIMIT_API, WRITE, take, read_callback, ON_LOOP, BODY_MAX},
};

const struct face remote_face = {
    .name = "remote",
    .prefix = "/authy/",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .error = remote_error,
};
