/*
 * app_factor.h: factors that applications make for their identities over the Verify dialect:
 * authenticator apps (TOTP) and devices (push), several of a kind.
 *
 *   unverified --a right code, a signature--> verified --delete, 100 failures--> gone
 *
 * To core they are factors like all others: pending, active, off; one function checks their codes
 * (factor_check) and one answers for their devices (challenge_decide).
 */
#ifndef CORE_APP_FACTOR_H
#define CORE_APP_FACTOR_H

#include "core/device.h"
#include "core/identity.h"

enum {
    APP_TOTP_MAX = 100, /* of an identity */
    APP_FACTORS_A_DAY = 100,
};

struct app_factor {
    int64_t id, identity_id;
    struct str sid, name;
    enum factor_kind kind; /* FACTOR_TOTP or FACTOR_PUSH */
    bool verified;
    struct str metadata; /* JSON object or empty */
    /* TOTP */
    struct str alg; /* SHA1, SHA256, SHA512 */
    uint8_t digits;
    uint32_t period_s, skew_steps;
    /* push */
    struct str credential_sid, app_id, sdk_version;
    struct str push_kind, push_token; /* none, apn, fcm, webpush */
    struct bytes public_key;          /* only to make one: a point on the curve */
    int64_t created_at_ms, updated_at_ms;
};

/* Of this identity, not gone. ERR_NOT_FOUND. */
enum err app_factor_by_sid(struct ctx *cx, struct db *db, int64_t identity_id, struct str sid,
                           struct app_factor *out);
enum err app_factor_by_id(struct ctx *cx, struct db *db, int64_t id, struct app_factor *out);
enum err app_factor_page(struct ctx *cx, struct db *db, int64_t identity_id, bool down,
                         int64_t from, unsigned max, struct app_factor **out, size_t *out_count);

/* Both make id, sid and times; unverified until proved. ERR_CONFLICT: as many as may be are there;
 * ERR_LIMITED: APP_FACTORS_A_DAY were made today. */
enum err app_totp_add(struct ctx *cx, struct db *db, struct app_factor *f, struct bytes seed,
                      const struct origin *from);
/* ERR_DENIED: the identity has a device with this key. */
enum err app_push_add(struct ctx *cx, struct db *db, struct app_factor *f,
                      const struct origin *from);
/* Name, TOTP parameters, what is said of the app. */
enum err app_factor_update(struct ctx *cx, struct db *db, struct app_factor *f);
/* A code of an authenticator app, through factor_check; a right one verifies an unverified factor.
 */
enum err app_totp_check(struct ctx *cx, struct db *db, const struct app_factor *f, struct str code,
                        const struct origin *from, struct check_out *out);
/* The caller has verified the device's signature. */
enum err app_push_verify(struct ctx *cx, struct db *db, const struct app_factor *f,
                         const struct origin *from);
enum err app_factor_remove(struct ctx *cx, struct db *db, const struct app_factor *f,
                           const struct origin *from);

/* The device whatever its state (device.active tells), by what its tokens name it. ERR_DENIED. */
enum err app_device_by_credential(struct ctx *cx, struct db *db, struct str credential_sid,
                                  struct device *out);
/* ERR_NOT_FOUND: the factor is no device. */
enum err app_device_of(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out);

#endif
