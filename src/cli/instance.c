/*
 * instance.c: opens the parts in the one order that is safe: folder, key file, lock, keys, rules.
 *
 * A missing key file is made only while there is no database, since a fresh key would hide that the
 * old one is lost; and before the database, so that a start cut short leaves no database without a
 * key. The keys are read under the store's lock: whoever has it may be rotating them.
 */
#include "cli/instance.h"
#include "base/url.h"
#include "cli/guard.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err make_folder(struct ctx *cx, struct str path)
{
    for (size_t n = 1; n <= path.n; n++) {
        struct str part;

        if (n < path.n && path.p[n] != '/')
            continue;
        part = arena_str(cx->mem, str_sub(path, 0, n));
        if (mkdir(part.p, S_IRWXU) && errno != EEXIST)
            return fail(cx, ERR_INVALID, "data_dir: cannot make %s: %m", part.p);
    }
    return OK;
}

static struct str store_file(struct ctx *cx, const struct config *cf)
{
    return arena_printf(cx->mem, "%s/countersign.db", cf->data_dir.p);
}

bool instance_exists(struct ctx *cx, const struct config *cf)
{
    return access(store_file(cx, cf).p, F_OK) == 0 || errno == EACCES;
}

void instance_set_url(struct ctx *cx, struct instance *in, uint16_t port)
{
    struct url u = {0};

    in->core.public_url = config_public_url(cx->mem, atomic_load(&in->config), port);
    url_parse(cx->mem, in->core.public_url, &u);
    in->core.public_host = u.host;
}

static enum remote_dialect remote_dialect(struct str second_factor)
{
    return str_eq(second_factor, STR("authy"))    ? REMOTE_AUTHY
           : str_eq(second_factor, STR("verify")) ? REMOTE_VERIFY
                                                  : REMOTE_NONE;
}

static void fill_core(const struct config *cf, struct core *core)
{
    core->product_name = cf->product_name;
    core->demo = cf->mode == MODE_DEMO;
    core->demo_sends = cf->demo_sends != 0;
    core->calls = cf->voice_url.n && (!core->demo || core->demo_sends);
    core->cannot.sms = !core->demo && cf->sms_gateway.n == 0;
    core->cannot.email = !core->demo && cf->smtp_url.n == 0;
    core->remote = remote_dialect(cf->second_factor);
    core->cannot.voice = !core->demo && cf->voice_url.n == 0;
    core->cannot.whatsapp = !core->demo; /* no carrier of ours speaks it */
    core->push_hosts = cf->push_hosts;
    core->private_targets = cf->egress_allow.n > 0;
    core->session_lifetime_ms = (int64_t)cf->session_lifetime_s * MS_PER_S;
    core->session_idle_ms = (int64_t)cf->session_idle_s * MS_PER_S;
    core->remember_lifetime_ms = (int64_t)cf->remember_lifetime_s * MS_PER_S;
}

static enum err make_key(struct ctx *cx, struct str path)
{
    OWN(vault_free) struct vault *v = NULL;

    return vault_load(cx, path, VAULT_CREATE, &v);
}

enum err instance_open(struct ctx *cx, const struct config *cf, instance_notify_fn *on_notify,
                       struct instance *in)
{
    struct store_conf conf = {.data_dir = cf->data_dir,
                              .database = cf->database,
                              .queue_max = cf->write_queue_max,
                              .batch_max = cf->write_batch_max,
                              .env = &in->core,
                              .on_notify = on_notify,
                              .arg = in};
    struct str key = config_master_key_file(cx->mem, cf);
    bool existed = instance_exists(cx, cf);
    bool guarded;
    enum err e;

    *in = (struct instance){0};
    jobs_init(&in->jobs);
    atomic_store(&in->config, cf);
    in->started_at_ms = cx->now_ms;
    fill_core(cf, &in->core);
    instance_set_url(cx, in, 0);
    if ((e = guard_rules(cx, cf, &in->firewall, &guarded)))
        return e;
    in->core.firewall = guarded ? &in->firewall : NULL;
    in->core.firewall_tally = &in->firewall_tally;
    if ((e = make_folder(cx, cf->data_dir)) || (!existed && (e = make_key(cx, key))) ||
        (e = store_open(cx, &conf, &in->store)))
        return e;
    e = vault_load(cx, key, VAULT_MUST_EXIST, &in->vault);
    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_INTERNAL,
                    "%s is missing: without this key the secrets in the database cannot be opened; "
                    "bring the file back",
                    key.p);
    if (e)
        return e;
    in->core.vault = in->vault;
    in->app = (struct app){.store = in->store, .core = &in->core};
    return core_open(cx, in->store, &in->core, &in->first);
}

void instance_close(struct instance *in)
{
    jobs_deinit(&in->jobs);
    store_close(&in->store);
    core_deinit(&in->core);
    vault_free(&in->vault);
}
