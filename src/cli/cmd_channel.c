/*
 * cmd_channel.c: how the ways to reach people are, and the operator's word about them.
 */
#include "cli/command.h"
#include "core/circuit.h"

#include <inttypes.h>

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* Nothing carries it, so nothing has failed: it does not work all the same. */
static bool is_missing(const struct core *core, const struct circuit *c)
{
    bool cannot = str_eq(c->channel, STR("sms"))     ? core->cannot.sms
                  : str_eq(c->channel, STR("voice")) ? core->cannot.voice
                  : str_eq(c->channel, STR("email")) ? core->cannot.email
                                                     : core->cannot.whatsapp;

    return cannot && !c->paused && c->state == CIRCUIT_CLOSED;
}

static const char *state_name(const struct core *core, const struct circuit *c)
{
    static const char *const names[] = {
        [CIRCUIT_CLOSED] = "works",
        [CIRCUIT_OPEN] = "out_of_order",
        [CIRCUIT_HALF_OPEN] = "trying",
    };

    if (is_missing(core, c))
        return "not_set_up";
    return c->paused ? "paused" : names[c->state];
}

static json_t *channel_json(const struct core *core, const struct circuit *c)
{
    json_t *o = json_object();

    json_object_set_new(o, "channel", out_json_str(c->channel));
    json_object_set_new(o, "state", json_string(state_name(core, c)));
    json_object_set_new(o, "failures_in_a_row", json_integer(c->failures));
    json_object_set_new(o, "next_try_at",
                        out_json_time(c->state == CIRCUIT_CLOSED ? 0 : c->probe_at_ms));
    json_object_set_new(o, "resting_until", out_json_time(c->rest_until_ms));
    json_object_set_new(o, "sent_at", out_json_time(c->sent_at_ms));
    json_object_set_new(o, "failed_at", out_json_time(c->failed_at_ms));
    json_object_set_new(o, "why", out_json_str(c->why));
    return o;
}

static enum err channel_list_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                 struct cli_out *out)
{
    static const char *const head[] = {"CHANNEL", "STATE", "LAST SENT", "LAST FAILURE", "WHY"};
    const struct core *core = core_of(db);
    struct circuit list[CIRCUITS];
    struct table t;
    enum err e;

    if ((e = circuit_list(cx, db, list)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    EACH_ROW (c, list) {
        if (args->json) {
            out_json(out, channel_json(core, c));
            continue;
        }
        table_cell(&t, c->channel);
        table_cell(&t, is_missing(core, c) ? STR("not set up") : circuit_words(cx, c));
        table_cell(&t, out_time(cx, c->sent_at_ms));
        table_cell(&t, out_time(cx, c->failed_at_ms));
        table_cell(&t, c->failed_at_ms > c->sent_at_ms ? c->why : STR(""));
    }
    if (!args->json)
        table_print(&t, &out->out);
    return OK;
}

const struct command cmd_channel_list = {
    .group = "channel",
    .name = "list",
    .summary = "Show how text messages, calls and e-mail are doing",
    .detail =
        "After five failures in a row, or when half of twenty within a minute failed, a channel "
        "is\n"
        "left alone for 15 seconds, then one message is tried, then it is left alone for twice as\n"
        "long, up to five minutes. Meanwhile codes take the application's next way (app set NAME\n"
        "fallback=…), or wait. What became of single messages: countersign delivery list.",
    .example = "countersign channel list",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .run = channel_list_run,
};

static enum err channel_pause_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                  struct cli_out *out)
{
    enum err e = circuit_pause(cx, db, args->words[0]);

    if (!e)
        buf_addf(&out->out, "Nothing leaves by %.*s until you resume it.\n",
                 STR_ARG(args->words[0]));
    return e;
}

const struct command cmd_channel_pause = {
    .group = "channel",
    .name = "pause",
    .words = "CHANNEL",
    .words_min = 1,
    .words_max = 1,
    .summary = "Send nothing by sms, voice, email or whatsapp for now",
    .detail =
        "Codes take the application's next way, or wait and are reported when their time is over.",
    .example = "countersign channel pause sms",
    .run = channel_pause_run,
};

static enum err channel_resume_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                                   struct cli_out *out)
{
    enum err e = circuit_resume(cx, db, args->words[0]);

    if (!e)
        buf_addf(&out->out, "Messages leave by %.*s again.\n", STR_ARG(args->words[0]));
    return e;
}

const struct command cmd_channel_resume = {
    .group = "channel",
    .name = "resume",
    .words = "CHANNEL",
    .words_min = 1,
    .words_max = 1,
    .summary = "Send again at once, whatever was wrong with the channel",
    .detail = "Ends a pause, and the waiting after failures.",
    .example = "countersign channel resume sms",
    .run = channel_resume_run,
};
