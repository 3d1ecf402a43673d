/*
 * server_test.c: a real server on loopback over a backend that is two functions and a thread.
 * Nothing sleeps for luck: clients wait for bytes, the backend can be held and let go.
 */
#include "base/mem.h"
#include "http/form.h"
#include "http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Before cmocka.h, whose fail() takes no arguments. */
static enum err fail_with(struct ctx *cx, enum err e, const char *why)
{
    return fail(cx, e, "%s", why);
}

#include <cmocka.h>

enum { PATIENCE_MS = 10000, ANSWER_BUF = 64 * KIB };

/* ---- the backend ---- */

struct db {
    bool writer;
    bool reading; /* inside read_begin and read_end */
};

struct job { /* in http_work.impl */
    struct http_work *next;
};

static struct {
    pthread_mutex_t lock; /* guards all but thread */
    pthread_cond_t changed;
    struct http_work *first, **last;
    bool held, ending, full, commit_fails;
    unsigned running; /* jobs begun */
    int value;        /* what there is to store */
    pthread_t thread;
} be;

static struct job *job_of(struct http_work *w)
{
    return (struct job *)(void *)w->impl;
}

static void *be_write(void *arg)
{
    struct db db = {.writer = true};

    (void)arg;
    pthread_mutex_lock(&be.lock);
    for (;;) {
        struct http_work *w = be.first;
        enum err e;
        int before;

        if (!w || be.held) {
            if (!w && be.ending)
                break;
            pthread_cond_wait(&be.changed, &be.lock);
            continue;
        }
        be.first = job_of(w)->next;
        if (!be.first)
            be.last = &be.first;
        be.running++;
        before = be.value;
        pthread_mutex_unlock(&be.lock);
        e = w->run(w, &db);
        pthread_mutex_lock(&be.lock);
        if (!e && be.commit_fails)
            e = ERR_INTERNAL;
        if (e)
            be.value = before;
        pthread_mutex_unlock(&be.lock);
        w->done(w, e);
        pthread_mutex_lock(&be.lock);
        pthread_cond_broadcast(&be.changed);
    }
    pthread_mutex_unlock(&be.lock);
    return NULL;
}

static enum err be_submit(void *arg, struct http_work *w)
{
    enum err e = ERR_BUSY;

    (void)arg;
    pthread_mutex_lock(&be.lock);
    if (!be.full) {
        job_of(w)->next = NULL;
        *be.last = w;
        be.last = &job_of(w)->next;
        pthread_cond_broadcast(&be.changed);
        e = OK;
    }
    pthread_mutex_unlock(&be.lock);
    return e;
}

static enum err be_open(void *arg, struct db **out)
{
    (void)arg;
    *out = mem_alloc(sizeof(**out));
    return OK;
}

static void be_close(struct db **db)
{
    mem_free(*db);
    *db = NULL;
}

static enum err be_begin(struct ctx *cx, struct db *db)
{
    (void)cx;
    assert_false(db->reading);
    db->reading = true;
    return OK;
}

static void be_end(struct db *db)
{
    db->reading = false;
}

static int be_value(void)
{
    int v;

    pthread_mutex_lock(&be.lock);
    v = be.value;
    pthread_mutex_unlock(&be.lock);
    return v;
}

static void be_start(void)
{
    memset(&be, 0, sizeof(be));
    pthread_mutex_init(&be.lock, NULL);
    pthread_cond_init(&be.changed, NULL);
    be.last = &be.first;
    pthread_create(&be.thread, NULL, be_write, NULL);
}

static void be_stop(void)
{
    pthread_mutex_lock(&be.lock);
    be.ending = true;
    be.held = false;
    pthread_cond_broadcast(&be.changed);
    pthread_mutex_unlock(&be.lock);
    pthread_join(be.thread, NULL);
    pthread_mutex_destroy(&be.lock);
    pthread_cond_destroy(&be.changed);
}

/* ---- a face ---- */

static enum err gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rs;
    if (rq->route->auth == AUTH_SESSION)
        return fail_with(cx, ERR_DENIED, "nobody has a session here");
    rq->who = arena_alloc(cx->mem, 1);
    return OK;
}

static enum err hello(struct ctx *cx, struct request *rq, struct response *rs)
{
    if (rq->db->writer || !rq->db->reading || !rq->who)
        return fail_with(cx, ERR_INTERNAL, "a READ ran in the wrong place");
    return respond_text(cx, rs, 200, STR("hello\n"));
}

static enum err where(struct ctx *cx, struct request *rq, struct response *rs)
{
    return respond_text(cx, rs, 200,
                        arena_printf(cx->mem, "addr=%s tls=%d local=%d name=%.*s body=%.*s\n",
                                     rq->addr, rq->tls, rq->local,
                                     STR_ARG(request_param(rq, STR("name"))), STR_ARG(rq->body)));
}

static enum err add(struct ctx *cx, struct request *rq, struct response *rs)
{
    int64_t by;
    int v;

    if (!rq->db->writer)
        return fail_with(cx, ERR_INTERNAL, "a WRITE ran outside of the writer");
    if (!str_to_i64(rq->body, -1000, 1000, &by))
        by = 0;
    pthread_mutex_lock(&be.lock);
    v = be.value += (int)by;
    pthread_mutex_unlock(&be.lock);
    if (by < 0) {
        rq->problems = arena_alloc(cx->mem, 1);
        return fail_with(cx, ERR_CONFLICT, "only up");
    }
    return respond_text(cx, rs, 201, arena_printf(cx->mem, "%d\n", v));
}

static void word(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status)
{
    const char *problems = rq->problems ? " with problems" : "";

    (void)cx;
    assert_false(rq->db->writer);
    assert_true(rq->db->reading);
    buf_addf(&rs->body, "face says %s %d%s\n", err_name(e), status, problems);
    rs->content_type = "text/plain";
}

static const struct route routes[] = {
    {GET,  "/",             AUTH_NONE,    LIMIT_NONE, READ,  hello},
    {GET,  "/where/{name}", AUTH_NONE,    LIMIT_NONE, READ,  where},
    {POST, "/where/{name}", AUTH_NONE,    LIMIT_NONE, READ,  where},
    {POST, "/add",          AUTH_NONE,    LIMIT_NONE, WRITE, add  },
    {GET,  "/account",      AUTH_SESSION, LIMIT_PAGE, READ,  hello},
};

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

static struct http_conf conf_default(void)
{
    return (struct http_conf){
        .listen = STR("127.0.0.1:0"),
        .workers = 2,
        .faces = faces,
        .face_count = COUNT_OF(faces),
        .backend = {.reader_open = be_open,
                    .reader_close = be_close,
                    .read_begin = be_begin,
                    .read_end = be_end,
                    .submit = be_submit},
    };
}

static void server_start(const struct http_conf *conf)
{
    enum err e;

    mem = arena_new();
    ctx_init(&cx, mem);
    be_start();
    e = http_server_start(&cx, conf, &server);
    if (e)
        fail_msg("start: %s", cx.why);
}

static void server_stop(void)
{
    http_server_stop(&server, 2000);
    be_stop();
    arena_free(&mem);
}

static int setup(void **state)
{
    struct http_conf conf = conf_default();

    (void)state;
    server_start(&conf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* ---- a client ---- */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_server_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t n = strlen(text);

    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Reads until `until` was seen, or the end of the stream when it is NULL. */
static const char *hear(int fd, const char *until)
{
    static char got[ANSWER_BUF];
    size_t n = 0;

    got[0] = '\0';
    while (!until || !strstr(got, until)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t r;

        if (poll(&p, 1, PATIENCE_MS) != 1)
            fail_msg("no \"%s\" within %d ms; got \"%s\"", until ? until : "end", PATIENCE_MS, got);
        r = recv(fd, got + n, sizeof(got) - 1 - n, 0);
        if (r <= 0) {
            if (until)
                fail_msg("closed before \"%s\"; got \"%s\"", until, got);
            break;
        }
        n += (size_t)r;
        got[n] = '\0';
    }
    return got;
}

/* One request on a connection of its own, until the server closes. */
static const char *ask(const char *request)
{
    int fd = dial();
    const char *got;

    say(fd, request);
    got = hear(fd, NULL);
    close(fd);
    return got;
}

static void assert_has(const char *text, const char *piece)
{
    if (!strstr(text, piece))
        fail_msg("no \"%s\" in \"%s\"", piece, text);
}

static void assert_lacks(const char *text, const char *piece)
{
    if (strstr(text, piece))
        fail_msg("\"%s\" in \"%s\"", piece, text);
}

#define CLOSE "Host: x\r\nConnection: close\r\n\r\n"

/* ---- tests ---- */

static void answers_get_with_the_fixed_headers(void **state)
{
    const char *got = ask("GET / HTTP/1.1\r\n" CLOSE);

    (void)state;
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "\r\nContent-Length: 6\r\n");
    assert_has(got, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assert_has(got, "\r\nContent-Security-Policy: default-src 'none';");
    assert_has(got, "\r\nX-Content-Type-Options: nosniff\r\n");
    assert_has(got, "\r\nX-Frame-Options: DENY\r\n");
    assert_has(got, "\r\nReferrer-Policy: no-referrer\r\n");
    assert_has(got, "\r\nCache-Control: no-store\r\n");
    assert_has(got, "\r\nDate: ");
    assert_has(got, "\r\nConnection: close\r\n");
    assert_lacks(got, "Server:");
    assert_lacks(got, "Strict-Transport-Security");
    assert_has(got, "\r\n\r\nhello\n");
}

static void head_gets_the_headers_alone(void **state)
{
    const char *got = ask("HEAD / HTTP/1.1\r\n" CLOSE);

    (void)state;
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "Content-Length: 6\r\n");
    assert_lacks(got, "hello");
}

static void write_runs_on_the_writer(void **state)
{
    const char *got = ask("POST /add HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "41");

    (void)state;
    assert_has(got, "HTTP/1.1 201 Created\r\n");
    assert_has(got, "\r\n\r\n41\n");
    assert_int_equal(be_value(), 41);
}

static void errors_are_worded_by_the_face(void **state)
{
    const char *got = ask("POST /add HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "-7");

    (void)state;
    assert_has(got, "HTTP/1.1 409 Conflict\r\n");
    assert_has(got, "face says conflict 0 with problems\n");
    assert_int_equal(be_value(), 0);
    assert_has(ask("GET /account HTTP/1.1\r\n" CLOSE), "face says denied 0\n");
    got = ask("GET /nowhere HTTP/1.1\r\n" CLOSE);
    assert_has(got, "HTTP/1.1 404 Not Found\r\n");
    assert_has(got, "face says not_found 404\n");
    got = ask("DELETE /where/x HTTP/1.1\r\n" CLOSE);
    assert_has(got, "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_has(got, "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n");
    got = ask("OPTIONS /where/x HTTP/1.1\r\n" CLOSE);
    assert_has(got, "HTTP/1.1 204 No Content\r\n");
    assert_has(got, "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_get_with_the_fixed_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(head_gets_the_headers_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(write_runs_on_the_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_worded_by_the_face, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
