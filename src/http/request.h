/*
 * request.h: one HTTP request as a handler sees it. Everything in it lives until the ctx ends.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/ctx.h"
#include "base/str.h"

/* A handler never sees HEAD: it arrives as GET and the body is left out of the answer. */
enum method { GET, POST, DELETE, HEAD, OPTIONS, PUT, PATCH, METHOD_COUNT };

struct str method_name(enum method m);    /* "GET" */
enum method method_from(struct str name); /* METHOD_COUNT when unknown; case matters */

enum { REQUEST_HEADERS_MAX = 64, REQUEST_PARAMS_MAX = 6, REQUEST_ADDR_LEN = 45 };

struct header {
    struct str name, value; /* value without surrounding blanks */
};

struct db;     /* store.h; http only hands it through */
struct route;  /* route.h */
struct router; /* router.h */

struct request {
    enum method method;
    struct str target; /* as sent: "/login?next=%2F" */
    struct str path;   /* before '?', still escaped */
    struct str query;  /* behind '?', may be empty */
    struct str host;   /* the Host header; never used to build links (attack 44) */
    struct header headers[REQUEST_HEADERS_MAX];
    size_t header_count;
    struct str body;
    /* The end user's address, or "local". A proxy's header counts only from listed proxies. */
    char addr[REQUEST_ADDR_LEN + 1];
    bool tls;           /* https, here or at a listed proxy */
    bool local;         /* came over the local control socket */
    int64_t arrived_us; /* monotonic; for latency figures */

    const struct router *router; /* all that this listener answers; NULL only in unit tests */
    const struct route *route;
    struct str
        params[REQUEST_PARAMS_MAX]; /* path parameters in order, unescaped, UTF-8 without NUL */

    struct db *db;  /* handle of the thread that runs the handler now */
    void *app;      /* the composition root's struct app */
    void *who;      /* what the face's gate found out about the caller */
    void *prepared; /* what the route's prepare step left, in cx->mem */
    void *problems; /* struct problems in cx->mem: what the handler tells the error page */
};

/* Value of a header by case-insensitive name; STR_NONE when absent. Of several, the first. */
struct str request_header(const struct request *rq, struct str name);
/* Path parameter by its name in the route's pattern; STR_NONE when the route has none such. */
struct str request_param(const struct request *rq, struct str name);
/* Cookie by its name as sent ("__Host-" included); STR_NONE when absent, malformed or sent twice.
 */
struct str request_cookie(const struct request *rq, struct str name);
/* Query parameter, unescaped; STR_NONE when absent, malformed or sent twice. */
struct str request_query(struct ctx *cx, const struct request *rq, struct str name);
/* True if the Accept header prefers JSON to HTML (names application/json and not text/html first).
 */
bool request_wants_json(const struct request *rq);
/* True if the body's media type is this one, with no parameter but a charset of utf-8. */
bool request_body_is(const struct request *rq, struct str media_type);
/* False for a form or JSON in another charset, or with parameters that we know nothing of: the
 * exchange answers 415 before anything reads the bytes as what they are not. */
bool request_type_is_readable(const struct request *rq);

#endif
