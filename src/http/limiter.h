/*
 * limiter.h: requests per address and kind of route, in memory. It keeps floods off; what guards a
 * secret is counted durably elsewhere (core/limit).
 *
 * The generic cell rate algorithm (ITU-T I.371): an address may spend `count` at once and earns
 * them back evenly over the window. The table has a fixed size; when a set is full, the entry
 * nearest to being forgiven makes room, so a flood of addresses costs no memory and hides nobody
 * who is over.
 */
#ifndef HTTP_LIMITER_H
#define HTTP_LIMITER_H

#include "http/addr.h"
#include "http/server.h"

struct limiter;

struct limiter *limiter_new(const struct http_limits limits[static LIMIT_COUNT]);
void limiter_free(struct limiter **l);
/* Spends one. False when the budget is used up; *out_retry_s then says when the next is free. From
 * any thread. now_ms is monotonic. */
bool limiter_take(struct limiter *l, const struct addr *a, enum limit which, int64_t now_ms,
                  int64_t *out_retry_s);

#endif
