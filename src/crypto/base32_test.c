#include "base/unit.h"

#include "crypto/base32.h"
#include "crypto/random.h"

/* RFC 4648 section 10, without padding. */
static const struct {
    const char *name, *plain, *text;
} vectors[] = {
    {"empty",  "",       ""          },
    {"f",      "f",      "MY"        },
    {"fo",     "fo",     "MZXQ"      },
    {"foo",    "foo",    "MZXW6"     },
    {"foob",   "foob",   "MZXW6YQ"   },
    {"fooba",  "fooba",  "MZXW6YTB"  },
    {"foobar", "foobar", "MZXW6YTBOI"},
};

static void both_ways_agree_with_rfc4648(void **state)
{
    EACH_ROW (row, vectors) {
        struct str plain = str_from(row->plain);
        uint8_t out[8];

        assert_str(base32_encode(*state, str_bytes(plain)), str_from(row->text));
        assert_int_equal(base32_decode(str_from(row->text), out, sizeof(out)), plain.n);
        assert_memory_equal(out, plain.p, plain.n);
    }
}

static void every_length_comes_back(void **state)
{
    uint8_t in[64], out[64];

    random_seed_for_test(32);
    for (size_t n = 0; n <= sizeof(in); n++) {
        random_bytes(in, n);
        assert_int_equal(
            base32_decode(base32_encode(*state, (struct bytes){in, n}), out, sizeof(out)), n);
        assert_memory_equal(in, out, n);
    }
}

static const struct {
    const char *name, *text;
} friendly[] = {
    {"lower case",         "mzxw6ytboi"          },
    {"mixed case",         "mZxW6yTbOi"          },
    {"groups of four",     "MZXW 6YTB OI"        },
    {"dashes",             "MZXW-6YTB-OI"        },
    {"padding",            "MZXW6YTBOI======"    },
    {"padding cut short",  "MZXW6YTBOI=="        },
    {"blanks around",      "  MZXW6YTBOI  "      },
    {"padding and blanks", "MZXW6YTBOI====== "   },
    {"all of it",          " mzxw-6ytb oi== ==  "},
};

static void what_people_copy_is_understood(void **state)
{
    uint8_t out[8];

    (void)state;
    EACH_ROW (row, friendly) {
        assert_row(row, base32_decode(str_from(row->text), out, sizeof(out)) == 6);
        assert_memory_equal(out, "foobar", 6);
    }
}

static const struct {
    const char *name, *text;
    size_t n;
} refused[] = {
    {"a digit of no alphabet", "MZXW1",           5 },
    {"0 for O",                "MZXW6YTB0I",      10},
    {"8",                      "MZXW8",           5 },
    {"padding inside",         "MZ=XW6",          6 },
    {"one character",          "M",               1 },
    {"three characters",       "MZX",             3 },
    {"six characters",         "MZXW6Y",          6 },
    {"bits that nobody wrote", "MZ",              2 },
    {"NUL inside",             "MZ\0XW6",         6 },
    {"tab",                    "MZXW\t6",         6 },
    {"line feed",              "MZXW6\n",         6 },
    {"not ASCII",              "MZXW\xC3\x89",    6 },
    {"longer than the buffer", "AAAAAAAAAAAAAAA", 15},
};

static void the_rest_is_refused(void **state)
{
    uint8_t out[8];

    (void)state;
    EACH_ROW (row, refused) {
        assert_row(row, base32_decode((struct str){row->text, row->n}, out, sizeof(out)) == -1);
    }
    assert_int_equal(base32_decode(STR_NONE, out, sizeof(out)), 0);
    assert_int_equal(base32_decode(STR("AAAAAAAAAAAAA"), out, sizeof(out)), 8); /* just fits */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_agree_with_rfc4648),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(what_people_copy_is_understood),
        cmocka_unit_test(the_rest_is_refused),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
