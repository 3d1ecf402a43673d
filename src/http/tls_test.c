/* tls_test.c: the same server over TLS, with certificates that the test makes itself. */
#include "http/server_fixture.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static char folder[] = "/tmp/http-tls-XXXXXX";
static char cert_file[64], key_file[64];

/* ---- certificates ---- */

static void write_pem(const char *file, EVP_PKEY *key, X509 *cert)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    if (key)
        assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    if (cert)
        assert_int_equal(PEM_write_X509(f, cert), 1);
    fclose(f);
}

/* A self-signed certificate with this serial number, and its key, into the two files. */
static void make_certificate(long serial)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    assert_non_null(key);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    write_pem(key_file, key, NULL);
    write_pem(cert_file, NULL, cert);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int group_setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", folder);
    snprintf(key_file, sizeof(key_file), "%s/key.pem", folder);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    unlink(cert_file);
    unlink(key_file);
    return rmdir(folder);
}

static int tls_server(void **state)
{
    struct http_conf conf = conf_default();

    (void)state;
    make_certificate(1);
    conf.tls_cert_file = str_from(cert_file);
    conf.tls_key_file = str_from(key_file);
    conf.hsts = true;
    conf.head_timeout_ms = 500;
    server_start(&conf);
    return 0;
}

/* ---- a client ---- */

struct peer {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

/* Connects as far as TCP; the handshake is tls_greet's. */
static struct peer tls_dial(int max_version)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / MS_PER_S};
    struct peer p = {.ctx = SSL_CTX_new(TLS_client_method()), .fd = dial()};

    setsockopt(p.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    SSL_CTX_set_security_level(p.ctx, 0);
    SSL_CTX_set_min_proto_version(p.ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(p.ctx, max_version);
    p.ssl = SSL_new(p.ctx);
    SSL_set_fd(p.ssl, p.fd);
    return p;
}

static struct peer tls_open(int max_version)
{
    struct peer p = tls_dial(max_version);

    assert_int_equal(SSL_connect(p.ssl), 1);
    return p;
}

static void tls_hang_up(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    close(p->fd);
}

static void tls_say(struct peer *p, struct str text)
{
    assert_int_equal(SSL_write(p->ssl, text.p, (int)text.n), (int)text.n);
}

/* As hear(); at the end of the stream the server must have said close_notify. */
static const char *tls_hear(struct peer *p, const char *until)
{
    static char got[HEARD_MAX];
    size_t n = 0;

    got[0] = '\0';
    while (!until || !strstr(got, until)) {
        int r = SSL_read(p->ssl, got + n, (int)(sizeof(got) - 1 - n));

        if (r <= 0) {
            int why = SSL_get_error(p->ssl, r);

            if (until || why != SSL_ERROR_ZERO_RETURN)
                fail_msg("error %d before \"%s\"; got \"%s\"", why, until ? until : "close_notify",
                         got);
            break;
        }
        n += (size_t)r;
        got[n] = '\0';
    }
    return got;
}

static long serial_of(const struct peer *p)
{
    X509 *cert = SSL_get1_peer_certificate(p->ssl);
    long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));

    X509_free(cert);
    return serial;
}

/* ---- tests ---- */

static void both_versions_are_served(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    EACH_ROW (version, versions) {
        struct peer p = tls_open(*version);
        const char *got;

        assert_int_equal(SSL_version(p.ssl), *version);
        tls_say(&p, STR("GET /where/a HTTP/1.1\r\n" HOST "\r\n"));
        got = tls_hear(&p, "body=\n");
        assert_has(got, "tls=1");
        assert_has(got, "\r\nStrict-Transport-Security: max-age=31536000\r\n");
        tls_say(&p, STR("GET /big HTTP/1.1\r\n" LAST "\r\n"));
        got = strstr(tls_hear(&p, NULL), "\r\n\r\n");
        assert_non_null(got);
        assert_int_equal(strlen(got + 4), BIG_LEN);
        tls_hang_up(&p);
    }
    AWAIT_STAT(open, 0);
}

static void older_versions_are_refused(void **state)
{
    struct peer p = tls_dial(TLS1_1_VERSION);

    (void)state;
    assert_int_not_equal(SSL_connect(p.ssl), 1);
    tls_hang_up(&p);
    AWAIT_STAT(open, 0);
}

static void http11_is_what_is_spoken(void **state)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1", two[] = "\x02h2";
    const unsigned char *chosen;
    unsigned len;
    struct peer p = tls_dial(TLS1_3_VERSION);

    (void)state;
    SSL_set_alpn_protos(p.ssl, both, sizeof(both) - 1);
    assert_int_equal(SSL_connect(p.ssl), 1);
    SSL_get0_alpn_selected(p.ssl, &chosen, &len);
    assert_true(str_eq((struct str){(const char *)chosen, len}, STR("http/1.1")));
    tls_hang_up(&p);
    p = tls_dial(TLS1_3_VERSION);
    SSL_set_alpn_protos(p.ssl, two, sizeof(two) - 1);
    assert_int_not_equal(SSL_connect(p.ssl), 1);
    tls_hang_up(&p);
}

/* Bytes that OpenSSL has read and nobody asked for must not be forgotten while a write is away. */
static void pipelined_writes_do_not_stall(void **state)
{
    enum { COUNT = 300 };
    OWN(buf_deinit) struct buf all = {.max = MIB};
    struct peer p = tls_open(TLS1_3_VERSION);

    (void)state;
    for (int i = 1; i < COUNT; i++)
        buf_add(&all, STR("POST /add HTTP/1.1\r\nContent-Length: 1\r\n" HOST "\r\n1"));
    buf_add(&all, STR("POST /add HTTP/1.1\r\nContent-Length: 1\r\n" LAST "\r\n1"));
    tls_say(&p, buf_str(&all));
    assert_int_equal(count_of(tls_hear(&p, NULL), "HTTP/1.1 201 Created\r\n"), COUNT);
    assert_int_equal(be_value(), COUNT);
    tls_hang_up(&p);
}

static void streams_work_over_tls(void **state)
{
    uint64_t topic = 7;
    struct peer p = tls_open(TLS1_3_VERSION);

    (void)state;
    tls_say(&p, STR("GET /events/7/1 HTTP/1.1\r\n" HOST "\r\n"));
    tls_hear(&p, "event: start\ndata: 0\n\n");
    AWAIT_STAT(parked, 1);
    pthread_mutex_lock(&be.lock);
    be.value = 1;
    pthread_mutex_unlock(&be.lock);
    http_server_notify(server, &topic, 1);
    assert_string_equal(tls_hear(&p, NULL), "event: topic\ndata: 1\n\n");
    tls_hang_up(&p);
    p = tls_open(TLS1_2_VERSION);
    tls_say(&p, STR("GET /events/7/2 HTTP/1.1\r\n" HOST "\r\n"));
    tls_hear(&p, "event: start\n");
    AWAIT_STAT(parked, 1);
    SSL_shutdown(p.ssl); /* leaves politely */
    AWAIT_STAT(parked, 0);
    tls_hang_up(&p);
}

static void a_handshake_has_a_deadline(void **state)
{
    struct peer p = tls_dial(TLS1_3_VERSION);

    (void)state;
    assert_int_equal(send(p.fd, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), 4);
    assert_string_equal(hear(p.fd, NULL), "");
    tls_hang_up(&p);
    p = tls_dial(TLS1_3_VERSION);
    say(p.fd, "GET / HTTP/1.1\r\n" HOST "\r\n"); /* plain http on the TLS port */
    hear(p.fd, NULL);
    tls_hang_up(&p);
    AWAIT_STAT(open, 0);
}

static void a_certificate_is_exchanged_while_it_runs(void **state)
{
    struct peer before = tls_open(TLS1_3_VERSION), after;

    (void)state;
    assert_int_equal(serial_of(&before), 1);
    make_certificate(2);
    assert_int_equal(http_server_reload_tls(&cx, server), OK);
    after = tls_open(TLS1_3_VERSION);
    assert_int_equal(serial_of(&after), 2);
    write_pem(key_file, NULL, NULL); /* an empty file */
    assert_int_equal(http_server_reload_tls(&cx, server), ERR_INVALID);
    tls_hang_up(&after);
    after = tls_open(TLS1_3_VERSION);
    assert_int_equal(serial_of(&after), 2);
    tls_say(&before, STR("GET / HTTP/1.1\r\n" LAST "\r\n")); /* what was open goes on */
    assert_has(tls_hear(&before, NULL), "hello\n");
    tls_hang_up(&before);
    tls_hang_up(&after);
}

static void refusals_arrive_over_tls(void **state)
{
    struct peer p = tls_open(TLS1_3_VERSION);

    (void)state;
    tls_say(&p, STR("POST /small HTTP/1.1\r\nContent-Length: 100000\r\n" HOST "\r\nmore"));
    assert_has(tls_hear(&p, NULL), "HTTP/1.1 413 ");
    tls_hang_up(&p);
}

#define SERVED(f) cmocka_unit_test_setup_teardown(f, tls_server, server_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(both_versions_are_served),
        SERVED(older_versions_are_refused),
        SERVED(http11_is_what_is_spoken),
        SERVED(pipelined_writes_do_not_stall),
        SERVED(streams_work_over_tls),
        SERVED(a_handshake_has_a_deadline),
        SERVED(a_certificate_is_exchanged_while_it_runs),
        SERVED(refusals_arrive_over_tls),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
