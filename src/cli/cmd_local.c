/*
 * cmd_local.c: the commands that need no data: config, version, help.
 */
#include "cli/cli.h"
#include "cli/guard.h"
#include "cli/texts.h"

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* ---- config ---- */

static enum err config_show(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    static const char *const head[] = {"OPTION", "VALUE", "FROM"};
    OWN(config_free) struct config *cf = NULL;
    json_t *all = json_object();
    struct table t;
    enum err e;

    if ((e = cli_config(cx, call, out, &cf))) {
        json_decref(all);
        return e;
    }
    table_init(&t, cx, head, COUNT_OF(head));
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        enum config_option o = (enum config_option)i;
        OWN(buf_deinit) struct buf value = {0};
        OWN(buf_deinit) struct buf place = {0};
        json_t *one = json_object();
        int64_t number = 0;

        buf_init(&value, OUT_MAX);
        buf_init(&place, OUT_MAX);
        config_print(cf, o, &value);
        config_print_place(cf, o, &place);
        table_cell(&t, str_from(config_name(o)));
        table_cell(&t, buf_str(&value));
        table_cell(&t, buf_str(&place));
        if (config_is_number(o) && str_to_i64(buf_str(&value), 0, UINT32_MAX, &number))
            json_object_set_new(one, "value", json_integer(number));
        else
            json_object_set_new(one, "value", out_json_str(buf_str(&value)));
        json_object_set_new(one, "from", out_json_str(buf_str(&place)));
        json_object_set_new(all, config_name(o), one);
    }
    if (call->parsed->args.json)
        out_json(out, json_incref(all));
    else
        table_print(&t, &out->out);
    json_decref(all);
    return OK;
}

const struct command cmd_config_show = {
    .group = "config",
    .name = "show",
    .summary = "Show every setting and where it came from",
    .example = "countersign config show --config=/etc/countersign/countersign.conf",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .local = config_show,
};

static enum err config_check_run(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    OWN(config_free) struct config *cf = NULL;
    OWN(buf_deinit) struct buf problems = {0};
    OWN(buf_deinit) struct buf warnings = {0};
    OWN(texts_deinit) struct texts texts = {0};
    const struct wording *wording;
    struct firewall_rules rules;
    bool guarded;
    enum err e;

    buf_init(&problems, 64 * KIB);
    buf_init(&warnings, 64 * KIB);
    if ((e = cli_config(cx, call, out, &cf)))
        return e;
    if ((e = config_check(cx, cf, &problems)) ||
        (e = texts_read(cx, cf, &texts, &problems, &warnings, &wording))) {
        buf_add(&out->err, buf_str(&problems));
        return e;
    }
    if ((e = guard_rules(cx, cf, &rules, &guarded)))
        return e;
    buf_add(&out->err, buf_str(&warnings));
    buf_add(&out->out, STR("The settings are good.\n"));
    return OK;
}

const struct command cmd_config_check = {
    .group = "config",
    .name = "check",
    .summary = "Check the settings and list all that is wrong",
    .detail =
        "Reads what `serve` would read and looks at the files and folders they name. Changes\n"
        "nothing. Exit code 2 when something is wrong.",
    .example = "countersign config check --config=/etc/countersign/countersign.conf",
    .local = config_check_run,
};

static enum err config_manual_run(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    (void)cx;
    (void)call;
    config_manual(&out->out);
    return OK;
}

const struct command cmd_config_manual = {
    .group = "config",
    .name = "manual",
    .summary = "Print the option section of countersign.conf(5), in mdoc",
    .example = "countersign config manual | mandoc",
    .no_settings = true,
    .local = config_manual_run,
};

/* ---- version, help ---- */

static enum err version(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    (void)cx;
    (void)call;
    buf_add(&out->out, STR("countersign " VERSION "\n"));
    return OK;
}

const struct command cmd_version = {
    .name = "version",
    .summary = "Print the version",
    .example = "countersign version",
    .no_settings = true,
    .local = version,
};

/* `help app create` is `app create --help`. */
static enum err help(struct ctx *cx, const struct cli_call *call, struct cli_out *out)
{
    const struct cli_args *args = &call->parsed->args;
    struct cli_parsed asked;
    struct str words[3];
    size_t n = 0;
    enum err e;

    for (; n < args->word_count; n++)
        words[n] = args->words[n];
    words[n++] = STR("--help");
    if ((e = command_parse(cx, words, n, &asked)))
        return e;
    command_help(cx, asked.command, asked.group, &out->out);
    return OK;
}

const struct command cmd_help = {
    .name = "help",
    .words = "[COMMAND]",
    .words_max = 2,
    .summary = "List the commands, or say what one of them does",
    .example = "countersign help app create",
    .no_settings = true,
    .local = help,
};
