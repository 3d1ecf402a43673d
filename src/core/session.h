/*
 * session.h: signed-in browsers. session_open is the only way in.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "core/core.h"
#include "core/person.h"

/* What was proved, in RFC 8176's terms. */
enum amr {
    AMR_PWD = 1u << 0,
    AMR_OTP = 1u << 1, /* authenticator app */
    AMR_SMS = 1u << 2,
    AMR_TEL = 1u << 3,      /* voice call */
    AMR_EMAIL = 1u << 4,    /* ours: RFC 8176 has no word */
    AMR_RECOVERY = 1u << 5, /* ours */
    AMR_PUSH = 1u << 6,     /* swk */
    AMR_PASSKEY = 1u << 7,  /* hwk */
    AMR_REMOTE = 1u << 8,   /* ours: another server says so */
    AMR_ENROL = 1u << 15,   /* may do nothing but enrol: the policy demands a factor */
};
enum {
    AMR_SECOND = AMR_OTP | AMR_SMS | AMR_TEL | AMR_EMAIL | AMR_RECOVERY | AMR_PUSH | AMR_PASSKEY |
                 AMR_REMOTE,
    AMR_STRONG = AMR_OTP | AMR_RECOVERY | AMR_PUSH | AMR_PASSKEY, /* meets a person's floor */
};
/* "pwd otp mfa" */
struct str amr_text(struct ctx *cx, unsigned amr);

enum { SESSION_FRESH_S = 600 };

struct session {
    int64_t id, person_id, identity_id;
    unsigned amr;
    bool remember, fresh; /* fresh: full proof within SESSION_FRESH_S */
    struct str addr, user_agent;
    int64_t created_at_ms, last_seen_at_ms, expires_at_ms;
};

struct session_request {
    int64_t person_id;
    unsigned amr;
    bool remember;
    struct origin from;
    int64_t replaces; /* session that this one continues, ended now; 0 = none */
};
/* The one opener. Derives in this transaction the level that policy and enrolled factors require
 * and refuses less (ERR_DENIED), refuses the disabled and those who must reset. *out_token: 43
 * characters for the cookie; only its hash is stored. */
enum err session_open(struct ctx *cx, struct db *db, const struct session_request *rq,
                      struct str *out_token);
/* Live session of a cookie: not ended, not idle too long, person active, level still enough.
 * ERR_DENIED otherwise. A session of AMR_ENROL is returned with that bit: the gate decides. */
enum err session_by_token(struct ctx *cx, struct db *db, struct str token, struct session *out);
/* The same judgement of a session that something was started in, and that somebody without its
 * cookie finishes. */
enum err session_by_id(struct ctx *cx, struct db *db, int64_t session_id, struct session *out);
enum err session_list(struct ctx *cx, struct db *db, int64_t person_id, struct session **out,
                      size_t *out_count);
/* ERR_NOT_FOUND: not a live session of this person. */
enum err session_end(struct ctx *cx, struct db *db, int64_t person_id, int64_t session_id,
                     const char *why);
/* All but keep_id (0 = all). */
enum err session_end_others(struct ctx *cx, struct db *db, int64_t person_id, int64_t keep_id,
                            const char *why);
/* Adds a proof to a live session (a factor was just enrolled in it) and lifts AMR_ENROL. */
enum err session_add_amr(struct ctx *cx, struct db *db, int64_t session_id, unsigned amr);
/* Continues a live session under a new id and token, with what was proved in it up to now: whoever
 * had its cookie at a lower level holds nothing (attack 29). What the old one had begun (pending
 * factors, step-ups) stays behind with it. ERR_NOT_FOUND: it has ended. */
enum err session_renew(struct ctx *cx, struct db *db, const struct session *s,
                       const struct origin *from, struct str *out_token);
/* The same session under a new token: whoever had a copy of its cookie holds nothing. What was
 * proved, how long ago and until when it lives stay, so this refreshes nothing. ERR_NOT_FOUND: it
 * has ended. */
enum err session_new_token(struct ctx *cx, struct db *db, int64_t session_id,
                           struct str *out_token);

#endif
