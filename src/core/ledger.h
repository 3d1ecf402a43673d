/*
 * ledger.h: what became of messages and calls, for operators and applications to read. Nothing here
 * says a code or a link: a row has none. Rows stay for a day behind their life; what failed, and
 * calls of webhooks, for a week.
 */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "core/core.h"

struct ledger_entry {
    int64_t id, service_id, hook_id, verification_id;
    struct str service_name;
    struct str channel, target, template_name;
    struct str state;   /* shown | queued | sending | sent | failed | expired | replayed */
    struct str receipt; /* accepted | delivered | undelivered; empty: none came */
    struct str why;     /* it failed, or waits; sent: what there is to know, else empty */
    struct str provider_id, price;
    int64_t attempts, lost_count;
    int64_t created_at_ms, expires_at_ms;
    int64_t next_at_ms;                   /* queued: when it is tried */
    int64_t settled_at_ms, receipt_at_ms; /* 0: not yet */
};

struct ledger_filter { /* empty: all */
    int64_t before;    /* only older than this row */
    struct str channel, state, target;
    int64_t service_id, hook_id;
};
/* Newest first. */
enum err ledger_list(struct ctx *cx, struct db *db, const struct ledger_filter *f, unsigned max,
                     struct ledger_entry **out, size_t *out_count);
/* ERR_NOT_FOUND. */
enum err ledger_get(struct ctx *cx, struct db *db, int64_t id, struct ledger_entry *out);

/* Attempts that did not end well, the first one first. */
struct ledger_trouble {
    int64_t attempt, at_ms;
    struct str why;
};
enum err ledger_troubles(struct ctx *cx, struct db *db, int64_t id, struct ledger_trouble **out,
                         size_t *out_count);

/* One word for where it is: "delivered", "undelivered" or the state. */
struct str ledger_word(const struct ledger_entry *e);

#endif
