/*
 * option.c: one reader and one writer for each type in options.def.
 *
 * Knows nothing of files or precedence. A reader accepts what an operator may sensibly write and
 * stores one canonical form, so that equal settings are equal bytes.
 */
#include "config/option.h"
#include "base/host.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <inttypes.h>

enum { PORT_MAX = 65535 };

/* ---- small parsers ---- */

bool addr_split(struct str addr, struct str *out_host, uint16_t *out_port)
{
    ptrdiff_t colon;
    struct str host;
    int64_t port;
    uint8_t raw[16];
    char z[INET6_ADDRSTRLEN];
    int family = AF_INET;

    if (str_starts(addr, STR("["))) {
        colon = str_find_str(addr, STR("]:"));
        if (colon == STR_NPOS)
            return false;
        host = str_sub(addr, 1, (size_t)colon - 1);
        colon++;
        family = AF_INET6;
    } else {
        colon = str_find(addr, ':');
        if (colon == STR_NPOS)
            return false;
        host = str_sub(addr, 0, (size_t)colon);
    }
    if (!str_to_i64(str_sub(addr, (size_t)colon + 1, addr.n), 0, PORT_MAX, &port))
        return false;
    if (host.n >= sizeof(z))
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    if (memchr(z, '\0', host.n) || inet_pton(family, z, raw) != 1)
        return false;
    *out_host = host;
    *out_port = (uint16_t)port;
    return true;
}

static bool cidr_ok(struct str cidr)
{
    ptrdiff_t slash = str_find(cidr, '/');
    struct str host = slash == STR_NPOS ? cidr : str_sub(cidr, 0, (size_t)slash);
    char z[INET6_ADDRSTRLEN];
    uint8_t raw[16];
    int64_t bits;
    bool v6 = str_find(host, ':') != STR_NPOS;

    if (host.n >= sizeof(z))
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, z, raw) != 1)
        return false;
    return slash == STR_NPOS ||
           str_to_i64(str_sub(cidr, (size_t)slash + 1, cidr.n), 0, v6 ? 128 : 32, &bits);
}

static enum err check_length(struct ctx *cx, const struct option *o, struct str text)
{
    size_t count = str_utf8_count(text);

    if (str_has_control(text))
        return fail(cx, ERR_INVALID, "must not hold control characters");
    if (count < o->least || count > o->most)
        return fail(cx, ERR_INVALID, "must have %u to %u characters, not %zu", o->least, o->most,
                    count);
    return OK;
}

/* ---- readers ---- */

enum { HTTPS_PORT = 443 };

static const struct {
    struct str scheme;
    uint16_t port;
} smtp_schemes[] = {
    {{"smtp://", 7},        587},
    {{"smtps://", 8},       465},
    {{"smtp+plain://", 13}, 25 },
};

static enum err parse_text(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    enum err e = check_length(cx, o, text);

    if (!e)
        *(struct str *)out = arena_str(cx->mem, text);
    return e;
}

static enum err parse_addr(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    struct str host;
    uint16_t port;

    (void)o;
    if (str_starts(text, STR("localhost:"))) /* one answer everywhere, whatever the resolver says */
        text = arena_printf(cx->mem, "127.0.0.1%.*s",
                            STR_ARG(str_sub(text, sizeof("localhost") - 1, text.n)));
    if (!addr_split(text, &host, &port))
        return fail(cx, ERR_INVALID,
                    "must be a numeric address and a port, as in 127.0.0.1:8080, "
                    "0.0.0.0:443 or [::1]:8080");
    *(struct str *)out = arena_str(cx->mem, text);
    return OK;
}

static enum err parse_url(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    struct url u;
    enum err e;

    if ((e = check_length(cx, o, text)))
        return e;
    if (text.n == 0) {
        *(struct str *)out = STR("");
        return OK;
    }
    if (!url_parse(cx->mem, text, &u))
        return fail(cx, ERR_INVALID, "must be an address as in https://login.example.com");
    if (!str_eq(u.path, STR("/")) || u.query.p)
        return fail(cx, ERR_INVALID,
                    "must be an address without a path, as in "
                    "https://login.example.com");
    *(struct str *)out = arena_str(cx->mem, url_origin(cx->mem, &u));
    return OK;
}

bool smtp_split(struct str url, struct str *out_scheme, struct str *out_server)
{
    EACH_ROW (row, smtp_schemes) {
        if (!str_starts(url, row->scheme))
            continue;
        *out_scheme = row->scheme;
        *out_server = str_sub(url, row->scheme.n, url.n);
        return true;
    }
    return false;
}

static enum err parse_smtp(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    struct str scheme, server;
    unsigned port = 0;
    struct url u;
    enum err e;

    if ((e = check_length(cx, o, text)))
        return e;
    if (text.n == 0) {
        *(struct str *)out = STR("");
        return OK;
    }
    if (!smtp_split(text, &scheme, &server) ||
        !url_parse(cx->mem, arena_printf(cx->mem, "https://%.*s", STR_ARG(server)), &u) ||
        !str_eq(u.path, STR("/")) || u.query.p || str_ends(server, STR("/")))
        return fail(
            cx, ERR_INVALID,
            "must be a mail server as in smtp://mail.example.com, smtps://mail.example.com:465 "
            "or smtp+plain://127.0.0.1:25");
    EACH_ROW (row, smtp_schemes) {
        if (str_eq(row->scheme, scheme))
            port = row->port;
    }
    if (u.port != HTTPS_PORT || str_ends(server, STR(":443")))
        port = u.port; /* given */
    *(struct str *)out = arena_printf(cx->mem, u.ipv6 ? "%.*s[%.*s]:%u" : "%.*s%.*s:%u",
                                      STR_ARG(scheme), STR_ARG(u.host), port);
    return OK;
}

static enum err parse_sip(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    static const struct str schemes[] = {
        {"sips://",    7 },
        {"sip+tcp://", 10},
        {"sip+udp://", 10},
    };
    bool is_one = text.n == 0;
    struct host host;
    enum err e;

    if ((e = check_length(cx, o, text)))
        return e;
    EACH_ROW (scheme, schemes)
        is_one |= str_starts(text, *scheme) && host_parse(str_sub(text, scheme->n, text.n), &host);
    if (!is_one)
        return fail(cx, ERR_INVALID,
                    "must be a SIP server as in sips://sip.example.com:5061, "
                    "sip+tcp://sip.example.com or sip+udp://192.0.2.10:5060");
    *(struct str *)out = arena_str(cx->mem, text);
    return OK;
}

static enum err parse_email(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    ptrdiff_t at = str_find(text, '@');
    enum err e;

    if ((e = check_length(cx, o, text)))
        return e;
    if (at <= 0 || (size_t)at + 1 >= text.n || str_find(text, ' ') != STR_NPOS ||
        str_find(text, '<') != STR_NPOS || str_find(text, '>') != STR_NPOS ||
        str_find(str_sub(text, (size_t)at + 1, text.n), '@') != STR_NPOS)
        return fail(cx, ERR_INVALID, "must be one e-mail address, as in no-reply@example.com");
    *(struct str *)out = arena_str(cx->mem, text);
    return OK;
}

static enum err parse_database(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    enum err e;

    if ((e = check_length(cx, o, text)))
        return e;
    if (text.n && !str_starts(text, STR("postgresql://")) && !str_starts(text, STR("postgres://")))
        return fail(cx, ERR_INVALID, "must be empty (SQLite) or start with postgresql://");
    *(struct str *)out = arena_str(cx->mem, text);
    return OK;
}

static enum err parse_uint(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    const char *gap = *o->unit ? " " : "";
    int64_t v;

    if (!str_to_i64(text, o->least, o->most, &v))
        return fail(cx, ERR_INVALID, "must be a whole number from %u to %u%s%s", o->least, o->most,
                    gap, o->unit);
    *(uint32_t *)out = (uint32_t)v;
    return OK;
}

static enum err parse_rate(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {
        {'s', 1   },
        {'m', 60  },
        {'h', 3600},
    };
    enum { WINDOW_MAX_S = 86400 };
    ptrdiff_t slash = str_find(text, '/');
    struct str window;
    int64_t count, span, unit_s = 1;

    if (str_eq(text, STR("off"))) {
        *(struct config_rate *)out = (struct config_rate){0};
        return OK;
    }
    window = slash == STR_NPOS ? STR_NONE : str_sub(text, (size_t)slash + 1, text.n);
    EACH_ROW (unit, units) {
        if (window.n && window.p[window.n - 1] == unit->letter) {
            unit_s = unit->seconds;
            window.n--;
            break;
        }
    }
    if (slash == STR_NPOS || !str_to_i64(window, 1, WINDOW_MAX_S / unit_s, &span) ||
        !str_to_i64(str_sub(text, 0, (size_t)slash), 1, o->most, &count))
        return fail(cx, ERR_INVALID,
                    "must be a count and a time, as in 600/60s, 10/1m or 100/1h, "
                    "or off");
    *(struct config_rate *)out = (struct config_rate){(uint32_t)count, (uint32_t)(span * unit_s)};
    return OK;
}

static enum err parse_cidrs(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    struct config_list list = {0};
    struct str *items = ARENA_ARRAY(cx->mem, struct str, o->most + 1), rest = text, item;

    while (text.n && str_split(&rest, ',', &item)) {
        item = str_trim(item);
        if (!cidr_ok(item))
            return fail(cx, ERR_INVALID,
                        "must be addresses or blocks separated by commas, as in "
                        "10.0.0.1, 192.168.0.0/16, ::1");
        if (list.n == o->most)
            return fail(cx, ERR_INVALID, "may hold %u at most", o->most);
        items[list.n++] = arena_str(cx->mem, item);
    }
    list.item = items;
    *(struct config_list *)out = list;
    return OK;
}

static enum err parse_smpp_source(struct ctx *cx, const struct option *o, struct str text,
                                  void *out)
{
    enum { TON_MAX = 6, NPI_MAX = 18 };
    ptrdiff_t slash = str_find(text, '/');
    int64_t ton, npi;

    (void)o;
    if (str_eq(text, STR("auto"))) {
        *(struct config_smpp_source *)out = (struct config_smpp_source){0};
        return OK;
    }
    if (slash == STR_NPOS || !str_to_i64(str_sub(text, 0, (size_t)slash), 0, TON_MAX, &ton) ||
        !str_to_i64(str_sub(text, (size_t)slash + 1, text.n), 0, NPI_MAX, &npi))
        return fail(cx, ERR_INVALID,
                    "must be auto, or a type of number from 0 to %d, a slash and a numbering plan "
                    "from 0 to %d, as in 5/0",
                    TON_MAX, NPI_MAX);
    *(struct config_smpp_source *)out =
        (struct config_smpp_source){.given = true, .ton = (uint8_t)ton, .npi = (uint8_t)npi};
    return OK;
}

bool config_smpp_url(struct str text, struct config_smpp_url *out)
{
    static const struct {
        struct str scheme;
        bool tls;
        uint16_t port;
    } schemes[] = {
        {{"smpps://", 8},       true,  3550},
        {{"smpp+plain://", 13}, false, 2775},
    };
    struct host host;

    EACH_ROW (row, schemes) {
        if (!str_starts(text, row->scheme) ||
            !host_parse(str_sub(text, row->scheme.n, text.n), &host))
            continue;
        *out = (struct config_smpp_url){row->tls, host.name, host.port ? host.port : row->port};
        return true;
    }
    return false;
}

/* One of the words, into *out, which is an enum that counts them from 0 on. */
static enum err parse_word(struct ctx *cx, const char *const *words, unsigned count,
                           struct str text, void *out)
{
    struct str all = STR("");

    for (unsigned i = 0; i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 < count ? ", " : " or ";

        if (str_eq(text, str_from(words[i]))) {
            *(unsigned *)out = i;
            return OK;
        }
        all = arena_printf(cx->mem, "%.*s%s%s", STR_ARG(all), between, words[i]);
    }
    return fail(cx, ERR_INVALID, "must be %.*s", STR_ARG(all));
}

static const char *const long_words[] = {
    [LONG_UDH] = "udh", [LONG_SAR] = "sar", [LONG_PAYLOAD] = "payload"};
static const char *const ids_words[] = {
    [IDS_SAME] = "same", [IDS_DECIMAL] = "decimal", [IDS_HEX] = "hex"};
static const char *const mode_words[] = {[MODE_DEMO] = "demo", [MODE_PRODUCTION] = "production"};
static const char *const level_words[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

static enum err parse_smpp_long(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    (void)o;
    return parse_word(cx, long_words, COUNT_OF(long_words), text, out);
}

static enum err parse_smpp_ids(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    (void)o;
    return parse_word(cx, ids_words, COUNT_OF(ids_words), text, out);
}

static enum err parse_mode(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    (void)o;
    return parse_word(cx, mode_words, COUNT_OF(mode_words), text, out);
}

static enum err parse_level(struct ctx *cx, const struct option *o, struct str text, void *out)
{
    (void)o;
    return parse_word(cx, level_words, COUNT_OF(level_words), text, out);
}

/* ---- writers ---- */

static void print_text(const void *value, struct buf *out)
{
    buf_add(out, *(const struct str *)value);
}

/* postgresql://user:password@host/name without what is between the first ':' and the last '@'. */
static void print_database(const void *value, struct buf *out)
{
    struct str url = *(const struct str *)value;
    ptrdiff_t start = str_find_str(url, STR("://")), colon;
    size_t at = url.n;

    while (at > 0 && url.p[at - 1] != '@')
        at--;
    colon = start == STR_NPOS ? STR_NPOS : str_find(str_sub(url, (size_t)start + 3, url.n), ':');
    if (at > 0 && colon != STR_NPOS && (size_t)(start + 3 + colon) < at) {
        buf_add(out, str_sub(url, 0, (size_t)(start + 3 + colon) + 1));
        buf_add(out, STR("***"));
        url = str_sub(url, at - 1, url.n);
    }
    if (str_find_str(url, STR("password=")) != STR_NPOS) /* also possible in the query part */
        url = STR("***");
    buf_add(out, url);
}

static void print_uint(const void *value, struct buf *out)
{
    buf_addf(out, "%" PRIu32, *(const uint32_t *)value);
}

static void print_rate(const void *value, struct buf *out)
{
    const struct config_rate *rate = value;

    if (rate->count)
        buf_addf(out, "%" PRIu32 "/%" PRIu32 "s", rate->count, rate->window_s);
    else
        buf_add(out, STR("off"));
}

static void print_cidrs(const void *value, struct buf *out)
{
    const struct config_list *list = value;

    for (size_t i = 0; i < list->n; i++) {
        buf_add(out, i ? STR(", ") : STR(""));
        buf_add(out, list->item[i]);
    }
}

static void print_smpp_source(const void *value, struct buf *out)
{
    const struct config_smpp_source *source = value;

    if (source->given)
        buf_addf(out, "%u/%u", source->ton, source->npi);
    else
        buf_add(out, STR("auto"));
}

static void print_smpp_long(const void *value, struct buf *out)
{
    buf_add(out, str_from(long_words[*(const enum config_smpp_long *)value]));
}

static void print_smpp_ids(const void *value, struct buf *out)
{
    buf_add(out, str_from(ids_words[*(const enum config_smpp_ids *)value]));
}

static void print_mode(const void *value, struct buf *out)
{
    buf_add(out, str_from(mode_words[*(const enum config_mode *)value]));
}

static void print_level(const void *value, struct buf *out)
{
    buf_add(out, str_from(level_words[*(const enum log_level *)value]));
}

/* ---- the tables ---- */

static const struct option_type type_ADDR = {"address:port", parse_addr, print_text, false};
static const struct option_type type_URL = {"URL", parse_url, print_text, false};
static const struct option_type type_PATH = {"path", parse_text, print_text, false};
static const struct option_type type_TEXT = {"text", parse_text, print_text, false};
static const struct option_type type_EMAIL = {"e-mail address", parse_email, print_text, false};
static const struct option_type type_DATABASE = {"URL", parse_database, print_database, false};
static const struct option_type type_SMTP = {"mail server", parse_smtp, print_text, false};
static const struct option_type type_SIP = {"SIP server", parse_sip, print_text, false};
static const struct option_type type_UINT = {"number", parse_uint, print_uint, true};
static const struct option_type type_RATE = {"count/time", parse_rate, print_rate, false};
static const struct option_type type_CIDRS = {"list", parse_cidrs, print_cidrs, false};
static const struct option_type type_SMPP_SOURCE = {"auto | type/plan", parse_smpp_source,
                                                    print_smpp_source, false};
static const struct option_type type_SMPP_LONG = {"udh | sar | payload", parse_smpp_long,
                                                  print_smpp_long, false};
static const struct option_type type_SMPP_IDS = {"same | decimal | hex", parse_smpp_ids,
                                                 print_smpp_ids, false};
static const struct option_type type_MODE = {"demo | production", parse_mode, print_mode, false};
static const struct option_type type_LEVEL = {"debug | info | warn | error", parse_level,
                                              print_level, false};

enum { /* the short words of options.def */
       RELOAD = OPTION_RELOAD,
       SECRET = OPTION_SECRET,
       SECRET_FILE = OPTION_SECRET_FILE,
       DEMO_ONLY = OPTION_DEMO_ONLY,
};

const struct option option_table[OPTION_COUNT] = {
#define OPTION(name, type, fallback, least, most, unit, flags, help)                               \
    [OPTION_##name] = {#name,                                                                      \
                       &type_##type,                                                               \
                       fallback,                                                                   \
                       least,                                                                      \
                       most,                                                                       \
                       unit,                                                                       \
                       flags,                                                                      \
                       help,                                                                       \
                       offsetof(struct config, name),                                              \
                       sizeof(((struct config *)0)->name)},
#include "config/options.def"
#undef OPTION
};
