#include "base/unit.h"
#include "channel/gsm7.h"

#include <string.h>

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *name, *text;
    struct sms_size want;
} sizes[] = {
    {"nothing",             "",                                               {SMS_GSM7, 0, 1}  },
    {"a code",              "482913 is your code.\n@example.org #482913",     {SMS_GSM7, 41, 1} },
    {"160 septets",         HUNDRED TEN TEN TEN TEN TEN TEN,                  {SMS_GSM7, 160, 1}},
    {"161 septets",         HUNDRED TEN TEN TEN TEN TEN TEN "0",              {SMS_GSM7, 161, 2}},
    {"306 septets",         HUNDRED HUNDRED HUNDRED "012345",                 {SMS_GSM7, 306, 2}},
    {"307 septets",         HUNDRED HUNDRED HUNDRED "0123456",                {SMS_GSM7, 307, 3}},
    {"the euro takes two",  "5€",                                           {SMS_GSM7, 3, 1}  },
    {"brackets take two",   "[~]{|}^\\",                                      {SMS_GSM7, 16, 1} },
    {"western letters",     "äöüßñàèéùìòÇØøÅåÆæÉÄÖÑÜ", {SMS_GSM7, 23, 1} },
    {"greek capitals",      "ΔΦΓΛΩΠΨΣΘΞ",                           {SMS_GSM7, 10, 1} },
    {"small c cedilla",     "ç",                                             {SMS_UCS2, 1, 1}  },
    {"backtick",            "`",                                              {SMS_UCS2, 1, 1}  },
    {"70 units",            TEN TEN TEN TEN TEN TEN "012345678ш",            {SMS_UCS2, 70, 1} },
    {"71 units",            TEN TEN TEN TEN TEN TEN TEN "ш",                 {SMS_UCS2, 71, 2} },
    {"134 units",           HUNDRED TEN TEN TEN "012ш",                      {SMS_UCS2, 134, 2}},
    {"135 units",           HUNDRED TEN TEN TEN "0123ш",                     {SMS_UCS2, 135, 3}},
    {"a lock is two units", "🔒",                                           {SMS_UCS2, 2, 1}  },
    {"a malformed byte",    "a\xFF",                                          {SMS_UCS2, 2, 1}  },
};

static void texts_are_measured_as_carriers_count(void **state)
{
    (void)state;
    EACH_ROW (row, sizes) {
        struct sms_size got = sms_measure(str_from(row->text));

        assert_row(row, got.coding == row->want.coding);
        assert_row(row, got.units == row->want.units);
        assert_row(row, got.parts == row->want.parts);
    }
}

/* 152 septets and a euro sign: the second half of the sign would be alone in the next part. */
static void a_character_is_not_split_between_parts(void **state)
{
    struct str text = STR(HUNDRED TEN TEN TEN TEN TEN "01€" HUNDRED TEN TEN TEN TEN TEN "01");

    (void)state;
    assert_int_equal(sms_fit(text, SMS_GSM7, SMS_GSM7_PART_MAX), 152);
    assert_int_equal(sms_measure(text).units, 306);
    assert_int_equal(sms_measure(text).parts, 3);
    assert_int_equal(sms_fit(STR("a🔒"), SMS_UCS2, 2), 1);
}

static const struct {
    const char *name, *text;
    enum sms_coding coding;
    const char *want; /* hexadecimal; NULL = refused */
} encoded[] = {
    {"gsm7 euro and at", "(€5) @",                   SMS_GSM7,
     "281b653529"
     "2000"                                                                                  },
    {"gsm7 alphabet",    "£¥èÇΔΞß¡Ü§¿ñà", SMS_GSM7, "01030409101a1e405e5f607d7f"},
    {"gsm7 line end",    "a\nb",                       SMS_GSM7, "610a62"                    },
    {"not in gsm7",      "код",                     SMS_GSM7, NULL                        },
    {"no NUL in gsm7",   "\xFF",                       SMS_GSM7, NULL                        },
    {"ucs2",             "Код",                     SMS_UCS2, "041a043e0434"              },
    {"surrogates",       "🔒",                       SMS_UCS2, "d83ddd12"                  },
    {"malformed",        "\xFF",                       SMS_UCS2, "fffd"                      },
};

static void texts_are_encoded(void **state)
{
    (void)state;
    EACH_ROW (row, encoded) {
        uint8_t out[64];
        char hex[2 * sizeof(out) + 1] = "";
        ptrdiff_t n = sms_encode(str_from(row->text), row->coding, out, sizeof(out));

        assert_row(row, (n < 0) == (row->want == NULL));
        for (ptrdiff_t i = 0; i < n; i++)
            snprintf(hex + 2 * i, 3, "%02x", out[i]);
        assert_row(row, n < 0 || strcmp(hex, row->want) == 0);
    }
}

static void the_output_is_not_overrun(void **state)
{
    uint8_t out[4] = {9, 9, 9, 9};

    (void)state;
    assert_int_equal(sms_encode(STR("abc"), SMS_GSM7, out, 2), -1);
    assert_int_equal(out[2], 9);
    assert_int_equal(sms_encode(STR("a€"), SMS_GSM7, out, 2), -1);
    assert_int_equal(out[2], 9);
    assert_int_equal(sms_encode(STR("ш"), SMS_UCS2, out, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_measured_as_carriers_count),
        cmocka_unit_test(a_character_is_not_split_between_parts),
        cmocka_unit_test(texts_are_encoded),
        cmocka_unit_test(the_output_is_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
