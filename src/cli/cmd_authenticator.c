/*
 * cmd_authenticator.c: approving sign-ins from the terminal: an authenticator for servers, scripts
 * and people who live there. Talks to any Countersign server over the network, as a phone does;
 * needs no store and no settings.
 */
#include "base/clock.h"
#include "cli/authenticator.h"
#include "cli/cli.h"
#include "core/display.h"
#include "crypto/otpauth.h"
#include "crypto/totp.h"

#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 512, AGAIN_FIRST_S = 1, AGAIN_MOST_S = 30 };

/* ---- flags ---- */

#define FLAG_KEY_FILE                                                                              \
    {                                                                                              \
        "key-file", FLAG_TEXT, offsetof(struct cli_args, key_file), "FILE",                        \
            "The key and where it is paired (~/.config/countersign/authenticator)", 0, 0           \
    }
#define FLAG_CA_FILE                                                                               \
    {                                                                                              \
        "ca-file", FLAG_TEXT, offsetof(struct cli_args, ca_file), "FILE",                          \
            "Authorities (PEM) to trust instead of the system's", 0, 0                             \
    }
#define FLAG_JSON                                                                                  \
    {                                                                                              \
        "json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line",  \
            0, 0                                                                                   \
    }

static const struct flag pair_flags[] = {
    {"name", FLAG_TEXT, offsetof(struct cli_args, name), "NAME",
     "What it is called when it is asked (this machine's name)", 0, 0},
    FLAG_KEY_FILE,
    FLAG_CA_FILE,
    FLAG_JSON,
};
static const struct flag list_flags[] = {
    {"history", FLAG_YES, offsetof(struct cli_args, history), NULL,
     "The newest requests, answered ones too", 0, 0},
    FLAG_KEY_FILE,
    FLAG_CA_FILE,
    FLAG_JSON,
};
static const struct flag approve_flags[] = {
    {"digits", FLAG_TEXT, offsetof(struct cli_args, digits), "SIX",
     "The digits that the sign-in page shows; asked for when not given", 0, 0},
    FLAG_KEY_FILE,
    FLAG_CA_FILE,
    FLAG_JSON,
};
static const struct flag deny_flags[] = {
    {"not-me", FLAG_YES, offsetof(struct cli_args, not_me), NULL,
     "Somebody else knows your password: it stops working, and you are told everywhere", 0, 0},
    FLAG_KEY_FILE,
    FLAG_CA_FILE,
    FLAG_JSON,
};
static const struct flag code_flags[] = {FLAG_KEY_FILE, FLAG_JSON};
static const struct flag watch_flags[] = {
    {"once", FLAG_YES, offsetof(struct cli_args, once), NULL, "End when the first request has come",
     0, 0},
    FLAG_KEY_FILE,
    FLAG_CA_FILE,
    FLAG_JSON,
};

/* ---- what they share ---- */

/* A line from the person, or from a pipe. Empty at the end of the input. */
static struct str read_line(struct ctx *cx, struct cli_out *out, const char *question)
{
    char line[LINE_MAX_LEN];

    if (isatty(STDIN_FILENO)) {
        buf_add(&out->err, str_from(question));
        out_flush(out);
    }
    if (!fgets(line, sizeof(line), stdin))
        return STR("");
    return arena_str(cx->mem, str_trim(str_sub(str_from(line), 0, strcspn(line, "\r\n"))));
}

static enum err file_of(struct ctx *cx, const struct cli_call *call, struct str *out)
{
    if (!call->parsed->args.key_file.n)
        return authenticator_path(cx, call->env, out);
    *out = arena_str(cx->mem, call->parsed->args.key_file);
    return OK;
}

static const char *ca_of(struct ctx *cx, const struct cli_call *call)
{
    struct str file = call->parsed->args.ca_file;

    return file.n ? arena_str(cx->mem, file).p : NULL;
}

static enum err load(struct ctx *cx, const struct cli_call *call, struct authenticator *out)
{
    struct str path;
    enum err e;

    if ((e = file_of(cx, call, &path)) || (e = authenticator_load(cx, path, out)))
        return e;
    out->ca_file = ca_of(cx, call);
    return OK;
}

static json_t *asked_json(const struct authenticator *a, const struct asked *q)
{
    json_t *details = json_array();

    for (size_t i = 0; i < q->detail_count; i++)
        json_array_append_new(details,
                              json_pack("{s:o, s:o}", "label", out_json_str(q->details[i].label),
                                        "value", out_json_str(q->details[i].value)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id",
                     out_json_str(q->id), "state", out_json_str(q->state), "reason",
                     out_json_str(q->reason), "service_name", out_json_str(a->service_name),
                     "message", out_json_str(q->message), "details", details, "address",
                     out_json_str(q->address), "browser", out_json_str(q->browser), "place",
                     out_json_str(q->place), "needs_digits", q->needs_digits, "created_at",
                     out_json_time(q->created_at_s * MS_PER_S), "expires_at",
                     out_json_time(q->expires_at_s * MS_PER_S));
}

/* What the server saw, unless a detail says it. */
static void fact(struct table *t, const struct asked *q, struct str label, struct str value)
{
    for (size_t i = 0; i < q->detail_count; i++) {
        if (str_eq(q->details[i].value, value))
            return;
    }
    if (value.n) {
        table_cell(t, label);
        table_cell(t, value);
    }
}

/* The whole request, for somebody who decides. */
static void say_asked(struct ctx *cx, const struct authenticator *a, const struct asked *q,
                      struct buf *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    table_cell(&t, STR("Request"));
    table_cell(&t, q->id);
    table_cell(&t, a->service_name);
    table_cell(&t, q->message);
    for (size_t i = 0; i < q->detail_count; i++) {
        table_cell(&t, q->details[i].label);
        table_cell(&t, q->details[i].value);
    }
    fact(&t, q, STR("From"), q->browser);
    fact(&t, q, STR("Address"), q->address);
    fact(&t, q, STR("Place"), q->place);
    table_cell(&t, STR("Asked"));
    table_cell(&t, out_time(cx, q->created_at_s * MS_PER_S));
    table_cell(&t, STR("Ends"));
    table_cell(&t, out_time(cx, q->expires_at_s * MS_PER_S));
    table_print(&t, out);
    if (str_find_str(q->shown, STR(DISPLAY_MIXED)) >= 0)
        buf_add(out, STR(DISPLAY_MIXED " stands before a word that mixes the letters of two "
                                       "alphabets. It may only look like a word you know.\n"));
}

/* ---- pair ---- */

static struct str host_name(struct ctx *cx)
{
    char name[65] = "";

    if (gethostname(name, sizeof(name) - 1) || !*name)
        return STR("terminal");
    return arena_str(cx->mem, str_from(name));
}

static enum err pair(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    const struct cli_args *args = &call->parsed->args;
    OWN(authenticator_deinit) struct authenticator a = {.ca_file = ca_of(cx, call)};
    struct str link = args->word_count ? args->words[0] : read_line(cx, out, "Pairing link: ");
    struct str path, token;
    enum err e;

    if ((e = file_of(cx, call, &path)) || (e = pair_link_read(cx, link, &a.base, &token)))
        return e;
    if (access(path.p, F_OK) == 0) /* before the link is used up */
        return fail(cx, ERR_CONFLICT, "%s is there already; --key-file names another", path.p);
    a.name = args->name.n ? args->name : host_name(cx);
    if ((e = authenticator_peek(cx, &a, token)) || (e = authenticator_pair(cx, &a, token)) ||
        (e = authenticator_save(cx, path, &a)))
        return e;
    if (args->json)
        out_json(out, json_pack("{s:o, s:o, s:o, s:o}", "device", out_json_str(a.device), "service",
                                out_json_str(a.service), "service_name",
                                out_json_str(a.service_name), "account", out_json_str(a.account)));
    else
        buf_addf(&out->out,
                 "Paired with %.*s as %.*s, called \"%.*s\". The key is in %s.\n"
                 "Try \"countersign authenticator watch\", then sign in somewhere.\n",
                 STR_ARG(a.service_name), STR_ARG(a.account), STR_ARG(a.name), path.p);
    return OK;
}

const struct command cmd_authenticator_pair = {
    .group = "authenticator",
    .name = "pair",
    .words = "[LINK]",
    .words_max = 1,
    .summary = "Let this terminal approve sign-ins",
    .detail =
        "The link is the one behind the QR code of \"Pair your phone\" (account, security). "
        "Without\n"
        "LINK it is read from standard input, which other users of this machine cannot see. A key\n"
        "pair is made; its private half stays in the key file and never leaves this machine.",
    .example = "countersign authenticator pair 'https://id.example.org/authenticator#pair=…'",
    .flags = pair_flags,
    .flag_count = COUNT_OF(pair_flags),
    .no_settings = true,
    .local = pair,
};

/* ---- code ---- */

static enum err code(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    OWN(authenticator_deinit) struct authenticator a = {0};
    char digits[TOTP_DIGITS_MAX + 1];
    struct otpauth o;
    int64_t at_s = cx->now_ms / MS_PER_S;
    enum err e;

    if ((e = load(cx, call, &a)))
        return e;
    if (!otpauth_parse(cx->mem, a.soft_token, &o))
        return fail(cx, ERR_NOT_FOUND, "%.*s asks for no codes from this authenticator",
                    STR_ARG(a.service_name));
    totp_code(&o.params, o.secret, at_s, digits);
    if (call->parsed->args.json)
        out_json(out, json_pack("{s:s, s:I}", "code", digits, "seconds_left",
                                (json_int_t)(o.params.step_s - at_s % o.params.step_s)));
    else
        buf_addf(&out->out, "%s\n", digits);
    explicit_bzero(digits, sizeof(digits));
    return OK;
}

const struct command cmd_authenticator_code = {
    .group = "authenticator",
    .name = "code",
    .summary = "Show the code to type where a service asks for one",
    .detail = "Only services whose users type codes have one: applications with the Authy API. It\n"
              "works without a network.",
    .example = "countersign authenticator code",
    .flags = code_flags,
    .flag_count = COUNT_OF(code_flags),
    .no_settings = true,
    .local = code,
};

/* ---- list ---- */

static enum err list(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    static const char *const head[] = {"REQUEST", "ASKED", "STATE", "WHAT", "ADDRESS", "BROWSER"};
    const struct cli_args *args = &call->parsed->args;
    OWN(authenticator_deinit) struct authenticator a = {0};
    struct asked *all;
    struct table t;
    size_t count;
    enum err e;

    if ((e = load(cx, call, &a)) || (e = authenticator_asked(cx, &a, args->history, &all, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        if (args->json) {
            out_json(out, asked_json(&a, &all[i]));
            continue;
        }
        table_cell(&t, all[i].id);
        table_cell(&t, out_time(cx, all[i].created_at_s * MS_PER_S));
        table_cell(&t, all[i].state);
        table_cell(&t, all[i].message);
        table_cell(&t, all[i].address);
        table_cell(&t, all[i].browser);
    }
    if (args->json)
        return OK;
    if (count)
        table_print(&t, &out->out);
    else
        buf_add(&out->out, STR("Nothing waits for an answer.\n"));
    return OK;
}

const struct command cmd_authenticator_list = {
    .group = "authenticator",
    .name = "list",
    .summary = "List the requests that wait for an answer",
    .example = "countersign authenticator list --json",
    .flags = list_flags,
    .flag_count = COUNT_OF(list_flags),
    .no_settings = true,
    .local = list,
};

/* ---- approve, deny ---- */

/* The request that was named; without a name the only one that waits. */
static enum err find_asked(struct ctx *cx, const struct cli_args *args, struct authenticator *a,
                           struct asked *out)
{
    struct asked *all;
    size_t count;
    enum err e;

    if ((e = authenticator_asked(cx, a, false, &all, &count)))
        return e;
    if (!args->word_count && count > 1)
        return fail(cx, ERR_INVALID, "%zu requests wait; name one of \"authenticator list\"",
                    count);
    for (size_t i = 0; i < count; i++) {
        if (!args->word_count || str_eq(all[i].id, args->words[0])) {
            *out = all[i];
            return OK;
        }
    }
    return fail(cx, ERR_NOT_FOUND,
                args->word_count ? "no such request waits for an answer"
                                 : "nothing waits for an answer");
}

static enum err say_outcome(struct ctx *cx, const struct cli_args *args, const struct asked *q,
                            struct str outcome, struct cli_out *out)
{
    if (args->json)
        out_json(out, json_pack("{s:o, s:o}", "id", out_json_str(q->id), "outcome",
                                out_json_str(outcome)));
    if (str_eq(outcome, STR("wrong_digits"))) {
        out_flush(out);
        return fail(cx, ERR_DENIED, "those are not the digits of that page: the request is denied");
    }
    if (str_eq(outcome, STR("late"))) {
        out_flush(out);
        return fail(cx, ERR_CONFLICT, "too late: it was answered, withdrawn, or ran out");
    }
    if (!args->json)
        buf_add(&out->out,
                str_eq(outcome, STR("approved")) ? STR("Approved.\n") : STR("Denied.\n"));
    return OK;
}

static enum err approve(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    const struct cli_args *args = &call->parsed->args;
    OWN(authenticator_deinit) struct authenticator a = {0};
    struct str digits = args->digits, outcome;
    struct asked q = {0};
    enum err e;

    if ((e = load(cx, call, &a)) || (e = find_asked(cx, args, &a, &q)))
        return e;
    if (q.needs_digits && !digits.n) {
        say_asked(cx, &a, &q, &out->err);
        out_flush(out);
        digits = read_line(cx, out, "Six digits on the sign-in page (nothing to leave it): ");
    }
    if (q.needs_digits && (digits.n != 6 || !str_all_digits(digits)))
        return fail(cx, ERR_INVALID,
                    "nothing was answered: six digits are needed, as in "
                    "--digits=482913");
    if ((e = authenticator_answer(cx, &a, &q, "approved", q.needs_digits ? digits : STR(""),
                                  &outcome)))
        return e;
    return say_outcome(cx, args, &q, outcome, out);
}

const struct command cmd_authenticator_approve = {
    .group = "authenticator",
    .name = "approve",
    .words = "[REQUEST]",
    .words_max = 1,
    .summary = "Approve a sign-in",
    .detail = "REQUEST may be left out when only one waits. The six digits stand on the sign-in "
              "page and\n"
              "tie it to this answer; one wrong entry ends the request. They are no secret.",
    .example =
        "countersign authenticator approve YC0123456789abcdef0123456789abcdef --digits=482913",
    .flags = approve_flags,
    .flag_count = COUNT_OF(approve_flags),
    .no_settings = true,
    .local = approve,
};

static enum err deny(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    const struct cli_args *args = &call->parsed->args;
    OWN(authenticator_deinit) struct authenticator a = {0};
    struct asked q = {0};
    struct str outcome;
    enum err e;

    if ((e = load(cx, call, &a)) || (e = find_asked(cx, args, &a, &q)) ||
        (e = authenticator_answer(cx, &a, &q, args->not_me ? "not_me" : "denied", STR(""),
                                  &outcome)))
        return e;
    return say_outcome(cx, args, &q, outcome, out);
}

const struct command cmd_authenticator_deny = {
    .group = "authenticator",
    .name = "deny",
    .words = "[REQUEST]",
    .words_max = 1,
    .summary = "Deny a sign-in",
    .detail = "REQUEST may be left out when only one waits.",
    .example = "countersign authenticator deny --not-me",
    .flags = deny_flags,
    .flag_count = COUNT_OF(deny_flags),
    .no_settings = true,
    .local = deny,
};

/* ---- watch ---- */

struct watch {
    const struct cli_args *args;
    const struct authenticator *a;
    struct cli_out *out;
    struct buf shown; /* names of requests, each behind a blank: to show none twice */
};

enum { SHOWN_MAX = 64 * KIB };

static void watch_end(struct watch *w)
{
    buf_deinit(&w->shown);
}

static bool was_shown(struct watch *w, struct str id)
{
    if (str_find_str(buf_str(&w->shown), id) != STR_NPOS)
        return true;
    if (w->shown.n + id.n + 1 > w->shown.max)
        buf_reset(&w->shown);
    buf_addc(&w->shown, ' ');
    buf_add(&w->shown, id);
    return false;
}

static bool show_new(void *arg, const struct asked *all, size_t count)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct watch *w = arg;
    bool any = false;
    struct ctx cx;

    ctx_init(&cx, mem);
    for (size_t i = count; i > 0; i--) { /* the oldest first */
        const struct asked *q = &all[i - 1];

        if (was_shown(w, q->id))
            continue;
        any = true;
        if (w->args->json) {
            out_json(w->out, asked_json(w->a, q));
            continue;
        }
        say_asked(&cx, w->a, q, &w->out->out);
        buf_addf(&w->out->out, "  countersign authenticator approve %.*s\n\n", STR_ARG(q->id));
    }
    out_flush(w->out);
    return !(any && w->args->once);
}

/* Connects again whenever the stream ends, as it does once an hour or when the server restarts. */
static enum err watch(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    OWN(authenticator_deinit) struct authenticator a = {0};
    OWN(watch_end) struct watch w = {.args = &call->parsed->args, .a = &a, .out = out};
    unsigned pause_s = AGAIN_FIRST_S;
    bool stopped = false;
    enum err e;

    buf_init(&w.shown, SHOWN_MAX);
    if ((e = load(cx, call, &a)))
        return e;
    while (!stopped) {
        OWN(arena_free) struct arena *mem = arena_new();
        struct ctx one;

        ctx_init(&one, mem);
        e = authenticator_watch(&one, &a, show_new, &w, &stopped);
        if (e && e != ERR_UPSTREAM && e != ERR_BUSY && e != ERR_LIMITED)
            return fail(cx, e, "%s", one.why);
        if (stopped)
            break;
        pause_s = e ? MIN_OF(pause_s * 2, (unsigned)AGAIN_MOST_S) : AGAIN_FIRST_S;
        sleep(pause_s);
    }
    return OK;
}

const struct command cmd_authenticator_watch = {
    .group = "authenticator",
    .name = "watch",
    .summary = "Show requests as they come",
    .detail = "Runs until it is interrupted and connects again when the server restarts.",
    .example = "countersign authenticator watch --json | while read -r request; do …; done",
    .flags = watch_flags,
    .flag_count = COUNT_OF(watch_flags),
    .no_settings = true,
    .local = watch,
};
