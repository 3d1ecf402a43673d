/*
 * hash.c: libsodium for SHA-256 (faster on short input), OpenSSL for the rest.
 *
 * The HMAC contexts belong to their thread: made on first use with the digest already chosen
 * (choosing it anew costs more than the HMAC), released by a thread-specific key when the thread
 * ends. The key schedule stays in the context until its next use, as it would in any cache of keys.
 */
#include "crypto/hash.h"
#include "crypto/must.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <sodium.h>

static const struct {
    const char *digest;
    size_t len;
} algs[HMAC_ALGS] = {
    [HMAC_SHA1] = {"SHA1",   HASH_SHA1_LEN  },
    [HMAC_SHA256] = {"SHA256", HASH_SHA256_LEN},
    [HMAC_SHA512] = {"SHA512", HASH_SHA512_LEN},
};

struct contexts {
    EVP_MAC_CTX *of[HMAC_ALGS];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;
static EVP_MAC *mac;
static _Thread_local struct contexts mine;

static void contexts_free(void *arg)
{
    struct contexts *c = arg;

    for (size_t i = 0; i < HMAC_ALGS; i++) {
        EVP_MAC_CTX_free(c->of[i]);
        c->of[i] = NULL;
    }
}

static void start(void)
{
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(mac != NULL, "EVP_MAC_fetch");
    must(pthread_key_create(&thread_end, contexts_free) == 0, "pthread_key_create");
}

static EVP_MAC_CTX *context(enum hmac_alg alg)
{
    char digest[8];
    OSSL_PARAM params[2];

    must((unsigned)alg < HMAC_ALGS, "hmac_alg");
    if (mine.of[alg])
        return mine.of[alg];
    pthread_once(&once, start);
    mine.of[alg] = EVP_MAC_CTX_new(mac);
    snprintf(digest, sizeof(digest), "%s", algs[alg].digest);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    params[1] = OSSL_PARAM_construct_end();
    must(mine.of[alg] && EVP_MAC_CTX_set_params(mine.of[alg], params), "EVP_MAC_CTX_set_params");
    pthread_setspecific(thread_end, &mine);
    return mine.of[alg];
}

void hash_sha256(struct bytes in, uint8_t out[static HASH_SHA256_LEN])
{
    hash_sha256_parts(&in, 1, out);
}

void hash_sha256_parts(const struct bytes *parts, size_t count, uint8_t out[static HASH_SHA256_LEN])
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        crypto_hash_sha256_update(&state, parts[i].p, parts[i].n);
    crypto_hash_sha256_final(&state, out);
    explicit_bzero(&state, sizeof(state));
}

size_t hmac_len(enum hmac_alg alg)
{
    must((unsigned)alg < HMAC_ALGS, "hmac_alg");
    return algs[alg].len;
}

size_t hmac(enum hmac_alg alg, struct bytes key, struct bytes in, uint8_t out[static HMAC_LEN_MAX])
{
    return hmac_parts(alg, key, &in, 1, out);
}

size_t hmac_parts(enum hmac_alg alg, struct bytes key, const struct bytes *parts, size_t count,
                  uint8_t out[static HMAC_LEN_MAX])
{
    static const uint8_t zero[1]; /* HMAC pads keys with zeros, so this is the empty key */
    EVP_MAC_CTX *ctx = context(alg);
    size_t len = 0;
    int ok;

    if (key.n == 0)
        key = BYTES_OF(zero);
    ok = EVP_MAC_init(ctx, key.p, key.n, NULL);
    for (size_t i = 0; i < count && ok; i++) {
        if (parts[i].n)
            ok = EVP_MAC_update(ctx, parts[i].p, parts[i].n);
    }
    must(ok && EVP_MAC_final(ctx, out, &len, HMAC_LEN_MAX) && len == algs[alg].len, "EVP_MAC");
    return len;
}

void hkdf_sha256(struct bytes salt, struct bytes ikm, struct bytes info, uint8_t *out,
                 size_t out_len)
{
    uint8_t prk[HMAC_LEN_MAX], block[HMAC_LEN_MAX];
    struct bytes key = {prk, HASH_SHA256_LEN};
    uint8_t i = 0;

    must(out_len <= HKDF_SHA256_LEN_MAX, "hkdf_sha256");
    hmac(HMAC_SHA256, salt, ikm, prk);
    while (out_len > 0) { /* T(i) = HMAC(PRK, T(i-1) | info | i), T(0) is empty */
        struct bytes parts[] = {
            {block, i ? HASH_SHA256_LEN : 0},
            info, {&i,    1                      }
        };
        size_t n = MIN_OF(out_len, (size_t)HASH_SHA256_LEN);

        i++;
        hmac_parts(HMAC_SHA256, key, parts, COUNT_OF(parts), block);
        memcpy(out, block, n);
        out += n;
        out_len -= n;
    }
    explicit_bzero(prk, sizeof(prk));
    explicit_bzero(block, sizeof(block));
}
