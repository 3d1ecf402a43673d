/* request.c: look-ups in a request. Never writes into what arrived. */
#include "http/request.h"
#include "base/encode.h"
#include "http/form.h"
#include "http/route.h"

static const struct str method_names[METHOD_COUNT] = {
    [GET] = STR("GET"),     [POST] = STR("POST"),       [DELETE] = STR("DELETE"),
    [HEAD] = STR("HEAD"),   [OPTIONS] = STR("OPTIONS"), [PUT] = STR("PUT"),
    [PATCH] = STR("PATCH"),
};

struct str method_name(enum method m)
{
    return m < METHOD_COUNT ? method_names[m] : STR_NONE;
}

enum method method_from(struct str name)
{
    enum method m = GET;

    while (m < METHOD_COUNT && !str_eq(method_names[m], name))
        m++;
    return m;
}

struct str request_header(const struct request *rq, struct str name)
{
    for (size_t i = 0; i < rq->header_count; i++) {
        if (str_eq_nocase(rq->headers[i].name, name))
            return rq->headers[i].value;
    }
    return STR_NONE;
}

struct str request_param(const struct request *rq, struct str name)
{
    struct str rest = rq->route ? str_from(rq->route->pattern) : STR_NONE, segment;
    size_t i = 0;

    while (str_split(&rest, '/', &segment)) {
        if (segment.n < 2 || segment.p[0] != '{')
            continue;
        if (str_eq(str_sub(segment, 1, segment.n - 2), name))
            return rq->params[i];
        i++;
    }
    return STR_NONE;
}

/* RFC 6265 cookie-octet: visible ASCII without DQUOTE, comma, semicolon and backslash. */
static bool is_cookie_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c <= ' ' || c >= 0x7F || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

struct str request_cookie(const struct request *rq, struct str name)
{
    struct str found = STR_NONE;

    for (size_t i = 0; i < rq->header_count; i++) {
        struct str rest, piece;

        if (!str_eq_nocase(rq->headers[i].name, STR("Cookie")))
            continue;
        rest = rq->headers[i].value;
        while (str_split(&rest, ';', &piece)) {
            ptrdiff_t eq;

            piece = str_trim(piece);
            eq = str_find(piece, '=');
            if (eq == STR_NPOS || !str_eq(str_sub(piece, 0, (size_t)eq), name))
                continue;
            if (found.p) /* somebody planted a second one: trust neither */
                return STR_NONE;
            found = str_sub(piece, (size_t)eq + 1, piece.n);
        }
    }
    return is_cookie_value(found) ? found : STR_NONE;
}

struct str request_query(struct ctx *cx, const struct request *rq, struct str name)
{
    struct str found = STR_NONE;
    struct pair *pairs;
    size_t count;

    if (form_pairs(cx, rq->query, &pairs, &count))
        return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(pairs[i].name, name))
            continue;
        if (found.p)
            return STR_NONE;
        found = pairs[i].value;
    }
    return found;
}

/* The media type in front of any parameters: "text/html;q=0.9" gives "text/html". */
static struct str media_type(struct str value)
{
    ptrdiff_t semi = str_find(value, ';');

    return str_trim(semi == STR_NPOS ? value : str_sub(value, 0, (size_t)semi));
}

bool request_wants_json(const struct request *rq)
{
    struct str rest = request_header(rq, STR("Accept")), item;

    while (str_split(&rest, ',', &item)) {
        struct str type = media_type(item);

        if (str_eq_nocase(type, STR("text/html")))
            return false;
        if (str_eq_nocase(type, STR("application/json")))
            return true;
    }
    return false;
}

/* Both of our notations are UTF-8 and nothing else; what is behind the media type may say so. */
static bool says_utf8_at_most(struct str value)
{
    ptrdiff_t semi = str_find(value, ';');
    struct str parameter = STR_NONE;

    if (semi == STR_NPOS)
        return true;
    parameter = str_trim(str_sub(value, (size_t)semi + 1, value.n));
    return str_eq_nocase(parameter, STR("charset=utf-8")) ||
           str_eq_nocase(parameter, STR("charset=\"utf-8\""));
}

bool request_body_is(const struct request *rq, struct str type)
{
    struct str value = request_header(rq, STR("Content-Type"));

    return str_eq_nocase(media_type(value), type) && says_utf8_at_most(value);
}

bool request_type_is_readable(const struct request *rq)
{
    struct str value = request_header(rq, STR("Content-Type")), type = media_type(value);

    return says_utf8_at_most(value) ||
           !(str_eq_nocase(type, STR("application/json")) ||
             str_eq_nocase(type, STR("application/x-www-form-urlencoded")));
}
