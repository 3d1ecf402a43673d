/* pages_account_test.c: the pages of somebody signed in, as golden files. */
#include "portal/pages_sample.h"

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
                        .email_pending = STR("malcolm@example.com"),
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
                                    STR("That isn't your current password."));

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
        {.method = way("push"),
         .on = true,
         .available = true,
         .detail = STR("Added today, last used today")},
        {.method = way("totp"),                     .on = true,  .detail = STR("Added 3 days ago, last used today")        },
        {.method = way("sms"),                     .available = true,   .to = STR("+1 ••• ••• 0142")},
        {.method = way("voice"),                     .available = true, .to = STR("+1 ••• ••• 0142")      },
        {.method = way("email"),                     .on = true, .detail = STR("To m•••@example.com, never used") },
    };
    const struct device_row devices[] = {
        {STR("Pixel 9"),                          STR("Chrome on Android"), STR("/account/security/devices/YF01"),
         STR("YF01"),                                                                                                           at(2)   },
        {STR("Old phone with quite a long name"), STR("Safari on iPhone"),
         STR("/account/security/devices/YF02"),                                                                    STR("YF02"), at(3000)},
    };
    struct page page = signed_in();

    page.at_security = true;
    page.flash = STR("E-mail codes are on.");
    page_security(h, &(struct page_security){
                         .page = page,
                         .factors = {factors, COUNT_OF(factors)},
                         .devices = {devices, COUNT_OF(devices)},
                         .on_count = 4,
                         .has_recovery = true,
                         .recovery_left = 8,
                         .recovery_total = 10,
                         .strong_on = true,
                         .strong_alone = true
    });
}

static void security_floor(struct html *h)
{
    const struct str why = STR("you refused codes that are sent.");
    const struct str off = STR("Does not sign you in: you refused codes that are sent");
    const struct factor_row factors[] = {
        {.method = way("totp"),  .on = true,  .refused = false, .detail = STR("Added today")},
        {.method = way("sms"),   .on = true,  .refused = true,  .detail = off               },
        {.method = way("voice"), .on = false, .refused = true,  .to = why                   },
        {.method = way("email"), .on = false, .refused = true,  .to = why                   },
    };
    struct page page = signed_in();

    page.at_security = true;
    page_security(h, &(struct page_security){
                         .page = page,
                         .factors = {factors, COUNT_OF(factors)},
                         .on_count = 2,
                         .only_one = true,
                         .strong_only = true,
                         .strong_on = true
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

static void pairing(struct html *h)
{
    struct page_pairing p = {
        .page = signed_in(),
        .pair_url = STR("https://id.example.org/"
                        "authenticator#pair=qxTsjSjMV1KRyfjAwrRsZsP65MD5w0L7Lt8wAXSh0dE"),
        .status_url = STR("/account/security/push/status"),
        .left_s = 540,
        .total_s = 600,
        .left_words = STR("9 minutes"),
    };

    p.page.refresh_s = 5;
    p.qr_svg = qr_of(p.pair_url.p, "QR code to scan with your phone");
    page_pairing(h, &p);
}

static void pairing_over(struct html *h)
{
    page_pairing_over(h, &(struct page_pairing_over){.page = signed_in(),
                                                     .title = STR("That code is no longer good")});
}

static void pairing_done(struct html *h)
{
    page_pairing_over(
        h, &(struct page_pairing_over){.page = signed_in(),
                                       .title = STR("Your phone is paired"),
                                       .device = STR("Pixel 9"),
                                       .device_url = STR("/account/security/devices/"
                                                         "YF00112233445566778899aabbccddeeff")});
}

static void device(struct html *h)
{
    page_device(h, &(struct page_device){.page = signed_in(),
                                         .device = STR("Pixel 9"),
                                         .platform = STR("Chrome on Android"),
                                         .name = value(STR("Pixel 9")),
                                         .added_at = at(4000),
                                         .seen_at = at(2),
                                         .action_url = STR("/account/security/devices/YF01"),
                                         .last = true});
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

static void factor_off_floor(struct html *h)
{
    page_factor_off(h, &(struct page_factor_off){
                           .page = signed_in(), .method = way("totp"), .lifts_floor = true});
}

static void recovery_replace(struct html *h)
{
    page_recovery_replace(
        h, &(struct page_recovery_replace){
               .page = signed_in(), .replaces = STR("YF0123"), .left = 8, .total = 10});
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

/* clang-format off */
#define PAGE(name) {#name, name}
static const struct golden goldens[] = {
    PAGE(account), PAGE(account_new), PAGE(account_edit), PAGE(change_password),
    PAGE(change_email), PAGE(change_phone), PAGE(security), PAGE(security_one), PAGE(totp_enrol),
    PAGE(code_enrol), PAGE(factor_off), PAGE(factor_off_floor), PAGE(security_floor),
    PAGE(recovery_replace), PAGE(recovery_codes), PAGE(pairing), PAGE(pairing_over), PAGE(pairing_done), PAGE(device),
};
/* clang-format on */

static void pages_are_as_kept(void **state)
{
    (void)state;
    pages_check(goldens, COUNT_OF(goldens));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_as_kept),
    };

    PAGES_MAIN(tests);
}
