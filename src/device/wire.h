/*
 * wire.h: the JSON that devices read, as docs/wire/device.md says.
 */
#ifndef DEVICE_WIRE_H
#define DEVICE_WIRE_H

#include "core/challenge.h"

#include <jansson.h>

/* A view as a JSON string. */
json_t *wire_str(struct str s);
json_t *wire_challenge(struct ctx *cx, const struct challenge *c);
/* {"challenges":[…],"time":…} of those that wait for an answer. */
enum err wire_pending(struct ctx *cx, struct db *db, const struct device *d, json_t **out);

#endif
