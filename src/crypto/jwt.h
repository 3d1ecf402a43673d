/*
 * jwt.h: signed tokens in compact form (JWS, RFC 7515), HS256 and ES256 (RFC 7518). Pure.
 *
 * A token is read first (jwt_parse), so that its `kid` can choose the key, and nothing read is to
 * be believed before jwt_verify says so. The key says which algorithm it is for: a token's own
 * `alg` has to agree and never chooses, so "none" and HS256 with a public key for secret (RFC 8725
 * sections 2.1 and 3.1) do not work. Times and audiences in the payload are the caller's to check.
 *
 * Strict: three parts, base64url without padding and without stray bits, a header that is one JSON
 * object without repeated members, and no `crit` (an extension that we would have to understand).
 * Keys that a header brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 */
#ifndef CRYPTO_JWT_H
#define CRYPTO_JWT_H

#include "base/arena.h"
#include "crypto/es256.h"

enum {
    JWT_LEN_MAX = 16 * KIB, /* bytes of a token, longer ones are refused unread */
};

enum jwt_alg { JWT_HS256, JWT_ES256 };

/* Exactly one of secret and pair, as alg says; both are borrowed. */
struct jwt_key {
    enum jwt_alg alg;
    struct bytes secret;          /* JWT_HS256: not empty; RFC 7518 asks for 32 bytes at least */
    const struct es256_key *pair; /* JWT_ES256: to sign, with its private half */
};

struct jwt {
    struct str alg, kid, typ, cty; /* of the header; empty when absent */
    struct str payload;            /* decoded; JSON by convention, which is not checked here */
    struct str signing_input;      /* header.payload as received: what the signature is over */
    struct bytes signature;
};

/* False for what is no such token. The views live in mem, or in token. */
bool jwt_parse(struct arena *mem, struct str token, struct jwt *out);
/* True when the signature is by that key, by the key's algorithm. */
bool jwt_verify(const struct jwt *t, const struct jwt_key *key);

/* What goes into the header beside alg: {"typ":…,"alg":…,"kid":…,"cty":…}, without those that are
 * empty. */
struct jwt_head {
    struct str typ; /* "JWT" */
    struct str kid;
    struct str cty;
};

/* The signed token, in mem. The head's texts are UTF-8 without characters that JSON escapes: our
 * own ids and words; others abort. */
struct str jwt_sign(struct arena *mem, const struct jwt_key *key, const struct jwt_head *head,
                    struct str payload);

#endif
