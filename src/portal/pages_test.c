/* pages_test.c: the pages before and around signing in, as golden files. */
#include "portal/pages_sample.h"

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
                                                       .name = STR("Ada Lovelace"),
                                                       .wished = STR("ada"),
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
                        .can_resend = true,
                        .wait_s = 20,
                        .wait_words = STR("20 seconds"),
                        .others = ways(),
                    });
}

static void waiting_step_up(struct html *h)
{
    page_waiting(h, &(struct page_waiting){
                        .page = base(),
                        .handle = STR("q7"),
                        .purpose = STR("To remove Pixel 9"),
                        .method = way("push"),
                        .device = STR("Pixel 9 or Tablet"),
                        .digits_a = STR("482"),
                        .digits_b = STR("913"),
                        .digits = STR("482913"),
                        .status_url = STR("/login/status"),
                        .events_url = STR("/login/events"),
                        .left_s = 74,
                        .total_s = 120,
                        .left_words = STR("1 minute 14 seconds"),
                        .cancel_url = STR("/account/security"),
                    });
}

static struct page_waiting call(void)
{
    return (struct page_waiting){
        .page = base(),
        .handle = STR("q7"),
        .method = way("call"),
        .device = STR("+1 ••• ••• 0142"),
        .digits_a = STR("482"),
        .digits_b = STR("913"),
        .digits = STR("482913"),
        .status_url = STR("/login/status"),
        .events_url = STR("/login/events"),
        .left_s = 74,
        .total_s = 120,
        .left_words = STR("1 minute 14 seconds"),
        .others = ways(),
    };
}

static void waiting_call(struct html *h)
{
    struct page_waiting p = call();

    p.ringing = true;
    page_waiting(h, &p);
}

static void waiting_call_over(struct html *h)
{
    struct page_waiting p = call();

    p.page = with_problem(base(), STR_NONE, STR("The call is over, and nothing was approved."));
    p.can_resend = true;
    page_waiting(h, &p);
}

static struct page_remote remote(void)
{
    return (struct page_remote){
        .page = base(),
        .handle = STR("q7"),
        .to = STR("+1 ••• ••• 0142"),
        .total_s = 120,
        .action_url = STR("/verify"),
        .resend_url = STR("/resend"),
        .others = ways(),
    };
}

static void remote_asked(struct html *h)
{
    struct page_remote p = remote();

    p.asked = p.form = true;
    p.status_url = STR("/login/status?attempt=q7&shown=0");
    p.left_s = 74;
    p.left_words = STR("1 min 14 s");
    page_remote(h, &p);
}

static void remote_busy(struct html *h)
{
    struct page_remote p = remote();

    p.busy = p.checking = true;
    p.status_url = STR("/login/status?attempt=q7&shown=1");
    p.left_s = p.total_s = 30;
    p.left_words = STR("0 min 30 s");
    page_remote(h, &p);
}

static void remote_wrong(struct html *h)
{
    struct page_remote p = remote();

    p.page = with_problem(p.page, STR("code"), STR("That code didn't match."));
    p.code = bad(STR_NONE, STR("code"));
    p.sent = p.form = true;
    p.tries_left = STR("3 tries");
    page_remote(h, &p);
}

static void remote_enrol(struct html *h)
{
    struct page_remote p = remote();

    p.page = signed_in();
    p.handle = STR_NONE;
    p.others = (struct other_ways){0};
    p.enrol = p.app = p.form = p.can_ask = true;
    p.cancel_url = STR("/account/security");
    page_remote(h, &p);
}

static void waiting_over(struct html *h)
{
    struct page page = with_problem(
        base(), STR_NONE, STR("The request has expired. Send it again, or use another way."));

    page_waiting(h, &(struct page_waiting){.page = page,
                                           .handle = STR("q7"),
                                           .method = way("push"),
                                           .device = STR("Pixel 9"),
                                           .can_resend = true,
                                           .others = ways()});
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

static void not_me_on(struct html *h)
{
    page_not_me(h, &(struct page_not_me){.page = base(),
                                         .action_url = STR("/not-me/abc"),
                                         .what = STR("A second factor was turned on"),
                                         .at = at(5),
                                         .stays = true});
}

/* --- the rest --- */

static void authenticator(struct html *h)
{
    page_authenticator(h, &(struct page_authenticator){.page = base()});
}

static void locked(struct html *h)
{
    page_locked(h, &(struct page_locked){.page = base()});
}

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

static void error_410(struct html *h)
{
    page_error(h, &(struct page_error){.page = base(),
                                       .status = 410,
                                       .expired = true,
                                       .text = STR("It works once, and for ten minutes."),
                                       .link_url = STR("/reset-password"),
                                       .link_text = STR("Ask for a new link")});
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
         .channel = STR("sms"),
         .to = STR("+1 555 010 0142"),
         .body = STR("482913 is your Countersign code. Never share it.\n@id.example.org #482913"),
         .code = STR("482913"),
         .code_a = STR("482"),
         .code_b = STR("913"),
         .at = at(0),
         .sms = true    },
        {              .id = STR("2"),
         .channel = STR("email"),
         .to = STR("mal@example.com"),
         .subject = STR("Confirm your e-mail address"),
         .body = STR(
             "Hello Mal,\n\nopen this link to confirm your address:\nhttp://127.0.0.1:8080/confirm/"
             "vZ2mK1xqf3s9Qm0b7tW8YnE5cR4uLhAj6PdGoXiTzSk"),
         .link_url = STR("/confirm/vZ2mK1xqf3s9Qm0b7tW8YnE5cR4uLhAj6PdGoXiTzSk"),
         .link_text = STR("Open the link"),
         .at = at(7),
         .email = true},
        { .id = STR("1"),
         .channel = STR("email"),
         .to = STR("malcolm.alexander.reynolds.of.the.ship.called.serenity.and.of.no.other@a-place-"
                   "with-a-"
                   "very-long-name-far-out-on-the-border.example.com"),
         .subject = STR("Your Countersign code"),
         .body = STR("482913"),
         .code = STR("482913"),
         .code_a = STR("482"),
         .code_b = STR("913"),
         .at = at(8),
         .email = true},
    };

    const struct outbox_call calls[] = {
        {.to = STR("https://shop.example.com/hook"),
         .state = STR("Failed"),
         .why = STR("shop.example.com answered 404"),
         .at = at(2)},
        {.to = STR("https://shop.example.com/hook"),                                          .state = STR("Taken"), .at = at(6)},
    };

    page_outbox(h, &(struct page_outbox){
                       .page = base(),
                       .refresh_url = STR("/outbox"),
                       .calls = {calls, COUNT_OF(calls)},
                       .messages = {items, COUNT_OF(items)},
                       .newest = STR("3")
    });
}

static void outbox_empty(struct html *h)
{
    page_outbox(h, &(struct page_outbox){.page = base(), .refresh_url = STR("/outbox")});
}

/* clang-format off */
#define PAGE(name) {#name, name}
static const struct golden goldens[] = {
    {"index", index_page}, PAGE(login_plain), PAGE(login_wrong), PAGE(login_rtl),
    PAGE(sign_up_plain), PAGE(sign_up_wrong), PAGE(check_email), PAGE(confirm_email),
    PAGE(confirm_email_username), PAGE(verify_totp), PAGE(verify_sms), PAGE(verify_sms_wrong),
    PAGE(verify_voice), PAGE(verify_email), PAGE(verify_recovery), PAGE(verify_step_up),
    PAGE(remote_asked), PAGE(remote_busy), PAGE(remote_wrong), PAGE(remote_enrol),
    PAGE(waiting), PAGE(waiting_step_up), PAGE(waiting_over), PAGE(waiting_call), PAGE(waiting_call_over), PAGE(enrol_required), PAGE(enrol_advised), PAGE(reset_password),
    PAGE(reset_sent), PAGE(reset_set), PAGE(reauth), PAGE(not_me), PAGE(not_me_on), PAGE(locked), PAGE(notice), PAGE(error_404), PAGE(error_410),
    PAGE(error_429), PAGE(error_500), PAGE(outbox), PAGE(outbox_empty), PAGE(authenticator),
};
/* clang-format on */

static void pages_are_as_kept(void **state)
{
    (void)state;
    pages_check(goldens, COUNT_OF(goldens));
}

static void a_missing_field_says_what_to_do(void **state)
{
    (void)state;
    problems.n = 0;
    problem_add(&problems, STR("name"), PROBLEM_MISSING);
    problem_add(&problems, STR("unheard_of"), PROBLEM_MISSING);
    problem_add(&problems, STR("email"), STR("Check this address."));
    page_word_missing(&problems);
    assert_str(problem_of(&problems, STR("name")), STR("Enter your full name."));
    assert_str(problem_of(&problems, STR("unheard_of")), PROBLEM_MISSING);
    assert_str(problem_of(&problems, STR("email")), STR("Check this address."));
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
        cmocka_unit_test(a_missing_field_says_what_to_do),
        cmocka_unit_test(halves_are_for_the_eye),
        cmocka_unit_test(groups_are_of_four),
    };

    PAGES_MAIN(tests);
}
