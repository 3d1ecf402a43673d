/*
 * cmd_webhook.c: where applications are told of what happens: callback URLs and webhooks of both
 * dialects, whether they work, and sending again what did not get there.
 */
#include "cli/command.h"
#include "core/hook.h"
#include "core/ledger.h"

#include <inttypes.h>

enum { SHOWN_ROWS = 20 };

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

static struct str state_of(struct ctx *cx, const struct hook *h)
{
    if (h->off_at_ms)
        return STR("off");
    if (h->rest_until_ms > cx->now_ms)
        return arena_printf(cx->mem, "on, rests until %.*s",
                            STR_ARG(out_time(cx, h->rest_until_ms)));
    if (h->failures)
        return arena_printf(cx->mem, "on, %" PRId64 " failed in a row", h->failures);
    return STR("on");
}

static json_t *hook_json(const struct hook *h)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:I, s:o, s:o, s:o}", "id", out_json_str(h->sid),
                     "app", out_json_str(h->service_name), "name", out_json_str(h->name), "url",
                     out_json_str(h->url), "on", h->off_at_ms == 0, "failures",
                     (json_int_t)h->failures, "off_since", out_json_time(h->off_at_ms),
                     "rests_until", out_json_time(h->rest_until_ms), "why", out_json_str(h->why));
}

static enum err webhook_list(struct ctx *cx, struct db *db, const struct cli_args *args,
                             struct cli_out *out)
{
    static const char *const head[] = {"ID", "APPLICATION", "NAME", "STATE", "URL"};
    struct hook *list;
    struct table t;
    size_t count;
    enum err e;

    if ((e = hook_list(cx, db, &list, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        if (args->json) {
            out_json(out, hook_json(&list[i]));
            continue;
        }
        table_cell(&t, list[i].sid);
        table_cell(&t, list[i].service_name);
        table_cell(&t, list[i].name);
        table_cell(&t, state_of(cx, &list[i]));
        table_cell(&t, list[i].url);
    }
    if (!args->json)
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_webhook_list = {
    .group = "webhook",
    .name = "list",
    .summary = "List the callback URLs and webhooks of all applications, and whether they work",
    .detail = "A callback URL has the ID of its application's service (VA…).",
    .example = "countersign webhook list",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = webhook_list,
};

static enum err find(struct ctx *cx, struct db *db, struct str sid, struct hook *out)
{
    enum err e = hook_by_sid(cx, db, sid, out);

    return e == ERR_NOT_FOUND ? fail(cx, e,
                                     "no webhook \"%.*s\"; \"countersign webhook list\" "
                                     "shows their IDs",
                                     STR_ARG(str_sub(sid, 0, 60)))
                              : e;
}

/* Its last calls: those of a callback URL are the service's calls without an item. */
static enum err last_calls(struct ctx *cx, struct db *db, const struct hook *h,
                           struct ledger_entry **out, size_t *out_count)
{
    struct ledger_filter f = {
        .channel = STR("webhook"), .service_id = h->service_id, .hook_id = h->item_id};
    size_t count, kept = 0;
    enum err e = ledger_list(cx, db, &f, h->item_id ? SHOWN_ROWS : SHOWN_ROWS * 10, out, &count);

    for (size_t i = 0; e == OK && i < count && kept < SHOWN_ROWS; i++) {
        if ((*out)[i].hook_id == h->item_id)
            (*out)[kept++] = (*out)[i];
    }
    *out_count = kept;
    return e;
}

static void add_row(struct table *t, const char *label, struct str value)
{
    table_cell(t, str_from(label));
    table_cell(t, value);
}

static void show_text(struct ctx *cx, const struct hook *h, const struct ledger_entry *calls,
                      size_t count, struct cli_out *out)
{
    static const char *const head[] = {"DELIVERY", "AT", "ATTEMPTS", "STATE", "WHY"};
    struct table t;

    table_init(&t, cx, NULL, 2);
    add_row(&t, "Webhook", h->sid);
    add_row(&t, "Application", h->service_name);
    add_row(&t, "Name", h->name);
    add_row(&t, "URL", h->url);
    add_row(&t, "State", state_of(cx, h));
    if (h->off_at_ms)
        add_row(&t, "Off since", out_time(cx, h->off_at_ms));
    if (h->why.n)
        add_row(&t, "Last failure", h->why);
    table_print(&t, &out->out);
    buf_add(&out->out, STR("\n"));
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        table_cell(&t, arena_printf(cx->mem, "%" PRId64, calls[i].id));
        table_cell(&t, out_time(cx, calls[i].created_at_ms));
        table_cell(&t, arena_printf(cx->mem, "%" PRId64, calls[i].attempts));
        table_cell(&t, calls[i].state);
        table_cell(&t, calls[i].why);
    }
    table_print(&t, &out->out);
}

static json_t *calls_json(struct ctx *cx, const struct ledger_entry *calls, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:I, s:o, s:o}", "id",
                            out_json_str(arena_printf(cx->mem, "%" PRId64, calls[i].id)), "at",
                            out_json_time(calls[i].created_at_ms), "attempts",
                            (json_int_t)calls[i].attempts, "state", out_json_str(calls[i].state),
                            "why", out_json_str(calls[i].why)));
    return list;
}

static enum err webhook_show(struct ctx *cx, struct db *db, const struct cli_args *args,
                             struct cli_out *out)
{
    struct ledger_entry *calls;
    struct hook h;
    size_t count;
    json_t *o;
    enum err e;

    if ((e = find(cx, db, args->words[0], &h)) || (e = last_calls(cx, db, &h, &calls, &count)))
        return e;
    if (!args->json) {
        show_text(cx, &h, calls, count, out);
        return OK;
    }
    o = hook_json(&h);
    json_object_set_new(o, "deliveries", calls_json(cx, calls, count));
    out_json(out, o);
    return OK;
}

const struct command cmd_webhook_show = {
    .group = "webhook",
    .name = "show",
    .words = "WEBHOOK",
    .words_min = 1,
    .words_max = 1,
    .summary = "Show a webhook and its last 20 deliveries",
    .detail = "\"countersign delivery show\" says more about one of them.",
    .example = "countersign webhook show YW0123456789abcdef0123456789abcdef",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = webhook_show,
};

static enum err webhook_enable(struct ctx *cx, struct db *db, const struct cli_args *args,
                               struct cli_out *out)
{
    struct hook h;
    enum err e;

    if ((e = find(cx, db, args->words[0], &h)) || (e = hook_enable(cx, db, &h)))
        return e;
    buf_addf(&out->out, "%.*s is on. To send what it missed: countersign webhook replay %.*s\n",
             STR_ARG(h.sid), STR_ARG(h.sid));
    return OK;
}

const struct command cmd_webhook_enable = {
    .group = "webhook",
    .name = "enable",
    .words = "WEBHOOK",
    .words_min = 1,
    .words_max = 1,
    .summary = "Switch a webhook on again that failed too often",
    .detail = "Its failures are forgotten. A callback URL gets a test call.",
    .example = "countersign webhook enable YW0123456789abcdef0123456789abcdef",
    .run = webhook_enable,
};

static enum err webhook_disable(struct ctx *cx, struct db *db, const struct cli_args *args,
                                struct cli_out *out)
{
    struct hook h;
    enum err e;

    if ((e = find(cx, db, args->words[0], &h)) || (e = hook_disable(cx, db, &h)))
        return e;
    buf_addf(&out->out, "%.*s is off.\n", STR_ARG(h.sid));
    return OK;
}

const struct command cmd_webhook_disable = {
    .group = "webhook",
    .name = "disable",
    .words = "WEBHOOK",
    .words_min = 1,
    .words_max = 1,
    .summary = "Send a webhook nothing more until it is enabled",
    .example = "countersign webhook disable YW0123456789abcdef0123456789abcdef",
    .run = webhook_disable,
};

static enum err replay_these(struct ctx *cx, struct db *db, const struct cli_args *args,
                             struct cli_out *out)
{
    int64_t id, again;
    enum err e;

    for (size_t i = 0; i < args->word_count; i++) {
        if (!str_to_i64(args->words[i], 1, INT64_MAX, &id))
            return fail(cx, ERR_INVALID, "\"%.*s\" is no number of a delivery",
                        STR_ARG(str_sub(args->words[i], 0, 40)));
        if ((e = hook_replay(cx, db, id, &again)))
            return e;
        if (args->json)
            out_json(out, json_pack("{s:o, s:o}", "old",
                                    out_json_str(arena_printf(cx->mem, "%" PRId64, id)), "new",
                                    out_json_str(arena_printf(cx->mem, "%" PRId64, again))));
        else
            buf_addf(&out->out, "%" PRId64 " is sent again as %" PRId64 ".\n", id, again);
    }
    return OK;
}

static enum err webhook_replay(struct ctx *cx, struct db *db, const struct cli_args *args,
                               struct cli_out *out)
{
    struct hook h;
    size_t count;
    int64_t id;
    enum err e;

    if (str_to_i64(args->words[0], 1, INT64_MAX, &id))
        return replay_these(cx, db, args, out);
    if (args->word_count > 1)
        return fail(cx, ERR_INVALID, "give one webhook, or numbers of deliveries");
    if ((e = find(cx, db, args->words[0], &h)) || (e = hook_replay_all(cx, db, &h, &count)))
        return e;
    if (args->json)
        out_json(out, json_pack("{s:I}", "count", (json_int_t)count));
    else
        buf_addf(&out->out, "%zu sent again.\n", count);
    return OK;
}

const struct command cmd_webhook_replay = {
    .group = "webhook",
    .name = "replay",
    .words = "WEBHOOK|DELIVERY…",
    .words_min = 1,
    .words_max = CLI_WORDS_MAX,
    .summary = "Send again what did not get there",
    .detail =
        "Of a webhook: everything that failed or was too late in the last week, oldest first, at\n"
        "most 1,000 at a time. By number: these deliveries, also such that were taken. Each goes "
        "to\n"
        "the webhook's URL of today, signed anew; the event in it is the same.",
    .example = "countersign webhook replay YW0123456789abcdef0123456789abcdef\n"
               "countersign webhook replay 1763776800123456789",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = webhook_replay,
};
