/*
 * audit_words.c: what people read of an audit entry. One table: the first row that names the event
 * and whose facts all stand in the detail says it. An event without a row says its own name.
 */
#include "core/audit.h"

struct saying {
    const char *event;
    const char *facts; /* "decision=denied by=call": all of them; empty: whatever there is */
    const char *words; /* {method}, {amr}: what the detail says of it, as a noun */
};

static const struct saying sayings[] = {
    {"sign_up",              "",                              "Asked for an account"                       },
    {"account_created",      "",                              "Confirmed the e-mail address"               },
    {"sign_in",              "",                              "Signed in with {amr}"                       },
    {"sign_in_failed",       "",                              "Wrong password"                             },
    {"sign_in_locked",       "",                              "Right password, no second step left"        },
    {"password_locked",      "",                              "Password switched off after 100 wrong tries"},
    {"second_factor_failed", "method=recovery",               "Wrong recovery code"                        },
    {"second_factor_failed", "method=sms",                    "Wrong code by text message"                 },
    {"second_factor_failed", "method=voice",                  "Wrong code by phone call"                   },
    {"second_factor_failed", "method=email",                  "Wrong code by e-mail"                       },
    {"second_factor_failed", "",                              "Wrong code from {method}"                   },
    {"step_up",              "",                              "Confirmed it was you with {amr}"            },
    {"sign_out",             "",                              "Signed out"                                 },
    {"session_ended",        "",                              "Ended a session"                            },
    {"sessions_ended",       "",                              "Signed out everywhere else"                 },
    {"profile_changed",      "",                              "Changed the profile"                        },
    {"password_changed",     "",                              "Changed the password"                       },
    {"reset_requested",      "",                              "Asked to reset the password"                },
    {"password_reset",       "",                              "Reset the password"                         },
    {"email_change_asked",   "",                              "Asked to change the e-mail address"         },
    {"email_restored",       "",                              "Took back the e-mail address"               },
    {"email_changed",        "",                              "Changed the e-mail address"                 },
    {"phone_changed",        "",                              "Changed the phone number"                   },
    {"factor_on",            "",                              "Switched on {method}"                       },
    {"factor_off",           "reason=failures",               "Wrong codes switched off {method}"          },
    {"factor_off",           "reason=operator",               "The operator switched off {method}"         },
    {"factor_off",           "",                              "Switched off {method}"                      },
    {"factor_restored",      "",                              "Switched {method} back on"                  },
    {"factor_made",          "",                              "An application added {method}"              },
    {"factor_removed",       "",                              "An application removed {method}"            },
    {"floor_raised",         "",                              "Refused codes by text, call and e-mail"     },
    {"floor_lowered",        "",                              "Accepted codes by text, call, e-mail again" },
    {"factors_reset",        "",                              "The operator removed all second factors"    },
    {"recovery_made",        "",                              "Made new recovery codes"                    },
    {"code_sent",            "channel=sms",                   "Was sent a code by text message"            },
    {"code_sent",            "channel=voice",                 "Was called with a code"                     },
    {"code_sent",            "channel=email",                 "Was sent a code by e-mail"                  },
    {"code_sent",            "channel=whatsapp",              "Was sent a code by WhatsApp"                },
    {"code_sent",            "",                              "Was sent a code"                            },
    {"code_checked",         "result=right",                  "Gave an application the right code"         },
    {"code_checked",         "",                              "Gave an application a wrong code"           },
    {"code_ended",           "",                              "An application ended a code"                },
    {"approval_call",        "",                              "Was called to approve"                      },
    {"challenge_answered",   "decision=approved by=call",     "Approved a request in a phone call"         },
    {"challenge_answered",   "decision=denied by=call",       "Denied a request in a phone call"           },
    {"challenge_answered",   "decision=not_me by=call",       "Said \"it wasn't me\" in a phone call"      },
    {"challenge_answered",   "decision=wrong_digits by=call", "Wrong digits in a phone call"               },
    {"challenge_answered",   "decision=approved by=code",     "Approved a request with a code"             },
    {"challenge_answered",   "decision=approved",             "Approved a request on a phone"              },
    {"challenge_answered",   "decision=denied",               "Denied a request on a phone"                },
    {"challenge_answered",   "decision=not_me",               "Said \"it wasn't me\" on a phone"           },
    {"challenge_answered",   "decision=wrong_digits",         "Wrong digits on a phone"                    },
    {"challenge_answered",   "",                              "Answered a request on a phone"              },
    {"remote_answered",      "decision=approved",             "Approved a request in the app"              },
    {"remote_answered",      "decision=denied",               "Denied a request in the app"                },
    {"remote_answered",      "",                              "Answered a request in the app"              },
    {"not_me",               "",                              "Reported: this wasn't me"                   },
    {"user_disabled",        "",                              "The operator disabled the account"          },
    {"user_enabled",         "",                              "The operator enabled the account"           },
    {"user_added",           "",                              "An application added this user"             },
    {"user_changed",         "",                              "An application changed this user"           },
    {"user_removed",         "",                              "An application removed this user"           },
    {"activity",             "",                              "An application reported an activity"        },
 /* for operators alone */
    {"app_created",          "",                              "Registered an application"                  },
    {"app_changed",          "",                              "Changed an application's settings"          },
    {"app_deleted",          "",                              "Deleted an application"                     },
    {"app_keys_rotated",     "",                              "Gave an application new keys"               },
    {"key_pair_created",     "",                              "Made a pair of API keys"                    },
    {"key_pair_revoked",     "",                              "Revoked a pair of API keys"                 },
    {"callback_off",         "",                              "Stopped telling an application of answers"  },
    {"webhook_on",           "",                              "Switched on a webhook"                      },
    {"webhook_off",          "",                              "Switched off a webhook"                     },
    {"webhook_replayed",     "",                              "Sent a webhook's events again"              },
    {"channel_paused",       "",                              "Messages of a channel were stopped"         },
    {"channel_resumed",      "",                              "Messages of a channel go on"                },
    {"phone_prefix_paused",  "",                              "Stopped messages to a range of numbers"     },
    {"phone_prefix_allowed", "",                              "Allowed messages to a range of numbers"     },
    {"phone_prefix_resumed", "",                              "Messages to a range of numbers go on"       },
    {"phone_spend",          "percent=100",                   "The day's money for messages is spent"      },
    {"phone_spend",          "",                              "Much of the day's money is spent"           },
    {"phone_spend_extended", "",                              "Let the day's messages cost more"           },
};

/* An empty value stands last, for whatever else is said. */
static const struct {
    struct str key, value;
    const char *noun;
} nouns[] = {
    {STR("method"), STR("totp"),     "an authenticator app"  },
    {STR("method"), STR("sms"),      "codes by text message" },
    {STR("method"), STR("voice"),    "codes by phone call"   },
    {STR("method"), STR("email"),    "codes by e-mail"       },
    {STR("method"), STR("recovery"), "recovery codes"        },
    {STR("method"), STR("push"),     "approval on a phone"   },
    {STR("method"), STR("passkey"),  "a passkey"             },
    {STR("method"), STR("remote"),   "the app on your phone" },
    {STR("method"), STR(""),         "a second factor"       },
    {STR("amr"),    STR("otp"),      "an authenticator app"  },
    {STR("amr"),    STR("sms"),      "a code by text message"},
    {STR("amr"),    STR("tel"),      "a phone call"          },
    {STR("amr"),    STR("email"),    "a code by e-mail"      },
    {STR("amr"),    STR("recovery"), "a recovery code"       },
    {STR("amr"),    STR("swk"),      "approval on a phone"   },
    {STR("amr"),    STR("hwk"),      "a passkey"             },
    {STR("amr"),    STR("remote"),   "the app on your phone" },
    {STR("amr"),    STR(""),         "the password alone"    },
};

struct str audit_fact(const struct audit_entry *e, struct str key)
{
    struct str rest = e->detail, word;

    while (str_split(&rest, ' ', &word)) {
        if (word.n > key.n && word.p[key.n] == '=' && str_starts(word, key))
            return str_sub(word, key.n + 1, word.n);
    }
    return STR("");
}

/* Every "key=value" of facts stands in the detail. */
static bool holds(const struct audit_entry *e, struct str facts)
{
    struct str fact, key;

    while (str_split(&facts, ' ', &fact)) {
        if (str_split(&fact, '=', &key) && !str_eq(audit_fact(e, key), fact))
            return false;
    }
    return true;
}

static bool in_list(struct str list, struct str wanted)
{
    struct str word;

    while (str_split(&list, ',', &word)) {
        if (str_eq(word, wanted))
            return true;
    }
    return false;
}

static struct str noun_of(const struct audit_entry *e, struct str key)
{
    struct str said = audit_fact(e, key);

    EACH_ROW (row, nouns) {
        if (str_eq(row->key, key) && (row->value.n == 0 || in_list(said, row->value)))
            return str_from(row->noun);
    }
    return said;
}

static struct str filled(struct ctx *cx, const struct audit_entry *e, struct str words)
{
    ptrdiff_t open = str_find(words, '{'), close = str_find(words, '}');
    struct str noun;

    if (open < 0 || close < open)
        return words;
    noun = noun_of(e, str_sub(words, (size_t)open + 1, (size_t)(close - open) - 1));
    return arena_printf(cx->mem, "%.*s%.*s%.*s", STR_ARG(str_sub(words, 0, (size_t)open)),
                        STR_ARG(noun), STR_ARG(str_sub(words, (size_t)close + 1, words.n)));
}

struct str audit_words(struct ctx *cx, const struct audit_entry *e)
{
    EACH_ROW (row, sayings) {
        if (str_eq(str_from(row->event), str_from(e->event)) && holds(e, str_from(row->facts)))
            return filled(cx, e, str_from(row->words));
    }
    return arena_str(cx->mem, str_from(e->event));
}
