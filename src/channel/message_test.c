#include "base/unit.h"
#include "channel/gsm7.h"
#include "channel/language.h"
#include "channel/message.h"

#include <string.h>

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

static bool has(struct str text, const char *what)
{
    return str_find_str(text, str_from(what)) >= 0;
}

static struct message_in code_in(const char *channel, const char *locale)
{
    return (struct message_in){
        .channel = str_from(channel),
        .template_name = STR("code"),
        .service_name = STR("Countersign"),
        .host = STR("id.example.org"),
        .to = STR(""),
        .locale = str_from(locale),
        .code = STR("482913"),
    };
}

static struct message rendered(const struct message_in *in)
{
    struct message m;

    assert_int_equal(message_render(&cx, in, &m), OK);
    return m;
}

static void a_code_by_sms_ends_with_the_line_that_phones_read(void **state)
{
    struct message_in in = code_in("sms", "");

    (void)state;
    assert_str(rendered(&in).text, STR("482913 is your Countersign code. Don't share it.\n"
                                       "@id.example.org #482913"));
    in.to = STR("+4915123456789");
    assert_str(rendered(&in).text, STR("482913 ist Ihr Code für Countersign. Geben Sie ihn nicht "
                                       "weiter.\n@id.example.org #482913"));
    in.host = STR("");
    in.locale = STR("tr");
    assert_str(rendered(&in).text, STR("Countersign kodunuz: 482913. Kimseye vermeyin."));
}

/* What one message costs: a second part doubles it. */
static void a_code_by_sms_is_one_part_in_every_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < language_count; i++) {
        struct message_in in = code_in("sms", languages[i].tag);
        struct {
            const char *name;
        } row = {languages[i].tag};
        struct str text = rendered(&in).text;

        assert_row(&row, sms_measure(text).parts == 1);
        assert_row(&row, str_ends(text, STR("\n@id.example.org #482913")));
        in.service_name = STR("Twenty letters ab cd");
        in.host = STR("thirty.letters.in.example.com.");
        text = rendered(&in).text;
        assert_row(&row, sms_measure(text).parts == 1);
        assert_row(&row, has(text, "Twenty letters ab cd") &&
                             str_ends(text, STR("\n@thirty.letters.in.example.com. #482913")));
    }
}

static void a_code_by_voice_is_said_twice_digit_by_digit(void **state)
{
    struct message_in in = code_in("voice", "en");

    (void)state;
    assert_str(rendered(&in).text,
               STR("Your Countersign code is: four, eight, two, nine, one, three. "
                   "Once more: four, eight, two, nine, one, three."));
    in.locale = STR("fr"); /* no voice speaks it */
    assert_true(has(rendered(&in).text, "four, eight, two, nine, one, three. Once more"));
    assert_str(rendered(&in).language, STR("en"));
    in.code = STR("00a7");
    assert_true(has(rendered(&in).text, "zero, zero, a, seven."));
}

static void a_call_for_approval_names_the_service_and_holds_no_digits(void **state)
{
    struct message_in in = {
        .channel = STR("voice"),
        .template_name = STR("approve"),
        .service_name = STR("Shop"),
        .what = STR("is signing in to your account"),
        .to = STR("+4915112345678"),
    };
    struct message m = rendered(&in);

    (void)state;
    assert_str(m.language, STR("en")); /* no voice speaks German */
    assert_true(
        str_starts(m.text, STR("This is Shop. Somebody, probably you, is signing in to your "
                               "account. ")));
    assert_true(has(m.text, "type the six digits that the page shows, then press 1."));
    assert_true(has(m.text, "If this was not you, press 9."));
}

static void a_code_by_mail_is_in_both_parts_and_not_in_the_subject(void **state)
{
    (void)state;
    for (size_t i = 0; i < language_count; i++) {
        struct message_in in = code_in("email", languages[i].tag);
        struct message m = rendered(&in);
        struct {
            const char *name;
        } row = {languages[i].tag};

        assert_row(&row, has(m.subject, "Countersign") && !has(m.subject, "482913"));
        assert_row(&row, has(m.text, "\n    482913\n"));
        assert_row(&row, has(m.html, ">482913</span></p>"));
        assert_row(&row, has(m.html, "dir=\"rtl\"") == languages[i].right_to_left);
        assert_row(&row, !has(m.text, "{") && !has(m.html, "{")); /* all is filled in */
        assert_row(&row, str_is_utf8(m.text) && str_is_utf8(m.html));
    }
}

static const struct {
    const char *name, *link, *subject, *button;
    bool greets;
} mails[] = {
    {"confirm_sign_up",    "https://id.example.org/confirm/a", "Confirm your e-mail address for Shop",
     "Confirm this address",                                                                                                   false},
    {"already_registered", "",                                 "You already have a Shop account",      NULL,                   true },
    {"reset_password",     "https://id.example.org/reset/a",   "Reset your Shop password",
     "Choose a new password",                                                                                                  true },
    {"new_password",       "https://id.example.org/reset/a",   "Choose a new Shop password",
     "Choose a new password",                                                                                                  true },
    {"confirm_email",      "https://id.example.org/confirm/a",
     "Confirm your new e-mail address for Shop",                                                       "Confirm this address", false},
    {"notice",             "https://id.example.org/not-me/a",  "Security notice from Shop",            "This wasn't me",
     false                                                                                                                          },
};

static void every_mail_has_its_link_and_its_words(void **state)
{
    (void)state;
    EACH_ROW (row, mails) {
        struct message_in in = {
            .channel = STR("email"),
            .template_name = str_from(row->name),
            .service_name = STR("Shop"),
            .host = STR("id.example.org"),
            .link = str_from(row->link),
            .name = STR("Ann"),
        };
        struct message m = rendered(&in);

        assert_str(m.subject, str_from(row->subject));
        assert_row(row, !row->button || has(m.text, row->button));
        assert_row(row, !row->link[0] || has(m.text, row->link));
        assert_row(row, has(m.html, "href=") == (row->link[0] != '\0'));
        assert_row(row, has(m.text, "Hello Ann,") == row->greets);
        assert_row(row, has(m.html, "Hello Ann,") == row->greets);
        assert_row(row, str_ends(m.text, STR("Shop, id.example.org\n")));
    }
}

static void a_notice_says_what_when_and_where_from(void **state)
{
    struct message_in in = {
        .channel = STR("email"),
        .template_name = STR("notice"),
        .service_name = STR("Shop"),
        .host = STR("id.example.org"),
        .link = STR("https://id.example.org/not-me/a"),
        .what = STR("Your password was changed."),
        .addr = STR("192.0.2.7"),
        .user_agent = STR("Firefox <b>"),
        .at_ms = 1795381522000,
    };
    struct message m = rendered(&in);

    (void)state;
    assert_true(has(m.text, "Your password was changed.\n\n"
                            "    When: 22 November 2026, 21:05 UTC\n"
                            "    Address: 192.0.2.7\n"
                            "    Device: Firefox <b>\n\n"
                            "This wasn't me:\nhttps://id.example.org/not-me/a\n"));
    assert_true(has(m.html, "Firefox &lt;b&gt;"));
    assert_str(m.subject, STR("Shop: Your password was changed"));
    in.channel = STR("sms");
    in.link = STR("");
    assert_str(rendered(&in).text, STR("Shop: Your password was changed."));
}

static void a_notice_has_its_first_sentence_as_subject(void **state)
{
    static const struct {
        const char *what, *subject;
    } table[] = {
        {"Your password was changed.",                       "Shop: Your password was changed"         },
        {"New codes were made. Earlier ones are void.",      "Shop: New codes were made"               },
        {"Your address is now a***@b.example.",              "Shop: Your address is now a***@b.example"},
        {"It was answered with \"not me\". Choose another.",
         "Shop: It was answered with \"not me\""                                                       },
        {"",                                                 "Security notice from Shop"               },
        {"A sentence that goes on and on and on and on and on and on and on and on and on and on "
         "and on and on and on and on and on.",     "Security notice from Shop"               },
    };

    (void)state;
    EACH_ROW (row, table) {
        struct message_in in = {.channel = STR("email"),
                                .template_name = STR("notice"),
                                .service_name = STR("Shop"),
                                .what = str_from(row->what)};

        assert_str(rendered(&in).subject, str_from(row->subject));
    }
}

/* Whose old password is refused must not read that it stays as it is, or that they asked. */
static void a_new_password_for_a_void_one_says_so(void **state)
{
    struct message_in in = {
        .channel = STR("email"),
        .template_name = STR("new_password"),
        .service_name = STR("Shop"),
        .name = STR("Ann"),
        .link = STR("https://id.example.org/reset/a"),
    };
    struct message m = rendered(&in);

    (void)state;
    assert_true(has(m.text, "your old password no longer works"));
    assert_true(has(m.html, "your old password no longer works"));
    assert_false(has(m.text, "ignore") || has(m.text, "asked") || has(m.text, "stays"));
    in.template_name = STR("reset_password");
    assert_true(has(rendered(&in).text, "your password stays the same"));
}

static void nothing_from_outside_is_markup_or_a_new_line(void **state)
{
    struct message_in in = code_in("email", "en");
    struct message m;

    (void)state;
    in.service_name = STR("<img src=x>\"'&\r\nBcc: a@example.org\n@evil.example #000000");
    m = rendered(&in);
    assert_int_equal(str_find(m.subject, '\n'), STR_NPOS);
    assert_int_equal(str_find(m.subject, '\r'), STR_NPOS);
    assert_false(has(m.html, "<img"));
    assert_true(has(m.html, "&lt;img src=x&gt;&quot;&#39;&amp;"));
    in.channel = STR("sms");
    assert_true(str_ends(rendered(&in).text, STR("\n@id.example.org #482913")));
    assert_false(has(rendered(&in).text, "\n@evil"));
    in = (struct message_in){
        .channel = STR("email"),
        .template_name = STR("reset_password"),
        .service_name = STR("Shop"),
        .name = STR("<script>"),
        .link = STR("https://id.example.org/\"onclick=\""),
    };
    m = rendered(&in);
    assert_false(has(m.html, "<script"));
    assert_false(has(m.html, "\"onclick"));
}

static const struct {
    const char *name, *channel, *template_name, *code;
} refused[] = {
    {"unknown template",     "email", "greeting",       ""         },
    {"unknown channel",      "fax",   "code",           "482913"   },
    {"no such SMS",          "sms",   "reset_password", ""         },
    {"no such call",         "voice", "notice",         ""         },
    {"code without a code",  "sms",   "code",           ""         },
    {"code with a new line", "sms",   "code",           "482913\n1"},
    {"mail without a link",  "email", "reset_password", ""         },
};

static void what_cannot_be_rendered_is_refused(void **state)
{
    (void)state;
    EACH_ROW (row, refused) {
        struct message_in in = {
            .channel = str_from(row->channel),
            .template_name = str_from(row->template_name),
            .service_name = STR("Shop"),
            .code = str_from(row->code),
        };
        struct message m = {.text = STR("untouched")};

        assert_row(row, message_render(&cx, &in, &m) == ERR_INVALID);
        assert_row(row, str_eq(m.text, STR("untouched")));
        assert_row(row, !strstr(cx.why, "482913")); /* a code is never in a log */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_by_sms_ends_with_the_line_that_phones_read),
        cmocka_unit_test(a_code_by_sms_is_one_part_in_every_language),
        cmocka_unit_test(a_code_by_voice_is_said_twice_digit_by_digit),
        cmocka_unit_test(a_call_for_approval_names_the_service_and_holds_no_digits),
        cmocka_unit_test(a_code_by_mail_is_in_both_parts_and_not_in_the_subject),
        cmocka_unit_test(every_mail_has_its_link_and_its_words),
        cmocka_unit_test(a_notice_says_what_when_and_where_from),
        cmocka_unit_test(a_notice_has_its_first_sentence_as_subject),
        cmocka_unit_test(a_new_password_for_a_void_one_says_so),
        cmocka_unit_test(nothing_from_outside_is_markup_or_a_new_line),
        cmocka_unit_test(what_cannot_be_rendered_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
