/*
 * sock.h: a non-blocking socket with or without TLS, read and written the same way.
 */
#ifndef HTTP_SOCK_H
#define HTTP_SOCK_H

#include "http/tls.h"

struct sock {
    int fd;
    struct tls_session *tls; /* NULL: plain */
};

/* Bytes moved, or one of tls.h's TLS_CLOSED, TLS_WANT_READ, TLS_WANT_WRITE, TLS_FAILED. */
ssize_t sock_read(const struct sock *s, char *p, size_t n);
ssize_t sock_write(const struct sock *s, const char *p, size_t n);
/* True if bytes are buffered where no poll sees them. */
bool sock_pending(const struct sock *s);
/* Says that nothing more will come (close_notify, FIN) and stays open to read, unencrypted. */
void sock_finish(struct sock *s);
void sock_close(struct sock *s);

#endif
