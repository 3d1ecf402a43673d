/* attempts.c: every message that carried a code in the last 30 days, and how many came back. */
#include "api/verify/handlers.h"
#include "core/attempt.h"
#include "core/limit.h"

static const struct {
    struct str wire, core;
} channels[] =
    {
        {STR("sms"),      STR("sms")     },
        {STR("call"),     STR("voice")   },
        {STR("email"),    STR("email")   },
        {STR("whatsapp"), STR("whatsapp")},
        {STR("rbm"),      STR("rbm")     }, /* RCS: we send none, but may be asked for them */
};

static struct str wire_channel(struct str core)
{
    EACH_ROW (c, channels) {
        if (str_eq(c->core, core))
            return c->wire;
    }
    return STR("sms");
}

static const char *outcome(const struct ctx *cx, const struct attempt *a)
{
    if (a->converted)
        return "confirmed";
    return a->expires_at_ms <= cx->now_ms ? "expired" : "unconfirmed";
}

/* The message's state in the words of a text message and of a call. What was not sent (test mode),
 * is shown instead (demo mode) or is not kept any more stays as it began. */
static const struct {
    struct str state;
    const char *message, *call;
} states[] = {
    {STR("queued"),      "queued",      "queued"     },
    {STR("sending"),     "sending",     "in-progress"},
    {STR("sent"),        "sent",        "completed"  },
    {STR("failed"),      "failed",      "failed"     },
    {STR("expired"),     "failed",      "failed"     },
    {STR("delivered"),   "delivered",   "completed"  },
    {STR("undelivered"), "undelivered", "failed"     },
};

static const char *status_of(const struct attempt *a, const struct attempt_message *m)
{
    bool call = str_eq(a->channel, STR("voice"));
    bool final = str_eq(m->receipt, STR("delivered")) || str_eq(m->receipt, STR("undelivered"));

    EACH_ROW (row, states) {
        if (str_eq(row->state, final ? m->receipt : m->state))
            return call ? row->call : row->message;
    }
    return call ? "queued" : "accepted";
}

/* What a carrier would know, and we do not: mcc, mnc, carrier. Why it failed stands in
 * error_message, since the reference's numbers are the other company's own. */
static json_t *channel_data(struct ctx *cx, const struct attempt *a,
                            const struct attempt_message *m)
{
    bool call = str_eq(a->channel, STR("voice"));

    return json_pack("{s:o, s:o, s:s, s:s, s:n, s:o, s:o, s:i, s:o, s:n, s:n, s:n}",
                     "verification_sid", js_str(a->verification_sid), "to", js_str(a->target),
                     "status", outcome(cx, a), call ? "call_status" : "message_status",
                     status_of(a, m), "error_code", "error_message", js_text(m->why), "country",
                     js_text(a->country), "code_length", (int)a->digits, "locale",
                     js_text(a->locale), "mcc", "mnc", "carrier");
}

/* "0.0333 EUR" */
static json_t *price_json(struct ctx *cx, struct str price)
{
    ptrdiff_t gap = str_find(price, ' ');
    json_t *o;

    if (!price.n)
        return json_null();
    o = json_pack("{s:o}", "value", js_str(gap < 0 ? price : str_sub(price, 0, (size_t)gap)));
    json_object_set_new(
        o, "currency",
        gap < 0 ? json_null()
                : js_str(arena_lower(cx->mem, str_sub(price, (size_t)gap + 1, price.n))));
    return o;
}

static json_t *attempt_json(struct ctx *cx, struct request *rq, const struct attempt *a)
{
    struct attempt_message m;

    if (attempt_message(cx, rq->db, a, &m))
        m = (struct attempt_message){.why = STR("")};
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "sid", js_str(a->sid),
        "account_sid", js_str(call_of(cx, rq)->caller.account_sid), "service_sid",
        js_str(a->service_sid), "verification_sid", js_str(a->verification_sid), "date_created",
        js_time(a->created_at_ms), "date_updated", js_time(a->updated_at_ms), "conversion_status",
        a->converted ? "converted" : "unconverted", "channel", js_str(wire_channel(a->channel)),
        "price", price_json(cx, m.price), "channel_data", channel_data(cx, a, &m), "url",
        js_url(cx, rq->db, "/Attempts/%.*s", STR_ARG(a->sid)));
}

static enum err time_filter(struct ctx *cx, struct request *rq, const struct input *in,
                            const char *name, int64_t *out_ms)
{
    struct str text = input_get(in, str_from(name));

    if (text.n && !input_time(text, out_ms))
        return input_bad(cx, rq, 60200, name);
    return OK;
}

static enum err filter_read(struct ctx *cx, struct request *rq, const char *to_name,
                            struct attempt_filter *out)
{
    struct str channel, status;
    struct input in;
    bool known = false;
    enum err e;

    *out = (struct attempt_filter){0};
    if ((e = input_read(cx, rq, &in)) ||
        (e = time_filter(cx, rq, &in, "DateCreatedAfter", &out->after_ms)) ||
        (e = time_filter(cx, rq, &in, "DateCreatedBefore", &out->before_ms)))
        return e;
    out->target = input_get(&in, str_from(to_name));
    out->country = input_get(&in, STR("Country"));
    out->service_sid = input_get(&in, STR("VerifyServiceSid"));
    out->verification_sid = input_get(&in, STR("VerificationSid"));
    channel = input_get(&in, STR("Channel"));
    EACH_ROW (c, channels) {
        if (str_eq_nocase(c->wire, channel)) {
            out->channel = c->core;
            known = true;
        }
    }
    if (channel.n && !known)
        return input_bad(cx, rq, 60200, "Channel");
    status = input_get(&in, STR("Status"));
    if (str_eq_nocase(status, STR("converted")))
        out->which = ATTEMPT_CONVERTED;
    else if (str_eq_nocase(status, STR("unconverted")))
        out->which = ATTEMPT_UNCONVERTED;
    else if (status.n)
        return input_bad(cx, rq, 60200, "Status");
    return OK;
}

/* As documented for the original: lists and summaries together, a minute. */
static enum err budget(struct ctx *cx, struct request *rq)
{
    static const struct limit_rule rule = {"verify.attempts", 100, 60};

    return call_budget(cx, rq, &rule, call_of(cx, rq)->caller.account_sid);
}

enum err attempts_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct attempt_filter filter;
    struct attempt *list;
    struct page page;
    struct listing l;
    size_t count;
    enum err e;

    if ((e = list_page(cx, rq, &page)) || (e = filter_read(cx, rq, "ChannelData.To", &filter)) ||
        (e = budget(cx, rq)))
        return e;
    page.newest_first = true;
    if ((e = attempt_page(cx, rq->db, call_of(cx, rq)->caller.account_id, &filter, page_down(&page),
                          page_from(&page), page_rows(&page), &list, &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t i = 0; i < count; i++)
        listing_add(&l, list[i].id, attempt_json(cx, rq, &list[i]));
    return reply_list(cx, rq, rs, "attempts", &l);
}

enum err attempts_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct attempt a;
    enum err e = attempt_by_sid(cx, rq->db, call_of(cx, rq)->caller.account_id,
                                request_param(rq, STR("Sid")), &a);

    if (e == ERR_NOT_FOUND)
        return call_not_found(cx, rq);
    return e ? e : reply_json(cx, rs, 200, attempt_json(cx, rq, &a));
}

enum err attempts_summary(struct ctx *cx, struct request *rq, struct response *rs)
{
    int64_t total, converted;
    struct attempt_filter filter;
    enum err e;

    if ((e = filter_read(cx, rq, "DestinationPrefix", &filter)) || (e = budget(cx, rq)) ||
        (e = attempt_summary(cx, rq->db, call_of(cx, rq)->caller.account_id, &filter, &total,
                             &converted)))
        return e;
    return reply_json(
        cx, rs, 200,
        json_pack(
            "{s:I, s:I, s:I, s:o, s:o}", "total_attempts", (json_int_t)total, "total_converted",
            (json_int_t)converted, "total_unconverted", (json_int_t)(total - converted),
            "conversion_rate_percentage",
            js_str(total ? arena_printf(cx->mem, "%.9f", 100.0 * (double)converted / (double)total)
                         : STR("0")),
            "url", js_url(cx, rq->db, "/Attempts/Summary")));
}
