/*
 * cmd_firewall.c: what stops messages to phones, what they cost today, and the operator's word.
 */
#include "cli/command.h"
#include "core/firewall.h"
#include "core/tariff.h"

#include <inttypes.h>

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* ---- list ---- */

static struct str state_of(struct ctx *cx, const struct firewall_prefix *p)
{
    if (p->allowed)
        return STR("allowed");
    if (p->by_operator)
        return STR("paused by you");
    if (p->paused_until_ms)
        return arena_printf(cx->mem, "paused until %.*s",
                            STR_ARG(out_time(cx, p->paused_until_ms)));
    return STR("open");
}

static json_t *prefix_json(const struct firewall_prefix *p)
{
    json_t *o = json_object();
    bool until = p->paused_until_ms && p->paused_until_ms != INT64_MAX;

    json_object_set_new(o, "prefix", out_json_str(p->prefix));
    json_object_set_new(o, "state",
                        json_string(p->allowed           ? "allowed"
                                    : p->paused_until_ms ? "paused"
                                                         : "open"));
    json_object_set_new(o, "by_operator", json_boolean(p->by_operator));
    json_object_set_new(o, "paused_until", out_json_time(until ? p->paused_until_ms : 0));
    json_object_set_new(o, "sent", json_integer(p->sent));
    json_object_set_new(o, "came_back", json_integer(p->proved));
    return o;
}

static void print_day(struct ctx *cx, const struct firewall_day *day, const struct cli_args *args,
                      struct cli_out *out)
{
    json_t *o;

    if (args->json) {
        o = json_object();
        json_object_set_new(o, "messages_today", json_integer(day->messages));
        json_object_set_new(o, "spent_today", out_json_str(money_text(cx, day->spent)));
        json_object_set_new(o, "daily_spend",
                            day->capped ? out_json_str(money_text(cx, day->cap)) : json_null());
        out_json(out, o);
        return;
    }
    buf_addf(&out->out, "Today (UTC): %" PRId64 " messages to phones, %.*s spent", day->messages,
             STR_ARG(money_text(cx, day->spent)));
    if (day->capped)
        buf_addf(&out->out, " of %.*s", STR_ARG(money_text(cx, day->cap)));
    if (day->capped && day->extra)
        buf_addf(&out->out, " (%.*s of it added by you)", STR_ARG(money_text(cx, day->extra)));
    buf_add(&out->out, STR("\n\n"));
}

static enum err firewall_list_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                  struct cli_out *out)
{
    static const char *const head[] = {"NUMBERS", "SENT", "CAME BACK", "STATE"};
    struct firewall_prefix *list;
    struct firewall_day day;
    struct table t;
    size_t count;
    enum err e;

    if ((e = firewall_today(cx, db, &day)) || (e = firewall_list(cx, db, &list, &count)))
        return e;
    print_day(cx, &day, args, out);
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        const struct firewall_prefix *p = &list[i];

        if (args->json) {
            out_json(out, prefix_json(p));
            continue;
        }
        table_cell(&t, arena_printf(cx->mem, "%.*s…", STR_ARG(p->prefix)));
        table_cell(&t, p->by_operator ? STR("") : arena_printf(cx->mem, "%" PRId64, p->sent));
        table_cell(&t, p->by_operator ? STR("") : arena_printf(cx->mem, "%" PRId64, p->proved));
        table_cell(&t, state_of(cx, p));
    }
    if (!args->json)
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_firewall_list = {
    .group = "firewall",
    .name = "list",
    .summary = "Show what messages to phones cost today, and which numbers are paused",
    .detail = "Numbers are counted by how they begin: by ten thousand (all but the last four "
              "digits) in an\n"
              "hour, and by country and three digits in a day. Where codes do not come back, a "
              "beginning is\n"
              "paused, for an hour at first and longer each time.",
    .example = "countersign firewall list",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = firewall_list_run,
};

/* ---- the operator's word ---- */

static enum err firewall_pause_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                   struct cli_out *out)
{
    enum err e = firewall_pause(cx, db, args->words[0]);

    if (!e)
        buf_addf(&out->out, "Numbers that begin with %.*s get no messages until you resume them.\n",
                 STR_ARG(args->words[0]));
    return e;
}

const struct command cmd_firewall_pause = {
    .group = "firewall",
    .name = "pause",
    .words = "BEGINNING",
    .words_min = 1,
    .words_max = 1,
    .summary = "Send no messages to numbers that begin so",
    .detail = "A longer beginning that is allowed still gets its messages.",
    .example = "countersign firewall pause +3725550",
    .run = firewall_pause_run,
};

static enum err firewall_allow_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                   struct cli_out *out)
{
    enum err e = firewall_allow(cx, db, args->words[0]);

    if (!e)
        buf_addf(&out->out, "Numbers that begin with %.*s are not paused, counted or refused.\n",
                 STR_ARG(args->words[0]));
    return e;
}

const struct command cmd_firewall_allow = {
    .group = "firewall",
    .name = "allow",
    .words = "BEGINNING",
    .words_min = 1,
    .words_max = 1,
    .summary = "Never pause or refuse numbers that begin so",
    .detail =
        "Neither the list of countries nor any count holds for them then, but what they cost\n"
        "counts for the day, and premium numbers get nothing all the same. A whole number is a\n"
        "beginning too.",
    .example = "countersign firewall allow +49301234",
    .run = firewall_allow_run,
};

static enum err firewall_resume_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                    struct cli_out *out)
{
    enum err e = firewall_resume(cx, db, args->words[0]);

    if (!e)
        buf_addf(&out->out, "Numbers that begin with %.*s are counted afresh.\n",
                 STR_ARG(args->words[0]));
    return e;
}

const struct command cmd_firewall_resume = {
    .group = "firewall",
    .name = "resume",
    .words = "BEGINNING",
    .words_min = 1,
    .words_max = 1,
    .summary = "End a pause, or what \"firewall allow\" said",
    .detail = "Give the beginning as \"firewall list\" shows it.",
    .example = "countersign firewall resume +3725550",
    .run = firewall_resume_run,
};

static enum err firewall_extend_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                    struct cli_out *out)
{
    struct firewall_day day;
    int64_t amount;
    enum err e;

    if (!money_read(args->words[0], &amount) || amount == 0)
        return fail(cx, ERR_INVALID, "\"%.*s\" is no amount: it is written as 25 or 12.50",
                    STR_ARG(str_sub(args->words[0], 0, 40)));
    if (!core_of(db)->firewall)
        return fail(cx, ERR_CONFLICT,
                    "nothing limits messages to phones here, so there is nothing to extend: "
                    "phone_firewall is off, or auto, which is on in production mode only");
    if ((e = firewall_extend(cx, db, amount)) || (e = firewall_today(cx, db, &day)))
        return e;
    buf_addf(&out->out, "Messages to phones may cost %.*s today; %.*s is spent.\n",
             STR_ARG(money_text(cx, day.cap)), STR_ARG(money_text(cx, day.spent)));
    return OK;
}

const struct command cmd_firewall_extend = {
    .group = "firewall",
    .name = "extend",
    .words = "AMOUNT",
    .words_min = 1,
    .words_max = 1,
    .summary = "Let today's messages to phones cost more",
    .detail = "Until midnight (UTC); the setting phone_daily_spend is for every day.",
    .example = "countersign firewall extend 25",
    .run = firewall_extend_run,
};
