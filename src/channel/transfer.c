/* transfer.c: see transfer.h. */
#include "channel/transfer.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/url.h"
#include "channel/egress.h"
#include "channel/retry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

/* A server that closes an idle connection just then loses the request, and nobody knows whether it
 * was taken. Apache and Node.js close after 5 s. */
enum { IDLE_MAX_S = 4 };
enum { REPLY_MAX = 256, SMTP_CODE_LEN = 3, SMTP_GO_AHEAD = 354 /* the answer to DATA */ };

struct transfer_rules {
    int64_t whole_ms;
    struct egress egress;
    char *ca_file; /* NULL = none */
    struct curl_slist *connect_to;
};

struct transfer {
    const struct transfer_rules *rules;
    CURL *easy;
    struct curl_slist *headers, *recipients;
    curl_mime *mime;
    const char *ca_file; /* further authorities, NULL = none */
    struct arena *mem;   /* of the request: host, body and sentences */
    struct str host;
    bool repeatable, requested;
    bool filtered;       /* somebody else has named the host */
    const char *refused; /* the kind of address that the filter has refused */
    struct buf answer;
    bool is_mail, reply_refuses;
    char reply[REPLY_MAX]; /* of a mail server, the last line */
    struct transfer_end end;
    char error[CURL_ERROR_SIZE];
};

/* ---- rules ---- */

/* "host:port:to-host:to-port" as CURLOPT_CONNECT_TO has it: three colons outside of brackets. */
static bool connect_to_ok(struct str text)
{
    unsigned colons = 0, depth = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == ' ' || c == '\0')
            return false;
        depth += c == '[';
        depth -= c == ']' && depth > 0;
        colons += c == ':' && depth == 0;
    }
    return colons == 3;
}

/* libcurl's own list is made by libcurl, which is not there yet. */
static struct curl_slist *list_node(const char *text, struct curl_slist *next)
{
    struct curl_slist *node = mem_alloc(sizeof(*node));

    *node = (struct curl_slist){.data = mem_strdup(text), .next = next};
    return node;
}

static void list_free(struct curl_slist *list)
{
    while (list) {
        struct curl_slist *next = list->next;

        mem_free(list->data);
        mem_free(list);
        list = next;
    }
}

static enum err read_connect_to(struct ctx *cx, struct str list, struct transfer_rules *rules)
{
    struct str item;

    while (list.n && str_split(&list, ',', &item)) {
        item = str_trim(item);
        if (!connect_to_ok(item))
            return fail(cx, ERR_INVALID, "\"%.*s\" is not host:port:to-host:to-port",
                        STR_ARG(item));
        rules->connect_to = list_node(arena_str(cx->mem, item).p, rules->connect_to);
    }
    return OK;
}

static enum err try_ca_file(struct ctx *cx, const char *path)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool ok = ctx && SSL_CTX_load_verify_locations(ctx, path, NULL) == 1;

    SSL_CTX_free(ctx);
    return ok ? OK : fail(cx, ERR_INVALID, "%s holds no certificates", path);
}

enum err transfer_rules_new(struct ctx *cx, const struct transfer_conf *conf,
                            struct transfer_rules **out)
{
    OWN(transfer_rules_free) struct transfer_rules *rules = mem_alloc(sizeof(*rules));
    enum err e;

    if (!egress_init(&rules->egress, conf->egress_allow, conf->egress_allow_count))
        return fail(cx, ERR_INVALID, "the allowed blocks are too many, or one is none");
    if (conf->ca_file.n) {
        rules->ca_file = mem_strdup(arena_str(cx->mem, conf->ca_file).p);
        if ((e = try_ca_file(cx, rules->ca_file)))
            return e;
    }
    if ((e = read_connect_to(cx, conf->connect_to, rules)))
        return e;
    rules->whole_ms = conf->whole_ms ? conf->whole_ms : TRANSFER_WHOLE_MS;
    *out = TAKE(rules);
    return OK;
}

void transfer_rules_free(struct transfer_rules **rules)
{
    if (!*rules)
        return;
    list_free((*rules)->connect_to);
    mem_free((*rules)->ca_file);
    mem_free(*rules);
    *rules = NULL;
}

/* ---- what libcurl asks back ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct transfer *t = arg;
    const char *refused = egress_refusal(&t->rules->egress, &addr->addr);

    (void)purpose;
    if (refused) {
        t->refused = refused;
        return CURL_SOCKET_BAD;
    }
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static const char *refusal_of(const struct egress *egress, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return egress_refusal(egress, (const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        return egress_refusal(egress, (const struct sockaddr *)&v6);
    return "no internet address";
}

/* Before each request, the one that libcurl repeats by itself as well. The connection may be one
 * that was opened for a host of the operator's own, which no filter was asked about. */
static int before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct transfer *t = arg;

    (void)from, (void)to_port, (void)from_port;
    if (t->filtered && (t->refused = refusal_of(&t->rules->egress, to)))
        return CURL_PREREQFUNC_ABORT;
    if (t->requested && !t->repeatable) {
        snprintf(t->error, sizeof(t->error), "the connection closed without an answer");
        return CURL_PREREQFUNC_ABORT;
    }
    t->requested = true;
    return CURL_PREREQFUNC_OK;
}

static size_t take_answer(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;

    buf_add(&t->answer, (struct str){p, size * n});
    return t->answer.full ? 0 : size * n; /* 0 ends the transfer; the status is known by now */
}

/* A line that a mail server has said, "250 2.0.0 queued as 42\r\n". A refusal stays: libcurl says
 * QUIT behind it, and the server "bye". */
static size_t take_reply(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    struct str line = {p, size * n};

    if (t->reply_refuses || line.n == 0)
        return size * n;
    t->reply_refuses = line.p[0] == '4' || line.p[0] == '5';
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    line = str_sub(line, SMTP_CODE_LEN + 1, sizeof(t->reply) - 1);
    for (size_t i = 0; i < line.n; i++)
        t->reply[i] = line.p[i] >= ' ' && line.p[i] <= '~' ? line.p[i] : '?';
    t->reply[line.n] = '\0';
    return size * n;
}

static CURLcode add_authorities(CURL *easy, void *ssl_ctx, void *arg)
{
    const struct transfer *t = arg;

    (void)easy;
    return SSL_CTX_load_verify_locations(ssl_ctx, t->ca_file, NULL) == 1 ? CURLE_OK
                                                                         : CURLE_SSL_CACERT_BADFILE;
}

/* ---- making ---- */

struct transfer *transfer_new(const struct transfer_rules *rules)
{
    struct transfer *t = mem_alloc(sizeof(*t));

    t->rules = rules;
    t->mem = arena_new();
    buf_init(&t->answer, TRANSFER_ANSWER_MAX);
    return t;
}

static void forget(struct transfer *t)
{
    if (t->easy)
        curl_easy_reset(t->easy); /* before what it points to goes */
    if (t->headers)
        curl_slist_free_all(t->headers);
    if (t->recipients)
        curl_slist_free_all(t->recipients);
    if (t->mime)
        curl_mime_free(t->mime);
    t->headers = t->recipients = NULL;
    t->mime = NULL;
    t->is_mail = t->reply_refuses = false;
    t->reply[0] = '\0';
    buf_reset(&t->answer);
    t->end = (struct transfer_end){0};
    t->refused = NULL;
    t->requested = t->repeatable = t->filtered = false;
    t->error[0] = '\0';
    arena_reset(t->mem);
}

void transfer_free(struct transfer **t)
{
    if (!*t)
        return;
    forget(*t);
    if ((*t)->easy)
        curl_easy_cleanup((*t)->easy);
    buf_deinit(&(*t)->answer);
    arena_free(&(*t)->mem);
    mem_free(*t);
    *t = NULL;
}

/* Out of memory is the only way in which most options fail; libcurl then fails the transfer too. */
#define SET(t, option, value) ((void)curl_easy_setopt((t)->easy, CURLOPT_##option, (value)))

static void set_common(struct transfer *t, int64_t whole_ms)
{
    SET(t, NOSIGNAL, 1L);
    SET(t, PROXY, "");
    SET(t, NETRC, (long)CURL_NETRC_IGNORED);
    SET(t, SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, SSL_VERIFYPEER, 1L);
    SET(t, SSL_VERIFYHOST, 2L);
    if (t->ca_file) {
        SET(t, SSL_CTX_FUNCTION, add_authorities);
        SET(t, SSL_CTX_DATA, t);
    }
    SET(t, CONNECT_TO, t->rules->connect_to);
    SET(t, CONNECTTIMEOUT_MS, (long)TRANSFER_CONNECT_MS);
    SET(t, TIMEOUT_MS, (long)MAX_OF(MIN_OF(whole_ms, t->rules->whole_ms), (int64_t)1));
    SET(t, MAXAGE_CONN, (long)IDLE_MAX_S);
    SET(t, QUICK_EXIT, 1L); /* a look-up that hangs does not stop the loop when its time is over */
    SET(t, ERRORBUFFER, t->error);
    SET(t, PREREQFUNCTION, before_request);
    SET(t, PREREQDATA, t);
    SET(t, WRITEFUNCTION, take_answer);
    SET(t, WRITEDATA, t);
}

static enum err start_over(struct ctx *cx, struct transfer *t)
{
    forget(t);
    if (!t->easy && !(t->easy = curl_easy_init()))
        return fail(cx, ERR_INTERNAL, "libcurl gave no handle");
    return OK;
}

static struct curl_slist *list_of(struct transfer *t, const struct str *item, size_t count)
{
    struct curl_slist *list = NULL;

    for (size_t i = 0; i < count; i++)
        list = curl_slist_append(list, arena_str(t->mem, item[i]).p);
    return list;
}

enum err transfer_http(struct ctx *cx, struct transfer *t, const struct transfer_http *in)
{
    bool plain_too = in->callback || in->trusted;
    struct url u;
    enum err e;

    if ((e = start_over(cx, t)))
        return e;
    if (!url_parse(t->mem, in->url, &u) || !(u.https || plain_too))
        return fail(cx, ERR_INVALID, "the address is no https URL");
    t->host = arena_printf(t->mem, "%.*s:%u", STR_ARG(u.host), u.port);
    t->repeatable = in->repeatable;
    t->ca_file = t->rules->ca_file;
    set_common(t, in->whole_ms);
    SET(t, PROTOCOLS_STR, plain_too ? "https,http" : "https");
    SET(t, FOLLOWLOCATION, 0L);
    t->filtered = !in->trusted;
    if (t->filtered) {
        SET(t, OPENSOCKETFUNCTION, open_socket);
        SET(t, OPENSOCKETDATA, t);
    }
    SET(t, HTTP_VERSION, (long)(plain_too ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    SET(t, USERAGENT, "Countersign/" VERSION);
    SET(t, URL, arena_str(t->mem, in->url).p);
    if (str_eq(str_from(in->method), STR("GET"))) {
        SET(t, HTTPGET, 1L);
    } else {
        SET(t, CUSTOMREQUEST, in->method);
        SET(t, POSTFIELDSIZE_LARGE, (curl_off_t)in->body.n);
        SET(t, POSTFIELDS, arena_bytes(t->mem, in->body).p);
    }
    t->headers = list_of(t, in->headers, in->header_count);
    t->headers = curl_slist_append(t->headers, "Expect:"); /* no round trip before a small body */
    SET(t, HTTPHEADER, t->headers);
    return OK;
}

/* ---- mail ---- */

/* With CRLF, without which the encoder takes a line end for any other character. */
static struct str crlf(struct arena *mem, struct str text)
{
    char *p = arena_alloc(mem, 2 * text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
            p[n++] = '\r';
        p[n++] = text.p[i];
    }
    return (struct str){p, n};
}

static void add_part(struct transfer *t, const char *type, struct str text)
{
    curl_mimepart *part;

    if (text.n == 0)
        return;
    text = crlf(t->mem, text);
    part = curl_mime_addpart(t->mime);
    (void)curl_mime_data(part, text.p, text.n);
    (void)curl_mime_type(part, type);
    (void)curl_mime_encoder(part, "quoted-printable");
}

/* No part of a command may be more than itself. */
static bool is_address(struct str s)
{
    return str_find(s, '@') > 0 && str_find(s, '<') < 0 && str_find(s, '>') < 0 &&
           str_find(s, ' ') < 0 && !str_has_control(s);
}

static void set_mail_security(struct transfer *t, const struct transfer_mail *in)
{
    static const struct {
        const char *scheme;
        long use_ssl;
    } ways[] = {
        [TLS_UPGRADE] = {"smtp",  CURLUSESSL_ALL },
        [TLS_AT_ONCE] = {"smtps", CURLUSESSL_ALL },
        [TLS_NONE] = {"smtp",  CURLUSESSL_NONE},
    };
    const char *scheme = ways[in->tls].scheme;

    SET(t, PROTOCOLS_STR, scheme);
    SET(t, URL,
        arena_printf(t->mem, "%s://%.*s/%.*s", scheme, STR_ARG(in->host), STR_ARG(in->helo)).p);
    SET(t, USE_SSL, ways[in->tls].use_ssl);
    if (in->user.n) {
        SET(t, USERNAME, arena_str(t->mem, in->user).p);
        SET(t, PASSWORD, arena_str(t->mem, in->password).p);
    }
}

enum err transfer_mail(struct ctx *cx, struct transfer *t, const struct transfer_mail *in)
{
    enum err e;

    if ((e = start_over(cx, t)))
        return e;
    if (!is_address(in->to) || !is_address(in->from))
        return fail(cx, ERR_INVALID, "this is no address for mail");
    t->host = arena_str(t->mem, in->host);
    t->is_mail = true;
    t->ca_file = in->ca_file.n ? arena_str(t->mem, in->ca_file).p : t->rules->ca_file;
    set_common(t, in->whole_ms);
    set_mail_security(t, in);
    SET(t, HEADERFUNCTION, take_reply);
    SET(t, HEADERDATA, t);
    SET(t, MAIL_FROM, arena_printf(t->mem, "<%.*s>", STR_ARG(in->from)).p);
    t->recipients = list_of(t, &in->to, 1);
    SET(t, MAIL_RCPT, t->recipients);
    /* without this one libcurl makes multipart/mixed of it */
    t->headers = curl_slist_append(list_of(t, in->headers, in->header_count),
                                   "Content-Type: multipart/alternative");
    SET(t, HTTPHEADER, t->headers);
    t->mime = curl_mime_init(t->easy);
    add_part(t, "text/plain; charset=utf-8", in->text);
    add_part(t, "text/html; charset=utf-8", in->html);
    SET(t, MIMEPOST, t->mime);
    return OK;
}

CURL *transfer_handle(const struct transfer *t)
{
    return t->easy;
}

/* ---- the end ---- */

/* What libcurl says may quote the other side. */
static struct str harmless(struct arena *mem, const char *text)
{
    struct str out = arena_str(mem, str_from(text));
    char *p = arena_alloc(mem, out.n + 1);

    for (size_t i = 0; i < out.n; i++)
        p[i] = out.p[i] >= ' ' && out.p[i] <= '~' ? out.p[i] : '?';
    return (struct str){p, out.n};
}

static struct str reason(const struct transfer *t, CURLcode result)
{
    if (t->refused)
        return arena_printf(t->mem, "%.*s is %s, and egress_allow does not name it",
                            STR_ARG(t->host), t->refused);
    if (result == CURLE_ABORTED_BY_CALLBACK && !t->error[0])
        return arena_printf(t->mem, "cut off while %.*s had it", STR_ARG(t->host));
    return arena_printf(
        t->mem, "%.*s: %.*s", STR_ARG(t->host),
        STR_ARG(harmless(t->mem, t->error[0] ? t->error : curl_easy_strerror(result))));
}

void transfer_ended(struct transfer *t, CURLcode result)
{
    curl_off_t retry_after_s = 0; /* any number that the other side likes */
    struct curl_header *location;
    struct transfer_end *end = &t->end;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &end->status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    end->complete = result == CURLE_OK;
    if (t->is_mail)
        end->lost = !end->complete && end->status == SMTP_GO_AHEAD;
    else
        end->lost = end->status == 0 && t->requested;
    end->refused = t->refused && end->status == 0;
    if (!end->complete)
        end->why = reason(t, result);
    end->body = buf_str(&t->answer);
    end->reply = str_from(t->reply);
    end->retry_after_ms =
        MIN_OF(MAX_OF(retry_after_s, (curl_off_t)0), (curl_off_t)RETRY_MOST_MS / MS_PER_S) *
        MS_PER_S;
    if (!t->is_mail &&
        curl_easy_header(t->easy, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK)
        end->location = arena_str(t->mem, str_from(location->value));
}

const struct transfer_end *transfer_end(const struct transfer *t)
{
    return &t->end;
}

struct str transfer_host(const struct transfer *t)
{
    return t->host;
}
