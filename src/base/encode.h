/*
 * encode.h: hex, base64 and base64url (RFC 4648), both ways, strict; text for URLs and markup.
 *
 * Encoders write into a buffer; decoders write at most max bytes and return the count, or -1 for
 * any character, length or trailing bit that an encoder would not have written.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/arena.h"
#include "base/buf.h"

struct str hex_encode(struct arena *mem, struct bytes in); /* lower case */
ptrdiff_t hex_decode(struct str in, uint8_t *out, size_t max);

struct str base64_encode(struct arena *mem, struct bytes in);    /* with padding */
struct str base64url_encode(struct arena *mem, struct bytes in); /* without padding */
ptrdiff_t base64_decode(struct str in, uint8_t *out, size_t max);
ptrdiff_t base64url_decode(struct str in, uint8_t *out, size_t max);

/* RFC 3986 percent-encoding of everything but unreserved characters. */
void url_part(struct buf *out, struct str s);
/* Decodes %XX, and '+' as a space where plus_is_space (forms, not paths). False when malformed. */
bool url_decode(struct arena *mem, struct str in, bool plus_is_space, struct str *out);

/* Text between the tags and in the quoted attributes of HTML and XML: & < > " ' are escaped. */
void markup_text(struct buf *out, struct str s);

#endif
