/*
 * item.h: things that applications set up beside a service: rate limits and their buckets,
 * webhooks, senders by country, numbers on the safe list, tokens handed out, notifications sent.
 * Each has a name that is unique in its place, and values as their dialect replies them, a JSON
 * object; entity_event.h and access.h read theirs.
 */
#ifndef CORE_ITEM_H
#define CORE_ITEM_H

#include "core/core.h"

enum item_kind {
    ITEM_RATE_LIMIT,
    ITEM_BUCKET, /* under a rate limit; its name is the interval */
    ITEM_WEBHOOK,
    ITEM_MESSAGING, /* its name is the country */
    ITEM_TOKEN,     /* its name is the token's hash */
    ITEM_NOTIFICATION,
    ITEM_SAFE,        /* of the account; its name is the number */
    ITEM_SUBSCRIBER,  /* core/happening.h */
    ITEM_TEST_NUMBER, /* its name is the number or address */
    ITEM_KINDS,
};

struct item_place {
    int64_t account_id;
    int64_t service_id; /* 0: the account's */
    int64_t parent_id;  /* 0: none */
    enum item_kind kind;
};

struct item {
    int64_t id;
    struct item_place place;
    struct str sid, name, data;
    int64_t created_at_ms, updated_at_ms;
};

/* Makes id, sid and times. ERR_CONFLICT: the name is taken. ERR_LIMITED: `max` are there. */
enum err item_add(struct ctx *cx, struct db *db, const char *sid_prefix, unsigned max,
                  struct item *item);
enum err item_by_sid(struct ctx *cx, struct db *db, const struct item_place *place, struct str sid,
                     struct item *out);
enum err item_by_name(struct ctx *cx, struct db *db, const struct item_place *place,
                      struct str name, struct item *out);
/* Rows with id above `from`, oldest first; or (down) below it, newest first. */
enum err item_page(struct ctx *cx, struct db *db, const struct item_place *place, bool down,
                   int64_t from, unsigned max, struct item **out, size_t *out_count);
enum err item_set(struct ctx *cx, struct db *db, struct item *item, struct str data);
/* With what is under it. */
enum err item_remove(struct ctx *cx, struct db *db, const struct item *item);

/* ---- tokens ---- */

/* The secret of a token's row: derived, never stored; its hash is the row's name. */
struct str item_token(struct ctx *cx, struct db *db, const struct item *item);
/* A token row, for `name` is its hash; data and times are the caller's rules. */
enum err item_token_add(struct ctx *cx, struct db *db, const struct item_place *place,
                        struct str data, struct item *out);
/* By the secret, whoever's it is. ERR_DENIED. */
enum err item_by_token(struct ctx *cx, struct db *db, struct str token, struct item *out);

#endif
