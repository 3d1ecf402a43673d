#include "base/unit.h"

/* RFC 4648 section 10, and the two characters in which the alphabets differ. */
static const struct {
    const char *name, *plain, *hex, *base64, *base64url;
} vectors[] = {
    {"empty",     "",             "",             "",         ""        },
    {"f",         "f",            "66",           "Zg==",     "Zg"      },
    {"fo",        "fo",           "666f",         "Zm8=",     "Zm8"     },
    {"foo",       "foo",          "666f6f",       "Zm9v",     "Zm9v"    },
    {"foob",      "foob",         "666f6f62",     "Zm9vYg==", "Zm9vYg"  },
    {"foobar",    "foobar",       "666f6f626172", "Zm9vYmFy", "Zm9vYmFy"},
    {"high bits", "\xFB\xEF\xFF", "fbefff",       "++//",     "--__"    },
};

static void both_ways_agree_with_rfc4648(void **state)
{
    struct arena *mem = *state;

    EACH_ROW (row, vectors) {
        struct str plain = str_from(row->plain);
        uint8_t out[16];

        assert_str(hex_encode(mem, str_bytes(plain)), str_from(row->hex));
        assert_str(base64_encode(mem, str_bytes(plain)), str_from(row->base64));
        assert_str(base64url_encode(mem, str_bytes(plain)), str_from(row->base64url));
        assert_int_equal(hex_decode(str_from(row->hex), out, sizeof out), plain.n);
        assert_memory_equal(out, plain.p, plain.n);
        assert_int_equal(base64_decode(str_from(row->base64), out, sizeof out), plain.n);
        assert_memory_equal(out, plain.p, plain.n);
        assert_int_equal(base64url_decode(str_from(row->base64url), out, sizeof out), plain.n);
        assert_memory_equal(out, plain.p, plain.n);
    }
}

static const struct {
    const char *name, *text;
    ptrdiff_t (*decode)(struct str, uint8_t *, size_t);
} refused[] = {
    {"hex, odd length",                  "abc",                hex_decode      },
    {"hex, not a digit",                 "0g",                 hex_decode      },
    {"hex, a blank",                     "0 ",                 hex_decode      },
    {"base64 without its padding",       "Zg",                 base64_decode   },
    {"base64 padded inside",             "Zg==Zg==",           base64_decode   },
    {"base64 with three pads",           "Z===",               base64_decode   },
    {"base64 with the other alphabet",   "--__",               base64_decode   },
    {"base64 with a line end",           "Zm9v\n===",          base64_decode   },
    {"base64 with bits nobody wrote",    "Zh==",               base64_decode   },
    {"base64url with padding",           "Zg==",               base64url_decode},
    {"base64url, a lone character",      "Z",                  base64url_decode},
    {"base64url with bits nobody wrote", "Zm9",                base64url_decode},
    {"too long for the buffer, hex",     "000000000000000000", hex_decode      },
    {"too long for the buffer, base64",  "AAAAAAAAAAAA",       base64_decode   },
};

static void what_no_encoder_writes_is_refused(void **state)
{
    uint8_t out[8];

    (void)state;
    EACH_ROW (row, refused) {
        assert_row(row, row->decode(str_from(row->text), out, sizeof out) == -1);
    }
}

static void url_parts_keep_unreserved_characters_only(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 100);
    url_part(&b, STR("aZ09-._~ /?&+\xC3\xA9\0"));
    assert_str(buf_str(&b), STR("aZ09-._~%20%2F%3F%26%2B%C3%A9%00"));
}

static void url_decoding_knows_forms_from_paths(void **state)
{
    struct arena *mem = *state;
    struct str out;

    assert_true(url_decode(mem, STR("a+b%2Bc%c3%A9"), true, &out));
    assert_str(out, STR("a b+c\xC3\xA9"));
    assert_true(url_decode(mem, STR("a+b"), false, &out));
    assert_str(out, STR("a+b"));
    assert_false(url_decode(mem, STR("%"), true, &out));
    assert_false(url_decode(mem, STR("%4"), true, &out));
    assert_false(url_decode(mem, STR("%4x"), true, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_agree_with_rfc4648),
        cmocka_unit_test(what_no_encoder_writes_is_refused),
        cmocka_unit_test(url_parts_keep_unreserved_characters_only),
        cmocka_unit_test(url_decoding_knows_forms_from_paths),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
