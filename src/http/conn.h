/*
 * conn.h: one connection: a socket, perhaps TLS, and at most one exchange.
 *
 *   handshake -> head -> body -> busy -> sending -> head (kept alive) | lingering | parked | closed
 *                  '-------------------^ (refused)
 *
 * A connection is a state and a step function for it; conn_run steps until it has to wait. Idle and
 * parked ones hold no buffers. Deadlines are absolute: head, body, idle and write each begin at an
 * event and no byte renews them. conn.c has the way of a request, stream.c that of a parked
 * connection; nobody else looks inside.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http/exchange.h"
#include "http/loop.h"
#include "http/sock.h"

enum conn_state {
    CONN_HANDSHAKE, /* TLS */
    CONN_HEAD,      /* waiting for a request or in the middle of its head; without exchange: idle */
    CONN_BODY,
    CONN_BUSY, /* the exchange is with the writer or the hash pool */
    CONN_SENDING,
    CONN_PARKED,
    CONN_LINGERING, /* answered for the last time: read until the client has seen it */
    CONN_DEAD,      /* closed, but the exchange is still away */
};

enum conn_after { /* what follows when all is sent */
                  THEN_NEXT,
                  THEN_BODY, /* it was 100 Continue */
                  THEN_PARK,
                  THEN_LINGER,
                  THEN_CLOSE,
};

struct conn {
    struct loop *loop;
    struct conn *next, **link; /* among the loop's */
    struct event event;
    struct alarm alarm;
    struct parked parked;
    struct wait wait;
    struct sock sock;
    struct exchange *ex; /* NULL while idle, and while parked with nothing to send */
    struct origin origin;
    uint32_t lingered; /* bytes */
    short armed;       /* EV_ flags that the event waits for; 0 = none */
    uint8_t state, after;
    bool drained; /* the last read took all there was */
    bool eof;     /* the client will send nothing more */
    bool unread;  /* a body was announced that nobody will read */
    bool last;    /* the stream ends when its events are sent */
};

/* ---- for the loop ---- */

/* Takes the fd. */
void conn_open(struct loop *l, int fd, const struct origin *from);
/* Ends it now. With a job in flight it stays as a dead entry that the returning job frees. */
void conn_close(struct conn *c);
/* The server stops: parked ones end, idle ones after drain_ms without a request, the others when
 * they are answered. It may be gone afterwards. */
void conn_stop(struct conn *c);
/* Its deadline has passed. */
void conn_alarm(struct alarm *a);
/* Its exchange came back from another thread. */
void conn_returned(struct exchange *ex);

/* ---- between conn.c and stream.c ---- */

enum step {
    AGAIN, /* there is more to do now */
    WAIT,  /* an event is armed, or the exchange is away */
    GONE,  /* closed or handed on: do not touch it any more */
};

/* Steps until it has to wait. The connection may be gone afterwards. */
void conn_run(struct conn *c);
/* Waits for exactly these EV_ flags; without a system call when it does so already. */
enum step conn_wait_for(struct conn *c, short what);
/* Sends what the exchange has in out. AGAIN: all of it is gone. */
enum step conn_flush(struct conn *c);
enum step conn_gone(struct conn *c);
void conn_take_exchange(struct conn *c);
void conn_set_alarm(struct conn *c, int64_t in_ms);

#endif
