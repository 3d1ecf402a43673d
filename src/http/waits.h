/*
 * waits.h: parked connections by the topic they wait for. Chains through the connections
 * themselves, so that waiting costs no allocation.
 */
#ifndef HTTP_WAITS_H
#define HTTP_WAITS_H

#include <stdint.h>

enum { WAITS_SLOTS = 8192 };

struct parked {                  /* embedded in the connection */
    struct parked *next, **link; /* link is NULL while not parked */
    uint64_t topic;
};

struct waits {
    struct parked *slots[WAITS_SLOTS];
};

void waits_add(struct waits *w, struct parked *p, uint64_t topic);
void waits_remove(struct parked *p); /* fine when not parked */
/* The first one behind `after` (NULL: of all) that waits for topic, or NULL. */
struct parked *waits_next(const struct waits *w, uint64_t topic, const struct parked *after);

#endif
