/* wording_test.c: what an operator may write, and what is said about the rest. */
#include "base/unit.h"

#include "channel/message.h"
#include "channel/wording.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/countersign-wording-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (!text) {
        unlink(path);
        return;
    }
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

struct read { /* what came of it */
    enum err result;
    struct str problems, warnings;
};

static struct read read_dir(struct ctx *cx, struct wording **w)
{
    OWN(buf_deinit) struct buf problems = {.max = 16 * KIB};
    OWN(buf_deinit) struct buf warnings = {.max = 16 * KIB};
    struct wording_conf conf = {str_from(dir), STR("Serenity"), STR("id.example.org")};
    struct read r;

    r.result = wording_load(cx, &conf, &problems, &warnings, w);
    r.problems = arena_str(cx->mem, buf_str(&problems));
    r.warnings = arena_str(cx->mem, buf_str(&warnings));
    return r;
}

static const struct {
    const char *name, *file, *text;
    const char *problem, *warning; /* what a line must say behind "FILE:"; NULL: nothing at all */
} rows[] = {
    {"a good text",               "de.txt", "# ein Satz\n\nsms = {code}: Ihr Code bei {service}.\n", NULL,                                       NULL                                   },
    {"an unknown place",          "de.txt", "sms = {code} {servise}\n",
     "1:14: {servise} has no meaning in sms, which knows {code} and {service}",                                                                  NULL                                   },
    {"no code",                   "de.txt", "\nsms = Hallo {service}\n",                             "2:7: sms must name {code}",                NULL                                   },
    {"a call that is not spoken", "fr.txt", "voice_approve = {service}\n",
     "1:1: there is no text called \"voice_approve\"",                                                                                           NULL                                   },
    {"no digits",                 "fr.txt", "voice = {service}\n",                                   "1:9: voice must name {digits}",            NULL                                   },
    {"a code in a subject",       "de.txt", "mail_subject = {code}\n",
     "1:16: {code} has no meaning in mail_subject",                                                                                              NULL                                   },
    {"an open brace",             "de.txt", "sms = {code} {service\n",                               "1:14: this { has no }",                    NULL                                   },
    {"an unknown name",           "de.txt", "smss = {code}\n",                                       "1:1: there is no text called \"smss\"",    NULL                                   },
    {"a letter elsewhere",        "de.txt", "reset_password_lead = x\n",
     "1:1: there is no text called \"reset_password_lead\" (letters with links are worded in "
     "en.txt)",                                                                                                                                  NULL                                   },
    {"no equals sign",            "de.txt", "sms {code}\n",                                          "1:1: a line is NAME = TEXT",               NULL                                   },
    {"the same twice",            "de.txt", "sms = {code}\nsms = {code}\n",
     "2:1: sms stands here for the second time",                                                                                                 NULL                                   },
    {"nothing",                   "de.txt", "sms =\n",                                               "1:6: sms has 1 to 1000 bytes on one line", NULL                                   },
    {"a notice of nothing",       "en.txt", "notice_lead = Something happened\n",
     "1:15: notice_lead must name {what}",                                                                                                       NULL                                   },
    {"an unknown language",       "xx.txt", "sms = {code}\n",                                        " there is no language xx, but en, ",       NULL                                   },
    {"not UTF-8",                 "de.txt", "sms = {code} \xff\n",                                   " is not UTF-8",                            NULL                                   },
    {"another file",              "de.old", "sms = {code}\n",                                        NULL,                                       " is not read, since its name does not"},
    {"a letter too wide",         "de.txt", "sms = {code} ист Ihr Code\n",                        NULL,
     "1:14: this letter is not in the GSM alphabet: only 70 characters instead of 160"                                                                                                  },
    {"too long",                  "de.txt",
     "sms_short = {code} ist der Code, den Sie eben angefordert haben, um sich bei {service} "
     "anzumelden. Geben Sie ihn bitte niemandem weiter, auch nicht uns; wir fragen nie danach, "
     "niemals.\n",                                                                                   NULL,                                       "1:13: sms_short takes 2 messages (1"  },
};

static void every_row_says_what_is_wrong_and_where(void **state)
{
    struct ctx cx;

    ctx_init(&cx, *state);
    EACH_ROW (row, rows) {
        OWN(wording_free) struct wording *w = NULL;
        struct read r;
        struct str file = arena_printf(cx.mem, "%s/%s:", dir, row->file);

        put(row->file, row->text);
        r = read_dir(&cx, &w);
        put(row->file, NULL);
        assert_row(row, (r.result == OK) == (row->problem == NULL));
        assert_row(row, (w != NULL) == (row->problem == NULL));
        assert_row(row, row->problem ? str_starts(r.problems, arena_printf(cx.mem, "%s%s", file.p,
                                                                           row->problem))
                                     : r.problems.n == 0);
        assert_row(row, row->warning ? str_starts(r.warnings, arena_printf(cx.mem, "%s%s", file.p,
                                                                           row->warning))
                                     : r.warnings.n == 0);
    }
}

static struct message render(struct ctx *cx, const struct wording *w, const char *channel,
                             const char *template_name, const char *locale)
{
    struct message_in in = {
        .channel = str_from(channel),
        .template_name = str_from(template_name),
        .service_name = STR("A & B"),
        .host = STR("id.example.org"),
        .to = STR("+14155550142"),
        .locale = str_from(locale),
        .code = STR("482913"),
        .link = STR("https://id.example.org/x"),
        .what = STR("A thing happened."),
        .wording = w,
    };
    struct message m = {0};

    assert_int_equal(message_render(cx, &in, &m), OK);
    return m;
}

static void texts_replace_ours_and_html_escapes_them(void **state)
{
    OWN(wording_free) struct wording *w = NULL;
    struct message m;
    struct ctx cx;

    ctx_init(&cx, *state);
    put("de.txt", "sms = Code {code} von {service}\n"
                  "mail_subject = Code von {service}\n"
                  "mail_lead = Hier <b>ist</b> er:\n");
    put("en.txt", "reset_password_lead = Somebody at <{service}> asked.\n"
                  "reset_password_button = Go on\n");
    assert_int_equal(read_dir(&cx, &w).result, OK);
    m = render(&cx, w, "sms", "code", "de-AT");
    assert_str(m.text, STR("Code 482913 von A & B\n@id.example.org #482913"));
    m = render(&cx, w, "sms", "code", "en"); /* not worded anew */
    assert_true(str_starts(m.text, STR("482913 is your A & B code.")));
    m = render(&cx, w, "email", "code", "de");
    assert_str(m.subject, STR("Code von A & B"));
    assert_true(str_find_str(m.text, STR("Hier <b>ist</b> er:")) >= 0);
    assert_true(str_find_str(m.html, STR("Hier &lt;b&gt;ist&lt;/b&gt; er:")) >= 0);
    assert_true(str_find_str(m.html, STR("<b>ist")) < 0);
    assert_true(str_find_str(m.text, STR("Er gilt einmal")) >= 0); /* the note is ours */
    m = render(&cx, w, "email", "reset_password", "");
    assert_true(str_find_str(m.html, STR("Somebody at &lt;A &amp; B&gt; asked.")) >= 0);
    assert_true(str_find_str(m.html, STR(">Go on<")) >= 0);
    put("de.txt", NULL);
    put("en.txt", NULL);
}

static void a_brace_of_its_own_hides_no_place(void **state)
{
    OWN(wording_free) struct wording *w = NULL;
    struct ctx cx;

    ctx_init(&cx, *state);
    put("de.txt", "sms = :-} {code} }{service}}\n");
    assert_int_equal(read_dir(&cx, &w).result, OK);
    assert_str(render(&cx, w, "sms", "code", "de").text,
               STR(":-} 482913 }A & B}\n@id.example.org #482913"));
    put("de.txt", NULL);
}

static void every_letter_can_be_worded(void **state)
{
    static const char *const names[] = {"confirm_sign_up", "already_registered", "reset_password",
                                        "new_password",    "confirm_email",      "notice"};
    struct ctx cx;

    ctx_init(&cx, *state);
    EACH_ROW (name, names) {
        OWN(wording_free) struct wording *w = NULL;

        put("en.txt", arena_printf(cx.mem, "%s_subject = Own words: {service}\n", *name).p);
        assert_int_equal(read_dir(&cx, &w).result, OK);
        assert_str(render(&cx, w, "email", *name, "").subject, STR("Own words: A & B"));
    }
    put("en.txt", NULL);
}

static void a_folder_that_is_not_there_is_a_problem(void **state)
{
    OWN(buf_deinit) struct buf said = {.max = KIB};
    struct wording_conf conf = {STR("/tmp/no/such/folder"), STR("x"), STR("y")};
    struct wording *w = NULL;
    struct ctx cx;

    ctx_init(&cx, *state);
    assert_int_equal(wording_load(&cx, &conf, &said, &said, &w), ERR_INVALID);
    assert_true(str_starts(buf_str(&said), STR("/tmp/no/such/folder: No such file")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_says_what_is_wrong_and_where),
        cmocka_unit_test(texts_replace_ours_and_html_escapes_them),
        cmocka_unit_test(a_brace_of_its_own_hides_no_place),
        cmocka_unit_test(every_letter_can_be_worded),
        cmocka_unit_test(a_folder_that_is_not_there_is_a_problem),
    };
    int failed;

    if (!mkdtemp(dir))
        return 1;
    failed = cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
    rmdir(dir);
    return failed;
}
