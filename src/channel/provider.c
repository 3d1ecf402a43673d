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

enum { WHY_MAX = 2 * KIB, ID_MAX = 64, PRICE_MAX = 20, JSON_DEPTH_BYTES_MAX = 16 * KIB };

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

/* The value of one placeholder; f may be NULL to ask whether there is such a one. */
static bool value_of(struct ctx *cx, struct str name, const struct provider_facts *f,
                     struct str *out)
{
    struct str two = STR("coding:");
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

static enum err make_url(struct ctx *cx, const struct provider *p, const struct provider_facts *f,
                         struct str *out)
{
    OWN(buf_deinit) struct buf b;
    struct str rest = p->url, base = STR("${base}");
    struct url u;

    buf_init(&b, URL_LEN_MAX);
    if (str_starts(rest, base)) { /* the only place whose slashes are slashes */
        buf_add(&b, f->base);
        rest = str_sub(rest, base.n, rest.n);
    }
    (void)expand(cx, rest, f, url_part, &b);
    add_pairs(cx, &p->query, f, str_find(p->url, '?') < 0 ? '?' : '&', &b);
    if (b.full || !url_parse(cx->mem, buf_str(&b), &u))
        return fail(cx, ERR_INVALID, "the gateway's URL is too long, or none");
    *out = url_text(cx->mem, &u);
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
    enum err e;

    buf_init(&body, PROVIDER_BODY_MAX);
    if ((e = make_url(cx, p, f, &rq.url)) || (e = make_headers(cx, p, f, &rq)))
        return e;
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

/* ---- the answer ---- */

static bool in_ranges(struct str ranges, long status)
{
    struct str range;

    while (str_split(&ranges, ' ', &range)) {
        ptrdiff_t dash = str_find(range, '-');
        int64_t from, to;

        if (!str_to_i64(dash < 0 ? range : str_sub(range, 0, (size_t)dash), 100, 599, &from))
            continue;
        to = from;
        if (dash >= 0 && !str_to_i64(str_sub(range, (size_t)dash + 1, range.n), 100, 599, &to))
            continue;
        if (status >= from && status <= to)
            return true;
    }
    return false;
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;

    while (str_split(&words, ' ', &word)) {
        if (word.n && str_eq(word, wanted))
            return true;
    }
    return false;
}

/* "messages.0.status" as text; empty when it is not there. */
static struct str at_path(struct ctx *cx, const json_t *json, struct str path)
{
    struct str step;
    int64_t index;

    while (json && str_split(&path, '.', &step)) {
        if (json_is_array(json) && str_to_i64(step, 0, 1000, &index))
            json = json_array_get(json, (size_t)index);
        else
            json = json_object_getn(json, step.p, step.n);
    }
    if (json_is_string(json))
        return arena_str(cx->mem, (struct str){json_string_value(json), json_string_length(json)});
    if (json_is_integer(json))
        return arena_printf(cx->mem, "%lld", (long long)json_integer_value(json));
    if (json_is_boolean(json))
        return json_is_true(json) ? STR("true") : STR("false");
    return STR("");
}

/* "path value value" */
static bool holds(struct ctx *cx, const json_t *json, struct str rule)
{
    struct str path;

    (void)str_split(&rule, ' ', &path);
    return has_word(rule, at_path(cx, json, path));
}

static bool is_currency(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    }
    return s.n == 3;
}

static struct str currency_of(struct ctx *cx, const struct provider *p, const json_t *json)
{
    return is_currency(p->currency) || !p->currency.n ? p->currency
                                                      : at_path(cx, json, p->currency);
}

/* Somebody else's text: no line of it may end a line of ours. */
static struct str tame(struct ctx *cx, struct str s, size_t max)
{
    char *p = arena_alloc(cx->mem, MIN_OF(s.n, max) + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n && n < max; i++)
        p[n++] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    return (struct str){p, n};
}

struct str provider_price(struct ctx *cx, struct str amount, struct str currency)
{
    bool digit = false;

    for (size_t i = 0; i < amount.n; i++) {
        char c = amount.p[i];

        if (!(c >= '0' && c <= '9') && c != '.' && !(c == '-' && i == 0))
            return STR("");
        digit |= c >= '0' && c <= '9';
    }
    if (!digit || amount.n > PRICE_MAX)
        return STR("");
    if (amount.p[0] == '-') /* Twilio says what it takes from the account */
        amount = str_sub(amount, 1, amount.n);
    return is_currency(currency)
               ? arena_printf(cx->mem, "%.*s %.*s", STR_ARG(amount), STR_ARG(currency))
               : amount;
}

void provider_judge(struct ctx *cx, const struct provider *p, long status, struct str body,
                    struct verdict *out)
{
    json_t *json =
        body.n && body.n <= JSON_DEPTH_BYTES_MAX ? json_loadb(body.p, body.n, 0, NULL) : NULL;
    struct str said = p->why.n ? at_path(cx, json, p->why) : STR("");
    bool well = in_ranges(p->success, status);

    *out = (struct verdict){.outcome = OUTCOME_FAILED};
    if (well && (!p->success_if.n || holds(cx, json, p->success_if))) {
        out->outcome = OUTCOME_SENT;
        out->provider_id = tame(cx, at_path(cx, json, p->id), p->id.n ? ID_MAX : 0);
        out->price = provider_price(cx, at_path(cx, json, p->price), currency_of(cx, p, json));
    } else {
        if (in_ranges(p->retry, status) || (p->retry_if.n && holds(cx, json, p->retry_if)))
            out->outcome = OUTCOME_RETRY;
        if (!said.n && !json) /* a plain answer says it in its first line */
            (void)str_split(&body, '\n', &said);
        out->why = tame(cx, said, WHY_MAX);
    }
    json_decref(json);
}

enum receipt_state provider_receipt(const struct provider *p, struct str value)
{
    if (has_word(p->delivered, value))
        return RECEIPT_DELIVERED;
    return has_word(p->undelivered, value) ? RECEIPT_UNDELIVERED : RECEIPT_UNDER_WAY;
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

/* NULL, or what is wrong with the line. */
static const char *set(struct provider *p, struct str name, struct str value)
{
    if (!template_ok(value))
        return "has a ${...} that there is none of";
    if (str_eq(name, STR("method"))) {
        p->method = str_eq(value, STR("GET")) ? "GET" : "POST";
        return str_eq(value, STR("GET")) || str_eq(value, STR("POST")) ? NULL : "is GET or POST";
    }
    if (str_eq(name, STR("receipt_signed")) && !str_eq(value, STR("twilio")))
        return "is twilio";
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
        wrong = set(&p, str_trim(str_sub(line, 0, (size_t)equals)),
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
