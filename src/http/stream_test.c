/* stream_test.c: parked connections: woken, ended, noticed when gone, and nearly free. */
#include "http/conn.h"
#include "http/server_fixture.h"

static void notify(uint64_t topic)
{
    http_server_notify(server, &topic, 1);
}

/* Stores a value as the writer would, and tells those who wait. */
static void store(int value, uint64_t topic)
{
    pthread_mutex_lock(&be.lock);
    be.value = value;
    pthread_mutex_unlock(&be.lock);
    notify(topic);
}

static int open_stream(const char *path)
{
    OWN(buf_deinit) struct buf b = {.max = KIB};
    int fd = dial();

    buf_addf(&b, "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
    say(fd, b.p);
    return fd;
}

static void a_wait_is_asked_first_and_woken_by_its_topic(void **state)
{
    int fd = open_stream("/events/7/2"), other = open_stream("/events/8/2");
    const char *got = hear(fd, "event: start\ndata: 0\n\n");

    (void)state;
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "\r\nContent-Type: text/event-stream\r\n");
    assert_has(got, "\r\nConnection: close\r\n");
    assert_has(got, "\r\nX-Accel-Buffering: no\r\n");
    assert_lacks(got, "Content-Length");
    hear(other, "event: start\n");
    AWAIT_STAT(parked, 2);
    store(1, 7);
    assert_string_equal(hear(fd, "data: 1\n\n"), "event: topic\ndata: 1\n\n");
    store(2, 7);
    assert_string_equal(hear(fd, NULL), "event: topic\ndata: 2\n\n"); /* and the end */
    AWAIT_STAT(parked, 1);
    notify(8);
    assert_string_equal(hear(other, NULL), "event: topic\ndata: 2\n\n");
    AWAIT_STAT(open, 0);
    AWAIT_STAT(wakes, 5);
    close(fd);
    close(other);
}

static void what_is_over_already_ends_at_once(void **state)
{
    int fd = open_stream("/events/7/0");

    (void)state;
    assert_has(hear(fd, NULL), "\r\n\r\nevent: start\ndata: 0\n\n");
    close(fd);
}

/* Each notify is matched by one wake, on whichever loop the stream is, many at a time. */
static void many_are_woken_one_by_one_and_together(void **state)
{
    enum { COUNT = 64 };
    uint64_t topics[COUNT];
    int fd[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        char path[32];

        topics[i] = (uint64_t)i + 1;
        snprintf(path, sizeof(path), "/events/%d/5", i + 1);
        fd[i] = open_stream(path);
        hear(fd[i], "event: start\n");
    }
    for (int i = 0; i < COUNT; i++) {
        notify(topics[i]);
        hear(fd[i], "event: topic\n");
    }
    pthread_mutex_lock(&be.lock);
    be.value = 5;
    pthread_mutex_unlock(&be.lock);
    http_server_notify(server, topics, COUNT);
    for (int i = 0; i < COUNT; i++) {
        hear(fd[i], "data: 5\n\n");
        close(fd[i]);
    }
    AWAIT_STAT(open, 0);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    int fd = open_stream("/events/7/9");

    (void)state;
    hear(fd, "event: start\n");
    AWAIT_STAT(parked, 1);
    close(fd);
    AWAIT_STAT(parked, 0);
    notify(7);
    fd = open_stream("/events/7/9");
    hear(fd, "event: start\n");
    say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n"); /* speaks out of turn */
    hear(fd, NULL);
    AWAIT_STAT(open, 0);
    close(fd);
}

static void a_stream_beats_and_ends_at_its_deadline(void **state)
{
    struct http_conf conf = conf_default();
    const char *got;
    int fd;

    (void)state;
    conf.heartbeat_ms = 100;
    server_start(&conf);
    fd = open_stream("/events/7/9?ms=700");
    got = hear(fd, NULL);
    assert_has(got, "event: start\n");
    assert_has(got, ":\n\n:\n\n");
    assert_has(got, "event: deadline\ndata: 0\n\n");
    AWAIT_STAT(parked, 0);
    close(fd);
}

/* What a client does not read is bounded, and then it is dropped. */
static void a_slow_reader_is_dropped(void **state)
{
    struct http_conf conf = conf_default();
    int fd, small = 4096;

    (void)state;
    conf.heartbeat_ms = 300;
    server_start(&conf);
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    say(fd, "GET /events/7/9?much=60000 HTTP/1.1\r\n" HOST "\r\n");
    AWAIT_STAT(parked, 1);
    for (int i = 0; i < 200; i++)
        notify(7);
    AWAIT_STAT(parked, 0);
    close(fd);
}

static void streams_end_when_the_server_stops(void **state)
{
    int fd = open_stream("/events/7/9");

    (void)state;
    hear(fd, "event: start\ndata: 0\n\n");
    http_server_stop(server, PATIENCE_MS);
    assert_string_equal(hear(fd, NULL), "event: stop\ndata: 0\n\n");
    close(fd);
}

/* A parked connection is a struct: no exchange, no buffers. Kept honest by its size: with
 * libevent's own entry and malloc's header, 0.4 KB. */
static void a_parked_connection_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct conn) <= 336);
}

#define SERVED(f)     cmocka_unit_test_setup_teardown(f, server_default, server_stop)
#define OWN_SERVER(f) cmocka_unit_test_setup_teardown(f, NULL, server_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_wait_is_asked_first_and_woken_by_its_topic),
        SERVED(what_is_over_already_ends_at_once),
        SERVED(many_are_woken_one_by_one_and_together),
        SERVED(a_client_that_leaves_is_noticed),
        OWN_SERVER(a_stream_beats_and_ends_at_its_deadline),
        OWN_SERVER(a_slow_reader_is_dropped),
        SERVED(streams_end_when_the_server_stops),
        cmocka_unit_test(a_parked_connection_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
