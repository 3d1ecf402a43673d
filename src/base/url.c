/*
 * url.c: see url.h. One pass over each part; `spell` is the only place that looks at encodings.
 */
#include "base/url.h"
#include "base/buf.h"
#include "base/encode.h"

#include <arpa/inet.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_unreserved(char c)
{
    return char_is_alnum(c) || one_of(c, "-._~");
}

/* Writes s in one spelling: raw characters must be unreserved, sub-delims, or one of `more`;
 * encoded ones lose their encoding where it is not needed. False for others, and for an encoded
 * character that is in `never` or, with `printable`, a control character. */
static bool spell(struct buf *out, struct str s, const char *more, const char *never,
                  bool printable)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t byte;

        if (s.p[i] != '%') {
            if (!is_unreserved(s.p[i]) && !one_of(s.p[i], "!$&'()*+,;=") && !one_of(s.p[i], more))
                return false;
            buf_addc(out, s.p[i]);
            continue;
        }
        if (hex_decode(str_sub(s, i + 1, 2), &byte, 1) != 1)
            return false;
        if (one_of((char)byte, never) || (printable && (byte < 0x20 || byte == 0x7F)))
            return false;
        if (is_unreserved((char)byte))
            buf_addc(out, (char)byte);
        else
            buf_addf(out, "%%%02X", byte);
        i += 2;
    }
    return true;
}

/* A path in one spelling; "" is "/". Segments "." and ".." are refused after decoding. */
static bool spell_path(struct arena *mem, struct str s, const char *never, struct str *out)
{
    OWN(buf_deinit) struct buf b;
    struct str rest, segment;

    buf_init(&b, URL_LEN_MAX);
    if (s.n == 0)
        s = STR("/");
    if (s.p[0] != '/' || !spell(&b, s, "/:@", never, true) || b.full)
        return false;
    rest = buf_str(&b);
    while (str_split(&rest, '/', &segment)) {
        if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return false;
    }
    *out = arena_str(mem, buf_str(&b));
    return true;
}

static bool spell_query(struct arena *mem, struct str s, struct str *out)
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, URL_LEN_MAX);
    if (!spell(&b, s, "/:@?", "", false) || b.full)
        return false;
    *out = arena_str(mem, buf_str(&b));
    return true;
}

/* ---- authority ---- */

static struct str canonical_ipv6(struct arena *mem, struct str s)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr v6;

    if (inet_pton(AF_INET6, arena_str(mem, s).p, &v6) == 1)
        inet_ntop(AF_INET6, &v6, text, sizeof(text));
    return arena_str(mem, str_from(text));
}

static bool parse_authority(struct arena *mem, struct str s, struct url *u)
{
    struct host h;

    if (!host_parse(s, &h))
        return false;
    if (h.port)
        u->port = h.port;
    u->ipv6 = h.ipv6;
    u->host = h.ipv6 ? canonical_ipv6(mem, h.name) : arena_lower(mem, h.name);
    return true;
}

static bool cut_scheme(struct str *s, struct url *u)
{
    static const struct str http = STR("http://"), https = STR("https://");

    if (str_eq_nocase(str_sub(*s, 0, https.n), https)) {
        u->https = true;
        u->port = HTTPS_PORT;
        *s = str_sub(*s, https.n, s->n);
        return true;
    }
    u->port = HTTP_PORT;
    if (!str_eq_nocase(str_sub(*s, 0, http.n), http))
        return false;
    *s = str_sub(*s, http.n, s->n);
    return true;
}

/* Cuts "?query" off the end of *s; query->p stays NULL when there is none. */
static void cut_query(struct str *s, struct str *query)
{
    ptrdiff_t at = str_find(*s, '?');

    if (at == STR_NPOS)
        return;
    *query = str_sub(*s, (size_t)at + 1, s->n);
    s->n = (size_t)at;
}

bool url_parse(struct arena *mem, struct str in, struct url *out)
{
    struct url u = {0};
    struct str query = STR_NONE;
    size_t n = 0;

    if (in.n > URL_LEN_MAX || !cut_scheme(&in, &u))
        return false;
    while (n < in.n && in.p[n] != '/' && in.p[n] != '?')
        n++;
    if (!parse_authority(mem, str_sub(in, 0, n), &u))
        return false;
    in = str_sub(in, n, in.n);
    cut_query(&in, &query);
    if (!spell_path(mem, in, "", &u.path) || (query.p && !spell_query(mem, query, &u.query)))
        return false;
    *out = u;
    return true;
}

struct str url_origin(struct arena *mem, const struct url *u)
{
    char port[8] = "";

    if (u->port != (u->https ? HTTPS_PORT : HTTP_PORT))
        snprintf(port, sizeof(port), ":%u", u->port);
    return arena_printf(mem, "%s://%s%.*s%s%s", u->https ? "https" : "http", u->ipv6 ? "[" : "",
                        STR_ARG(u->host), u->ipv6 ? "]" : "", port);
}

struct str url_text(struct arena *mem, const struct url *u)
{
    return arena_printf(mem, "%.*s%.*s%s%.*s", STR_ARG(url_origin(mem, u)), STR_ARG(u->path),
                        u->query.p ? "?" : "", STR_ARG(u->query));
}

struct str url_local_path(struct arena *mem, struct str in)
{
    const struct str home = STR("/");
    struct str query = STR_NONE, path, text;

    if (in.n == 0 || in.n > URL_LOCAL_LEN_MAX || in.p[0] != '/')
        return home;
    cut_query(&in, &query);
    if (!spell_path(mem, in, "/\\%", &path) || str_find_str(path, STR("//")) != STR_NPOS ||
        (query.p && !spell_query(mem, query, &query)))
        return home;
    text = arena_printf(mem, "%.*s%s%.*s", STR_ARG(path), query.p ? "?" : "", STR_ARG(query));
    return text.n <= URL_LOCAL_LEN_MAX ? text : home;
}
