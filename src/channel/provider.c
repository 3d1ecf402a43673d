/*
 * provider.c: see provider.h. A template is checked when it is read, so that a misspelt ${…} is
 * found at the start and not with the first message.
 */
#include "channel/provider.h"
#include "base/encode.h"
#include "base/url.h"
#include "channel/gsm7.h"

#include <jansson.h>

#include "channel/providers.inc"

#define RETRY_DEFAULT STR("401 403 408 425 429 500-599")

enum { LIFE_LEAST_S = 20, LIFE_MOST_S = 4 * 3600 }; /* what all of those who ship take */

struct str provider_shipped(struct str name)
{
    EACH_ROW (row, shipped) {
        if (str_eq(row->name, name))
            return row->text;
    }
    return STR_NONE;
}

struct str provider_names(struct ctx *cx)
{
    struct str all = STR("");

    EACH_ROW (row, shipped)
        all = arena_printf(cx->mem, "%.*s%s%.*s", STR_ARG(all), all.n ? ", " : "",
                           STR_ARG(row->name));
    return all;
}

/* ---- placeholders ---- */

static const struct {
    struct str name;
    size_t offset; /* in struct provider_facts */
} facts[] = {
    {{"base", 4},         offsetof(struct provider_facts, base)       },
    {{"user", 4},         offsetof(struct provider_facts, user)       },
    {{"password", 8},     offsetof(struct provider_facts, password)   },
    {{"from", 4},         offsetof(struct provider_facts, from)       },
    {{"to", 2},           offsetof(struct provider_facts, to)         },
    {{"text", 4},         offsetof(struct provider_facts, text)       },
    {{"id", 2},           offsetof(struct provider_facts, id)         },
    {{"receipt_url", 11}, offsetof(struct provider_facts, receipt_url)},
};

static int64_t seconds(int64_t life_s)
{
    return life_s;
}

static int64_t minutes(int64_t life_s)
{
    return (life_s + 59) / 60;
}

static int64_t milliseconds(int64_t life_s)
{
    return life_s * MS_PER_S;
}

static const struct {
    struct str name;
    int64_t (*of)(int64_t life_s);
} spans[] = {
    {{"life_s", 6},   seconds     },
    {{"life_min", 8}, minutes     },
    {{"life_ms", 7},  milliseconds},
};

/* The value of one placeholder; f may be NULL to ask whether there is such a one. */
static bool value_of(struct ctx *cx, struct str name, const struct provider_facts *f,
                     struct str *out)
{
    struct str two = STR("coding:");
    int64_t life_s = f ? MIN_OF(MAX_OF(f->life_s, (int64_t)LIFE_LEAST_S), (int64_t)LIFE_MOST_S) : 0;
    ptrdiff_t comma;

    EACH_ROW (row, facts) {
        if (!str_eq(row->name, name))
            continue;
        if (f)
            *out = *(const struct str *)(const void *)((const char *)f + row->offset);
        return true;
    }
    if (str_eq(name, STR("to_digits"))) {
        if (f)
            *out = str_sub(f->to, str_starts(f->to, STR("+")) ? 1 : 0, f->to.n);
        return true;
    }
    EACH_ROW (row, spans) {
        if (!str_eq(row->name, name))
            continue;
        if (f)
            *out = arena_printf(cx->mem, "%lld", (long long)row->of(life_s));
        return true;
    }
    if (str_eq(name, STR("basic"))) {
        if (f)
            *out = base64_encode(cx->mem,
                                 str_bytes(arena_printf(cx->mem, "%.*s:%.*s", STR_ARG(f->user),
                                                        STR_ARG(f->password))));
        return true;
    }
    if (!str_starts(name, two) || (comma = str_find(name, ',')) < 0)
        return false;
    if (f)
        *out = sms_measure(f->text).coding == SMS_GSM7 ? str_sub(name, two.n, (size_t)comma - two.n)
                                                       : str_sub(name, (size_t)comma + 1, name.n);
    return true;
}

/* Cuts the text up to the next ${name} off *rest. False behind the last, with the remainder in
 * *out_text; *out_open: a "${" without its end. */
static bool next_place(struct str *rest, struct str *out_text, struct str *out_name, bool *out_open)
{
    ptrdiff_t at = str_find_str(*rest, STR("${")), end;
    struct str behind;

    *out_open = false;
    if (at < 0) {
        *out_text = *rest;
        return false;
    }
    behind = str_sub(*rest, (size_t)at + 2, rest->n);
    if ((end = str_find(behind, '}')) < 0) {
        *out_open = true;
        return false;
    }
    *out_text = str_sub(*rest, 0, (size_t)at);
    *out_name = str_sub(behind, 0, (size_t)end);
    *rest = str_sub(behind, (size_t)end + 1, behind.n);
    return true;
}

static bool template_ok(struct str text)
{
    struct str before, name;
    bool open;

    while (next_place(&text, &before, &name, &open)) {
        if (!value_of(NULL, name, NULL, NULL))
            return false;
    }
    return !open;
}

/* How what stands in a place is written. */
typedef void escape_fn(struct buf *out, struct str value);

static void as_is(struct buf *out, struct str value)
{
    buf_add(out, value);
}

static void in_json(struct buf *out, struct str value)
{
    json_t *json = json_stringn(value.n ? value.p : "", value.n);
    char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

    if (text)
        buf_add(out, str_sub(str_from(text), 1, strlen(text) - 2)); /* without its quotes */
    else
        out->full = true; /* no UTF-8 */
    free(text);
    json_decref(json);
}

/* False when there were placeholders and all were empty. */
static bool expand(struct ctx *cx, struct str text, const struct provider_facts *f,
                   escape_fn *escape, struct buf *out)
{
    struct str before, name, value = STR_NONE;
    bool any = false, full = false, open;

    while (next_place(&text, &before, &name, &open)) {
        buf_add(out, before);
        (void)value_of(cx, name, f, &value);
        escape(out, value);
        any = true;
        full |= value.n > 0;
    }
    buf_add(out, before);
    return full || !any;
}

/* ---- the request ---- */

/* name=value pairs, the value as a whole encoded. */
static void add_pairs(struct ctx *cx, const struct provider_list *list,
                      const struct provider_facts *f, char first, struct buf *out)
{
    char gap = first;

    for (size_t i = 0; i < list->n; i++) {
        OWN(buf_deinit) struct buf value;
        size_t equals = (size_t)str_find(list->item[i], '=');

        buf_init(&value, PROVIDER_BODY_MAX);
        if (!expand(cx, str_sub(list->item[i], equals + 1, list->item[i].n), f, as_is, &value))
            continue;
        if (gap)
            buf_addc(out, gap);
        buf_add(out, str_sub(list->item[i], 0, equals + 1));
        url_part(out, buf_str(&value));
        out->full |= value.full;
        gap = '&';
    }
}

enum err provider_url(struct ctx *cx, const struct provider *p, const struct provider_facts *f,
                      struct url *out)
{
    OWN(buf_deinit) struct buf b;
    struct str rest = p->url, base = PROVIDER_BASE;

    buf_init(&b, URL_LEN_MAX);
    if (str_starts(rest, base)) { /* the only place whose slashes are slashes */
        buf_add(&b, f->base);
        rest = str_sub(rest, base.n, rest.n);
    }
    (void)expand(cx, rest, f, url_part, &b);
    add_pairs(cx, &p->query, f, str_find(p->url, '?') < 0 ? '?' : '&', &b);
    if (b.full || !url_parse(cx->mem, buf_str(&b), out))
        return fail(cx, ERR_INVALID, "the gateway's URL is too long, or none");
    return OK;
}

static enum err make_headers(struct ctx *cx, const struct provider *p,
                             const struct provider_facts *f, struct provider_request *rq)
{
    for (size_t i = 0; i < p->header.n; i++) {
        OWN(buf_deinit) struct buf b;

        buf_init(&b, PROVIDER_BODY_MAX);
        if (!expand(cx, p->header.item[i], f, as_is, &b))
            continue;
        if (b.full || str_has_control(buf_str(&b)))
            return fail(cx, ERR_INVALID, "the gateway's name or password does not fit a header");
        rq->headers[rq->header_count++] = arena_str(cx->mem, buf_str(&b));
    }
    if (p->json.n)
        rq->headers[rq->header_count++] = STR("Content-Type: application/json");
    return OK;
}

enum err provider_request(struct ctx *cx, const struct provider *p, const struct provider_facts *f,
                          struct provider_request *out)
{
    OWN(buf_deinit) struct buf body;
    struct provider_request rq = {.method = p->method};
    struct url u;
    enum err e;

    buf_init(&body, PROVIDER_BODY_MAX);
    if ((e = provider_url(cx, p, f, &u)) || (e = make_headers(cx, p, f, &rq)))
        return e;
    rq.url = url_text(cx->mem, &u);
    if (p->json.n)
        (void)expand(cx, p->json, f, in_json, &body);
    else
        add_pairs(cx, &p->form, f, '\0', &body);
    if (body.full)
        return fail(cx, ERR_INVALID, "the gateway's request is too long");
    rq.body = arena_str(cx->mem, buf_str(&body));
    *out = rq;
    return OK;
}

/* ---- reading a description ---- */

static const struct {
    struct str name;
    size_t offset; /* of a struct str in struct provider */
} texts[] = {
    {{"base", 4},            offsetof(struct provider, base)          },
    {{"url", 3},             offsetof(struct provider, url)           },
    {{"json", 4},            offsetof(struct provider, json)          },
    {{"success", 7},         offsetof(struct provider, success)       },
    {{"success_if", 10},     offsetof(struct provider, success_if)    },
    {{"retry", 5},           offsetof(struct provider, retry)         },
    {{"retry_if", 8},        offsetof(struct provider, retry_if)      },
    {{"id", 2},              offsetof(struct provider, id)            },
    {{"why", 3},             offsetof(struct provider, why)           },
    {{"receipt", 7},         offsetof(struct provider, receipt)       },
    {{"delivered", 9},       offsetof(struct provider, delivered)     },
    {{"undelivered", 11},    offsetof(struct provider, undelivered)   },
    {{"price", 5},           offsetof(struct provider, price)         },
    {{"currency", 8},        offsetof(struct provider, currency)      },
    {{"receipt_price", 13},  offsetof(struct provider, receipt_price) },
    {{"receipt_why", 11},    offsetof(struct provider, receipt_why)   },
    {{"receipt_signed", 14}, offsetof(struct provider, receipt_signed)},
};

static const struct {
    struct str name;
    size_t offset; /* of a struct provider_list */
    char mark;     /* what ends the name in it */
} lists[] = {
    {{"header", 6}, offsetof(struct provider, header), ':'},
    {{"query", 5},  offsetof(struct provider, query),  '='},
    {{"form", 4},   offsetof(struct provider, form),   '='},
};

/* "200-299 202" */
static bool are_statuses(struct str ranges)
{
    struct str range, from;
    int64_t first, last;
    bool any = false;

    while (str_split(&ranges, ' ', &range)) {
        if (!range.n)
            continue;
        (void)str_split(&range, '-', &from);
        if (!str_to_i64(from, 100, 599, &first) ||
            (range.p && !str_to_i64(range, first, 599, &last)))
            return false;
        any = true;
    }
    return any;
}

/* "path value": at least one. */
static bool is_condition(struct str rule)
{
    struct str path;

    return str_split(&rule, ' ', &path) && path.n && str_trim(rule).n;
}

static bool makes_json(struct ctx *cx, struct str text)
{
    const struct provider_facts sample = {
        .base = STR("https://api.example.com"),
        .user = STR("user"),
        .password = STR("password"),
        .from = STR("+14155550100"),
        .to = STR("+14155550142"),
        .text = STR("text"),
        .id = STR("1"),
        .receipt_url = STR("https://api.example.com/receipts/1"),
    };
    OWN(buf_deinit) struct buf b = {.max = PROVIDER_BODY_MAX};
    json_t *json;
    bool made;

    (void)expand(cx, text, &sample, in_json, &b);
    json = b.full || !b.n ? NULL : json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
    made = json != NULL;
    json_decref(json);
    return made;
}

/* What is checked of a value beside its ${...}; NULL: nothing is wrong. */
static const char *wrong_value(struct ctx *cx, struct str name, struct str value)
{
    if ((str_eq(name, STR("success")) || str_eq(name, STR("retry"))) && !are_statuses(value))
        return "names HTTP statuses, as in 200 202 500-599";
    if ((str_eq(name, STR("success_if")) || str_eq(name, STR("retry_if"))) && !is_condition(value))
        return "is a path into the answer, then the values that it may have";
    if (str_eq(name, STR("json")) && !makes_json(cx, value))
        return "is no JSON once its places are filled";
    if (str_eq(name, STR("receipt_signed")) && !str_eq(value, STR("twilio")))
        return "is twilio";
    return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *set(struct ctx *cx, struct provider *p, struct str name, struct str value)
{
    const char *wrong;

    if (!template_ok(value))
        return "has a ${...} that there is none of";
    if ((wrong = wrong_value(cx, name, value)))
        return wrong;
    if (str_eq(name, STR("method"))) {
        p->method = str_eq(value, STR("GET")) ? "GET" : "POST";
        return str_eq(value, STR("GET")) || str_eq(value, STR("POST")) ? NULL : "is GET or POST";
    }
    EACH_ROW (row, texts) {
        if (!str_eq(row->name, name))
            continue;
        *(struct str *)(void *)((char *)p + row->offset) = value;
        return NULL;
    }
    EACH_ROW (row, lists) {
        struct provider_list *list = (void *)((char *)p + row->offset);

        if (!str_eq(row->name, name))
            continue;
        if (str_find(value, row->mark) <= 0)
            return "needs a name and a value";
        if (list->n == PROVIDER_LINES_MAX)
            return "stands too often";
        list->item[list->n++] = value;
        return NULL;
    }
    return "is no setting";
}

enum err provider_parse(struct ctx *cx, struct str text, struct provider *out)
{
    struct provider p = {.method = "POST", .retry = RETRY_DEFAULT};
    struct str line;

    if (text.n > PROVIDER_TEXT_MAX || !str_is_utf8(text))
        return fail(cx, ERR_INVALID, "is too long, or no UTF-8");
    for (unsigned number = 1; str_split(&text, '\n', &line); number++) {
        ptrdiff_t equals = str_find(line, '=');
        const char *wrong;

        line.n -= str_ends(line, STR("\r"));
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        equals = str_find(line, '=');
        if (equals <= 0)
            return fail(cx, ERR_INVALID, "line %u: must be a name, \"=\" and a value", number);
        wrong = set(cx, &p, str_trim(str_sub(line, 0, (size_t)equals)),
                    str_trim(str_sub(line, (size_t)equals + 1, line.n)));
        if (wrong)
            return fail(cx, ERR_INVALID, "line %u: %.*s %s", number,
                        STR_ARG(str_trim(str_sub(line, 0, (size_t)equals))), wrong);
    }
    if (!p.url.n || !p.success.n || (p.json.n && p.form.n))
        return fail(cx, ERR_INVALID, "needs url and success, and either form lines or json");
    *out = p;
    return OK;
}
