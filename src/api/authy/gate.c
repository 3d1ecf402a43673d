/* gate.c: see gate.h. */
#include "api/authy/gate.h"

enum err authy_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str why;
    struct args *args;
    struct str format = request_param(rq, STR("format"));
    enum err e;

    (void)rs;
    if (format.p && !str_eq(format, STR("json")) && !str_eq(format, STR("xml")))
        return authy_refuse(cx, rq, AUTHY_NO_URL);
    e = args_read(cx, rq, &args, &why);
    if (e == ERR_INVALID)
        return authy_refuse_saying(cx, rq, AUTHY_REQUEST,
                                   arena_printf(cx->mem, "Invalid request: %.*s", STR_ARG(why)));
    if (e)
        return authy_pass(cx, rq, e);
    rq->prepared = args;
    return OK;
}

enum err authy_gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct visitor *v = ARENA_NEW(cx->mem, struct visitor);
    struct str key = request_header(rq, STR("X-Authy-API-Key"));
    enum err e;

    (void)rs;
    v->args = rq->prepared;
    rq->who = v;
    if (rq->route->auth == AUTH_NONE) /* the handler looks at a proof of its own */
        return OK;
    if (key.n == 0)
        key = arg_text(v->args, "api_key");
    e = caller_by_api_key(cx, rq->db, key, &v->caller);
    if (e == ERR_DENIED)
        return authy_refuse(cx, rq, AUTHY_KEY);
    return e ? e : service_by_id(cx, rq->db, v->caller.service_id, &v->service);
}
