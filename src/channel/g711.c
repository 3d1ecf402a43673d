/* g711.c: see g711.h. A sign, a three-bit segment (the place of the highest bit), four bits below
 * it. */
#include "channel/g711.h"

enum { ULAW_BIAS = 132, ULAW_MOST = 32635 };

static unsigned highest_bit(unsigned v)
{
    return v ? 31u - (unsigned)__builtin_clz(v) : 0;
}

uint8_t g711_ulaw(int16_t sample)
{
    int magnitude = sample < 0 ? -(int)sample : sample;
    unsigned v = (unsigned)(magnitude > ULAW_MOST ? ULAW_MOST : magnitude) + ULAW_BIAS;
    unsigned segment = highest_bit(v) - 7;

    return (uint8_t) ~((sample < 0 ? 0x80u : 0u) | segment << 4 | (v >> (segment + 3) & 0x0F));
}

uint8_t g711_alaw(int16_t sample)
{
    /* A negative value is the complement, not the opposite: -1 belongs to the first step. */
    unsigned v = (unsigned)(sample < 0 ? ~sample : sample);
    unsigned segment = v >= 256 ? highest_bit(v) - 7 : 0;
    unsigned low = segment ? v >> (segment + 3) & 0x0F : v >> 4;

    return (uint8_t)((segment << 4 | low | (sample < 0 ? 0u : 0x80u)) ^ 0x55);
}
