/*
 * courier_slot.h: the messages that the courier has in its hands. The courier's thread alone.
 *
 *   FREE --claim--> CLAIMED --load--> MOVING --end--> ENDED --exchange--> BOOKING --commit--> FREE
 *                      |                                ^                    |
 *                      |------> cannot load ------------+<---- exchange failed
 *                      '------> HANDED ---given back----'                    |
 *                                  '------ a call that has only begun <------'
 * A slot is free only when its result is booked: a store that hangs stops the sending, no more.
 */
#ifndef CHANNEL_COURIER_SLOT_H
#define CHANNEL_COURIER_SLOT_H

#include "channel/courier.h"

enum slot_state {
    SLOT_FREE,
    SLOT_CLAIMED,
    SLOT_MOVING, /* by libcurl */
    SLOT_HANDED, /* to a carrier with a thread of its own */
    SLOT_ENDED,
    SLOT_BOOKING,
    SLOT_STATES
};

struct lane {
    struct carrier carrier;
    unsigned taken;     /* slots that are not free */
    int64_t next_at_ms; /* when its next row is due */
};

enum { PROVIDER_ID_MAX = 80 };
struct said { /* by a carrier with a thread of its own; copied */
    struct verdict v;
    char why[CTX_WHY_MAX], provider_id[PROVIDER_ID_MAX], price[PROVIDER_ID_MAX];
};

struct slot {
    enum slot_state state; /* changed by slot_enter alone */
    struct slots *pool;
    struct slot *next; /* FREE, CLAIMED */
    struct lane *lane;
    struct arena *mem; /* of the parcel and the result; made when first used */
    struct transfer *transfer;
    struct parcel parcel;
    struct courier_result result;
    struct courier *courier;
    struct errand errand;
    struct said said;        /* guarded by the courier's lock until it is taken from given_back */
    struct slot *given_next; /* the same */
};

struct slots {
    struct slot *all;
    size_t count;
    size_t in[SLOT_STATES];               /* how many are in each state */
    struct slot *free;                    /* the last freed first: its memory is warm */
    struct slot *claimed, **last_claimed; /* in the order of their claims */
};

void slots_init(struct slots *p, size_t count, struct courier *courier);
void slots_deinit(struct slots *p);

/* FREE -> CLAIMED; NULL: none is free. */
struct slot *slots_claim(struct slots *p, struct lane *lane, const struct courier_claim *claim);
/* The slot claimed first, which leaves that queue; the caller enters it into its next state. NULL:
 * there is none. */
struct slot *slots_next(struct slots *p);
void slot_enter(struct slot *s, enum slot_state state);
/* -> ENDED, with the result of a verdict: what is to be tried again too late is not tried again. */
void slot_settle(struct slot *s, const struct ctx *cx, const struct verdict *v, bool stopping);
/* -> FREE */
void slot_release(struct slot *s);

#endif
