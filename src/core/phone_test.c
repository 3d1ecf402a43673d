#include "base/unit.h"
#include "core/phone.h"
#include "core/phone_plan.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena *mem;
static struct ctx cx;

static int set_up(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

/* ---- libphonenumber-js's opinion ---- */

enum { LINE_LEN_MAX = 512 };
enum column { COUNTRY, TYPED, E164, REGION, TYPE, VERDICT, INTERNATIONAL, COLUMNS };

static void check_fact(struct str line)
{
    struct str column[COLUMNS], rest = line;
    struct phone phone;
    enum phone_problem p;

    for (size_t i = 0; i < COLUMNS; i++) {
        if (!str_split(&rest, '\t', &column[i]))
            fail_msg("too few columns: %.*s", STR_ARG(line));
    }
    p = phone_parse(&cx, column[COUNTRY], column[TYPED], &phone);
    if (p != PHONE_OK) {
        if (!str_eq(column[VERDICT], STR("no")) && column[E164].n <= 1 + PHONE_DIGITS_MAX)
            fail_msg("refused with %d: %.*s", p, STR_ARG(line));
        return;
    }
    if (!str_eq(phone.e164, column[E164]) || !str_eq(phone.region, column[REGION]) ||
        !str_eq(phone_type_name(phone.type), column[TYPE]) ||
        !str_eq(phone.valid ? STR("valid") : STR("possible"), column[VERDICT]) ||
        !str_eq(phone_format_international(&cx, phone.e164), column[INTERNATIONAL]))
        fail_msg("got %.*s of %.*s, %.*s, valid %d: %.*s", STR_ARG(phone.e164),
                 STR_ARG(phone.region), STR_ARG(phone_type_name(phone.type)), phone.valid,
                 STR_ARG(line));
    arena_reset(mem);
}

static void numbers_are_read_as_libphonenumber_reads_them(void **state)
{
    char path[LINE_LEN_MAX], line[LINE_LEN_MAX];
    const char *root = getenv("SOURCE_ROOT");
    unsigned count = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/data/phone_numbers.tsv", root ? root : ".");
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        struct str s = str_from(line);

        if (str_starts(s, STR("#")))
            continue;
        check_fact(str_sub(s, 0, s.n - 1));
        count++;
    }
    fclose(f);
    assert_true(count > 1500);
}

/* ---- what people type ---- */

static const struct {
    const char *name, *country, *typed;
    const char *want; /* E.164; NULL = refused with `problem` */
    enum phone_problem problem;
} typed[] = {
    {"plain",                  "1",       "4155550142",                                       "+14155550142",   PHONE_OK              },
    {"plus before the code",   "+49",     "01512 3456789",                                    "+4915123456789", PHONE_OK              },
    {"zeros before the code",  "0049",    "01512 3456789",                                    "+4915123456789", PHONE_OK              },
    {"a region",               "de",      "01512 3456789",                                    "+4915123456789", PHONE_OK              },
    {"region and code",        "DE:49",   "01512 3456789",                                    "+4915123456789", PHONE_OK              },
    {"no country, plus",       "",        "+49 1512 3456789",                                 "+4915123456789", PHONE_OK              },
    {"no country, 00",         "",        "0049 1512 3456789",                                "+4915123456789", PHONE_OK              },
    {"punctuation",            "US",      " (415) 555-01.42 ",                                "+14155550142",   PHONE_OK              },
    {"slash and brackets",     "AT",      "[0664] 123/456",                                   "+43664123456",   PHONE_OK              },
    {"tel: of a page",         "",        "tel:+1-415-555-0142",                              "+14155550142",   PHONE_OK              },
    {"no-break spaces",        "FR",      "06 12 34 56 78",                                   "+33612345678",   PHONE_OK              },
    {"direction marks",        "",        "‪+14155550142‬",                               "+14155550142",   PHONE_OK              },
    {"zero in brackets",       "",        "+44 (0)20 7946 0018",                              "+442079460018",  PHONE_OK              },
    {"Italy keeps its zero",   "IT",      "06 1234 5678",                                     "+390612345678",  PHONE_OK              },
    {"Italian mobile",         "IT",      "312 345 6789",                                     "+393123456789",  PHONE_OK              },
    {"Russia dials 8",         "RU",      "8 (912) 345-67-89",                                "+79123456789",   PHONE_OK              },
    {"Hungary dials 06",       "HU",      "06 20 123 4567",                                   "+36201234567",   PHONE_OK              },
    {"Mexico",                 "MX",      "222 123 4567",                                     "+522221234567",  PHONE_OK              },
    {"Argentina's 15",         "AR",      "011 15-2345-6789",                                 "+5491123456789", PHONE_OK              },
    {"America's 011",          "US",      "011 44 7700 900123",                               "+447700900123",  PHONE_OK              },
    {"00 in America",          "US",      "00 44 7700 900123",                                "+447700900123",  PHONE_OK              },
    {"00 in Russia",           "RU",      "00 7 912 345 67 89",                               "+79123456789",   PHONE_OK              },
    {"code without plus",      "US",      "1 415 555 0142",                                   "+14155550142",   PHONE_OK              },
    {"code without plus, FR",  "FR",      "33 6 12 34 56 78",                                 "+33612345678",   PHONE_OK              },
    {"another country's",      "US",      "+44 7700 900123",                                  "+447700900123",  PHONE_OK              },
    {"for tests only",         "1",       "+15005550006",                                     "+15005550006",   PHONE_OK              },
    {"Arabic digits",          "EG",      "٠١٠٠ ١٢٣ ٤٥٦٧",                         "+201001234567",  PHONE_OK              },
    {"Persian digits",         "IR",      "۰۹۱۲ ۳۴۵ ۶۷۸۹",                         "+989123456789",  PHONE_OK              },
    {"Devanagari digits",      "IN",      "०८१२३४ ५६७८९",               "+918123456789",  PHONE_OK              },
    {"Thai digits",            "TH",      "๐๘๑ ๒๓๔ ๕๖๗๘",                 "+66812345678",   PHONE_OK              },
    {"full width",             "JP",      "＋８１（９０）１２３４－５６７８", "+819012345678",  PHONE_OK              },
    {"Benin's new numbers",    "",        "+229 01 95 12 34 56",                              "+2290195123456", PHONE_OK              },
    {"nothing",                "1",       "",                                                 NULL,             PHONE_EMPTY           },
    {"blanks",                 "1",       "  ",                                               NULL,             PHONE_EMPTY           },
    {"signs only",             "1",       "()-",                                              NULL,             PHONE_EMPTY           },
    {"a plus",                 "1",       "+",                                                NULL,             PHONE_TOO_SHORT       },
    {"no country at all",      "",        "4155550142",                                       NULL,             PHONE_NO_COUNTRY      },
    {"no such region",         "XX",      "4155550142",                                       NULL,             PHONE_BAD_COUNTRY     },
    {"no such code",           "999",     "4155550142",                                       NULL,             PHONE_BAD_COUNTRY     },
    {"code that is a sign",    "+",       "4155550142",                                       NULL,             PHONE_BAD_COUNTRY     },
    {"country that is text",   "Germany", "01512 3456789",                                    NULL,             PHONE_BAD_COUNTRY     },
    {"code of nobody",         "",        "+999 4155550142",                                  NULL,             PHONE_BAD_CALLING_CODE},
    {"plus zero",              "DE",      "+0 1512 3456789",                                  NULL,             PHONE_BAD_CALLING_CODE},
    {"extension",              "US",      "415 555 0142 ext. 12",                             NULL,             PHONE_EXTENSION       },
    {"extension by x",         "US",      "415-555-0142x12",                                  NULL,             PHONE_EXTENSION       },
    {"extension by hash",      "US",      "4155550142#12",                                    NULL,             PHONE_EXTENSION       },
    {"pause",                  "US",      "4155550142,,12",                                   NULL,             PHONE_EXTENSION       },
    {"parameter",              "US",      "tel:+14155550142;ext=12",                          NULL,             PHONE_EXTENSION       },
    {"Russian extension",      "RU",      "89123456789 доб. 5",                            NULL,             PHONE_EXTENSION       },
    {"letters",                "US",      "1-800-FLOWERS",                                    NULL,             PHONE_NO_NUMBER       },
    {"two numbers",            "US",      "4155550142 or 4155550143",                         NULL,             PHONE_NO_NUMBER       },
    {"plus in the middle",     "US",      "415+5550142",                                      NULL,             PHONE_NO_NUMBER       },
    {"two plus",               "US",      "++14155550142",                                    NULL,             PHONE_NO_NUMBER       },
    {"an address",             "US",      "a@example.org",                                    NULL,             PHONE_NO_NUMBER       },
    {"a new line",             "US",      "4155550142\nBcc: x",                               NULL,             PHONE_NO_NUMBER       },
    {"a percent",              "US",      "415%205550142",                                    NULL,             PHONE_NO_NUMBER       },
    {"not UTF-8",              "US",      "4155550142\xFF",                                   NULL,             PHONE_NO_NUMBER       },
    {"cut inside a character", "US",      "415555014\xD9",                                    NULL,             PHONE_NO_NUMBER       },
    {"overlong digit",         "US",      "415555014\xC0\xB2",                                NULL,             PHONE_NO_NUMBER       },
    {"too short",              "US",      "555 0142",                                         NULL,             PHONE_TOO_SHORT       },
    {"one digit",              "US",      "5",                                                NULL,             PHONE_TOO_SHORT       },
    {"too long",               "US",      "415 555 0142 7",                                   NULL,             PHONE_TOO_LONG        },
    {"sixteen digits",         "DE",      "+49 151 2345678901234",                            NULL,             PHONE_TOO_LONG        },
    {"between two lengths",    "",        "+247 401234",                                      "+247401234",     PHONE_OK              },
    {"eleven, ten or twelve",  "",        "+7 912345678901",                                  NULL,             PHONE_BAD_LENGTH      },
};

static void what_people_type_becomes_e164_or_a_reason(void **state)
{
    (void)state;
    EACH_ROW (row, typed) {
        struct phone phone = {.e164 = STR("untouched")};
        enum phone_problem p =
            phone_parse(&cx, str_from(row->country), str_from(row->typed), &phone);
        struct str want = row->want ? str_from(row->want) : STR("untouched");

        assert_row(row, p == row->problem);
        assert_row(row, str_eq(phone.e164, want));
        assert_row(row, (phone_problem_text(p).n > 0) == (p != PHONE_OK));
    }
}

static void input_is_bounded(void **state)
{
    char long_text[PHONE_INPUT_MAX + 2];
    struct phone phone;

    (void)state;
    for (size_t i = 0; i < sizeof(long_text); i++)
        long_text[i] = i == 0 ? '+' : '1';
    assert_int_equal(phone_parse(&cx, STR(""), (struct str){long_text, PHONE_INPUT_MAX}, &phone),
                     PHONE_TOO_LONG);
    assert_int_equal(
        phone_parse(&cx, STR(""), (struct str){long_text, PHONE_INPUT_MAX + 1}, &phone),
        PHONE_TOO_LONG_INPUT);
    assert_int_equal(phone_parse(&cx, STR("1"),
                                 (struct str){"415555\0"
                                              "0142",
                                              11},
                                 &phone),
                     PHONE_NO_NUMBER);
    assert_int_equal(phone_parse(&cx, STR("1"), STR_NONE, &phone), PHONE_EMPTY);
    assert_int_equal(phone_parse(&cx, STR_NONE, STR("+14155550142"), &phone), PHONE_OK);
}

static const struct {
    const char *name, *number;
    enum phone_type type;
    bool valid, refused;
} judged[] = {
    {"example number, US",    "+14155550142",    PHONE_FIXED_OR_MOBILE, true,  false},
    {"example number, UK",    "+447700900123",   PHONE_UNKNOWN,         false, false},
    {"mobile",                "+4915123456789",  PHONE_MOBILE,          true,  false},
    {"landline",              "+493012345678",   PHONE_FIXED,           true,  false},
    {"toll free",             "+18002345678",    PHONE_TOLL_FREE,       true,  false},
    {"personal",              "+15005550006",    PHONE_PERSONAL,        true,  false},
    {"premium, US",           "+19002345678",    PHONE_PREMIUM,         true,  true },
    {"premium, UK",           "+449012345678",   PHONE_PREMIUM,         true,  true },
    {"premium, DE",           "+499001234567",   PHONE_PREMIUM,         true,  true },
    {"shared cost, DE",       "+491801234567",   PHONE_SHARED_COST,     true,  true },
    {"shared cost, FR",       "+33810123456",    PHONE_SHARED_COST,     true,  true },
    {"pager, UK",             "+447640123456",   PHONE_PAGER,           true,  true },
    {"voicemail, DE",         "+49177991234567", PHONE_VOICEMAIL,       true,  true },
    {"satellite",             "+881612345678",   PHONE_MOBILE,          true,  true },
    {"international premium", "+979123456789",   PHONE_PREMIUM,         true,  true },
};

static void dear_numbers_are_refused_for_codes(void **state)
{
    (void)state;
    EACH_ROW (row, judged) {
        struct str cc = STR("untouched"), e164 = STR("untouched"), text;
        struct phone phone;

        assert_row(row, phone_parse(&cx, STR(""), str_from(row->number), &phone) == PHONE_OK);
        assert_row(row, phone.type == row->type);
        assert_row(row, phone.valid == row->valid);
        assert_row(row, (phone_refuse_reason(&phone).n > 0) == row->refused);
        text = phone_check(&cx, STR("US"), str_from(row->number), &cc, &e164);
        assert_row(row, (text.n > 0) == row->refused);
        assert_str(e164, row->refused ? STR("untouched") : str_from(row->number));
        assert_str(cc, row->refused ? STR("untouched") : phone.calling_code);
    }
}

static void parts_of_a_number(void **state)
{
    struct phone phone;

    (void)state;
    assert_int_equal(phone_parse(&cx, STR("VA"), STR("06 698 12345"), &phone), PHONE_OK);
    assert_str(phone.e164, STR("+390669812345"));
    assert_str(phone.calling_code, STR("39"));
    assert_str(phone.region, STR("VA"));
    assert_str(phone.national, STR("0669812345"));
}

static const struct {
    const char *name, *e164, *want;
} formats[] = {
    {"US",               "+14155550142",      "+1 415 555 0142"  },
    {"UK",               "+447700900123",     "+44 7700 900123"  },
    {"France",           "+33612345678",      "+33 6 12 34 56 78"},
    {"no rule fits",     "+12",               "+1 2"             },
    {"code alone",       "+1",                "+1"               },
    {"no such code",     "+9991234567",       "+9991234567"      },
    {"not E.164",        "415 555 0142",      "415 555 0142"     },
    {"markup",           "+1<b>",             "+1<b>"            },
    {"longer than ever", "+1234567890123456", "+1234567890123456"},
    {"nothing",          "",                  ""                 },
};

static void numbers_are_grouped_as_their_country_does(void **state)
{
    (void)state;
    EACH_ROW (row, formats)
        assert_str(phone_format_international(&cx, str_from(row->e164)), str_from(row->want));
}

static void the_country_list_is_complete_and_usable(void **state)
{
    size_t count;
    const struct phone_region *regions = phone_regions(&count);

    (void)state;
    assert_int_equal(count, 245);
    assert_str(regions[0].name, STR("Afghanistan"));
    assert_str(regions[count - 1].name, STR("Zimbabwe"));
    for (size_t i = 0; i < count; i++) {
        struct str value = arena_printf(mem, "%.*s:%.*s", STR_ARG(regions[i].code),
                                        STR_ARG(regions[i].calling_code));
        struct phone phone;
        unsigned mains = 0;

        assert_int_equal(phone_parse(&cx, value, STR("1"), &phone), PHONE_TOO_SHORT);
        assert_true(regions[i].name.n > 0 && str_is_utf8(regions[i].name));
        for (size_t k = 0; k < count; k++) {
            bool shared = str_eq(regions[i].calling_code, regions[k].calling_code);

            assert_true(i == k || !str_eq(regions[i].code, regions[k].code));
            mains += shared && regions[k].main;
        }
        assert_int_equal(mains, 1);
    }
}

/* ---- patterns ---- */

static void every_pattern_compiles(void **state)
{
    (void)state;
    assert_true(plan_pattern_count() > 1000);
    assert_false(plan_matches(0, STR("1")));
    for (uint16_t i = 1; i < plan_pattern_count(); i++)
        plan_begins(i, STR("1"), NULL); /* aborts if it does not */
}

enum { THREADS = 4 };

static void *parse_some(void *unused)
{
    struct arena *own_mem = arena_new();
    struct ctx own;
    size_t count, wrong = 0;
    const struct phone_region *regions = phone_regions(&count);

    (void)unused;
    ctx_init(&own, own_mem);
    for (size_t i = 0; i < count; i++) {
        struct phone phone;

        wrong += phone_parse(&own, regions[i].code, STR("+14155550142"), &phone) != PHONE_OK ||
                 !str_eq(phone.region, STR("US"));
        wrong += phone_parse(&own, regions[i].code, STR("1"), &phone) != PHONE_TOO_SHORT;
    }
    arena_free(&own_mem);
    return wrong ? NULL : (void *)&cx; /* NULL or not is all that it has to say */
}

/* Runs first, while no pattern is compiled yet. */
static void threads_share_the_patterns(void **state)
{
    pthread_t thread[THREADS];
    void *fine;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, parse_some, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], &fine), 0);
        assert_non_null(fine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_the_patterns),
        cmocka_unit_test(numbers_are_read_as_libphonenumber_reads_them),
        cmocka_unit_test(what_people_type_becomes_e164_or_a_reason),
        cmocka_unit_test(input_is_bounded),
        cmocka_unit_test(dear_numbers_are_refused_for_codes),
        cmocka_unit_test(parts_of_a_number),
        cmocka_unit_test(numbers_are_grouped_as_their_country_does),
        cmocka_unit_test(the_country_list_is_complete_and_usable),
        cmocka_unit_test(every_pattern_compiles),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
