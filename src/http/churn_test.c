/*
 * churn_test.c: clients that do everything at any time, against a server with short deadlines,
 * while topics are notified and the writer stops and goes. It proves nothing about answers; it is
 * for the sanitizers, and for the server being alive and empty afterwards.
 */
#include "base/log.h"
#include "http/server_fixture.h"

enum { CLIENTS = 3, ROUNDS = 150, TOPICS = 8 };

static uint32_t throw_dice(uint32_t *dice, uint32_t below)
{
    *dice = *dice * 1664525u + 1013904223u;
    return (*dice >> 8) % below;
}

static const char *const phrases[] = {
    "GET / HTTP/1.1\r\n" HOST "\r\n",
    "GET /big HTTP/1.1\r\n" HOST "\r\n",
    "GET / HTTP/1.1\r\n" LAST "\r\n",
    "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n1",
    "POST /add HTTP/1.1\r\nContent-Length: 2\r\n" HOST "\r\n-1",
    "POST /add HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST "\r\n1\r\n1\r\n0\r\n\r\n",
    "POST /hashed HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n1",
    "GET /hashed HTTP/1.1\r\n" HOST "\r\n",
    "POST /small HTTP/1.1\r\nContent-Length: 100000\r\n" HOST "\r\nmore",
    "POST /where/a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n" HOST "\r\n",
    "GET /nowhere HTTP/1.1\r\n" HOST "\r\n",
    "HEAD / HTTP/1.1\r\n" HOST "\r\n",
    "GET /events/1/100000 HTTP/1.1\r\n" HOST "\r\n",
    "GET /events/2/100000?much=60000 HTTP/1.1\r\n" HOST "\r\n",
    "GET /events/3/0 HTTP/1.1\r\n" HOST "\r\n",
    "GET /events/4/100000?ms=20 HTTP/1.1\r\n" HOST "\r\n",
};

/* One of the phrases; sometimes half of it, sometimes with a byte changed. */
static void say_something(int fd, uint32_t *dice)
{
    const char *phrase = phrases[throw_dice(dice, COUNT_OF(phrases))];
    char text[256];
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", phrase);

    if (throw_dice(dice, 4) == 0)
        text[throw_dice(dice, (uint32_t)n)] = (char)throw_dice(dice, 256);
    if (throw_dice(dice, 4) == 0)
        n = throw_dice(dice, (uint32_t)n);
    (void)send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Takes some of what there is, waiting a moment at most. */
static void listen_a_moment(int fd, uint32_t *dice)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char text[4096];

    if (poll(&p, 1, (int)throw_dice(dice, 5)) == 1)
        (void)recv(fd, text, sizeof(text), MSG_DONTWAIT);
}

static void leave(int fd, uint32_t *dice)
{
    struct linger now = {.l_onoff = 1};

    switch (throw_dice(dice, 3)) {
    case 0:
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* a reset */
        break;
    case 1:
        shutdown(fd, SHUT_WR);
        listen_a_moment(fd, dice);
        break;
    default:
        break;
    }
    close(fd);
}

static void *client(void *arg)
{
    uint32_t dice = *(uint32_t *)arg;

    for (int round = 0; round < ROUNDS; round++) {
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(http_server_port(server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
            for (uint32_t i = throw_dice(&dice, 6); i > 0; i--) {
                say_something(fd, &dice);
                if (throw_dice(&dice, 2) == 0)
                    listen_a_moment(fd, &dice);
            }
        }
        leave(fd, &dice);
    }
    return NULL;
}

static void *notifier(void *arg)
{
    uint32_t dice = 99;

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t topics[2] = {throw_dice(&dice, TOPICS), throw_dice(&dice, TOPICS)};

        http_server_notify(server, topics, COUNT_OF(topics));
        be_set(&be.held, throw_dice(&dice, 3) == 0);
        poll(NULL, 0, 1);
    }
    be_set(&be.held, false);
    return NULL;
}

static void start_short_lived(void)
{
    struct http_conf conf = conf_default();

    conf.head_timeout_ms = conf.body_timeout_ms = conf.idle_timeout_ms = 100;
    conf.write_timeout_ms = conf.heartbeat_ms = 100;
    conf.connections_max = 500;
    server_start(&conf);
}

static void with_clients(bool stop_meanwhile)
{
    static uint32_t seeds[CLIENTS] = {1, 20, 300};
    pthread_t threads[CLIENTS], other;

    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, client, &seeds[i]), 0);
    assert_int_equal(pthread_create(&other, NULL, notifier, NULL), 0);
    if (stop_meanwhile) {
        be_await(10, 0, 0); /* in the middle of it */
        http_server_stop(server, 20);
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(other, NULL);
}

static void all_that_is_left_is_an_empty_server(void **state)
{
    struct http_stats stats;

    (void)state;
    start_short_lived();
    with_clients(false);
    AWAIT_STAT(open, 0);
    AWAIT_STAT(parked, 0);
    http_server_stats(server, &stats);
    assert_true(stats.requests > 100 && stats.refused_malformed > 10 && stats.wakes > 10);
    assert_has(ask("GET / HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
}

static void it_stops_at_any_moment(void **state)
{
    struct http_stats stats;

    (void)state;
    start_short_lived();
    with_clients(true);
    http_server_stats(server, &stats);
    assert_int_equal(stats.open, 0);
    assert_int_equal(stats.parked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_is_left_is_an_empty_server, NULL, server_stop),
        cmocka_unit_test_setup_teardown(it_stops_at_any_moment, NULL, server_stop),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
