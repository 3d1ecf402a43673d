/* smpp_link.c: see smpp_link.h. */
#include "channel/smpp_link.h"
#include "base/host.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_AT_ONCE = 16 * KIB, WHY_MAX = 240 };

struct smpp_link {
    char *host;
    char port[6];
    SSL_CTX *ctx; /* NULL: no TLS */
    SSL *ssl;
    int fd;
    enum smpp_link_state state;
    bool connected; /* the handshake comes next */
    bool tls_wants_write;
    struct addrinfo *found, *next;
    char why[WHY_MAX];
};

static void down(struct smpp_link *l, const char *reason)
{
    smpp_link_close(l);
    snprintf(l->why, sizeof(l->why), "%s:%s: %s", l->host, l->port, reason);
}

/* What OpenSSL has said first, in words. */
static const char *tls_reason(const struct smpp_link *l)
{
    long verified = l->ssl ? SSL_get_verify_result(l->ssl) : X509_V_OK;
    const char *text = ERR_reason_error_string(ERR_peek_error());

    if (verified != X509_V_OK)
        return X509_verify_cert_error_string(verified);
    return text ? text : "it closed the connection during the TLS handshake";
}

/* ---- opening ---- */

enum err smpp_link_new(struct ctx *cx, const struct smpp_link_conf *conf, struct smpp_link **out)
{
    OWN(smpp_link_free) struct smpp_link *l = mem_alloc(sizeof(*l));

    l->fd = -1;
    l->host = mem_strdup(arena_str(cx->mem, conf->host).p);
    snprintf(l->port, sizeof(l->port), "%u", conf->port);
    snprintf(l->why, sizeof(l->why), "%s:%s", l->host, l->port);
    if (conf->tls) {
        l->ctx = SSL_CTX_new(TLS_client_method());
        if (!l->ctx || SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION) != 1)
            return fail(cx, ERR_INTERNAL, "OpenSSL makes no TLS context");
        (void)SSL_CTX_set_default_verify_paths(l->ctx);
        if (conf->ca_file.n &&
            SSL_CTX_load_verify_locations(l->ctx, arena_str(cx->mem, conf->ca_file).p, NULL) != 1)
            return fail(cx, ERR_INVALID, "%.*s holds no certificates", STR_ARG(conf->ca_file));
        SSL_CTX_set_verify(l->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_mode(l->ctx,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    *out = TAKE(l);
    return OK;
}

void smpp_link_free(struct smpp_link **link)
{
    if (!*link)
        return;
    smpp_link_close(*link);
    SSL_CTX_free((*link)->ctx);
    mem_free((*link)->host);
    mem_free(*link);
    *link = NULL;
}

void smpp_link_close(struct smpp_link *l)
{
    if (l->ssl) {
        if (l->state == SMPP_LINK_UP)
            (void)SSL_shutdown(l->ssl); /* says that it ends; the answer is not waited for */
        SSL_free(l->ssl);
    }
    if (l->fd >= 0)
        close(l->fd);
    if (l->found)
        freeaddrinfo(l->found);
    ERR_clear_error();
    l->ssl = NULL;
    l->fd = -1;
    l->found = l->next = NULL;
    l->connected = l->tls_wants_write = false;
    l->state = SMPP_LINK_DOWN;
}

/* The next address that a connection can be started to. */
static void try_next(struct smpp_link *l, int error)
{
    static const int on = 1;

    for (; l->next; l->next = l->next->ai_next) {
        const struct addrinfo *a = l->next;

        if (l->fd >= 0)
            close(l->fd);
        l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l->fd < 0) {
            error = errno;
            continue;
        }
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        if (connect(l->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) {
            l->state = SMPP_LINK_TRYING;
            l->next = a->ai_next;
            return;
        }
        error = errno;
    }
    down(l, strerrordesc_np(error));
}

void smpp_link_open(struct smpp_link *l)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int e;

    smpp_link_close(l);
    e = getaddrinfo(l->host, l->port, &hints, &l->found);
    if (e) {
        l->found = NULL;
        down(l, gai_strerror(e));
        return;
    }
    l->next = l->found;
    try_next(l, EHOSTUNREACH);
}

static bool is_address(const char *host)
{
    struct in6_addr raw;

    return inet_pton(AF_INET, host, &raw) == 1 || inet_pton(AF_INET6, host, &raw) == 1;
}

/* A verified certificate counts only for the name that the operator has written. */
static bool start_tls(struct smpp_link *l)
{
    X509_VERIFY_PARAM *param;

    l->ssl = SSL_new(l->ctx);
    if (!l->ssl || SSL_set_fd(l->ssl, l->fd) != 1)
        return false;
    param = SSL_get0_param(l->ssl);
    if (is_address(l->host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, l->host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, l->host, 0) == 1 &&
           SSL_set_tlsext_host_name(l->ssl, l->host) == 1;
}

static void handshake(struct smpp_link *l)
{
    int n, error;

    ERR_clear_error();
    n = SSL_connect(l->ssl);
    error = SSL_get_error(l->ssl, n);
    if (n == 1) {
        l->state = SMPP_LINK_UP;
        l->tls_wants_write = false;
    } else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        l->tls_wants_write = error == SSL_ERROR_WANT_WRITE;
    } else {
        down(l, tls_reason(l));
    }
}

static void connect_on(struct smpp_link *l)
{
    struct pollfd ready = {.fd = l->fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (!l->connected) {
        if (poll(&ready, 1, 0) <= 0)
            return;
        if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
            try_next(l, error ? error : errno);
            return;
        }
        l->connected = true;
        freeaddrinfo(l->found);
        l->found = l->next = NULL;
        if (!l->ctx)
            l->state = SMPP_LINK_UP;
        else if (!start_tls(l))
            down(l, "OpenSSL starts no TLS");
    }
    if (l->state == SMPP_LINK_TRYING && l->ssl)
        handshake(l);
}

/* ---- bytes ---- */

/* Both: bytes moved, 0 = not now, -1 = it is down now. */
static ptrdiff_t ended(struct smpp_link *l, ptrdiff_t n)
{
    int error;

    if (l->ssl) {
        error = SSL_get_error(l->ssl, (int)n);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
            l->tls_wants_write = error == SSL_ERROR_WANT_WRITE;
            return 0;
        }
        down(l, error == SSL_ERROR_ZERO_RETURN || errno == 0 ? "it closed the connection"
                                                             : strerrordesc_np(errno));
        return -1;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    down(l, n == 0 ? "it closed the connection" : strerrordesc_np(errno));
    return -1;
}

static ptrdiff_t give(struct smpp_link *l, struct str bytes)
{
    ptrdiff_t n;

    errno = 0;
    ERR_clear_error();
    n = l->ssl ? SSL_write(l->ssl, bytes.p, (int)bytes.n)
               : send(l->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    return n > 0 ? n : ended(l, n);
}

static ptrdiff_t take(struct smpp_link *l, char *into, size_t max)
{
    ptrdiff_t n;

    errno = 0;
    ERR_clear_error();
    n = l->ssl ? SSL_read(l->ssl, into, (int)max) : recv(l->fd, into, max, 0);
    return n > 0 ? n : ended(l, n);
}

void smpp_link_move(struct smpp_link *l, struct buf *in, struct buf *out)
{
    char bytes[READ_AT_ONCE];
    ptrdiff_t n;

    if (l->state == SMPP_LINK_TRYING)
        connect_on(l);
    while (l->state == SMPP_LINK_UP && in->max - in->n >= sizeof(bytes) &&
           (n = take(l, bytes, sizeof(bytes))) > 0)
        buf_add(in, (struct str){bytes, (size_t)n});
    while (l->state == SMPP_LINK_UP && out->n && (n = give(l, buf_str(out))) > 0)
        buf_drop(out, (size_t)n);
    explicit_bzero(bytes, sizeof(bytes));
}

enum smpp_link_state smpp_link_state(const struct smpp_link *l)
{
    return l->state;
}

const char *smpp_link_why(const struct smpp_link *l)
{
    return l->why;
}

int smpp_link_fd(const struct smpp_link *l)
{
    return l->fd;
}

short smpp_link_events(const struct smpp_link *l, bool to_write)
{
    bool writes = to_write || l->tls_wants_write || (l->state == SMPP_LINK_TRYING && !l->connected);

    return (short)(writes ? POLLIN | POLLOUT : POLLIN);
}
