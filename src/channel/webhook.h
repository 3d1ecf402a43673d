/*
 * webhook.h: the carrier of callbacks: requests to the URLs that applications gave. What they say
 * and how they are signed is each dialect's; the egress filter has the last word on where they go.
 */
#ifndef CHANNEL_WEBHOOK_H
#define CHANNEL_WEBHOOK_H

#include "channel/carrier.h"

enum { WEBHOOK_PARALLEL = 32, WEBHOOK_WHOLE_MS = 10000 };

struct carrier webhook_carrier(void);

#endif
