/*
 * base32.h: RFC 4648 base32, the alphabet of authenticator secrets. Pure.
 */
#ifndef CRYPTO_BASE32_H
#define CRYPTO_BASE32_H

#include "base/arena.h"

/* Upper case, no padding (the Key URI format omits it). Lives in mem. */
struct str base32_encode(struct arena *mem, struct bytes in);

/* Writes at most max bytes to out and returns the count, or -1. Friendly to what people copy:
 * either case, spaces and '-' anywhere, any number of '=' at the end. Strict about the rest:
 * another character, a length that no encoder makes, bits set behind the last byte, or more than
 * max bytes. */
ptrdiff_t base32_decode(struct str in, uint8_t *out, size_t max);

#endif
