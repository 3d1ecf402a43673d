/*
 * rows.h: what core's own files share about rows. Not for the faces.
 */
#ifndef CORE_ROWS_H
#define CORE_ROWS_H

#include "core/device.h"
#include "core/factor.h"
#include "core/identity.h"
#include "core/service.h"
#include "core/verification.h"

/* The columns in the order that every factor query in sql/query/factor.sql selects. */
enum err factor_row(struct ctx *cx, const struct db_rows *r, struct factor *out);
enum err factor_by_id(struct ctx *cx, struct db *db, int64_t id, struct factor *out);
/* The same of every verification query in sql/query/verification.sql. */
struct verification verification_row(const struct db_rows *r);
/* The enum amr bit that proves this kind. */
unsigned factor_kind_amr(enum factor_kind k);
/* "Codes by e-mail": its name until its owner gives it one. */
struct str factor_kind_words(enum factor_kind k);
/* ERR_CONFLICT: one of its kind is on. Somebody's own factor is switched off first, which asks for
 * a current one: begun anew in a session that was left open, it would pass to whoever sits there.
 * (Applications' users have no session; what replaces their factor is their application's call.) */
enum err factor_not_on_yet(struct ctx *cx, struct db *db, const struct factor *f);

/* An identity's addresses and its service's rules. */
struct contact {
    int64_t identity_id, service_id;
    struct str email, phone, service_name;
    bool email_verified;
    enum policy policy;
    uint8_t code_digits;
};
enum err factor_contact(struct ctx *cx, struct db *db, int64_t identity_id, struct contact *out);
/* The portal account of an identity; *out = 0 when it has none. */
enum err factor_person(struct ctx *cx, struct db *db, int64_t identity_id, int64_t *out);
/* Who waits for a device that is gone looks again: its own stream, and the pages of sign-ins. */
enum err factor_wake_waiting(struct ctx *cx, struct db *db, int64_t identity_id);

/* ---- other rows, for the files that list them ---- */

struct service service_row(const struct db_rows *r);
struct device device_row(const struct db_rows *r);
/* What a name is compared by. */
struct str service_key(struct ctx *cx, struct str name);
enum err service_name_ok(struct ctx *cx, struct str name);
/* The row alone, with a new key for its codes. ERR_CONFLICT: the key is taken. */
enum err service_insert(struct ctx *cx, struct db *db, int64_t account_id, int64_t service_id,
                        struct str sid, struct str name, struct str key);

#endif
