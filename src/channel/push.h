/*
 * push.h: the Web Push carrier: RFC 8030 requests with an encrypted body (crypto/webpush.h) and our
 * signed name. A push says nothing but "look", so a later one may replace an earlier one that the
 * push service still has (Topic), and one that arrives twice does no harm.
 */
#ifndef CHANNEL_PUSH_H
#define CHANNEL_PUSH_H

#include "channel/carrier.h"

enum { PUSH_PARALLEL = 64 };

struct push;
struct push_conf {
    const struct es256_key *vapid_key; /* borrowed */
    struct str contact; /* "mailto:…" or "https:…": whom a push service may write to */
};

struct push *push_new(const struct push_conf *conf);
void push_free(struct push **push);
/* Borrows push. */
struct carrier push_carrier(struct push *push);

/* What an answer with this status means; judge without the rest. */
enum outcome push_outcome(long status);

#endif
