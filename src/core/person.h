/*
 * person.h: accounts of the portal: sign-up, confirmation, profile, password, contact changes.
 *
 * A sign-up is a row of its own until its e-mail is confirmed: it reserves nothing, and the answer
 * to it is the same whether the address or the username was known (attacks 52, 55).
 */
#ifndef CORE_PERSON_H
#define CORE_PERSON_H

#include "core/core.h"
#include "core/phone.h"
#include "core/service.h"

enum {
    NAME_MAX_CHARS = 100,
    USERNAME_MIN = 3,
    USERNAME_MAX = 32,
    EMAIL_MAX = 254,
    ABOUT_MAX_CHARS = 500,
    PASSWORD_MIN = 8,
    PASSWORD_MIN_ALONE = 15, /* strict policy, no second factor */
    PASSWORD_MAX = 256,      /* bytes */
};

struct person {
    int64_t id, identity_id;
    struct str identity_sid;
    struct str name, username, email, phone, country_code, about;
    int64_t email_verified_at_ms, phone_verified_at_ms; /* 0 = not */
    struct bytes password_sealed;
    bool password_long, must_reset, disabled;
    int64_t password_at_ms, password_fail_count, last_seen_at_ms, created_at_ms;
    enum policy policy; /* of the portal's service */
    bool strong_only;   /* the person's floor: floor.h */
};

enum err person_by_id(struct ctx *cx, struct db *db, int64_t id, struct person *out);
/* By e-mail or username, whatever the case. ERR_NOT_FOUND. */
enum err person_by_login(struct ctx *cx, struct db *db, struct str login, struct person *out);
struct person_row { /* for lists */
    int64_t id;
    struct str username, name, email;
    bool disabled;
    int64_t factor_count, last_seen_at_ms;
};
/* Ordered by username, starting behind `after` (empty = from the first), at most max rows. */
enum err person_list(struct ctx *cx, struct db *db, struct str after, unsigned max,
                     struct person_row **out, size_t *out_count);

/* ---- what people type ---- */

/* Each returns a sentence that says what to do, or STR_NONE when acceptable; *out is normalised. */
struct str name_check(struct ctx *cx, struct str in, struct str *out);
struct str username_check(struct ctx *cx, struct str in, struct str *out);
struct str email_check(struct ctx *cx, struct str in, struct str *out);
/* phone_check is in phone.h */
/* Length and common passwords; person's own words in context. min: PASSWORD_MIN or _ALONE. */
struct str password_check(struct ctx *cx, struct str password, size_t min,
                          const struct str *context, size_t context_count);

/* ---- sign-up ---- */

struct signup_in {
    struct str name, username, email, phone, country_code; /* checked and normalised */
    struct str password_hash;                              /* Argon2id string from the hash pool */
    bool password_long;
};
/* Always the same outcome for the caller; the mail differs when the address is known. */
enum err signup_start(struct ctx *cx, struct db *db, const struct signup_in *in,
                      const struct origin *from);
/* Mails the link of a waiting sign-up again, within its budget. */
enum err signup_remind(struct ctx *cx, struct db *db, int64_t signup_id);
struct signup_state {
    struct str email, name, username; /* as whoever signed up chose them: perhaps a stranger */
    bool username_taken;              /* the confirm page must ask for another */
};
/* What the confirm page shows. ERR_EXPIRED: link unknown, used or too old. */
enum err signup_peek(struct ctx *cx, struct db *db, struct str token, struct signup_state *out);
/* Makes the person. username (may be empty) replaces a taken one. ERR_CONFLICT: still taken. */
enum err signup_confirm(struct ctx *cx, struct db *db, struct str token, struct str username,
                        const struct origin *from, int64_t *out_person_id);

/* ---- profile ---- */

/* name, username, about: checked by the functions above. ERR_CONFLICT: username taken. */
enum err person_edit(struct ctx *cx, struct db *db, int64_t id, struct str name,
                     struct str username, struct str about, const struct origin *from);
/* By somebody signed in: sets a hash that the pool made, ends other sessions, mails a notice. This
 * session goes on under *out_token, or whoever copied its cookie would stay signed in. */
enum err person_change_password(struct ctx *cx, struct db *db, int64_t id, struct str hash,
                                bool password_long, int64_t session_id, const struct origin *from,
                                struct str *out_token);
/* Mails a link to the new address and a notice to the old; nothing changes until it is opened. */
enum err person_change_email_start(struct ctx *cx, struct db *db, int64_t id, struct str email,
                                   const struct origin *from);
enum err person_change_email_confirm(struct ctx *cx, struct db *db, struct str token,
                                     const struct origin *from, int64_t *out_person_id);
/* Unverified until a code proves it. Refused (ERR_CONFLICT) while SMS or voice is on with the old
 * number and no other factor remains; else those two are switched off: the number is the factor. */
enum err person_change_phone(struct ctx *cx, struct db *db, int64_t id, struct str country_code,
                             struct str phone, const struct origin *from);
enum err person_set_disabled(struct ctx *cx, struct db *db, int64_t id, bool disabled,
                             const struct origin *from);
enum err person_touch(struct ctx *cx, struct db *db, int64_t person_id, int64_t session_id);

/* ---- reset, and "this wasn't me" ---- */

/* Always OK and the same work, known address or not (attacks 52, 53). */
enum err reset_start(struct ctx *cx, struct db *db, struct str email, const struct origin *from);
/* ERR_EXPIRED: unknown, used or older than 10 minutes. */
enum err reset_peek(struct ctx *cx, struct db *db, struct str token, struct person *out);
/* Consumes the link and sets the password only: the second factor stays (attack 49). */
enum err reset_finish(struct ctx *cx, struct db *db, struct str token, struct str hash,
                      bool password_long, const struct origin *from);
/* The link in every security notice: ends all sessions, distrusts the password, mails a reset link,
 * and puts back what the notice told of: a factor that was switched off, the floor, an address. A
 * factor that was switched on stays, and *out_factor_stays says so: else whoever reads the mail
 * could take a second step away (attack 49). The operator is told, who can. */
enum err not_me_finish(struct ctx *cx, struct db *db, struct str token, const struct origin *from,
                       bool *out_factor_stays);

#endif
