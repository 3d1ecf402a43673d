/*
 * totp.h: RFC 6238 codes. Pure: no clock, no I/O, no allocation.
 *
 * A step is the number of whole step_s since 1970. The caller stores the step that was accepted and
 * hands it back as used_step; storing it is one conditional UPDATE, so two requests with one code
 * give one success. Widening the window costs security: each side's step is one more valid code.
 */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include "crypto/hotp.h"

struct totp_params {
    uint32_t step_s;
    uint8_t digits;
    enum hmac_alg alg;
};
enum {
    TOTP_DIGITS_MAX = HOTP_DIGITS_MAX,
    TOTP_NO_MATCH = -1,
    TOTP_STEP_S_MIN = 10,  /* shorter ones cannot be typed */
    TOTP_STEP_S_MAX = 120, /* SP 800-63B-4 section 3.1.4: at most two minutes */
    TOTP_SKEW_STEPS_MAX = 10,
};

/* Step, digits and algorithm are in range. The other two functions abort on parameters that are
 * not: ask this when they come from outside. */
bool totp_params_valid(const struct totp_params *p);

/* Writes p->digits characters and a NUL for the step that contains at_s (Unix time, >= 0). */
void totp_code(const struct totp_params *p, struct bytes key, int64_t at_s,
               char out[static TOTP_DIGITS_MAX + 1]);

/* The step `code` belongs to, within skew_steps either side of at_s, or TOTP_NO_MATCH. Steps up to
 * and including used_step (-1: none yet) never match, so a code works once; of several steps that
 * share a code the last one is given, so that it does not work again there. Only ASCII digits of
 * the exact length match. Every candidate is compared, each in constant time. skew_steps is cut to
 * TOTP_SKEW_STEPS_MAX. */
int64_t totp_match(const struct totp_params *p, struct bytes key, struct str code, int64_t at_s,
                   uint32_t skew_steps, int64_t used_step);

#endif
