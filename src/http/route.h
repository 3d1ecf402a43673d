/*
 * route.h: the table that is the policy: who may call, how often, on which thread, and what runs.
 *
 * A face (portal, api/authy, …) is a table of routes with the gate and the error page that hold for
 * all of them. The server calls, for one request: match, size and rate limits, [prepare], gate,
 * handler, and on an error `error`. Gate and handler run on the thread that `runs` names, in one
 * transaction; prepare runs before, outside of any.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/request.h"
#include "http/response.h"

enum runs {
    READ,  /* on the loop, with its read-only handle */
    WRITE, /* on the writer; the answer leaves after COMMIT */
};

enum prepare_on {
    ON_HASH_POOL, /* Argon2id and the like; one slot a core, short bounded queue, else 503 */
    ON_LOOP,      /* a signature check: tens of microseconds */
};

/* What each face's gate makes of these is its own; http knows only the numbers. */
enum auth {
    AUTH_NONE,    /* anybody; a test spells out all such rows */
    AUTH_LOGIN,   /* a sign-in attempt in progress (first factor done) */
    AUTH_SESSION, /* signed in at the level the person requires */
    AUTH_FRESH,   /* the same, proved within the last minutes */
    AUTH_DEVICE,  /* a paired device's signature */
    AUTH_API_KEY, /* an application's key */
    AUTH_ACCOUNT, /* account SID and token, or API key pair */
    AUTH_CONTROL, /* the local socket only */
    AUTH_OPERATOR,
};

/* Requests per address (in memory; what guards a secret is counted durably in core/limit). */
enum limit { LIMIT_NONE, LIMIT_PAGE, LIMIT_FORM, LIMIT_LOGIN, LIMIT_SEND, LIMIT_API, LIMIT_COUNT };

typedef enum err handler_fn(struct ctx *cx, struct request *rq, struct response *rs);

struct route {
    enum method method;
    const char *pattern; /* "/account/sessions/{id}/revoke"; a parameter is one whole segment */
    enum auth auth;
    enum limit limit;
    enum runs runs;
    handler_fn *handler;
    handler_fn *prepare; /* before the transaction; rs only if it answers by an error */
    enum prepare_on prepare_on;
    size_t body_max; /* bytes; 0 = the server's default (16 KiB) */
    /* Whether this request needs the prepare step; NULL = every one. Asked on the loop, without a
     * store: what is cheap need not stand in the queue of what is not. */
    bool (*prepare_when)(struct ctx *cx, const struct request *rq);
};

struct face {
    const char *name;
    const char
        *prefix; /* "" or "/v2/": the longest prefix that fits decides who words 404 and 405 */
    const struct route *routes;
    size_t route_count;
    bool joins_slashes; /* "//a///b" is "/a/b" here, for clients whose base URL ends in a slash */
    /* Adds headers to the answer to OPTIONS: what pages of other origins may ask. May be NULL. */
    void (*options)(struct response *rs);
    handler_fn *gate; /* may be NULL; sets rq->who, refuses by returning an error */
    /* Words an error in this face's form. e is never OK. status is what the server proposes (404,
     * 405, 413, 429, 503, …) or 0 = from e. Must not fail. ALWAYS runs on the loop, with the loop's
     * read-only handle in rq->db, after the writer has rolled back or committed: so that a form
     * page with its complaints (large, 4xx) never costs the writer time. rq->who, rq->prepared and
     * rq->problems are as gate, prepare and handler left them (they are in cx->mem). */
    void (*error)(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status);
};

/* HTTP status for e when the face has no other opinion. */
int route_status(enum err e);

#endif
