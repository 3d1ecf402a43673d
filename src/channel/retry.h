/*
 * retry.h: when to try again: exponential back-off with jitter, so that a carrier that comes back
 * is not met by everybody at once.
 */
#ifndef CHANNEL_RETRY_H
#define CHANNEL_RETRY_H

#include <stdint.h>

enum {
    RETRY_FIRST_MS = 1500,
    RETRY_MOST_MS = 3600 * 1000, /* also of what a carrier asks for */
    RETRY_UNSENT_ATTEMPT = 4,    /* what has not even left waits no longer than behind this one */
};

/* Behind failed attempt number `attempt` (1 = the first): RETRY_FIRST_MS doubled each time up to
 * RETRY_MOST_MS, of which a random part between half and all; but not before asked_ms, the
 * carrier's Retry-After (0 = none). */
int64_t retry_delay_ms(unsigned attempt, int64_t asked_ms);

#endif
