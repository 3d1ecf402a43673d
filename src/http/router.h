/*
 * router.h: the faces' tables compiled into one tree of path segments.
 *
 * At each segment a literal wins over a parameter; a literal that leads nowhere is given up for the
 * parameter. A parameter is never empty.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/route.h"

struct router;

/* Compiles; the faces must outlive it. ERR_INVALID: two rows answer the same request, or a pattern
 * is malformed. */
enum err router_new(struct ctx *cx, const struct face *const *faces, size_t count,
                    struct router **out);
void router_free(struct router **r);

enum match_is { MATCHED, NO_PATH, NO_METHOD, BAD_ESCAPE };

struct match {
    const struct route *route;  /* when MATCHED */
    const struct face *face;    /* who answers, also when not matched; NULL: no face fits */
    bool methods[METHOD_COUNT]; /* what the path has, when it is known: for Allow */
};

/* Looks up rq->method and rq->path; on MATCHED rq->params are set, unescaped into cx->mem. Rows
 * that are AUTH_CONTROL exist only for requests with rq->local. */
enum match_is router_match(struct ctx *cx, const struct router *r, struct request *rq,
                           struct match *out);

/* The row that answers GET for a path (without query) that came over TCP, whoever may ask; NULL
 * when there is none. For places that somebody asks to be led to. */
const struct route *router_get(const struct router *r, struct str path);

#endif
