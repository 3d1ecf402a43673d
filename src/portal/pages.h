/*
 * pages.h: what each page shows. One struct per template in web/templates; tplgen makes
 * `void page_login(struct html *, const struct page_login *)` from login.html and refuses to
 * compile a field that is not here. Include "portal/templates.h" to call them.
 *
 * Words live in the templates; what stands here are facts: values, names, numbers, yes or no.
 * Strings are borrowed and escaped when written; fields called …_svg are written as they are. Empty
 * strings and 0 mean "do not say". Every struct begins with `page`, which the layout shows.
 *
 * Where the forms go (POST, always with the hidden field `csrf`; src/portal/routes.c):
 *
 * - /sign-up /login /verify /resend /logout /reset-password: names as in DESIGN.md section 5
 * - /verify, /resend: also `method`, and `handle`: which attempt the page belongs to; /resend:
 * `via`, how another server is to ask: app, sms or call
 * - /account/edit: name username about
 * - /account/password: current_password password
 * - /account/email: email current_password
 * - /account/phone: country_code phone current_password
 * - /reauth: password next
 * - /account/sessions/end-others, /account/sessions/{id}/end
 * - /account/security/{way}/start: turns on; leads to GET /account/security/{way}, which enrols
 * - /account/security/{way}: code (totp sms voice email); .../{way}/resend: another code
 * - /account/security/{way}/off: GET asks, POST turns off (behind a current factor)
 * - /account/security/recovery: ten new codes, in place of the set that the form names
 * - /enrol/skip: not now (only where the policy does not demand a factor)
 * - what holds a token or an id of its own is handed in as `action_url`
 */
#ifndef PORTAL_PAGES_H
#define PORTAL_PAGES_H

#include "base/arena.h"
#include "http/form.h"

/* --- pieces --- */

/* What the layout needs on every page. page_init() sets product, lang and dir. */
struct page {
    struct str product;           /* "Countersign", or the service's name */
    struct str lang, dir;         /* "en", "ltr" */
    struct str csrf;              /* form token; hidden in every form */
    bool demo;                    /* banner that leads to /outbox */
    bool signed_in;               /* shows Account, Security and Sign out */
    bool at_account, at_security; /* which of them is the present page */
    struct str flash;             /* what just happened: "Your password is changed." */
    int refresh_s; /* without JavaScript the page loads again after so long; 0 = no */
    struct {
        const struct problem *p;
        size_t n;
    } errors; /* the summary above the form; a problem without field is about the whole */
};

/* One field as the person left it. Secrets are never handed back: value stays empty. */
struct entry {
    struct str value;
    struct str error; /* a sentence: what to do */
};

struct option {
    struct str value, label;
    bool selected;
};
struct options {
    const struct option *p;
    size_t n;
};

/* An instant. JavaScript turns it into the reader's zone; without, words are in UTC and say so. */
struct when {
    struct str iso;   /* "2026-10-06T14:03:00Z" */
    struct str words; /* "6 October 2026, 14:03 UTC" */
};

/* Which kind of proof; exactly one of the bools. See page_way(). */
struct way {
    struct str name; /* as in the form field `method`: totp sms voice call email recovery push
                        remote; call: approving by keys on the telephone */
    bool totp, sms, voice, call, email, recovery, push, remote;
};

/* The method of that name; all false when there is none such. */
struct way page_way(struct str name);
/* Fills product, lang and dir with "Countersign", "en", "ltr". */
void page_init(struct page *page);
/* Shows problems in the summary. They must live as long as the page. */
void page_problems(struct page *page, const struct problems *ps);
/* Replaces PROBLEM_MISSING by what to do: "Enter your full name." Five equal lines help nobody. */
void page_word_missing(struct problems *ps);
/* value, with its problem beside it if it has one. */
struct entry page_entry(const struct problems *ps, struct str field, struct str value);

/* Cuts a code in two halves for the eye: "482" "913"; of an odd length the first is longer. */
void page_halves(struct str code, struct str *out_a, struct str *out_b);
/* Groups of four, the last may be shorter: "JBSW" "Y3DP" "EH". The array is in mem. */
const struct str *page_groups(struct arena *mem, struct str s, size_t *out_count);

/* --- parts: the pieces of HTML that pages share (templates that begin with '_') --- */

struct part_head {
    struct page page;
    struct str title; /* of the window */
    bool wide;        /* account and lists: 44rem instead of 26rem */
};
struct part_errors {
    struct page page;
};
struct part_demo {
    struct page page;
};
struct part_csrf {
    struct str token;
};
struct part_handle {
    struct str handle;
};
struct part_icon {
    struct str name; /* a symbol of _icons.html without "i-" */
};
struct part_when {
    struct when at;
    bool exact; /* never "5 minutes ago" */
};
/* A labelled input with hint and error. */
struct part_field {
    struct entry in;
    struct str name, label, type, autocomplete, hint;
    struct str inputmode;
    bool optional; /* otherwise required */
    bool plain;    /* no capitals, no spelling help: names, addresses */
    int max;       /* characters; 0 = no limit said */
    bool focus;
};
struct part_password {
    struct entry in;
    struct str name, label, autocomplete;
    int min; /* characters, for a new one: says so, and how strong it is; 0 = an old one */
    bool focus;
};
/* The one field for a code of `digits` digits (0 = recovery code: letters too). */
struct part_code {
    struct entry in;
    struct str label, hint;
    int digits;
    bool numeric; /* digits = 0 and yet digits only: how many is not known */
};
/* Country code and phone number side by side. */
struct part_phone {
    struct options countries;
    struct entry country_code, phone;
};
/* "Send another code", after a wait. */
struct part_resend {
    struct str csrf, handle, action_url;
    struct way method;
    int wait_s;            /* seconds until it works; 0 = now */
    struct str wait_words; /* "24 seconds" */
};

/* Another way to prove it, offered below the code field. */
struct other_way {
    struct way method;
    struct str to; /* masked destination, for those that send */
    bool sends;    /* chosen by a POST to /resend; otherwise GET /verify?method= */
};
struct other_ways {
    const struct other_way *p;
    size_t n;
};
struct part_ways {
    struct other_ways ways;
    struct str csrf, handle;
};
struct part_method_icon {
    struct way method;
};
struct part_method_name { /* "Text message" */
    struct way method;
};
struct part_method_about { /* "A code by text message to" */
    struct way method;
};
struct part_method_way { /* "Text me a code" */
    struct way method;
};

/* --- before signing in --- */

struct page_index {
    struct page page;
};

struct page_sign_up {
    struct page page;
    struct entry name, username, email, password, country_code, phone;
    struct options countries;
    int password_min; /* characters */
};

/* After sign-up, and the same whether the address was new or not. */
struct page_check_email {
    struct page page;
    struct str email;    /* as typed */
    struct str lifetime; /* "24 hours" */
};

/* The link of the mail: one button, so that a mail scanner's GET confirms nothing. */
struct page_confirm_email {
    struct page page;
    struct str action_url;
    struct str email;
    struct str name,
        wished;        /* what the sign-up said: whoever reads this must know it as their own */
    bool ask_username; /* the wished one was taken meanwhile */
    struct entry username;
};

struct page_login {
    struct page page;
    struct entry login, password;
    bool remember;
    struct str next; /* own path, or empty */
};

/* The code page for every method, at sign-in and for step-up. */
struct page_verify {
    struct page page;
    struct str handle; /* hidden field: which attempt this page belongs to */
    struct way method;
    struct str to;      /* "+1 ••• ••• 0142" */
    struct str purpose; /* step-up: "To turn off text messages" ; empty at sign-in */
    struct entry code;
    int digits;            /* 6; recovery codes: 0 */
    int number;            /* recovery: which code of the list; 0 = any */
    struct str tries_left; /* "3 tries" */
    bool unsent;           /* a code that is to be sent could not be */
    bool can_resend;
    struct str went; /* that the code took another way; mostly empty */
    int wait_s;      /* until another may be sent */
    struct str wait_words;
    struct other_ways others;
    struct str cancel_url; /* step-up: back to where it began; empty: "Start again" signs out */
};

/* The web app that approves. Its views are in its template; what they show comes by script. */
struct page_authenticator {
    struct page page; /* product, lang and dir */
};

/* Push: six digits to enter on the phone. */
struct page_waiting {
    struct page page;
    struct str handle;             /* of the attempt */
    struct str purpose;            /* step-up: "To remove Pixel 9"; empty at sign-in */
    struct str device;             /* "Pixel 9"; method.call: the masked number */
    bool ringing;                  /* method.call: a call is on its way, or lasts */
    struct str digits_a, digits_b; /* "482", "913" */
    struct str digits;             /* "482913": the value when copied */
    struct str qr_svg;             /* may be empty */
    struct str status_url;         /* polled: answers {"state":…,"next":…} */
    struct str events_url;         /* server-sent events; may be empty */
    struct way method;
    int left_s, total_s;
    struct str left_words; /* "1 minute 14 seconds" */
    bool can_resend;
    int wait_s;
    struct str wait_words;
    struct other_ways others;
    struct str cancel_url; /* as of the code page */
};

/* A second factor of another server's: at sign-in, for step-up, and to turn it on. */
struct page_remote {
    struct page page;
    struct str handle;              /* of the attempt; empty when turning it on */
    struct str purpose;             /* as of the code page */
    struct str to;                  /* masked number */
    bool enrol;                     /* turning it on */
    bool busy;                      /* the other server is being asked … */
    bool checking;                  /* … about a code */
    bool asked;                     /* the app on the phone shows a request */
    bool sent, called, app, unsent; /* where a code comes from, at most one */
    bool form;                      /* a code may be entered */
    bool can_ask;                   /* "Send the request again" */
    struct entry code;
    struct str tries_left;
    struct str status_url; /* polled, or a stream; empty = nothing to wait for */
    int left_s, total_s;
    struct str left_words;
    struct str action_url, resend_url;
    struct other_ways others;
    struct str cancel_url;
};

/* The policy demands a second factor: choose one. */
struct enrol_choice {
    struct way method;
    struct str to; /* masked destination */
};
struct page_enrol_required {
    struct page page;
    bool required; /* false: advised, may be skipped */
    struct {
        const struct enrol_choice *p;
        size_t n;
    } choices;
};

/* --- password and mail links --- */

struct page_reset_password {
    struct page page;
    struct entry email;
};
/* Neutral, whether there is such an account or not. */
struct page_reset_sent {
    struct page page;
    struct str email;
};
struct page_reset_set {
    struct page page;
    struct str action_url;
    struct str username; /* hidden field for password managers */
    struct entry password;
    int password_min;
};
struct page_reauth {
    struct page page;
    struct str username;
    struct str next;
    struct entry password;
};
/* "This wasn't me" in a notice. */
struct page_not_me {
    struct page page;
    struct str action_url;
    struct str what; /* "Your password was changed" */
    struct when at;
    struct str where; /* "Firefox on Linux, 203.0.113.24" */
    bool stays;       /* a factor that was switched on, and that this does not end */
};

/* --- account --- */

struct activity {
    struct str what;  /* "Signed in with an authenticator app" */
    struct str where; /* "Firefox on Linux, 203.0.113.24" */
    struct when at;
    bool alarming; /* a failure or a change: marked by icon and word */
};
struct session_row {
    struct str id;
    struct str device; /* "Firefox on Linux" */
    struct str addr;
    struct when seen_at;
    bool current;
};
struct page_account {
    struct page page;
    struct str name, username, about, email, phone;
    struct str email_pending; /* asked for and not confirmed yet; may be empty */
    bool email_confirmed;
    bool second_factor; /* false: advises to turn one on */
    struct when member_since, last_seen;
    struct {
        const struct activity *p;
        size_t n;
    } activity;
    struct {
        const struct session_row *p;
        size_t n;
    } sessions;
    bool other_sessions; /* more than this one */
};
struct page_account_edit {
    struct page page;
    struct entry name, username, about;
};
struct page_change_password {
    struct page page;
    struct str username;
    struct entry current_password, password;
    int password_min;
};
struct page_change_email {
    struct page page;
    struct str email;   /* the present one */
    struct str pending; /* asked for and not confirmed yet; may be empty */
    struct entry new_email, current_password;
};
struct page_change_phone {
    struct page page;
    struct str phone; /* the present one; may be empty */
    struct options countries;
    struct entry country_code, new_phone, current_password;
};

/* --- security --- */

struct factor_row {
    struct way method;
    bool on;
    bool available;     /* false: the service has no such channel, or there is no number yet */
    struct str to;      /* masked destination */
    struct str detail;  /* "Added 3 days ago, last used today" */
    bool last_required; /* may not be turned off: the policy demands one */
    bool refused;       /* does not sign in: the person's floor */
};
struct device_row {
    struct str name, platform; /* "Pixel 9", "Chrome on Android" */
    struct str edit_url, sid;
    struct when seen_at;
};
struct device_rows {
    const struct device_row *p;
    size_t n;
};
struct page_security {
    struct page page;
    struct device_rows devices; /* paired phones */
    struct {
        const struct factor_row *p;
        size_t n;
    } factors;
    int on_count;
    bool only_one;        /* warn: keep at least two */
    bool policy_required; /* the service demands a second factor */
    bool policy_strict;
    bool has_recovery;
    int recovery_left, recovery_total; /* 8 of 10 */
    bool recovery_low;
    bool strong_only;  /* codes that are sent do not sign in */
    bool strong_on;    /* something else does, so that they may be refused */
    bool strong_alone; /* one way only, and no recovery codes: warn before they are */
};

struct page_totp_enrol {
    struct page page;
    struct str qr_svg;      /* <svg …>: of otpauth_url */
    struct str otpauth_url; /* link for an app on this phone */
    struct {
        const struct str *p;
        size_t n;
    } groups;           /* the secret in groups of four, "JBSW" "Y3DP" */
    struct str secret;  /* in one piece, to copy */
    struct str account; /* what the app will show: "Countersign: mal@example.com" */
    struct entry code;
    int digits;
};

/* The link that pairs a phone, once; the page moves on by itself. */
struct page_pairing {
    struct page page;
    struct str qr_svg;     /* of pair_url */
    struct str pair_url;   /* "https://…/authenticator#pair=…" */
    struct str status_url; /* polled, or a stream of events */
    int left_s, total_s;
    struct str left_words; /* "9 minutes" */
};
/* Instead of it when no code is open: after pairing, after ten minutes, after a newer one. */
struct page_pairing_over {
    struct page page;
    struct str title;
    struct str device, device_url; /* the phone that was just paired; empty: none */
};
/* One paired phone: its name, and taking it away. */
struct page_device {
    struct page page;
    struct str device, platform;
    struct entry name;
    struct when added_at, seen_at;
    struct str action_url;
    bool last;        /* the only one */
    bool lifts_floor; /* as of page_factor_off */
};

/* SMS, voice, e-mail: a code is on its way, enter it. */
struct page_code_enrol {
    struct page page;
    struct way method;
    struct str to;
    struct str resend_url;
    struct entry code;
    int digits;
    struct str went; /* that the code took another way; mostly empty */
    int wait_s;
    struct str wait_words;
};

struct page_factor_off {
    struct page page;
    struct way method;
    struct str to;
    bool last;        /* nothing but the password is left then */
    bool lifts_floor; /* what is left then is what the person refused, and counts again */
};

/* New codes end the ones on paper, so they are asked for twice. */
struct page_recovery_replace {
    struct page page;
    struct str replaces; /* hidden field: this set, so that the form counts once */
    int left, total;     /* 8 of 10 */
};
struct recovery_code {
    int number;
    struct str code; /* "k7dq-m2xv-93pt" */
};
struct page_recovery_codes {
    struct page page;
    struct str account; /* whose, for the print-out */
    struct when made_at;
    struct {
        const struct recovery_code *p;
        size_t n;
    } codes;
    struct str next_url; /* where "I have saved them" leads */
};

/* --- the rest --- */

struct page_notice {
    struct page page;
    struct str title, text;
    struct str link_url, link_text; /* a way on; may be empty */
    bool good, bad;                 /* icon; neither: plain */
};

struct page_locked {
    struct page page;
};

struct page_error {
    struct page page;
    int status;
    bool not_found, bad_request, denied, expired, limited, busy, internal; /* exactly one */
    struct str text;                /* replaces the template's sentence */
    struct str wait_words;          /* with limited: "2 minutes" */
    struct str link_url, link_text; /* with expired: a way on; may be empty */
    struct str request_id;          /* with internal and busy */
};

struct outbox_item {
    struct str id, channel, to, subject, body;
    struct str code, code_a, code_b; /* the code whole, and in halves for the eye; may be empty */
    struct str link_url, link_text;  /* of a link in the body; may be empty */
    struct when at;
    bool sms, voice, email, other; /* which icon */
};
struct outbox_call {  /* to an application, which is really made */
    struct str to;    /* URL */
    struct str state; /* "sent" */
    struct str why;   /* it failed or waits; may be empty */
    struct when at;
};
struct page_outbox {
    struct page page;
    struct str refresh_url; /* "/outbox?to=%2B15550142" */
    struct str to;          /* only messages to this; may be empty */
    struct {
        const struct outbox_item *p;
        size_t n;
    } messages;
    struct str newest; /* id of the first */
    struct {
        const struct outbox_call *p;
        size_t n;
    } calls; /* the newest ones */
};

#endif
