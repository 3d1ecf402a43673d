/*
 * wire.h: the JSON that devices read, as docs/wire/device.md says.
 */
#ifndef DEVICE_WIRE_H
#define DEVICE_WIRE_H

#include "core/challenge.h"

#include <jansson.h>

/* A view as a JSON string. */
json_t *wire_str(struct str s);
/* Unix ms as whole seconds; null for 0. */
json_t *wire_time(int64_t at_ms);
json_t *wire_challenge(struct ctx *cx, const struct challenge *c);
/* {"challenges":[…],"time":…} of those that wait for an answer. */
enum err wire_pending(struct ctx *cx, struct db *db, const struct device *d, json_t **out);

#endif
