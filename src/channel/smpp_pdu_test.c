/* smpp_pdu_test.c: bytes against SMPP 3.4, and bytes that mean harm. */
#include "base/unit.h"

#include "channel/smpp_pdu.h"

#define HEAD(command, status) "00000000" command status "00000007"

/* Hex with the right length in front. */
static struct bytes pdu_of(struct arena *mem, const char *hex)
{
    struct bytes b = unit_hex(mem, hex);
    uint8_t *p = arena_alloc(mem, b.n);

    memcpy(p, b.p, b.n);
    p[2] = (uint8_t)(b.n >> 8);
    p[3] = (uint8_t)b.n;
    return (struct bytes){p, b.n};
}

static const struct {
    const char *name, *hex;
    enum smpp_frame want;
} frames[] = {
    {"nothing",                 "",                                         SMPP_PART },
    {"three bytes",             "000000",                                   SMPP_PART },
    {"a length and no more",    "00000010",                                 SMPP_PART },
    {"a head",                  "00000010800000150000000000000001",         SMPP_WHOLE},
    {"a head and the next one", "0000001080000015000000000000000100000010", SMPP_WHOLE},
    {"one byte short",          "00000011800000040000000000000001",         SMPP_PART },
    {"less than a head",        "0000000f",                                 SMPP_WRONG},
    {"nothing at all",          "00000000",                                 SMPP_WRONG},
    {"the longest",             "00002000",                                 SMPP_PART },
    {"one more",                "00002001",                                 SMPP_WRONG},
    {"4 GB",                    "ffffffff",                                 SMPP_WRONG},
};

static void frames_are_bounded(void **state)
{
    struct smpp_head h;

    EACH_ROW (row, frames)
        assert_row(row, smpp_frame(unit_hex(*state, row->hex), &h) == row->want);
}

static void heads_are_written_and_read(void **state)
{
    OWN(buf_deinit) struct buf b = {0};
    struct smpp_head h;

    (void)state;
    buf_init(&b, 100);
    smpp_write_head(&b, SMPP_ENQUIRE_LINK | SMPP_RESPONSE, SMPP_THROTTLED, 0x01020304);
    assert_int_equal(smpp_frame(str_bytes(buf_str(&b)), &h), SMPP_WHOLE);
    assert_int_equal(h.length, 16);
    assert_int_equal(h.command, 0x80000015);
    assert_int_equal(h.status, 0x58);
    assert_int_equal(h.sequence, 0x01020304);
}

static void an_answer_to_a_delivery_has_an_empty_name(void **state)
{
    OWN(buf_deinit) struct buf b = {0};

    buf_init(&b, 100);
    smpp_write_head(&b, SMPP_DELIVER_SM | SMPP_RESPONSE, SMPP_OK, 7);
    assert_hex(*state, str_bytes(buf_str(&b)), "0000001180000005000000000000000700");
}

/* Section 4.1.5. */
static void a_bind_is_as_specified(void **state)
{
    OWN(buf_deinit) struct buf b = {0};
    const struct smpp_bind bind = {STR("SMPP3TEST"), STR("secret08"), STR("SUBMIT1")};
    struct smpp_bind longer = bind;

    buf_init(&b, 200);
    assert_true(smpp_write_bind(&b, &bind, 1));
    assert_hex(*state, str_bytes(buf_str(&b)),
               "0000002f000000090000000000000001"
               "534d5050335445535400" /* SMPP3TEST */
               "736563726574303800"   /* secret08 */
               "5355424d49543100"     /* SUBMIT1 */
               "34000000");
    longer.password = STR("secret089");
    assert_false(smpp_write_bind(&b, &longer, 1));
    longer = bind;
    longer.system_id = STR("SMPP3\0TEST");
    assert_false(smpp_write_bind(&b, &longer, 1));
}

static struct str written(struct arena *mem, const struct smpp_submit *in)
{
    OWN(buf_deinit) struct buf b = {0};

    buf_init(&b, 4096);
    assert_true(smpp_write_submit(&b, in, 1));
    return hex_encode(mem, str_bytes(buf_str(&b)));
}

static const struct smpp_submit hello = {
    .from = {5,                      0, {"ACME", 4}},
    .to = {1,                      1,                       {"4915112345678", 13}},
    .registered_delivery = 1,
    .text = {(const uint8_t *)"hello", 5},
    .part = 1,
    .parts = 1,
    .valid_s = 86400 + 3600 + 61,
};
#define ADDRESSES                                                                                  \
    "000500"                                                                                       \
    "41434d4500"                                                                                   \
    "0101"                                                                                         \
    "3439313531313233343536373800"
#define VALIDITY "3030303030313031303130313030305200" /* 000001010101000R */

/* Section 4.4.1. */
static void a_message_is_as_specified(void **state)
{
    assert_str(written(*state, &hello), STR("00000047000000040000000000000001" ADDRESSES "000000"
                                            "00" VALIDITY "01000000"
                                            "05"
                                            "68656c6c6f"));
}

static void parts_carry_a_header_or_fields(void **state)
{
    struct smpp_submit in = hello;

    in.parts = 3;
    in.part = 2;
    in.reference = 0x1234;
    in.how = SMPP_UDH;
    assert_str(written(*state, &in), STR("0000004d000000040000000000000001" ADDRESSES "400000"
                                         "00" VALIDITY "01000000"
                                         "0b"
                                         "050003340302"
                                         "68656c6c6f"));
    in.how = SMPP_SAR;
    assert_str(str_sub(written(*state, &in), 2 * (0x47 - 6), 12), STR("0568656c6c6f"));
    assert_true(str_find_str(written(*state, &in), STR("020c00021234")) > 0);
    assert_true(str_find_str(written(*state, &in), STR("020e000103")) > 0);
    assert_true(str_find_str(written(*state, &in), STR("020f000102")) > 0);
}

static void a_payload_is_whole(void **state)
{
    uint8_t text[SMPP_TEXT_MAX + 1] = {0};
    struct smpp_submit in = hello;
    OWN(buf_deinit) struct buf b = {0};

    in.how = SMPP_PAYLOAD;
    in.text = (struct bytes){text, SMPP_TEXT_MAX};
    assert_true(str_find_str(written(*state, &in), STR("04240400")) > 0);
    buf_init(&b, 4096);
    in.text.n++;
    assert_false(smpp_write_submit(&b, &in, 1));
    in.how = SMPP_UDH;
    in.text.n = SMPP_SHORT_MAX + 1;
    assert_false(smpp_write_submit(&b, &in, 1));
    assert_int_equal(b.n, 0);
}

static void too_long_a_number_is_refused(void **state)
{
    struct smpp_submit in = hello;
    OWN(buf_deinit) struct buf b = {0};

    (void)state;
    buf_init(&b, 4096);
    in.to.digits = STR("123456789012345678901");
    assert_false(smpp_write_submit(&b, &in, 1));
    in = hello;
    in.from.digits = STR("123456789012345678901");
    assert_false(smpp_write_submit(&b, &in, 1));
}

static const struct {
    const char *name, *body, *want; /* NULL: malformed */
} ids[] = {
    {"no body",              "",                 ""                                                                },
    {"empty",                "00",               ""                                                                },
    {"a name",               "6d3100",           "m1"                                                              },
    {"with a TLV behind it", "6d31000424ff",     "m1"                                                              },
    {"without an end",       "6d31",             NULL                                                              },
    {"with a blank",
     "6d2031"
     "00",                                       NULL                                                              },
    {"not ASCII",
     "c3a4"
     "00",                                       NULL                                                              },
    {"the longest",
     "41414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141"
     "41414141414141414141414141414141414100",   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    {"one more",
     "41414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141"
     "4141414141414141414141414141414141414100", NULL                                                              },
};

static void names_are_read(void **state)
{
    EACH_ROW (row, ids) {
        struct str hex = arena_printf(*state, "%s%s", HEAD("80000004", "00000000"), row->body);
        char id[SMPP_ID_MAX + 1];
        bool ok = smpp_read_id(pdu_of(*state, hex.p), id);

        assert_row(row, ok == (row->want != NULL));
        assert_row(row, str_eq(str_from(id), str_from(row->want ? row->want : "")) || !ok);
    }
}

#define DELIVER HEAD("00000005", "00000000")
#define FIELDS                                                                                     \
    "00"                                                                                           \
    "0101"                                                                                         \
    "3439"                                                                                         \
    "00"                                                                                           \
    "0101"                                                                                         \
    "41"                                                                                           \
    "00"                                                                                           \
    "04"                                                                                           \
    "0000"                                                                                         \
    "00"                                                                                           \
    "00"                                                                                           \
    "00000000"

static const struct {
    const char *name, *hex;
    const char *text, *id; /* NULL text: malformed */
    int state;
} deliveries[] = {
    {"nothing inside",           DELIVER FIELDS "00",     "",   "",   -1},
    {"a text",                   DELIVER FIELDS "026869", "hi", "",   -1},
    {"a state and a name",
     DELIVER FIELDS "00"
                    "0427000102"
                    "001e00036d3100",                     "",   "m1", 2 },
    {"the first of two",
     DELIVER FIELDS "00"
                    "0427000102"
                    "0427000105",                         "",   "",   2 },
    {"a payload",
     DELIVER FIELDS "00"
                    "042400026869",                       "hi", "",   -1},
    {"a state of two octets",
     DELIVER FIELDS "00"
                    "042700020202",                       "",   "",   -1},
    {"others' TLVs",
     DELIVER FIELDS "00"
                    "14000000"
                    "14010001ff"
                    "ffff0000",                           "",   "",   -1},
    {"unknown type and plan",
     DELIVER "00"
             "ffff"
             "3439"
             "00"
             "ffff"
             "41"
             "00"
             "040000"
             "00"
             "00"
             "00000000"
             "00",                                        "",   "",   -1},
    {"a time that has no place",
     DELIVER "00"
             "0101"
             "3439"
             "00"
             "0101"
             "41"
             "00"
             "040000"
             "3100"
             "3100"
             "00000000"
             "00",                                        "",   "",   -1},
    {"a head alone",             DELIVER,                 NULL, NULL, 0 },
    {"text cut",                 DELIVER FIELDS "0368",   NULL, NULL, 0 },
    {"a TLV's head cut",
     DELIVER FIELDS "00"
                    "042700",                             NULL, NULL, 0 },
    {"a TLV cut",
     DELIVER FIELDS "00"
                    "0424ffff41",                         NULL, NULL, 0 },
    {"a number without an end",
     DELIVER "00"
             "0101"
             "3439"
             "3439"
             "3439",                                      NULL, NULL, 0 },
    {"a name not ASCII",
     DELIVER FIELDS "00"
                    "001e0003c3a400",                     NULL, NULL, 0 },
};

static void deliveries_are_read(void **state)
{
    EACH_ROW (row, deliveries) {
        struct smpp_delivery d;
        bool ok = smpp_read_delivery(pdu_of(*state, row->hex), &d);

        assert_row(row, ok == (row->text != NULL));
        if (!ok)
            continue;
        assert_str(bytes_str((struct bytes){d.text, d.text_len}), str_from(row->text));
        assert_str(str_from(d.id), str_from(row->id));
        assert_int_equal(d.state, row->state);
    }
}

/* libsmpp34 1.14.1 writes behind its buffer when a PDU has some forty of them. */
static void a_flood_of_tlvs_is_harmless(void **state)
{
    uint8_t pdu[SMPP_PDU_MAX];
    struct bytes head = unit_hex(*state, DELIVER FIELDS "00");
    struct smpp_delivery d;
    size_t n = head.n;

    memcpy(pdu, head.p, head.n);
    for (; n + 5 <= sizeof(pdu); n += 5)
        memcpy(pdu + n, (n / 5) % 2 ? "\x04\x27\x00\x01\x02" : "\x14\x00\x00\x01\x41", 5);
    assert_true(smpp_read_delivery((struct bytes){pdu, n}, &d));
    assert_int_equal(d.state, 2);
}

static void statuses_have_words(void **state)
{
    char word[SMPP_STATUS_WORD_MAX];

    (void)state;
    assert_string_equal(smpp_status_word(0x0E, word), "ESME_RINVPASWD");
    assert_string_equal(smpp_status_word(0x40A, word), "status 0x40A");
    assert_true(smpp_status_passes(0x40A));
    assert_true(smpp_status_passes(SMPP_QUEUE_FULL));
    assert_false(smpp_status_passes(0x0B));
    assert_string_equal(smpp_status_text(0x40A), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_bounded),
        cmocka_unit_test(heads_are_written_and_read),
        cmocka_unit_test(an_answer_to_a_delivery_has_an_empty_name),
        cmocka_unit_test(a_bind_is_as_specified),
        cmocka_unit_test(a_message_is_as_specified),
        cmocka_unit_test(parts_carry_a_header_or_fields),
        cmocka_unit_test(a_payload_is_whole),
        cmocka_unit_test(too_long_a_number_is_refused),
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(deliveries_are_read),
        cmocka_unit_test(a_flood_of_tlvs_is_harmless),
        cmocka_unit_test(statuses_have_words),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
