/*
 * hotp.h: RFC 4226 codes: counter-based, and what TOTP is built from. Pure.
 */
#ifndef CRYPTO_HOTP_H
#define CRYPTO_HOTP_H

#include "crypto/hash.h"

/* RFC 4226 asks for at least 6; 3 to 5 are what a Verify service may be set to (Totp.CodeLength).
 */
enum { HOTP_DIGITS_MIN = 3, HOTP_DIGITS_MAX = 8 };

/* Writes `digits` characters and a NUL: HMAC over the counter, dynamic truncation to 31 bits
 * (section 5.3), the last digits of that. digits outside of MIN..MAX is a programming error and
 * aborts. */
void hotp_code(enum hmac_alg alg, struct bytes key, uint64_t counter, unsigned digits,
               char out[static HOTP_DIGITS_MAX + 1]);

#endif
