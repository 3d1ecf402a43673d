/*
 * server_fixture.h: what tests of a running server share: a backend that is a few functions and a
 * thread (it can be held, full, or fail to commit), a face with a route of each kind, and a client.
 * Everything is loopback on a port that the system picks. Nothing sleeps for luck.
 */
#ifndef HTTP_SERVER_FIXTURE_H
#define HTTP_SERVER_FIXTURE_H

#include "base/clock.h"
#include "base/mem.h"
#include "http/server.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Before cmocka.h, whose fail() takes no arguments. */
static inline enum err fail_with(struct ctx *cx, enum err e, const char *why)
{
    return fail(cx, e, "%s", why);
}

#include <cmocka.h>

enum { PATIENCE_MS = 10000, HEARD_MAX = 2 * MIB, BIG_LEN = 1000000 };

/* cmocka's asserts are for the test's own thread. */
static inline void must(bool held)
{
    if (!held)
        abort();
}

/* ---- the backend ---- */

struct db {
    bool writer, reading; /* reading: inside read_begin and read_end */
};

static struct {
    pthread_mutex_t lock; /* guards all but thread */
    pthread_cond_t changed;
    struct http_work *first, **last;
    bool full;         /* refuse work */
    bool commit_fails; /* run it, then say that it did not last */
    bool held;         /* the writer waits */
    bool hash_held;    /* so do the hash threads */
    bool ending;
    unsigned queued, hashing; /* jobs seen by the writer's queue, by the hash threads */
    int value;                /* the database */
    pthread_t thread;
} be;

static inline struct http_work **next_of(struct http_work *w)
{
    return (struct http_work **)&w->impl[0];
}

static inline void be_run(struct http_work *w)
{
    struct db db = {.writer = true};
    int before = be.value;
    enum err e;

    pthread_mutex_unlock(&be.lock);
    e = w->run(w, &db);
    pthread_mutex_lock(&be.lock);
    if (be.commit_fails)
        e = ERR_INTERNAL;
    if (e)
        be.value = before;
    pthread_cond_broadcast(&be.changed);
    pthread_mutex_unlock(&be.lock);
    w->done(w, e);
    pthread_mutex_lock(&be.lock);
}

static inline void *be_write(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&be.lock);
    while (be.first || !be.ending) {
        struct http_work *w = be.first;

        if (!w || be.held) {
            pthread_cond_wait(&be.changed, &be.lock);
            continue;
        }
        be.first = *next_of(w);
        if (!be.first)
            be.last = &be.first;
        be_run(w);
    }
    pthread_mutex_unlock(&be.lock);
    return NULL;
}

static inline enum err be_submit(void *arg, struct http_work *w)
{
    enum err e = ERR_BUSY;

    (void)arg;
    pthread_mutex_lock(&be.lock);
    if (!be.full) {
        *next_of(w) = NULL;
        *be.last = w;
        be.last = next_of(w);
        be.queued++;
        pthread_cond_broadcast(&be.changed);
        e = OK;
    }
    pthread_mutex_unlock(&be.lock);
    return e;
}

static inline enum err be_open(void *arg, struct db **out)
{
    (void)arg;
    *out = mem_alloc(sizeof(**out));
    return OK;
}

static inline void be_close(struct db **db)
{
    mem_free(*db);
    *db = NULL;
}

static inline enum err be_begin(struct ctx *cx, struct db *db)
{
    (void)cx;
    must(!db->reading && !db->writer);
    db->reading = true;
    return OK;
}

static inline void be_end(struct db *db)
{
    must(db->reading);
    db->reading = false;
}

static inline void be_set(bool *flag, bool v)
{
    pthread_mutex_lock(&be.lock);
    *flag = v;
    pthread_cond_broadcast(&be.changed);
    pthread_mutex_unlock(&be.lock);
}

static inline int be_value(void)
{
    int v;

    pthread_mutex_lock(&be.lock);
    v = be.value;
    pthread_mutex_unlock(&be.lock);
    return v;
}

/* Waits until so many jobs were queued (hashed) since the start, or so much is stored. */
static inline void be_await(unsigned queued, unsigned hashing, int value)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / MS_PER_S;
    pthread_mutex_lock(&be.lock);
    while (be.queued < queued || be.hashing < hashing || be.value < value)
        must(pthread_cond_timedwait(&be.changed, &be.lock, &until) == 0);
    pthread_mutex_unlock(&be.lock);
}

static inline void be_start(void)
{
    memset(&be, 0, sizeof(be));
    pthread_mutex_init(&be.lock, NULL);
    pthread_cond_init(&be.changed, NULL);
    be.last = &be.first;
    must(pthread_create(&be.thread, NULL, be_write, NULL) == 0);
}

static inline void be_stop(void)
{
    be_set(&be.held, false);
    be_set(&be.ending, true);
    pthread_join(be.thread, NULL);
    pthread_mutex_destroy(&be.lock);
    pthread_cond_destroy(&be.changed);
}

/* ---- a face ---- */

static inline enum err gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rs;
    must((rq->route->runs == WRITE) == rq->db->writer);
    must(rq->db->writer || rq->db->reading);
    if (rq->route->auth == AUTH_SESSION)
        return fail_with(cx, ERR_DENIED, "nobody has a session here");
    rq->who = arena_alloc(cx->mem, 1);
    return OK;
}

static inline enum err hello(struct ctx *cx, struct request *rq, struct response *rs)
{
    must(rq->who && rq->method == GET);
    return respond_text(cx, rs, 200, STR("hello\n"));
}

static inline enum err where(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str name = request_param(rq, STR("name"));

    return respond_text(cx, rs, 200,
                        arena_printf(cx->mem, "addr=%s tls=%d local=%d name=%.*s body=%.*s\n",
                                     rq->addr, rq->tls, rq->local, STR_ARG(name),
                                     STR_ARG(rq->body)));
}

static inline enum err big(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)cx;
    (void)rq;
    for (int i = 0; i < BIG_LEN / 10; i++)
        buf_add(&rs->body, STR("0123456789"));
    return OK;
}

/* Adds the body to what is stored, or changes it and fails if that would go down. */
static inline enum err add(struct ctx *cx, struct request *rq, struct response *rs)
{
    int64_t by = 0;
    int v;

    (void)str_to_i64(rq->body, -1000, 1000, &by);
    pthread_mutex_lock(&be.lock);
    v = be.value += (int)by;
    pthread_mutex_unlock(&be.lock);
    if (by < 0) {
        rq->problems = arena_alloc(cx->mem, 1);
        return fail_with(cx, ERR_CONFLICT, "only up");
    }
    return respond_text(cx, rs, 201,
                        arena_printf(cx->mem, "%d%s\n", v, rq->prepared ? " prepared" : ""));
}

static inline enum err prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rs;
    must(rq->db->reading && !rq->who);
    if (rq->route->prepare_on == ON_HASH_POOL) {
        pthread_mutex_lock(&be.lock);
        be.hashing++;
        pthread_cond_broadcast(&be.changed);
        while (be.hash_held)
            pthread_cond_wait(&be.changed, &be.lock);
        pthread_mutex_unlock(&be.lock);
    }
    if (str_eq(rq->body, STR("0")))
        return fail_with(cx, ERR_DENIED, "nothing to prepare");
    rq->prepared = arena_alloc(cx->mem, 1);
    return OK;
}

static inline bool is_seven(struct ctx *cx, const struct request *rq)
{
    (void)cx;
    return str_eq(rq->body, STR("7"));
}

/* Sends the stored value whenever asked; finished when it has reached arg. */
static inline bool wake(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                        struct buf *out)
{
    static const char *const reasons[] = {"start", "topic", "deadline", "stop"};
    int v = be_value();

    must(db->reading);
    sse_event(out, reasons[why], arena_printf(cx->mem, "%d", v));
    if (w->id > 0) { /* more than a client takes that does not read */
        struct str much = arena_printf(cx->mem, "%0*d", (int)w->id, v);

        sse_event(out, "much", much);
    }
    return v >= w->arg;
}

enum { STREAM_DEADLINE_MS = 60 * MS_PER_S };

/* /events/TOPIC/UNTIL?much=BYTES&ms=DEADLINE */
static inline enum err events(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct wait w = {.wake = wake};
    int64_t topic = 0, ms = STREAM_DEADLINE_MS;

    (void)str_to_i64(request_param(rq, STR("topic")), 1, INT64_MAX, &topic);
    (void)str_to_i64(request_param(rq, STR("until")), 0, INT64_MAX, &w.arg);
    (void)str_to_i64(request_query(cx, rq, STR("much")), 0, 60 * KIB, &w.id);
    (void)str_to_i64(request_query(cx, rq, STR("ms")), 0, INT64_MAX, &ms);
    w.topic = (uint64_t)topic;
    w.deadline_ms = cx->now_ms + ms;
    return respond_wait(cx, rs, &w);
}

static inline void word(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                        int status)
{
    (void)cx;
    must(rq->db->reading && !rq->db->writer);
    buf_addf(&rs->body, "face says %s %d%s\n", err_name(e), status,
             rq->problems ? " with problems" : "");
    rs->content_type = "text/plain";
}

/* clang-format off */
static const struct route routes[] = {
    {GET,  "/",                       AUTH_NONE,    LIMIT_NONE, READ,  hello},
    {GET,  "/limited",                AUTH_NONE,    LIMIT_PAGE, READ,  hello},
    {GET,  "/where/{name}",           AUTH_NONE,    LIMIT_NONE, READ,  where},
    {POST, "/where/{name}",           AUTH_NONE,    LIMIT_NONE, READ,  where},
    {POST, "/small",                  AUTH_NONE,    LIMIT_NONE, READ,  where, .body_max = 8},
    {GET,  "/big",                    AUTH_NONE,    LIMIT_NONE, READ,  big},
    {POST, "/add",                    AUTH_NONE,    LIMIT_NONE, WRITE, add},
    {POST, "/hashed",                 AUTH_NONE,    LIMIT_NONE, WRITE, add, .prepare = prepare},
    {GET,  "/hashed",                 AUTH_NONE,    LIMIT_NONE, READ,  hello, .prepare = prepare},
    {POST, "/checked",                AUTH_NONE,    LIMIT_NONE, WRITE, add, prepare, ON_LOOP},
    {POST, "/sevens",                 AUTH_NONE,    LIMIT_NONE, WRITE, add, .prepare = prepare, .prepare_when = is_seven},
    {GET,  "/account",                AUTH_SESSION, LIMIT_NONE, READ,  hello},
    {GET,  "/control",                AUTH_CONTROL, LIMIT_NONE, READ,  where},
    {GET,  "/events/{topic}/{until}", AUTH_NONE,    LIMIT_NONE, READ,  events},
};
/* clang-format on */

static const struct face face = {.name = "test",
                                 .prefix = "",
                                 .routes = routes,
                                 .route_count = COUNT_OF(routes),
                                 .gate = gate,
                                 .error = word};
static const struct face *const faces[] = {&face};

/* ---- the server ---- */

static struct arena *mem;
static struct ctx cx;
static struct http_server *server;

static inline struct http_conf conf_default(void)
{
    return (struct http_conf){
        .listen = STR("127.0.0.1:0"),
        .workers = 2,
        .hash_threads = 1,
        .hash_queue_max = 1,
        .faces = faces,
        .face_count = COUNT_OF(faces),
        .backend = {.reader_open = be_open,
                    .reader_close = be_close,
                    .read_begin = be_begin,
                    .read_end = be_end,
                    .submit = be_submit},
    };
}

static inline void server_start(const struct http_conf *conf)
{
    mem = arena_new();
    ctx_init(&cx, mem);
    be_start();
    if (http_server_start(&cx, conf, &server))
        fail_msg("start: %s", cx.why);
}

static inline int server_stop(void **state)
{
    (void)state;
    if (server)
        http_server_stop(server, PATIENCE_MS);
    be_stop();
    http_server_free(&server);
    arena_free(&mem);
    return 0;
}

static inline int server_default(void **state)
{
    struct http_conf conf = conf_default();

    (void)state;
    server_start(&conf);
    return 0;
}

/* Waits until `number` of http_stats is `want`. */
#define AWAIT_STAT(number, want)                                                                   \
    do {                                                                                           \
        struct http_stats stats_;                                                                  \
        int64_t until_ms_ = clock_mono_ms() + PATIENCE_MS;                                         \
        do {                                                                                       \
            poll(NULL, 0, 1);                                                                      \
            http_server_stats(server, &stats_);                                                    \
        } while (stats_.number != (want) && clock_mono_ms() < until_ms_);                          \
        assert_int_equal(stats_.number, want);                                                     \
    } while (0)

/* ---- a client ---- */

static inline int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_server_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static inline void say(int fd, const char *text)
{
    size_t n = strlen(text);

    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Reads until `until` was seen and returns all since the last call; until the end when it is NULL.
 */
static inline const char *hear(int fd, const char *until)
{
    static char got[HEARD_MAX];
    size_t n = 0;

    got[0] = '\0';
    while (!until || !strstr(got, until)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t r;

        if (poll(&p, 1, PATIENCE_MS) != 1)
            fail_msg("no \"%s\" within %d ms; got \"%s\"", until ? until : "end", PATIENCE_MS, got);
        r = recv(fd, got + n, sizeof(got) - 1 - n, 0);
        if (r <= 0 && until)
            fail_msg("closed before \"%s\"; got \"%s\"", until, got);
        if (r <= 0)
            break;
        n += (size_t)r;
        got[n] = '\0';
    }
    return got;
}

/* One request on a connection of its own, until the server closes. */
static inline const char *ask(const char *request)
{
    int fd = dial();
    const char *got;

    say(fd, request);
    got = hear(fd, NULL);
    close(fd);
    return got;
}

static inline void assert_has(const char *text, const char *piece)
{
    if (!strstr(text, piece))
        fail_msg("no \"%s\" in \"%s\"", piece, text);
}

static inline void assert_lacks(const char *text, const char *piece)
{
    if (strstr(text, piece))
        fail_msg("\"%s\" in \"%s\"", piece, text);
}

static inline size_t count_of(const char *text, const char *piece)
{
    size_t n = 0;

    while ((text = strstr(text, piece))) {
        text += strlen(piece);
        n++;
    }
    return n;
}

#define HOST "Host: x\r\n"
#define LAST HOST "Connection: close\r\n"

#endif
