#include "base/unit.h"

#include "crypto/hotp.h"

#define RFC_KEY str_bytes(STR("12345678901234567890"))

/* RFC 4226 appendix D: 31 bits after truncation, in decimal; shorter codes are its last digits. */
static const struct {
    const char *name;
    uint64_t counter;
    const char *truncated;
} rfc4226[] = {
    {"0", 0, "1284755224"},
    {"1", 1, "1094287082"},
    {"2", 2, "0137359152"},
    {"3", 3, "1726969429"},
    {"4", 4, "1640338314"},
    {"5", 5, "0868254676"},
    {"6", 6, "1918287922"},
    {"7", 7, "0082162583"},
    {"8", 8, "0673399871"},
    {"9", 9, "0645520489"},
};

static void codes_match_rfc4226(void **state)
{
    (void)state;
    EACH_ROW (row, rfc4226) {
        for (unsigned digits = HOTP_DIGITS_MIN; digits <= HOTP_DIGITS_MAX; digits++) {
            char got[HOTP_DIGITS_MAX + 1];

            hotp_code(HMAC_SHA1, RFC_KEY, row->counter, digits, got);
            assert_string_equal(got, row->truncated + 10 - digits);
        }
    }
}

static void the_counter_has_all_its_64_bits(void **state)
{
    char low[HOTP_DIGITS_MAX + 1], high[HOTP_DIGITS_MAX + 1];

    (void)state;
    hotp_code(HMAC_SHA1, RFC_KEY, 1, 8, low);
    hotp_code(HMAC_SHA1, RFC_KEY, (UINT64_C(1) << 32) + 1, 8, high);
    assert_string_not_equal(low, high);
    hotp_code(HMAC_SHA1, RFC_KEY, (UINT64_C(1) << 63) + 1, 8, high);
    assert_string_not_equal(low, high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_match_rfc4226),
        cmocka_unit_test(the_counter_has_all_its_64_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
