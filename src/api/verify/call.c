/*
 * call.c: see call.h.
 */
#include "api/verify/call.h"
#include "api/verify/errors.h"
#include "api/verify/input.h"
#include "api/verify/proof.h"
#include "base/encode.h"
#include "core/limit.h"

#include <stdarg.h>
#include <stdio.h>

enum { BASIC_MAX = 4 * KIB }; /* a device's JWT is about 500 bytes */

struct call *call_of(struct ctx *cx, struct request *rq)
{
    if (!rq->who)
        rq->who = ARENA_NEW(cx->mem, struct call);
    return rq->who;
}

struct origin call_origin(const struct request *rq)
{
    return (struct origin){.addr = str_from(rq->addr),
                           .user_agent = request_header(rq, STR("User-Agent"))};
}

static enum err err_of(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return ERR_CONFLICT;
    case 429:
        return ERR_LIMITED;
    case 503:
        return ERR_BUSY;
    default:
        return status >= 500 ? ERR_INTERNAL : ERR_INVALID;
    }
}

enum err call_refuse(struct ctx *cx, struct request *rq, int code, const char *fmt, ...)
{
    const struct api_error *row = api_error_find(code);
    struct call *call = call_of(cx, rq);
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    call->refused_code = code;
    call->refused_text = arena_str(cx->mem, str_from(text));
    if (!str_is_utf8(call->refused_text)) /* cut inside a character */
        call->refused_text = STR_NONE;
    /* The answer may repeat what was sent, a number in the path above all; the log may not. */
    return fail(cx, err_of(row->status), "verify %d: %s", code, row->text);
}

enum err call_not_found(struct ctx *cx, struct request *rq)
{
    return call_refuse(cx, rq, 20404, "The requested resource %.*s was not found",
                       STR_ARG(rq->path));
}

enum err call_budget(struct ctx *cx, struct request *rq, const struct limit_rule *rule,
                     struct str subject)
{
    enum err e = limit_take(cx, rq->db, rule, subject);

    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 20429, "Too many requests");
    return e;
}

/* ---- who ---- */

/* The two halves of "Basic base64(user:password)". */
static bool basic_read(struct ctx *cx, const struct request *rq, struct str *out_user,
                       struct str *out_password)
{
    struct str header = request_header(rq, STR("Authorization")), text;
    uint8_t *raw = arena_alloc(cx->mem, BASIC_MAX);
    ptrdiff_t n, colon;

    if (header.n < 6 || !str_eq_nocase(str_sub(header, 0, 6), STR("Basic ")))
        return false;
    n = base64_decode(str_trim(str_sub(header, 6, header.n)), raw, BASIC_MAX);
    if (n < 0)
        return false;
    text = (struct str){(const char *)raw, (size_t)n};
    if ((colon = str_find(text, ':')) < 0)
        return false;
    *out_user = str_sub(text, 0, (size_t)colon);
    *out_password = str_sub(text, (size_t)colon + 1, text.n);
    return true;
}

static enum err token_caller(struct ctx *cx, struct request *rq, struct call *call)
{
    call->caller = (struct caller){.account_id = call->token.item.place.account_id,
                                   .service_id = call->token.item.place.service_id};
    return tenant_account(cx, rq->db, call->caller.service_id, &call->caller.account_id,
                          &call->caller.account_sid);
}

static enum err device_caller(struct ctx *cx, struct request *rq, struct call *call,
                              struct str password)
{
    enum err e;

    call->by_device = true;
    if (rq->route->auth != AUTH_DEVICE)
        return call_refuse(cx, rq, 20003, "Authenticate");
    if (access_is_token(password)) {
        e = access_by_token(cx, rq->db, password, &call->token);
        if (e == ERR_DENIED)
            return call_refuse(cx, rq, 20101, "Invalid Access Token");
        if (e == ERR_EXPIRED)
            return call_refuse(cx, rq, 20101, "Invalid Access Token: it has expired");
        return e ? e : token_caller(cx, rq, call);
    }
    if ((e = proof_jwt(cx, rq, password, &call->device)))
        return e;
    call->caller.service_id = call->device.service_id;
    return tenant_account(cx, rq->db, call->device.service_id, &call->caller.account_id,
                          &call->caller.account_sid);
}

enum err call_gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct call *call = call_of(cx, rq);
    struct str user, password;
    enum err e;

    (void)rs;
    *call = (struct call){0};
    if (rq->route->auth == AUTH_NONE)
        return OK;
    if (rq->route->auth != AUTH_ACCOUNT && rq->route->auth != AUTH_DEVICE)
        return fail(cx, ERR_INTERNAL, "verify: a route asks for a level this face has not");
    if (!basic_read(cx, rq, &user, &password))
        return call_refuse(cx, rq, 20003, "Authenticate");
    if (str_eq(user, STR("token")))
        return device_caller(cx, rq, call, password);
    e = caller_by_account(cx, rq->db, user, password, &call->caller);
    return e == ERR_DENIED ? call_refuse(cx, rq, 20003, "Authenticate") : e;
}

/* ---- what ---- */

enum err call_service(struct ctx *cx, struct request *rq, struct service *out)
{
    const struct call *call = call_of(cx, rq);
    struct str sid = request_param(rq, STR("ServiceSid"));
    enum err e;

    if (!input_is_sid(sid, "VA"))
        return call_not_found(cx, rq);
    e = tenant_service(cx, rq->db, call->caller.account_id, sid, out);
    if (e == ERR_NOT_FOUND ||
        (e == OK && call->caller.service_id && call->caller.service_id != out->id))
        return call_not_found(cx, rq);
    return e;
}

enum err call_identity(struct ctx *cx, struct request *rq, struct service *out_service,
                       struct identity *out)
{
    const struct call *call = call_of(cx, rq);
    struct str name = request_param(rq, STR("Identity"));
    enum err e;

    if ((e = call_service(cx, rq, out_service)))
        return e;
    e = identity_by_external(cx, rq->db, out_service->id, name, out);
    if (e == ERR_NOT_FOUND)
        return call_not_found(cx, rq);
    if (e)
        return e;
    if (call->by_device && call->device.identity_id != out->id)
        return call_refuse(cx, rq, 20003, "Authenticate");
    return OK;
}

enum err call_may_touch(struct ctx *cx, struct request *rq, int64_t factor_id)
{
    const struct call *call = call_of(cx, rq);

    if (call->by_device && call->device.factor_id != factor_id)
        return call_refuse(cx, rq, 20003, "Authenticate");
    return OK;
}
