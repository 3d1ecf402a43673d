/*
 * login.h: one sign-in or step-up attempt, from the password to the session.
 *
 *   open --second factor right--> done        (session opened in the same transaction)
 *   open --denied by a device--> denied       (a code may still complete it)
 *   open --ten minutes--> expired
 *
 * Approvals and codes belong to the attempt; the attempt belongs to one cookie. A step-up is an
 * attempt of a signed-in person: `fresh` renews the proof, `factor_off` switches a factor off,
 * `floor_lower` lowers their floor.
 */
#ifndef CORE_LOGIN_H
#define CORE_LOGIN_H

#include "core/factor.h"
#include "core/person.h"
#include "core/session.h"

enum { LOGIN_LIFE_S = 600 };

/* What the hash pool found out about a password; see login_password. */
struct password_proof {
    int64_t person_id;      /* 0: nobody by that name, or wrong, or only a pending sign-up */
    int64_t password_at_ms; /* of the hash that was checked; a change in between voids the proof */
    bool right;
    bool signup_pending; /* right password of a sign-up whose e-mail is not confirmed */
    int64_t signup_id;
};

/* On the hash pool, read-only handle: always exactly one Argon2id run (attack 53). */
enum err login_prove_password(struct ctx *cx, struct db *db, struct str login, struct str password,
                              struct password_proof *out);
/* The same for somebody signed in (re-authentication). */
enum err login_prove_own_password(struct ctx *cx, struct db *db, int64_t person_id,
                                  struct str password, struct password_proof *out);

enum login_state {
    LOGIN_SIGNED_IN, /* session_token is set */
    LOGIN_WAITING,   /* a device was asked; login_token is set */
    LOGIN_CODE,      /* a code is asked for; login_token is set */
    LOGIN_ENROL,     /* the policy demands a second factor; session of AMR_ENROL only */
    LOGIN_LOCKED,    /* right so far, and no further: see login_is_locked */
};

struct login_in {
    struct str login; /* as typed, for budgets of names that do not exist */
    struct password_proof proof;
    struct str next;
    bool remember;
    struct origin from;
};
struct login_out {
    enum login_state state;
    struct str session_token, login_token; /* secrets, for cookies */
    bool remember;
};
/* Counts, then decides. ERR_DENIED: name or password wrong (one answer for both); ERR_LIMITED.
 * With a sent factor strongest, its code is sent at once. */
enum err login_password(struct ctx *cx, struct db *db, const struct login_in *in,
                        struct login_out *out);

/* A second step is asked for and nothing is left to prove it by: wrong codes ended every second
 * factor that meets the person's floor, and there are no recovery codes. Only the operator helps
 * (user reset-factors). */
enum err login_is_locked(struct ctx *cx, struct db *db, int64_t person_id, bool *out);

struct login {
    int64_t id, person_id, session_id, action_id;
    struct str purpose, action, state, next, addr, user_agent;
    enum factor_kind method;
    bool by_call; /* FACTOR_VOICE: keys approve on the telephone, in place of a code (keyed.h) */
    unsigned amr;
    bool remember;
    int64_t created_at_ms, expires_at_ms;
};
/* The open attempt of a cookie. ERR_EXPIRED: none, over, too old. */
enum err login_by_token(struct ctx *cx, struct db *db, struct str token, struct login *out);
/* By its row, whatever its state: for the stream of a page that waits. ERR_NOT_FOUND. */
enum err login_by_id(struct ctx *cx, struct db *db, int64_t id, struct login *out);
/* Public name of an attempt, so that a page can tell its own from another tab's. */
struct str login_handle(struct ctx *cx, const struct login *l);

/* How the form field `method` and the row name what is asked for: a factor kind, or "call". */
struct str login_way_name(enum factor_kind method, bool by_call);
bool login_way_from(struct str name, enum factor_kind *out_method, bool *out_by_call);
/* An approval is waited for, on whatever telephone. */
static inline bool login_asks(const struct login *l)
{
    return l->method == FACTOR_PUSH || l->by_call;
}

/* Another way: sets the method; sends a code if the method is a sent one and none is pending. */
enum err login_choose(struct ctx *cx, struct db *db, struct login *l, enum factor_kind method,
                      const struct origin *from);
/* Another way: a call that keys approve in. Errors as of keyed_ask; ERR_INVALID: voice is not on.
 */
enum err login_choose_call(struct ctx *cx, struct db *db, struct login *l,
                           const struct origin *from);
/* Sends the code of the present method again; via: how a remote service is to ask. ERR_LIMITED with
 * retry_after_s. */
enum remote_via { VIA_USUAL, VIA_APP, VIA_SMS, VIA_CALL };
enum err login_resend(struct ctx *cx, struct db *db, struct login *l, enum remote_via via,
                      const struct origin *from);

struct login_done {
    bool done; /* false: see check */
    struct check_out check;
    struct str session_token; /* new; set when done */
    bool remember;
    struct str next;
};
/* Checks a code for the attempt (factor_check) and, when right, completes it. */
enum err login_check(struct ctx *cx, struct db *db, struct login *l, enum factor_kind method,
                     struct str code, int64_t recovery_row, const struct origin *from,
                     struct login_done *out);

/* Ends an attempt whose second factor was proved (`proved`: enum amr bits), by login_check or by a
 * device's approval: consumes it once, does its action, opens the session. ERR_EXPIRED: over, or
 * its session was revoked meanwhile. */
enum err login_complete(struct ctx *cx, struct db *db, const struct login *l, unsigned proved,
                        const struct origin *from, struct login_done *out);

/* Re-authentication: counts a wrong password like a sign-in (ERR_DENIED, ERR_LIMITED), then starts
 * the "fresh" step-up. */
enum err login_reauth(struct ctx *cx, struct db *db, const struct session *s,
                      const struct password_proof *proof, struct str next,
                      const struct origin *from, struct login_out *out);
/* Only the password of a signed-in person: counts, and tells wrong from right. For forms that ask
 * for it beside what they change. */
enum err login_own_password(struct ctx *cx, struct db *db, const struct session *s,
                            const struct password_proof *proof, const struct origin *from);

/* Starts a step-up for a signed-in person. With no second factor on and action "fresh", it is done
 * at once: out->state is LOGIN_SIGNED_IN with the session's new token. Or it is LOGIN_LOCKED. */
enum err login_step_up(struct ctx *cx, struct db *db, const struct session *s, const char *action,
                       int64_t action_id, struct str next, const struct origin *from,
                       struct login_out *out);

#endif
