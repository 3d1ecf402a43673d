/* server.c: puts the parts of one server together and takes them apart again. */
#include "http/server.h"
#include "base/mem.h"
#include "base/signals.h"
#include "http/listener.h"
#include "http/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

enum { LISTENERS_MAX = 2 };

struct http_server {
    struct site site;
    struct listener *listeners[LISTENERS_MAX];
    unsigned listener_count;
    struct loop **loops;
    unsigned loop_count;
    struct post stop_post; /* tells loops[0] to begin the stop */
    uint32_t grace_ms;     /* set before it */
};

/* ---- start ---- */

/* Every parked wait is a descriptor. What the system allows at most is asked for; less is no error.
 */
static void raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void default_to(uint32_t *v, uint32_t otherwise)
{
    if (*v == 0)
        *v = otherwise;
}

static void fill_defaults(struct http_conf *conf)
{
    default_to(&conf->workers, 1);
    default_to(&conf->head_timeout_ms, HTTP_HEAD_TIMEOUT_MS);
    default_to(&conf->body_timeout_ms, HTTP_BODY_TIMEOUT_MS);
    default_to(&conf->idle_timeout_ms, HTTP_IDLE_TIMEOUT_MS);
    default_to(&conf->write_timeout_ms, HTTP_WRITE_TIMEOUT_MS);
    default_to(&conf->heartbeat_ms, HTTP_HEARTBEAT_MS);
    default_to(&conf->drain_ms, HTTP_DRAIN_MS);
    if (conf->head_max == 0)
        conf->head_max = HTTP_HEAD_MAX;
    if (conf->body_max == 0)
        conf->body_max = HTTP_BODY_MAX;
}

static enum err parse_proxies(struct ctx *cx, struct site *site)
{
    const struct http_conf *conf = &site->conf;

    site->proxies = mem_alloc(conf->trusted_proxy_count * sizeof(site->proxies[0]));
    for (size_t i = 0; i < conf->trusted_proxy_count; i++) {
        struct str text = conf->trusted_proxies[i];

        if (!addr_block_parse(text, &site->proxies[i]))
            return fail(cx, ERR_INVALID, "trusted proxies: \"%.*s\" is no address or CIDR block",
                        STR_ARG(text));
    }
    site->proxy_count = conf->trusted_proxy_count;
    return OK;
}

static enum err make_site(struct ctx *cx, const struct http_conf *conf, struct site *site)
{
    enum err e;

    site->conf = *conf;
    fill_defaults(&site->conf);
    conf = &site->conf;
    if ((e = parse_proxies(cx, site)) ||
        (e = router_new(cx, conf->faces, conf->face_count, &site->router)))
        return e;
    site->limiter = limiter_new(conf->limits);
    site->tally = tally_new(conf->connections_max, conf->connections_per_addr_max);
    if (conf->tls_cert_file.n &&
        (e = tls_new(cx, conf->tls_cert_file, conf->tls_key_file, &site->tls)))
        return e;
    if (conf->hash_threads == 0)
        return OK;
    return hashpool_new(cx, &conf->backend, conf->hash_threads, conf->hash_queue_max,
                        &site->hashing, &site->pool);
}

static enum err make_listeners(struct ctx *cx, struct http_server *s)
{
    const struct http_conf *conf = &s->site.conf;
    enum err e;

    if ((e = listener_tcp(cx, conf->listen, s->site.tls != NULL, &s->listeners[0])))
        return e;
    s->listener_count = 1;
    if (conf->control.n == 0)
        return OK;
    if ((e = listener_unix(cx, conf->control, &s->listeners[1])))
        return e;
    s->listener_count = 2;
    return OK;
}

static enum err make_loops(struct ctx *cx, struct http_server *s)
{
    unsigned count = s->site.conf.workers;
    enum err e;

    s->loops = mem_alloc(count * sizeof(struct loop *));
    for (s->loop_count = 0; s->loop_count < count; s->loop_count++) {
        if ((e = loop_new(cx, &s->site, &s->loops[s->loop_count])))
            return e;
    }
    for (unsigned i = 0; i < s->listener_count; i++)
        listener_attach(s->listeners[i], s->loops, s->loop_count);
    for (unsigned i = 0; i < count; i++) {
        if ((e = loop_start(cx, s->loops[i])))
            return e;
    }
    return OK;
}

static enum err start(struct ctx *cx, const struct http_conf *conf, struct http_server *s)
{
    sigset_t before;
    enum err e;

    signals_hold(&before);
    if (!(e = make_site(cx, conf, &s->site)) && !(e = make_listeners(cx, s)))
        e = make_loops(cx, s);
    signals_restore(&before);
    return e;
}

enum err http_server_start(struct ctx *cx, const struct http_conf *conf, struct http_server **out)
{
    OWN(http_server_free) struct http_server *s = mem_alloc(sizeof(*s));
    enum err e;

    raise_fd_limit();
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets that clients have closed */
    if ((e = start(cx, conf, s)))
        return e;
    *out = TAKE(s);
    return OK;
}

/* ---- running ---- */

uint16_t http_server_port(const struct http_server *s)
{
    return listener_port(s->listeners[0]);
}

void http_server_notify(struct http_server *s, const uint64_t *topics, size_t count)
{
    for (unsigned i = 0; i < s->loop_count && count > 0; i++)
        loop_notify(s->loops[i], topics, count);
}

enum err http_server_reload_tls(struct ctx *cx, struct http_server *s)
{
    return s->site.tls ? tls_reload(cx, s->site.tls) : OK;
}

void http_server_stats(struct http_server *s, struct http_stats *out)
{
    *out = (struct http_stats){0};
    for (unsigned i = 0; i < s->loop_count; i++) {
        struct counters *c = &s->loops[i]->counters;

        out->accepted += COUNT_OF_NOW(c->accepted);
        out->requests += COUNT_OF_NOW(c->requests);
        out->refused_malformed += COUNT_OF_NOW(c->refused_malformed);
        out->refused_limits += COUNT_OF_NOW(c->refused_limits);
        out->wakes += COUNT_OF_NOW(c->wakes);
        out->open += COUNT_OF_NOW(c->open);
        out->parked += COUNT_OF_NOW(c->parked);
        for (size_t k = 0; k < COUNT_OF(out->by_class); k++)
            out->by_class[k] += COUNT_OF_NOW(c->by_class[k]);
    }
}

bool http_server_crowded(const struct http_server *s)
{
    unsigned threads = s->site.conf.hash_threads;

    return threads && atomic_load(&s->site.hashing) >= threads;
}

/* ---- stop ---- */

#define SERVER_OF(p)                                                                               \
    ((struct http_server *)(void *)((char *)(p)-offsetof(struct http_server, stop_post)))

/* The listeners first: what they still accept lies in each loop's inbox before the stop does. */
static void begin_stop(struct post *p, void *loop)
{
    struct http_server *s = SERVER_OF(p);

    (void)loop;
    for (unsigned i = 0; i < s->listener_count; i++) {
        listener_last_call(s->listeners[i]);
        listener_close(s->listeners[i]);
    }
    for (unsigned i = 0; i < s->loop_count; i++) {
        if (s->loops[i]->started)
            loop_stop(s->loops[i], s->grace_ms);
    }
}

static void site_deinit(struct site *site)
{
    tls_free(&site->tls);
    tally_free(&site->tally);
    limiter_free(&site->limiter);
    router_free(&site->router);
    mem_free(site->proxies);
}

void http_server_stop(struct http_server *s, uint32_t grace_ms)
{
    if (s->loop_count > 0 && s->loops[0]->started) {
        s->stop_post.run = begin_stop;
        s->grace_ms = grace_ms;
        inbox_put(&s->loops[0]->inbox, &s->stop_post);
    }
    for (unsigned i = 0; i < s->loop_count; i++)
        loop_join(s->loops[i]);
    hashpool_free(&s->site.pool);
}

void http_server_free(struct http_server **p)
{
    struct http_server *s = *p;

    if (!s)
        return;
    http_server_stop(s, 0);
    for (unsigned i = 0; i < s->listener_count; i++)
        listener_free(&s->listeners[i]);
    for (unsigned i = 0; i < s->loop_count; i++)
        loop_free(&s->loops[i]);
    mem_free(s->loops);
    site_deinit(&s->site);
    mem_free(s);
    *p = NULL;
}
