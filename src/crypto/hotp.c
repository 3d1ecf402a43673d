/* hotp.c: see hotp.h. */
#include "crypto/hotp.h"
#include "crypto/must.h"

void hotp_code(enum hmac_alg alg, struct bytes key, uint64_t counter, unsigned digits,
               char out[static HOTP_DIGITS_MAX + 1])
{
    uint8_t message[8], mac[HMAC_LEN_MAX];
    const uint8_t *at;
    uint32_t v;
    size_t len;

    must(digits >= HOTP_DIGITS_MIN && digits <= HOTP_DIGITS_MAX, "hotp_code");
    for (int i = 7; i >= 0; i--, counter >>= 8)
        message[i] = (uint8_t)counter;
    len = hmac(alg, key, BYTES_OF(message), mac);
    at = mac + (mac[len - 1] & 15);
    v = (uint32_t)(at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    out[digits] = '\0';
    for (unsigned i = digits; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    explicit_bzero(mac, sizeof(mac));
}
