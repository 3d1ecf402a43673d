/*
 * str.h: borrowed views of text and bytes, passed by value.
 *
 * A view owns nothing and may hold NUL. Parsers take a view and never write into it. What a
 * function returns as a view lives as long as its input, unless it took an arena (then: until the
 * ctx ends).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n; /* bytes */
};

struct bytes {
    const uint8_t *p;
    size_t n; /* bytes */
};

#define STR(lit)        ((struct str){"" lit, sizeof(lit) - 1})
#define STR_NONE        ((struct str){NULL, 0})
#define STR_ARG(s)      (int)(s).n, (s).p /* for "%.*s" */
#define BYTES_OF(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})

/* The view of a NUL-terminated string; NULL gives the empty view. */
struct str str_from(const char *z);
struct bytes str_bytes(struct str s);
struct str bytes_str(struct bytes b);

/* Not for secrets: time depends on the contents (ct_equal is for those). */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

enum { STR_NPOS = -1 };
/* Index of the first c (or needle) in s, or STR_NPOS. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_find_str(struct str s, struct str needle);

/* The part from byte `from` on, at most n bytes; both are clamped to s. */
struct str str_sub(struct str s, size_t from, size_t n);
/* Without leading and trailing spaces and tabs. */
struct str str_trim(struct str s);
/* Cuts the next piece before `sep` off *rest. False when *rest was used up (p == NULL). */
bool str_split(struct str *rest, char sep, struct str *out);

/* The whole of s as a decimal number within [min, max]. No sign but '-', no spaces, no empty text.
 */
bool str_to_i64(struct str s, int64_t min, int64_t max, int64_t *out);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);
/* Decodes the code point at byte *at (which must be inside s) and moves *at behind it. Returns -1
 * when it is malformed; *at moves on all the same. */
int32_t str_utf8_next(struct str s, size_t *at);
/* Characters (code points) of well-formed UTF-8. */
size_t str_utf8_count(struct str s);
/* True if a control character is inside (C0, DEL, C1, line and paragraph separators, bidi
 * controls). */
bool str_has_control(struct str s);

/* ---- ASCII, whatever the locale ---- */

char char_lower(char c);
bool char_is_alnum(char c);
bool str_all_digits(struct str s); /* false when empty */
/* Letters, digits and the characters of `more` only. False when empty. */
bool str_all_alnum(struct str s, const char *more);

#endif
