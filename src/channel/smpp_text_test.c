/* smpp_text_test.c: parts of texts, names of messages, receipts. */
#include "base/unit.h"

#include "channel/smpp_text.h"

static struct str repeated(struct arena *mem, const char *unit, unsigned times)
{
    struct str s = STR("");

    for (unsigned i = 0; i < times; i++)
        s = arena_printf(mem, "%.*s%s", STR_ARG(s), unit);
    return s;
}

static const struct {
    const char *name, *unit;
    unsigned times;
    enum smpp_long how;
    unsigned parts, data_coding, first_len, last_len; /* parts 0: too long */
} texts[] = {
    {"nothing",                 "",     0,    SMPP_UDH,     1, 0, 0,    0   },
    {"160 septets",             "a",    160,  SMPP_UDH,     1, 0, 160,  160 },
    {"161 septets",             "a",    161,  SMPP_UDH,     2, 0, 153,  8   },
    {"80 euro signs",           "€",  80,   SMPP_UDH,     1, 0, 160,  160 },
    {"81 euro signs, not torn", "€",  81,   SMPP_SAR,     2, 0, 152,  10  },
    {"70 units",                "я",   70,   SMPP_UDH,     1, 8, 140,  140 },
    {"71 units",                "я",   71,   SMPP_UDH,     2, 8, 134,  8   },
    {"36 pairs, not torn",      "🔐", 36,   SMPP_UDH,     2, 8, 132,  12  },
    {"a payload",               "a",    1024, SMPP_PAYLOAD, 1, 0, 1024, 1024},
    {"too long a payload",      "a",    1025, SMPP_PAYLOAD, 0, 0, 0,    0   },
    {"too many parts",          "a",    1072, SMPP_UDH,     0, 0, 0,    0   },
};

static void texts_are_cut_into_parts(void **state)
{
    EACH_ROW (row, texts) {
        struct smpp_text t;
        bool ok = smpp_text_encode(repeated(*state, row->unit, row->times), row->how, &t);

        assert_row(row, ok == (row->parts > 0));
        if (!ok)
            continue;
        assert_row(row, t.parts == row->parts && t.data_coding == row->data_coding);
        assert_row(row, t.len[0] == row->first_len && t.len[t.parts - 1] == row->last_len);
    }
}

static const struct {
    const char *from, *digits;
    unsigned ton, npi;
} senders[] = {
    {"+14155550100", "14155550100", 1, 1},
    {"ACME",         "ACME",        5, 0},
    {"12345",        "12345",       3, 0},
    {"+ACME",        "+ACME",       5, 0},
    {"",             "",            0, 0},
};

static void senders_have_a_type(void **state)
{
    (void)state;
    EACH_ROW (row, senders) {
        struct smpp_address a = smpp_sender(str_from(row->from));

        assert_str(a.digits, str_from(row->digits));
        assert_int_equal(a.ton, row->ton);
        assert_int_equal(a.npi, row->npi);
    }
}

static const struct {
    const char *answer, *receipt;
    enum smpp_ids ids;
    bool same;
} pairs[] = {
    {"m1",                "m1",                   SMPP_IDS_SAME,    true },
    {"4D2",               "1234",                 SMPP_IDS_SAME,    false},
    {"007",               "7",                    SMPP_IDS_SAME,    false},
    {"4D2",               "1234",                 SMPP_IDS_DECIMAL, true },
    {"04d2",              "0000001234",           SMPP_IDS_DECIMAL, true },
    {"1234",              "1234",                 SMPP_IDS_DECIMAL, false},
    {"FFFFFFFFFFFFFFFF",  "18446744073709551615", SMPP_IDS_DECIMAL, true },
    {"10000000000000000", "18446744073709551616", SMPP_IDS_DECIMAL, false}, /* beyond 64 bits */
    {"1234",              "4D2",                  SMPP_IDS_HEX,     true },
    {"a-b",               "a-b",                  SMPP_IDS_HEX,     true },
};

static void names_of_both_sides_are_made_one(void **state)
{
    (void)state;
    EACH_ROW (row, pairs) {
        char answer[SMPP_ID_MAX + 1], receipt[SMPP_ID_MAX + 1];

        snprintf(answer, sizeof(answer), "%s", row->answer);
        snprintf(receipt, sizeof(receipt), "%s", row->receipt);
        smpp_id_unify(answer, row->ids, false);
        smpp_id_unify(receipt, row->ids, true);
        if (str_eq(str_from(answer), str_from(receipt)) != row->same)
            fail_msg("%s and %s became %s and %s", row->answer, row->receipt, answer, receipt);
    }
}

static const struct {
    const char *text, *tlv_id;
    int tlv_state;
    uint8_t esm_class;
    const char *id; /* NULL: no receipt */
    enum smpp_fate fate;
    const char *why;
} receipts[] = {
    {"id:m1 sub:001 dlvrd:001 submit date:2611220200 done date:2611220201 stat:DELIVRD err:000 "
     "text:x",                   "",   -1, 4,    "m1", SMPP_DELIVERED,   ""                           },
    {"id:m1 stat:UNDELIV err:011",    "",   -1, 4,    "m1", SMPP_UNDELIVERED,
     "the carrier reports UNDELIV, error 011"                                                              },
    {"ID:m1 Stat:undeliv",            "",   -1, 4,    "m1", SMPP_UNDELIVERED, "the carrier reports UNDELIV"},
    {"id:m1 stat:ENROUTE",            "",   -1, 4,    "m1", SMPP_UNDER_WAY,   ""                           },
    {"id:m1 stat:BUFFERED",           "",   -1, 4,    "m1", SMPP_UNDER_WAY,   ""                           },
    {"text:id:m2 id:m1 stat:DELIVRD", "",   -1, 4,    "m1", SMPP_DELIVERED,   ""                           },
    {"id:m1 stat:DELIVRD",            "m9", 5,  4,    "m9", SMPP_UNDELIVERED, "the carrier reports UNDELIV"},
    {"id:m1",                         "",   2,  4,    "m1", SMPP_DELIVERED,   ""                           },
    {"id:m1 stat:DELIVRD",            "",   -1, 0,    NULL, 0,                ""                           },
    {"id:m1 stat:DELIVRD",            "",   -1, 0x44, "m1", SMPP_DELIVERED,   ""                           }, /* with a UDH indicator */
    {"id:m1 stat:DELIVRD",            "",   -1, 0x20, NULL, 0,                ""                           }, /* an intermediate notice */
    {"id:m1",                         "",   -1, 4,    NULL, 0,                ""                           },
    {"stat:DELIVRD",                  "",   -1, 4,    NULL, 0,                ""                           },
    {"id: stat:DELIVRD",              "",   -1, 4,    NULL, 0,                ""                           },
    {"",                              "",   -1, 4,    NULL, 0,                ""                           },
};

static void receipts_are_read(void **state)
{
    (void)state;
    EACH_ROW (row, receipts) {
        struct smpp_delivery d = {.esm_class = row->esm_class, .state = row->tlv_state};
        struct smpp_receipt r;
        bool ok;

        d.text_len = strlen(row->text);
        memcpy(d.text, row->text, d.text_len);
        snprintf(d.id, sizeof(d.id), "%s", row->tlv_id);
        ok = smpp_receipt_read(&d, &r);
        if (ok != (row->id != NULL))
            fail_msg("\"%s\" is %sa receipt", row->text, ok ? "" : "not ");
        if (!ok)
            continue;
        assert_string_equal(r.id, row->id);
        assert_int_equal(r.fate, row->fate);
        assert_string_equal(r.why, row->why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_into_parts),
        cmocka_unit_test(senders_have_a_type),
        cmocka_unit_test(names_of_both_sides_are_made_one),
        cmocka_unit_test(receipts_are_read),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
