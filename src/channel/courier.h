/*
 * courier.h: the thread that carries messages out.
 *
 *   outbox row:  queued --claim--> sending --> sent | failed | expired
 *                   ^                 |
 *                   '---- retry ------'   with back-off, inside the message's life
 *
 * One libcurl-multi loop; carriers with a thread of their own report to it (carrier.h). It learns
 * of work and tells of results in exchanges: one transaction books what came of the last attempts
 * and claims what is due, so no message is under way without its claim being on disk. A claim that
 * nobody settles (the process died) lapses and is made again; the row then says that the answer to
 * one attempt was lost.
 *
 * It knows neither the rules nor the store: the composition root hands it three functions.
 * Everything is bounded: each channel has its number of messages under way, each transfer its time.
 */
#ifndef CHANNEL_COURIER_H
#define CHANNEL_COURIER_H

#include "channel/carrier.h"

enum {
    COURIER_LANES_MAX = 8,                /* channels */
    COURIER_CLAIM_MAX = 128,              /* of one channel in one exchange */
    COURIER_LEASE_MS = 5 * 60 * MS_PER_S, /* a claim's life; longer than any attempt */
};

struct courier;

/* What came of one attempt. */
struct courier_result {
    const struct parcel *parcel; /* id, attempt and channel are always there */
    enum outcome outcome;
    struct str why, provider_id, price;
    unsigned said;      /* remote: enum remote_said */
    int64_t next_at_ms; /* OUTCOME_RETRY */
    bool lost;          /* no answer came back to what had gone out */
    bool begun;         /* OUTCOME_BEGUN is booked: this is how it ended */
    bool judged;        /* by the carrier, or by its silence: neither we nor a stop ended it */
    bool recipients;    /* the recipient's trouble: verdict.recipients */
    bool gave_up;       /* OUTCOME_FAILED was OUTCOME_RETRY, but the next attempt is too late */
    int64_t rest_ms;    /* OUTCOME_RETRY: the carrier asked for so much time; 0: it did not */
};

struct courier_exchange {
    /* To be booked. */
    const struct courier_result *const *results;
    size_t result_count;
    /* To be claimed: at most `want` due rows of each lane, COURIER_CLAIM_MAX or fewer. */
    struct courier_lane {
        struct str channel;
        unsigned want;
        unsigned count; /* out */
        struct courier_claim {
            int64_t id;
            unsigned attempt;         /* this one included */
        } claimed[COURIER_CLAIM_MAX]; /* out */
        int64_t next_at_ms;           /* out: when the next row is due; INT64_MAX = there is none */
    } lanes[COURIER_LANES_MAX];
    size_t lane_count;
    enum err e; /* out: nothing was booked or claimed unless OK */
    /* To be called once it is committed or has failed, from any thread but not from within
     * exchange(). */
    void (*done)(struct courier_exchange *x);
    void *courier;
};

/* All but done are called on the courier's thread. */
struct courier_ops {
    void *arg;
    /* Starts the exchange and returns. ERR_BUSY: not now, and done is not called. Whoever ends one
     * with an error has told the log; it is tried again a moment later. */
    enum err (*exchange)(void *arg, struct courier_exchange *x);
    /* What a claimed row says, now that it is sent. ERR_EXPIRED, ERR_NOT_FOUND: it is not to be
     * sent any more; ERR_INVALID: it never can be; others: try again. */
    enum err (*load)(struct ctx *cx, void *arg, int64_t id, struct parcel *out);
    /* There is more important work for the processors: messages leave a few at a time. NULL: never.
     */
    bool (*crowded)(void *arg);
    /* An attempt's result has been booked: for the log. */
    void (*settled)(void *arg, const struct courier_result *r);
};

struct transfer_rules;
struct courier_conf {
    struct courier_ops ops;
    const struct transfer_rules *rules; /* borrowed */
    const struct carrier *carriers;     /* one for each channel; copied, what `self` is borrowed */
    size_t carrier_count;
};

/* Starts the thread, which asks for work at once. *out is the caller's. */
enum err courier_start(struct ctx *cx, const struct courier_conf *conf, struct courier **out);
/* Something may have been queued. From any thread. */
void courier_wake(struct courier *c);
/* Claims no more, waits at most grace_ms for what is under way, books the results, ends the thread.
 * What was cut off is tried again at the next start. The exchange must still work. */
void courier_stop(struct courier **c, int64_t grace_ms);

#endif
