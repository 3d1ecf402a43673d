/*
 * token.h: what we hand out and recognise again: random tokens, and tokens and codes that are
 * derived instead of stored. Pure but for the random bytes of token_new.
 *
 * A random token (session, pairing) is stored as token_hash only; 256 random bits need no salt. A
 * derived one (link in a mail, code in a message) is not stored at all: it is computed again from a
 * key that lives sealed, so a stolen database holds none and resending gives the same.
 *
 * Derivation is HMAC-SHA256 over
 *     "countersign token\0" or "countersign code\0" | row id, 8 bytes | counter, 4 bytes | purpose
 * (big-endian; the counter is 0 for tokens). The parts of fixed length come first, so no two inputs
 * share a message.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/str.h"

enum {
    TOKEN_LEN = 43, /* 32 bytes in base64url without padding (RFC 4648 section 5) */
    TOKEN_HASH_LEN = 32,
    CODE_DIGITS_MIN = 4, /* what a Verify service may be set to (CodeLength) */
    CODE_DIGITS_MAX = 10,
};

/* 256 random bits, and a NUL. */
void token_new(char out[static TOKEN_LEN + 1]);
/* SHA-256 of the text: what is stored and looked up. */
void token_hash(struct str token, uint8_t out[static TOKEN_HASH_LEN]);
/* The link token of one row for one purpose ("reset", "confirm-email"), and a NUL. */
void token_derive(struct bytes key, struct str purpose, int64_t row_id,
                  char out[static TOKEN_LEN + 1]);

/* The sent code of one row: `digits` characters and a NUL. Another counter gives another code. The
 * first 64 bits of the HMAC modulo 10^digits: no value is more likely than another by more than
 * 10^10 / 2^64 < 2^-30. digits outside of MIN..MAX is a programming error and aborts. */
void code_derive(struct bytes key, struct str purpose, int64_t row_id, uint32_t counter,
                 unsigned digits, char out[static CODE_DIGITS_MAX + 1]);

#endif
