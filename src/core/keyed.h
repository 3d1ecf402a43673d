/*
 * keyed.h: a sign-in's request that a telephone answers by its keys. Who has turned voice calls on
 * may be called in place of a code being read out: the call says which service somebody signs in
 * to, asks for the six digits of the sign-in page, and then for a 1.
 *
 *   call --six digits, 1--> approved | denied (other digits)
 *        --9, 9-----------> denied, "this wasn't me"       --9 alone--> denied
 *        --hung up--------> nothing: the request waits for another call, or expires
 *
 * It is a challenge (challenge.h) put to the voice factor. No single key approves, and nobody who
 * does not see the page can (attacks 59, 60). Calls are paced by every budget that calls with codes
 * are, and by the one of pushes (attack 58). Typed digits count as a code does: at the factor and
 * the person, before they are compared.
 */
#ifndef CORE_KEYED_H
#define CORE_KEYED_H

#include "core/challenge.h"

enum {
    KEYED_DENY = '9',                       /* so no digits of such a request begin with it */
    KEYED_CALLS_MAX = CHALLENGE_PUSHES_MAX, /* about one request */
    KEYED_NOT_ME_S = 600, /* "this wasn't me" counts for as long, though nobody waits any more */
};

/* Whether telephones ring: there is a carrier for calls, and in demo mode messages leave. */
bool keyed_offered(const struct core *core);

/* Puts the request of an attempt to the voice factor f, and calls. ERR_LIMITED, ERR_BLOCKED as
 * verification_send, and the budget of pushes; ERR_UPSTREAM: nobody can be called now. */
enum err keyed_ask(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                   const struct factor *f, const struct origin *from);
/* Calls again about the attempt's request; puts another one when that is over. ERR_LIMITED also
 * while a call lasts, and after KEYED_CALLS_MAX. */
enum err keyed_again(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                     const struct factor *f, const struct origin *from);

/* How the last call about a request stands. */
enum keyed_call {
    KEYED_NONE,      /* there was none */
    KEYED_RINGING,   /* on its way, or talking */
    KEYED_UNREACHED, /* it could not be placed, or nobody answered */
    KEYED_HUNG_UP,   /* it is over */
};
enum err keyed_standing(struct ctx *cx, struct db *db, const struct challenge *c,
                        enum keyed_call *out);

struct keyed {
    int64_t challenge_id;
    enum decision decision;
    struct str digits; /* DECISION_APPROVE: as they were typed */
};
enum keyed_outcome {
    KEYED_APPROVED,
    KEYED_DENIED,
    KEYED_WRONG,   /* other digits: denied */
    KEYED_LATE,    /* it was over already: expired, canceled or answered */
    KEYED_REFUSED, /* too many wrong codes lately: nothing has changed */
};
/* What was typed in a call: answers as challenge_answer does for a device. "This wasn't me" counts
 * after the end, too, for KEYED_NOT_ME_S: the outcome is KEYED_DENIED then. */
enum err keyed_answer(struct ctx *cx, struct db *db, const struct keyed *in,
                      enum keyed_outcome *out);

#endif
