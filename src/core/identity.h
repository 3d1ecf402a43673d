/*
 * identity.h: people as one application knows them. Each function takes the service and sees its
 * identities only: another service's are as unknown as those that never were (attack 70).
 *
 *   active <--> disabled (no code and no device proves them)     both --> deleted (final)
 *
 * Deleting takes name, number, address, codes, devices and open requests away; the row stays so
 * that audit entries keep their subject and an authy_id is never given to somebody else.
 */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "core/factor.h"

enum {
    IDENTITY_NAME_MIN = 8, /* of the application's own name for somebody */
    IDENTITY_NAME_MAX = 64,
    IDENTITY_EMAIL_MAX = 254,
};

struct identity {
    int64_t id, service_id;
    int64_t authy_id;               /* 0: none */
    struct str sid;                 /* YE… */
    struct str external;            /* the application's own name; empty: none */
    struct str email;               /* as given; empty: none */
    struct str phone, country_code; /* "+14155550142", "1"; empty: none */
    bool disabled;
    int64_t confirmed_at_ms; /* the first right code; 0: none yet */
    int64_t created_at_ms, updated_at_ms;
};

/* ERR_NOT_FOUND: no such identity of this service, or deleted. */
enum err identity_by_id(struct ctx *cx, struct db *db, int64_t service_id, int64_t id,
                        struct identity *out);
enum err identity_by_authy_id(struct ctx *cx, struct db *db, int64_t service_id, int64_t authy_id,
                              struct identity *out);
enum err identity_by_external(struct ctx *cx, struct db *db, int64_t service_id,
                              struct str external, struct identity *out);

/* The user with this number, made if there is none; an address that is new replaces the old. The
 * authy_id is random in 1 … 2^31 - 1, so that ids cannot be walked (attack 69). *out_new tells.
 * phone is E.164 and email plausible (identity_email_ok): the caller has checked both. */
enum err identity_user(struct ctx *cx, struct db *db, int64_t service_id, struct str country_code,
                       struct str phone, struct str email, struct identity *out, bool *out_new);
/* The same for an import that keeps its authy_id. ERR_CONFLICT: that id is somebody else's. */
enum err identity_import(struct ctx *cx, struct db *db, int64_t service_id, int64_t authy_id,
                         struct str country_code, struct str phone, struct str email,
                         struct identity *out);
/* The identity of that name, made if there is none. ERR_INVALID: the name has not its length. */
enum err identity_named(struct ctx *cx, struct db *db, int64_t service_id, struct str external,
                        struct identity *out, bool *out_new);
/* A user that has neither number nor address, only the application's name and an authy_id. */
enum err identity_named_user(struct ctx *cx, struct db *db, int64_t service_id, struct str external,
                             struct identity *out);

/* A service's identities that have a name: rows with id above `from`, oldest first; or (down) below
 * it, newest first. */
enum err identity_list(struct ctx *cx, struct db *db, int64_t service_id, bool down, int64_t from,
                       unsigned max, struct identity **out, size_t *out_count);
/* How many of them have an authy_id. */
enum err identity_user_count(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out);

/* Codes and invitations that are under way to the old address end. */
enum err identity_set_address(struct ctx *cx, struct db *db, const struct identity *i,
                              struct str email, const struct origin *from);
enum err identity_set_disabled(struct ctx *cx, struct db *db, const struct identity *i,
                               bool disabled, const struct origin *from);
/* At once and for good. The portal's own identities are its people's: ERR_CONFLICT. */
enum err identity_delete(struct ctx *cx, struct db *db, const struct identity *i,
                         const struct origin *from);

/* Whether it looks like an address: one '@', a dot behind it, no blanks, ASCII. */
bool identity_email_ok(struct str email);

/* ---- codes of an identity ---- */

/*
 * Checks a code that may be any of the identity's: from an authenticator app, or one that was sent
 * for this action. Goes through factor_check; an attempt counts once at each factor that it was
 * compared with, and once at the identity. A code of a new authenticator app switches it on.
 */
enum err identity_check(struct ctx *cx, struct db *db, const struct identity *i, struct str code,
                        struct str action, const struct origin *from, struct check_out *out);
/* A new TOTP secret, on once a code of it was right; until then the old one goes on. */
enum err identity_totp(struct ctx *cx, struct db *db, const struct identity *i, struct factor *out);

#endif
