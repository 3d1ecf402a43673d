/*
 * call.h: who calls, what they may touch, and why they are refused.
 *
 * Callers prove themselves with HTTP Basic: account SID and auth token, or an API key's SID and
 * secret; a device with the user "token" and an access token (to enrol) or an ES256 JWT of its own.
 * Routes of AUTH_ACCOUNT are for the first two, those of AUTH_DEVICE for a device too, which sees
 * its own factor and nothing else.
 */
#ifndef API_VERIFY_CALL_H
#define API_VERIFY_CALL_H

#include "core/access.h"
#include "core/app_factor.h"
#include "core/credential.h"
#include "core/item.h"
#include "core/tenant.h"
#include "http/route.h"

struct call { /* rq->who */
    struct caller caller;
    bool by_device;
    struct device device; /* by_device: the JWT's; factor_id 0 with an access token */
    struct access token;  /* by_device with an access token */
    int refused_code;     /* 0: not refused by a code of ours */
    int refused_status;   /* 0: the table's */
    struct str refused_text;
};

/* Never NULL. */
struct call *call_of(struct ctx *cx, struct request *rq);
/* Address and program, for audit. */
struct origin call_origin(const struct request *rq);

/* Notes the dialect's code (errors.h) with a text, or the table's without, and returns the err that
 * goes with its status. */
enum err call_refuse(struct ctx *cx, struct request *rq, int code, const char *fmt, ...)
    PRINTF_LIKE(4, 5) MUST_USE;
/* 20404 with the path, as the original words it. */
enum err call_not_found(struct ctx *cx, struct request *rq) MUST_USE;

/* One from a budget of the interface; 20429 when it is used up. Takes what the request has written
 * so far with it (db_keep), so it comes before anything is written. */
struct limit_rule;
enum err call_budget(struct ctx *cx, struct request *rq, const struct limit_rule *rule,
                     struct str subject) MUST_USE;

/* The face's gate. For routes whose prepare step needs the caller, that step calls it too. */
handler_fn call_gate;

/* The service that {ServiceSid} names, if the caller owns it. */
enum err call_service(struct ctx *cx, struct request *rq, struct service *out);
/* The identity that {Identity} names in it. A device is let through to its own only. */
enum err call_identity(struct ctx *cx, struct request *rq, struct service *out_service,
                       struct identity *out);
/* OK unless the caller is a device and the factor is not its own. */
enum err call_may_touch(struct ctx *cx, struct request *rq, int64_t factor_id);

#endif
