#include "base/unit.h"

static const struct {
    const char *name, *text;
    bool ok;
    int64_t want;
} numbers[] = {
    {"zero",          "0",                    true,  0        },
    {"leading zeros", "007",                  true,  7        },
    {"negative",      "-12",                  true,  -12      },
    {"largest",       "9223372036854775807",  true,  INT64_MAX},
    {"smallest",      "-9223372036854775808", true,  INT64_MIN},
    {"one too large", "9223372036854775808",  false, 0        },
    {"one too small", "-9223372036854775809", false, 0        },
    {"twenty digits", "99999999999999999999", false, 0        },
    {"plus sign",     "+1",                   false, 0        },
    {"two signs",     "--1",                  false, 0        },
    {"a lone sign",   "-",                    false, 0        },
    {"nothing",       "",                     false, 0        },
    {"blank before",  " 1",                   false, 0        },
    {"blank behind",  "1 ",                   false, 0        },
    {"hexadecimal",   "0x1",                  false, 0        },
    {"a letter",      "1a",                   false, 0        },
};

static void numbers_are_read_whole_or_refused(void **state)
{
    (void)state;
    EACH_ROW (row, numbers) {
        int64_t v = 42;

        assert_row(row, str_to_i64(str_from(row->text), INT64_MIN, INT64_MAX, &v) == row->ok);
        assert_row(row, v == (row->ok ? row->want : 42)); /* untouched on refusal */
    }
}

static void a_number_outside_its_bounds_is_refused(void **state)
{
    int64_t v;

    (void)state;
    assert_true(str_to_i64(STR("10"), 1, 10, &v));
    assert_false(str_to_i64(STR("11"), 1, 10, &v));
    assert_false(str_to_i64(STR("0"), 1, 10, &v));
}

static const struct {
    const char *name, *text;
    size_t n;
    bool ok;
} utf8[] = {
    {"nothing",               "",                         0, true },
    {"ASCII",                 "abc",                      3, true },
    {"a NUL inside",          "a\0b",                     3, true },
    {"two bytes",             "\xC3\xA9",                 2, true },
    {"three bytes",           "\xE2\x82\xAC",             3, true },
    {"four bytes",            "\xF0\x9F\x94\x91",         4, true },
    {"the last code point",   "\xF4\x8F\xBF\xBF",         4, true },
    {"beyond the last",       "\xF4\x90\x80\x80",         4, false},
    {"overlong, two bytes",   "\xC0\xAF",                 2, false},
    {"overlong, three bytes", "\xE0\x80\xAF",             3, false},
    {"overlong, four bytes",  "\xF0\x80\x80\xAF",         4, false},
    {"a surrogate",           "\xED\xA0\x80",             3, false},
    {"a lone continuation",   "\x80",                     1, false},
    {"cut short",             "\xE2\x82",                 2, false},
    {"wrong continuation",    "\xC3z",                    2, false},
    {"never a byte",          "\xFF",                     1, false},
    {"overlong NUL",          "\xC0\x80",                 2, false},
    {"overlong ASCII",        "\xC1\xBF",                 2, false},
    {"the last surrogate",    "\xED\xBF\xBF",             3, false},
    {"before the surrogates", "\xED\x9F\xBF",             3, true },
    {"behind the surrogates", "\xEE\x80\x80",             3, true },
    {"least of three bytes",  "\xE0\xA0\x80",             3, true },
    {"least of four bytes",   "\xF0\x90\x80\x80",         4, true },
    {"a noncharacter is one", "\xEF\xBF\xBF",             3, true },
    {"a lead for five bytes", "\xF8\x88\x80\x80\x80",     5, false},
    {"first lead too large",  "\xF5\x80\x80\x80",         4, false},
    {"four bytes cut short",  "\xF0\x9F\x94",             3, false},
    {"wrong third byte",      "\xE2\x82z",                3, false},
    {"wrong fourth byte",     "\xF0\x9F\x94\xC3",         4, false},
    {"UTF-16's surrogates",   "\xED\xA0\xBD\xED\xB4\x91", 6, false},
    {"bad behind good",       "abc\xE2\x82\xAC\x80",      7, false},
};

static void utf8_is_strict(void **state)
{
    (void)state;
    EACH_ROW (row, utf8) {
        assert_row(row, str_is_utf8((struct str){row->text, row->n}) == row->ok);
    }
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_count(STR("na\xC3\xAFve \xF0\x9F\x94\x91")), 7);
}

static const struct {
    const char *name, *text;
    bool control;
} controls[] = {
    {"words",                     "Zo\xC3\xAB, 37", false},
    {"line feed",                 "a\nb",           true },
    {"delete",                    "a\x7F",          true },
    {"C1",                        "\xC2\x85",       true },
    {"no-break space is not one", "\xC2\xA0",       false},
    {"line separator",            "\xE2\x80\xA8",   true },
    {"right-to-left override",    "\xE2\x80\xAE",   true },
    {"isolate",                   "\xE2\x81\xA6",   true },
    {"byte order mark",           "\xEF\xBB\xBF",   true },
    {"malformed",                 "\xFF",           true },
    {"tab",                       "\t",             true },
    {"escape",                    "\033[31m",       true },
    {"last of C1",                "\xC2\x9F",       true },
    {"paragraph separator",       "\xE2\x80\xA9",   true },
    {"left-to-right mark",        "\xE2\x80\x8E",   true },
    {"right-to-left mark",        "\xE2\x80\x8F",   true },
    {"Arabic letter mark",        "\xD8\x9C",       true },
    {"embedding",                 "\xE2\x80\xAA",   true },
    {"pop isolate",               "\xE2\x81\xA9",   true },
    {"before the isolates",       "\xE2\x81\xA5",   false},
    {"joiner of emoji is none",   "\xE2\x80\x8D",   false},
    {"nothing",                   "",               false},
};

static void control_characters_are_found(void **state)
{
    (void)state;
    EACH_ROW (row, controls) {
        assert_row(row, str_has_control(str_from(row->text)) == row->control);
    }
}

static const struct {
    const char *name, *text;
    size_t n;
    bool ok;
} digits[] = {
    {"digits",       "0123456789",   10, true },
    {"nothing",      "",             0,  false},
    {"sign",         "-1",           2,  false},
    {"blank",        "1 2",          3,  false},
    {"NUL behind",   "12\0",         3,  false},
    {"before zero",  "/",            1,  false},
    {"behind nine",  ":",            1,  false},
    {"Arabic-Indic", "\xD9\xA2",     2,  false},
    {"full-width",   "\xEF\xBC\x91", 3,  false},
};

static void only_ascii_digits_are_digits(void **state)
{
    (void)state;
    EACH_ROW (row, digits) {
        assert_row(row, str_all_digits((struct str){row->text, row->n}) == row->ok);
    }
}

static const struct {
    const char *name, *text;
    size_t n;
    const char *more;
    bool ok;
} names[] = {
    {"letters and digits", "azAZ09",   6, "",   true },
    {"one of more",        "a-b_c",    5, "-_", true },
    {"not one of more",    "a.b",      3, "-_", false},
    {"nothing",            "",         0, "-",  false},
    {"NUL inside",         "a\0b",     3, "-_", false},
    {"around the digits",  "/",        1, "",   false},
    {"behind nine",        ":",        1, "",   false},
    {"before A",           "@",        1, "",   false},
    {"behind Z",           "[",        1, "",   false},
    {"before a",           "`",        1, "",   false},
    {"behind z",           "{",        1, "",   false},
    {"umlaut",             "\xC3\xA4", 2, "",   false},
};

static void only_ascii_letters_and_digits_make_names(void **state)
{
    (void)state;
    EACH_ROW (row, names)
        assert_row(row, str_all_alnum((struct str){row->text, row->n}, row->more) == row->ok);
}

static void split_gives_every_piece_also_empty_ones(void **state)
{
    struct str rest = STR(",a,,b,"), piece;
    static const char *const want[] = {"", "a", "", "b", ""};

    (void)state;
    EACH_ROW (row, want) {
        assert_true(str_split(&rest, ',', &piece));
        assert_str(piece, str_from(*row));
    }
    assert_false(str_split(&rest, ',', &piece));
}

static void views_are_cut_within_their_bounds(void **state)
{
    (void)state;
    assert_str(str_sub(STR("hello"), 1, 3), STR("ell"));
    assert_str(str_sub(STR("hello"), 4, 9), STR("o"));
    assert_str(str_sub(STR("hello"), 9, 1), STR(""));
    assert_str(str_trim(STR(" \t a b \t")), STR("a b"));
    assert_str(str_trim(STR(" \t")), STR(""));
}

static void searching_and_comparing(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("a=b=c"), '='), 1);
    assert_int_equal(str_find(STR("abc"), '='), STR_NPOS);
    assert_int_equal(str_find(STR_NONE, '='), STR_NPOS);
    assert_int_equal(str_find_str(STR("abcbcd"), STR("bcd")), 3);
    assert_int_equal(str_find_str(STR("abc"), STR("")), 0);
    assert_true(str_starts(STR("/a/b"), STR("/a")));
    assert_false(str_starts(STR("/"), STR("/a")));
    assert_true(str_ends(STR("x.js"), STR(".js")));
    assert_true(str_eq_nocase(STR("Content-Type"), STR("content-tYPE")));
    assert_false(str_eq_nocase(STR("\xC3\xA9"), STR("\xC3\x89"))); /* ASCII letters only */
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_true(str_eq(STR_NONE, STR("")));
}

static void code_points_are_read_one_by_one(void **state)
{
    static const int32_t want[] = {'a', 0xE9, 0x20AC, 0x1F512, -1, 'z'};
    struct str s = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x92\xFFz");
    size_t at = 0;

    (void)state;
    EACH_ROW (c, want)
        assert_int_equal(str_utf8_next(s, &at), *c);
    assert_int_equal(at, s.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole_or_refused),
        cmocka_unit_test(a_number_outside_its_bounds_is_refused),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(control_characters_are_found),
        cmocka_unit_test(only_ascii_digits_are_digits),
        cmocka_unit_test(only_ascii_letters_and_digits_make_names),
        cmocka_unit_test(split_gives_every_piece_also_empty_ones),
        cmocka_unit_test(views_are_cut_within_their_bounds),
        cmocka_unit_test(searching_and_comparing),
        cmocka_unit_test(code_points_are_read_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
