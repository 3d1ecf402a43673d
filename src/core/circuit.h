/*
 * circuit.h: the health of each way to reach people (sms, voice, email, whatsapp), kept in the
 * store so that a restart does not forget it. Everything goes by cx->now_ms.
 *
 *   closed --5 failures in a row, or half of 20 within a minute--> open
 *   open --its time is over: one message goes out--> half open --success--> closed
 *                                                     '--failure--> open, twice as long (15 s to 5
 * min)
 *
 * A failure is a carrier's that did not answer or said that it cannot now; a number that it refuses
 * is none. A carrier that asks for time (Retry-After) gets it: nothing is claimed until then, and
 * nothing is held against it. The operator can pause a channel.
 */
#ifndef CORE_CIRCUIT_H
#define CORE_CIRCUIT_H

#include "core/core.h"

enum circuit_state { CIRCUIT_CLOSED, CIRCUIT_OPEN, CIRCUIT_HALF_OPEN };

struct circuit {
    struct str channel;
    enum circuit_state state;
    bool paused;                      /* by the operator */
    int64_t failures;                 /* in a row */
    int64_t window_at_ms, ok, bad;    /* of the present minute */
    int64_t openings;                 /* in a row */
    int64_t probe_at_ms;              /* open: when one is tried; half open: when another one is */
    int64_t rest_until_ms;            /* as the carrier asked */
    int64_t sent_at_ms, failed_at_ms; /* the last; 0: never */
    struct str why;                   /* of the last failure */
    bool changed;                     /* since it was read */
};

/* Whether this channel has one. Pushes and callbacks go to a different place each. */
bool circuit_guards(struct str channel);

/* A closed one where nothing is stored. */
enum err circuit_get(struct ctx *cx, struct db *db, struct str channel, struct circuit *out);
/* If it has changed. */
enum err circuit_put(struct ctx *cx, struct db *db, struct circuit *c);

/* What a message's end says about the carrier. */
enum carrier_sign {
    SIGN_NONE,     /* it was not asked: the message was over, or we stopped */
    SIGN_GOOD,     /* it took the message */
    SIGN_ANSWERED, /* it refused this message */
    SIGN_BAD,      /* it did not answer, or cannot now */
};
/* Pure, like all up to circuit_words. rest_ms: it asked for so much time. */
void circuit_note(struct ctx *cx, struct circuit *c, enum carrier_sign sign, int64_t rest_ms,
                  struct str why);
/* How many of `want` messages may leave now, and (when not all) when to ask again; pure. */
unsigned circuit_room(struct ctx *cx, const struct circuit *c, unsigned want, int64_t *out_at_ms);
/* One that circuit_room let through an open circuit has been claimed. */
void circuit_probed(struct ctx *cx, struct circuit *c);
/* Closed, not paused and not resting: a message goes out at once. */
bool circuit_works(const struct ctx *cx, const struct circuit *c);

/* "works", "resting until 12:00:05 UTC: the carrier asked for time", "out of order …" */
struct str circuit_words(struct ctx *cx, const struct circuit *c);

/* For the operator, with an audit entry. Resuming also closes it. */
enum err circuit_pause(struct ctx *cx, struct db *db, struct str channel);
enum err circuit_resume(struct ctx *cx, struct db *db, struct str channel);
/* Every channel that has one. */
enum { CIRCUITS = 4 };
enum err circuit_list(struct ctx *cx, struct db *db, struct circuit out[static CIRCUITS]);

#endif
