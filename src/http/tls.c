/*
 * tls.c: see tls.h. SSL_CTX is counted by OpenSSL: a session keeps the one it began with, so
 * reloading is an exchange of pointers. No evented BIOs: a read limit on those was measured to
 * stall requests.
 */
#include "http/tls.h"
#include "base/mem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

/* TLS 1.2 with forward secrecy and AEAD only; TLS 1.3 has nothing else. */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls {
    pthread_mutex_t lock; /* guards ctx */
    SSL_CTX *ctx;
    char *cert_file, *key_file;
};

struct tls_session {
    SSL *ssl;
    bool failed; /* after a fatal error nothing more may be said, not even close_notify */
};

static enum err fail_ssl(struct ctx *cx, const char *what, const char *file)
{
    char text[120];

    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    return fail(cx, ERR_INVALID, "tls: %s %s: %s", what, file, text);
}

/* RFC 7301: we speak HTTP/1.1 and say so; a client that insists on something else is told. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void ctx_free(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
}

static enum err ctx_new(struct ctx *cx, const char *cert_file, const char *key_file, SSL_CTX **out)
{
    OWN(ctx_free) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    ERR_clear_error();
    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12))
        return fail_ssl(cx, "setting up", "OpenSSL");
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* RELEASE_BUFFERS: a parked stream holds no record buffers. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets resume without memory */
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return fail_ssl(cx, "certificate", cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return fail_ssl(cx, "key", key_file);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return fail_ssl(cx, "the key is not the certificate's:", key_file);
    *out = TAKE(ctx);
    return OK;
}

static char *file_name(struct str s)
{
    char *z = mem_alloc(s.n + 1);

    if (s.n)
        memcpy(z, s.p, s.n);
    return z;
}

enum err tls_new(struct ctx *cx, struct str cert_file, struct str key_file, struct tls **out)
{
    OWN(tls_free) struct tls *t = mem_alloc(sizeof(*t));
    enum err e;

    pthread_mutex_init(&t->lock, NULL);
    t->cert_file = file_name(cert_file);
    t->key_file = file_name(key_file);
    if ((e = ctx_new(cx, t->cert_file, t->key_file, &t->ctx)))
        return e;
    *out = TAKE(t);
    return OK;
}

void tls_free(struct tls **t)
{
    if (!*t)
        return;
    SSL_CTX_free((*t)->ctx);
    pthread_mutex_destroy(&(*t)->lock);
    mem_free((*t)->cert_file);
    mem_free((*t)->key_file);
    mem_free(*t);
    *t = NULL;
}

enum err tls_reload(struct ctx *cx, struct tls *t)
{
    SSL_CTX *fresh, *old;
    enum err e;

    if ((e = ctx_new(cx, t->cert_file, t->key_file, &fresh)))
        return e;
    pthread_mutex_lock(&t->lock);
    old = t->ctx;
    t->ctx = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old);
    return OK;
}

struct tls_session *tls_accept(struct tls *t, int fd)
{
    struct tls_session *s;
    SSL *ssl;

    ERR_clear_error();
    pthread_mutex_lock(&t->lock);
    ssl = SSL_new(t->ctx);
    pthread_mutex_unlock(&t->lock);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_accept_state(ssl);
    s = mem_alloc(sizeof(*s));
    s->ssl = ssl;
    return s;
}

void tls_close(struct tls_session **s)
{
    if (!*s)
        return;
    ERR_clear_error();
    if (!(*s)->failed && SSL_is_init_finished((*s)->ssl))
        (void)SSL_shutdown((*s)->ssl); /* close_notify goes out; nobody waits for theirs */
    SSL_free((*s)->ssl);
    ERR_clear_error();
    mem_free(*s);
    *s = NULL;
}

/* What a call that returned r <= 0 asks for. */
static ssize_t verdict(struct tls_session *s, int r)
{
    switch (SSL_get_error(s->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        s->failed = true;
        return TLS_FAILED;
    }
}

ssize_t tls_handshake(struct tls_session *s)
{
    int r;

    ERR_clear_error();
    r = SSL_do_handshake(s->ssl);
    return r == 1 ? 1 : verdict(s, r);
}

ssize_t tls_read(struct tls_session *s, char *p, size_t n)
{
    int r;

    ERR_clear_error();
    r = SSL_read(s->ssl, p, (int)MIN_OF(n, (size_t)INT_MAX));
    return r > 0 ? r : verdict(s, r);
}

ssize_t tls_write(struct tls_session *s, const char *p, size_t n)
{
    int r;

    ERR_clear_error();
    r = SSL_write(s->ssl, p, (int)MIN_OF(n, (size_t)INT_MAX));
    return r > 0 ? r : verdict(s, r);
}

bool tls_pending(const struct tls_session *s)
{
    return SSL_has_pending(s->ssl) == 1;
}
