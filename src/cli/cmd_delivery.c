/*
 * cmd_delivery.c: what became of messages and calls. Codes and links are nowhere here: a row has
 * none.
 */
#include "cli/command.h"
#include "core/ledger.h"
#include "core/outbox.h"
#include "core/service.h"

#include <inttypes.h>

enum { ROWS_USUAL = 50, ROWS_MAX = 5000 };

static const struct flag list_flags[] = {
    {"limit",   FLAG_UINT, offsetof(struct cli_args, limit),   "N",       "At most so many (50)",          ROWS_USUAL,
     ROWS_MAX                                                                                                           },
    {"state",   FLAG_TEXT, offsetof(struct cli_args, state),   "STATE",
     "Only queued, sending, sent, failed, expired, replayed or shown",                                     0,          0},
    {"channel", FLAG_TEXT, offsetof(struct cli_args, channel), "CHANNEL",
     "Only sms, voice, email, webpush or webhook",                                                         0,          0},
    {"to",      FLAG_TEXT, offsetof(struct cli_args, to),      "ADDRESS",
     "Only to this number, address or URL",                                                                0,          0},
    {"app",     FLAG_TEXT, offsetof(struct cli_args, app),     "NAME",    "Only of this application",      0,          0},
    {"before",  FLAG_ID,   offsetof(struct cli_args, before),  "ID",
     "Only older than this one, to see the next page",                                                     0,          0},
    {"json",    FLAG_YES,  offsetof(struct cli_args, json),    NULL,      "Print JSON, one object a line", 0,
     0                                                                                                                  },
};
static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* Of a webhook the URL is the operator's own; people stay covered in a list. */
static struct str list_target(struct ctx *cx, const struct ledger_entry *en)
{
    if (str_eq(en->channel, STR("webhook")) || str_eq(en->channel, STR("webpush")))
        return en->target;
    return mask_target(cx, en->channel, en->target);
}

static json_t *entry_json(struct ctx *cx, const struct ledger_entry *en, struct str target)
{
    json_t *o = json_object();

    json_object_set_new(o, "id", out_json_str(arena_printf(cx->mem, "%" PRId64, en->id)));
    json_object_set_new(o, "app", out_json_str(en->service_name));
    json_object_set_new(o, "channel", out_json_str(en->channel));
    json_object_set_new(o, "to", out_json_str(target));
    json_object_set_new(o, "what", out_json_str(en->template_name));
    json_object_set_new(o, "state", out_json_str(en->state));
    json_object_set_new(o, "receipt", out_json_str(en->receipt));
    json_object_set_new(o, "why", out_json_str(en->why));
    json_object_set_new(o, "provider_id", out_json_str(en->provider_id));
    json_object_set_new(o, "price", out_json_str(en->price));
    json_object_set_new(o, "attempts", json_integer(en->attempts));
    json_object_set_new(o, "lost", json_integer(en->lost_count));
    json_object_set_new(o, "created_at", out_json_time(en->created_at_ms));
    json_object_set_new(o, "next_at",
                        out_json_time(str_eq(en->state, STR("queued")) ? en->next_at_ms : 0));
    json_object_set_new(o, "settled_at", out_json_time(en->settled_at_ms));
    json_object_set_new(o, "receipt_at", out_json_time(en->receipt_at_ms));
    json_object_set_new(o, "expires_at", out_json_time(en->expires_at_ms));
    return o;
}

/* A word that no row can have would look as if nothing had happened. */
static enum err known_word(struct ctx *cx, struct str word, const char *flag, const char *words)
{
    struct str rest = str_from(words), one;

    if (!word.n)
        return OK;
    while (str_split(&rest, ' ', &one)) {
        if (str_eq(one, word))
            return OK;
    }
    return fail(cx, ERR_INVALID, "--%s is one of: %s", flag, words);
}

static enum err read_filter(struct ctx *cx, struct db *db, const struct cli_args *args,
                            struct ledger_filter *out)
{
    struct ledger_filter f = {
        .before = args->before, .channel = args->channel, .state = args->state, .target = args->to};
    struct service s;
    enum err e;

    if ((e = known_word(cx, f.state, "state",
                        "queued sending sent failed expired replayed shown")) ||
        (e = known_word(cx, f.channel, "channel", "sms voice email whatsapp push webpush webhook")))
        return e;
    if (args->app.n) {
        if ((e = service_by_name(cx, db, args->app, &s)))
            return e;
        f.service_id = s.id;
    }
    *out = f;
    return OK;
}

static enum err print_list(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    static const char *const head[] = {"ID", "AT", "CHANNEL", "TO", "STATE", "WHY"};
    struct ledger_entry *list;
    struct ledger_filter f;
    struct table t;
    size_t count;
    enum err e;

    if ((e = read_filter(cx, db, args, &f)) ||
        (e = ledger_list(cx, db, &f, args->limit, &list, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        const struct ledger_entry *en = &list[i];

        if (args->json) {
            out_json(out, entry_json(cx, en, list_target(cx, en)));
            continue;
        }
        table_cell(&t, arena_printf(cx->mem, "%" PRId64, en->id));
        table_cell(&t, out_time(cx, en->created_at_ms));
        table_cell(&t, en->channel);
        table_cell(&t, list_target(cx, en));
        table_cell(&t, ledger_word(en));
        table_cell(&t, en->why);
    }
    if (args->json)
        return OK;
    table_print(&t, &out->out);
    if (count > 0 && count == args->limit)
        buf_addf(&out->err, "There may be more: --before=%" PRId64 "\n", list[count - 1].id);
    return OK;
}

/* Rows are looked through one by one, so not in the writer's time. */
static enum err
on_reader(struct ctx *cx, struct store *store, const struct cli_args *args, struct cli_out *out,
          enum err (*print)(struct ctx *, struct db *, const struct cli_args *, struct cli_out *))
{
    OWN(db_close) struct db *db = NULL;
    enum err e;

    if ((e = store_reader_open(cx, store, &db)) || (e = db_read_begin(cx, db)))
        return e;
    e = print(cx, db, args, out);
    db_read_end(db);
    return e;
}

static enum err delivery_list_job(struct ctx *cx, struct store *store, const struct cli_args *args,
                                  struct cli_out *out)
{
    return on_reader(cx, store, args, out, print_list);
}

const struct command cmd_delivery_list = {
    .group = "delivery",
    .name = "list",
    .summary = "List messages and calls and what became of them, newest first",
    .detail =
        "Messages are kept for a day behind their life; what failed, and calls of webhooks, for a\n"
        "week. STATE is \"delivered\" or \"undelivered\" where the carrier said so later.",
    .example = "countersign delivery list --state=failed --limit=20",
    .flags = list_flags,
    .flag_count = COUNT_OF(list_flags),
    .job = delivery_list_job,
};

static void row(struct table *t, const char *label, struct str value)
{
    table_cell(t, str_from(label));
    table_cell(t, value);
}

/* Only what there is. */
static void row_if(struct table *t, const char *label, struct str value, bool is)
{
    if (is)
        row(t, label, value);
}

static void show_text(struct ctx *cx, const struct ledger_entry *en,
                      const struct ledger_trouble *troubles, size_t count, struct cli_out *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    row(&t, "Message", arena_printf(cx->mem, "%" PRId64, en->id));
    row(&t, "Application", en->service_name);
    row(&t, "Channel", en->channel);
    row(&t, "To", en->target);
    row(&t, "What", en->template_name);
    row(&t, "State", en->state);
    row_if(&t, "Why", en->why, en->why.n > 0);
    row(&t, "Asked for", out_time(cx, en->created_at_ms));
    row(&t, "Attempts", arena_printf(cx->mem, "%" PRId64, en->attempts));
    row_if(&t, "Answers lost",
           arena_printf(cx->mem, "%" PRId64 ": it may have arrived more often than once",
                        en->lost_count),
           en->lost_count > 0);
    row_if(&t, "Next attempt", out_time(cx, en->next_at_ms), str_eq(en->state, STR("queued")));
    row_if(&t, "Settled", out_time(cx, en->settled_at_ms), en->settled_at_ms > 0);
    row_if(&t, "Carrier's name", en->provider_id, en->provider_id.n > 0);
    row_if(&t, "Price", en->price, en->price.n > 0);
    row_if(&t, "Receipt",
           arena_printf(cx->mem, "%.*s, %.*s", STR_ARG(en->receipt),
                        STR_ARG(out_time(cx, en->receipt_at_ms))),
           en->receipt.n > 0);
    row(&t, "Of use until", out_time(cx, en->expires_at_ms));
    for (size_t i = 0; i < count; i++)
        row(&t, arena_printf(cx->mem, "Attempt %" PRId64, troubles[i].attempt).p,
            arena_printf(cx->mem, "%.*s  %.*s", STR_ARG(out_time(cx, troubles[i].at_ms)),
                         STR_ARG(troubles[i].why)));
    table_print(&t, &out->out);
}

static enum err print_one(struct ctx *cx, struct db *db, const struct cli_args *args,
                          struct cli_out *out)
{
    struct ledger_trouble *troubles;
    struct ledger_entry en;
    json_t *o, *list;
    size_t count;
    int64_t id;
    enum err e;

    if (!str_to_i64(args->words[0], 1, INT64_MAX - 1, &id))
        return fail(cx, ERR_INVALID, "ID must be the number that \"delivery list\" shows");
    e = ledger_get(cx, db, id, &en);
    if (e)
        return e == ERR_NOT_FOUND ? fail(cx, e, "there is no message %" PRId64 " (any more)", id)
                                  : e;
    if ((e = ledger_troubles(cx, db, id, &troubles, &count)))
        return e;
    if (!args->json) {
        show_text(cx, &en, troubles, count, out);
        return OK;
    }
    o = entry_json(cx, &en, en.target);
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:I, s:o, s:o}", "attempt",
                                              (json_int_t)troubles[i].attempt, "at",
                                              out_json_time(troubles[i].at_ms), "why",
                                              out_json_str(troubles[i].why)));
    json_object_set_new(o, "troubles", list);
    out_json(out, o);
    return OK;
}

static enum err delivery_show_job(struct ctx *cx, struct store *store, const struct cli_args *args,
                                  struct cli_out *out)
{
    return on_reader(cx, store, args, out, print_one);
}

const struct command cmd_delivery_show = {
    .group = "delivery",
    .name = "show",
    .words = "ID",
    .words_min = 1,
    .words_max = 1,
    .summary = "Show one message whole: each failed attempt, the carrier's answer, the receipt",
    .detail = "The number or address is shown in full here; the code never is.",
    .example = "countersign delivery show 1763776800123456789",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .job = delivery_show_job,
};
