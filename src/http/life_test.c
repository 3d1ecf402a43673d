/* life_test.c: how connections and servers end: deadlines, caps, clients that left, a graceful
 * stop. */
#include "http/server_fixture.h"

#include "http/conn.h"
#include "http/listener.h"
#include "http/loop.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { SHORT_MS = 200 };

/* Sends `text` a byte at a time, as slowly as the server lets it; returns how long it lasted. */
static int64_t drip(int fd, const char *text)
{
    int64_t begin_ms = clock_mono_ms();
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (size_t i = 0; poll(&p, 1, 20) == 0; i = (i + 1) % strlen(text)) {
        if (send(fd, text + i, 1, MSG_NOSIGNAL) != 1)
            break;
        assert_true(clock_mono_ms() - begin_ms < PATIENCE_MS);
    }
    return clock_mono_ms() - begin_ms;
}

static void no_byte_renews_a_deadline(void **state)
{
    struct http_conf conf = conf_default();
    int fd;

    (void)state;
    conf.head_timeout_ms = conf.body_timeout_ms = SHORT_MS;
    server_start(&conf);
    fd = dial();
    say(fd, "GET / HTTP/1.1\r\n" HOST "A: ");
    assert_true(drip(fd, "b") >= SHORT_MS / 2);
    assert_has(hear(fd, NULL), "HTTP/1.1 408 Request Timeout\r\n");
    close(fd);
    fd = dial();
    say(fd, "POST /where/a HTTP/1.1\r\nContent-Length: 16000\r\n" HOST "\r\n");
    assert_true(drip(fd, "b") >= SHORT_MS / 2);
    assert_has(hear(fd, NULL), "HTTP/1.1 408 Request Timeout\r\n");
    close(fd);
    AWAIT_STAT(open, 0);
}

static void who_says_nothing_is_let_go(void **state)
{
    struct http_conf conf = conf_default();
    int fd;

    (void)state;
    conf.head_timeout_ms = conf.idle_timeout_ms = SHORT_MS;
    server_start(&conf);
    fd = dial();
    assert_string_equal(hear(fd, NULL), "");
    close(fd);
    fd = dial();
    say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    hear(fd, "hello\n");
    assert_string_equal(hear(fd, NULL), "");
    close(fd);
}

static void who_does_not_read_is_let_go(void **state)
{
    struct http_conf conf = conf_default();
    int fd, small = 4096;

    (void)state;
    conf.write_timeout_ms = SHORT_MS;
    server_start(&conf);
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 8; i++) /* more than loopback's buffers hold */
        say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    AWAIT_STAT(open, 1);
    AWAIT_STAT(open, 0);
    close(fd);
}

/* Resets the connection, so that the server learns of it at once. */
static void hang_up(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

static void a_client_may_leave_while_its_write_is_away(void **state)
{
    int fd = dial();

    (void)state;
    be_set(&be.held, true);
    say(fd, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n5");
    be_await(1, 0, 0);
    hang_up(fd);
    AWAIT_STAT(open, 0);
    be_set(&be.held, false);
    be_await(1, 0, 5); /* what was asked for is done all the same */
    assert_has(ask("GET / HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
}

static void a_client_may_leave_while_its_password_is_checked(void **state)
{
    int fd = dial();

    (void)state;
    be_set(&be.hash_held, true);
    say(fd, "POST /hashed HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n5");
    be_await(0, 1, 0);
    hang_up(fd);
    AWAIT_STAT(open, 0);
    be_set(&be.hash_held, false);
    be_await(1, 1, 5);
    assert_has(ask("GET / HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
}

static void bytes_sent_ahead_are_kept(void **state)
{
    int fd = dial();

    (void)state;
    be_set(&be.held, true);
    say(fd, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n5");
    be_await(1, 0, 0);
    for (int i = 0; i < 2000; i++) /* far more than is read ahead */
        say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    say(fd, "GET / HTTP/1.1\r\n" LAST "\r\n");
    be_set(&be.held, false);
    assert_int_equal(count_of(hear(fd, NULL), "hello\n"), 2001);
    close(fd);
}

/* ---- caps ---- */

static void an_address_may_hold_so_many_connections(void **state)
{
    struct http_conf conf = conf_default();
    int fd[3];

    (void)state;
    conf.connections_per_addr_max = 2;
    server_start(&conf);
    fd[0] = dial();
    fd[1] = dial();
    AWAIT_STAT(open, 2);
    fd[2] = dial();
    assert_string_equal(hear(fd[2], NULL), "");
    AWAIT_STAT(refused_limits, 1);
    close(fd[1]);
    AWAIT_STAT(open, 1);
    assert_has(ask("GET / HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
    close(fd[0]);
    close(fd[2]);
}

static void all_together_may_hold_so_many_connections(void **state)
{
    struct http_conf conf = conf_default();
    int fd[2];

    (void)state;
    conf.connections_max = 1;
    server_start(&conf);
    fd[0] = dial();
    AWAIT_STAT(open, 1);
    fd[1] = dial();
    assert_string_equal(hear(fd[1], NULL), "");
    close(fd[0]);
    close(fd[1]);
}

/* Out of descriptors it must neither spin nor stay deaf. */
static void it_gets_over_a_lack_of_descriptors(void **state)
{
    struct rlimit before, scarce;
    int first = dial(), second;

    (void)state;
    AWAIT_STAT(open, 1);
    second = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    scarce = before;
    scarce.rlim_cur = (rlim_t)second + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &scarce), 0);
    {
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(http_server_port(server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct timespec cpu_before, cpu_after;
        struct pollfd p = {.fd = second, .events = POLLIN};

        assert_int_equal(connect(second, (struct sockaddr *)&to, sizeof(to)), 0);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
        assert_int_equal(poll(&p, 1, 500), 0); /* not accepted, not refused */
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
        assert_true((cpu_after.tv_sec - cpu_before.tv_sec) * 1000 +
                        (cpu_after.tv_nsec - cpu_before.tv_nsec) / 1000000 <
                    100);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    say(second, "GET / HTTP/1.1\r\n" LAST "\r\n");
    assert_has(hear(second, NULL), "hello\n");
    close(first);
    close(second);
}

/* ---- stopping ---- */

static void *stop_it(void *arg)
{
    (void)arg;
    http_server_stop(server, PATIENCE_MS);
    return NULL;
}

static void a_stop_finishes_what_is_in_flight(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int idle = dial(), busy = dial(), late;
    pthread_t stopper;

    (void)state;
    to.sin_port = htons(http_server_port(server));
    be_set(&be.held, true);
    say(busy, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n5");
    be_await(1, 0, 0);
    AWAIT_STAT(open, 2);
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, NULL), 0);
    assert_string_equal(hear(idle, NULL), ""); /* closed; and the listeners before it */
    late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&to, sizeof(to)), -1);
    be_set(&be.held, false);
    assert_has(hear(busy, NULL), "HTTP/1.1 201 Created\r\n");
    pthread_join(stopper, NULL);
    assert_int_equal(be_value(), 5);
    close(idle);
    close(busy);
    close(late);
}

/* How would it know that we stop, before an answer says so? */
static void a_stop_answers_the_next_request_of_who_is_idle(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char request[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
    static char ahead[3000 * (sizeof(request) - 1) + 1]; /* more than is read at once */
    const size_t ahead_len = sizeof(ahead) - 1;
    struct http_conf conf = conf_default();
    int64_t begin_ms = clock_mono_ms();
    int idle, late, connected;
    pthread_t stopper;

    (void)state;
    conf.drain_ms = 2 * PATIENCE_MS;
    server_start(&conf);
    to.sin_port = htons(http_server_port(server));
    idle = dial();
    say(idle, request);
    assert_lacks(hear(idle, "hello\n"), "Connection: close");
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, NULL), 0);
    do { /* until it has begun */
        late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected = connect(late, (struct sockaddr *)&to, sizeof(to)) == 0;
        close(late);
        assert_true(clock_mono_ms() - begin_ms < PATIENCE_MS);
    } while (connected);
    for (size_t i = 0; i < ahead_len; i += strlen(request))
        memcpy(ahead + i, request, strlen(request));
    say(idle, ahead);
    assert_has(hear(idle, "hello\n"), "Connection: close\r\n");
    assert_int_equal(recv(idle, &(char){0}, 1, 0),
                     0); /* the rest: no answer, but no reset either */
    close(idle);
    pthread_join(stopper, NULL);
}

static void a_stop_waits_no_longer_than_its_grace(void **state)
{
    int fd = dial();
    int64_t begin_ms = clock_mono_ms();

    (void)state;
    say(fd, "GET / HTTP/1.1\r\n"); /* and nothing more */
    AWAIT_STAT(open, 1);
    http_server_stop(server, SHORT_MS);
    assert_true(clock_mono_ms() - begin_ms < PATIENCE_MS / 2);
    close(fd);
}

/* ---- one loop without a thread: what happens in which order is the test's to say ---- */

static struct site site;
static struct loop *loop;

static int loop_alone(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    be_start();
    site = (struct site){.conf = conf_default()};
    site.conf.head_max = HTTP_HEAD_MAX;
    site.conf.body_max = HTTP_BODY_MAX;
    site.tally = tally_new(0, 0);
    site.limiter = limiter_new(site.conf.limits);
    return router_new(&cx, faces, COUNT_OF(faces), &site.router) || loop_new(&cx, &site, &loop);
}

static int loop_alone_ends(void **state)
{
    (void)state;
    loop_free(&loop);
    router_free(&site.router);
    limiter_free(&site.limiter);
    tally_free(&site.tally);
    be_stop();
    arena_free(&mem);
    return 0;
}

static void who_has_spoken_is_not_idle(void **state)
{
    static const struct origin from;
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    conn_open(loop, fd[1], &from);
    say(fd[0], "GET / HTTP/1.1\r\n" HOST "\r\n");
    conn_alarm(&loop->conns->alarm); /* its time is over before the loop has looked */
    assert_has(hear(fd[0], "hello\n"), "HTTP/1.1 200 OK\r\n");
    conn_alarm(&loop->conns->alarm);
    assert_null(loop->conns);
    assert_string_equal(hear(fd[0], NULL), "");
    close(fd[0]);
}

static void a_last_call_takes_who_is_at_the_door(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct listener *l = NULL;
    int fd[3];

    (void)state;
    assert_int_equal(listener_tcp(&cx, STR("127.0.0.1:0"), false, &l), OK);
    listener_attach(l, &loop, 1);
    to.sin_port = htons(listener_port(l));
    for (size_t i = 0; i < COUNT_OF(fd); i++) {
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd[i], (struct sockaddr *)&to, sizeof(to)), 0);
    }
    listener_last_call(l);
    assert_int_equal(COUNT_OF_NOW(loop->counters.accepted), COUNT_OF(fd));
    listener_free(&l);
    for (size_t i = 0; i < COUNT_OF(fd); i++)
        close(fd[i]);
}

#define SERVED(f)     cmocka_unit_test_setup_teardown(f, server_default, server_stop)
#define OWN_SERVER(f) cmocka_unit_test_setup_teardown(f, NULL, server_stop)
#define LOOP_ALONE(f) cmocka_unit_test_setup_teardown(f, loop_alone, loop_alone_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN_SERVER(no_byte_renews_a_deadline),
        OWN_SERVER(who_says_nothing_is_let_go),
        OWN_SERVER(who_does_not_read_is_let_go),
        SERVED(a_client_may_leave_while_its_write_is_away),
        SERVED(a_client_may_leave_while_its_password_is_checked),
        SERVED(bytes_sent_ahead_are_kept),
        OWN_SERVER(an_address_may_hold_so_many_connections),
        OWN_SERVER(all_together_may_hold_so_many_connections),
        SERVED(it_gets_over_a_lack_of_descriptors),
        SERVED(a_stop_finishes_what_is_in_flight),
        OWN_SERVER(a_stop_answers_the_next_request_of_who_is_idle),
        SERVED(a_stop_waits_no_longer_than_its_grace),
        LOOP_ALONE(who_has_spoken_is_not_idle),
        LOOP_ALONE(a_last_call_takes_who_is_at_the_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
