#include "base/unit.h"
#include "channel/gsm7.h"
#include "channel/language.h"

#include <string.h>

static const struct {
    const char *name, *locale, *number, *want;
} picks[] = {
    {"locale",                        "de",         "",               "de"     },
    {"locale with a region",          "pt-BR",      "",               "pt"     },
    {"underscore and case",           "ZH_tw",      "",               "zh-Hant"},
    {"script",                        "zh-Hant-HK", "",               "zh-Hant"},
    {"simplified",                    "zh-Hans",    "",               "zh"     },
    {"an older name",                 "no",         "",               "nb"     },
    {"locale before number",          "fr",         "+4915123456789", "fr"     },
    {"number",                        "",           "+4915123456789", "de"     },
    {"unknown locale, known number",  "xx",         "+4915123456789", "de"     },
    {"longest beginning: 423, not 4", "",           "+4236601234",    "de"     },
    {"Dominican Republic",            "",           "+18095550100",   "es"     },
    {"United States",                 "",           "+14155550142",   "en"     },
    {"Kazakhstan",                    "",           "+77010000000",   "ru"     },
    {"Taiwan",                        "",           "+886912345678",  "zh-Hant"},
    {"no prefix of a tag: deu",       "deu",        "",               "en"     },
    {"an address",                    "",           "49@example.org", "en"     },
    {"nothing",                       "",           "",               "en"     },
};

static void a_language_is_picked(void **state)
{
    (void)state;
    EACH_ROW (row, picks) {
        const struct language *l = language_pick(str_from(row->locale), str_from(row->number));

        assert_row(row, strcmp(l->tag, row->want) == 0);
    }
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void every_language_says_everything(void **state)
{
    (void)state;
    assert_true(language_count >= 12);
    for (size_t i = 0; i < language_count; i++) {
        const struct language *l = &languages[i];
        struct {
            const char *name;
        } row = {l->tag};

        assert_row(&row, count_of(l->sms, "{code}") == 1 && count_of(l->sms, "{service}") == 1);
        assert_row(&row, count_of(l->sms_short, "{code}") == 1 &&
                             count_of(l->sms_short, "{service}") == 1);
        assert_row(&row, strlen(l->sms_short) < strlen(l->sms));
        assert_row(&row,
                   count_of(l->voice, "{digits}") == 2 && count_of(l->voice, "{service}") == 1);
        assert_row(&row, count_of(l->mail_subject, "{service}") == 1);
        assert_row(&row, count_of(l->mail_subject, "{") == 1); /* so not the code */
        assert_row(&row,
                   count_of(l->pair_sms, "{service}") == 1 && count_of(l->pair_sms, "{link}") == 1);
        assert_row(&row, count_of(l->pair_subject, "{service}") == 1 && l->pair_lead[0] &&
                             l->pair_button[0] && count_of(l->pair_note, "{service}") == 1);
        assert_row(&row, count_of(l->pair_note, "24") == 1); /* as long as the link lives */
        assert_row(&row, l->mail_lead[0] && l->mail_note[0] && l->pause[0]);
        for (char d = '0'; d <= '9'; d++)
            assert_row(&row, language_digit(l, d).n > 0);
        assert_row(&row, count_of(l->digits, " ") == 9);
        for (char d = '1'; d <= '9'; d++)
            assert_row(&row, !str_eq(language_digit(l, d), language_digit(l, (char)(d - 1))));
    }
}

static void latin_languages_are_worded_in_gsm7(void **state)
{
    static const char others[] = " ru uk ar hi zh zh-Hant ja ko ";

    (void)state;
    for (size_t i = 0; i < language_count; i++) {
        const struct language *l = &languages[i];
        struct {
            const char *name;
        } row = {l->tag};
        char tag[16];

        snprintf(tag, sizeof(tag), " %s ", l->tag);
        if (strstr(others, tag))
            continue;
        assert_row(&row, sms_measure(str_from(l->sms)).coding == SMS_GSM7);
        assert_row(&row, sms_measure(str_from(l->sms_short)).coding == SMS_GSM7);
        assert_row(&row, sms_measure(str_from(l->pair_sms)).coding == SMS_GSM7);
    }
}

static bool has_beginning(const struct language *l, struct str wanted)
{
    struct str rest = str_from(l->numbers), begin;

    while (str_split(&rest, ' ', &begin)) {
        if (begin.n > 0 && str_eq(begin, wanted))
            return true;
    }
    return false;
}

static void no_two_languages_claim_a_country(void **state)
{
    (void)state;
    for (size_t i = 0; i < language_count; i++) {
        struct str rest = str_from(languages[i].numbers), begin;

        while (str_split(&rest, ' ', &begin)) {
            struct {
                const char *name;
            } row = {begin.p};

            assert_row(&row, begin.n == 0 || str_all_digits(begin));
            for (size_t k = i + 1; k < language_count; k++)
                assert_row(&row, !has_beginning(&languages[k], begin));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_language_is_picked),
        cmocka_unit_test(every_language_says_everything),
        cmocka_unit_test(latin_languages_are_worded_in_gsm7),
        cmocka_unit_test(no_two_languages_claim_a_country),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
