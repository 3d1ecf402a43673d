/*
 * str.c: views. Pure functions without allocation.
 */
#include "base/str.h"

#include <string.h>

struct str str_from(const char *z)
{
    return z ? (struct str){z, strlen(z)} : STR_NONE;
}

struct bytes str_bytes(struct str s)
{
    return (struct bytes){(const uint8_t *)s.p, s.n};
}

struct str bytes_str(struct bytes b)
{
    return (struct str){(const char *)b.p, b.n};
}

bool str_eq(struct str a, struct str b)
{
    /* a view with bytes has a pointer: NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool char_is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (char_lower(a.p[i]) != char_lower(b.p[i]))
            return false;
    }
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN_OF(a.n, b.n);
    int r = n ? memcmp(a.p, b.p, n) : 0;

    return r ? r : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

ptrdiff_t str_find(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? at - s.p : STR_NPOS;
}

ptrdiff_t str_find_str(struct str s, struct str needle)
{
    const char *at;

    if (needle.n == 0)
        return 0;
    at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? at - s.p : STR_NPOS;
}

struct str str_sub(struct str s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    return (struct str){s.p ? s.p + from : NULL, MIN_OF(n, s.n - from)};
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_sub(s, 1, s.n);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool str_split(struct str *rest, char sep, struct str *out)
{
    ptrdiff_t at;

    if (!rest->p)
        return false;
    at = str_find(*rest, sep);
    if (at == STR_NPOS) {
        *out = *rest;
        *rest = STR_NONE;
        return true;
    }
    *out = str_sub(*rest, 0, (size_t)at);
    *rest = str_sub(*rest, (size_t)at + 1, rest->n);
    return true;
}

bool str_to_i64(struct str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    int64_t v = 0;

    if (negative)
        s = str_sub(s, 1, s.n);
    if (!str_all_digits(s))
        return false;
    for (size_t i = 0; i < s.n; i++) { /* built downwards, so that INT64_MIN has a way in */
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return false;
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
        return false;
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

int32_t str_utf8_next(struct str s, size_t *at)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000}; /* below these: an overlong form */
    unsigned char c = (unsigned char)s.p[(*at)++];
    unsigned more;
    int32_t v;

    if (c < 0x80)
        return c;
    if (c >= 0xC2 && c <= 0xDF)
        more = 1, v = c & 0x1F;
    else if (c >= 0xE0 && c <= 0xEF)
        more = 2, v = c & 0x0F;
    else if (c >= 0xF0 && c <= 0xF4)
        more = 3, v = c & 0x07;
    else
        return -1;
    if (s.n - *at < more)
        return -1;
    for (unsigned i = 0; i < more; i++) {
        c = (unsigned char)s.p[(*at)++];
        if ((c & 0xC0) != 0x80)
            return -1;
        v = v << 6 | (c & 0x3F);
    }
    if (v < least[more] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return -1;
    return v;
}

bool str_is_utf8(struct str s)
{
    for (size_t at = 0; at < s.n;) {
        if (str_utf8_next(s, &at) < 0)
            return false;
    }
    return true;
}

size_t str_utf8_count(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.n; i++)
        count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return count;
}

static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) ||      /* C0, DEL, C1 */
           c == 0x2028 || c == 0x2029 ||                /* line, paragraph separator */
           c == 0x200E || c == 0x200F || c == 0x061C || /* LRM, RLM, ALM */
           (c >= 0x202A && c <= 0x202E) ||              /* embeddings, overrides */
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF; /* isolates, BOM */
}

bool str_has_control(struct str s)
{
    for (size_t at = 0; at < s.n;) {
        if (is_control(str_utf8_next(s, &at))) /* malformed is -1 < 0x20: counts as control */
            return true;
    }
    return false;
}

bool str_all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

bool str_all_alnum(struct str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!char_is_alnum(s.p[i]) && str_find(str_from(more), s.p[i]) == STR_NPOS)
            return false;
    }
    return s.n > 0;
}
