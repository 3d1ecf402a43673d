/* mail_test.c: headers that no name can break, and what a mail server's code means. */
#include "base/unit.h"

#include "channel/mail.h"

#include <string.h>

static const struct {
    const char *name, *want;
} subjects[] = {
    {"Your code is 482913",     "Your code is 482913"                     },
    {"",                        ""                                        },
    {"Döner",                  "=?UTF-8?B?RMO2bmVy?="                    },
    {"a\r\nBcc: x@example.com", "=?UTF-8?B?YSAgQmNjOiB4QGV4YW1wbGUuY29t?="},
    {"=?UTF-8?Q?x?=",           "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?="        },
    {"= ?",                     "= ?"                                     },
    {"Code =?UTF-8?Q?x?=",      "=?UTF-8?B?Q29kZSA9P1VURi04P1E/eD89?="    },
};

static const struct {
    const char *name, *want;
} phrases[] = {
    {"Serenity Bank", "\"Serenity Bank\""     },
    {"A \"B\" \\ C",  "\"A \\\"B\\\" \\\\ C\""},
    {"a@b, <c>",      "\"a@b, <c>\""          },
    {"Ünï",         "=?UTF-8?B?w5xuw68=?="  },
};

static void words_are_encoded_when_they_must(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, KIB);
    EACH_ROW (row, subjects) {
        buf_reset(&b);
        mail_text(&b, str_from(row->name));
        assert_str(buf_str(&b), str_from(row->want));
    }
    EACH_ROW (row, phrases) {
        buf_reset(&b);
        mail_phrase(&b, str_from(row->name));
        assert_str(buf_str(&b), str_from(row->want));
    }
}

/* RFC 2047 section 2: at most 75 characters a word, whole characters in each. */
static void long_text_is_cut_between_characters(void **state)
{
    OWN(buf_deinit) struct buf text;
    OWN(buf_deinit) struct buf out;
    OWN(buf_deinit) struct buf again;
    struct str rest, line;

    (void)state;
    buf_init(&text, KIB);
    buf_init(&out, 4 * KIB);
    buf_init(&again, KIB);
    for (int i = 0; i < 60; i++)
        buf_add(&text, i % 3 ? STR("é") : STR("🔐"));
    mail_text(&out, buf_str(&text));
    rest = buf_str(&out);
    while (str_split(&rest, '\n', &line)) {
        struct str word = str_trim(line);
        uint8_t raw[64];
        ptrdiff_t n;

        word.n -= str_ends(word, STR("\r"));
        assert_true(word.n <= 75);
        assert_true(str_starts(word, STR("=?UTF-8?B?")) && str_ends(word, STR("?=")));
        n = base64_decode(str_sub(word, 10, word.n - 12), raw, sizeof(raw));
        assert_true(n > 0);
        assert_true(str_is_utf8((struct str){(char *)raw, (size_t)n}));
        buf_add(&again, (struct str){(char *)raw, (size_t)n});
    }
    assert_str(buf_str(&again), buf_str(&text));
}

static void the_date_is_that_of_mails(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, KIB);
    mail_date(&b, 1800000000000);
    assert_str(buf_str(&b), STR("Fri, 15 Jan 2027 08:00:00 +0000"));
}

static const struct {
    long code;
    enum outcome outcome;
} codes[] = {
    {421, OUTCOME_RETRY },
    {450, OUTCOME_RETRY },
    {451, OUTCOME_RETRY },
    {452, OUTCOME_RETRY },
    {454, OUTCOME_RETRY },
    {530, OUTCOME_RETRY },
    {535, OUTCOME_RETRY },
    {550, OUTCOME_FAILED},
    {552, OUTCOME_FAILED},
    {553, OUTCOME_FAILED},
    {554, OUTCOME_FAILED},
};

static void a_refused_mail_is_not_a_refused_login(void **state)
{
    (void)state;
    EACH_ROW (row, codes)
        assert_int_equal(mail_outcome(row->code), row->outcome);
}

static const struct {
    long code;
    const char *name;
    bool recipients;
} replies[] = {
    {450, "mailbox busy",                              true },
    {450, "4.7.1 try later",                           true },
    {451, "4.7.1 Greylisted, see you in five minutes", true },
    {452, "4.2.2 mailbox full",                        true },
    {451, "4.1.8 no such domain at this time",         true },
    {451, "4.3.0 local error",                         false},
    {452, "4.3.1 no room on the disk",                 false},
    {421, "4.7.0 too many connections from you",       false},
    {454, "4.7.0 temporary authentication failure",    false},
    {535, "5.7.8 wrong password",                      false},
};

static void a_full_mailbox_is_not_a_broken_server(void **state)
{
    (void)state;
    EACH_ROW (row, replies)
        assert_row(row, mail_is_recipients(row->code, str_from(row->name)) == row->recipients);
}

static void a_mail_server_has_a_scheme(void **state)
{
    OWN(mail_free) struct mail *mail = NULL;
    struct mail_conf conf = {.url = STR("https://a.example:1"), .from = STR("a@b.example")};
    struct ctx cx = {.mem = *state};

    assert_int_equal(mail_new(&cx, &conf, &mail), ERR_INVALID);
    conf.url = STR("smtp://a.example:587");
    assert_int_equal(mail_new(&cx, &conf, &mail), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_encoded_when_they_must),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(the_date_is_that_of_mails),
        cmocka_unit_test(a_refused_mail_is_not_a_refused_login),
        cmocka_unit_test(a_full_mailbox_is_not_a_broken_server),
        cmocka_unit_test(a_mail_server_has_a_scheme),
    };

    return cmocka_run_group_tests_name("mail", tests, unit_mem_setup, unit_mem_teardown);
}
