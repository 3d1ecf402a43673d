/*
 * signed.h: whose signature a request carries, and whether it is accepted.
 *
 * signed_prepare runs on the loop: the headers, the device's key, ES256 over the request.
 * signed_gate runs on the writer: is the device still paired, with that very key, and is the nonce
 * new.
 */
#ifndef DEVICE_SIGNED_H
#define DEVICE_SIGNED_H

#include "core/challenge.h"
#include "core/device.h"
#include "http/route.h"

/* Why a signed request was not let in; the error's words depend on it. */
enum refusal {
    REFUSED_NOT,
    REFUSED_DEVICE,    /* unknown, revoked, or the signature is wrong: one answer for all */
    REFUSED_CLOCK,     /* signed at another time; the answer tells the server's */
    REFUSED_REPLAYED,  /* the nonce was used */
    REFUSED_MALFORMED, /* headers are missing, doubled or not as they must be */
    REFUSED_ANSWER,    /* the request is right, what it holds is not */
    REFUSED_ENDPOINT,  /* pushes do not go there */
};

struct caller { /* rq->who */
    enum refusal refused;
    struct device device;
};

/* What the prepare step leaves for the gate and the handler (rq->prepared). */
struct signed_request {
    struct device device; /* as it was before the transaction */
    int64_t at_s;
    struct str nonce;
    struct challenge_answer answer; /* of answer_prepare: verified */
    struct subscription {
        struct str endpoint;
        struct bytes key, auth;
    } push;          /* of push_prepare: decoded */
    struct str name; /* of self_prepare: checked */
};

handler_fn signed_prepare, signed_gate;

/* Never NULL. */
struct caller *caller_of(struct ctx *cx, struct request *rq);
/* Notes why and returns e. */
enum err refuse_caller(struct ctx *cx, struct request *rq, enum refusal why, enum err e,
                       const char *what) MUST_USE;
/* What signed_prepare left. */
struct signed_request *signed_of(const struct request *rq);
/* Address and program, for audit and notices. */
struct origin caller_origin(const struct request *rq);

/* True if the holder of the key at this point signed these very bytes. 80 us: only on the loop. */
bool signed_by(struct bytes point, struct str text, struct bytes signature);
/* The text that a request's signature is over: docs/wire/device.md, section 2. */
struct str signed_text(struct arena *mem, struct str method, struct str target, struct str body,
                       struct str time, struct str nonce, struct str device);
/* The text that the proof of a new key is over: section 1. */
struct str pair_text(struct arena *mem, struct str token, struct str public_key);

#endif
