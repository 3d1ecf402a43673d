/*
 * cmd_app_key.c: key pairs (SK… and a secret) of an application's account, several at once: a new
 * one is made, the application moves over, the old one is deleted, and no request was refused
 * meanwhile.
 */
#include "cli/command.h"
#include "core/credential.h"
#include "core/service.h"

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};
static const struct flag add_flags[] = {
    {"name", FLAG_TEXT, offsetof(struct cli_args, name), "NAME", "What you call the key",         0, 0},
    {"json", FLAG_YES,  offsetof(struct cli_args, json), NULL,   "Print JSON, one object a line", 0,
     0                                                                                                },
};

static enum err account_of(struct ctx *cx, struct db *db, const struct cli_args *args,
                           int64_t *out_account_id)
{
    struct service s;
    enum err e = app_find(cx, db, args->words[0], &s);

    if (e == OK)
        *out_account_id = s.account_id;
    return e;
}

static enum err key_add(struct ctx *cx, struct db *db, const struct cli_args *args,
                        struct cli_out *out)
{
    struct str name = args->name.n ? args->name : STR(""), secret;
    struct key_pair k;
    int64_t account_id;
    enum err e;

    if ((e = account_of(cx, db, args, &account_id)) ||
        (e = key_pair_create(cx, db, account_id, name, &k, &secret)))
        return e;
    if (args->json) {
        json_t *o = json_object();

        json_object_set_new(o, "key_sid", out_json_str(k.sid));
        json_object_set_new(o, "secret", out_json_str(secret));
        json_object_set_new(o, "name", out_json_str(k.name));
        out_json(out, o);
        return OK;
    }
    buf_addf(&out->out,
             "New key for \"%.*s\".\n\nKey SID  %.*s\nSecret   %.*s\n\nKeep the secret: it is not "
             "shown again.\n",
             STR_ARG(args->words[0]), STR_ARG(k.sid), STR_ARG(secret));
    return OK;
}

const struct command cmd_app_add_key = {
    .group = "app",
    .name = "add-key",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "Make an API key for an application",
    .detail =
        "The key's SID and secret stand for account SID and auth token in the Verify API, for\n"
        "all services of the account. Any number of keys may be in use at once. To change a\n"
        "key without a pause: make a new one, give it to the application, delete the old one.\n"
        "The secret is shown once.",
    .example = "countersign app add-key shop --name=server-2 --json",
    .flags = add_flags,
    .flag_count = COUNT_OF(add_flags),
    .run = key_add,
};

static enum err key_list(struct ctx *cx, struct db *db, const struct cli_args *args,
                         struct cli_out *out)
{
    static const char *const head[] = {"KEY SID", "NAME", "CREATED"};
    struct key_pair *keys;
    int64_t account_id;
    struct table t;
    size_t count;
    enum err e;

    if ((e = account_of(cx, db, args, &account_id)) ||
        (e = key_pair_list(cx, db, account_id, &keys, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        if (args->json) {
            json_t *o = json_object();

            json_object_set_new(o, "key_sid", out_json_str(keys[i].sid));
            json_object_set_new(o, "name", out_json_str(keys[i].name));
            json_object_set_new(o, "created_at", out_json_time(keys[i].created_at_ms));
            out_json(out, o);
            continue;
        }
        table_cell(&t, keys[i].sid);
        table_cell(&t, keys[i].name);
        table_cell(&t, out_time(cx, keys[i].created_at_ms));
    }
    if (!args->json)
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_app_keys = {
    .group = "app",
    .name = "keys",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "List an application's API keys",
    .detail = "Those that app add-key made. Secrets are not shown.",
    .example = "countersign app keys shop",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = key_list,
};

static enum err key_delete(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    int64_t account_id;
    enum err e;

    if ((e = account_of(cx, db, args, &account_id)) ||
        (e = key_pair_revoke(cx, db, account_id, args->words[1])))
        return e;
    buf_addf(&out->out, "Deleted %.*s.\n", STR_ARG(args->words[1]));
    return OK;
}

const struct command cmd_app_delete_key = {
    .group = "app",
    .name = "delete-key",
    .words = "NAME KEY-SID",
    .words_min = 2,
    .words_max = 2,
    .summary = "End an application's API key at once",
    .example = "countersign app delete-key shop SK0123456789abcdef0123456789abcdef",
    .run = key_delete,
};
