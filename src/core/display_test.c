/* display_test.c: an approver reads what is there, and sees that something is missing. */
#include "base/unit.h"
#include "core/display.h"

#include <string.h>

enum { ROOM = 12 };

static const struct {
    const char *name, *in, *want;
} rows[] = {
    {"plain",               "Pay 20 €",                                         "Pay 20 €"                   },
    {"empty",               "",                                                   ""                             },
    {"as long as it may",   "123456789äöü",                                    "123456789äöü"              },
    {"one more",            "123456789äöü.",                                   "123456789äö…"             },
    {"much more",           "123456789äöü and then something else",            "123456789äö…"             },
    {"unseen counts not",   "123456789äöü\u200B\u202E",                        "123456789äöü"              },
    {"line ends",           "to\nBob\r\n\r\nnow",                                 "to Bob now"                   },
    {"separators",
     "a\u2028b\u2029c\xC2\x85"
     "d\te",                                                                      "a b c d e"                    },
    {"at the beginning",    "\n\na",                                              "a"                            },
    {"override",            "to \u202Eboob",                                      "to boob"                      },
    {"embedding, isolates", "\u202Aa\u202B\u202C\u202D\u2066b\u2067\u2068\u2069", "ab"                           },
    {"direction marks",     "\u200Ea\u200F\u061Cb",                               "ab"                           },
    {"zero width",          "a\u200Bb\u200C\u200Dc\u2060\uFEFFd",                 "abcd"                         },
    {"fillers",             "a\u115F\u1160\u3164\uFFA0\u2800b",                   "a b"                          },
    {"tags",                "a\U000E0041\U000E007Fb",                             "ab"                           },
    {"C0, DEL and C1",
     "a\x01\x1B[31m\x7F"
     "\xC2\x9B"
     "b",                                                                         "a[31mb"                       },
    {"soft hyphen",         "pay\u00ADpal",                                       "paypal"                       },
    {"no UTF-8",            "a\xFFz\xC3",                                         "a\uFFFDz\uFFFD"               },
    {"a heap of marks",     "e\u0301\u0302\u0303\u0304\u0305\u0306f",             "e\u0301\u0302\u0303f"         },
    {"Vietnamese",          "e\u0302\u0309",                                      "e\u0302\u0309"                },
    {"mixed: Cyrillic",     "to p\u0430ypal",                                     "to \u26A0p\u0430ypal"         },
    {"mixed: Greek",        "\u0391B \u0391\u0392",                               "\u26A0\u0391B \u0391\u0392"   },
    {"mixed: at the end",   "a.\u043E1x",                                         "a.\u26A0\u043E1x"             },
    {"mixed: formulas",     "\U0001D5C9ay",                                       "\u26A0\U0001D5C9ay"           },
    {"mixed: wide, marked", "e\u0301\uFF41",                                      "\u26A0e\u0301\uFF41"          },
    {"mixed: hidden join",  "p\u200B\u0430y",                                     "\u26A0p\u0430y"               },
    {"mixed: said already", "\u26A0p\u0430y",                                     "\u26A0p\u0430y"               },
    {"mixed: and cut",      "12345678 p\u0430y",                                  "12345678 \u26A0p\u2026"       },
    {"not mixed",           "\u043C\u0438\u0440 USB-\u0445",                      "\u043C\u0438\u0440 USB-\u0445"},
    {"not mixed: units",    "3 k\u03BCm k\u03A9",                                 "3 k\u03BCm k\u03A9"           },
    {"from right to left",  "שלום",                                           "שלום"                     },
};

static void shows_what_is_there(void **state)
{
    EACH_ROW (row, rows) {
        struct str got = display_text(*state, str_from(row->in), ROOM);

        if (!str_eq(got, str_from(row->want)))
            fail_msg("row \"%s\": got \"%.*s\", want \"%s\"", row->name, STR_ARG(got), row->want);
        assert_true(str_is_utf8(got));
        assert_true(str_utf8_count(got) <= ROOM);
        assert_true(str_eq(display_text(*state, got, ROOM), got));
    }
}

/* Whatever comes in: short enough, well-formed, nothing unseen; and a second time changes nothing.
 */
static void holds_for_every_character(void **state)
{
    for (int32_t c = 1; c < 0x110000; c++) {
        char text[8] = "<";
        size_t n = 1;

        if (c >= 0xD800 && c < 0xE000)
            continue;
        if (c < 0x80) {
            text[n++] = (char)c;
        } else if (c < 0x800) {
            text[n++] = (char)(0xC0 | c >> 6);
            text[n++] = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            text[n++] = (char)(0xE0 | c >> 12);
            text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            text[n++] = (char)(0x80 | (c & 0x3F));
        } else {
            text[n++] = (char)(0xF0 | c >> 18);
            text[n++] = (char)(0x80 | (c >> 12 & 0x3F));
            text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            text[n++] = (char)(0x80 | (c & 0x3F));
        }
        text[n++] = '>';
        {
            struct str in = {text, n}, got = display_text(*state, in, ROOM);

            if (str_has_control(got) || !str_eq(display_text(*state, got, ROOM), got))
                fail_msg("U+%04X is shown as \"%.*s\"", (unsigned)c, STR_ARG(got));
        }
        if (c % 0x1000 == 0)
            arena_reset(*state);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_is_there),
        cmocka_unit_test(holds_for_every_character),
    };

    return cmocka_run_group_tests_name("core/display, attack 62", tests, unit_mem_setup,
                                       unit_mem_teardown);
}
