/*
 * limit.h: durable budgets: they survive a restart because they guard secrets and other people's
 * phones.
 */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include "core/core.h"

struct limit_rule {
    const char *scope; /* "send.destination" */
    uint32_t max;      /* events per window */
    uint32_t window_s;
};

/* Takes one from the budget of `subject` and keeps it (db_keep). ERR_LIMITED with retry_after_s
 * when it is used up. */
enum err limit_take(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                    struct str subject);
/* Takes one without asking and without keeping it: for callers that have looked before. */
enum err limit_count(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                     struct str subject);
/* Only looks; works on a read-only handle. */
enum err limit_peek(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                    struct str subject);
enum err limit_clear(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                     struct str subject);

#endif
