/*
 * callback.h: telling an application how its approval request was answered. A row in the outbox
 * (channel webhook), carried by the courier; what it says is the dialect's (api/authy/callback.h).
 *
 * After three consecutive deliveries that an HTTP error answered, the URL is emptied: the operator
 * is mailed how to set it again, which also sends the preset test call. Requests can be polled all
 * along.
 */
#ifndef CORE_CALLBACK_H
#define CORE_CALLBACK_H

#include "core/challenge.h"
#include "core/service.h"

enum { CALLBACK_FAILURES_MAX = 3, CALLBACK_LIFE_S = 3600 };

/* Queues it, if the request is an application's and somebody wants to know: its callback URL, and
 * who has subscribed to the event. from: the device's. */
enum err callback_answered(struct ctx *cx, struct db *db, const struct challenge *c,
                           const struct origin *from);
/* The preset test call, whose authy_id is 1234: when the URL was set. */
enum err callback_test(struct ctx *cx, struct db *db, const struct service *s);
/* What came of a delivery to url: counts, and empties the URL after the third failure. */
enum err callback_booked(struct ctx *cx, struct db *db, int64_t outbox_id, bool taken);

/* What a row is about, for the dialect that writes it. */
struct callback {
    struct service service;
    bool test; /* no challenge */
    struct challenge challenge;
    struct str url; /* of when it was queued */
    int64_t row_id, created_at_ms;
};
/* ERR_EXPIRED: the URL has changed since, or the request is gone. */
enum err callback_load(struct ctx *cx, struct db *db, int64_t outbox_id, struct callback *out);

#endif
