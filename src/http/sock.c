/* sock.c: see sock.h. SIGPIPE is ignored by the whole process: OpenSSL writes without MSG_NOSIGNAL.
 */
#include "http/sock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t verdict(ssize_t n, int want)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN ? want : TLS_FAILED;
}

ssize_t sock_read(const struct sock *s, char *p, size_t n)
{
    ssize_t got;

    if (s->tls)
        return tls_read(s->tls, p, n);
    do
        got = recv(s->fd, p, n, 0);
    while (got < 0 && errno == EINTR);
    return verdict(got, TLS_WANT_READ);
}

ssize_t sock_write(const struct sock *s, const char *p, size_t n)
{
    ssize_t sent;

    if (s->tls)
        return tls_write(s->tls, p, n);
    do
        sent = send(s->fd, p, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return verdict(sent, TLS_WANT_WRITE);
}

bool sock_pending(const struct sock *s)
{
    return s->tls && tls_pending(s->tls);
}

void sock_finish(struct sock *s)
{
    tls_close(&s->tls);
    (void)shutdown(s->fd, SHUT_WR);
}

void sock_close(struct sock *s)
{
    tls_close(&s->tls);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
