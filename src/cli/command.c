/*
 * command.c: reads a command line by the table and writes the help from it.
 */
#include "cli/command.h"
#include "base/nearest.h"

const struct command *const command_table[] = {
    &cmd_serve,
    &cmd_app_create,
    &cmd_app_list,
    &cmd_app_show,
    &cmd_app_set,
    &cmd_app_rotate,
    &cmd_app_delete,
    &cmd_app_add_key,
    &cmd_app_keys,
    &cmd_app_delete_key,
    &cmd_user_list,
    &cmd_user_show,
    &cmd_user_disable,
    &cmd_user_enable,
    &cmd_user_reset_factors,
    &cmd_user_remove_device,
    &cmd_channel_list,
    &cmd_channel_pause,
    &cmd_channel_resume,
    &cmd_firewall_list,
    &cmd_firewall_pause,
    &cmd_firewall_resume,
    &cmd_firewall_allow,
    &cmd_firewall_extend,
    &cmd_audit_list,
    &cmd_audit_show,
    &cmd_audit_verify,
    &cmd_delivery_list,
    &cmd_delivery_show,
    &cmd_webhook_list,
    &cmd_webhook_show,
    &cmd_webhook_enable,
    &cmd_webhook_disable,
    &cmd_webhook_replay,
    &cmd_config_show,
    &cmd_config_check,
    &cmd_config_manual,
    &cmd_migrate,
    &cmd_backup,
    &cmd_key_rotate,
    &cmd_import_authy,
    &cmd_authenticator_pair,
    &cmd_authenticator_code,
    &cmd_authenticator_list,
    &cmd_authenticator_approve,
    &cmd_authenticator_deny,
    &cmd_authenticator_watch,
    &cmd_version,
    &cmd_help,
};
const size_t command_count = COUNT_OF(command_table);

enum { HELP_WIDTH = 96 };

static const struct flag common_flags[] = {
    {"help", FLAG_YES, 0, NULL, "Say what the command does", 0, 0},
};

/* ---- finding ---- */

static const struct command *find(struct str group, struct str name)
{
    EACH_ROW (row, command_table) {
        if (str_eq(str_from((*row)->group), group) && str_eq(str_from((*row)->name), name))
            return *row;
    }
    return NULL;
}

static bool is_group(struct str word)
{
    EACH_ROW (row, command_table) {
        if ((*row)->group && str_eq(str_from((*row)->group), word))
            return true;
    }
    return false;
}

static enum err unknown(struct ctx *cx, const char *what, struct str word, const char *mark,
                        struct str best)
{
    if (best.p)
        return fail(cx, ERR_INVALID, "unknown %s \"%.*s\"; did you mean \"%s%.*s\"?", what,
                    STR_ARG(str_sub(word, 0, NEAREST_WORD_MAX)), mark, STR_ARG(best));
    return fail(cx, ERR_INVALID, "unknown %s \"%.*s\"", what,
                STR_ARG(str_sub(word, 0, NEAREST_WORD_MAX)));
}

static enum err unknown_command(struct ctx *cx, struct str group, struct str word)
{
    struct nearest guess = {.word = word};

    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];
        /* The analyzer forgets the table's contents; it holds no NULL.
         * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        struct str row_group = str_from(c->group);

        if (group.n == 0)
            nearest_try(&guess, row_group.n ? row_group : str_from(c->name));
        else if (str_eq(row_group, group))
            nearest_try(&guess, str_from(c->name));
    }
    if (group.n == 0)
        return unknown(cx, "command", word, "", guess.best);
    return unknown(cx, arena_printf(cx->mem, "command after \"%.*s\":", STR_ARG(group)).p, word, "",
                   guess.best);
}

static enum err unknown_flag(struct ctx *cx, const struct command *c, struct str name)
{
    struct nearest guess = {.word = name};

    for (size_t i = 0; i < c->flag_count; i++)
        nearest_try(&guess, str_from(c->flags[i].name));
    nearest_try(&guess, STR("help"));
    if (!c->no_settings) {
        nearest_try(&guess, STR("config"));
        for (unsigned o = 0; o < OPTION_COUNT; o++)
            nearest_try(&guess, str_from(config_name((enum config_option)o)));
    }
    return unknown(cx, "flag", arena_printf(cx->mem, "--%.*s", STR_ARG(name)), "--", guess.best);
}

/* ---- reading ---- */

struct reader {
    struct ctx *cx;
    const struct str *argv;
    size_t argc, at;
    struct cli_parsed *out;
};

static enum err keep_token(struct reader *r, struct str token)
{
    if (r->out->token_count == CLI_TOKENS_MAX)
        return fail(r->cx, ERR_INVALID, "more than %d words", CLI_TOKENS_MAX);
    r->out->tokens[r->out->token_count++] = token;
    return OK;
}

/* The text behind '=', or the next word. */
static enum err flag_value(struct reader *r, struct str name, struct str inl, struct str *out)
{
    if (inl.p) {
        *out = inl;
        return OK;
    }
    if (r->at == r->argc)
        return fail(r->cx, ERR_INVALID, "--%.*s needs a value, as in --%.*s=…", STR_ARG(name),
                    STR_ARG(name));
    *out = r->argv[r->at++];
    return OK;
}

static enum err set_flag(struct reader *r, const struct flag *f, struct str inl)
{
    void *member = (char *)&r->out->args + f->offset;
    uint32_t most = f->most ? f->most : UINT32_MAX;
    struct str value = STR_NONE;
    int64_t v;
    enum err e;

    if (f->type == FLAG_YES) {
        if (inl.p)
            return fail(r->cx, ERR_INVALID, "--%s takes no value", f->name);
        *(bool *)member = true;
        return keep_token(r, arena_printf(r->cx->mem, "--%s", f->name));
    }
    if ((e = flag_value(r, str_from(f->name), inl, &value)))
        return e;
    if (f->type == FLAG_TEXT) {
        *(struct str *)member = value;
    } else if (f->type == FLAG_UINT) {
        if (!str_to_i64(value, 0, most, &v))
            return fail(r->cx, ERR_INVALID, "--%s must be a number from 0 to %u", f->name, most);
        *(uint32_t *)member = (uint32_t)v;
    } else {
        if (!str_to_i64(value, 1, INT64_MAX, &v))
            return fail(r->cx, ERR_INVALID, "--%s must be the number of an entry", f->name);
        *(int64_t *)member = v;
    }
    return keep_token(r, arena_printf(r->cx->mem, "--%s=%.*s", f->name, STR_ARG(value)));
}

static enum err set_option(struct reader *r, struct str name, struct str inl)
{
    struct cli_parsed *out = r->out;
    struct str value = STR_NONE;
    enum err e;

    if ((e = flag_value(r, name, inl, &value)))
        return e;
    if (str_eq(name, STR("config"))) {
        out->config_file = value;
        return OK;
    }
    for (size_t i = 0; i < out->option_count; i++) {
        if (config_find(out->options[i].name) == config_find(name))
            return fail(r->cx, ERR_INVALID, "--%.*s was given twice", STR_ARG(name));
    }
    out->options[out->option_count++] = (struct config_arg){name, value};
    return OK;
}

static enum err read_flag(struct reader *r, struct str token)
{
    const struct command *c = r->out->command;
    struct str name = str_sub(token, 2, token.n), inl = STR_NONE;
    ptrdiff_t equals = str_find(name, '=');

    if (equals != STR_NPOS) {
        inl = str_sub(name, (size_t)equals + 1, name.n);
        name = str_sub(name, 0, (size_t)equals);
    }
    for (size_t i = 0; i < c->flag_count; i++) {
        if (str_eq(name, str_from(c->flags[i].name)))
            return set_flag(r, &c->flags[i], inl);
    }
    if (!c->no_settings && (str_eq(name, STR("config")) || config_find(name) != OPTION_COUNT))
        return set_option(r, name, inl);
    return unknown_flag(r->cx, c, name);
}

static enum err read_words(struct reader *r)
{
    struct cli_args *args = &r->out->args;
    bool only_words = false;
    enum err e;

    while (r->at < r->argc) {
        struct str token = r->argv[r->at++];

        if (!only_words && str_eq(token, STR("--"))) {
            only_words = true;
            e = keep_token(r, token);
        } else if (!only_words && str_starts(token, STR("--"))) {
            e = read_flag(r, token);
        } else if (!only_words && token.n > 1 && token.p[0] == '-') {
            e = fail(r->cx, ERR_INVALID, "unknown flag \"%.*s\"", STR_ARG(str_sub(token, 0, 40)));
        } else if (args->word_count == r->out->command->words_max) {
            e = fail(r->cx, ERR_INVALID, "\"%.*s\" is a word too many",
                     STR_ARG(str_sub(token, 0, 40)));
        } else {
            args->words[args->word_count++] = token;
            e = keep_token(r, token);
        }
        if (e)
            return e;
    }
    if (args->word_count < r->out->command->words_min)
        return fail(r->cx, ERR_INVALID, "needs %s", r->out->command->words);
    return OK;
}

static bool asks_for_help(const struct str *argv, size_t argc)
{
    for (size_t i = 0; i < argc && !str_eq(argv[i], STR("--")); i++) {
        if (str_eq(argv[i], STR("--help")) || str_eq(argv[i], STR("-h")))
            return true;
    }
    return false;
}

static void set_fallbacks(struct cli_parsed *out)
{
    for (size_t i = 0; i < out->command->flag_count; i++) {
        const struct flag *f = &out->command->flags[i];

        if (f->type == FLAG_UINT)
            *(uint32_t *)(void *)((char *)&out->args + f->offset) = f->fallback;
    }
}

enum err command_parse(struct ctx *cx, const struct str *argv, size_t argc, struct cli_parsed *out)
{
    struct reader r = {cx, argv, argc, 0, out};
    struct str word = STR_NONE;
    enum err e;

    *out = (struct cli_parsed){.help = asks_for_help(argv, argc)};
    if (argc && str_eq(argv[0], STR("--version")))
        word = STR("version");
    else if (argc && !str_starts(argv[0], STR("-")))
        word = argv[0];
    else if (argc && !out->help)
        return fail(cx, ERR_INVALID, "the command comes first, then its flags");
    if (word.n == 0) {
        out->help = true;
        return OK;
    }
    r.at = 1;
    if (is_group(word)) {
        out->group = word;
        if (argc == 1 || str_starts(argv[1], STR("-"))) {
            if (!out->help)
                return fail(cx, ERR_INVALID, "\"%.*s\" is a group of commands; name one of them",
                            STR_ARG(word));
            return OK;
        }
        word = argv[r.at++];
    }
    out->command = find(out->group, word);
    if (!out->command)
        return unknown_command(cx, out->group, word);
    if (out->help)
        return OK;
    for (size_t i = 0; i < r.at; i++) {
        if ((e = keep_token(&r, argv[i])))
            return e;
    }
    set_fallbacks(out);
    return read_words(&r);
}

/* ---- help ---- */

struct str command_title(struct ctx *cx, const struct command *c)
{
    if (!c->group)
        return str_from(c->name);
    return arena_printf(cx->mem, "%s %s", c->group, c->name);
}

static void add_list(struct ctx *cx, struct str group, struct buf *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    EACH_ROW (row, command_table) {
        const struct command *c = *row;

        if (group.n && !str_eq(str_from(c->group), group))
            continue;
        table_cell(&t, arena_printf(cx->mem, "%s%s%s", command_title(cx, c).p, c->words ? " " : "",
                                    c->words ? c->words : ""));
        table_cell(&t, str_from(c->summary));
    }
    table_print(&t, out);
}

static void add_flags(struct ctx *cx, const struct command *c, struct buf *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    for (size_t i = 0; i < c->flag_count + COUNT_OF(common_flags); i++) {
        const struct flag *f = i < c->flag_count ? &c->flags[i] : &common_flags[i - c->flag_count];

        table_cell(&t, arena_printf(cx->mem, "--%s%s%s", f->name, f->value ? "=" : "",
                                    f->value ? f->value : ""));
        table_cell(&t, str_from(f->help));
    }
    if (!c->no_settings) {
        table_cell(&t, STR("--config=FILE"));
        table_cell(&t, STR("Settings; see countersign.conf(5)"));
        table_cell(&t, STR("--OPTION=VALUE"));
        table_cell(&t, STR("One setting, as in --data-dir=/var/lib/countersign"));
    }
    buf_add(out, STR("\nFlags:\n"));
    table_print(&t, out);
}

/* The first sentence of each; the manual has the rest. */
static void add_settings(struct ctx *cx, struct buf *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    t.wrap = HELP_WIDTH;
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        enum config_option o = (enum config_option)i;
        struct str help = str_from(config_help(o));
        ptrdiff_t end = str_find_str(help, STR(". "));

        table_cell(&t, arena_printf(cx->mem, "--%s=%s", config_name(o), config_fallback(o)));
        table_cell(&t,
                   end == STR_NPOS ? str_sub(help, 0, help.n - 1) : str_sub(help, 0, (size_t)end));
    }
    buf_add(out, STR("\nSettings, with their defaults; each also as COUNTERSIGN_NAME in the "
                     "environment and in a\nfile, see countersign.conf(5):\n"));
    table_print(&t, out);
}

static void add_exits(struct buf *out)
{
    buf_add(out, STR("\nExit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 no such thing; "
                     "4 busy or\nunreachable, try again; 5 taken already, or not possible in this "
                     "state.\n"));
}

static void add_lines(struct buf *out, const char *head, const char *text)
{
    struct str rest = str_from(text), line;

    buf_addf(out, "\n%s", head);
    while (str_split(&rest, '\n', &line) && (line.n || rest.p))
        buf_addf(out, "%s%.*s\n", *head ? "  " : "", STR_ARG(line));
}

void command_help(struct ctx *cx, const struct command *c, struct str group, struct buf *out)
{
    if (c) {
        buf_addf(out, "countersign %s%s%s\n\n%s.\n", command_title(cx, c).p, c->words ? " " : "",
                 c->words ? c->words : "", c->summary);
        if (c->detail)
            add_lines(out, "", c->detail);
        if (c->example)
            add_lines(out, "Example:\n", c->example);
        add_flags(cx, c, out);
        if (c->lists_settings)
            add_settings(cx, out);
        add_exits(out);
        return;
    }
    if (group.n) {
        buf_addf(out, "countersign %.*s …\n\n", STR_ARG(group));
        add_list(cx, group, out);
        buf_addf(out, "\n\"countersign %.*s COMMAND --help\" says more.\n", STR_ARG(group));
        return;
    }
    buf_add(out, STR("countersign: a second factor for your users\n\nCommands:\n"));
    add_list(cx, STR_NONE, out);
    buf_add(out, STR("\nTry it:  countersign serve      then open http://127.0.0.1:8080\n"
                     "\"countersign COMMAND --help\" says more and shows an example. The manual is "
                     "countersign(8),\nthe settings are in countersign.conf(5).\n"));
    add_exits(out);
}

void command_error(struct ctx *cx, const struct command *c, enum err e, struct cli_out *out)
{
    const char *why = *cx->why ? cx->why : err_name(e);

    if (c)
        buf_addf(&out->err, "countersign %s: %s\n", command_title(cx, c).p, why);
    else
        buf_addf(&out->err, "countersign: %s\n", why);
    if (e == ERR_INVALID && c)
        buf_addf(&out->err, "Try \"countersign %s --help\".\n", command_title(cx, c).p);
    else if (e == ERR_INVALID)
        buf_add(&out->err, STR("Try \"countersign help\".\n"));
}
