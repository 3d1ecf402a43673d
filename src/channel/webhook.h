/*
 * webhook.h: the carrier of callbacks: requests to the URLs that applications gave. What they say
 * and how they are signed is each dialect's; the egress filter has the last word on where they go.
 */
#ifndef CHANNEL_WEBHOOK_H
#define CHANNEL_WEBHOOK_H

#include "channel/carrier.h"

enum { WEBHOOK_PARALLEL = 32, WEBHOOK_WHOLE_MS = 10000 };

struct carrier webhook_carrier(void);

/* A header of ours, the same for every dialect, that says when a request was made, so that one that
 * somebody recorded is good for minutes only (attack 68):
 *
 *     X-Countersign-Signature: t=1763776800,v1=HEX        HEX = HMAC-SHA256(key, "t.body")
 *
 * t is Unix time in seconds, of this attempt. Lives in cx->mem. */
struct str webhook_stamp(struct ctx *cx, struct str key, struct str body);

#endif
