/*
 * conn.h: one connection: a socket, perhaps TLS, and at most one exchange.
 *
 *   handshake -> head -> body -> busy -> send -> head (kept alive) | lingering | parked | closed
 *                  '------------------------^ (refused)
 *
 * A connection that is idle or parked holds no buffers. Deadlines are absolute: head, body, idle,
 * write each begin at an event and no byte renews them.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http/exchange.h"
#include "http/loop.h"

/* Takes the fd. */
void conn_open(struct loop *l, int fd, const struct origin *from);
/* Ends it now. With a job in flight it stays as a dead entry that the returning job frees. */
void conn_close(struct conn *c);
/* The server stops: idle and parked ones end, the others finish. */
void conn_stop(struct conn *c);
/* The next one in the loop's list. */
struct conn *conn_next(const struct conn *c);

void conn_alarm(struct alarm *a);
void conn_returned(struct exchange *ex);
/* The topic of a parked connection was notified. */
void conn_notified(struct parked *p);

#endif
