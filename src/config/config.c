/*
 * config.c: reads the sources in order and keeps where each value came from.
 *
 * What a value may be is the option's business (option.c), what a file looks like file.c's, and
 * whether the values fit each other check.c's.
 */
#include "base/host.h"
#include "base/nearest.h"
#include "config/file.h"
#include "config/option.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define ENV_PREFIX "COUNTERSIGN_"
#define ENV_CONFIG ENV_PREFIX "CONFIG" /* names the file; the one variable that is no option */

/* ---- looking up ---- */

const char *config_name(enum config_option o)
{
    return option_table[o].name;
}

const char *config_fallback(enum config_option o)
{
    return option_table[o].fallback;
}

const char *config_help(enum config_option o)
{
    return option_table[o].help;
}

bool config_is_number(enum config_option o)
{
    return option_table[o].type->number;
}

static bool same_name(struct str typed, const char *name)
{
    size_t i;

    for (i = 0; i < typed.n && name[i]; i++) {
        if ((typed.p[i] == '-' ? '_' : typed.p[i]) != name[i])
            return false;
    }
    return i == typed.n && !name[i];
}

enum config_option config_find(struct str name)
{
    unsigned o;

    for (o = 0; o < OPTION_COUNT && !same_name(name, option_table[o].name); o++)
        ;
    return (enum config_option)o;
}

static void *member(struct config *cf, enum config_option o)
{
    return (char *)cf + option_table[o].offset;
}

static const void *member_const(const struct config *cf, enum config_option o)
{
    return (const char *)cf + option_table[o].offset;
}

/* ---- reading the sources ---- */

struct loader {
    struct ctx cx; /* its mem is the config's arena */
    struct config *cf;
    struct buf *problems;
};

static void unknown_option(struct loader *ld, const char *where, struct str name)
{
    struct nearest guess = {.word = name};

    for (unsigned o = 0; o < OPTION_COUNT; o++)
        nearest_try(&guess, str_from(option_table[o].name));
    buf_addf(ld->problems, "%s: unknown option \"%.*s\"", where, STR_ARG(name));
    if (guess.best.p)
        buf_addf(ld->problems, "; did you mean \"%.*s\"?", STR_ARG(guess.best));
    buf_addc(ld->problems, '\n');
}

static void set(struct loader *ld, const char *where, struct config_place place, struct str name,
                struct str value)
{
    enum config_option o = config_find(name);
    const struct option *option = &option_table[o];
    struct config *cf = ld->cf;

    if (o == OPTION_COUNT) {
        unknown_option(ld, where, name);
        return;
    }
    if (place.from == FROM_FILE && cf->place[o].from == FROM_FILE) {
        buf_addf(ld->problems, "%s: %s was set in line %u already\n", where, option->name,
                 cf->place[o].line);
        return;
    }
    if (place.from == FROM_COMMAND_LINE && (option->flags & OPTION_SECRET)) {
        buf_addf(ld->problems,
                 "%s: %s may hold a secret, and others can read command lines; set it in a file\n",
                 where, option->name);
        return;
    }
    if (option->type->parse(&ld->cx, option, value, member(cf, o))) {
        buf_addf(ld->problems, "%s: %s %s\n", where, option->name, ld->cx.why);
        return;
    }
    cf->place[o] = place;
}

static enum err read_all(struct ctx *cx, const char *path, struct str *out)
{
    char *p = arena_alloc(cx->mem, CONFIG_FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;

    if (fd < 0)
        return fail(cx, ERR_INVALID, "%m");
    while (n <= CONFIG_FILE_MAX && (got = read(fd, p + n, CONFIG_FILE_MAX + 1 - n)) > 0)
        n += (size_t)got;
    if (got < 0) {
        enum err e = fail(cx, ERR_INVALID, "%m");

        close(fd);
        return e;
    }
    close(fd);
    if (n > CONFIG_FILE_MAX)
        return fail(cx, ERR_INVALID, "is larger than %d KiB", CONFIG_FILE_MAX / KIB);
    *out = (struct str){p, n};
    return OK;
}

enum err config_read_file(struct ctx *cx, struct str path, struct str *out)
{
    struct str name = arena_str(cx->mem, path), text;

    if (read_all(cx, name.p, &text))
        return fail(cx, ERR_INVALID, "%s: %s", name.p, arena_str(cx->mem, str_from(cx->why)).p);
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    *out = text;
    return OK;
}

static void load_file(struct loader *ld)
{
    struct file_reader r = {0};
    struct str name, value;
    bool more = true;

    if (read_all(&ld->cx, ld->cf->file.p, &r.rest)) {
        buf_addf(ld->problems, "%s: %s\n", ld->cf->file.p, ld->cx.why);
        return;
    }
    while (more) {
        if (file_next(&ld->cx, &r, &name, &value, &more)) {
            buf_addf(ld->problems, "%s:%u: %s\n", ld->cf->file.p, r.line, ld->cx.why);
        } else if (more) {
            struct str where = arena_printf(ld->cf->mem, "%s:%u", ld->cf->file.p, r.line);

            set(ld, where.p, (struct config_place){FROM_FILE, r.line}, name, value);
        }
    }
}

/* The value of a variable, or STR_NONE. */
static struct str env_get(const char *const *env, struct str name)
{
    for (; *env; env++) {
        struct str pair = str_from(*env);

        if (str_starts(pair, name) && pair.n > name.n && pair.p[name.n] == '=')
            return str_sub(pair, name.n + 1, pair.n);
    }
    return STR_NONE;
}

static void load_env(struct loader *ld, const char *const *env)
{
    for (; *env; env++) {
        struct str pair = str_from(*env), name;
        ptrdiff_t equals = str_find(pair, '=');

        if (!str_starts(pair, STR(ENV_PREFIX)) || equals == STR_NPOS)
            continue;
        name = arena_str(ld->cf->mem, str_sub(pair, 0, (size_t)equals));
        if (str_eq(name, STR(ENV_CONFIG)))
            continue;
        set(ld, name.p, (struct config_place){FROM_ENVIRONMENT, 0},
            arena_lower(ld->cf->mem, str_sub(name, sizeof(ENV_PREFIX) - 1, name.n)),
            str_sub(pair, (size_t)equals + 1, pair.n));
    }
}

enum err config_load(struct ctx *cx, const struct config_sources *from, struct buf *problems,
                     struct config **out)
{
    struct arena *mem = arena_new();
    OWN(config_free) struct config *cf = ARENA_NEW(mem, struct config);
    struct loader ld = {.cx = *cx, .cf = cf, .problems = problems};
    struct str file = from->file;

    cf->mem = mem;
    ld.cx.mem = mem;
    for (unsigned o = 0; o < OPTION_COUNT; o++)
        set(&ld, "default", (struct config_place){FROM_DEFAULT, 0}, str_from(option_table[o].name),
            str_from(option_table[o].fallback));
    if (file.n == 0 && from->env)
        file = env_get(from->env, STR(ENV_CONFIG));
    cf->file = arena_str(mem, file);
    if (file.n)
        load_file(&ld);
    if (from->env)
        load_env(&ld, from->env);
    for (size_t i = 0; i < from->arg_count; i++) {
        struct str where = arena_printf(mem, "--%.*s", STR_ARG(from->args[i].name));

        set(&ld, where.p, (struct config_place){FROM_COMMAND_LINE, 0}, from->args[i].name,
            from->args[i].value);
    }
    if (problems->n)
        return fail(cx, ERR_INVALID, "the configuration is not acceptable");
    *out = TAKE(cf);
    return OK;
}

void config_free(struct config **cf)
{
    struct arena *mem;

    if (!*cf)
        return;
    mem = (*cf)->mem;
    *cf = NULL; /* lives in mem itself */
    arena_free(&mem);
}

void config_keep_fixed(const struct config *running, struct config *fresh, struct buf *notes)
{
    OWN(buf_deinit) struct buf was = {0};
    OWN(buf_deinit) struct buf is = {0};

    buf_init(&was, CONFIG_FILE_MAX);
    buf_init(&is, CONFIG_FILE_MAX);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];

        if (o->flags & OPTION_RELOAD)
            continue;
        buf_reset(&was);
        buf_reset(&is);
        o->type->print(member_const(running, (enum config_option)i), &was);
        o->type->print(member_const(fresh, (enum config_option)i), &is);
        if (!str_eq(buf_str(&was), buf_str(&is)))
            buf_addf(notes, "%s needs a restart to change\n", o->name);
        memcpy(member(fresh, (enum config_option)i), member_const(running, (enum config_option)i),
               o->size);
    }
}

/* ---- what the zeros stand for ---- */

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (unsigned)n : 1;
}

unsigned config_workers(const struct config *cf)
{
    return cf->workers ? cf->workers : cores();
}

unsigned config_hash_threads(const struct config *cf)
{
    return cf->hash_threads ? cf->hash_threads : cores();
}

static struct str in_data_dir(struct arena *mem, const struct config *cf, const char *name)
{
    return arena_printf(mem, "%s%s%s", cf->data_dir.p, str_ends(cf->data_dir, STR("/")) ? "" : "/",
                        name);
}

struct str config_master_key_file(struct arena *mem, const struct config *cf)
{
    return cf->master_key_file.n ? cf->master_key_file : in_data_dir(mem, cf, "master.key");
}

struct str config_control_socket(struct arena *mem, const struct config *cf)
{
    return in_data_dir(mem, cf, "control.sock");
}

struct str config_listen_url(struct arena *mem, const struct config *cf, uint16_t port)
{
    struct str host = STR_NONE;
    uint16_t configured;
    bool v6;

    if (!addr_split(cf->listen, &host, &configured))
        return STR("");
    v6 = str_find(host, ':') != STR_NPOS;
    return arena_printf(mem, "%s://%s%.*s%s:%u", cf->tls_cert_file.n ? "https" : "http",
                        v6 ? "[" : "", STR_ARG(host), v6 ? "]" : "",
                        configured ? configured : port);
}

struct str config_public_url(struct arena *mem, const struct config *cf, uint16_t port)
{
    return cf->public_url.n ? cf->public_url : config_listen_url(mem, cf, port);
}

bool config_is_local(const struct config *cf)
{
    struct str host;
    uint16_t port;

    return addr_split(cf->listen, &host, &port) && host_is_loopback(host);
}

/* ---- showing ---- */

void config_print(const struct config *cf, enum config_option o, struct buf *out)
{
    option_table[o].type->print(member_const(cf, o), out);
}

void config_print_place(const struct config *cf, enum config_option o, struct buf *out)
{
    switch (cf->place[o].from) {
    case FROM_DEFAULT:
        buf_add(out, STR("default"));
        break;
    case FROM_FILE:
        buf_addf(out, "%s:%u", cf->file.p, cf->place[o].line);
        break;
    case FROM_ENVIRONMENT:
        buf_add(out, STR("environment"));
        break;
    case FROM_COMMAND_LINE:
        buf_add(out, STR("command line"));
        break;
    }
}
