/* base32.c: see base32.h. */
#include "crypto/base32.h"

struct str base32_encode(struct arena *mem, struct bytes in)
{
    char *p = arena_alloc(mem, (in.n * 8 + 4) / 5 + 1);
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.n || bits > 0;) {
        uint32_t c;

        if (bits < 5 && i < in.n) {
            v = (v << 8 | in.p[i++]) & 0xFFFF;
            bits += 8;
        } else if (bits < 5) {
            v <<= 5 - bits;
            bits = 5;
        }
        bits -= 5;
        c = v >> bits & 31;
        p[n++] = (char)(c < 26 ? 'A' + c : '2' + c - 26);
    }
    return (struct str){p, n};
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    return -1;
}

ptrdiff_t base32_decode(struct str in, uint8_t *out, size_t max)
{
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;

    while (in.n > 0 && (in.p[in.n - 1] == '=' || in.p[in.n - 1] == ' '))
        in.n--;
    for (size_t i = 0; i < in.n; i++) {
        int value = value_of(in.p[i]);

        if (in.p[i] == ' ' || in.p[i] == '-')
            continue;
        if (value < 0)
            return -1;
        v = (v << 5 | (uint32_t)value) & 0xFFFF;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            if (n == max)
                return -1;
            out[n++] = (uint8_t)(v >> bits);
        }
    }
    if (bits >= 5 || (v & ((1u << bits) - 1)) != 0)
        return -1;
    return (ptrdiff_t)n;
}
