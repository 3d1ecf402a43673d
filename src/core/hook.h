/*
 * hook.h: the places where applications are told of what happens, whichever dialect tells them: a
 * service's callback URL (core/callback.h), and webhooks, which are items. An outbox row of the
 * channel webhook goes to one of them: to the item of its hook_id, or to the callback URL.
 *
 *   on --HOOK_FAILURES_MAX deliveries in a row that failed--> off --hook_enable--> on
 *
 * A delivery fails when it was refused, or when its attempts went on for its whole life. The
 * operator is mailed and finds it in the audit; deliveries stay for a week and can be sent again.
 *
 * An item's value is its dialect's but for two members, which are read here: webhook_url (or url)
 * and friendly_name (or name).
 */
#ifndef CORE_HOOK_H
#define CORE_HOOK_H

#include "core/outbox.h"

enum { HOOK_FAILURES_MAX = 5, HOOK_REPLAY_MAX = 1000 };

struct hook {
    int64_t item_id; /* 0: the service's callback URL */
    int64_t service_id;
    struct str service_name;
    struct str sid; /* YW…, WH…; of the callback URL the service's, VA… */
    struct str name, url;
    int64_t failures;      /* deliveries in a row */
    int64_t off_at_ms;     /* 0: it is on */
    int64_t rest_until_ms; /* in the past: it does not rest (core/hook_rest.h) */
    struct str why;        /* of the last failure */
};

/* Of all services. */
enum err hook_list(struct ctx *cx, struct db *db, struct hook **out, size_t *out_count);
/* ERR_NOT_FOUND. */
enum err hook_by_sid(struct ctx *cx, struct db *db, struct str sid, struct hook *out);
/* Whether events are queued for this item. */
enum err hook_is_on(struct ctx *cx, struct db *db, int64_t item_id, bool *out);

/* Where a row of a webhook goes now. ERR_EXPIRED: it was removed or switched off. */
enum err hook_target(struct ctx *cx, struct db *db, const struct outbox_row *row, struct str *out);
/* What came of a delivery: counts, and switches off. For callbacks as for webhooks. */
enum err hook_booked(struct ctx *cx, struct db *db, int64_t outbox_id, bool taken, struct str why);

/* By the operator, or because the application said so. Neither is an error when it is so already.
 */
enum err hook_enable(struct ctx *cx, struct db *db, const struct hook *h);
enum err hook_disable(struct ctx *cx, struct db *db, const struct hook *h);
/* Forgets the failures of an item: it was changed or removed. */
enum err hook_forget(struct ctx *cx, struct db *db, int64_t item_id);

/* Sends a delivery to a webhook again, to where it is now; the old row says "replayed".
 * ERR_NOT_FOUND: no such delivery. ERR_CONFLICT: it is of another kind, is still under way, or what
 * it goes to is off. */
enum err hook_replay(struct ctx *cx, struct db *db, int64_t outbox_id, int64_t *out_id);
/* All that did not get there, oldest first; at most HOOK_REPLAY_MAX. */
enum err hook_replay_all(struct ctx *cx, struct db *db, const struct hook *h, size_t *out_count);

#endif
