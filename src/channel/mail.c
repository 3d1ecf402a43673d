/* mail.c: see mail.h. */
#include "channel/mail.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "channel/discreet.h"
#include "channel/transfer.h"

#include <inttypes.h>
#include <string.h>

enum {
    HEADER_MAX = 2 * 1024,
    WORD_BYTES_MAX = 42, /* of an encoded word: 56 characters, with =?UTF-8?B?…?= 68 of 75 */
    REPLY_SHOWN_MAX = 100,
    PROVIDER_ID_MAX = 64,
};

static const struct {
    struct str scheme;
    enum transfer_tls tls;
} schemes[] = {
    {{"smtp://", 7},        TLS_UPGRADE},
    {{"smtps://", 8},       TLS_AT_ONCE},
    {{"smtp+plain://", 13}, TLS_NONE   },
};

struct mail {
    struct arena *mem; /* of all below */
    enum transfer_tls tls;
    struct str host, user, password, from, domain, ca_file;
};

enum err mail_new(struct ctx *cx, const struct mail_conf *conf, struct mail **out)
{
    OWN(mail_free) struct mail *mail = mem_alloc(sizeof(*mail));
    ptrdiff_t at = str_find(conf->from, '@');

    mail->mem = arena_new();
    EACH_ROW (row, schemes) {
        if (!str_starts(conf->url, row->scheme))
            continue;
        mail->tls = row->tls;
        mail->host = arena_str(mail->mem, str_sub(conf->url, row->scheme.n, conf->url.n));
    }
    if (!mail->host.n || at < 0)
        return fail(cx, ERR_INVALID, "smtp_url or mail_from is not usable");
    mail->user = arena_str(mail->mem, conf->user);
    mail->password = arena_str(mail->mem, conf->password);
    mail->from = arena_str(mail->mem, conf->from);
    mail->domain = str_sub(mail->from, (size_t)at + 1, mail->from.n);
    mail->ca_file = arena_str(mail->mem, conf->ca_file);
    *out = TAKE(mail);
    return OK;
}

void mail_free(struct mail **mail)
{
    if (!*mail)
        return;
    arena_free(&(*mail)->mem); /* wipes */
    mem_free(*mail);
    *mail = NULL;
}

/* ---- headers ---- */

static bool is_plain(struct str text)
{
    if (str_find_str(text, STR("=?")) >= 0) /* would be read as encoded */
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~')
            return false;
    }
    return true;
}

/* At most WORD_BYTES_MAX bytes of whole characters from the start. */
static struct str first_piece(struct str text)
{
    size_t n = MIN_OF(text.n, (size_t)WORD_BYTES_MAX);

    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return str_sub(text, 0, n ? n : MIN_OF(text.n, (size_t)WORD_BYTES_MAX));
}

static void encoded_words(struct buf *out, struct str text)
{
    OWN(arena_free) struct arena *mem = arena_new();
    char *clean = arena_alloc(mem, text.n + 1);

    for (size_t i = 0; i < text.n; i++)
        clean[i] = (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7F ? ' ' : text.p[i];
    text.p = clean;
    for (const char *gap = ""; text.n; gap = "\r\n ") {
        struct str piece = first_piece(text);

        buf_addf(out, "%s=?UTF-8?B?%.*s?=", gap, STR_ARG(base64_encode(mem, str_bytes(piece))));
        text = str_sub(text, piece.n, text.n);
    }
}

void mail_text(struct buf *out, struct str text)
{
    if (is_plain(text))
        buf_add(out, text);
    else
        encoded_words(out, text);
}

void mail_phrase(struct buf *out, struct str name)
{
    if (!is_plain(name)) {
        encoded_words(out, name);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"' || name.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, name.p[i]);
    }
    buf_addc(out, '"');
}

void mail_date(struct buf *out, int64_t at_ms)
{
    char http[CLOCK_HTTP_LEN + 1]; /* the same but for the name of the zone */

    clock_http(at_ms, http);
    buf_addf(out, "%.*s+0000", CLOCK_HTTP_LEN - 3, http);
}

/* "Name: text" in cx->mem, made by one of the functions above behind the name. */
static struct str header(struct ctx *cx, const char *name, void (*write)(struct buf *, struct str),
                         struct str text, const char *tail)
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, HEADER_MAX);
    buf_addf(&b, "%s: ", name);
    write(&b, text);
    buf_add(&b, str_from(tail));
    return arena_str(cx->mem, buf_str(&b));
}

static struct str date_header(struct ctx *cx)
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, HEADER_MAX);
    buf_add(&b, STR("Date: "));
    mail_date(&b, cx->now_ms);
    return arena_str(cx->mem, buf_str(&b));
}

static enum err load(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t)
{
    const struct mail *mail = self;
    const char *from = arena_printf(cx->mem, " <%.*s>", STR_ARG(mail->from)).p;
    struct transfer_mail out = {
        .tls = mail->tls,
        .host = mail->host,
        .helo = mail->domain,
        .user = mail->user,
        .password = mail->password,
        .ca_file = mail->ca_file,
        .from = mail->from,
        .to = p->to,
        .text = p->text,
        .html = p->html,
        .whole_ms = p->expires_at_ms - cx->now_ms,
    };
    struct str headers[8];

    headers[out.header_count++] = header(cx, "From", mail_phrase, p->from_name, from);
    headers[out.header_count++] = arena_printf(cx->mem, "To: <%.*s>", STR_ARG(p->to));
    headers[out.header_count++] = header(cx, "Subject", mail_text, p->subject, "");
    headers[out.header_count++] = date_header(cx);
    /* the same for each attempt: a mailbox that gets two can tell */
    headers[out.header_count++] = arena_printf(
        cx->mem, "Message-ID: <%" PRId64 ".countersign@%.*s>", p->id, STR_ARG(mail->domain));
    headers[out.header_count++] = STR("Auto-Submitted: auto-generated"); /* RFC 3834 */
    if (p->language.n)
        headers[out.header_count++] =
            arena_printf(cx->mem, "Content-Language: %.*s", STR_ARG(p->language));
    out.headers = headers;
    return transfer_mail(cx, t, &out);
}

/* ---- what came of it ---- */

enum outcome mail_outcome(long code)
{
    static const long ours[] = {
        /* the operator's settings are wrong, not the mail: it waits for them to be put right */
        530,
        534,
        535,
        538,
    };

    EACH_ROW (row, ours) {
        if (*row == code)
            return OUTCOME_RETRY;
    }
    return code >= 500 && code < 600 ? OUTCOME_FAILED : OUTCOME_RETRY;
}

bool mail_is_recipients(long code, struct str reply)
{
    static const struct str starts[] = {STR("4.1."), STR("4.2.")}; /* RFC 3463: address, mailbox */
    static const struct str words[] = {STR("greylist"), STR("graylist")};

    if (code == 450) /* "mailbox unavailable": RFC 5321 section 4.2.3 */
        return true;
    EACH_ROW (start, starts) {
        if (code < 500 && str_starts(reply, *start))
            return true;
    }
    for (size_t i = 0; code < 500 && i < reply.n; i++) {
        EACH_ROW (word, words) {
            if (str_eq_nocase(str_sub(reply, i, word->n), *word))
                return true;
        }
    }
    return false;
}

/* "2.0.0 Ok: queued as 4F3A2" -> "4F3A2": the last word, where servers put their id. A word without
 * a digit is none: "250 OK". */
static struct str queue_id(struct str reply)
{
    size_t at = reply.n;
    bool digit = false;

    for (; at > 0 && reply.p[at - 1] != ' '; at--)
        digit |= reply.p[at - 1] >= '0' && reply.p[at - 1] <= '9';
    return digit ? str_sub(reply, at, PROVIDER_ID_MAX) : STR("");
}

static void judge(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out)
{
    const struct transfer_end *end = transfer_end(t);
    const struct mail *mail = self;
    const struct discreet_login login = {mail->user, mail->password};

    *out = (struct verdict){.lost = end->lost};
    if (end->complete) {
        out->outcome = OUTCOME_SENT;
        out->provider_id = arena_str(cx->mem, queue_id(end->reply));
        return;
    }
    if (end->status >= 400 && end->status < 600) {
        out->outcome = mail_outcome(end->status);
        out->recipients = mail_is_recipients(end->status, end->reply);
        out->why =
            arena_printf(cx->mem, "%.*s answered %ld %.*s", STR_ARG(transfer_host(t)), end->status,
                         STR_ARG(discreet(cx, end->reply, p, &login, REPLY_SHOWN_MAX)));
        return;
    }
    out->outcome = OUTCOME_RETRY;
    out->why = arena_str(cx->mem, end->why);
}

struct carrier mail_carrier(struct mail *mail)
{
    return (struct carrier){
        .channel = STR("email"),
        .parallel = MAIL_PARALLEL,
        .self = mail,
        .load = load,
        .judge = judge,
    };
}
