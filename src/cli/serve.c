/*
 * serve.c: the composition root: wires settings, keys, store, rules, faces and server, waits for
 * signals, and takes all apart in the reverse order.
 *
 *   main thread: signals (SIGTERM, SIGINT: stop; SIGHUP: read the settings again) and, every
 * minute, the sweep of what has expired
 *
 * http/ knows no store and store/ no http: the functions of `backend` below carry work across.
 */
#include "api/authy/face.h"
#include "api/receipt/face.h"
#include "api/remote/face.h"
#include "api/verify/face.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/asking.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/instance.h"
#include "cli/ops.h"
#include "cli/ready.h"
#include "cli/sending.h"
#include "cli/testing.h"
#include "cli/texts.h"
#include "device/face.h"
#include "portal/portal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OPEN_WAIT_MS = 5000, /* for a command or an older server that still has the store */
    OPEN_PAUSE_US = 20000,
    SWEEP_EVERY_S = 60,
    SWEEP_STEPS_MAX = 1000,
    PORT_TRIES = 20,
};

/* ---- from http to the store ---- */

struct backend_job { /* lives in http_work.impl */
    struct store_job job;
    struct http_work *work;
    struct instance *in;
};
_Static_assert(sizeof(struct backend_job) <= sizeof(((struct http_work *)0)->impl),
               "a job fits into http_work");

static struct backend_job *job_of(struct store_job *job)
{
    return (struct backend_job *)(void *)job;
}

static enum err job_run(struct store_job *job, struct db *db)
{
    struct http_work *w = job_of(job)->work;

    return w->run(w, db);
}

static void job_done(struct store_job *job, enum err result)
{
    struct backend_job *b = job_of(job);

    if (job->why) {
        atomic_fetch_add_explicit(&b->in->writes.failed, 1, memory_order_relaxed);
        log_error(NULL, "store_failed", "why=\"%s\"", job->why);
    }
    atomic_fetch_add_explicit(&b->in->writes.done, 1, memory_order_relaxed);
    b->work->done(b->work, result); /* b lives in it and may be gone now */
}

static enum err backend_submit(void *arg, struct http_work *w)
{
    struct instance *in = arg;
    struct backend_job *b = (struct backend_job *)(void *)w->impl;
    enum err e;

    *b = (struct backend_job){
        .job = {.run = job_run, .done = job_done},
          .work = w, .in = in
    };
    e = store_submit(in->store, &b->job); /* from here on b is the writer's */
    atomic_fetch_add_explicit(e ? &in->writes.refused : &in->writes.queued, 1,
                              memory_order_relaxed);
    return e;
}

static enum err backend_reader_open(void *arg, struct db **out)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct instance *in = arg;
    struct ctx cx;
    enum err e;

    ctx_init(&cx, mem);
    e = store_reader_open(&cx, in->store, out);
    if (e)
        log_error(&cx, "reader_failed", "why=\"%s\"", cx.why);
    return e;
}

/* On the writer thread, after a COMMIT. */
static void wake_waiting(void *arg, const uint64_t *topics, size_t count)
{
    struct instance *in = arg;
    struct http_server *server = atomic_load(&in->server);

    if (server)
        http_server_notify(server, topics, count);
    sending_wake(atomic_load(&in->sending), topics, count);
    asking_wake(atomic_load(&in->asking), topics, count);
}

/* ---- starting ---- */

struct serving {
    struct instance in;
    const struct cli_call *call;
    struct config *config; /* of the start; later ones are kept in `reloaded` */
    struct config **reloaded;
    size_t reload_count;
    struct texts texts;
    struct str public_url;
    int64_t stopping_at_ms; /* monotonic; 0: not asked to */
};

/* A port that is free now, for listen = …:0. The URL that links begin with must be known before the
 * first request can come in, so the server cannot be left to choose. */
static uint16_t free_port(struct str listen)
{
    bool v6 = str_starts(listen, STR("["));
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
    struct sockaddr_in a4 = {.sin_family = AF_INET};
    struct sockaddr *a = v6 ? (struct sockaddr *)(void *)&a6 : (struct sockaddr *)(void *)&a4;
    socklen_t len = v6 ? sizeof(a6) : sizeof(a4);
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;

    if (fd >= 0 && bind(fd, a, len) == 0 && getsockname(fd, a, &len) == 0)
        port = ntohs(v6 ? a6.sin6_port : a4.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

/* In demo mode everybody comes from this machine, so a budget for an address would be one for all
 * of them together: only one that was asked for holds. What guards a secret is counted in core/. */
static bool per_address(const struct config *cf, enum config_option o)
{
    return cf->mode != MODE_DEMO || cf->place[o].from != FROM_DEFAULT;
}

static struct http_limits limit_of(const struct config *cf, enum config_option o,
                                   struct config_rate rate)
{
    return per_address(cf, o) ? (struct http_limits){rate.count, rate.window_s}
                              : (struct http_limits){0, 0};
}

static void fill_http(struct ctx *cx, const struct config *cf, struct instance *in,
                      struct http_conf *conf)
{
    static const struct face *const faces[] = {
        &portal_face,          &device_face, &authy_face,   &authy_onetouch_face,
        &authy_dashboard_face, &verify_face, &receipt_face, &remote_face,
        &control_face,         &ops_face,    &testing_face};

    *conf = (struct http_conf){
        .listen = cf->listen,
        .control = config_control_socket(cx->mem, cf),
        .workers = config_workers(cf),
        .hash_threads = config_hash_threads(cf),
        .hash_queue_max = cf->hash_queue_max,
        .tls_cert_file = cf->tls_cert_file,
        .tls_key_file = cf->tls_key_file,
        .head_timeout_ms = cf->head_timeout_ms,
        .body_timeout_ms = cf->body_timeout_ms,
        .idle_timeout_ms = cf->idle_timeout_ms,
        .write_timeout_ms = cf->write_timeout_ms,
        .connections_max = cf->connections_max,
        .connections_per_addr_max = per_address(cf, OPTION_connections_per_address_max)
                                        ? cf->connections_per_address_max
                                        : 0,
        .heartbeat_ms = cf->heartbeat_ms,
        .trusted_proxies = cf->trusted_proxies.item,
        .trusted_proxy_count = cf->trusted_proxies.n,
        .faces = faces,
        .face_count = COUNT_OF(faces),
        .hsts = str_starts(in->core.public_url, STR("https://")),
        .app = &in->app,
    };
    conf->limits[LIMIT_PAGE] = limit_of(cf, OPTION_limit_page, cf->limit_page);
    conf->limits[LIMIT_FORM] = limit_of(cf, OPTION_limit_form, cf->limit_form);
    conf->limits[LIMIT_LOGIN] = limit_of(cf, OPTION_limit_login, cf->limit_login);
    conf->limits[LIMIT_SEND] = limit_of(cf, OPTION_limit_send, cf->limit_send);
    conf->limits[LIMIT_API] = limit_of(cf, OPTION_limit_api, cf->limit_api);
    conf->backend = (struct backend){
        .arg = in,
        .reader_open = backend_reader_open,
        .reader_close = db_close,
        .read_begin = db_read_begin,
        .read_end = db_read_end,
        .submit = backend_submit,
    };
}

/* Core dumps and debuggers would show keys; strangers need not read our files. */
static void harden(const struct config *cf)
{
    const struct rlimit none = {0, 0};

    if (cf->mode != MODE_PRODUCTION)
        return;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static enum err open_instance(struct ctx *cx, struct serving *s)
{
    int64_t give_up_ms = clock_mono_ms() + OPEN_WAIT_MS;
    enum err e;

    while ((e = instance_open(cx, s->config, wake_waiting, &s->in)) == ERR_BUSY) {
        struct str in_use = arena_str(cx->mem, str_from(cx->why));

        instance_close(&s->in);
        if (control_answers(cx, config_control_socket(cx->mem, s->config)))
            return fail(cx, ERR_BUSY, "another server runs on this data folder: %s", in_use.p);
        if (clock_mono_ms() > give_up_ms)
            return fail(cx, ERR_BUSY, "%s", in_use.p);
        usleep(OPEN_PAUSE_US);
    }
    return e;
}

/* Binds and starts. With port 0 somebody else may take the port that was found free: try another.
 */
static enum err start_server(struct ctx *cx, struct serving *s)
{
    bool any_port = str_ends(s->config->listen, STR(":0"));
    struct http_server *server = NULL;
    struct http_conf conf;
    enum err e = ERR_CONFLICT;

    for (int tries = any_port ? PORT_TRIES : 1; tries > 0 && e == ERR_CONFLICT; tries--) {
        uint16_t port = any_port ? free_port(s->config->listen) : 0;

        instance_set_url(cx, &s->in, port);
        fill_http(cx, s->config, &s->in, &conf);
        if (any_port)
            conf.listen = arena_printf(cx->mem, "%.*s:%u",
                                       STR_ARG(str_sub(conf.listen, 0, conf.listen.n - 2)), port);
        e = http_server_start(cx, &conf, &server);
    }
    if (e == ERR_CONFLICT)
        return fail(cx, e,
                    "%.*s; stop the other program, or choose another address with --listen or "
                    "COUNTERSIGN_LISTEN",
                    STR_ARG(arena_str(cx->mem, str_from(cx->why))));
    if (!e)
        atomic_store(&s->in.server, server);
    return e;
}

static enum err start_asking(struct ctx *cx, struct serving *s)
{
    struct asking *asking = NULL;
    enum err e;

    if (s->in.core.remote == REMOTE_NONE)
        return OK;
    if (!(e = asking_start(cx, &s->in, &asking)))
        atomic_store(&s->in.asking, asking);
    return e;
}

static enum err open_sending(struct ctx *cx, struct serving *s)
{
    struct sending *sending = NULL;
    enum err e = sending_open(cx, &s->in, &sending);

    if (!e)
        atomic_store(&s->in.sending, sending);
    return e;
}

/* ---- while it runs ---- */

static void apply(const struct config *cf)
{
    log_set_level(cf->log_level);
    clock_set_offset_ms((int64_t)cf->demo_clock_offset_s * MS_PER_S);
}

static void log_lines(struct ctx *cx, const char *event, struct str lines)
{
    struct str line;

    while (str_split(&lines, '\n', &line)) {
        if (line.n)
            log_warn(NULL, event, "text=%s", log_value(cx->mem, line));
    }
}

/* The old settings stay valid for the threads that read them just now; a few KiB for each reload.
 */
static void keep_config(struct serving *s, struct config *cf)
{
    s->reloaded = mem_grow(s->reloaded, (s->reload_count + 1) * sizeof(struct config *));
    s->reloaded[s->reload_count++] = cf;
    atomic_store(&s->in.config, cf);
}

/* Which certificate is served from now on, as a word for the log. */
static const char *reload_certificate(struct ctx *cx, const struct serving *s)
{
    if (!s->config->tls_cert_file.n)
        return "none";
    if (!http_server_reload_tls(cx, atomic_load(&s->in.server)))
        return "new";
    log_error(cx, "reload_tls_failed", "why=%s", log_value(cx->mem, str_from(cx->why)));
    return "old";
}

static void reload(struct serving *s)
{
    OWN(arena_free) struct arena *mem = arena_new();
    OWN(config_free) struct config *fresh = NULL;
    OWN(out_deinit) struct cli_out out = {0};
    OWN(buf_deinit) struct buf warnings = {.max = OUT_MAX};
    struct buf *text = &out.err;
    const struct wording *wording;
    struct ctx cx;

    ctx_init(&cx, mem);
    out_init(&out);
    if (cli_config(&cx, s->call, &out, &fresh) || config_check(&cx, fresh, text) ||
        texts_read(&cx, fresh, &s->texts, text, &warnings, &wording)) {
        log_lines(&cx, "reload_refused", buf_str(text));
        return;
    }
    log_lines(&cx, "reload_texts", buf_str(&warnings));
    atomic_store(&s->in.core.wording, wording);
    config_keep_fixed(atomic_load(&s->in.config), fresh, text);
    log_lines(&cx, "reload_partial", buf_str(text));
    apply(fresh);
    sending_look(atomic_load(&s->in.sending));
    keep_config(s, TAKE(fresh));
    log_info(NULL, "reloaded", "settings=new certificate=%s", reload_certificate(&cx, s));
}

static enum err sweep_step(struct ctx *cx, struct db *db, void *arg)
{
    return core_sweep(cx, db, arg);
}

static void sweep(struct serving *s)
{
    OWN(arena_free) struct arena *mem = arena_new();
    bool more = true;
    struct ctx cx;

    for (int i = 0; more && i < SWEEP_STEPS_MAX; i++) {
        arena_reset(mem);
        ctx_init(&cx, mem);
        more = false;
        if (store_run(&cx, s->in.store, sweep_step, &more)) {
            log_error(&cx, "sweep_failed", "why=%s", log_value(mem, str_from(cx.why)));
            return;
        }
    }
}

/* Until a signal says stop. */
static void wait_for_signals(struct serving *s, const sigset_t *signals)
{
    const struct timespec minute = {.tv_sec = SWEEP_EVERY_S};

    for (;;) {
        int signal_number = sigtimedwait(signals, NULL, &minute);

        if (signal_number == SIGTERM || signal_number == SIGINT)
            return;
        if (signal_number == SIGHUP)
            reload(s);
        else if (signal_number < 0 && errno == EAGAIN)
            sweep(s);
    }
}

static void stop(struct serving *s)
{
    s->stopping_at_ms = clock_mono_ms();
    log_info(NULL, "stopping", "grace_ms=%u", s->config->stop_grace_ms);
    ready_no_more(s->call);
    http_server_stop(atomic_load(&s->in.server), s->config->stop_grace_ms);
    sending_stop(atomic_load(&s->in.sending), s->config->stop_grace_ms);
    asking_stop(atomic_load(&s->in.asking), s->config->stop_grace_ms);
}

static void serving_deinit(struct serving *s)
{
    struct http_server *server = atomic_load(&s->in.server);
    struct sending *sending = atomic_load(&s->in.sending);
    struct asking *asking = atomic_load(&s->in.asking);

    sending_stop(sending, 0);
    asking_stop(asking, 0);
    instance_close(&s->in); /* before these go: the writer wakes who waits there */
    http_server_free(&server);
    sending_free(&sending);
    asking_free(&asking);
    for (size_t i = 0; i < s->reload_count; i++)
        config_free(&s->reloaded[i]);
    mem_free(s->reloaded);
    texts_deinit(&s->texts);
    config_free(&s->config);
    if (s->stopping_at_ms)
        log_info(NULL, "stopped", "ms=%" PRId64, clock_mono_ms() - s->stopping_at_ms);
}

static enum err serve(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    OWN(serving_deinit) struct serving s = {.call = call};
    const struct wording *wording;
    sigset_t signals;
    enum err e;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: they inherit it */
    if ((e = cli_config(cx, call, out, &s.config)) || (e = config_check(cx, s.config, &out->err)) ||
        (e = texts_read(cx, s.config, &s.texts, &out->err, &out->err, &wording)))
        return e;
    harden(s.config);
    apply(s.config);
    if ((e = open_instance(cx, &s)))
        return e;
    atomic_store(&s.in.core.wording, wording);
    if ((e = open_sending(cx, &s)) || (e = start_asking(cx, &s)) || (e = start_server(cx, &s)))
        return e;
    if (!(e = sending_start(cx, atomic_load(&s.in.sending))) &&
        !(e = ready_say(cx, call, &s.in, out)))
        wait_for_signals(&s, &signals);
    stop(&s);
    return e;
}

const struct command cmd_serve = {
    .name = "serve",
    .summary = "Run the server",
    .detail =
        "Without settings it runs in demo mode on this machine only and keeps its data in ./data.\n"
        "When it takes requests it prints \"listening on URL\". SIGTERM and Ctrl-C stop it after\n"
        "what is in progress; SIGHUP reads settings and certificate again.",
    .example = "countersign serve --listen=127.0.0.1:9000\n"
               "countersign serve --config=/etc/countersign/countersign.conf",
    .lists_settings = true,
    .local = serve,
};
