/* server_test.c: requests and answers over a running server. */
#include "http/server_fixture.h"

#include <sys/stat.h>
#include <sys/un.h>

static void a_get_has_the_fixed_headers(void **state)
{
    const char *got = ask("GET / HTTP/1.1\r\n" LAST "\r\n");

    (void)state;
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "\r\nContent-Length: 6\r\n");
    assert_has(got, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assert_has(got, "\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; "
                    "script-src 'self'; img-src 'self' data:; connect-src 'self'; "
                    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
                    "manifest-src 'self'; worker-src 'self'\r\n");
    assert_has(got, "\r\nX-Content-Type-Options: nosniff\r\n");
    assert_has(got, "\r\nX-Frame-Options: DENY\r\n");
    assert_has(got, "\r\nReferrer-Policy: no-referrer\r\n");
    assert_has(got, "\r\nCross-Origin-Opener-Policy: same-origin\r\n");
    assert_has(got, "\r\nPermissions-Policy: camera=(self)");
    assert_has(got, "\r\nCache-Control: no-store\r\n");
    assert_has(got, "\r\nDate: ");
    assert_has(got, "\r\nConnection: close\r\n");
    assert_lacks(got, "Server:");
    assert_lacks(got, "Strict-Transport-Security");
    assert_has(got, "\r\n\r\nhello\n");
}

static void a_head_gets_the_headers_alone(void **state)
{
    const char *got = ask("HEAD / HTTP/1.1\r\n" LAST "\r\n");

    (void)state;
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "Content-Length: 6\r\n");
    assert_lacks(got, "hello");
    got = ask("HEAD /events/7/9 HTTP/1.1\r\n" LAST "\r\n"); /* and no stream */
    assert_has(got, "text/event-stream");
    assert_lacks(got, "event:");
}

static void a_write_runs_on_the_writer(void **state)
{
    const char *got = ask("POST /add HTTP/1.1\r\nContent-Length: 2\r\n" LAST "\r\n41");

    (void)state;
    assert_has(got, "HTTP/1.1 201 Created\r\n");
    assert_has(got, "\r\n\r\n41\n");
    assert_int_equal(be_value(), 41);
}

static void a_failed_write_leaves_nothing(void **state)
{
    const char *got = ask("POST /add HTTP/1.1\r\nContent-Length: 2\r\n" LAST "\r\n-7");

    (void)state;
    assert_has(got, "HTTP/1.1 409 Conflict\r\n");
    assert_has(got, "face says conflict 0 with problems\n");
    assert_int_equal(be_value(), 0);
    be_set(&be.commit_fails, true);
    got = ask("POST /add HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n7");
    assert_has(got, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has(got, "face says internal 503\n");
    assert_has(got, "\r\nRetry-After: 1\r\n");
    assert_int_equal(be_value(), 0);
    got = ask("POST /add HTTP/1.1\r\nContent-Length: 2\r\n" LAST "\r\n-7"); /* the handler's no */
    assert_has(got, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has(got, "face says internal 503\n");
    be_set(&be.full, true);
    got = ask("POST /add HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n7");
    assert_has(got, "face says busy 503\n");
    assert_has(got, "\r\nRetry-After: 1\r\n");
}

static void errors_are_worded_by_the_face(void **state)
{
    const char *got;

    (void)state;
    got = ask("GET /account HTTP/1.1\r\n" LAST "\r\n");
    assert_has(got, "HTTP/1.1 403 Forbidden\r\n");
    assert_has(got, "face says denied 0\n");
    got = ask("GET /nowhere HTTP/1.1\r\n" LAST "\r\n");
    assert_has(got, "HTTP/1.1 404 Not Found\r\n");
    assert_has(got, "face says not_found 404\n");
    got = ask("GET /where/%ff HTTP/1.1\r\n" LAST "\r\n");
    assert_has(got, "face says invalid 400\n");
}

static void other_methods_are_named(void **state)
{
    const char *got = ask("DELETE /where/x HTTP/1.1\r\n" LAST "\r\n");

    (void)state;
    assert_has(got, "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_has(got, "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n");
    assert_has(got, "face says invalid 405\n");
    got = ask("OPTIONS /where/x HTTP/1.1\r\n" LAST "\r\n");
    assert_has(got, "HTTP/1.1 204 No Content\r\n");
    assert_has(got, "\r\nAllow: GET, POST, HEAD, OPTIONS\r\n");
    assert_lacks(got, "Content-Length");
    assert_has(ask("OPTIONS /nowhere HTTP/1.1\r\n" LAST "\r\n"), "HTTP/1.1 404 ");
}

static void a_connection_serves_many_requests(void **state)
{
    int fd = dial();

    (void)state;
    for (int i = 0; i < 3; i++) {
        say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
        assert_lacks(hear(fd, "hello\n"), "Connection: close");
        say(fd, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n1");
        assert_has(hear(fd, "\r\n\r\n"), "HTTP/1.1 201 Created\r\n");
    }
    say(fd, "GET / HTTP/1.0\r\n\r\n");
    assert_has(hear(fd, NULL), "Connection: close");
    close(fd);
    assert_int_equal(be_value(), 3);
    fd = dial();
    say(fd, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_has(hear(fd, "hello\n"), "\r\nConnection: keep-alive\r\n");
    say(fd, "GET / HTTP/1.1\r\n" LAST "\r\n");
    hear(fd, "hello\n");
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    enum { COUNT = 100 };
    OWN(buf_deinit) struct buf all = {.max = MIB};
    int fd = dial();
    const char *got;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        buf_addf(&all, "GET /where/%03d HTTP/1.1\r\n" HOST "\r\n", i);
        buf_addf(&all, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n1");
    }
    buf_add(&all, STR("GET / HTTP/1.1\r\n" LAST "\r\n"));
    say(fd, all.p);
    got = hear(fd, NULL);
    for (int i = 0; i < COUNT; i++) {
        char name[16];

        snprintf(name, sizeof(name), "name=%03d ", i);
        got = strstr(got, name);
        assert_non_null(got);
        snprintf(name, sizeof(name), "\r\n\r\n%d\n", i + 1);
        got = strstr(got, name);
        assert_non_null(got);
    }
    assert_has(got, "hello\n");
    close(fd);
}

static void a_client_may_close_its_half(void **state)
{
    int fd = dial();

    (void)state;
    be_set(&be.held, true);
    say(fd, "POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n4");
    be_await(1, 0, 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    be_set(&be.held, false);
    assert_has(hear(fd, NULL), "HTTP/1.1 201 Created\r\n");
    close(fd);
}

static void bodies_come_in_pieces(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "POST /where/a HTTP/1.1\r\nContent-Le");
    say(fd, "ngth: 6\r\n" HOST "\r\nab");
    say(fd, "cd");
    say(fd, "efGET / HTTP/1.1\r\n" HOST "\r\n");
    assert_has(hear(fd, "hello\n"), "body=abcdef\n");
    say(fd, "POST /where/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST "\r\n3\r\nab");
    say(fd, "c\r\nA\r\n0123456789\r");
    say(fd, "\n0\r\n");
    say(fd, "\r\nGET / HTTP/1.1\r\n" LAST "\r\n");
    assert_has(hear(fd, "hello\n"), "body=abc0123456789\n");
    close(fd);
}

static void a_large_body_is_refused_before_it_comes(void **state)
{
    const char *got = ask("POST /small HTTP/1.1\r\nContent-Length: 10000000\r\n" HOST "\r\nmore");

    (void)state;
    assert_has(got, "HTTP/1.1 413 Content Too Large\r\n");
    assert_has(got, "\r\nConnection: close\r\n");
    assert_has(got, "face says invalid 413\n");
    got = ask("POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST
              "\r\n8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n");
    assert_has(got, "face says invalid 413\n");
    got = ask("POST /nowhere HTTP/1.1\r\nContent-Length: 10000000\r\n" HOST "\r\nmore");
    assert_has(got, "HTTP/1.1 404 Not Found\r\n");
    assert_has(got, "\r\nConnection: close\r\n");
    got = ask("POST /small HTTP/1.1\r\nContent-Length: 8\r\n" LAST "\r\n12345678");
    assert_has(got, "HTTP/1.1 200 OK\r\n");
}

static void a_client_that_asks_may_send_its_body(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "POST /where/a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n" HOST "\r\n");
    assert_string_equal(hear(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "ok");
    assert_has(hear(fd, "body=ok\n"), "HTTP/1.1 200 OK\r\n");
    say(fd, "POST /small HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n" HOST "\r\n");
    assert_lacks(hear(fd, NULL), "100 Continue"); /* 413 at once */
    close(fd);
    assert_has(ask("GET / HTTP/1.1\r\nExpect: tea\r\n" HOST "\r\n"), "HTTP/1.1 417 ");
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const hello_tls = "\x16\x03\x01\x02\x01\x01";
    const char *got;

    (void)state;
    got = ask("GET / HTTP/1.1\nHost: x\n\n");
    assert_has(got, "HTTP/1.1 400 Bad Request\r\n");
    assert_has(got, "\r\nContent-Security-Policy: ");
    assert_has(got, "\r\nConnection: close\r\n");
    assert_has(ask(hello_tls), "HTTP/1.1 400 ");
    assert_has(ask("GET / HTTP/2.5\r\n" HOST "\r\n"), "HTTP/1.1 505 ");
    assert_has(ask("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" HOST "\r\n"),
               "HTTP/1.1 501 ");
    assert_has(ask("POST /where/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" HOST "\r\nzz\r\n"),
               "HTTP/1.1 400 ");
    got = ask("GET / HTTP/1.1\r\n" LAST "\r\n"); /* alive after all that */
    assert_has(got, "hello\n");
    AWAIT_STAT(refused_malformed, 5);
}

static void a_large_answer_arrives_whole(void **state)
{
    const char *got = ask("GET /big HTTP/1.1\r\n" LAST "\r\n");

    (void)state;
    got = strstr(got, "\r\n\r\n");
    assert_non_null(got);
    assert_int_equal(strlen(got + 4), BIG_LEN);
}

static void work_is_prepared_elsewhere(void **state)
{
    const char *got;

    (void)state;
    got = ask("POST /hashed HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n5");
    assert_has(got, "\r\n\r\n5 prepared\n");
    got = ask("POST /checked HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n5");
    assert_has(got, "\r\n\r\n10 prepared\n");
    assert_has(ask("GET /hashed HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
    got = ask("POST /hashed HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n0");
    assert_has(got, "face says denied 0\n");
    got = ask("POST /checked HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n0");
    assert_has(got, "face says denied 0\n");
    got = ask("POST /sevens HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n7");
    assert_has(got, "\r\n\r\n17 prepared\n");
    got = ask("POST /sevens HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n3");
    assert_has(got, "\r\n\r\n20\n");
    be_set(&be.full, true);
    got = ask("POST /hashed HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n5");
    assert_has(got, "face says busy 503\n");
    assert_int_equal(be_value(), 20);
}

static void the_hash_pools_queue_is_short(void **state)
{
    int running = dial();
    struct pollfd two[2] = {
        {.fd = dial(), .events = POLLIN},
        {.fd = dial(), .events = POLLIN}
    };
    const char *got;
    int loser;

    (void)state;
    be_set(&be.hash_held, true);
    say(running, "GET /hashed HTTP/1.1\r\n" LAST "\r\n");
    be_await(0, 1, 0);
    assert_true(http_server_crowded(server));
    say(two[0].fd, "GET /hashed HTTP/1.1\r\n" LAST "\r\n"); /* one of them waits, */
    say(two[1].fd, "GET /hashed HTTP/1.1\r\n" LAST "\r\n"); /* the other is too many */
    assert_int_equal(poll(two, 2, PATIENCE_MS), 1);
    loser = two[0].revents ? 0 : 1;
    got = hear(two[loser].fd, NULL);
    assert_has(got, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has(got, "\r\nRetry-After: 1\r\n");
    be_set(&be.hash_held, false);
    assert_has(hear(running, NULL), "hello\n");
    assert_has(hear(two[1 - loser].fd, NULL), "hello\n");
    for (int i = 0; i < PATIENCE_MS && http_server_crowded(server); i++)
        poll(NULL, 0, 1);
    assert_false(http_server_crowded(server));
    close(running);
    close(two[0].fd);
    close(two[1].fd);
}

static void an_address_has_a_budget(void **state)
{
    struct http_conf conf = conf_default();
    struct str proxy = STR("127.0.0.1");
    const char *got;

    (void)state;
    conf.limits[LIMIT_PAGE] = (struct http_limits){2, 60};
    conf.trusted_proxies = &proxy;
    conf.trusted_proxy_count = 1;
    server_start(&conf);
    assert_has(ask("GET /limited HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
    assert_has(ask("GET /limited HTTP/1.1\r\n" LAST "\r\n"), "hello\n");
    got = ask("GET /limited HTTP/1.1\r\n" LAST "\r\n");
    assert_has(got, "HTTP/1.1 429 Too Many Requests\r\n");
    assert_has(got, "\r\nRetry-After: 30\r\n");
    assert_has(got, "face says limited 429\n");
    got = ask("GET /limited HTTP/1.1\r\nX-Forwarded-For: 192.0.2.9\r\n" LAST "\r\n");
    assert_has(got, "hello\n");
    AWAIT_STAT(refused_limits, 1);
}

static void only_a_listed_proxy_names_the_client_attack_64(void **state)
{
    static const struct {
        const char *header, *want;
    } rows[] = {
        {"X-Forwarded-For: 203.0.113.7",                                  "addr=203.0.113.7 tls=0"},
        {"X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3",          "addr=203.0.113.7 tls=0"},
        {"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7", "addr=203.0.113.7 "     },
        {"X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https",      "addr=2001:db8::1 tls=1"},
        {"X-Forwarded-For: nonsense",                                     "addr=127.0.0.1 tls=0"  },
        {"X-Forwarded-For: 203.0.113.7, nonsense",                        "addr=127.0.0.1 tls=0"  },
        {"X-Forwarded-For: 10.9.9.9",                                     "addr=10.9.9.9 tls=0"   },
    };
    struct str proxies[] = {STR("127.0.0.1"), STR("10.0.0.0/8")};
    struct http_conf conf = conf_default();

    (void)state;
    conf.trusted_proxies = proxies;
    conf.trusted_proxy_count = COUNT_OF(proxies);
    server_start(&conf);
    EACH_ROW (row, rows) {
        OWN(buf_deinit) struct buf all = {.max = KIB};

        buf_addf(&all, "GET /where/a HTTP/1.1\r\n%s\r\n" LAST "\r\n", row->header);
        assert_has(ask(all.p), row->want);
    }
    server_stop(NULL);
    server_default(NULL);
    assert_has(ask("GET /where/a HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\n"
                   "X-Forwarded-Proto: https\r\n" LAST "\r\n"),
               "addr=127.0.0.1 tls=0");
}

static void the_control_socket_is_for_the_owner(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct http_conf conf = conf_default();
    char folder[] = "/tmp/http-test-XXXXXX";
    struct stat st;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/control", folder);
    conf.control = str_from(at.sun_path);
    server_start(&conf);
    assert_int_equal(stat(at.sun_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    say(fd, "GET /control HTTP/1.1\r\n" LAST "\r\n");
    assert_has(hear(fd, NULL), "addr=local tls=0 local=1");
    close(fd);
    assert_has(ask("GET /control HTTP/1.1\r\n" LAST "\r\n"), "face says not_found 404\n");
    assert_has(ask("OPTIONS /control HTTP/1.1\r\n" LAST "\r\n"), "face says not_found 404\n");
    server_stop(NULL);
    assert_int_equal(stat(at.sun_path, &st), -1);
    assert_int_equal(rmdir(folder), 0);
    server_default(NULL);
}

/* "[::]" takes both families, and an IPv4 client looks like one. */
static void one_socket_serves_both_families(void **state)
{
    struct http_conf conf = conf_default();
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    (void)state;
    if (fd < 0)
        conf.listen = STR("127.0.0.1:0"); /* a machine without IPv6 */
    else
        conf.listen = STR("[::]:0");
    server_start(&conf);
    assert_has(ask("GET /where/a HTTP/1.1\r\n" LAST "\r\n"), "addr=127.0.0.1 ");
    if (fd >= 0) {
        struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                  .sin6_port = htons(http_server_port(server)),
                                  .sin6_addr = IN6ADDR_LOOPBACK_INIT};

        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) { /* ::1 may be switched off */
            say(fd, "GET /where/a HTTP/1.1\r\n" LAST "\r\n");
            assert_has(hear(fd, NULL), "addr=::1 ");
        }
        close(fd);
    }
}

static void a_bad_configuration_does_not_start(void **state)
{
    static const struct route twice[] = {
        {GET, "/a/{b}", AUTH_NONE, LIMIT_NONE, READ, hello},
        {GET, "/a/{c}", AUTH_NONE, LIMIT_NONE, READ, hello},
    };
    static const struct face double_face = {.prefix = "", .routes = twice, .route_count = 2};
    static const struct face *const double_faces[] = {&double_face};
    struct str proxy = STR("10.0.0.0/33");
    struct http_conf conf = conf_default();
    struct http_server *second = NULL;
    char used[32];

    (void)state;
    snprintf(used, sizeof(used), "127.0.0.1:%u", http_server_port(server));
    conf.listen = str_from(used);
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_CONFLICT);
    conf.listen = STR("127.0.0.1");
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_INVALID);
    conf.listen = STR("example.com:80");
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_INVALID);
    conf = conf_default();
    conf.trusted_proxies = &proxy;
    conf.trusted_proxy_count = 1;
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_INVALID);
    conf = conf_default();
    conf.faces = double_faces;
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_INVALID);
    conf = conf_default();
    conf.tls_cert_file = conf.tls_key_file = STR("/nonexistent");
    assert_int_equal(http_server_start(&cx, &conf, &second), ERR_INVALID);
    assert_null(second);
}

#define SERVED(f)     cmocka_unit_test_setup_teardown(f, server_default, server_stop)
#define OWN_SERVER(f) cmocka_unit_test_setup_teardown(f, NULL, server_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_get_has_the_fixed_headers),
        SERVED(a_head_gets_the_headers_alone),
        SERVED(a_write_runs_on_the_writer),
        SERVED(a_failed_write_leaves_nothing),
        SERVED(errors_are_worded_by_the_face),
        SERVED(other_methods_are_named),
        SERVED(a_connection_serves_many_requests),
        SERVED(pipelined_requests_are_answered_in_order),
        SERVED(a_client_may_close_its_half),
        SERVED(bodies_come_in_pieces),
        SERVED(a_large_body_is_refused_before_it_comes),
        SERVED(a_client_that_asks_may_send_its_body),
        SERVED(what_is_no_request_is_refused),
        SERVED(a_large_answer_arrives_whole),
        SERVED(work_is_prepared_elsewhere),
        SERVED(the_hash_pools_queue_is_short),
        OWN_SERVER(an_address_has_a_budget),
        OWN_SERVER(only_a_listed_proxy_names_the_client_attack_64),
        OWN_SERVER(the_control_socket_is_for_the_owner),
        OWN_SERVER(one_socket_serves_both_families),
        SERVED(a_bad_configuration_does_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
