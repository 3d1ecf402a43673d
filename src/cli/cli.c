/*
 * cli.c: reads the command line, decides where the command runs, says what came out.
 *
 * A command that needs the store opens it when nobody has it; else it is sent to the server that
 * does. The lock decides, not the socket: a socket may be left over, a lock cannot.
 */
#include "cli/cli.h"
#include "base/clock.h"
#include "cli/control.h"
#include "cli/instance.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STORE_WAIT_MS = 3000, /* for a server that starts or stops just now */
    STORE_PAUSE_US = 20000,
};

/* ---- settings ---- */

static void add_problems(struct cli_out *out, const struct buf *problems)
{
    buf_add(&out->err, buf_str(problems));
}

enum err cli_config(struct ctx *cx, const struct cli_call *call, struct cli_out *out,
                    struct config **out_config)
{
    const struct cli_parsed *p = call->parsed;
    const struct config_sources from = {
        .file = p->config_file, .env = call->env, .args = p->options, .arg_count = p->option_count};
    OWN(buf_deinit) struct buf problems = {0};
    enum err e;

    buf_init(&problems, 64 * KIB);
    if ((e = config_load(cx, &from, &problems, out_config)))
        add_problems(out, &problems);
    return e;
}

/* ---- where a command runs ---- */

struct in_transaction {
    const struct cli_parsed *parsed;
    struct cli_out *out;
};

static enum err run_in_transaction(struct ctx *cx, struct db *db, void *arg)
{
    struct in_transaction *t = arg;

    out_reset(t->out); /* it may run again */
    return t->parsed->command->run(cx, db, &t->parsed->args, t->out);
}

static enum err run_here(struct ctx *cx, struct instance *in, const struct cli_parsed *parsed,
                         struct cli_out *out)
{
    struct in_transaction t = {parsed, out};
    enum err e;

    if (parsed->command->job)
        e = parsed->command->job(cx, in->store, &parsed->args, out);
    else
        e = store_run(cx, in->store, run_in_transaction, &t);
    if (!e && (out->out.full || out->err.full))
        e = fail(cx, ERR_INVALID, "this would be too much text; use --limit");
    if (e)
        out_reset(out);
    return e;
}

static enum err run_with_store(struct ctx *cx, const struct cli_call *call, struct cli_out *out,
                               int *out_exit)
{
    const struct cli_parsed *parsed = call->parsed;
    int64_t give_up_ms = clock_mono_ms() + STORE_WAIT_MS;
    OWN(config_free) struct config *cf = NULL;
    enum err e;

    if ((e = cli_config(cx, call, out, &cf)))
        return e;
    if (!parsed->command->makes_data && !instance_exists(cx, cf))
        return fail(cx, ERR_NOT_FOUND,
                    "there is no data in \"%.100s\"; name its folder with --data-dir or --config",
                    cf->data_dir.p);
    for (;;) {
        OWN(instance_close) struct instance in = {0};
        struct str in_use;

        e = instance_open(cx, cf, NULL, &in);
        if (!e)
            return run_here(cx, &in, parsed, out);
        if (e != ERR_BUSY)
            return e;
        in_use = arena_str(cx->mem, str_from(cx->why));
        e = control_call(cx, config_control_socket(cx->mem, cf), parsed, out, out_exit);
        if (e != ERR_BUSY)
            return e;
        if (clock_mono_ms() > give_up_ms)
            return fail(cx, ERR_BUSY, "%s, which takes no commands", in_use.p);
        usleep(STORE_PAUSE_US);
    }
}

static enum err run(struct ctx *cx, const struct cli_call *call, struct cli_out *out, int *out_exit)
{
    const struct command *c = call->parsed->command;

    if (c->local)
        return c->local(cx, call, out);
    return run_with_store(cx, call, out, out_exit);
}

/* ---- from main and back ---- */

static struct str present_folder(struct ctx *cx)
{
    char path[PATH_MAX];

    return arena_str(cx->mem, getcwd(path, sizeof(path)) ? str_from(path) : STR("/"));
}

static int say_error(struct ctx *cx, const struct cli_parsed *parsed, enum err e,
                     struct cli_out *out)
{
    command_error(cx, parsed->command, e, out);
    if (e == ERR_INVALID && !parsed->command && parsed->group.n)
        command_help(cx, NULL, parsed->group, &out->err);
    return (int)out_exit(e);
}

/* argv is main's: the program's name first. */
static int run_words(struct ctx *cx, char **argv, size_t argc, char **env, struct cli_out *out)
{
    struct cli_parsed *parsed = ARENA_NEW(cx->mem, struct cli_parsed);
    struct str *words = ARENA_ARRAY(cx->mem, struct str, argc + 1);
    const struct cli_call call = {argc ? argv[0] : "countersign", parsed, (const char *const *)env};
    size_t count = argc ? argc - 1 : 0;
    int code = CLI_OK;
    enum err e;

    for (size_t i = 0; i < count; i++)
        words[i] = str_from(argv[i + 1]);
    if ((e = command_parse(cx, words, count, parsed)))
        return say_error(cx, parsed, e, out);
    if (parsed->help) {
        command_help(cx, parsed->command, parsed->group, &out->out);
        return count ? CLI_OK : CLI_USAGE;
    }
    parsed->args.cwd = present_folder(cx);
    if ((e = run(cx, &call, out, &code)))
        return say_error(cx, parsed, e, out);
    return code;
}

int cli_main(int argc, char **argv, char **env)
{
    OWN(arena_free) struct arena *mem = arena_new();
    OWN(out_deinit) struct cli_out out = {0};
    struct ctx cx;
    int code;

    umask(S_IRWXG | S_IRWXO); /* whatever is written is for this user only */
    ctx_init(&cx, mem);
    out_init(&out);
    code = run_words(&cx, argv, argc > 0 ? (size_t)argc : 0, env, &out);
    out_flush(&out);
    return code;
}
