/*
 * soft_token.h: the code that a paired device shows by itself, for users whom an application asks
 * to type one in (the Authy dialect's soft token). A TOTP factor of the device's own secret,
 * checked like every other by factor_check; it counts as long as the device is paired.
 */
#ifndef CORE_SOFT_TOKEN_H
#define CORE_SOFT_TOKEN_H

#include "core/device.h"

enum { SOFT_TOKEN_PERIOD_S = 30, SOFT_TOKEN_DIGITS_MIN = 6, SOFT_TOKEN_DIGITS_MAX = 8 };

/* For a device that was paired just now. *out_uri is otpauth://…, the only time that the secret is
 * seen; empty for a device whose application's users have no tokens. As many digits as the
 * application's codes, within what authenticators can show. */
enum err soft_token_new(struct ctx *cx, struct db *db, const struct device *d, struct str *out_uri);
/* Whose code it was. ERR_NOT_FOUND: the factor is no soft token. */
enum err soft_token_device(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out);

#endif
