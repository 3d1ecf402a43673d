/*
 * attempt.h: a record of every message that carried a code for an application, kept for 30 days.
 */
#ifndef CORE_ATTEMPT_H
#define CORE_ATTEMPT_H

#include "core/verification.h"

enum { ATTEMPT_DAYS = 30 };

struct attempt {
    int64_t id;
    struct str sid, service_sid, verification_sid; /* VL…, VA…, VE… */
    struct str channel, target, country, locale;   /* sms, voice, …; "US" or empty */
    uint8_t digits;
    bool converted; /* its code came back */
    int64_t created_at_ms, updated_at_ms, expires_at_ms;
};

/* outbox_id: the message; 0: none was sent. */
enum err attempt_add(struct ctx *cx, struct db *db, const struct verification *v, struct str locale,
                     int64_t outbox_id);
/* All of a verification that was approved. */
enum err attempt_convert(struct ctx *cx, struct db *db, int64_t verification_id);
/* Oldest first. */
enum err attempt_of(struct ctx *cx, struct db *db, int64_t verification_id, struct attempt **out,
                    size_t *out_count);
enum err attempt_by_sid(struct ctx *cx, struct db *db, int64_t account_id, struct str sid,
                        struct attempt *out);

/* What became of the message, as in core/ledger.h; all empty when it is not kept any more. */
struct attempt_message {
    struct str state, receipt, why, price;
};
enum err attempt_message(struct ctx *cx, struct db *db, const struct attempt *a,
                         struct attempt_message *out);

enum attempt_which { ATTEMPT_ALL, ATTEMPT_CONVERTED, ATTEMPT_UNCONVERTED };

struct attempt_filter {          /* empty: all */
    int64_t after_ms, before_ms; /* before_ms 0: up to now */
    struct str target, country, channel, service_sid, verification_sid;
    enum attempt_which which;
};
/* Rows with id above `from`, oldest first; or (down) below it, newest first. */
enum err attempt_page(struct ctx *cx, struct db *db, int64_t account_id,
                      const struct attempt_filter *f, bool down, int64_t from, unsigned max,
                      struct attempt **out, size_t *out_count);
/* f->target is a prefix here. */
enum err attempt_summary(struct ctx *cx, struct db *db, int64_t account_id,
                         const struct attempt_filter *f, int64_t *out_total,
                         int64_t *out_converted);

#endif
