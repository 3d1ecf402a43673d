/*
 * callback.h: what an approval callback says, and its signature.
 */
#ifndef API_AUTHY_CALLBACK_H
#define API_AUTHY_CALLBACK_H

#include "channel/carrier.h"
#include "store/store.h"

/* Fills in URL, method, body and headers of the parcel of an outbox row. Reads only. ERR_EXPIRED:
 * it is not wanted any more. */
enum err authy_callback(struct ctx *cx, struct db *db, struct parcel *p);

#endif
