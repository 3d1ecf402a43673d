/*
 * challenge.h: a question put to a person's devices, and the one function that answers it.
 *
 *   pending --> approved | denied | expired | canceled; those four are final. The store repeats the
 *   rule (UPDATE … WHERE state = 'pending'), so two phones answering at once give one outcome.
 *
 * A sign-in's request belongs to its attempt (login.h) and needs six digits that only the sign-in
 * page shows. They are derived, never stored; one wrong entry ends the request (attacks 59, 60).
 */
#ifndef CORE_CHALLENGE_H
#define CORE_CHALLENGE_H

#include "core/device.h"
#include "core/login.h"

enum challenge_state {
    CHALLENGE_PENDING,
    CHALLENGE_APPROVED,
    CHALLENGE_DENIED,
    CHALLENGE_EXPIRED,
    CHALLENGE_CANCELED,
    CHALLENGE_STATES,
};

enum {
    CHALLENGE_DIGITS = 6,
    CHALLENGE_LOGIN_LIFE_S = 120,
    CHALLENGE_PUSHES_MAX = 3,      /* of one request: the first and two "send again" */
    PUSHES_SINCE_SUCCESS_MAX = 10, /* of one identity (attack 58) */
    CHALLENGE_DETAILS_MAX = 20,
    CHALLENGE_TEXT_MAX_CHARS = 256,
};

struct challenge {
    int64_t id, service_id, identity_id, factor_id, login_id;
    int64_t credential_id; /* the application's key that asked; 0: the portal's own */
    struct str sid, uuid, message;
    struct str details, hidden_details, logos, shown, metadata; /* JSON texts */
    bool needs_digits;
    enum challenge_state state; /* expired already when its time is over, stored so or not */
    struct str reason;
    int64_t notified, answered_by;
    struct str payload;
    struct bytes signature;
    int64_t created_at_ms, updated_at_ms, answered_at_ms, expires_at_ms; /* 0: not / never */
};

struct str challenge_state_name(enum challenge_state s);
/* A telephone is called about it (keyed.h): the portal's other requests are put to any device. */
static inline bool challenge_is_call(const struct challenge *c)
{
    return c->login_id && c->factor_id;
}

struct detail {
    struct str label, value;
};
struct challenge_in {
    int64_t service_id, identity_id;
    int64_t factor_id;     /* 0 = any device */
    int64_t login_id;      /* 0 = asked by an application */
    int64_t credential_id; /* of the application that asks; 0 = none */
    struct str message;
    const struct detail *details;
    size_t detail_count;
    struct str hidden_details, logos; /* JSON texts or empty */
    struct origin from;               /* the end user's, as the caller knows it (attack 64) */
    int64_t life_s;                   /* 0 = never expires */
    bool needs_digits;
};
/* Stores it, wakes the identity's devices and queues pushes. Texts are made fit to be shown
 * (display.h) before they are stored and signed. ERR_INVALID: more than CHALLENGE_DETAILS_MAX
 * details. */
enum err challenge_create(struct ctx *cx, struct db *db, const struct challenge_in *in,
                          struct challenge *out);
/* An application's request: takes one of the identity's pushes (attack 58) and creates it. No
 * digits: approve-only, as its API has it. ERR_NOT_FOUND: no device. ERR_LIMITED: the budget is
 * used up or the person has stopped pushes; a code that is right opens it again. */
enum err challenge_ask(struct ctx *cx, struct db *db, const struct challenge_in *in,
                       struct challenge *out);
/* The request of a sign-in attempt: supersedes another open one of the person. ERR_LIMITED: the
 * push budget is used up or stopped; ERR_NOT_FOUND: no device. Then a code is asked for instead. */
enum err challenge_for_login(struct ctx *cx, struct db *db, const struct login *l,
                             const struct person *p, struct challenge *out);
/* Pushes it again. ERR_LIMITED after CHALLENGE_PUSHES_MAX or the identity's budget; ERR_CONFLICT:
 * over. */
enum err challenge_push_again(struct ctx *cx, struct db *db, const struct challenge *c);
/* One push from an identity's budget since its last success (attack 58). ERR_LIMITED. */
enum err challenge_take_push(struct ctx *cx, struct db *db, int64_t identity_id);
/* The six digits that the sign-in page shows. */
enum err challenge_digits(struct ctx *cx, struct db *db, const struct challenge *c,
                          struct str *out);

enum err challenge_by_id(struct ctx *cx, struct db *db, int64_t id, struct challenge *out);
enum err challenge_by_sid(struct ctx *cx, struct db *db, struct str sid, struct challenge *out);
enum err challenge_by_uuid(struct ctx *cx, struct db *db, int64_t service_id, struct str uuid,
                           struct challenge *out);
enum err challenge_by_login(struct ctx *cx, struct db *db, int64_t login_id, struct challenge *out);
/* Pending ones that a device may answer, newest first (at most 20). */
enum err challenge_pending(struct ctx *cx, struct db *db, const struct device *d,
                           struct challenge **out, size_t *out_count);
/* History of a device, newest first, id < before (0 = newest). */
enum err challenge_history(struct ctx *cx, struct db *db, const struct device *d, int64_t before,
                           unsigned max, struct challenge **out, size_t *out_count);
/* SHA-256 of the shown text and of the hidden details, base64url: what an answer signs. */
struct str challenge_digest(struct ctx *cx, struct str text);

/* An answer as the device signed it; docs/wire/device.md says the payload's members. */
struct challenge_answer {
    struct str payload;     /* the JSON bytes under the signature */
    struct bytes signature; /* already verified with the device's key by the prepare step */
    bool digits_right; /* set by challenge_answer and keyed_answer: the six digits were given */
};
enum answer_outcome {
    ANSWER_TAKEN,        /* approved or denied as the device wished */
    ANSWER_WRONG_DIGITS, /* the request has ended as denied */
    ANSWER_LATE,         /* it was over already: expired, canceled or answered */
};
/* The one function that answers. ERR_DENIED: the payload is not about this challenge, its digests,
 * this device, or its time is off: nothing changes. */
enum err challenge_answer(struct ctx *cx, struct db *db, const struct device *d,
                          int64_t challenge_id, const struct challenge_answer *in,
                          const struct origin *from, enum answer_outcome *out);
/* The rest of the answer, for dialects with a signed form of their own (Verify Push): the decision
 * has been verified by the caller. ERR_DENIED: it would approve without the digits that are asked
 * for. */
enum decision { DECISION_APPROVE, DECISION_DENY, DECISION_NOT_ME };
enum err challenge_decide(struct ctx *cx, struct db *db, const struct device *d,
                          const struct challenge *c, enum decision decision,
                          const struct challenge_answer *in, const struct origin *from,
                          enum answer_outcome *out);

/* ---- the waiting page ---- */

/* What the page of an attempt shows. Denied and expired: no request is open any more, or the device
 * is gone; a code is asked for. *out_challenge has no id when none was put. */
enum login_wait { WAIT_PENDING, WAIT_APPROVED, WAIT_DENIED, WAIT_EXPIRED };
enum err login_waiting(struct ctx *cx, struct db *db, const struct login *l, enum login_wait *out,
                       struct challenge *out_challenge);
/* After an approval, or what a remote service has proved: consumes the attempt and opens its
 * session. ERR_DENIED: not approved, or the device is gone. */
enum err login_approved(struct ctx *cx, struct db *db, const struct login *l,
                        const struct origin *from, struct login_done *out);
/* What notify wakes: the page of one attempt. */
uint64_t login_topic(int64_t login_id);

#endif
