/*
 * reply.c: see reply.h. A page token is "DN" or "PT", for next and previous, and the row id that
 * the page begins behind, in hex: opaque to clients, stable while rows come and go.
 */
#include "api/verify/reply.h"
#include "base/clock.h"
#include "http/form.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

json_t *js_str(struct str s)
{
    return json_stringn(s.p ? s.p : "", s.n);
}

json_t *js_text(struct str s)
{
    return s.n ? js_str(s) : json_null();
}

json_t *js_time(int64_t at_ms)
{
    char text[CLOCK_ISO_LEN + 1];

    if (!at_ms)
        return json_null();
    clock_iso(at_ms, text);
    return json_string(text);
}

json_t *js_parsed(struct str json)
{
    json_t *v = json.n ? json_loadb(json.p, json.n, JSON_DECODE_ANY, NULL) : NULL;

    return v ? v : json_null();
}

json_t *js_url(struct ctx *cx, const struct db *db, const char *fmt, ...)
{
    char path[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(path))
        return json_null();
    return js_str(arena_printf(cx->mem, "%.*s/v2%s", STR_ARG(core_of(db)->public_url), path));
}

struct str js_dump(struct ctx *cx, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    struct str out = arena_str(cx->mem, str_from(text));

    free(text);
    json_decref(json);
    return out;
}

/* With "*", a browser takes no answer to a request that carried its own credentials: pages of other
 * sites can use the interface only with credentials that they have. */
void reply_headers(struct response *rs)
{
    response_header(rs, "Access-Control-Allow-Origin", STR("*"));
    response_header(rs, "Access-Control-Allow-Methods", STR("GET, POST, DELETE, OPTIONS"));
    response_header(rs, "Access-Control-Allow-Headers",
                    STR("Accept, Authorization, Content-Type, If-Match, If-Modified-Since, "
                        "If-None-Match, If-Unmodified-Since"));
    response_header(rs, "Access-Control-Allow-Credentials", STR("true"));
    response_header(rs, "Access-Control-Expose-Headers",
                    STR("Date, ETag, Retry-After, Twilio-Reached-Rate-Limit, "
                        "Twilio-Verify-Signature-Fields"));
}

void reply_preflight(struct response *rs)
{
    reply_headers(rs);
    response_header(rs, "Access-Control-Max-Age", STR("86400"));
}

enum err reply_json(struct ctx *cx, struct response *rs, int status, json_t *json)
{
    reply_headers(rs);
    return respond_json(cx, rs, status, json);
}

enum err reply_deleted(struct ctx *cx, struct response *rs)
{
    (void)cx;
    reply_headers(rs);
    rs->status = 204;
    return OK;
}

/* ---- pages ---- */

static bool token_read(struct str token, struct page *out)
{
    enum { TOKEN_DIGITS = 16 };
    uint64_t id = 0;

    if (token.n != 2 + TOKEN_DIGITS)
        return false;
    out->back = str_starts(token, STR("PT"));
    if (!out->back && !str_starts(token, STR("DN")))
        return false;
    for (size_t i = 2; i < token.n; i++) {
        char c = token.p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return false;
        id = id << 4 | (uint64_t)digit;
    }
    out->cursor = (int64_t)id;
    return out->cursor > 0;
}

enum err page_read(struct ctx *cx, const struct request *rq, struct page *out, struct str *out_bad)
{
    struct page p = {.size = PAGE_SIZE};
    struct pair *pairs;
    size_t count;
    int64_t n;

    *out_bad = STR("PageSize");
    if (form_pairs(cx, rq->query, &pairs, &count))
        return fail(cx, ERR_INVALID, "verify: the query is malformed");
    for (size_t i = 0; i < count; i++) {
        struct str name = pairs[i].name, value = pairs[i].value;

        *out_bad = name;
        if (str_eq_nocase(name, STR("PageSize"))) {
            if (!str_to_i64(value, 1, PAGE_SIZE_MAX, &n))
                return fail(cx, ERR_INVALID, "verify: bad PageSize");
            p.size = (unsigned)n;
        } else if (str_eq_nocase(name, STR("Page"))) {
            if (!str_to_i64(value, 0, INT32_MAX, &p.number))
                return fail(cx, ERR_INVALID, "verify: bad Page");
        } else if (str_eq_nocase(name, STR("PageToken"))) {
            if (value.n && !token_read(value, &p))
                return fail(cx, ERR_INVALID, "verify: bad PageToken");
        }
    }
    *out = p;
    return OK;
}

bool page_down(const struct page *p)
{
    return p->newest_first != p->back;
}

int64_t page_from(const struct page *p)
{
    if (p->cursor)
        return p->cursor;
    return page_down(p) ? INT64_MAX : 0;
}

unsigned page_rows(const struct page *p)
{
    return p->size + 1;
}

void listing_init(struct ctx *cx, struct listing *l, const struct page *p)
{
    *l = (struct listing){
        .page = p,
        .items = ARENA_ARRAY(cx->mem, json_t *, page_rows(p)),
        .ids = ARENA_ARRAY(cx->mem, int64_t, page_rows(p)),
    };
}

void listing_add(struct listing *l, int64_t id, json_t *item)
{
    l->items[l->n] = item;
    l->ids[l->n++] = id;
}

/* The query as it came, without what the page says anew. */
static struct str filters(struct ctx *cx, const struct request *rq)
{
    struct str rest = rq->query, pair, out = STR("");

    while (str_split(&rest, '&', &pair)) {
        ptrdiff_t eq = str_find(pair, '=');
        struct str name = eq >= 0 ? str_sub(pair, 0, (size_t)eq) : pair;

        if (!pair.n || str_eq_nocase(name, STR("PageSize")) || str_eq_nocase(name, STR("Page")) ||
            str_eq_nocase(name, STR("PageToken")))
            continue;
        out = arena_printf(cx->mem, "%.*s%.*s&", STR_ARG(out), STR_ARG(pair));
    }
    return out;
}

static json_t *page_url(struct ctx *cx, const struct request *rq, const struct page *p,
                        int64_t number, const char *direction, int64_t id)
{
    struct str token =
        direction ? arena_printf(cx->mem, "&PageToken=%s%016" PRIx64, direction, (uint64_t)id)
                  : STR("");

    return js_str(arena_printf(cx->mem, "%.*s%.*s?%.*sPageSize=%u&Page=%" PRId64 "%.*s",
                               STR_ARG(core_of(rq->db)->public_url), STR_ARG(rq->path),
                               STR_ARG(filters(cx, rq)), p->size, MAX_OF(number, (int64_t)0),
                               STR_ARG(token)));
}

enum err reply_list(struct ctx *cx, const struct request *rq, struct response *rs, const char *key,
                    struct listing *l)
{
    const struct page *p = l->page;
    bool more = l->n > p->size, has_next, has_previous;
    size_t shown = more ? p->size : l->n;
    json_t *list = json_array();

    for (size_t i = 0; i < shown; i++)
        json_array_append_new(list, l->items[p->back ? shown - 1 - i : i]);
    for (size_t i = shown; i < l->n; i++)
        json_decref(l->items[i]);
    has_next = shown && (p->back || more);
    has_previous = shown && (p->back ? more : p->cursor != 0);
    return reply_json(
        cx, rs, 200,
        json_pack(
            "{s:o, s:{s:I, s:i, s:o, s:o, s:o, s:o, s:s}}", key, list, "meta", "page",
            (json_int_t)p->number, "page_size", (int)p->size, "first_page_url",
            page_url(cx, rq, p, 0, NULL, 0), "previous_page_url",
            has_previous ? page_url(cx, rq, p, p->number - 1, "PT", l->ids[p->back ? shown - 1 : 0])
                         : json_null(),
            "url",
            page_url(cx, rq, p, p->number, p->cursor ? (p->back ? "PT" : "DN") : NULL, p->cursor),
            "next_page_url",
            has_next ? page_url(cx, rq, p, p->number + 1, "DN", l->ids[p->back ? 0 : shown - 1])
                     : json_null(),
            "key", key));
}
