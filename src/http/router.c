/* router.c: see router.h. Built once at start; afterwards only read, by all loops. */
#include "http/router.h"
#include "base/encode.h"
#include "base/mem.h"

#include <string.h>

struct leaf { /* where a path ends */
    const struct route *routes[METHOD_COUNT];
    const struct face *faces[METHOD_COUNT];
};

struct node {
    struct str literal;     /* empty for the parameter node */
    struct node *next;      /* sibling literals */
    struct node *literals;  /* children */
    struct node *parameter; /* child */
    struct leaf leaf;
};

struct router {
    struct node *root;
    const struct face *const *faces;
    size_t face_count;
};

/* ---- compiling ---- */

static struct node *child_of(struct node *at, struct str segment)
{
    struct node *n;

    if (segment.n > 0 && segment.p[0] == '{') {
        if (!at->parameter)
            at->parameter = mem_alloc(sizeof(*n));
        return at->parameter;
    }
    for (n = at->literals; n; n = n->next) {
        if (str_eq(n->literal, segment))
            return n;
    }
    n = mem_alloc(sizeof(*n));
    n->literal = segment;
    n->next = at->literals;
    at->literals = n;
    return n;
}

/* A parameter is one whole segment, "{name}"; braces occur nowhere else. */
static bool is_segment(struct str s, size_t *params)
{
    if (str_find(s, '{') == STR_NPOS && str_find(s, '}') == STR_NPOS)
        return true;
    ++*params;
    return s.n > 2 && s.p[0] == '{' && str_find(s, '}') == (ptrdiff_t)s.n - 1 &&
           *params <= REQUEST_PARAMS_MAX;
}

static enum err add_route(struct ctx *cx, struct router *r, const struct face *face,
                          const struct route *route)
{
    struct str rest = str_from(route->pattern), segment;
    struct node *at = r->root;
    size_t params = 0;

    if (!str_starts(rest, STR("/")) || !str_starts(rest, str_from(face->prefix)))
        return fail(cx, ERR_INVALID, "route %s: does not start with / and its face's prefix",
                    route->pattern);
    rest = str_sub(rest, 1, rest.n);
    while (str_split(&rest, '/', &segment)) {
        if (!is_segment(segment, &params))
            return fail(cx, ERR_INVALID, "route %s: malformed parameter", route->pattern);
        at = child_of(at, segment);
    }
    if (!route->handler || route->method >= METHOD_COUNT || route->method == HEAD)
        return fail(cx, ERR_INVALID, "route %s: no handler, or HEAD (GET answers it)",
                    route->pattern);
    if (at->leaf.routes[route->method])
        return fail(cx, ERR_INVALID, "route %s: answers the same as %s", route->pattern,
                    at->leaf.routes[route->method]->pattern);
    at->leaf.routes[route->method] = route;
    at->leaf.faces[route->method] = face;
    return OK;
}

enum err router_new(struct ctx *cx, const struct face *const *faces, size_t count,
                    struct router **out)
{
    OWN(router_free) struct router *r = mem_alloc(sizeof(*r));
    enum err e;

    r->root = mem_alloc(sizeof(*r->root));
    r->faces = faces;
    r->face_count = count;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < faces[i]->route_count; k++) {
            if ((e = add_route(cx, r, faces[i], &faces[i]->routes[k])))
                return e;
        }
    }
    *out = TAKE(r);
    return OK;
}

static void node_free(struct node *n)
{
    if (!n)
        return;
    node_free(n->next);
    node_free(n->literals);
    node_free(n->parameter);
    mem_free(n);
}

void router_free(struct router **r)
{
    if (!*r)
        return;
    node_free((*r)->root);
    mem_free(*r);
    *r = NULL;
}

/* ---- matching ---- */

static bool is_visible(const struct route *route, bool local)
{
    return route && (route->auth != AUTH_CONTROL || local);
}

static bool has_route(const struct node *n, bool local)
{
    for (size_t m = 0; m < METHOD_COUNT; m++) {
        if (is_visible(n->leaf.routes[m], local))
            return true;
    }
    return false;
}

/* Walks down; params are raw segments. Depth is bounded by the longest pattern. */
static const struct node *walk(const struct node *at, struct str rest, bool local,
                               struct str *params)
{
    const struct node *found = NULL;
    struct str segment;

    if (!str_split(&rest, '/', &segment))
        return has_route(at, local) ? at : NULL;
    for (const struct node *n = at->literals; n && !found; n = n->next) {
        if (str_eq(n->literal, segment))
            found = walk(n, rest, local, params);
    }
    if (found)
        return found;
    if (!at->parameter || segment.n == 0)
        return NULL;
    *params = segment;
    found = walk(at->parameter, rest, local, params + 1);
    if (!found)
        *params = STR_NONE; /* leave nothing behind for the branch that will match */
    return found;
}

static const struct face *face_of(const struct router *r, struct str path)
{
    const struct face *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < r->face_count; i++) {
        struct str prefix = str_from(r->faces[i]->prefix);

        if (str_starts(path, prefix) && (!best || prefix.n > best_len)) {
            best = r->faces[i];
            best_len = prefix.n;
        }
    }
    return best;
}

static bool unescape_params(struct ctx *cx, struct request *rq)
{
    for (size_t i = 0; i < REQUEST_PARAMS_MAX && rq->params[i].p; i++) {
        struct str *p = &rq->params[i];

        if (!url_decode(cx->mem, *p, false, p) || !str_is_utf8(*p) ||
            str_find(*p, '\0') != STR_NPOS)
            return false;
    }
    return true;
}

static void join_slashes(struct ctx *cx, const struct router *r, struct request *rq)
{
    struct str path = {NULL, 0};
    const struct face *face;
    char *p;

    if (str_find_str(rq->path, STR("//")) == STR_NPOS)
        return;
    p = arena_alloc(cx->mem, rq->path.n);
    for (size_t i = 0; i < rq->path.n; i++) {
        if (rq->path.p[i] != '/' || path.n == 0 || p[path.n - 1] != '/')
            p[path.n++] = rq->path.p[i];
    }
    path.p = p;
    face = face_of(r, path);
    if (face && face->joins_slashes)
        rq->path = path;
}

enum match_is router_match(struct ctx *cx, const struct router *r, struct request *rq,
                           struct match *out)
{
    const struct node *n;

    join_slashes(cx, r, rq);
    *out = (struct match){.face = face_of(r, rq->path)};
    memset(rq->params, 0, sizeof(rq->params));
    n = walk(r->root, str_sub(rq->path, 1, rq->path.n), rq->local, rq->params);
    if (!n)
        return NO_PATH;
    for (size_t m = 0; m < METHOD_COUNT; m++)
        out->methods[m] = is_visible(n->leaf.routes[m], rq->local);
    if (!out->methods[rq->method])
        return NO_METHOD;
    out->route = n->leaf.routes[rq->method];
    out->face = n->leaf.faces[rq->method];
    return unescape_params(cx, rq) ? MATCHED : BAD_ESCAPE;
}

const struct route *router_get(const struct router *r, struct str path)
{
    struct str params[REQUEST_PARAMS_MAX + 1];
    const struct node *n;

    if (!str_starts(path, STR("/")))
        return NULL;
    n = walk(r->root, str_sub(path, 1, path.n), false, params);
    return n && is_visible(n->leaf.routes[GET], false) ? n->leaf.routes[GET] : NULL;
}
