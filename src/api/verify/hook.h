/*
 * hook.h: an event (core/entity_event.h) as a request to an application's webhook, and its
 * signature (docs/wire/verify.md).
 */
#ifndef API_VERIFY_HOOK_H
#define API_VERIFY_HOOK_H

#include "channel/carrier.h"
#include "core/outbox.h"
#include "http/form.h"

/* Makes the request of an event's row, to out->to: a signed form. ERR_EXPIRED: nobody can sign it
 * any more. */
enum err hook_parcel(struct ctx *cx, struct db *db, const struct outbox_row *row,
                     struct parcel *out);

/* X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and, sorted by name, each name with its
 * value.
 */
struct str hook_signature(struct ctx *cx, struct str auth_token, struct str url,
                          const struct pair *params, size_t count);

#endif
