/*
 * event.h: what a webhook is told: {"body":"JWT"}, signed with the webhook's own key.
 */
#ifndef API_AUTHY_EVENT_H
#define API_AUTHY_EVENT_H

#include "channel/carrier.h"
#include "core/happening.h"

/* Makes the request of an event's outbox row. Reads only. ERR_EXPIRED: the webhook was deleted, or
 * what the event is about is gone. */
enum err authy_event(struct ctx *cx, struct db *db, const struct outbox_row *row, struct parcel *p);

/* WH_ and a UUID: how this dialect writes the sid of a subscriber; and back, STR_NONE for what is
 * none. */
struct str webhook_id(struct ctx *cx, struct str sid);
struct str webhook_sid(struct ctx *cx, struct str id);
/* WSK_ and the subscriber's key. */
struct str webhook_key(struct ctx *cx, const struct db *db, const struct subscriber *sub);

#endif
