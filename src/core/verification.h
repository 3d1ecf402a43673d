/*
 * verification.h: a code sent over a channel. The code is derived from the service's key, the row's
 * id and its counter; no row and no message holds it. Sending again within its ten minutes sends
 * the same code.
 */
#ifndef CORE_VERIFICATION_H
#define CORE_VERIFICATION_H

#include "core/factor.h"
#include "core/firewall.h"

enum {
    VERIFICATION_SENDS_MAX = 5,
    VERIFICATION_CHECKS_MAX = 5,
    VERIFICATION_LIFE_S = 600,
    VERIFICATION_RESEND_AFTER_S =
        30, /* what the countdown on the page counts; the budgets are the rule */
};

struct verification {
    int64_t id, service_id, identity_id, factor_id, login_id;
    struct str sid, channel, target, state; /* pending, approved, canceled, max_attempts */
    struct str action;          /* what an application wants to know by it; mostly empty */
    struct bytes custom_sealed; /* a code that an application chose; empty: derived */
    struct str amount, payee;   /* the payment that the code is for; empty: none */
    uint8_t digits;
    int64_t counter, send_count, check_count;
    int64_t created_at_ms, updated_at_ms, sent_at_ms, expires_at_ms;
};

/* Sends (or sends again) the code of a sent factor, for one login attempt or (0) its enrolment.
 * ERR_LIMITED with cx->retry_after_s: 5 sends used up, a pause, or the destination's budget.
 * ERR_BLOCKED: the firewall (core/firewall.h). */
enum err verification_send(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                           const struct origin *from, struct verification *out);
/* The pending, unexpired one. ERR_NOT_FOUND. */
enum err verification_pending(struct ctx *cx, struct db *db, int64_t factor_id, int64_t login_id,
                              struct verification *out);
enum err verification_by_id(struct ctx *cx, struct db *db, int64_t id, struct verification *out);
/* ---- applications ---- */

struct verification_in {
    int64_t service_id;
    int64_t identity_id;    /* 0: the code proves the number or address alone */
    struct str channel;     /* sms, voice, email; another one later sends the same code there */
    struct str target;      /* E.164, or an address that identity_email_ok accepts */
    struct str action;      /* the code is good for this only; empty: for no particular one */
    struct str custom_code; /* 4 to 10 letters or digits; empty: a derived one */
    struct str locale;      /* "de", "pt-BR"; empty: by the number's country */
    uint8_t digits;         /* of a derived one; 0: the service's */
    /* Words of this message alone; empty or false: none. */
    struct str friendly_name; /* instead of the service's name */
    struct str about;         /* what it is for, as the application words it */
    struct str amount, payee; /* PSD2: the code is good for this payment only */
    struct str app_hash;      /* SMS: what an Android app finds its message by */
    bool warn;                /* SMS: never without the warning not to share it */
    bool says_at_once;  /* voice: no key is asked for first, so a voicemail box hears it too */
    struct origin from; /* the application, or its user as it says */
    struct str client;  /* address of its user, if it says so */
};
/*
 * Sends a code, or the same one again while it lives: one at a time for (service, target, identity,
 * action). Wrong codes are counted at (service, target), so that a new code gives no new tries.
 * ERR_LIMITED with retry_after_s: five sends, a pause after wrong codes, the destination's budget.
 * ERR_DENIED: the service does not let applications choose codes. ERR_INVALID: no code can be sent
 * to this number, or the code is none. In test mode nothing is sent.
 */
enum err verification_start(struct ctx *cx, struct db *db, const struct verification_in *in,
                            struct verification *out);
/* The one of a target alone that a check is about: pending, or ended by wrong codes and not yet
 * forgotten. ERR_NOT_FOUND. */
enum err verification_live(struct ctx *cx, struct db *db, int64_t service_id, struct str target,
                           struct verification *out);
/* The same by its sid, in whatever state. A code that was sent to an identity, or for an action, is
 * none: it is checked through its identity (attack 17). ERR_NOT_FOUND. */
enum err verification_by_sid(struct ctx *cx, struct db *db, int64_t service_id, struct str sid,
                             struct verification *out);
/* Checks its code, through factor_check, and keeps an audit entry. CHECK_EXPIRED: it is over. */
enum err verification_check(struct ctx *cx, struct db *db, const struct verification *v,
                            struct str code, const struct origin *from, struct check_out *out);
/* The application's word ends it: approved (it checked by itself) or canceled. ERR_NOT_FOUND: it is
 * not pending. */
enum err verification_end(struct ctx *cx, struct db *db, const struct verification *v,
                          bool approved, const struct origin *from);
/* For when somebody's address or number changes, or they go: every code on its way to them ends.
 * All of them, since the fall-back may have taken one to an address that is not its target. */
enum err verification_end_all(struct ctx *cx, struct db *db, int64_t identity_id);
/* Asks the firewall (ERR_BLOCKED), then takes one message from the destination's budget, whoever
 * sends it (attacks 56, 73): ERR_LIMITED. Before anything else is written. */
enum err destination_take(struct ctx *cx, struct db *db, const struct dispatch *d);
/* Whether that budget is used up. */
bool destination_spent(struct ctx *cx, struct db *db, struct str target);
/* An address as it is compared and counted; a number as it is. */
struct str verification_target(struct ctx *cx, struct str channel, struct str target);

/* Its code: `digits` characters, or the application's. */
enum err verification_code(struct ctx *cx, struct db *db, const struct verification *v,
                           struct str *out);

#endif
