/*
 * message.c: picks template and language, fills in the facts. Codes and invitations speak many
 * languages (languages.def); other letters with links and notices speak English, as the pages do.
 */
#include "channel/message.h"
#include "channel/gsm7.h"
#include "channel/language.h"
#include "channel/letter.h"

#include <time.h>

enum { MESSAGE_MAX = 4 * 1024, AGENT_SHOWN_MAX = 120 };

/* ---- filling in ---- */

static void spoken(struct buf *out, const struct language *l, struct str code)
{
    for (size_t i = 0; i < code.n; i++) {
        if (i > 0)
            buf_add(out, str_from(l->pause));
        if (code.p[i] >= '0' && code.p[i] <= '9')
            buf_add(out, language_digit(l, code.p[i]));
        else
            buf_addc(out, code.p[i]); /* an application's own code may have letters */
    }
}

/* Names are checked where they are made; here no line break of one may become a header of a mail or
 * the last line of an SMS all the same. */
static void add_line(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? ' ' : s.p[i]);
}

/* Text in `pattern` with {code} {service} {digits} {link} {what} filled in. */
static void fill(struct buf *out, const char *pattern, const struct message_in *in,
                 const struct language *l)
{
    struct str rest = str_from(pattern);
    ptrdiff_t open, close;

    while ((open = str_find(rest, '{')) >= 0) {
        struct str key = str_sub(rest, (size_t)open + 1, rest.n);

        if ((close = str_find(key, '}')) < 0)
            break;
        key = str_sub(key, 0, (size_t)close);
        buf_add(out, str_sub(rest, 0, (size_t)open));
        if (str_eq(key, STR("code")))
            buf_add(out, in->code);
        else if (str_eq(key, STR("service")))
            add_line(out, in->service_name);
        else if (str_eq(key, STR("digits")))
            spoken(out, l, in->code);
        else if (str_eq(key, STR("link")))
            buf_add(out, in->link);
        else if (str_eq(key, STR("what")))
            add_line(out, in->what);
        rest = str_sub(rest, (size_t)(open + close) + 2, rest.n);
    }
    buf_add(out, rest);
}

static struct str filled(struct ctx *cx, const char *pattern, const struct message_in *in,
                         const struct language *l)
{
    OWN(buf_deinit) struct buf out = {.max = MESSAGE_MAX};

    fill(&out, pattern, in, l);
    return arena_str(cx->mem, buf_str(&out));
}

/* ---- SMS and voice ---- */

/* The last line is the format that phones read codes from and offer only on this host's pages
 * (WICG "Origin-bound one-time codes delivered via SMS"): nothing may follow it. */
static struct str sms_code(struct ctx *cx, const struct message_in *in, const struct language *l)
{
    const char *const patterns[] = {l->sms, l->sms_short, "{service}: {code}"};
    struct str text = STR_NONE;

    EACH_ROW (pattern, patterns) {
        text = filled(cx, *pattern, in, l);
        if (in->amount.n) /* PSD2 asks that both are shown with the code */
            text = arena_printf(cx->mem, "%.*s (%.*s, %.*s)", STR_ARG(text), STR_ARG(in->payee),
                                STR_ARG(in->amount));
        if (in->about.n)
            text = arena_printf(cx->mem, "%.*s\n%.*s", STR_ARG(in->about), STR_ARG(text));
        if (in->app_hash.n)
            text = arena_printf(cx->mem, "<#> %.*s\n%.*s", STR_ARG(text), STR_ARG(in->app_hash));
        else if (in->host.n)
            text = arena_printf(cx->mem, "%.*s\n@%.*s #%.*s", STR_ARG(text), STR_ARG(in->host),
                                STR_ARG(in->code));
        if (in->warn || sms_measure(text).parts == 1) /* only the first one warns */
            break;
    }
    return text;
}

/* ---- mail ---- */

static const struct mail {
    struct str template_name;
    bool greets; /* not to an address that nobody has confirmed: the name may be a stranger's
                    advertisement */
    bool needs_link;
    const char *subject, *lead, *button, *note;
} mails[LETTER_KINDS] = {
    {STR("confirm_sign_up"),    false, true,  "Confirm your e-mail address for {service}",
     "One step is left: confirm that this address is yours.",                                            "Confirm this address",
     "The link works once, for 24 hours. If you didn't sign up, you can ignore this mail: without "
     "the link nothing happens."                                                             },
    {STR("already_registered"), true,  false, "You already have a {service} account",
     "Somebody, probably you, signed up with this address. It already has an account, so nothing "
     "was changed.",                                                                                     "",
     "You can sign in as before. If you forgot your password, choose \"Forgot your password?\" on "
     "the sign-in page."                                                                     },
    {STR("reset_password"),     true,  true,  "Reset your {service} password",
     "Somebody, probably you, asked for a new password.",                                                "Choose a new password",
     "The link works once, for 10 minutes, and leaves your second factor as it is. If you didn't "
     "ask for it, you can ignore this mail: your password stays the same."                   },
    {STR("new_password"),       true,  true,  "Choose a new {service} password",
     "To keep your account safe, your old password no longer works. Choose a new one to sign in "
     "again.",                                                                                           "Choose a new password",
     "The link works once, for 10 minutes, and leaves your second factor as it is. After that, "
     "\"Forgot your password?\" on the sign-in page sends another."                          },
    {STR("confirm_email"),      false, true,  "Confirm your new e-mail address for {service}",
     "Your account keeps its old address until you confirm that this one is yours.",                     "Confirm this address",
     "The link works once, for 24 hours. If you didn't ask for it, you can ignore this mail."},
    {STR("notice"),             false, false, "Security notice from {service}",                "{what}", "This wasn't me",
     "If it was you, there is nothing to do."                                                },
};

/* "22 November 2026, 21:05 UTC": the reader's zone is not known. */
static struct str when(struct ctx *cx, int64_t at_ms)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    time_t at_s = (time_t)(at_ms / MS_PER_S);
    struct tm tm;

    if (at_ms == 0 || !gmtime_r(&at_s, &tm))
        return STR_NONE;
    return arena_printf(cx->mem, "%d %s %d, %02d:%02d UTC", tm.tm_mday, months[tm.tm_mon % 12],
                        tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

/* A header's text, short and on one line. */
static struct str shown(struct str agent)
{
    struct str s = str_sub(agent, 0, AGENT_SHOWN_MAX);

    while (s.n > 0 && !str_is_utf8(s)) /* cut inside a character */
        s.n--;
    return str_has_control(s) ? STR_NONE : s;
}

static struct message posted(struct ctx *cx, const struct letter *l)
{
    OWN(buf_deinit) struct buf text = {.max = LETTER_MAX};
    OWN(buf_deinit) struct buf html = {.max = LETTER_MAX};

    letter_text(l, &text);
    letter_html(l, &html);
    return (struct message){
        .language = l->language,
        .subject = l->title,
        .text = arena_str(cx->mem, buf_str(&text)),
        .html = arena_str(cx->mem, buf_str(&html)),
    };
}

static struct message mail_code(struct ctx *cx, const struct message_in *in,
                                const struct language *l)
{
    struct letter letter = {
        .language = str_from(l->tag),
        .right_to_left = l->right_to_left,
        .title = filled(cx, l->mail_subject, in, l),
        .greeting = in->about,
        .lead = filled(cx, l->mail_lead, in, l),
        .code = in->code,
        .note = filled(cx, l->mail_note, in, l),
        .service = in->service_name,
        .host = in->host,
    };

    return posted(cx, &letter);
}

static struct message mail_pair(struct ctx *cx, const struct message_in *in,
                                const struct language *l)
{
    struct letter letter = {
        .language = str_from(l->tag),
        .right_to_left = l->right_to_left,
        .title = filled(cx, l->pair_subject, in, l),
        .lead = filled(cx, l->pair_lead, in, l),
        .link = in->link,
        .button = str_from(l->pair_button),
        .note = filled(cx, l->pair_note, in, l),
        .service = in->service_name,
        .host = in->host,
    };

    return posted(cx, &letter);
}

/* The operator's text, or ours. */
static const char *worded(const char *own, const char *ours)
{
    return own ? own : ours;
}

/* "Shop: Your password was changed", where the first sentence says it in few words; or nothing. */
static struct str notice_subject(struct ctx *cx, const struct message_in *in)
{
    enum { FIRST_SENTENCE_MAX = 120 };
    ptrdiff_t stop = str_find_str(in->what, STR(". "));
    struct message_in first = *in;

    first.what = str_sub(in->what, 0, stop < 0 ? in->what.n : (size_t)stop);
    if (stop < 0 && str_ends(first.what, STR(".")))
        first.what.n--;
    if (first.what.n == 0 || first.what.n > FIRST_SENTENCE_MAX)
        return STR_NONE;
    return filled(cx, "{service}: {what}", &first, &languages[0]);
}

static struct message mail_other(struct ctx *cx, const struct message_in *in, const struct mail *m)
{
    const struct letter_words *own = wording_letter(in->wording, (enum letter_kind)(m - mails));
    struct letter letter = {
        .language = STR("en"),
        .title = filled(cx, worded(own->subject, m->subject), in, &languages[0]),
        .lead = filled(cx, worded(own->lead, m->lead), in, &languages[0]),
        .link = in->link,
        .button = str_from(worded(own->button, m->button)),
        .note = filled(cx, worded(own->note, m->note), in, &languages[0]),
        .service = in->service_name,
        .host = in->host,
    };
    struct message out;
    struct str subject;

    if (m->greets && in->name.n && !str_has_control(in->name))
        letter.greeting = arena_printf(cx->mem, "Hello %.*s,", STR_ARG(in->name));
    if (in->what.n) {
        letter.fact[0].label = STR("When");
        letter.fact[0].value = when(cx, in->at_ms);
        letter.fact[1].label = STR("Address");
        letter.fact[1].value = in->addr;
        letter.fact[2].label = STR("Device");
        letter.fact[2].value = shown(in->user_agent);
    }
    out = posted(cx, &letter);
    if (!own->subject && (subject = notice_subject(cx, in)).n > 0)
        out.subject = subject;
    return out;
}

/* ---- the choice ---- */

static enum err render_mail(struct ctx *cx, const struct message_in *in, const struct language *l,
                            struct message *out)
{
    if (str_eq(in->template_name, STR("code"))) {
        *out = mail_code(cx, in, l);
        return OK;
    }
    if (str_eq(in->template_name, STR("pair_device")) && in->link.n) {
        *out = mail_pair(cx, in, l);
        return OK;
    }
    EACH_ROW (m, mails) {
        if (!str_eq(in->template_name, m->template_name))
            continue;
        if (m->needs_link && in->link.n == 0)
            return fail(cx, ERR_INVALID, "message: %.*s without a link",
                        STR_ARG(in->template_name));
        *out = mail_other(cx, in, m);
        return OK;
    }
    return fail(cx, ERR_INVALID, "message: no e-mail template %.*s", STR_ARG(in->template_name));
}

enum err message_render(struct ctx *cx, const struct message_in *in, struct message *out)
{
    const struct language *l = wording_language(in->wording, language_pick(in->locale, in->to));
    bool code = str_eq(in->template_name, STR("code"));
    struct str text;

    /* a derived one is digits, one that an application sets may have letters */
    if (code && !str_all_alnum(in->code, ""))
        return fail(cx, ERR_INVALID, "message: a code message without a code");
    if (str_eq(in->channel, STR("email")))
        return render_mail(cx, in, l, out);
    if (code && (str_eq(in->channel, STR("sms")) || str_eq(in->channel, STR("whatsapp")))) {
        text = sms_code(cx, in, l);
    } else if (str_eq(in->channel, STR("voice")) && str_eq(in->template_name, STR("approve"))) {
        if (!l->spoken)
            l = wording_language(in->wording, &languages[0]);
        text = filled(cx, l->voice_approve, in, l);
    } else if (code && str_eq(in->channel, STR("voice"))) {
        if (!l->spoken)
            l = wording_language(in->wording, &languages[0]);
        text = filled(cx, l->voice, in, l);
        if (in->about.n)
            text = arena_printf(cx->mem, "%.*s. %.*s", STR_ARG(in->about), STR_ARG(text));
    } else if (str_eq(in->channel, STR("sms")) && str_eq(in->template_name, STR("pair_device")) &&
               in->link.n) {
        text = filled(cx, l->pair_sms, in, l);
    } else if (str_eq(in->channel, STR("push")) && str_eq(in->template_name, STR("push"))) {
        text = in->what;
    } else if (str_eq(in->channel, STR("sms")) && str_eq(in->template_name, STR("notice"))) {
        l = &languages[0];
        text = filled(cx, "{service}: {what}", in, l);
    } else {
        return fail(cx, ERR_INVALID, "message: no template %.*s for channel %.*s",
                    STR_ARG(in->template_name), STR_ARG(in->channel));
    }
    *out = (struct message){.text = text, .language = str_from(l->tag)};
    return OK;
}
