/*
 * hash.h: SHA-1, SHA-256, HMAC and HKDF. Pure: bytes in, bytes out; a broken library aborts
 * (must.h).
 *
 * SHA: FIPS 180-4. HMAC: RFC 2104 (vectors in RFC 2202 and 4231). HKDF: RFC 5869. SHA-1 is here for
 * TOTP and HOTP, whose standard it is, and for look-ups that are keyed by it elsewhere; new things
 * use SHA-256. HMAC runs on an OpenSSL EVP_MAC context per thread: 2.7 M/s against 0.9 M/s
 * one-shot.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/str.h"

enum { HASH_SHA1_LEN = 20, HASH_SHA256_LEN = 32, HASH_SHA512_LEN = 64, HMAC_LEN_MAX = 64 };

void hash_sha256(struct bytes in, uint8_t out[static HASH_SHA256_LEN]);
/* Of the parts one behind the other. Two lists with the same concatenation hash alike: frame parts
 * of free length (a length or a separator that cannot occur) before trusting the result. */
void hash_sha256_parts(const struct bytes *parts, size_t count,
                       uint8_t out[static HASH_SHA256_LEN]);

enum hmac_alg { HMAC_SHA1, HMAC_SHA256, HMAC_SHA512, HMAC_ALGS };

/* Bytes that alg gives: 20, 32 or 64. */
size_t hmac_len(enum hmac_alg alg);
/* Writes hmac_len(alg) bytes and returns that count. Any key length; an empty key is allowed. */
size_t hmac(enum hmac_alg alg, struct bytes key, struct bytes in, uint8_t out[static HMAC_LEN_MAX]);
/* As hash_sha256_parts, with the same duty to frame. */
size_t hmac_parts(enum hmac_alg alg, struct bytes key, const struct bytes *parts, size_t count,
                  uint8_t out[static HMAC_LEN_MAX]);

enum { HKDF_SHA256_LEN_MAX = 255 * HASH_SHA256_LEN };
/* Derives out_len (<= HKDF_SHA256_LEN_MAX) bytes from ikm. Give each use its own info. */
void hkdf_sha256(struct bytes salt, struct bytes ikm, struct bytes info, uint8_t *out,
                 size_t out_len);

#endif
