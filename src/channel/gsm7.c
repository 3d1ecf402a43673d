/*
 * gsm7.c: the tables of 3GPP TS 23.038 section 6.2.1 and what follows from them.
 */
#include "channel/gsm7.h"

enum { ESCAPE = 0x1B, REPLACEMENT = 0xFFFD };

/* The default alphabet by septet: code points. The escape has none. */
/* clang-format off */
static const uint16_t basic[128] = {
    '@',    0x00A3, '$',    0x00A5, 0x00E8, 0x00E9, 0x00F9, 0x00EC, /* @ £ $ ¥ è é ù ì */
    0x00F2, 0x00C7, '\n',   0x00D8, 0x00F8, '\r',   0x00C5, 0x00E5, /* ò Ç LF Ø ø CR Å å */
    0x0394, '_',    0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8, /* Δ _ Φ Γ Λ Ω Π Ψ */
    0x03A3, 0x0398, 0x039E, 0,      0x00C6, 0x00E6, 0x00DF, 0x00C9, /* Σ Θ Ξ ESC Æ æ ß É */
    ' ', '!', '"', '#', 0x00A4, '%', '&', '\'',                     /* ¤ where ASCII has $ */
    '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    0x00A1, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', /* ¡ */
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    0x00C4, 0x00D6, 0x00D1, 0x00DC, 0x00A7,                         /* Ä Ö Ñ Ü § */
    0x00BF, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', /* ¿ */
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    0x00E4, 0x00F6, 0x00F1, 0x00FC, 0x00E0,                         /* ä ö ñ ü à */
};
/* clang-format on */

/* What follows an escape. */
static const struct {
    uint16_t c;
    uint8_t septet;
} extension[] = {
    {'\f',   0x0A},
    {'^',    0x14},
    {'{',    0x28},
    {'}',    0x29},
    {'\\',   0x2F},
    {'[',    0x3C},
    {'~',    0x3D},
    {']',    0x3E},
    {'|',    0x40},
    {0x20AC, 0x65}, /* euro */
};

/* Writes the one or two septets of c; returns how many, 0 if GSM7 does not have it. */
static size_t septets_of(int32_t c, uint8_t out[static 2])
{
    if (c > 0 && (size_t)c < COUNT_OF(basic) && basic[c] == c) { /* as ASCII: nearly all */
        out[0] = (uint8_t)c;
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(basic) && c > 0; i++) {
        if (basic[i] == c) {
            out[0] = (uint8_t)i;
            return 1;
        }
    }
    EACH_ROW (row, extension) {
        if (row->c == c) {
            out[0] = ESCAPE;
            out[1] = row->septet;
            return 2;
        }
    }
    return 0;
}

/* Writes the two or four bytes of c in UTF-16BE; returns how many units. */
static size_t units_of(int32_t c, uint8_t out[static 4])
{
    uint32_t v = (uint32_t)(c < 0 ? REPLACEMENT : c);

    if (v < 0x10000) {
        out[0] = (uint8_t)(v >> 8);
        out[1] = (uint8_t)v;
        return 1;
    }
    v -= 0x10000;
    out[0] = (uint8_t)(0xD8 | v >> 18);
    out[1] = (uint8_t)(v >> 10);
    out[2] = (uint8_t)(0xDC | (v >> 8 & 0x03));
    out[3] = (uint8_t)v;
    return 2;
}

/* Units of one character; 0 if the coding does not have it. */
static size_t cost(int32_t c, enum sms_coding coding)
{
    uint8_t scratch[4];

    return coding == SMS_GSM7 ? septets_of(c, scratch) : units_of(c, scratch);
}

size_t sms_fit(struct str text, enum sms_coding coding, size_t units_max)
{
    size_t units = 0, fit = 0;

    for (size_t at = 0; at < text.n; fit = at) {
        units += cost(str_utf8_next(text, &at), coding);
        if (units > units_max)
            break;
    }
    return fit;
}

static size_t count_parts(struct str text, enum sms_coding coding, size_t part_max)
{
    size_t parts = 0;

    for (; text.n > 0; parts++)
        text = str_sub(text, sms_fit(text, coding, part_max), text.n);
    return parts;
}

struct sms_size sms_measure(struct str text)
{
    struct sms_size size = {SMS_GSM7, 0, 1};

    for (size_t at = 0; at < text.n && size.coding == SMS_GSM7;) {
        if (cost(str_utf8_next(text, &at), SMS_GSM7) == 0)
            size.coding = SMS_UCS2;
    }
    for (size_t at = 0; at < text.n;)
        size.units += cost(str_utf8_next(text, &at), size.coding);
    if (size.units > (size.coding == SMS_GSM7 ? SMS_GSM7_MAX : SMS_UCS2_MAX))
        size.parts = count_parts(text, size.coding,
                                 size.coding == SMS_GSM7 ? SMS_GSM7_PART_MAX : SMS_UCS2_PART_MAX);
    return size;
}

ptrdiff_t sms_encode(struct str text, enum sms_coding coding, uint8_t *out, size_t out_max)
{
    size_t n = 0;

    for (size_t at = 0; at < text.n;) {
        int32_t c = str_utf8_next(text, &at);
        uint8_t bytes[4];
        size_t len = coding == SMS_GSM7 ? septets_of(c, bytes) : 2 * units_of(c, bytes);

        if (len == 0 || len > out_max - n)
            return -1;
        for (size_t i = 0; i < len; i++)
            out[n++] = bytes[i];
    }
    return (ptrdiff_t)n;
}
