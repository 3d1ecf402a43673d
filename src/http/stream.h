/*
 * stream.h: parked connections: server-sent events for a topic, heartbeats, and the end.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/conn.h"

/* The head of the answer is sent: parks the connection and asks its wait for the first time. */
enum step stream_begin(struct conn *c);
enum step stream_step(struct conn *c);
/* A heartbeat or its deadline is due. */
void stream_alarm(struct conn *c);
/* Asks the wait what there is to say, and says it. The connection may be gone afterwards. */
void stream_wake(struct conn *c, enum wake_reason why);
/* The topic was notified. */
void stream_notified(struct parked *p);
/* Forgets it; on closing. */
void stream_end(struct conn *c);

#endif
