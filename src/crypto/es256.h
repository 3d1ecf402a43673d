/*
 * es256.h: ECDSA over P-256 with SHA-256 (FIPS 186-4; "ES256" of RFC 7518 section 3.4), through
 * OpenSSL. Signatures are raw: r and s, 32 bytes each, big-endian.
 *
 * Importing a public key costs 17 us and checking a signature 63 us: cache the key object where one
 * key is used often, and do neither on the writer. A key object never changes, so threads may share
 * it.
 */
#ifndef CRYPTO_ES256_H
#define CRYPTO_ES256_H

#include "base/str.h"

enum {
    ES256_POINT_LEN =
        65, /* 0x04 x y: the uncompressed point of SEC 1, as Web Push and VAPID send it */
    ES256_PRIVATE_LEN = 32, /* the number d, big-endian; seal it at rest */
    ES256_SIGNATURE_LEN = 64,
    ES256_SHARED_LEN = 32,
    ES256_SPKI_LEN =
        91, /* DER SubjectPublicKeyInfo of a named-curve key with an uncompressed point */
};

struct es256_key; /* a public key, perhaps with its private half */

/* A new pair from random.h. The result is the caller's. */
struct es256_key *es256_generate(void);
/* The readers give false for another length or form and for a point that is not on the curve; *out
 * is the caller's. */
bool es256_from_private(struct bytes d, struct es256_key **out); /* 1 <= d < order of the curve */
bool es256_from_point(struct bytes point, struct es256_key **out);
bool es256_from_spki(struct bytes der,
                     struct es256_key **out); /* that one encoding, byte for byte */
/* "x" and "y" of a JWK (RFC 7518 section 6.2.1): base64url of exactly 32 bytes each. */
bool es256_from_jwk(struct str x, struct str y, struct es256_key **out);
void es256_free(struct es256_key **key);

void es256_point(const struct es256_key *key, uint8_t out[static ES256_POINT_LEN]);
/* False when the key has no private half. */
bool es256_private(const struct es256_key *key, uint8_t out[static ES256_PRIVATE_LEN]);

/* The key must have its private half. */
void es256_sign(const struct es256_key *key, struct bytes message,
                uint8_t out[static ES256_SIGNATURE_LEN]);
bool es256_verify(const struct es256_key *key, struct bytes message, struct bytes signature);

/* ECDH (SP 800-56A, 5.7.1.2): the x coordinate that both sides compute; a key for nothing before it
 * went through a KDF. `own` must have its private half. */
void es256_agree(const struct es256_key *own, const struct es256_key *peer,
                 uint8_t out[static ES256_SHARED_LEN]);

/* From DER (SEQUENCE of r and s), which mobile key stores make, to raw. False unless it is DER to
 * the last bit, with both numbers positive and below 2^256. */
bool es256_signature_from_der(struct bytes der, uint8_t out[static ES256_SIGNATURE_LEN]);

#endif
