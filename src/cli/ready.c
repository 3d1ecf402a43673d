/*
 * ready.c: see ready.h. Keys are printed in demo mode only: in production standard output may be a
 * log. The first line, "listening on URL", is for programs; it leaves at once.
 */
#include "cli/ready.h"
#include "core/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEMO_APP "demo"

/* ---- the first application ---- */

struct first_app {
    struct service_keys keys;
    bool made, exists;
};

/* Made while there is none but the portal's own. */
static enum err find_or_make(struct ctx *cx, struct db *db, void *arg)
{
    struct first_app *first = arg;
    struct service *all;
    struct service demo;
    size_t count;
    enum err e;

    *first = (struct first_app){0};
    if ((e = service_list(cx, db, &all, &count)))
        return e;
    if (count > 1) {
        first->exists = service_by_name(cx, db, STR(DEMO_APP), &demo) == OK;
        return OK;
    }
    e = service_create(cx, db, STR(DEMO_APP), &first->keys);
    first->made = e == OK;
    return e;
}

/* ---- to the person ---- */

static void row(struct table *t, const char *label, struct str value)
{
    table_cell(t, str_from(label));
    table_cell(t, value);
}

/* A command as it can be typed here: the program as it was called, and where its data is. */
static struct str typed(struct ctx *cx, const struct cli_call *call, const struct config *cf,
                        const char *words)
{
    bool usual = str_eq(cf->data_dir, str_from(config_fallback(OPTION_data_dir)));

    return arena_printf(cx->mem, "%s %s%s%s", call->program, words,
                        usual ? "" : " --data-dir=", usual ? "" : cf->data_dir.p);
}

static void print_keys(struct ctx *cx, const struct service_keys *keys, struct buf *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    row(&t, "Account SID", keys->account_sid);
    row(&t, "Auth token", keys->auth_token);
    row(&t, "Service SID", keys->service_sid);
    row(&t, "API key", keys->api_key);
    table_print(&t, out);
}

static void say_demo(struct ctx *cx, const struct cli_call *call, const struct instance *in,
                     const struct first_app *first, struct buf *out)
{
    const struct config *cf = atomic_load(&in->config);
    const char *url = in->core.public_url.p;
    struct table t;

    buf_add(out, STR("\nCountersign " VERSION " in demo mode: messages are shown, not sent.\n\n"));
    table_init(&t, cx, NULL, 2);
    row(&t, "Sign up and in", arena_printf(cx->mem, "%s/", url));
    row(&t, "Messages", arena_printf(cx->mem, "%s/outbox", url));
    row(&t, "Data", cf->data_dir);
    table_print(&t, out);
    if (first->made) {
        buf_add(out, STR("\nKeys of the first application, \"" DEMO_APP
                         "\", for the Authy and Verify interfaces:\n\n"));
        print_keys(cx, &first->keys, out);
        buf_addf(out, "\nThey are shown once; new ones: %s\n",
                 typed(cx, call, cf, "app rotate " DEMO_APP).p);
    } else if (first->exists) {
        buf_addf(out, "\nNew keys for the first application: %s\n",
                 typed(cx, call, cf, "app rotate " DEMO_APP).p);
    } else {
        buf_addf(out, "\nAnother application: %s\n", typed(cx, call, cf, "app create NAME").p);
    }
    buf_add(out, STR("What next: README.md, countersign(8). Ctrl-C stops.\n\n"));
}

static void say_production(struct ctx *cx, const struct cli_call *call, const struct instance *in,
                           struct buf *out)
{
    const struct config *cf = atomic_load(&in->config);

    if (in->first)
        buf_addf(out, "New data in %s. Next: %s; and keep a copy of the sealing key, %s.\n",
                 cf->data_dir.p, typed(cx, call, cf, "app create NAME").p,
                 config_master_key_file(cx->mem, cf).p);
}

/* ---- to the service manager ---- */

/* sd_notify(3): one datagram to the socket that the variable names. */
static void tell_manager(const struct cli_call *call, struct str state)
{
    static const struct str name = {"NOTIFY_SOCKET=", sizeof("NOTIFY_SOCKET=") - 1};
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct str path = STR_NONE;
    int fd;

    for (const char *const *env = call->env; *env; env++) {
        if (str_starts(str_from(*env), name))
            path = str_from(*env + name.n);
    }
    if (path.n < 2 || path.n >= sizeof(addr.sun_path))
        return;
    memcpy(addr.sun_path, path.p, path.n);
    if (path.p[0] == '@')
        addr.sun_path[0] = '\0'; /* an abstract socket */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state.p, state.n, MSG_NOSIGNAL, (struct sockaddr *)(void *)&addr,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n));
    close(fd);
}

/* ---- all of them ---- */

enum err ready_say(struct ctx *cx, const struct cli_call *call, struct instance *in,
                   struct cli_out *out)
{
    const struct config *cf = atomic_load(&in->config);
    uint16_t port = http_server_port(atomic_load(&in->server));
    bool demo = cf->mode == MODE_DEMO;
    struct first_app first = {0};
    enum err e;

    buf_addf(&out->out, "listening on %s\n", config_listen_url(cx->mem, cf, port).p);
    out_flush(out);
    if (demo && (e = store_run(cx, in->store, find_or_make, &first)))
        return e;
    if (demo)
        say_demo(cx, call, in, &first, &out->out);
    else
        say_production(cx, call, in, &out->out);
    out_flush(out);
    tell_manager(call, STR("READY=1"));
    log_info(NULL, "started", "version=" VERSION " mode=%s port=%u workers=%u schema=%d",
             demo ? "demo" : "production", port, config_workers(cf),
             store_schema_version(in->store));
    return OK;
}

void ready_no_more(const struct cli_call *call)
{
    tell_manager(call, STR("STOPPING=1"));
}
