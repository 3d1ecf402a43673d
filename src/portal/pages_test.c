/*
 * pages_test.c: every page with sample data, against tests/golden/<name>.html. UPDATE_GOLDEN=1
 * rewrites the files; tests/tools/preview.mjs photographs them. Hashes are taken out of static
 * URLs, so that a change of style leaves the pages alone.
 */
#include "base/golden.h"
#include "base/unit.h"

#include "crypto/qr.h"
#include "portal/words.h"
#include "templates.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST(...)                                                                                  \
    {                                                                                              \
        (__VA_ARGS__), COUNT_OF((__VA_ARGS__))                                                     \
    }

static struct arena *mem;
static struct ctx cx;
static struct problems problems;

/* --- sample data --- */

static struct page base(void)
{
    struct page page;

    page_init(&page);
    page.csrf = STR("Zm9ybS10b2tlbg");
    page.demo = true;
    return page;
}

static struct page signed_in(void)
{
    struct page page = base();

    page.signed_in = true;
    return page;
}

static struct page with_problem(struct page page, struct str field, struct str text)
{
    problem_add(&problems, field, text);
    page_problems(&page, &problems);
    return page;
}

static struct entry value(struct str v)
{
    return (struct entry){.value = v};
}

static struct entry bad(struct str v, struct str field)
{
    return page_entry(&problems, field, v);
}

static struct way way(const char *name)
{
    return page_way(str_from(name));
}

static struct when at(int64_t minutes_ago)
{
    return words_when(&cx, 1791295380000 - minutes_ago * 60000);
}

static const struct option countries[] = {
    {STR("49"), STR("Germany (+49)"),        false},
    {STR("44"), STR("United Kingdom (+44)"), false},
    {STR("1"),  STR("United States (+1)"),   true },
};
static const struct options country_list = {countries, COUNT_OF(countries)};

static struct str qr_of(const char *text, const char *title)
{
    struct qr qr;

    assert_true(qr_make(mem, str_from(text), &qr));
    return qr_svg(mem, &qr, str_from(title));
}

/* --- before signing in --- */

static void index_page(struct html *h)
{
    page_index(h, &(struct page_index){.page = base()});
}

static void login_plain(struct html *h)
{
    page_login(h, &(struct page_login){.page = base(), .next = STR("/account/security")});
}

static void login_wrong(struct html *h)
{
    struct page page = with_problem(
        base(), STR_NONE, STR("That e-mail and password don't match. Check both and try again."));

    page_login(h, &(struct page_login){
                      .page = page, .login = value(STR("mal@example.com")), .remember = true});
}

static void login_rtl(struct html *h)
{
    struct page page = base();

    page.dir = STR("rtl");
    page_login(h, &(struct page_login){.page = page});
}

static void sign_up_plain(struct html *h)
{
    page_sign_up(
        h, &(struct page_sign_up){.page = base(), .countries = country_list, .password_min = 8});
}

static void sign_up_wrong(struct html *h)
{
    struct page page = base();

    with_problem(page, STR("username"), STR("Choose a username of 3 to 32 characters."));
    with_problem(page, STR("password"),
                 STR("That password is on a list of common ones. Choose another."));
    page = with_problem(page, STR("phone"),
                        STR("That doesn't look like a number in the United States. Check it."));
    page_sign_up(h, &(struct page_sign_up){
                        .page = page,
                        .name = value(STR("Malcolm \"Mal\" <Reynolds>")),
                        .username = bad(STR("m"), STR("username")),
                        .email = value(STR("mal@example.com")),
                        .password = bad(STR_NONE, STR("password")),
                        .phone = bad(STR("555"), STR("phone")),
                        .countries = country_list,
                        .password_min = 8,
                    });
}

static void check_email(struct html *h)
{
    page_check_email(h, &(struct page_check_email){.page = base(),
                                                   .email = STR("mal@example.com"),
                                                   .lifetime = STR("24 hours")});
}

static void confirm_email(struct html *h)
{
    page_confirm_email(h, &(struct page_confirm_email){.page = base(),
                                                       .action_url = STR("/confirm/abc"),
                                                       .email = STR("mal@example.com")});
}

static void confirm_email_username(struct html *h)
{
    page_confirm_email(h, &(struct page_confirm_email){.page = base(),
                                                       .action_url = STR("/confirm/abc"),
                                                       .email = STR("mal@example.com"),
                                                       .ask_username = true,
                                                       .username = value(STR("mal"))});
}

/* --- the second proof --- */

static struct other_ways ways(void)
{
    struct other_way *w = ARENA_ARRAY(mem, struct other_way, 4);

    w[0] = (struct other_way){way("totp"), STR_NONE, false};
    w[1] = (struct other_way){way("voice"), STR("+1 ••• ••• 0142"), true};
    w[2] = (struct other_way){way("email"), STR("m•••@example.com"), true};
    w[3] = (struct other_way){way("recovery"), STR_NONE, false};
    return (struct other_ways){w, 4};
}

static struct page_verify verify(const char *method)
{
    return (struct page_verify){.page = base(),
                                .handle = STR("q7"),
                                .method = way(method),
                                .to = STR("+1 ••• ••• 0142"),
                                .digits = 6};
}

static void verify_totp(struct html *h)
{
    struct page_verify p = verify("totp");

    page_verify(h, &p);
}

static void verify_sms(struct html *h)
{
    struct page_verify p = verify("sms");

    p.can_resend = true;
    p.wait_s = 24;
    p.wait_words = STR("24 seconds");
    p.others = ways();
    page_verify(h, &p);
}

static void verify_sms_wrong(struct html *h)
{
    struct page_verify p = verify("sms");
    struct str text = STR("That code didn't match. 3 tries left, then we'll pause for a minute.");

    p.page = with_problem(p.page, STR("code"), text);
    p.code.error = text;
    p.can_resend = true;
    p.others = ways();
    page_verify(h, &p);
}

static void verify_voice(struct html *h)
{
    struct page_verify p = verify("voice");

    p.can_resend = true;
    page_verify(h, &p);
}

static void verify_email(struct html *h)
{
    struct page_verify p = verify("email");

    p.to = STR("m•••@example.com");
    p.tries_left = STR("3 tries");
    page_verify(h, &p);
}

static void verify_recovery(struct html *h)
{
    struct page_verify p = verify("recovery");

    p.digits = 0;
    page_verify(h, &p);
}

static void verify_step_up(struct html *h)
{
    struct page_verify p = verify("totp");

    p.page = signed_in();
    p.purpose = STR("To turn off text messages");
    p.cancel_url = STR("/account/security");
    page_verify(h, &p);
}

static void waiting(struct html *h)
{
    page_waiting(h, &(struct page_waiting){
                        .page = base(),
                        .handle = STR("q7"),
                        .method = way("push"),
                        .device = STR("Pixel 9"),
                        .digits_a = STR("482"),
                        .digits_b = STR("913"),
                        .digits = STR("482913"),
                        .qr_svg = qr_of("countersign:482913", "QR code with the six digits"),
                        .status_url = STR("/login/status"),
                        .events_url = STR("/login/events"),
                        .left_s = 74,
                        .total_s = 120,
                        .left_words = STR("1 minute 14 seconds"),
                        .wait_s = 20,
                        .wait_words = STR("20 seconds"),
                        .others = ways(),
                    });
}

static void enrol(struct html *h, bool required)
{
    const struct enrol_choice choices[] = {
        {way("totp"),  STR_NONE                          },
        {way("sms"),   STR("+1 ••• ••• 0142")},
        {way("voice"), STR("+1 ••• ••• 0142")},
        {way("email"), STR("m•••@example.com")     },
    };

    page_enrol_required(
        h, &(struct page_enrol_required){
               .page = base(), .required = required, .choices = {choices, COUNT_OF(choices)}
    });
}

static void enrol_required(struct html *h)
{
    enrol(h, true);
}

static void enrol_advised(struct html *h)
{
    enrol(h, false);
}

/* --- password and mail links --- */

static void reset_password(struct html *h)
{
    page_reset_password(h, &(struct page_reset_password){.page = base()});
}

static void reset_sent(struct html *h)
{
    page_reset_sent(h, &(struct page_reset_sent){.page = base(), .email = STR("mal@example.com")});
}

static void reset_set(struct html *h)
{
    page_reset_set(h, &(struct page_reset_set){.page = base(),
                                               .action_url = STR("/reset-password/abc"),
                                               .username = STR("mal"),
                                               .password_min = 15});
}

static void reauth(struct html *h)
{
    page_reauth(h, &(struct page_reauth){.page = signed_in(),
                                         .username = STR("mal"),
                                         .next = STR("/account/security")});
}

static void not_me(struct html *h)
{
    page_not_me(h, &(struct page_not_me){.page = base(),
                                         .action_url = STR("/not-me/abc"),
                                         .what = STR("Your password was changed"),
                                         .at = at(5),
                                         .where = STR("Firefox on Linux, 203.0.113.24")});
}

/* --- account --- */

static void account(struct html *h)
{
    const struct activity activity[] = {
        {STR("Signed in with an authenticator app"), STR("Firefox on Linux, 203.0.113.24"),  at(2),
         false                                                                                              },
        {STR("A wrong code was entered"),            STR("Chrome on Android, 198.51.100.7"), at(3000), true },
        {STR("Authenticator app turned on"),         STR("Firefox on Linux, 203.0.113.24"),  at(4000),
         false                                                                                              },
        {STR("Signed up"),                           STR("Firefox on Linux, 203.0.113.24"),  at(4010), false},
    };
    const struct session_row sessions[] = {
        {STR("101"), STR("Firefox on Linux"), STR("203.0.113.24"), at(0),   true },
        {STR("102"), STR("Safari on iPhone"), STR("2001:db8::7"),  at(900), false},
    };
    struct page page = signed_in();

    page.at_account = true;
    page.flash = STR("Your profile is saved.");
    page_account(h,
                 &(struct page_account){
                     .page = page,
                     .name = STR("Malcolm Reynolds"),
                     .username = STR("mal"),
                     .about = STR("Captain of a small ship.\nLikes strawberries & <b>quiet</b>."),
                     .email = STR("mal@example.com"),
                     .phone = STR("+1 555 010 0142"),
                     .email_confirmed = true,
                     .second_factor = true,
                     .member_since = at(4010),
                     .last_seen = at(2),
                     .activity = {activity, COUNT_OF(activity)},
                     .sessions = {sessions, COUNT_OF(sessions)},
                     .other_sessions = true
    });
}

static void account_new(struct html *h)
{
    const struct session_row sessions[] = {
        {STR("101"), STR("Firefox on Linux"), STR("203.0.113.24"), at(0), true},
    };
    struct page page = signed_in();

    page.at_account = true;
    page_account(h, &(struct page_account){
                        .page = page,
                        .name = STR("Malcolm Reynolds"),
                        .username = STR("mal"),
                        .email = STR("mal@example.com"),
                        .member_since = at(1),
                        .sessions = {sessions, COUNT_OF(sessions)}
    });
}

static void account_edit(struct html *h)
{
    page_account_edit(h,
                      &(struct page_account_edit){.page = signed_in(),
                                                  .name = value(STR("Malcolm Reynolds")),
                                                  .username = value(STR("mal")),
                                                  .about = value(STR("Captain.\n</textarea><b>"))});
}

static void change_password(struct html *h)
{
    struct page page = with_problem(signed_in(), STR("current_password"),
                                    STR("That isn't your present password."));

    page_change_password(h, &(struct page_change_password){
                                .page = page,
                                .username = STR("mal"),
                                .current_password = bad(STR_NONE, STR("current_password")),
                                .password_min = 8});
}

static void change_email(struct html *h)
{
    page_change_email(h, &(struct page_change_email){.page = signed_in(),
                                                     .email = STR("mal@example.com"),
                                                     .pending = STR("captain@example.com")});
}

static void change_phone(struct html *h)
{
    page_change_phone(h, &(struct page_change_phone){.page = signed_in(),
                                                     .phone = STR("+1 555 010 0142"),
                                                     .countries = country_list});
}

/* --- security --- */

static void security(struct html *h)
{
    const struct factor_row factors[] = {
        {.method = way("totp"),  .on = true,        .detail = STR("Added 3 days ago, last used today")    },
        {.method = way("sms"),   .available = true, .to = STR("+1 ••• ••• 0142")              },
        {.method = way("voice"), .available = true, .to = STR("+1 ••• ••• 0142")              },
        {.method = way("email"), .on = true,        .detail = STR("To m•••@example.com, never used")},
    };
    struct page page = signed_in();

    page.at_security = true;
    page.flash = STR("E-mail codes are on.");
    page_security(h, &(struct page_security){
                         .page = page,
                         .factors = {factors, COUNT_OF(factors)},
                         .on_count = 2,
                         .has_recovery = true,
                         .recovery_left = 8,
                         .recovery_total = 10
    });
}

static void security_one(struct html *h)
{
    const struct factor_row factors[] = {
        {.method = way("totp"), .on = true, .last_required = true, .detail = STR("Added today")},
        {.method = way("sms")                    },
        {.method = way("voice")                    },
        {.method = way("email"),                     .available = true,            .to = STR("m•••@example.com")            },
    };
    struct page page = signed_in();

    page.at_security = true;
    page_security(h, &(struct page_security){
                         .page = page,
                         .factors = {factors, COUNT_OF(factors)},
                         .on_count = 1,
                         .only_one = true,
                         .policy_required = true,
                         .policy_strict = true,
                         .has_recovery = true,
                         .recovery_left = 2,
                         .recovery_total = 10,
                         .recovery_low = true
    });
}

static void totp_enrol(struct html *h)
{
    struct page_totp_enrol p = {
        .page = signed_in(),
        .otpauth_url = STR(
            "otpauth://totp/Countersign:mal%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
            "&issuer=Countersign"),
        .secret = STR("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
        .account = STR("Countersign: mal@example.com"),
        .digits = 6,
    };

    p.qr_svg = qr_of(p.otpauth_url.p, "QR code for your authenticator app");
    p.groups.p = page_groups(mem, p.secret, &p.groups.n);
    page_totp_enrol(h, &p);
}

static void code_enrol(struct html *h)
{
    page_code_enrol(h, &(struct page_code_enrol){.page = signed_in(),
                                                 .method = way("sms"),
                                                 .to = STR("+1 ••• ••• 0142"),
                                                 .resend_url = STR("/account/security/sms/resend"),
                                                 .digits = 6,
                                                 .wait_s = 30,
                                                 .wait_words = STR("30 seconds")});
}

static void factor_off(struct html *h)
{
    page_factor_off(
        h, &(struct page_factor_off){.page = signed_in(), .method = way("totp"), .last = true});
}

static void recovery_codes(struct html *h)
{
    struct recovery_code codes[10];

    for (int k = 0; k < 10; k++)
        codes[k] = (struct recovery_code){k + 1, arena_printf(mem, "%dk7d-qm2x-v9%dt", k, k)};
    page_recovery_codes(h, &(struct page_recovery_codes){
                               .page = signed_in(),
                               .account = STR("mal@example.com"),
                               .made_at = at(0),
                               .codes = {codes, COUNT_OF(codes)},
                               .next_url = STR("/account/security")
    });
}

/* --- the rest --- */

static void notice(struct html *h)
{
    page_notice(h, &(struct page_notice){.page = base(),
                                         .title = STR("Your address is confirmed"),
                                         .text = STR("Sign in to go on."),
                                         .link_url = STR("/login"),
                                         .link_text = STR("Sign in"),
                                         .good = true});
}

static void error_404(struct html *h)
{
    page_error(h, &(struct page_error){.page = base(), .status = 404, .not_found = true});
}

static void error_429(struct html *h)
{
    page_error(h,
               &(struct page_error){
                   .page = base(), .status = 429, .limited = true, .wait_words = STR("2 minutes")});
}

static void error_500(struct html *h)
{
    page_error(h, &(struct page_error){.page = base(),
                                       .status = 500,
                                       .internal = true,
                                       .request_id = STR("5f0c2a9be17d4c38")});
}

static void outbox(struct html *h)
{
    const struct outbox_item items[] = {
        {.id = STR("3"),
         .channel = STR("Text message"),
         .to = STR("+1 555 010 0142"),
         .body = STR("482913 is your Countersign code. Never share it.\n@id.example.org #482913"),
         .code = STR("482913"),
         .code_a = STR("482"),
         .code_b = STR("913"),
         .at = at(0),
         .sms = true  },
        {.id = STR("2"),
         .channel = STR("E-mail"),
         .to = STR("mal@example.com"),
         .subject = STR("Confirm your e-mail address"),
         .body = STR(
             "Hello Mal,\n\nopen this link to confirm your address:\nhttp://127.0.0.1:8080/confirm/"
             "vZ2mK1xqf3s9Qm0b7tW8YnE5cR4uLhAj6PdGoXiTzSk"),
         .link_url = STR("/confirm/vZ2mK1xqf3s9Qm0b7tW8YnE5cR4uLhAj6PdGoXiTzSk"),
         .link_text = STR("Open the link"),
         .at = at(7),
         .email = true},
    };

    page_outbox(h, &(struct page_outbox){
                       .page = base(),
                       .refresh_url = STR("/outbox"),
                       .messages = {items, COUNT_OF(items)},
                       .newest = STR("3")
    });
}

static void outbox_empty(struct html *h)
{
    page_outbox(h, &(struct page_outbox){.page = base(), .refresh_url = STR("/outbox")});
}

/* --- the comparison --- */

#define PAGE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct golden {
    const char *name;
    void (*render)(struct html *h);
} goldens[] = {
    {"index", index_page},
    PAGE(login_plain),    PAGE(login_wrong),
    PAGE(login_rtl),       PAGE(sign_up_plain),  PAGE(sign_up_wrong),
    PAGE(check_email),     PAGE(confirm_email),  PAGE(confirm_email_username),
    PAGE(verify_totp),     PAGE(verify_sms),     PAGE(verify_sms_wrong),
    PAGE(verify_voice),    PAGE(verify_email),   PAGE(verify_recovery),
    PAGE(verify_step_up),  PAGE(waiting),        PAGE(enrol_required),
    PAGE(enrol_advised),   PAGE(reset_password), PAGE(reset_sent),
    PAGE(reset_set),       PAGE(reauth),         PAGE(not_me),
    PAGE(account),         PAGE(account_new),    PAGE(account_edit),
    PAGE(change_password), PAGE(change_email),   PAGE(change_phone),
    PAGE(security),        PAGE(security_one),   PAGE(totp_enrol),
    PAGE(code_enrol),      PAGE(factor_off),     PAGE(recovery_codes),
    PAGE(notice),          PAGE(error_404),      PAGE(error_429),
    PAGE(error_500),       PAGE(outbox),         PAGE(outbox_empty),
};

/* Copies html without the hashes of "/static/app.1a2b3c4d.css". */
static void without_hashes(struct str html, struct buf *out)
{
    static const struct str mark = {"/static/", 8};
    enum { HASH = 9 };
    ptrdiff_t k;

    while ((k = str_find_str(html, mark)) >= 0) {
        struct str rest = str_sub(html, (size_t)k + mark.n, html.n);
        size_t dot = (size_t)str_find(rest, '.');

        buf_add(out, str_sub(html, 0, (size_t)k + mark.n + dot));
        html = str_sub(rest, dot + HASH, rest.n);
    }
    buf_add(out, html);
}

static void pages_are_as_kept(void **state)
{
    (void)state;
    EACH_ROW (row, goldens) {
        struct buf out, kept;
        char name[80];

        buf_init(&out, MIB);
        buf_init(&kept, MIB);
        problems.n = 0;
        row->render(&(struct html){&out});
        assert_false(out.full);
        without_hashes(buf_str(&out), &kept);
        snprintf(name, sizeof name, "pages/%s.html", row->name);
        golden_check(name, buf_str(&kept));
        buf_deinit(&out);
        buf_deinit(&kept);
    }
}

static const struct {
    const char *name, *a, *b;
} halves[] = {
    {"482913",   "482",  "913" },
    {"48291384", "4829", "1384"},
    {"4829138",  "4829", "138" },
    {"",         "",     ""    },
};

static void halves_are_for_the_eye(void **state)
{
    (void)state;
    EACH_ROW (row, halves) {
        struct str a, b;

        page_halves(str_from(row->name), &a, &b);
        assert_row(row, str_eq(a, str_from(row->a)));
        assert_row(row, str_eq(b, str_from(row->b)));
    }
}

static void groups_are_of_four(void **state)
{
    size_t n;
    const struct str *groups = page_groups(mem, STR("JBSWY3DPEH"), &n);

    (void)state;
    assert_int_equal(n, 3);
    assert_str(groups[0], STR("JBSW"));
    assert_str(groups[2], STR("EH"));
    page_groups(mem, STR_NONE, &n);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_as_kept),
        cmocka_unit_test(halves_are_for_the_eye),
        cmocka_unit_test(groups_are_of_four),
    };
    int failed;

    mem = arena_new();
    ctx_init(&cx, mem);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&mem);
    return failed;
}
