/* audit_words_test.c: the account's history says what was done, and by what. */
#include "base/unit.h"
#include "core/audit.h"

static const struct {
    const char *name, *event, *detail, *want;
} rows[] = {
    {"by an app",                     "sign_in",              "amr=pwd,otp,mfa",                                   "Signed in with an authenticator app"             },
    {"by a phone",                    "sign_in",              "amr=pwd,swk,mfa",                                   "Signed in with approval on a phone"              },
    {"by a recovery code",            "sign_in",              "amr=pwd,recovery,mfa",                              "Signed in with a recovery code"                  },
    {"by nothing else",               "sign_in",              "amr=pwd",                                           "Signed in with the password alone"               },
    {"to set one up",                 "sign_in",              "amr=pwd,enrol",                                     "Signed in with the password alone"               },
    {"a step-up",                     "step_up",              "amr=pwd,sms,mfa",                                   "Confirmed it was you with a code by text message"},
    {"on",                            "factor_on",            "method=totp",                                       "Switched on an authenticator app"                },
    {"off",                           "factor_off",           "method=sms reason=person",                          "Switched off codes by text message"              },
    {"off by wrong codes",            "factor_off",           "method=totp reason=failures",
     "Wrong codes switched off an authenticator app"                                                                                                                 },
    {"off by the operator",           "factor_off",           "method=push reason=operator",
     "The operator switched off approval on a phone"                                                                                                                 },
    {"back on, not said which",       "factor_restored",      "",                                                  "Switched a second factor back on"                },
    {"a wrong code",                  "second_factor_failed", "method=totp",                                       "Wrong code from an authenticator app"            },
    {"a wrong recovery code",         "second_factor_failed", "method=recovery",                                   "Wrong recovery code"                             },
    {"approved",                      "challenge_answered",   "challenge=YC1 decision=approved device=YF1 key=AA",
     "Approved a request on a phone"                                                                                                                                 },
    {"denied",                        "challenge_answered",   "challenge=YC1 decision=denied device=YF1",
     "Denied a request on a phone"                                                                                                                                   },
    {"wrong digits",                  "challenge_answered",   "challenge=YC1 decision=wrong_digits device=YF1",
     "Wrong digits on a phone"                                                                                                                                       },
    {"not me",                        "challenge_answered",   "challenge=YC1 decision=not_me device=YF1",
     "Said \"it wasn't me\" on a phone"                                                                                                                              },
    {"in a call",                     "challenge_answered",   "challenge=YC1 decision=denied by=call factor=YF1",
     "Denied a request in a phone call"                                                                                                                              },
    {"only the key that is meant",    "challenge_answered",   "undecision=denied decision=approved",
     "Approved a request on a phone"                                                                                                                                 },
    {"an operator's",                 "app_created",          "Shop",                                              "Registered an application"                       },
    {"one that nobody has words for", "no_such_event",        "method=totp",                                       "no_such_event"                                   },
};

static void an_entry_says_what_was_done(void **state)
{
    struct ctx cx;

    ctx_init(&cx, *state);
    EACH_ROW (row, rows) {
        const struct audit_entry e = {.event = row->event, .detail = str_from(row->detail)};

        assert_row(row, str_eq(audit_words(&cx, &e), str_from(row->want)));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(an_entry_says_what_was_done)};

    return cmocka_run_group_tests_name("core/audit_words", tests, unit_mem_setup,
                                       unit_mem_teardown);
}
