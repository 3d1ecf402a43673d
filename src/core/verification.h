/*
 * verification.h: a code sent over a channel. The code is derived from the service's key, the row's
 * id and its counter; no row and no message holds it. Sending again within its ten minutes sends
 * the same code.
 */
#ifndef CORE_VERIFICATION_H
#define CORE_VERIFICATION_H

#include "core/factor.h"

enum {
    VERIFICATION_SENDS_MAX = 5,
    VERIFICATION_CHECKS_MAX = 5,
    VERIFICATION_LIFE_S = 600,
    VERIFICATION_RESEND_AFTER_S = 30, /* what the countdown on the page counts; the budgets are the rule */
};

struct verification {
    int64_t id, service_id, identity_id, factor_id, login_id;
    struct str sid, channel, target, state;
    uint8_t digits;
    int64_t counter, send_count, check_count;
    int64_t created_at_ms, sent_at_ms, expires_at_ms;
};

/* Sends (or sends again) the code of a sent factor, for one login attempt or (0) its enrolment.
 * ERR_LIMITED with cx->retry_after_s: 5 sends used up, a pause, or the destination's budget. */
enum err verification_send(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                           const struct origin *from, struct verification *out);
/* The pending, unexpired one. ERR_NOT_FOUND. */
enum err verification_pending(struct ctx *cx, struct db *db, int64_t factor_id, int64_t login_id,
                              struct verification *out);
enum err verification_by_id(struct ctx *cx, struct db *db, int64_t id, struct verification *out);
/* Its code: `digits` characters. */
enum err verification_code(struct ctx *cx, struct db *db, const struct verification *v,
                           struct str *out);

#endif
