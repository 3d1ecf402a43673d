/*
 * tls.h: TLS 1.2 and 1.3 by OpenSSL 3 over non-blocking sockets. The only file that names OpenSSL
 * here.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/ctx.h"
#include "base/str.h"

#include <sys/types.h>

struct tls;         /* certificate and key in use; shared by all loops */
struct tls_session; /* one connection's state: about 15 KB */

/* ERR_INVALID: a file is missing, malformed, or the key is another certificate's. */
enum err tls_new(struct ctx *cx, struct str cert_file, struct str key_file, struct tls **out);
void tls_free(struct tls **t);
/* Reads both files again. New connections get the new certificate, others keep theirs; on an error
 * everything stays as it is. From any thread. */
enum err tls_reload(struct ctx *cx, struct tls *t);

/* The server's end on fd, before its handshake. The fd stays the caller's. NULL: out of resources.
 */
struct tls_session *tls_accept(struct tls *t, int fd);
/* Says close_notify if that is still possible without waiting, then frees. */
void tls_close(struct tls_session **s);

/* What an operation asks for; a count of bytes otherwise. */
enum { TLS_CLOSED = 0, TLS_WANT_READ = -1, TLS_WANT_WRITE = -2, TLS_FAILED = -3 };

/* 1 when the handshake is complete, else one of the above. */
ssize_t tls_handshake(struct tls_session *s);
ssize_t tls_read(struct tls_session *s, char *p, size_t n);
ssize_t tls_write(struct tls_session *s, const char *p, size_t n);
/* True if bytes wait inside the session, where no poll of the socket sees them. */
bool tls_pending(const struct tls_session *s);

#endif
