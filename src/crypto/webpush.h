/*
 * webpush.h: what a Web Push request needs besides HTTP: the encrypted body (RFC 8291 over RFC
 * 8188, "aes128gcm", one record) and the sender's signed name (VAPID, RFC 8292). Pure but for the
 * random bytes of each message.
 *
 * The push service sees neither the contents nor more than the length. Encrypting costs about
 * 180 us and signing 25 us: keep a VAPID header for hours, one for each push service.
 */
#ifndef CRYPTO_WEBPUSH_H
#define CRYPTO_WEBPUSH_H

#include "base/arena.h"
#include "crypto/es256.h"

enum {
    WEBPUSH_AUTH_LEN = 16,
    WEBPUSH_SALT_LEN = 16,
    WEBPUSH_BODY_MAX = 4096, /* bytes that every push service takes */
    WEBPUSH_HEADER_LEN = WEBPUSH_SALT_LEN + 4 + 1 + ES256_POINT_LEN,
    WEBPUSH_PLAIN_MAX = WEBPUSH_BODY_MAX - WEBPUSH_HEADER_LEN - 1 - 16, /* delimiter, tag */
    VAPID_LIFE_MAX_S = 24 * 3600, /* push services refuse a longer one */
};

/* A subscription's keys as the browser gave them. */
struct webpush_keys {
    struct bytes point; /* p256dh, ES256_POINT_LEN */
    struct bytes auth;  /* WEBPUSH_AUTH_LEN */
};

/* The body of a push, in mem. False: a key has the wrong length or is off the curve, or `plain` is
 * longer than WEBPUSH_PLAIN_MAX. */
bool webpush_encrypt(struct arena *mem, const struct webpush_keys *to, struct bytes plain,
                     struct bytes *out);
/* The same with the sender's one-time pair and salt given: for the vectors of RFC 8291. Either used
 * twice for one subscription would give the contents away. */
bool webpush_encrypt_with(struct arena *mem, const struct webpush_keys *to, struct bytes plain,
                          const struct es256_key *once, const uint8_t salt[static WEBPUSH_SALT_LEN],
                          struct bytes *out);

/* "vapid t=…, k=…": the value of the Authorization header. origin is that of the endpoint
 * (url_origin), contact a "mailto:" or "https:" address of the operator; both without characters
 * that JSON escapes. At most VAPID_LIFE_MAX_S ahead. */
struct str vapid_header(struct arena *mem, const struct es256_key *key, struct str origin,
                        struct str contact, int64_t expires_at_s);

#endif
