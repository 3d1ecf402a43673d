/*
 * ops.c: /healthz, /readyz, /metrics. Bodies are plain text and say nothing about people.
 */
#include "cli/ops.h"
#include "cli/instance.h"
#include "core/circuit.h"
#include "http/addr.h"
#include "store/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* A loop answers. */
static enum err healthz(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rq;
    return respond_text(cx, rs, 200, STR("alive\n"));
}

enum { READY_WRITE_MS = 1000 }; /* anybody may ask: a flood of it writes no more often */

static struct db_value at_text(const struct ctx *cx, int64_t at_ms)
{
    return db_blob(str_bytes(arena_printf(cx->mem, "%" PRId64, at_ms)));
}

/* The answer leaves after the COMMIT of a row, so it proves the queue, the writer, the database and
 * that its disk has room; or a second ago it did. (A transaction that writes nothing ends well on a
 * full disk too.) */
static enum err readyz(struct ctx *cx, struct request *rq, struct response *rs)
{
    enum err e = db_exec(cx, rq->db, Q_STORE_READY_PUT,
                         DB_ARGS(db_text(STR("ready_at_ms")), at_text(cx, cx->now_ms),
                                 at_text(cx, cx->now_ms - READY_WRITE_MS)),
                         NULL);

    return e ? e : respond_text(cx, rs, 200, STR("ready\n"));
}

/* ---- /metrics ---- */

/* Without listed proxies a forwarded request seems to come from the proxy, perhaps from this very
 * machine; then nobody can say who asks. */
static bool may_read_metrics(const struct config *cf, const struct request *rq)
{
    struct addr addr;

    if (cf->trusted_proxies.n == 0 &&
        (request_header(rq, STR("X-Forwarded-For")).p || request_header(rq, STR("Forwarded")).p))
        return false;
    if (rq->local)
        return true;
    if (!addr_parse(str_from(rq->addr), &addr))
        return false;
    for (size_t i = 0; i < cf->metrics_from.n; i++) {
        struct addr_block block;

        if (addr_block_parse(cf->metrics_from.item[i], &block) && addr_block_has(&block, &addr))
            return true;
    }
    return false;
}

static uint64_t resident_bytes(void)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); /* "SIZE RESIDENT …", in pages */
    char text[128];
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    struct str rest = {text, n > 0 ? (size_t)n : 0}, size, resident = STR_NONE;
    int64_t pages = 0;

    if (fd >= 0)
        close(fd);
    if (!str_split(&rest, ' ', &size) || !str_split(&rest, ' ', &resident) ||
        !str_to_i64(resident, 0, INT32_MAX, &pages))
        return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void metric(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
                   uint64_t v)
{
    metric(out, name, type, help);
    buf_addf(out, "%s %" PRIu64 "\n", name, v);
}

static void add_http(struct buf *out, const struct http_stats *s)
{
    single(out, "countersign_connections_accepted_total", "counter", "Connections taken.",
           s->accepted);
    single(out, "countersign_connections_open", "gauge", "Connections open now.", s->open);
    single(out, "countersign_connections_waiting", "gauge",
           "Connections that wait for an approval.", s->parked);
    single(out, "countersign_requests_total", "counter", "Requests read.", s->requests);
    single(out, "countersign_requests_malformed_total", "counter", "Requests refused as malformed.",
           s->refused_malformed);
    single(out, "countersign_requests_limited_total", "counter",
           "Requests and connections refused by a limit.", s->refused_limits);
    single(out, "countersign_wakes_total", "counter", "Waiting connections woken.", s->wakes);
    metric(out, "countersign_answers_total", "counter", "Answers by class of status.");
    for (unsigned class = 1; class <= 5; class ++)
        buf_addf(out, "countersign_answers_total{class=\"%uxx\"} %" PRIu64 "\n", class,
                 s->by_class[class]);
}

static void add_writes(struct buf *out, struct write_stats *s)
{
    uint64_t done = atomic_load(&s->done), queued = atomic_load(&s->queued);

    single(out, "countersign_writes_total", "counter", "Changes committed or rolled back.", done);
    single(out, "countersign_writes_waiting", "gauge", "Changes waiting for the database.",
           queued > done ? queued - done : 0); /* the two are not read at one instant */
    single(out, "countersign_writes_refused_total", "counter",
           "Changes refused because too many waited.", atomic_load(&s->refused));
    single(out, "countersign_writes_failed_total", "counter", "Changes that the database failed.",
           atomic_load(&s->failed));
}

/* What stops messages to phones. No number and no beginning of one is named. */
static enum err add_firewall(struct ctx *cx, struct db *db, struct buf *out)
{
    struct firewall_tally *tally = core_of(db)->firewall_tally;
    int64_t by_rules, by_operator;
    struct firewall_day day;
    enum err e;

    metric(out, "countersign_messages_refused_total", "counter",
           "Messages to phones that the firewall refused, by rule.");
    for (unsigned i = 0; tally && i < FIREWALL_RULES; i++)
        buf_addf(out, "countersign_messages_refused_total{rule=\"%s\"} %" PRIu64 "\n",
                 firewall_rule(i), atomic_load(&tally->refused[i]));
    if ((e = firewall_paused_count(cx, db, &by_rules, &by_operator)) ||
        (e = firewall_today(cx, db, &day)))
        return e;
    metric(out, "countersign_prefixes_paused", "gauge",
           "Beginnings of numbers that get no messages now.");
    buf_addf(out,
             "countersign_prefixes_paused{by=\"rules\"} %" PRId64
             "\ncountersign_prefixes_paused{by=\"operator\"} %" PRId64 "\n",
             by_rules, by_operator);
    single(out, "countersign_messages_today", "gauge", "Messages to phones since midnight, UTC.",
           (uint64_t)day.messages);
    if (day.capped)
        single(out, "countersign_spend_percent", "gauge",
               "How much of the day's money for messages to phones is spent.",
               day.cap > 0 ? (uint64_t)(day.spent * 100 / day.cap) : 100);
    return OK;
}

static unsigned channel_state(const struct circuit *c)
{
    static const unsigned states[] = {
        [CIRCUIT_CLOSED] = 0, [CIRCUIT_HALF_OPEN] = 1, [CIRCUIT_OPEN] = 2};

    return c->paused ? 3 : states[c->state];
}

static enum err add_channels(struct ctx *cx, struct db *db, struct buf *out)
{
    struct circuit list[CIRCUITS];
    enum err e = circuit_list(cx, db, list);

    if (e)
        return e;
    metric(out, "countersign_channel_state", "gauge",
           "0 works, 1 is tried with one message, 2 is out of order, 3 is paused by the operator.");
    EACH_ROW (c, list)
        buf_addf(out, "countersign_channel_state{channel=\"%.*s\"} %u\n", STR_ARG(c->channel),
                 channel_state(c));
    metric(out, "countersign_channel_failures", "gauge", "Failures of the carrier in a row.");
    EACH_ROW (c, list)
        buf_addf(out, "countersign_channel_failures{channel=\"%.*s\"} %" PRId64 "\n",
                 STR_ARG(c->channel), c->failures);
    return OK;
}

static enum err metrics(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct instance *in = instance_of(rq);
    struct http_server *server = atomic_load(&in->server);
    OWN(buf_deinit) struct buf text = {0};
    struct http_stats stats = {0};
    enum err e;

    if (!may_read_metrics(atomic_load(&in->config), rq))
        return fail(cx, ERR_NOT_FOUND, "not for this address");
    buf_init(&text, 64 * KIB);
    if (server)
        http_server_stats(server, &stats);
    metric(&text, "countersign_info", "gauge", "The version that runs.");
    buf_add(&text, STR("countersign_info{version=\"" VERSION "\"} 1\n"));
    single(&text, "process_start_time_seconds", "gauge", "When it was started, Unix time.",
           (uint64_t)(in->started_at_ms / MS_PER_S));
    single(&text, "process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    single(&text, "countersign_schema_version", "gauge", "Of the database.",
           (uint64_t)store_schema_version(in->store));
    add_http(&text, &stats);
    add_writes(&text, &in->writes);
    /* with a database that fails, what is above is what one wants to see */
    if (add_firewall(cx, rq->db, &text) || add_channels(cx, rq->db, &text))
        buf_add(&text, STR("# the rest could not be read from the database\n"));
    if ((e = respond_text(cx, rs, 200, buf_str(&text))))
        return e;
    rs->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return OK;
}

static void ops_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                      int status)
{
    struct str text = arena_printf(cx->mem, "%s\n", err_name(e));
    enum err ignored;

    status = status ? status : route_status(e);
    if (rq->route && rq->route->handler == readyz && status >= 500) {
        status = 503;
        text = STR("not ready: changes cannot be stored, the log says why\n");
    }
    ignored = respond_text(cx, rs, status, text);
    (void)ignored;
}

static const struct route routes[] = {
    {GET, "/healthz", AUTH_NONE, LIMIT_NONE, READ,  healthz},
    {GET, "/readyz",  AUTH_NONE, LIMIT_PAGE, WRITE, readyz },
    {GET, "/metrics", AUTH_NONE, LIMIT_PAGE, READ,  metrics},
};

const struct face ops_face = {
    .name = "ops",
    .prefix = "",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .error = ops_error,
};
