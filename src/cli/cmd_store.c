/*
 * cmd_store.c: what concerns the installation as a whole: migrate, backup, key rotate.
 */
#include "cli/command.h"
#include "core/core.h"

enum { RESEAL_ROWS = 200 }; /* rows per transaction: a few ms of the writer */

/* ---- migrate ---- */

static enum err migrate(struct ctx *cx, struct store *store, const struct cli_args *args,
                        struct cli_out *out)
{
    int version = store_schema_version(store); /* opening the store brought it there */

    (void)cx;
    if (args->json)
        out_json(out, json_pack("{s:i}", "schema_version", version));
    else
        buf_addf(&out->out, "The database has schema version %d, which is current.\n", version);
    return OK;
}

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

const struct command cmd_migrate = {
    .name = "migrate",
    .summary = "Bring the database to this version's schema",
    .detail =
        "A server does this by itself when it starts. A database that is newer than the program\n"
        "is refused.",
    .example = "countersign migrate --data-dir=/var/lib/countersign",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .job = migrate,
};

/* ---- backup ---- */

static enum err backup(struct ctx *cx, struct store *store, const struct cli_args *args,
                       struct cli_out *out)
{
    struct str file = args->words[0];
    enum err e;

    if (!str_starts(file, STR("/")))
        file = arena_printf(cx->mem, "%.*s/%.*s", STR_ARG(args->cwd), STR_ARG(file));
    if ((e = store_backup(cx, store, file)))
        return e;
    buf_addf(&out->out, "Written to %.*s. The sealing key is not in it: keep a copy of that too.\n",
             STR_ARG(file));
    return OK;
}

const struct command cmd_backup = {
    .name = "backup",
    .words = "FILE",
    .words_min = 1,
    .words_max = 1,
    .summary = "Copy the database into a file, while the server goes on",
    .detail =
        "The copy is one consistent state. A running server writes it, with its own rights; the\n"
        "file must not exist. To restore: stop the server, put the file in place of\n"
        "countersign.db in the data folder, remove countersign.db-wal and -shm, start.",
    .example = "countersign backup /var/backups/countersign-$(date +%F).db",
    .job = backup,
};

/* ---- key rotate ---- */

static enum err reseal_some(struct ctx *cx, struct db *db, void *arg)
{
    return core_reseal(cx, db, RESEAL_ROWS, arg);
}

static enum err get_vault(struct ctx *cx, struct db *db, void *arg)
{
    (void)cx;
    *(struct vault **)arg = core_of(db)->vault;
    return OK;
}

static enum err drop_old_keys(struct ctx *cx, struct vault *vault)
{
    uint32_t ids[VAULT_KEYS_MAX];
    size_t n = vault_keys(vault, ids);
    enum err e = OK;

    for (size_t i = 1; i < n && !e; i++) /* the first is the current one */
        e = vault_drop_key(cx, vault, ids[i]);
    return e;
}

/* Small transactions, so that nobody waits long; what was cut short goes on where it was. */
static enum err key_rotate(struct ctx *cx, struct store *store, const struct cli_args *args,
                           struct cli_out *out)
{
    struct vault *vault = NULL;
    uint32_t ids[VAULT_KEYS_MAX], id;
    int64_t left = 0;
    bool resumed;
    enum err e;

    if ((e = store_run(cx, store, get_vault, &vault)))
        return e;
    resumed = vault_keys(vault, ids) > 1;
    if (!resumed && (e = vault_add_key(cx, vault, &id)))
        return e;
    do {
        if ((e = store_run(cx, store, reseal_some, &left)))
            return e;
    } while (left > 0);
    if ((e = drop_old_keys(cx, vault)))
        return e;
    id = vault_current(vault);
    if (args->json) {
        out_json(out,
                 json_pack("{s:o, s:b}", "key", out_json_str(arena_printf(cx->mem, "%08x", id)),
                           "resumed", resumed));
        return OK;
    }
    buf_addf(&out->out,
             "%sAll secrets are sealed with key %08x; older keys are gone from the key file.\n"
             "Backups made before need a copy of the key file of their time.\n",
             resumed ? "Finished a rotation that had been cut short. " : "", id);
    return OK;
}

const struct command cmd_key_rotate = {
    .group = "key",
    .name = "rotate",
    .summary = "Seal every secret with a new key, while the server goes on",
    .detail = "Makes a new sealing key, seals the secrets in the database anew in small steps, "
              "then takes\n"
              "the old key out of the key file. Cut short, it goes on at the next call.",
    .example = "countersign key rotate",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .job = key_rotate,
};
