/* exchange.c: see exchange.h. Knows no socket. */
#include "http/exchange.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/answer.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { BUSY_RETRY_S = 1 };

#define EXCHANGE_OF(p, member)                                                                     \
    ((struct exchange *)(void *)((char *)(p)-offsetof(struct exchange, member)))

struct exchange *exchange_of_post(struct post *p)
{
    return EXCHANGE_OF(p, post);
}

struct exchange *exchange_new(const struct site *site)
{
    struct exchange *ex = mem_alloc(sizeof(*ex));

    ex->site = site;
    ex->mem = arena_new();
    buf_init(&ex->raw, SIZE_MAX / 2); /* the connection stops reading long before */
    buf_init(&ex->head, SIZE_MAX / 2);
    buf_init(&ex->body, 0);
    buf_init(&ex->out, ANSWER_MAX);
    response_init(&ex->rs);
    return ex;
}

void exchange_renew(struct exchange *ex)
{
    response_reset(&ex->rs);
    buf_deinit(&ex->head);
    buf_deinit(&ex->body);
    buf_deinit(&ex->out);
    ex->out.max = ANSWER_MAX; /* a stream's was smaller */
    ex->sent = 0;
    arena_reset(ex->mem);
    ex->rq.method = GET;
    ex->rq.header_count = 0;
    ex->rq.body = STR_NONE;
    ex->rq.route = NULL;
    ex->rq.db = NULL;
    ex->rq.who = ex->rq.prepared = ex->rq.problems = NULL;
    ex->match = (struct match){0};
    ex->at = AT_LOOP;
    ex->result = OK;
    ex->status = 0;
    ex->head_only = false;
}

void exchange_free(struct exchange **ex)
{
    if (!*ex)
        return;
    exchange_renew(*ex);
    response_deinit(&(*ex)->rs);
    buf_deinit(&(*ex)->raw);
    arena_free(&(*ex)->mem);
    mem_free(*ex);
    *ex = NULL;
}

/* ---- reading ---- */

struct read_result exchange_head(struct exchange *ex)
{
    struct read_result r =
        head_read(buf_str(&ex->raw), ex->site->conf.head_max, &ex->rq, &ex->framing);
    struct buf rest;

    if (r.is != READ_DONE)
        return r;
    buf_init(&rest, ex->raw.max);
    if (ex->raw.n > r.used)
        buf_add(&rest, str_sub(buf_str(&ex->raw), r.used, ex->raw.n));
    ex->head = ex->raw; /* the views stay good: the memory moves along */
    ex->raw = rest;
    return r;
}

/* ---- routing ---- */

/* The nearest hop that is not a listed proxy. Each proxy adds whom it saw at the end, so the list
 * is read backwards; what stands before the first stranger is hearsay. */
static struct addr forwarded_for(const struct site *site, const struct request *rq,
                                 struct addr peer)
{
    struct addr client = peer;

    for (size_t i = rq->header_count; i > 0; i--) {
        const struct header *h = &rq->headers[i - 1];
        struct str rest = h->value;

        if (!str_eq_nocase(h->name, STR("X-Forwarded-For")))
            continue;
        while (rest.n > 0) {
            size_t from = rest.n;

            if (!site_trusts(site, &client))
                return client;
            while (from > 0 && rest.p[from - 1] != ',')
                from--;
            if (!addr_parse(str_trim(str_sub(rest, from, rest.n)), &client))
                return client;
            rest.n = from > 0 ? from - 1 : 0;
        }
    }
    return client;
}

static void identify(struct exchange *ex, const struct origin *from)
{
    static const char local[] = "local";
    struct request *rq = &ex->rq;

    rq->local = from->local;
    rq->tls = from->tls;
    rq->app = ex->site->conf.app;
    rq->router = ex->site->router;
    ex->client = from->addr;
    if (from->local) {
        memcpy(rq->addr, local, sizeof(local));
        return;
    }
    if (site_trusts(ex->site, &from->addr)) {
        ex->client = forwarded_for(ex->site, rq, from->addr);
        rq->tls =
            rq->tls || str_eq_nocase(request_header(rq, STR("X-Forwarded-Proto")), STR("https"));
    }
    addr_text(&ex->client, rq->addr);
}

static bool refuse(struct exchange *ex, enum err e, int status)
{
    ex->result = e;
    ex->status = status;
    ex->at = AT_HANDLED;
    return false;
}

bool exchange_route(struct exchange *ex, const struct origin *from, int64_t now_mono_ms)
{
    struct request *rq = &ex->rq;

    ctx_init(&ex->cx, ex->mem);
    rq->arrived_us = clock_mono_us();
    identify(ex, from);
    if (rq->method == HEAD) {
        rq->method = GET;
        ex->head_only = true;
    }
    switch (router_match(&ex->cx, ex->site->router, rq, &ex->match)) {
    case MATCHED:
        break;
    case NO_PATH:
        return refuse(ex, ERR_NOT_FOUND, 404);
    case BAD_ESCAPE:
        return refuse(ex, ERR_INVALID, 400);
    case NO_METHOD:
        if (rq->method == OPTIONS) {
            ex->rs.status = 204;
            return refuse(ex, OK, 0);
        }
        return refuse(ex, ERR_INVALID, 405);
    }
    rq->route = ex->match.route;
    if (!request_type_is_readable(rq))
        return refuse(
            ex, fail(&ex->cx, ERR_INVALID, "Content-Type: neither UTF-8 nor silent about it"), 415);
    if (!from->local && !limiter_take(ex->site->limiter, &ex->client, rq->route->limit, now_mono_ms,
                                      &ex->cx.retry_after_s))
        return refuse(ex, ERR_LIMITED, 429);
    return true;
}

void exchange_refuse(struct exchange *ex, int status, const char *why)
{
    refuse(ex, fail(&ex->cx, ERR_INVALID, "%s", why), status);
}

/* ---- running ---- */

/* Runs fn on the loop or a pool thread, with that thread's handle and one view of the store. */
static enum err run_reading(struct exchange *ex, struct db *db, enum err (*fn)(struct exchange *ex))
{
    const struct backend *be = &ex->site->conf.backend;
    enum err e;

    if ((e = be->read_begin(&ex->cx, db)))
        return e;
    ex->rq.db = db;
    e = fn(ex);
    ex->rq.db = NULL;
    be->read_end(db);
    return e;
}

static enum err prepare(struct exchange *ex)
{
    return ex->rq.route->prepare(&ex->cx, &ex->rq, &ex->rs);
}

static enum err gate_and_handle(struct exchange *ex)
{
    const struct face *face = ex->match.face;
    enum err e;

    if (face->gate && (e = face->gate(&ex->cx, &ex->rq, &ex->rs)))
        return e;
    return ex->rq.route->handler(&ex->cx, &ex->rq, &ex->rs);
}

/* On the writer, inside the transaction; perhaps more than once. */
static enum err write_run(struct http_work *w, struct db *db)
{
    struct exchange *ex = EXCHANGE_OF(w, work);

    response_reset(&ex->rs);
    ex->rq.who = ex->rq.problems = NULL;
    ex->rq.db = db;
    ex->result = gate_and_handle(ex);
    ex->rq.db = NULL;
    return ex->result;
}

/* On the writer, after COMMIT. When the store says something else than the handler, nothing of what
 * the handler did has lasted, and nothing of what it found out may be told: a wrong code that could
 * not be counted must look like a right one that could not be accepted. */
static void write_done(struct http_work *w, enum err result)
{
    struct exchange *ex = EXCHANGE_OF(w, work);

    if (result != ex->result) {
        ex->result = fail(&ex->cx, result, "the database did not store it; the log says why");
        ex->status = 503;
        ex->cx.retry_after_s = BUSY_RETRY_S;
        ex->rq.who = ex->rq.problems = NULL;
    }
    ex->at = AT_HANDLED;
    inbox_put(ex->home, &ex->post);
}

/* Hands the exchange to the writer. On OK it is no longer ours to touch; ERR_BUSY leaves it here.
 */
static enum err submit(struct exchange *ex)
{
    const struct backend *be = &ex->site->conf.backend;
    enum err e;

    ex->work = (struct http_work){.run = write_run, .done = write_done};
    if (!(e = be->submit(be->arg, &ex->work)))
        return OK;
    ex->cx.retry_after_s = BUSY_RETRY_S;
    ex->status = 503;
    return fail(&ex->cx, e, "the writer's queue is full");
}

/* On a pool thread. */
static void hash_run(struct hash_job *job, struct db *db)
{
    struct exchange *ex = EXCHANGE_OF(job, job);

    enum err e = run_reading(ex, db, prepare);

    if (!e && ex->rq.route->runs == WRITE && !(e = submit(ex)))
        return;
    ex->result = e;
    ex->at = e ? AT_HANDLED : AT_PREPARED;
    inbox_put(ex->home, &ex->post);
}

static bool handle(struct exchange *ex, struct db *db)
{
    enum err e;

    if (ex->rq.route->runs == READ)
        e = run_reading(ex, db, gate_and_handle);
    else if (!(e = submit(ex)))
        return false;
    ex->result = e;
    ex->at = AT_HANDLED;
    return true;
}

bool exchange_start(struct exchange *ex, struct db *db)
{
    const struct route *route = ex->rq.route;

    ex->rq.body = buf_str(&ex->body);
    if (!route->prepare || (route->prepare_when && !route->prepare_when(&ex->cx, &ex->rq)))
        return handle(ex, db);
    if (route->prepare_on == ON_LOOP) {
        ex->result = run_reading(ex, db, prepare);
        if (!ex->result)
            return handle(ex, db);
        ex->at = AT_HANDLED;
        return true;
    }
    ex->job = (struct hash_job){.run = hash_run};
    if (ex->site->pool && hashpool_submit(ex->site->pool, &ex->job))
        return false;
    ex->cx.retry_after_s = BUSY_RETRY_S;
    ex->result = fail(&ex->cx, ERR_BUSY, "the hash pool's queue is full");
    ex->status = 503;
    ex->at = AT_HANDLED;
    return true;
}

bool exchange_resume(struct exchange *ex, struct db *db)
{
    return ex->at == AT_PREPARED ? handle(ex, db) : true;
}

/* ---- finishing ---- */

static enum err word_error(struct exchange *ex)
{
    ex->match.face->error(&ex->cx, &ex->rq, &ex->rs, ex->result, ex->status);
    return OK;
}

/* For when no face can speak: none fits the path, or the store cannot be read. */
static void word_plainly(struct exchange *ex)
{
    int status = ex->status ? ex->status : route_status(ex->result);
    struct str reason = answer_reason(status);

    response_reset(&ex->rs);
    ex->rs.status = status;
    ex->rs.content_type = "text/plain; charset=utf-8";
    buf_addf(&ex->rs.body, "%d %.*s\n", status, STR_ARG(reason));
}

static void add_allow(struct exchange *ex)
{
    struct buf allow;

    buf_init(&allow, 128);
    for (enum method m = GET; m < METHOD_COUNT; m++) {
        if (ex->match.methods[m] || (m == HEAD && ex->match.methods[GET]) || m == OPTIONS)
            buf_addf(&allow, "%s%.*s", allow.n ? ", " : "", STR_ARG(method_name(m)));
    }
    response_header(&ex->rs, "Allow", buf_str(&allow));
    buf_deinit(&allow);
}

void exchange_finish(struct exchange *ex, struct db *db)
{
    struct response *rs = &ex->rs;

    if (!ex->result && (rs->head.full || rs->body.full))
        ex->result =
            fail(&ex->cx, ERR_INTERNAL, "the answer is larger than %d bytes", RESPONSE_BODY_MAX);
    if (ex->result) {
        const struct face *face = ex->match.face;

        response_reset(rs);
        rs->status = ex->status ? ex->status : route_status(ex->result);
        if (!face || !face->error || run_reading(ex, db, word_error) || rs->body.full)
            word_plainly(ex);
        rs->wait.topic = 0;
    }
    if (ex->status == 405 || (!ex->result && !ex->rq.route)) { /* the second: OPTIONS */
        if (!ex->result && ex->match.face && ex->match.face->options)
            ex->match.face->options(rs);
        add_allow(ex);
    }
    if (ex->cx.retry_after_s > 0 && (rs->status == 429 || rs->status == 503))
        response_header(rs, "Retry-After", arena_printf(ex->mem, "%" PRId64, ex->cx.retry_after_s));
    if (ex->head_only)
        rs->wait.topic = 0;
}

int route_status(enum err e)
{
    static const int statuses[ERR_COUNT] = {
        [OK] = 200,           [ERR_INVALID] = 400,  [ERR_NOT_FOUND] = 404, [ERR_DENIED] = 403,
        [ERR_CONFLICT] = 409, [ERR_LIMITED] = 429,  [ERR_EXPIRED] = 410,   [ERR_BUSY] = 503,
        [ERR_UPSTREAM] = 502, [ERR_INTERNAL] = 500, [ERR_BLOCKED] = 403,
    };

    return e < ERR_COUNT ? statuses[e] : 500;
}
