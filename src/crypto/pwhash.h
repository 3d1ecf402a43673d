/*
 * pwhash.h: passwords at rest. Argon2id (RFC 9106), 19 MiB, 2 passes, 1 lane, as OWASP's password
 * storage sheet has it; libsodium's encoded form "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
 *
 * Passwords are text: they are brought to Unicode's normal form C first (RFC 8265 section 4.2, as
 * SP 800-63B advises), so that an "é" typed as one character on one device and as two on another is
 * the same password. Nothing else is changed: no case, no blanks, no compatibility forms.
 *
 * One call takes 16-18 ms and 19 MiB: on the hash pool, never on a loop or the writer. Pure but for
 * the random salt.
 */
#ifndef CRYPTO_PWHASH_H
#define CRYPTO_PWHASH_H

#include "base/ctx.h"

enum {
    PWHASH_PASSWORD_MAX = 256, /* bytes; longer ones are refused before any work is done */
    PWHASH_LEN_MAX = 127,      /* bytes of the encoded form */
};

/* *out lives in cx->mem. ERR_INVALID: longer than PWHASH_PASSWORD_MAX or not UTF-8. ERR_BUSY: no
 * memory for it just now. */
enum err pwhash_make(struct ctx *cx, struct str password, struct str *out);
/* False for a wrong password, for one that pwhash_make refuses, and for an encoded form that is
 * none. */
bool pwhash_check(struct str password, struct str encoded);
/* A well-formed hash at today's cost that no password is known for: check against this when the
 * user is unknown, so that the answer takes as long (attack 53). */
struct str pwhash_dummy(void);

#endif
