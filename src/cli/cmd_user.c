/*
 * cmd_user.c: the people of the portal. An operator may look, switch off and on, and make somebody
 * enrol again; never set a password or read a secret.
 */
#include "cli/command.h"
#include "core/device.h"
#include "core/factor.h"
#include "core/person.h"
#include "core/session.h"

enum { ROWS_USUAL = 100, ROWS_MAX = 5000 };

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};
static const struct flag list_flags[] = {
    {"limit", FLAG_UINT, offsetof(struct cli_args, limit), "N",        "At most so many (100)",         ROWS_USUAL,
     ROWS_MAX                                                                                                        },
    {"after", FLAG_TEXT, offsetof(struct cli_args, after), "USERNAME",
     "Begin behind this one, to see the next page",                                                     0,          0},
    {"json",  FLAG_YES,  offsetof(struct cli_args, json),  NULL,       "Print JSON, one object a line", 0,
     0                                                                                                               },
};
static const struct flag yes_only[] = {
    {"yes", FLAG_YES, offsetof(struct cli_args, yes), NULL, "Do it; without this only say what", 0,
     0},
};

static const struct origin operator_origin = {
    {"",            0                        },
    {"countersign", sizeof("countersign") - 1}
};

static enum err find(struct ctx *cx, struct db *db, struct str login, struct person *out)
{
    enum err e = person_by_login(cx, db, login, out);

    if (e == ERR_NOT_FOUND)
        return fail(cx, e, "nobody is called \"%.*s\"; give a username or an e-mail address",
                    STR_ARG(str_sub(login, 0, 80)));
    return e;
}

static struct str state_word(bool disabled)
{
    return disabled ? STR("disabled") : STR("active");
}

static void list_row(struct ctx *cx, const struct person_row *p, bool json, struct table *t,
                     struct cli_out *out)
{
    json_t *o;

    if (!json) {
        table_cell(t, p->username);
        table_cell(t, p->name);
        table_cell(t, p->email);
        table_cell(t, arena_printf(cx->mem, "%lld", (long long)p->factor_count));
        table_cell(t, state_word(p->disabled));
        table_cell(t, out_time(cx, p->last_seen_at_ms));
        return;
    }
    o = json_object();
    json_object_set_new(o, "username", out_json_str(p->username));
    json_object_set_new(o, "name", out_json_str(p->name));
    json_object_set_new(o, "email", out_json_str(p->email));
    json_object_set_new(o, "factors", json_integer(p->factor_count));
    json_object_set_new(o, "disabled", json_boolean(p->disabled));
    json_object_set_new(o, "last_seen_at", out_json_time(p->last_seen_at_ms));
    out_json(out, o);
}

static enum err user_list(struct ctx *cx, struct db *db, const struct cli_args *args,
                          struct cli_out *out)
{
    static const char *const head[] = {"USERNAME", "NAME",  "E-MAIL",
                                       "FACTORS",  "STATE", "LAST SEEN"};
    struct person_row *rows;
    struct table t;
    size_t count;
    enum err e;

    if ((e = person_list(cx, db, args->after, args->limit, &rows, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++)
        list_row(cx, &rows[i], args->json, &t, out);
    if (args->json)
        return OK;
    table_print(&t, &out->out);
    if (count > 0 && count == args->limit)
        buf_addf(&out->err, "There may be more: --after=%.*s\n", STR_ARG(rows[count - 1].username));
    return OK;
}

const struct command cmd_user_list = {
    .group = "user",
    .name = "list",
    .summary = "List the people who have an account",
    .example = "countersign user list --limit=20",
    .flags = list_flags,
    .flag_count = COUNT_OF(list_flags),
    .run = user_list,
};

/* ---- show ---- */

struct shown {
    struct person person;
    struct factor *factors;
    size_t factor_count;
    struct session *sessions;
    size_t session_count;
    int64_t recovery_left;
};

static json_t *shown_json(const struct shown *s)
{
    const struct person *p = &s->person;
    json_t *o = json_object(), *factors = json_array();

    for (size_t i = 0; i < s->factor_count; i++) {
        json_t *f = json_object();

        json_object_set_new(f, "kind", out_json_str(factor_kind_name(s->factors[i].kind)));
        json_object_set_new(f, "sid", out_json_str(s->factors[i].sid));
        json_object_set_new(f, "name", out_json_str(s->factors[i].name));
        json_object_set_new(f, "failures", json_integer(s->factors[i].fail_count));
        json_object_set_new(f, "verified_at", out_json_time(s->factors[i].verified_at_ms));
        json_object_set_new(f, "used_at", out_json_time(s->factors[i].used_at_ms));
        json_array_append_new(factors, f);
    }
    json_object_set_new(o, "username", out_json_str(p->username));
    json_object_set_new(o, "name", out_json_str(p->name));
    json_object_set_new(o, "email", out_json_str(p->email));
    json_object_set_new(o, "email_verified_at", out_json_time(p->email_verified_at_ms));
    json_object_set_new(o, "phone", out_json_str(p->phone));
    json_object_set_new(o, "phone_verified_at", out_json_time(p->phone_verified_at_ms));
    json_object_set_new(o, "disabled", json_boolean(p->disabled));
    json_object_set_new(o, "must_reset", json_boolean(p->must_reset));
    json_object_set_new(o, "strong_only", json_boolean(p->strong_only));
    json_object_set_new(o, "created_at", out_json_time(p->created_at_ms));
    json_object_set_new(o, "last_seen_at", out_json_time(p->last_seen_at_ms));
    json_object_set_new(o, "factors", factors);
    json_object_set_new(o, "recovery_codes_left", json_integer(s->recovery_left));
    json_object_set_new(o, "sessions", json_integer((json_int_t)s->session_count));
    return o;
}

static void row(struct table *t, const char *label, struct str value)
{
    table_cell(t, str_from(label));
    table_cell(t, value);
}

static struct str with_proof(struct ctx *cx, struct str value, int64_t verified_at_ms)
{
    if (value.n == 0)
        return STR("none");
    return arena_printf(cx->mem, "%.*s (%s)", STR_ARG(value),
                        verified_at_ms ? "verified" : "not verified");
}

static void print_shown(struct ctx *cx, const struct shown *s, struct buf *out)
{
    const struct person *p = &s->person;
    struct table t;

    table_init(&t, cx, NULL, 2);
    row(&t, "Username", p->username);
    row(&t, "Name", p->name);
    row(&t, "E-mail", with_proof(cx, p->email, p->email_verified_at_ms));
    row(&t, "Phone", with_proof(cx, p->phone, p->phone_verified_at_ms));
    row(&t, "State", state_word(p->disabled));
    if (p->must_reset)
        row(&t, "Password", STR("distrusted: must be reset by e-mail"));
    if (p->strong_only)
        row(&t, "Floor", STR("codes by SMS, call and e-mail do not sign in"));
    row(&t, "Created", out_time(cx, p->created_at_ms));
    row(&t, "Last seen", out_time(cx, p->last_seen_at_ms));
    for (size_t i = 0; i < s->factor_count; i++) {
        const struct factor *f = &s->factors[i];

        row(&t, i ? "" : "Factors",
            arena_printf(
                cx->mem, "%.*s%s, used %s%s", STR_ARG(factor_kind_name(f->kind)),
                f->kind == FACTOR_PUSH
                    ? arena_printf(cx->mem, " \"%.*s\" %.*s", STR_ARG(f->name), STR_ARG(f->sid)).p
                    : "",
                out_time(cx, f->used_at_ms).p,
                f->kind == FACTOR_RECOVERY
                    ? arena_printf(cx->mem, ", %lld left", (long long)s->recovery_left).p
                    : ""));
    }
    if (s->factor_count == 0)
        row(&t, "Factors", STR("none"));
    row(&t, "Sessions", arena_printf(cx->mem, "%zu", s->session_count));
    table_print(&t, out);
}

static enum err user_show(struct ctx *cx, struct db *db, const struct cli_args *args,
                          struct cli_out *out)
{
    struct shown s = {0};
    enum err e;

    if ((e = find(cx, db, args->words[0], &s.person)) ||
        (e = factor_list(cx, db, s.person.identity_id, &s.factors, &s.factor_count)) ||
        (e = recovery_left(cx, db, s.person.identity_id, &s.recovery_left)) ||
        (e = session_list(cx, db, s.person.id, &s.sessions, &s.session_count)))
        return e;
    if (args->json)
        out_json(out, shown_json(&s));
    else
        print_shown(cx, &s, &out->out);
    return OK;
}

const struct command cmd_user_show = {
    .group = "user",
    .name = "show",
    .words = "LOGIN",
    .words_min = 1,
    .words_max = 1,
    .summary = "Show one person: contacts, factors, sessions",
    .detail = "LOGIN is a username or an e-mail address.",
    .example = "countersign user show ada@example.com",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = user_show,
};

/* ---- switches ---- */

static enum err set_disabled(struct ctx *cx, struct db *db, const struct cli_args *args,
                             bool disabled, struct cli_out *out)
{
    struct person p;
    enum err e;

    if ((e = find(cx, db, args->words[0], &p)))
        return e;
    if (p.disabled == disabled)
        return fail(cx, ERR_CONFLICT, "%.*s is %s already", STR_ARG(p.username),
                    state_word(disabled).p);
    if ((e = person_set_disabled(cx, db, p.id, disabled, &operator_origin)))
        return e;
    buf_addf(&out->out, "%.*s is %s now.\n", STR_ARG(p.username), state_word(disabled).p);
    return OK;
}

static enum err user_disable(struct ctx *cx, struct db *db, const struct cli_args *args,
                             struct cli_out *out)
{
    return set_disabled(cx, db, args, true, out);
}

const struct command cmd_user_disable = {
    .group = "user",
    .name = "disable",
    .words = "LOGIN",
    .words_min = 1,
    .words_max = 1,
    .summary = "Keep a person out, and end their sessions",
    .example = "countersign user disable ada",
    .run = user_disable,
};

static enum err user_enable(struct ctx *cx, struct db *db, const struct cli_args *args,
                            struct cli_out *out)
{
    return set_disabled(cx, db, args, false, out);
}

const struct command cmd_user_enable = {
    .group = "user",
    .name = "enable",
    .words = "LOGIN",
    .words_min = 1,
    .words_max = 1,
    .summary = "Let a person in again",
    .example = "countersign user enable ada",
    .run = user_enable,
};

static enum err user_reset_factors(struct ctx *cx, struct db *db, const struct cli_args *args,
                                   struct cli_out *out)
{
    struct person p;
    enum err e;

    if ((e = find(cx, db, args->words[0], &p)))
        return e;
    if (!args->yes)
        return fail(cx, ERR_INVALID,
                    "this switches every second factor of %.*s off; be sure who asked for it, then "
                    "say --yes",
                    STR_ARG(p.username));
    if ((e = factor_reset_all(cx, db, p.identity_id, &operator_origin)))
        return e;
    buf_addf(&out->out, "%.*s has no second factor now and was told by e-mail.\n",
             STR_ARG(p.username));
    return OK;
}

const struct command cmd_user_reset_factors = {
    .group = "user",
    .name = "reset-factors",
    .words = "LOGIN",
    .words_min = 1,
    .words_max = 1,
    .summary = "Switch a person's second factors off, so that they enrol again",
    .detail =
        "For somebody who lost the phone and the recovery codes, or whose sign-in stays locked "
        "since\n"
        "wrong codes ended every second factor. Their password stays; all their addresses get a\n"
        "notice, and the audit trail an entry.",
    .example = "countersign user reset-factors ada --yes",
    .flags = yes_only,
    .flag_count = COUNT_OF(yes_only),
    .run = user_reset_factors,
};

/* ---- one device ---- */

static enum err user_remove_device(struct ctx *cx, struct db *db, const struct cli_args *args,
                                   struct cli_out *out)
{
    struct device d;
    enum err e = device_by_sid(cx, db, args->words[0], &d);

    if (e == ERR_DENIED)
        return fail(cx, ERR_NOT_FOUND, "no device %.*s is paired",
                    STR_ARG(str_sub(args->words[0], 0, 40)));
    if (e)
        return e;
    if (!args->yes)
        return fail(
            cx, ERR_INVALID,
            "this removes \"%.*s\", paired with %.*s; be sure who asked for it, then say --yes",
            STR_ARG(d.name), STR_ARG(d.service_name));
    if ((e = factor_off(cx, db, d.factor_id, "operator", &operator_origin)))
        return e;
    buf_addf(&out->out, "\"%.*s\" answers nothing any more.\n", STR_ARG(d.name));
    return OK;
}

const struct command cmd_user_remove_device = {
    .group = "user",
    .name = "remove-device",
    .words = "SID",
    .words_min = 1,
    .words_max = 1,
    .summary = "Remove one paired phone, of a person or of an application's user",
    .detail =
        "For a phone that was lost or stolen. SID (YF...) is what `user show` or the "
        "application's\n"
        "interface calls it. At once it answers nothing, and what it approved but nobody has used "
        "yet\n"
        "is void. If it was the only second factor, the password alone signs in until there is\n"
        "another, unless the policy demands one. A person gets a notice at every address.",
    .example = "countersign user remove-device YF00112233445566778899aabbccddeeff --yes",
    .flags = yes_only,
    .flag_count = COUNT_OF(yes_only),
    .run = user_remove_device,
};
