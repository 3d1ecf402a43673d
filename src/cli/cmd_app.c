/*
 * cmd_app.c: applications that use the two HTTP interfaces, and their keys.
 */
#include "base/nearest.h"
#include "cli/command.h"
#include "core/service.h"

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};
static const struct flag rotate_flags[] = {
    {"grace", FLAG_UINT, offsetof(struct cli_args, grace_s), "SECONDS",
     "How long the old keys go on working (0)",                                                          0, 30 * 86400},
    {"json",  FLAG_YES,  offsetof(struct cli_args, json),    NULL,      "Print JSON, one object a line", 0,
     0                                                                                                                },
};
static const struct flag delete_flags[] = {
    {"yes", FLAG_YES, offsetof(struct cli_args, yes), NULL, "Do it; without this only say what", 0,
     0},
};

/* ---- what several need ---- */

enum err app_find(struct ctx *cx, struct db *db, struct str name, struct service *out)
{
    struct nearest guess = {.word = name};
    struct service *all;
    size_t count;
    enum err e;

    if ((e = service_by_name(cx, db, name, out)) != ERR_NOT_FOUND)
        return e;
    if ((e = service_list(cx, db, &all, &count)))
        return e;
    for (size_t i = 0; i < count; i++)
        nearest_try(&guess, all[i].name);
    if (guess.best.p)
        return fail(cx, ERR_NOT_FOUND, "no application \"%.*s\"; did you mean \"%.*s\"?",
                    STR_ARG(str_sub(name, 0, 60)), STR_ARG(guess.best));
    return fail(cx, ERR_NOT_FOUND, "no application \"%.*s\"; \"countersign app list\" names them",
                STR_ARG(str_sub(name, 0, 60)));
}

static void row(struct table *t, const char *label, struct str value)
{
    table_cell(t, str_from(label));
    table_cell(t, value);
}

static void print_keys(struct ctx *cx, const struct cli_args *args, const struct service_keys *keys,
                       const char *done, struct cli_out *out)
{
    struct table t;

    if (args->json) {
        json_t *o = json_object();

        json_object_set_new(o, "account_sid", out_json_str(keys->account_sid));
        json_object_set_new(o, "auth_token", out_json_str(keys->auth_token));
        json_object_set_new(o, "service_sid", out_json_str(keys->service_sid));
        json_object_set_new(o, "api_key", out_json_str(keys->api_key));
        out_json(out, o);
        return;
    }
    buf_addf(&out->out, "%s \"%.*s\".\n\n", done, STR_ARG(args->words[0]));
    table_init(&t, cx, NULL, 2);
    row(&t, "Account SID", keys->account_sid);
    row(&t, "Auth token", keys->auth_token);
    row(&t, "Service SID", keys->service_sid);
    row(&t, "API key", keys->api_key);
    table_print(&t, &out->out);
    buf_add(&out->out, STR("\nKeep the token and the key: they are not shown again.\n"));
}

static json_t *service_json(const struct service *s)
{
    json_t *o = json_object();

    json_object_set_new(o, "name", out_json_str(s->name));
    json_object_set_new(o, "service_sid", out_json_str(s->sid));
    json_object_set_new(o, "policy", out_json_str(policy_name(s->policy)));
    json_object_set_new(o, "code_digits", json_integer(s->code_digits));
    json_object_set_new(o, "callback_url", out_json_str(s->callback_url));
    json_object_set_new(o, "created_at", out_json_time(s->created_at_ms));
    json_object_set_new(o, "updated_at", out_json_time(s->updated_at_ms));
    return o;
}

/* ---- the commands ---- */

static enum err app_create(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    struct service_keys keys;
    enum err e;

    if ((e = service_create(cx, db, args->words[0], &keys)))
        return e;
    print_keys(cx, args, &keys, "Created", out);
    return OK;
}

const struct command cmd_app_create = {
    .group = "app",
    .name = "create",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "Register an application and print its keys",
    .detail =
        "The application uses the keys as it would use those of the hosted service: account SID\n"
        "and auth token (or API key) for Verify, the API key for Authy. They are shown once.",
    .example = "countersign app create shop --json",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .makes_data = true,
    .run = app_create,
};

static enum err app_list(struct ctx *cx, struct db *db, const struct cli_args *args,
                         struct cli_out *out)
{
    static const char *const head[] = {"NAME", "SERVICE SID", "POLICY", "CREATED"};
    struct service *all;
    struct table t;
    size_t count;
    enum err e;

    if ((e = service_list(cx, db, &all, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        if (args->json) {
            out_json(out, service_json(&all[i]));
            continue;
        }
        table_cell(&t, all[i].name);
        table_cell(&t, all[i].sid);
        table_cell(&t, policy_name(all[i].policy));
        table_cell(&t, out_time(cx, all[i].created_at_ms));
    }
    if (!args->json)
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_app_list = {
    .group = "app",
    .name = "list",
    .summary = "List the applications",
    .example = "countersign app list",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = app_list,
};

static void json_release(json_t **json)
{
    json_decref(*json);
}

static enum err app_show(struct ctx *cx, struct db *db, const struct cli_args *args,
                         struct cli_out *out)
{
    OWN(json_release) json_t *o = NULL;
    struct str account_sid;
    struct service s;
    struct table t;
    enum err e;

    if ((e = app_find(cx, db, args->words[0], &s)) ||
        (e = service_account_sid(cx, db, &s, &account_sid)))
        return e;
    o = service_json(&s);
    json_object_set_new(o, "account_sid", out_json_str(account_sid));
    table_init(&t, cx, NULL, 2);
    row(&t, "account_sid", account_sid);
    row(&t, "service_sid", s.sid);
    for (size_t i = 0; i < service_setting_count; i++) {
        const char *name = service_settings[i].name;
        struct str value;

        if ((e = service_get(cx, db, &s, str_from(name), &value)))
            return e;
        row(&t, name, value);
        if (!json_object_get(o, name))
            json_object_set_new(o, name, out_json_str(value));
    }
    row(&t, "created", out_time(cx, s.created_at_ms));
    row(&t, "updated", out_time(cx, s.updated_at_ms));
    if (args->json)
        out_json(out, json_incref(o));
    else
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_app_show = {
    .group = "app",
    .name = "show",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "Show an application's settings",
    .example = "countersign app show shop",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = app_show,
};

static enum err app_set(struct ctx *cx, struct db *db, const struct cli_args *args,
                        struct cli_out *out)
{
    struct service s;
    enum err e;

    if ((e = app_find(cx, db, args->words[0], &s)))
        return e;
    for (size_t i = 1; i < args->word_count; i++) {
        struct str pair = args->words[i];
        ptrdiff_t equals = str_find(pair, '=');

        if (equals <= 0)
            return fail(cx, ERR_INVALID, "\"%.*s\" must be SETTING=VALUE",
                        STR_ARG(str_sub(pair, 0, 60)));
        e = service_set(cx, db, s.id, str_sub(pair, 0, (size_t)equals),
                        str_sub(pair, (size_t)equals + 1, pair.n));
        if (e)
            return e == ERR_NOT_FOUND ? ERR_INVALID : e; /* the setting, not the application */
    }
    buf_addf(&out->out, "Changed \"%.*s\".\n", STR_ARG(args->words[0]));
    return OK;
}

const struct command cmd_app_set = {
    .group = "app",
    .name = "set",
    .words = "NAME SETTING=VALUE…",
    .words_min = 2,
    .words_max = CLI_WORDS_MAX,
    .summary = "Change an application's settings",
    .detail =
        "Settings: name; policy (optional, required, strict: whether its people need a second\n"
        "factor); code_digits (4 to 10, of sent codes); callback_url (told about answers; setting "
        "it\n"
        "sends a test call) and callback_method (POST, GET); operator_email (told when callbacks "
        "had to\n"
        "be switched off); countries (where text messages and calls may go, as in \"DE AT\"; "
        "empty: what\n"
        "the setting phone_countries says); fallback (an order of sms, voice and email: a code "
        "that cannot\n"
        "be delivered one way takes the next); custom_code (yes, no: the application may choose "
        "codes);\n"
        "test_mode (yes, no: nothing is sent, zeros are right); test_numbers (numbers and "
        "addresses, with\n"
        "blanks between, for which it is so all the time).\n"
        "Either all of them are changed or none.",
    .example =
        "countersign app set shop callback_url=https://shop.example.com/answered policy=required",
    .run = app_set,
};

static enum err app_rotate(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    struct service_keys keys;
    struct service s;
    enum err e;

    if ((e = app_find(cx, db, args->words[0], &s)) ||
        (e = service_rotate(cx, db, s.id, (int64_t)args->grace_s * MS_PER_S, &keys)))
        return e;
    print_keys(cx, args, &keys, "New keys for", out);
    return OK;
}

const struct command cmd_app_rotate = {
    .group = "app",
    .name = "rotate",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "Give an application new keys",
    .detail = "Auth token and API key; the old ones stop at once, or after the grace that you "
              "give. Keys\n"
              "of app add-key go on.",
    .example = "countersign app rotate shop --grace=3600",
    .flags = rotate_flags,
    .flag_count = COUNT_OF(rotate_flags),
    .run = app_rotate,
};

static enum err app_delete(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    struct service s;
    enum err e;

    if ((e = app_find(cx, db, args->words[0], &s)))
        return e;
    if (!args->yes)
        return fail(cx, ERR_INVALID,
                    "this ends \"%.*s\" (%.*s) and its keys for good; say --yes to do it",
                    STR_ARG(s.name), STR_ARG(s.sid));
    if ((e = service_delete(cx, db, s.id)))
        return e;
    buf_addf(&out->out, "Deleted \"%.*s\".\n", STR_ARG(args->words[0]));
    return OK;
}

const struct command cmd_app_delete = {
    .group = "app",
    .name = "delete",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .summary = "End an application and its keys",
    .detail =
        "The account's auth token and its API keys go with its last application; while it has\n"
        "others, they go on.",
    .example = "countersign app delete shop --yes",
    .flags = delete_flags,
    .flag_count = COUNT_OF(delete_flags),
    .run = app_delete,
};
