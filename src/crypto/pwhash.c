/* pwhash.c: see pwhash.h. */
#include "crypto/pwhash.h"
#include "crypto/must.h"

#include <sodium.h>
#include <uninorm.h>

enum {
    PASSES = 2,
    MEMORY = 19 * MIB,
    NORMAL_MAX =
        3 * PWHASH_PASSWORD_MAX, /* UAX 15: normal form C is at most thrice as long in UTF-8 */
};
_Static_assert(PWHASH_LEN_MAX + 1 == crypto_pwhash_STRBYTES, "PWHASH_LEN_MAX");

/* The password in normal form C; *n bytes of out. False when it is too long or not UTF-8. */
static bool normalise(struct str password, uint8_t out[static NORMAL_MAX], size_t *n)
{
    *n = NORMAL_MAX;
    if (password.n > PWHASH_PASSWORD_MAX || !str_is_utf8(password))
        return false;
    if (password.n == 0) {
        *n = 0;
        return true;
    }
    return u8_normalize(UNINORM_NFC, str_bytes(password).p, password.n, out, n) == out;
}

enum err pwhash_make(struct ctx *cx, struct str password, struct str *out)
{
    char encoded[crypto_pwhash_STRBYTES];
    uint8_t normal[NORMAL_MAX];
    size_t n;
    int failed;

    must_sodium();
    if (!normalise(password, normal, &n))
        return fail(cx, ERR_INVALID, "password: too long or not UTF-8");
    failed = crypto_pwhash_str_alg(encoded, (const char *)normal, n, PASSES, MEMORY,
                                   crypto_pwhash_ALG_ARGON2ID13);
    explicit_bzero(normal, sizeof(normal));
    if (failed)
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
    uint8_t normal[NORMAL_MAX];
    size_t n;
    bool right;

    must_sodium();
    right = normalise(password, normal, &n) && copy_encoded(encoded, z) &&
            crypto_pwhash_str_verify(z, (const char *)normal, n) == 0;
    explicit_bzero(normal, sizeof(normal));
    return right;
}

struct str pwhash_dummy(void)
{
    /* salt and hash are 16 and 32 random bytes, thrown once; finding a password for them is a
     * second preimage of Argon2id */
    return STR("$argon2id$v=19$m=19456,t=2,p=1$iOH6AibpKs+UAdR3OI3hZg$"
               "EngTXBwC15MltOC0OBVT9REfVj9WFlUJ5DNsVzsKiz8");
}
