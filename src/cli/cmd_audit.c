/*
 * cmd_audit.c: reading the trail, and proving that nobody changed it.
 */
#include "cli/command.h"
#include "core/audit.h"
#include "core/person.h"
#include "core/record.h"

#include <inttypes.h>

enum { ROWS_USUAL = 50, ROWS_MAX = 5000 };

static const struct flag list_flags[] = {
    {"limit",  FLAG_UINT, offsetof(struct cli_args, limit),  "N",     "At most so many (50)",           ROWS_USUAL,
     ROWS_MAX                                                                                                        },
    {"user",   FLAG_TEXT, offsetof(struct cli_args, user),   "LOGIN", "Only what concerns this person",
     0,                                                                                                             0},
    {"before", FLAG_ID,   offsetof(struct cli_args, before), "ENTRY",
     "Only older than this entry, to see the next page",                                                0,          0},
    {"json",   FLAG_YES,  offsetof(struct cli_args, json),   NULL,    "Print JSON, one object a line",  0,
     0                                                                                                               },
};
static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* As text: beyond 2^53 numbers lose their last digits in many a reader. */
static json_t *id_json(struct ctx *cx, int64_t id)
{
    return id ? out_json_str(arena_printf(cx->mem, "%" PRId64, id)) : json_null();
}

static json_t *entry_json(struct ctx *cx, const struct audit_entry *a)
{
    json_t *o = json_object();

    json_object_set_new(o, "entry", json_integer(a->id));
    json_object_set_new(o, "at", out_json_time(a->at_ms));
    json_object_set_new(o, "event", out_json_str(str_from(a->event)));
    json_object_set_new(o, "actor", out_json_str(str_from(a->actor)));
    json_object_set_new(o, "identity", id_json(cx, a->identity_id));
    json_object_set_new(o, "service", id_json(cx, a->service_id));
    json_object_set_new(o, "addr", out_json_str(a->from.addr));
    json_object_set_new(o, "user_agent", out_json_str(a->from.user_agent));
    json_object_set_new(o, "detail", out_json_str(a->detail));
    json_object_set_new(o, "words", out_json_str(audit_words(cx, a)));
    return o;
}

static enum err audit_list_run(struct ctx *cx, struct db *db, const struct cli_args *args,
                               struct cli_out *out)
{
    static const char *const head[] = {"ENTRY", "AT", "EVENT", "ACTOR", "ADDRESS", "DETAIL"};
    struct audit_entry *entries;
    int64_t identity_id = 0;
    struct person p;
    struct table t;
    size_t count;
    enum err e;

    if (args->user.n) {
        if ((e = person_by_login(cx, db, args->user, &p)))
            return e == ERR_NOT_FOUND ? fail(cx, e, "nobody is called \"%.*s\"",
                                             STR_ARG(str_sub(args->user, 0, 80)))
                                      : e;
        identity_id = p.identity_id;
    }
    if ((e = audit_list(cx, db, identity_id, args->before, args->limit, &entries, &count)))
        return e;
    table_init(&t, cx, head, COUNT_OF(head));
    for (size_t i = 0; i < count; i++) {
        const struct audit_entry *a = &entries[i];

        if (args->json) {
            out_json(out, entry_json(cx, a));
            continue;
        }
        table_cell(&t, arena_printf(cx->mem, "%lld", (long long)a->id));
        table_cell(&t, out_time(cx, a->at_ms));
        table_cell(&t, str_from(a->event));
        table_cell(&t, str_from(a->actor));
        table_cell(&t, a->from.addr);
        table_cell(&t, a->detail);
    }
    if (args->json)
        return OK;
    table_print(&t, &out->out);
    if (count > 0 && count == args->limit)
        buf_addf(&out->err, "There may be more: --before=%lld\n", (long long)entries[count - 1].id);
    return OK;
}

const struct command cmd_audit_list = {
    .group = "audit",
    .name = "list",
    .summary = "List what happened, newest first",
    .example = "countersign audit list --user=ada --limit=20",
    .flags = list_flags,
    .flag_count = COUNT_OF(list_flags),
    .run = audit_list_run,
};

static const struct flag show_flags[] = {
    {"verify", FLAG_YES, offsetof(struct cli_args, verify), NULL,
     "Check the signature of the device that answered, and say what it signed",                    0, 0},
    {"json",   FLAG_YES, offsetof(struct cli_args, json),   NULL, "Print JSON, one object a line", 0,
     0                                                                                                 },
};

/* What was signed, once it is known to be so. */
static enum err verified(struct ctx *cx, const struct audit_entry *a, struct answer_record *out)
{
    enum err e;

    if ((e = answer_record_read(cx, a->detail, out)))
        return e;
    e = answer_record_check(cx, out);
    return e == ERR_DENIED ? fail(cx, ERR_CONFLICT, "%s", arena_str(cx->mem, str_from(cx->why)).p)
                           : e;
}

static void add_signed(struct table *t, const struct answer_record *r)
{
    table_cell(t, STR("Signature"));
    table_cell(t, STR("right: made by the device's key over this answer"));
    table_cell(t, STR("Decision"));
    table_cell(t, r->decision);
    table_cell(t, STR("Request"));
    table_cell(t, r->challenge);
    table_cell(t, STR("Device"));
    table_cell(t, r->device);
    table_cell(t, STR("Signed text"));
    table_cell(t, r->payload);
}

static json_t *signed_json(const struct answer_record *r)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:b, s:o}", "right", true, "decision",
                     out_json_str(r->decision), "request", out_json_str(r->challenge), "device",
                     out_json_str(r->device), "approve_only", r->approve_only, "signed",
                     out_json_str(r->payload));
}

static void show_text(struct ctx *cx, const struct audit_entry *a, const struct answer_record *r,
                      struct cli_out *out)
{
    struct table t;

    table_init(&t, cx, NULL, 2);
    table_cell(&t, STR("Entry"));
    table_cell(&t, arena_printf(cx->mem, "%lld", (long long)a->id));
    table_cell(&t, STR("At"));
    table_cell(&t, out_time(cx, a->at_ms));
    table_cell(&t, STR("Event"));
    table_cell(&t, str_from(a->event));
    table_cell(&t, STR("Actor"));
    table_cell(&t, str_from(a->actor));
    table_cell(&t, STR("Address"));
    table_cell(&t, a->from.addr);
    table_cell(&t, STR("Browser"));
    table_cell(&t, a->from.user_agent);
    table_cell(&t, STR("Detail"));
    table_cell(&t, a->detail);
    table_cell(&t, STR("In words"));
    table_cell(&t, audit_words(cx, a));
    if (r)
        add_signed(&t, r);
    table_print(&t, &out->out);
}

static enum err audit_show(struct ctx *cx, struct db *db, const struct cli_args *args,
                           struct cli_out *out)
{
    struct audit_entry *entries;
    struct answer_record r;
    json_t *json;
    size_t count;
    int64_t id;
    enum err e;

    if (!str_to_i64(args->words[0], 1, INT64_MAX - 1, &id))
        return fail(cx, ERR_INVALID, "ENTRY must be the number that \"audit list\" shows");
    if ((e = audit_list(cx, db, 0, id + 1, 1, &entries, &count)))
        return e;
    if (count == 0 || entries[0].id != id)
        return fail(cx, ERR_NOT_FOUND, "there is no entry %lld", (long long)id);
    if (args->verify && (e = verified(cx, &entries[0], &r)))
        return e;
    if (!args->json) {
        show_text(cx, &entries[0], args->verify ? &r : NULL, out);
        return OK;
    }
    json = entry_json(cx, &entries[0]);
    if (args->verify)
        json_object_set_new(json, "signature", signed_json(&r));
    out_json(out, json);
    return OK;
}

const struct command cmd_audit_show = {
    .group = "audit",
    .name = "show",
    .words = "ENTRY",
    .words_min = 1,
    .words_max = 1,
    .summary = "Show one entry whole",
    .detail =
        "An answer from a device (event challenge_answered) is kept with its signature. --verify\n"
        "checks that the device's key signed this decision about this request; exit code 5 says\n"
        "that it did not.",
    .example = "countersign audit show 42 --verify",
    .flags = show_flags,
    .flag_count = COUNT_OF(show_flags),
    .run = audit_show,
};

/* Reads one state of the database on a handle of its own, while the server goes on. */
static enum err audit_verify_job(struct ctx *cx, struct store *store, const struct cli_args *args,
                                 struct cli_out *out)
{
    OWN(db_close) struct db *db = NULL;
    int64_t count = 0;
    enum err e;

    if ((e = store_reader_open(cx, store, &db)) || (e = db_read_begin(cx, db)))
        return e;
    e = audit_verify(cx, db, &count);
    db_read_end(db);
    if (e)
        return e;
    if (args->json)
        out_json(out, json_pack("{s:b, s:I}", "whole", true, "entries", (json_int_t)count));
    else
        buf_addf(&out->out, "All %lld entries are whole.\n", (long long)count);
    return OK;
}

const struct command cmd_audit_verify = {
    .group = "audit",
    .name = "verify",
    .summary = "Check that no entry was changed, added or taken out",
    .detail =
        "Each entry carries an HMAC over itself and the one before. Exit code 5 names the first\n"
        "entry that does not fit.",
    .example = "countersign audit verify",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .job = audit_verify_job,
};
