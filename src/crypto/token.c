/* token.c: see token.h. */
#include "crypto/token.h"
#include "crypto/hash.h"
#include "crypto/must.h"
#include "crypto/random.h"

#include <sodium.h>

enum { TOKEN_BYTES = 32 };
_Static_assert(TOKEN_LEN + 1 ==
                   sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "TOKEN_LEN");

static void write_token(const uint8_t b[static TOKEN_BYTES], char out[static TOKEN_LEN + 1])
{
    /* libsodium's encoder, unlike base/encode.h, does not index tables with secret bytes */
    sodium_bin2base64(out, TOKEN_LEN + 1, b, TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void token_new(char out[static TOKEN_LEN + 1])
{
    uint8_t b[TOKEN_BYTES];

    random_bytes(b, sizeof(b));
    write_token(b, out);
    explicit_bzero(b, sizeof(b));
}

void token_hash(struct str token, uint8_t out[static TOKEN_HASH_LEN])
{
    hash_sha256(str_bytes(token), out);
}

static void put_be(uint8_t *out, size_t n, uint64_t v)
{
    while (n-- > 0) {
        out[n] = (uint8_t)v;
        v >>= 8;
    }
}

/* `label` is one of the two NUL-terminated words above; its NUL is part of the message. */
static void derive(const char *label, struct bytes key, struct str purpose, int64_t row_id,
                   uint32_t counter, uint8_t out[static HMAC_LEN_MAX])
{
    uint8_t row[8], count[4];
    struct bytes parts[] = {
        {(const uint8_t *)label, strlen(label) + 1},
        BYTES_OF(row),
        BYTES_OF(count),
        str_bytes(purpose),
    };

    put_be(row, sizeof(row), (uint64_t)row_id);
    put_be(count, sizeof(count), counter);
    hmac_parts(HMAC_SHA256, key, parts, COUNT_OF(parts), out);
}

void token_derive(struct bytes key, struct str purpose, int64_t row_id,
                  char out[static TOKEN_LEN + 1])
{
    uint8_t mac[HMAC_LEN_MAX];

    derive("countersign token", key, purpose, row_id, 0, mac);
    write_token(mac, out);
    explicit_bzero(mac, sizeof(mac));
}

void code_derive(struct bytes key, struct str purpose, int64_t row_id, uint32_t counter,
                 unsigned digits, char out[static CODE_DIGITS_MAX + 1])
{
    uint8_t mac[HMAC_LEN_MAX];
    uint64_t v = 0;

    must(digits >= CODE_DIGITS_MIN && digits <= CODE_DIGITS_MAX, "code_derive");
    derive("countersign code", key, purpose, row_id, counter, mac);
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | mac[i];
    out[digits] = '\0';
    for (unsigned i = digits; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    explicit_bzero(mac, sizeof(mac));
}
