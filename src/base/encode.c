/* encode.c: see encode.h. Table-driven; not for secrets where cache timing would matter. */
#include "base/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char std_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct str hex_encode(struct arena *mem, struct bytes in)
{
    char *p = arena_alloc(mem, in.n * 2 + 1);

    for (size_t i = 0; i < in.n; i++) {
        p[2 * i] = hex_digits[in.p[i] >> 4];
        p[2 * i + 1] = hex_digits[in.p[i] & 15];
    }
    return (struct str){p, in.n * 2};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

ptrdiff_t hex_decode(struct str in, uint8_t *out, size_t max)
{
    if (in.n % 2 != 0 || in.n / 2 > max)
        return -1;
    for (size_t i = 0; i < in.n; i += 2) {
        int high = hex_value(in.p[i]), low = hex_value(in.p[i + 1]);

        if (high < 0 || low < 0)
            return -1;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (ptrdiff_t)(in.n / 2);
}

static struct str encode64(struct arena *mem, struct bytes in, const char *alphabet, bool pad)
{
    char *p = arena_alloc(mem, (in.n + 2) / 3 * 4 + 1);
    size_t n = 0;

    for (size_t i = 0; i < in.n; i += 3) {
        size_t have = MIN_OF(in.n - i, (size_t)3);
        uint32_t v = (uint32_t)in.p[i] << 16;

        if (have > 1)
            v |= (uint32_t)in.p[i + 1] << 8;
        if (have > 2)
            v |= in.p[i + 2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= have)
                p[n++] = alphabet[v >> (18 - 6 * k) & 63];
            else if (pad)
                p[n++] = '=';
        }
    }
    return (struct str){p, n};
}

struct str base64_encode(struct arena *mem, struct bytes in)
{
    return encode64(mem, in, std_alphabet, true);
}

struct str base64url_encode(struct arena *mem, struct bytes in)
{
    return encode64(mem, in, url_alphabet, false);
}

static ptrdiff_t decode64(struct str in, const char *alphabet, uint8_t *out, size_t max)
{
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        const char *at = in.p[i] ? strchr(alphabet, in.p[i]) : NULL;

        if (!at)
            return -1;
        v = (v << 6 | (uint32_t)(at - alphabet)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (n == max)
                return -1;
            out[n++] = (uint8_t)(v >> bits);
        }
    }
    if (bits >= 6 ||
        (v & ((1u << bits) - 1)) != 0) /* a lone character, or bits that nobody wrote */
        return -1;
    return (ptrdiff_t)n;
}

ptrdiff_t base64_decode(struct str in, uint8_t *out, size_t max)
{
    if (in.n % 4 != 0)
        return -1;
    for (int i = 0; i < 2 && in.n > 0 && in.p[in.n - 1] == '='; i++)
        in.n--;
    return decode64(in, std_alphabet, out, max);
}

ptrdiff_t base64url_decode(struct str in, uint8_t *out, size_t max)
{
    return decode64(in, url_alphabet, out, max);
}

static bool unreserved(char c)
{
    return char_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void url_part(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (unreserved(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

bool url_decode(struct arena *mem, struct str in, bool plus_is_space, struct str *out)
{
    char *p = arena_alloc(mem, in.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];

        if (c == '%') {
            uint8_t byte;

            if (in.n - i < 3 || hex_decode(str_sub(in, i + 1, 2), &byte, 1) != 1)
                return false;
            c = (char)byte;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        p[n++] = c;
    }
    *out = (struct str){p, n};
    return true;
}

static struct str markup_escape(char c)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return STR_NONE;
    }
}

void markup_text(struct buf *out, struct str s)
{
    size_t plain = 0; /* start of what needs no escape */

    for (size_t i = 0; i < s.n; i++) {
        struct str escape = markup_escape(s.p[i]);

        if (!escape.p)
            continue;
        buf_add(out, str_sub(s, plain, i - plain));
        buf_add(out, escape);
        plain = i + 1;
    }
    buf_add(out, str_sub(s, plain, s.n));
}
