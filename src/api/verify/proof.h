/*
 * proof.h: signatures of devices, verified on the loop before the transaction (a check costs 80
 * us). What was verified is remembered with the key that did it; in the transaction the key is
 * looked up again and must still be that one.
 */
#ifndef API_VERIFY_PROOF_H
#define API_VERIFY_PROOF_H

#include "api/verify/call.h"

struct proof {      /* rq->prepared */
    struct str jwt; /* the password whose signature was verified */
    struct device jwt_device;
    struct bytes new_point; /* Binding.PublicKey of a new factor; empty: none, or unfit */
    /* AuthPayload of a factor or a challenge */
    bool readable, right;
    int64_t factor_id;
    struct bytes point; /* the key that it was verified with */
    struct str payload;
    struct bytes signature;
};

/* Never NULL. */
struct proof *proof_of(struct ctx *cx, struct request *rq);

/* The device of a JWT, as it is now. Refuses with 20101 or 20107. On the writer the signature must
 * have been verified by a prepare step. */
enum err proof_jwt(struct ctx *cx, struct request *rq, struct str jwt, struct device *out);

/* Prepare steps, on the loop: the caller's JWT, and… */
handler_fn proof_caller;    /* … nothing else */
handler_fn proof_binding;   /* … the public key of a new factor */
handler_fn proof_factor;    /* … the signature over the factor's SID */
handler_fn proof_challenge; /* … the signed answer */

#endif
