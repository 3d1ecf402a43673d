/*
 * fallback.h: a code whose message cannot be delivered goes another way, if its service says so
 * (`app set NAME fallback="sms voice email"`): by the next channel behind its own in that list that
 * works, to the same number or to the identity's own confirmed address. Never after the code's
 * time, never twice by one way, never by e-mail where the policy forbids that, and a payment's code
 * never by voice, which could not say what it is for.
 */
#ifndef CORE_FALLBACK_H
#define CORE_FALLBACK_H

#include "core/outbox.h"

/* ERR_INVALID: cx->why says what a list looks like. */
enum err fallback_check(struct ctx *cx, struct str list);

/* Queues the next way for a message that is not delivered. *out_channel: by which; empty: there is
 * none. Asked once for each message. */
enum err fallback_take(struct ctx *cx, struct db *db, int64_t outbox_id, struct str why,
                       struct str *out_channel);

/* Where a verification's code went when not where it was meant to; empty: it did not. */
enum err fallback_where(struct ctx *cx, struct db *db, int64_t verification_id,
                        struct str *out_channel, struct str *out_target);

#endif
