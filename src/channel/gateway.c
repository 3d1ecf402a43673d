/* gateway.c: see gateway.h. */
#include "channel/gateway.h"
#include "base/mem.h"
#include "base/url.h"
#include "channel/discreet.h"
#include "channel/transfer.h"

#include <inttypes.h>

enum { NOTE_MAX = 160 }; /* of a company's own words */

struct gateway {
    struct arena *mem; /* of all below */
    struct provider provider;
    struct str base, user, password, from;
};

/* True when the operator knows that others may listen: "http+plain://", which becomes "http://". */
static bool cut_plain(struct arena *mem, struct str *url)
{
    const struct str plain = STR("http+plain://");

    if (!str_starts(*url, plain))
        return false;
    *url = arena_printf(mem, "http://%.*s", STR_ARG(str_sub(*url, plain.n, url->n)));
    return true;
}

/* The base without a slash at its end: descriptions go on with one. */
static bool read_base(struct arena *mem, struct str text, struct str *out)
{
    struct url u;

    if (!url_parse(mem, text, &u))
        return false;
    *out = url_text(mem, &u);
    out->n -= str_ends(*out, STR("/"));
    return true;
}

/* Each message has a code in it, and the request its password. Looks at the URL as messages will
 * have it, since a description may make it of both. */
static enum err check_clear(struct ctx *cx, const struct gateway_conf *conf,
                            const struct gateway *g, bool may_be_heard)
{
    const struct provider_facts sample = {
        .base = g->base,
        .user = conf->user.n ? conf->user : STR("user"),
        .password = conf->password.n ? conf->password : STR("password"),
        .from = conf->from.n ? conf->from : STR("+14155550100"),
        .to = STR("+14155550142"),
        .text = STR("text"),
        .id = STR("1"),
        .receipt_url = STR("https://api.example.com/receipts/1"),
    };
    bool by_base = str_starts(g->provider.url, PROVIDER_BASE);
    struct str file = conf->file.n ? conf->file : conf->provider;
    struct url u;
    enum err e;

    if ((e = provider_url(cx, &g->provider, &sample, &u)))
        return fail(cx, e, "sms_gateway: %.*s: url makes no address, as in ${base}/send",
                    STR_ARG(file));
    if (u.https || host_is_loopback(u.host) || may_be_heard)
        return OK;
    return fail(cx, ERR_INVALID,
                "sms_gateway: %s would send codes in the clear to another machine; use https://, "
                "or http+plain:// where nobody can listen (%.*s)",
                !by_base      ? "url"
                : conf->url.n ? "sms_url"
                              : "base",
                STR_ARG(file));
}

enum err gateway_new(struct ctx *cx, const struct gateway_conf *conf, struct gateway **out)
{
    OWN(gateway_free) struct gateway *g = mem_alloc(sizeof(*g));
    struct str text = conf->description, base;
    bool plain_base, plain_url;
    enum err e;

    g->mem = arena_new();
    if (conf->provider.n && !(text = provider_shipped(conf->provider)).n)
        return fail(cx, ERR_INVALID, "sms_gateway: there is no %.*s, but %.*s, or a file's path",
                    STR_ARG(conf->provider), STR_ARG(provider_names(cx)));
    text = arena_str(g->mem, text);
    if ((e = provider_parse(cx, text, &g->provider)))
        return fail(cx, e, "sms_gateway: %s", arena_str(cx->mem, str_from(cx->why)).p);
    base = conf->url.n ? conf->url : g->provider.base;
    plain_base = cut_plain(g->mem, &base);
    plain_url = cut_plain(g->mem, &g->provider.url);
    if (!read_base(g->mem, base, &g->base))
        return fail(cx, ERR_INVALID,
                    "sms_url: is needed with this sms_gateway, as in "
                    "https://sms.example.com");
    if ((e = check_clear(cx, conf, g,
                         str_starts(g->provider.url, PROVIDER_BASE) ? plain_base : plain_url)))
        return e;
    g->user = arena_str(g->mem, conf->user);
    g->password = arena_str(g->mem, conf->password);
    g->from = arena_str(g->mem, conf->from);
    *out = TAKE(g);
    return OK;
}

void gateway_free(struct gateway **gateway)
{
    if (!*gateway)
        return;
    arena_free(&(*gateway)->mem); /* wipes */
    mem_free(*gateway);
    *gateway = NULL;
}

const struct provider *gateway_provider(const struct gateway *gateway)
{
    return &gateway->provider;
}

struct str gateway_password(const struct gateway *gateway)
{
    return gateway->password;
}

static enum err load(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t)
{
    const struct gateway *g = self;
    const struct provider_facts facts = {
        .base = g->base,
        .user = g->user,
        .password = g->password,
        .from = g->from,
        .to = p->to,
        .text = p->text,
        .id = arena_printf(cx->mem, "%" PRId64, p->id),
        .receipt_url = p->receipt_url,
        .life_s = (p->expires_at_ms - cx->now_ms) / MS_PER_S,
    };
    struct provider_request rq;
    enum err e;

    if ((e = provider_request(cx, &g->provider, &facts, &rq)))
        return e;
    return transfer_http(cx, t,
                         &(struct transfer_http){
                             .method = rq.method,
                             .url = rq.url,
                             .headers = rq.headers,
                             .header_count = rq.header_count,
                             .body = str_bytes(rq.body),
                             .whole_ms = p->expires_at_ms - cx->now_ms,
                             .trusted = true,
                         });
}

static void judge(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out)
{
    const struct transfer_end *end = transfer_end(t);
    const struct gateway *g = self;
    const struct discreet_login login = {g->user, g->password};

    if (end->status == 0) {
        *out = (struct verdict){
            .outcome = OUTCOME_RETRY,
            .why = arena_str(cx->mem, end->why),
            .lost = end->lost,
        };
        return;
    }
    provider_judge(cx, &g->provider, end->status, end->body, out);
    out->why = discreet(cx, out->why, p, &login, NOTE_MAX);
    out->retry_after_ms = end->retry_after_ms;
    if (!end->complete && out->outcome == OUTCOME_FAILED) { /* half an answer says nothing */
        *out = (struct verdict){
            .outcome = OUTCOME_RETRY, .why = arena_str(cx->mem, end->why), .lost = true};
        return;
    }
    if (out->outcome != OUTCOME_SENT)
        out->why = arena_printf(cx->mem, "%.*s answered %ld%s%.*s", STR_ARG(transfer_host(t)),
                                end->status, out->why.n ? ": " : "", STR_ARG(out->why));
}

struct carrier gateway_carrier(struct gateway *gateway)
{
    return (struct carrier){
        .channel = STR("sms"),
        .parallel = GATEWAY_PARALLEL,
        .self = gateway,
        .load = load,
        .judge = judge,
    };
}
