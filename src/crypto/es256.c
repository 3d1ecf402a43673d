/*
 * es256.c: see es256.h. All public forms come down to the point, which OpenSSL checks to be on the
 * curve (and P-256 has no small subgroups). The fixed forms are compared, not parsed.
 */
#include "crypto/es256.h"
#include "base/encode.h"
#include "base/mem.h"
#include "crypto/must.h"
#include "crypto/random.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

enum { NUMBER_LEN = 32, DER_MAX = 72 };

struct es256_key {
    EVP_PKEY *pkey;
    bool has_private;
    uint8_t point[ES256_POINT_LEN];
    uint8_t d[ES256_PRIVATE_LEN];
};

/* SubjectPublicKeyInfo up to the point: ecPublicKey, prime256v1, BIT STRING of 66 bytes. */
static const uint8_t spki_head[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
_Static_assert(sizeof(spki_head) + ES256_POINT_LEN == ES256_SPKI_LEN, "ES256_SPKI_LEN");

/* Fills key->pkey from the point and, where there is one, d. False for a point off the curve. */
static bool import(struct es256_key *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *d = key->has_private ? BN_bin2bn(key->d, sizeof(key->d), NULL) : NULL;
    OSSL_PARAM *params;
    bool done;

    must(ctx && build && (d || !key->has_private), "EVP_PKEY_CTX_new_from_name");
    must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
             OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, key->point,
                                              sizeof(key->point)) &&
             (!d || OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, d, NUMBER_LEN)),
         "OSSL_PARAM_BLD");
    params = OSSL_PARAM_BLD_to_param(build);
    must(params && EVP_PKEY_fromdata_init(ctx) == 1, "EVP_PKEY_fromdata_init");
    done =
        EVP_PKEY_fromdata(ctx, &key->pkey, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) == 1;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(ctx);
    return done;
}

void es256_free(struct es256_key **key)
{
    if (!*key)
        return;
    EVP_PKEY_free((*key)->pkey);
    explicit_bzero(*key, sizeof(**key));
    mem_free(*key);
    *key = NULL;
}

bool es256_from_point(struct bytes point, struct es256_key **out)
{
    OWN(es256_free) struct es256_key *key = NULL;

    if (point.n != ES256_POINT_LEN || point.p[0] != POINT_CONVERSION_UNCOMPRESSED)
        return false;
    key = mem_alloc(sizeof(*key));
    memcpy(key->point, point.p, point.n);
    if (!import(key))
        return false;
    *out = TAKE(key);
    return true;
}

bool es256_from_spki(struct bytes der, struct es256_key **out)
{
    struct str head = str_sub(bytes_str(der), 0, sizeof(spki_head));

    return der.n == ES256_SPKI_LEN && str_eq(head, bytes_str(BYTES_OF(spki_head))) &&
           es256_from_point((struct bytes){der.p + sizeof(spki_head), ES256_POINT_LEN}, out);
}

bool es256_from_jwk(struct str x, struct str y, struct es256_key **out)
{
    uint8_t point[ES256_POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};

    return base64url_decode(x, point + 1, NUMBER_LEN) == NUMBER_LEN &&
           base64url_decode(y, point + 1 + NUMBER_LEN, NUMBER_LEN) == NUMBER_LEN &&
           es256_from_point(BYTES_OF(point), out);
}

/* The point d * G. False unless 1 <= d < order. */
static bool point_of(const uint8_t d[static NUMBER_LEN], uint8_t out[static ES256_POINT_LEN])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    BIGNUM *number = BN_bin2bn(d, NUMBER_LEN, NULL);
    bool in_range;

    must(point && number, "EC_POINT_new");
    BN_set_flags(number, BN_FLG_CONSTTIME);
    in_range = !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0;
    if (in_range)
        must(EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
                 EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out,
                                    ES256_POINT_LEN, NULL) == ES256_POINT_LEN,
             "EC_POINT_mul");
    BN_clear_free(number);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return in_range;
}

bool es256_from_private(struct bytes d, struct es256_key **out)
{
    OWN(es256_free) struct es256_key *key = mem_alloc(sizeof(*key));

    if (d.n != ES256_PRIVATE_LEN || !point_of(d.p, key->point))
        return false;
    memcpy(key->d, d.p, d.n);
    key->has_private = true;
    must(import(key), "EVP_PKEY_fromdata");
    *out = TAKE(key);
    return true;
}

struct es256_key *es256_generate(void)
{
    uint8_t d[ES256_PRIVATE_LEN];
    struct es256_key *key = NULL;

    do /* once, but for one number in 2^32 */
        random_bytes(d, sizeof(d));
    while (!es256_from_private(BYTES_OF(d), &key));
    explicit_bzero(d, sizeof(d));
    return key;
}

void es256_point(const struct es256_key *key, uint8_t out[static ES256_POINT_LEN])
{
    memcpy(out, key->point, ES256_POINT_LEN);
}

bool es256_private(const struct es256_key *key, uint8_t out[static ES256_PRIVATE_LEN])
{
    if (key->has_private)
        memcpy(out, key->d, ES256_PRIVATE_LEN);
    return key->has_private;
}

/* ---- signatures: OpenSSL speaks DER, we speak r and s ---- */

static void ecdsa_sig_free(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
}

bool es256_signature_from_der(struct bytes der, uint8_t out[static ES256_SIGNATURE_LEN])
{
    const unsigned char *at = der.p;
    unsigned char again[DER_MAX + 8], *end = again;
    OWN(ecdsa_sig_free) ECDSA_SIG *sig = NULL;
    const BIGNUM *r, *s;

    if (der.n == 0 || der.n > DER_MAX)
        return false;
    sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
    if (!sig || at != der.p + der.n)
        return false;
    ECDSA_SIG_get0(sig, &r, &s);
    if (BN_is_negative(r) || BN_is_negative(s) || BN_is_zero(r) || BN_is_zero(s) ||
        BN_num_bytes(r) > NUMBER_LEN || BN_num_bytes(s) > NUMBER_LEN)
        return false;
    /* OpenSSL reads BER too: what it would not have written itself is none */
    if (i2d_ECDSA_SIG(sig, &end) != (int)der.n ||
        !str_eq(bytes_str((struct bytes){again, der.n}), bytes_str(der)))
        return false;
    return BN_bn2binpad(r, out, NUMBER_LEN) == NUMBER_LEN &&
           BN_bn2binpad(s, out + NUMBER_LEN, NUMBER_LEN) == NUMBER_LEN;
}

static size_t to_der(const uint8_t raw[static ES256_SIGNATURE_LEN], uint8_t out[static DER_MAX])
{
    OWN(ecdsa_sig_free) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, NUMBER_LEN, NULL),
           *s = BN_bin2bn(raw + NUMBER_LEN, NUMBER_LEN, NULL);
    int n;

    must(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1, "ECDSA_SIG_set0");
    n = i2d_ECDSA_SIG(sig, &out);
    must(n > 0 && n <= DER_MAX, "i2d_ECDSA_SIG");
    return (size_t)n;
}

void es256_sign(const struct es256_key *key, struct bytes message,
                uint8_t out[static ES256_SIGNATURE_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[DER_MAX];
    size_t n = sizeof(der);

    must(key->has_private && ctx &&
             EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
             EVP_DigestSign(ctx, der, &n, message.p, message.n) == 1 &&
             es256_signature_from_der((struct bytes){der, n}, out),
         "EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
}

bool es256_verify(const struct es256_key *key, struct bytes message, struct bytes signature)
{
    uint8_t der[DER_MAX];
    EVP_MD_CTX *ctx;
    size_t n;
    bool right;

    if (signature.n != ES256_SIGNATURE_LEN)
        return false;
    n = to_der(signature.p, der);
    ctx = EVP_MD_CTX_new();
    must(ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1,
         "EVP_DigestVerifyInit");
    right = EVP_DigestVerify(ctx, der, n, message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    return right;
}

/* ---- agreement ---- */

void es256_agree(const struct es256_key *own, const struct es256_key *peer,
                 uint8_t out[static ES256_SHARED_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own->pkey, NULL);
    size_t n = ES256_SHARED_LEN;

    must(own->has_private && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
             EVP_PKEY_derive_set_peer(ctx, peer->pkey) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1 &&
             n == ES256_SHARED_LEN,
         "EVP_PKEY_derive");
    EVP_PKEY_CTX_free(ctx);
}
