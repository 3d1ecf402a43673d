/*
 * outbox.c: in demo mode, the messages that would have been sent: as a page and as JSON. Outside of
 * demo mode there is no such page.
 */
#include "core/outbox.h"
#include "base/encode.h"
#include "core/ledger.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/words.h"

#include <inttypes.h>

enum { MESSAGES_SHOWN = 100, CALLS_SHOWN = 20, URL_LEN_MAX_HERE = 1024 };

/* Whom the address asks for. An unescaped "+49…" arrives with a space, which no target has. */
static struct str asked_for(struct ctx *cx, const struct request *rq)
{
    struct str to = request_query(cx, rq, STR("to"));
    char *p = arena_alloc(cx->mem, to.n + 1);

    for (size_t i = 0; i < to.n; i++)
        p[i] = to.p[i] == ' ' ? '+' : to.p[i];
    return (struct str){p, to.n};
}

/* A name that a foreign site has pointed here must not read codes (DNS rebinding). */
static enum err messages(struct ctx *cx, struct request *rq, struct str *out_to,
                         struct outbox_message **out, size_t *out_count)
{
    if (!core_of(rq->db)->demo || !host_is_ours(cx, rq))
        return fail(cx, ERR_NOT_FOUND, "outbox: not in demo mode, or under a foreign name");
    *out_to = asked_for(cx, rq);
    return outbox_list(cx, rq->db, *out_to, MESSAGES_SHOWN, out, out_count);
}

static enum err newest_calls(struct ctx *cx, struct request *rq, struct ledger_entry **out,
                             size_t *out_count)
{
    return ledger_list(cx, rq->db, &(struct ledger_filter){.channel = STR("webhook")}, CALLS_SHOWN,
                       out, out_count);
}

static json_t *calls_json(struct ctx *cx, const struct ledger_entry *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}", "id",
                             json_of(arena_printf(cx->mem, "%" PRId64, list[i].id)), "to",
                             json_of(list[i].target), "state", json_of(list[i].state), "why",
                             json_of(list[i].why), "attempts", (json_int_t)list[i].attempts,
                             "created_at", json_instant(list[i].created_at_ms)));
    return array;
}

enum err outbox_json(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct outbox_message *list;
    struct ledger_entry *calls;
    json_t *array;
    struct str to;
    size_t count;
    enum err e;

    if ((e = messages(cx, rq, &to, &list, &count)))
        return e;
    array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct outbox_message *m = &list[i];

        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                             json_of(arena_printf(cx->mem, "%" PRId64, m->id)), "channel",
                             json_of(m->channel), "to", json_of(m->to), "subject",
                             json_of(m->subject), "body", json_of(m->body), "html",
                             json_of(m->html), "code", m->code.n ? json_of(m->code) : json_null(),
                             "link", m->link.n ? json_of(m->link) : json_null(), "created_at",
                             json_instant(m->created_at_ms)));
    }
    if ((e = newest_calls(cx, rq, &calls, &count))) {
        json_decref(array);
        return e;
    }
    return respond_json(
        cx, rs, 200,
        json_pack("{s:o, s:o}", "messages", array, "calls", calls_json(cx, calls, count)));
}

static struct outbox_call call_of_entry(struct ctx *cx, const struct ledger_entry *en)
{
    static const struct {
        struct str state, words;
    } states[] = {
        {STR("queued"),   STR("Waiting")         },
        {STR("sending"),  STR("Under way")       },
        {STR("sent"),     STR("Taken")           },
        {STR("failed"),   STR("Failed")          },
        {STR("expired"),  STR("Not needed")      },
        {STR("replayed"), STR("Sent again later")},
    };
    struct outbox_call call = {.to = en->target,
                               .state = en->state,
                               .why = en->why,
                               .at = words_when(cx, en->created_at_ms)};

    EACH_ROW (row, states) {
        if (str_eq(row->state, en->state))
            call.state = row->words;
    }
    return call;
}

static struct outbox_item item_of(struct ctx *cx, const struct outbox_message *m)
{
    struct outbox_item item = {
        .id = arena_printf(cx->mem, "%" PRId64, m->id),
        .channel = m->channel,
        .to = m->to,
        .subject = m->subject,
        .body = m->body,
        .code = m->code,
        .link_url = m->link,
        .link_text = m->link.n ? STR("Open the link") : STR_NONE,
        .at = words_when(cx, m->created_at_ms),
        .sms = str_eq(m->channel, STR("sms")),
        .voice = str_eq(m->channel, STR("voice")),
        .email = str_eq(m->channel, STR("email")),
    };

    item.other = !item.sms && !item.voice && !item.email;
    page_halves(m->code, &item.code_a, &item.code_b);
    return item;
}

static struct str own_url(struct ctx *cx, struct str to)
{
    struct buf b;
    struct str url;

    if (!to.n)
        return STR("/outbox");
    buf_init(&b, URL_LEN_MAX_HERE);
    buf_add(&b, STR("/outbox?to="));
    url_part(&b, to);
    url = b.full ? STR("/outbox") : arena_str(cx->mem, buf_str(&b));
    buf_deinit(&b);
    return url;
}

enum err outbox_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct outbox_message *list;
    struct outbox_item *items;
    struct page_outbox p = {0};
    struct outbox_call *shown;
    struct ledger_entry *calls;
    size_t count;
    enum err e;

    if ((e = messages(cx, rq, &p.to, &list, &count)) ||
        (e = newest_calls(cx, rq, &calls, &p.calls.n)))
        return e;
    shown = ARENA_ARRAY(cx->mem, struct outbox_call, p.calls.n + 1);
    for (size_t i = 0; i < p.calls.n; i++)
        shown[i] = call_of_entry(cx, &calls[i]);
    p.calls.p = shown;
    items = ARENA_ARRAY(cx->mem, struct outbox_item, count + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = item_of(cx, &list[i]);
    p.refresh_url = own_url(cx, p.to);
    p.messages.p = items;
    p.messages.n = count;
    p.newest = count ? items[0].id : STR_NONE;
    frame_open(cx, rq, rs, &p.page);
    page_outbox(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}
