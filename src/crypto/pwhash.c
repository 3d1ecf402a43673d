/* pwhash.c: see pwhash.h. */
#include "crypto/pwhash.h"
#include "crypto/must.h"

#include <sodium.h>

enum { PASSES = 2, MEMORY = 19 * MIB };
_Static_assert(PWHASH_LEN_MAX + 1 == crypto_pwhash_STRBYTES, "PWHASH_LEN_MAX");

enum err pwhash_make(struct ctx *cx, struct str password, struct str *out)
{
    char encoded[crypto_pwhash_STRBYTES];

    must_sodium();
    if (password.n > PWHASH_PASSWORD_MAX || !str_is_utf8(password))
        return fail(cx, ERR_INVALID, "password: too long or not UTF-8");
    if (crypto_pwhash_str_alg(encoded, password.n ? password.p : "", password.n, PASSES, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(cx, ERR_BUSY, "password: no memory to hash with");
    *out = arena_str(cx->mem, str_from(encoded));
    return OK;
}

/* libsodium takes the encoded form NUL-terminated. */
static bool copy_encoded(struct str encoded, char out[static crypto_pwhash_STRBYTES])
{
    if (encoded.n > PWHASH_LEN_MAX)
        return false;
    memset(out, 0, crypto_pwhash_STRBYTES);
    if (encoded.n)
        memcpy(out, encoded.p, encoded.n);
    return true;
}

bool pwhash_check(struct str password, struct str encoded)
{
    char z[crypto_pwhash_STRBYTES];

    must_sodium();
    return password.n <= PWHASH_PASSWORD_MAX && copy_encoded(encoded, z) &&
           crypto_pwhash_str_verify(z, password.n ? password.p : "", password.n) == 0;
}

bool pwhash_needs_rehash(struct str encoded)
{
    char z[crypto_pwhash_STRBYTES];

    must_sodium();
    return !copy_encoded(encoded, z) || crypto_pwhash_str_needs_rehash(z, PASSES, MEMORY) != 0;
}

struct str pwhash_dummy(void)
{
    /* salt and hash are 16 and 32 random bytes, thrown once; finding a password for them is a
     * second preimage of Argon2id */
    return STR("$argon2id$v=19$m=19456,t=2,p=1$iOH6AibpKs+UAdR3OI3hZg$"
               "EngTXBwC15MltOC0OBVT9REfVj9WFlUJ5DNsVzsKiz8");
}
