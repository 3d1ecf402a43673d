/*
 * audit.h: what happened, append-only and chained by HMAC-SHA256 (a change, a gap, a cut shows).
 */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include "core/core.h"

struct audit_entry {
    int64_t id, at_ms, service_id, identity_id;
    const char *actor; /* person, operator, system, app */
    const char *event; /* a stable word: sign_in, factor_on, … */
    struct origin from;
    struct str detail; /* "method=totp amr=pwd,otp"; no secret, numbers masked */
};

/* Makes the head of an empty chain; harmless on a chain that exists. */
enum err audit_init(struct ctx *cx, struct db *db);
enum err audit_add(struct ctx *cx, struct db *db, const struct audit_entry *e);
/* Newest first, id < before (0 = newest); identity_id 0 = everybody's. */
enum err audit_list(struct ctx *cx, struct db *db, int64_t identity_id, int64_t before,
                    unsigned max, struct audit_entry **out, size_t *out_count);
/* Walks the chain from the first entry. OK: *out_count entries are whole. ERR_CONFLICT: cx->why
 * names the first entry that does not fit. */
enum err audit_verify(struct ctx *cx, struct db *db, int64_t *out_count);
/* What the detail says of a key: "denied" of "decision"; empty: nothing. */
struct str audit_fact(const struct audit_entry *e, struct str key);
/* What a person reads: "Signed in with an authenticator app". */
struct str audit_words(struct ctx *cx, const struct audit_entry *e);

#endif
