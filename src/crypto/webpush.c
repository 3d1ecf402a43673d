/* webpush.c: see webpush.h; section numbers are those of RFC 8291, where no other is said. */
#include "crypto/webpush.h"
#include "base/encode.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/must.h"
#include "crypto/random.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    CEK_LEN = 16,
    NONCE_LEN = 12,
    TAG_LEN = 16,
    LAST_RECORD = 2, /* the delimiter behind the plain text of the last record (RFC 8188, 2) */
};

struct record_keys {
    uint8_t cek[CEK_LEN], nonce[NONCE_LEN];
};

/* Section 3.4: both public keys and the subscription's secret go into what the record is under. */
static void derive(const uint8_t shared[static ES256_SHARED_LEN], const struct webpush_keys *to,
                   const uint8_t sender[static ES256_POINT_LEN],
                   const uint8_t salt[static WEBPUSH_SALT_LEN], struct record_keys *out)
{
    static const char label[] = "WebPush: info"; /* its NUL is part of it */
    uint8_t info[sizeof(label) + 2 * ES256_POINT_LEN], ikm[HASH_SHA256_LEN];
    struct bytes salted = {salt, WEBPUSH_SALT_LEN};

    memcpy(info, label, sizeof(label));
    memcpy(info + sizeof(label), to->point.p, ES256_POINT_LEN);
    memcpy(info + sizeof(label) + ES256_POINT_LEN, sender, ES256_POINT_LEN);
    hkdf_sha256(to->auth, (struct bytes){shared, ES256_SHARED_LEN}, BYTES_OF(info), ikm,
                sizeof(ikm));
    hkdf_sha256(salted, BYTES_OF(ikm), BYTES_OF("Content-Encoding: aes128gcm"), out->cek, CEK_LEN);
    hkdf_sha256(salted, BYTES_OF(ikm), BYTES_OF("Content-Encoding: nonce"), out->nonce, NONCE_LEN);
    explicit_bzero(ikm, sizeof(ikm));
}

/* Writes n + 1 + TAG_LEN bytes. */
static void seal(const struct record_keys *keys, struct bytes plain, uint8_t *out)
{
    static const uint8_t delimiter = LAST_RECORD;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, more = 0, end = 0;

    must(ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->cek, keys->nonce) == 1,
         "EVP_EncryptInit_ex");
    must((plain.n == 0 || EVP_EncryptUpdate(ctx, out, &n, plain.p, (int)plain.n) == 1) &&
             EVP_EncryptUpdate(ctx, out + n, &more, &delimiter, 1) == 1 &&
             EVP_EncryptFinal_ex(ctx, out + n + more, &end) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out + n + more) == 1,
         "EVP_EncryptUpdate");
    EVP_CIPHER_CTX_free(ctx);
}

bool webpush_encrypt_with(struct arena *mem, const struct webpush_keys *to, struct bytes plain,
                          const struct es256_key *once, const uint8_t salt[static WEBPUSH_SALT_LEN],
                          struct bytes *out)
{
    static const uint8_t record_size[4] = {0, 0, WEBPUSH_BODY_MAX >> 8, 0};
    size_t n = WEBPUSH_HEADER_LEN + plain.n + 1 + TAG_LEN;
    OWN(es256_free) struct es256_key *receiver = NULL;
    uint8_t sender[ES256_POINT_LEN], shared[ES256_SHARED_LEN], *body, *at;
    struct record_keys keys;

    if (to->auth.n != WEBPUSH_AUTH_LEN || plain.n > WEBPUSH_PLAIN_MAX ||
        !es256_from_point(to->point, &receiver))
        return false;
    es256_agree(once, receiver, shared);
    es256_point(once, sender);
    derive(shared, to, sender, salt, &keys);
    explicit_bzero(shared, sizeof(shared));

    /* RFC 8188 section 2.1: salt, record size, length of the key id, key id */
    at = body = arena_alloc(mem, n);
    memcpy(at, salt, WEBPUSH_SALT_LEN);
    at += WEBPUSH_SALT_LEN;
    memcpy(at, record_size, sizeof(record_size));
    at += sizeof(record_size);
    *at++ = ES256_POINT_LEN;
    memcpy(at, sender, ES256_POINT_LEN);
    seal(&keys, plain, at + ES256_POINT_LEN);
    explicit_bzero(&keys, sizeof(keys));
    *out = (struct bytes){body, n};
    return true;
}

bool webpush_encrypt(struct arena *mem, const struct webpush_keys *to, struct bytes plain,
                     struct bytes *out)
{
    OWN(es256_free) struct es256_key *once = es256_generate();
    uint8_t salt[WEBPUSH_SALT_LEN];

    random_bytes(salt, sizeof(salt));
    return webpush_encrypt_with(mem, to, plain, once, salt, out);
}

struct str vapid_header(struct arena *mem, const struct es256_key *key, struct str origin,
                        struct str contact, int64_t expires_at_s)
{
    static const struct jwt_head head = {
        .typ = {"JWT", 3}
    };
    struct jwt_key signer = {.alg = JWT_ES256, .pair = key};
    uint8_t point[ES256_POINT_LEN];
    struct str token, name;

    token = jwt_sign(mem, &signer, &head,
                     arena_printf(mem, "{\"aud\":\"%.*s\",\"exp\":%lld,\"sub\":\"%.*s\"}",
                                  STR_ARG(origin), (long long)expires_at_s, STR_ARG(contact)));
    es256_point(key, point);
    name = base64url_encode(mem, BYTES_OF(point));
    return arena_printf(mem, "vapid t=%.*s, k=%.*s", STR_ARG(token), STR_ARG(name));
}
