/* g711_test.c: against the decision values of ITU-T G.711, by decoding what was coded. */
#include "base/macros.h"
#include "base/unit.h"
#include "channel/g711.h"

/* The decoders of the recommendation, written out. */
static int ulaw_decoded(uint8_t coded)
{
    unsigned u = (uint8_t)~coded;
    int magnitude = (int)((((u & 0x0F) << 3) + 132) << (u >> 4 & 7)) - 132;

    return u & 0x80 ? -magnitude : magnitude;
}

static int alaw_decoded(uint8_t coded)
{
    unsigned a = coded ^ 0x55u, segment = a >> 4 & 7;
    int magnitude = (int)(((a & 0x0F) << 4) + 8 + (segment ? 256 : 0));

    if (segment > 1)
        magnitude <<= segment - 1;
    return a & 0x80 ? magnitude : -magnitude;
}

static const struct {
    const char *name;
    int16_t sample;
    uint8_t ulaw, alaw;
} known[] = {
    {"silence",   0,      0xFF, 0xD5},
    {"minus one", -1,     0x7F, 0x55},
    {"loudest",   32767,  0x80, 0xAA},
    {"lowest",    -32768, 0x00, 0x2A},
    {"middle",    1000,   0xCE, 0xFA},
};

static void known_samples(void **state)
{
    (void)state;
    EACH_ROW (row, known) {
        assert_int_equal(g711_ulaw(row->sample), row->ulaw);
        assert_int_equal(g711_alaw(row->sample), row->alaw);
    }
}

/* Each step is a sixteenth of its segment: 1/32 of the value at most, and half the least step. */
static void every_sample_comes_back_nearly(void **state)
{
    (void)state;
    for (int sample = -32768; sample <= 32767; sample++) {
        int size = sample < 0 ? -sample : sample;
        int u = ulaw_decoded(g711_ulaw((int16_t)sample)) - sample;
        int a = alaw_decoded(g711_alaw((int16_t)sample)) - sample;

        assert_in_range((u < 0 ? -u : u), 0, (size > 32635 ? 650 : size / 32 + 6));
        assert_in_range((a < 0 ? -a : a), 0, size / 32 + 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_samples),
        cmocka_unit_test(every_sample_comes_back_nearly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
