/*
 * delivery.h: the rules of the courier's work (channel/courier.h): what is due, what is dead, and
 * what each result changes.
 *
 *   queued -> sending -> sent | failed | expired;  sending -> queued to try again
 *
 * A call that somebody has answered is "sent" from then on, so that nothing repeats it; whether its
 * words were heard is its receipt.
 *
 * An attempt is counted when it is claimed, before it is made. A claim that nobody settles lapses:
 * the row is due again and its lost_count says that the message may have gone out.
 */
#ifndef CORE_DELIVERY_H
#define CORE_DELIVERY_H

#include "channel/courier.h"
#include "core/core.h"

/* In a job: books x's results, then claims. */
enum err delivery_exchange(struct ctx *cx, struct db *db, struct courier_exchange *x);

/* What a claimed row says now. ERR_EXPIRED: it is not to be sent any more: its time is over, its
 * code was used or replaced, its request answered, its device unpaired. */
enum err delivery_load(struct ctx *cx, struct db *db, int64_t id, struct parcel *out);

/* Whether the row is still to be sent by this attempt, asked right before a message that was loaded
 * earlier leaves: one statement. ERR_EXPIRED: it is not. */
enum err delivery_wanted(struct ctx *cx, struct db *db, int64_t id, unsigned attempt);

/* ---- receipts: what a carrier says later about an SMS ---- */

struct receipt {
    struct str state; /* "delivered" or "undelivered", which are final, or "accepted" */
    struct str why;   /* what went wrong; empty: not said */
    struct str price; /* "0.0333 EUR"; empty: not said */
    bool whole;       /* "delivered" is about all of it: the carrier took it in one piece */
};
/* token is the URL's last part. ERR_NOT_FOUND: no such URL. */
enum err delivery_receipt_id(struct ctx *cx, struct db *db, struct str token, int64_t *out_id);
/* A late or repeated receipt changes nothing: *out_changed says whether it is news. A whole message
 * that is delivered is sent, though the carrier's answer was lost: it is not tried again. */
enum err delivery_receipt(struct ctx *cx, struct db *db, int64_t id, const struct receipt *receipt,
                          bool *out_changed);

/* The same from a carrier that knows no URLs: id is the message's, or 0 when only provider_id is
 * known, the carrier's name for it; why ("" = none) says what went wrong. ERR_NOT_FOUND: no such
 * message. */
enum err delivery_report(struct ctx *cx, struct db *db, int64_t id, struct str provider_id,
                         struct str state, struct str why, int64_t *out_id, bool *out_changed);

/* At start, where one process owns the store: every claim is of a process that is gone, and lapses
 * at once. */
enum err delivery_recover(struct ctx *cx, struct db *db, int64_t *out_count);

#endif
