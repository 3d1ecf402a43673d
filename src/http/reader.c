/*
 * reader.c: see reader.h. Knows no socket and no route.
 *
 * head_read starts from the first byte on each call. That costs little (a head is 8 KiB at most,
 * and a byte a packet costs the kernel more than us) and leaves no state that could go wrong.
 */
#include "http/reader.h"
#include "base/host.h"

#include <string.h>

/* Classes of bytes; RFC 9110 5.6.2 for TOKEN. */
enum { TOKEN = 1, TARGET = 2, LINE = 4 };

static const unsigned char classes[256] = {
    ['\t'] = LINE,
    [' '] = LINE,
    ['!'] = LINE | TARGET | TOKEN,
    ['"'] = LINE,
    ['#'] = LINE | TOKEN, /* a fragment never travels */
    ['$' ... '\''] = LINE | TARGET | TOKEN,
    ['('] = LINE | TARGET,
    [')'] = LINE | TARGET,
    ['*'] = LINE | TARGET | TOKEN,
    ['+'] = LINE | TARGET | TOKEN,
    [','] = LINE | TARGET,
    ['-'] = LINE | TARGET | TOKEN,
    ['.'] = LINE | TARGET | TOKEN,
    ['/'] = LINE | TARGET,
    ['0' ... '9'] = LINE | TARGET | TOKEN,
    [':'] = LINE | TARGET,
    [';'] = LINE | TARGET,
    ['<'] = LINE,
    ['='] = LINE | TARGET,
    ['>'] = LINE,
    ['?'] = LINE | TARGET,
    ['@'] = LINE | TARGET,
    ['A' ... 'Z'] = LINE | TARGET | TOKEN,
    ['['] = LINE | TARGET,
    ['\\'] = LINE,
    [']'] = LINE | TARGET,
    ['^'] = LINE | TARGET | TOKEN,
    ['_'] = LINE | TARGET | TOKEN,
    ['`'] = LINE | TARGET | TOKEN,
    ['a' ... 'z'] = LINE | TARGET | TOKEN,
    ['{'] = LINE | TARGET,
    ['|'] = LINE | TARGET | TOKEN,
    ['}'] = LINE | TARGET,
    ['~'] = LINE | TARGET | TOKEN,
    [0x80 ... 0xFF] = LINE, /* header values only, and only as UTF-8 */
};

static bool all_are(struct str s, unsigned char wanted)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(classes[(unsigned char)s.p[i]] & wanted))
            return false;
    }
    return s.n > 0;
}

static struct read_result more(void)
{
    return (struct read_result){.is = READ_MORE};
}

static struct read_result done(size_t used)
{
    return (struct read_result){.is = READ_DONE, .used = used};
}

static struct read_result refuse(int status, const char *why)
{
    return (struct read_result){.is = READ_REFUSED, .status = status, .why = why};
}

/* ---- lines ---- */

enum line_is { LINE_MORE, LINE_WHOLE, LINE_BAD };

/* The line that starts at byte `from`, without its CR LF. Bad at the first control byte, bare CR or
 * bare LF, even if the line is not complete: so a TLS hello on a plain port is answered at once. */
static enum line_is line_at(struct str in, size_t from, struct str *out)
{
    for (size_t i = from; i < in.n; i++) {
        if (classes[(unsigned char)in.p[i]] & LINE)
            continue;
        if (in.p[i] != '\r')
            return LINE_BAD;
        if (i + 1 == in.n)
            return LINE_MORE;
        if (in.p[i + 1] != '\n')
            return LINE_BAD;
        *out = str_sub(in, from, i - from);
        return LINE_WHOLE;
    }
    return LINE_MORE;
}

/* ---- the request line ---- */

static struct read_result read_version(struct str s, bool *out_http10)
{
    struct str rest, major;

    if (str_eq(s, STR("HTTP/1.1")) || str_eq(s, STR("HTTP/1.0"))) {
        *out_http10 = s.p[s.n - 1] == '0';
        return done(0);
    }
    if (!str_starts(s, STR("HTTP/")))
        return refuse(400, "the request line ends in no HTTP version");
    rest = str_sub(s, 5, s.n);
    if (str_split(&rest, '.', &major) && str_all_digits(major) && str_all_digits(rest))
        return refuse(505, "HTTP version is neither 1.0 nor 1.1");
    return refuse(400, "malformed HTTP version");
}

static struct read_result read_target(struct str s, struct request *rq)
{
    ptrdiff_t mark;

    if (!all_are(s, TARGET))
        return refuse(400, "the target holds a byte that no URL has");
    if (s.p[0] != '/')
        return refuse(400, "the target is not in origin form");
    mark = str_find(s, '?');
    rq->target = s;
    rq->path = mark == STR_NPOS ? s : str_sub(s, 0, (size_t)mark);
    rq->query = mark == STR_NPOS ? STR("") : str_sub(s, (size_t)mark + 1, s.n);
    return done(0);
}

static struct read_result read_request_line(struct str line, struct request *rq, bool *out_http10)
{
    struct str rest = line, method, target, version;
    struct read_result r;

    if (!str_split(&rest, ' ', &method) || !str_split(&rest, ' ', &target) ||
        !str_split(&rest, ' ', &version) || rest.p)
        return refuse(400, "the request line is not three words");
    if (!all_are(method, TOKEN))
        return refuse(400, "the method is no token");
    if ((r = read_version(version, out_http10)).is == READ_REFUSED ||
        (r = read_target(target, rq)).is == READ_REFUSED)
        return r;
    rq->method = method_from(method);
    if (rq->method == METHOD_COUNT)
        return refuse(501, "unknown method");
    return done(0);
}

/* ---- header lines ---- */

static struct read_result read_header(struct str line, struct request *rq)
{
    struct header *h = &rq->headers[rq->header_count];
    ptrdiff_t colon = str_find(line, ':');

    if (line.p[0] == ' ' || line.p[0] == '\t')
        return refuse(400, "a folded header line");
    if (rq->header_count == REQUEST_HEADERS_MAX)
        return refuse(431, "too many headers");
    if (colon == STR_NPOS)
        return refuse(400, "a header line without a colon");
    h->name = str_sub(line, 0, (size_t)colon);
    h->value = str_trim(str_sub(line, (size_t)colon + 1, line.n));
    if (!all_are(h->name, TOKEN))
        return refuse(400, "a header name is no token");
    if (!str_is_utf8(h->value))
        return refuse(400, "a header value is not UTF-8");
    rq->header_count++;
    return done(0);
}

/* Which of two would hold is anybody's guess; so there may be one. */
static const struct str singles[] = {
    STR("Host"),         STR("Content-Length"), STR("Transfer-Encoding"),
    STR("Content-Type"), STR("Authorization"),  STR("Expect"),
    STR("Origin"),
};

static bool is_repeated(const struct request *rq, struct str name)
{
    size_t n = 0;

    for (size_t i = 0; i < rq->header_count; i++)
        n += str_eq_nocase(rq->headers[i].name, name);
    return n > 1;
}

/* True if a comma-separated header holds the word, over all its lines. */
static bool header_lists(const struct request *rq, struct str name, struct str word)
{
    for (size_t i = 0; i < rq->header_count; i++) {
        struct str rest = rq->headers[i].value, item;

        if (!str_eq_nocase(rq->headers[i].name, name))
            continue;
        while (str_split(&rest, ',', &item)) {
            if (str_eq_nocase(str_trim(item), word))
                return true;
        }
    }
    return false;
}

static struct read_result judge_host(struct request *rq, bool http10)
{
    struct host h;

    rq->host = request_header(rq, STR("Host"));
    if (!rq->host.p)
        return http10 ? done(0) : refuse(400, "no Host header");
    if (!host_parse(rq->host, &h))
        return refuse(400, "malformed Host header");
    return done(0);
}

static struct read_result judge_body(const struct request *rq, bool http10, struct framing *f)
{
    struct str coding = request_header(rq, STR("Transfer-Encoding"));
    struct str length = request_header(rq, STR("Content-Length"));
    int64_t n;

    if (coding.p) {
        if (!str_eq_nocase(coding, STR("chunked")))
            return refuse(501, "a Transfer-Encoding other than chunked");
        if (http10 || length.p)
            return refuse(400, "Transfer-Encoding beside Content-Length or HTTP/1.0");
        f->body = BODY_CHUNKED;
        return done(0);
    }
    if (!length.p)
        return done(0);
    if (!str_all_digits(length))
        return refuse(400, "Content-Length is not digits alone");
    if (!str_to_i64(length, 0, INT64_MAX, &n))
        return refuse(413, "Content-Length beyond any body");
    f->body = n > 0 ? BODY_LENGTH : BODY_NONE;
    f->length = (uint64_t)n;
    return done(0);
}

static struct read_result judge_expect(const struct request *rq, bool http10, struct framing *f)
{
    struct str expect = request_header(rq, STR("Expect"));

    if (!expect.p || http10) /* RFC 9110 10.1.1: in HTTP/1.0 it means nothing */
        return done(0);
    if (!str_eq_nocase(expect, STR("100-continue")))
        return refuse(417, "an expectation other than 100-continue");
    f->expects_continue = f->body != BODY_NONE;
    return done(0);
}

static struct read_result judge_head(struct request *rq, bool http10, struct framing *f)
{
    struct read_result r;

    EACH_ROW (name, singles) {
        if (is_repeated(rq, *name))
            return refuse(400, "a header that may come once came twice");
    }
    *f = (struct framing){.http10 = http10};
    if ((r = judge_host(rq, http10)).is == READ_REFUSED ||
        (r = judge_body(rq, http10, f)).is == READ_REFUSED ||
        (r = judge_expect(rq, http10, f)).is == READ_REFUSED)
        return r;
    f->keep_alive = http10 ? header_lists(rq, STR("Connection"), STR("keep-alive"))
                           : !header_lists(rq, STR("Connection"), STR("close"));
    return done(0);
}

struct read_result head_read(struct str bytes, size_t head_max, struct request *rq,
                             struct framing *out)
{
    struct str in = str_sub(bytes, 0, head_max), line = STR_NONE;
    bool http10 = false;
    size_t at = 0;

    rq->header_count = 0;
    for (;;) {
        struct read_result r;
        enum line_is is = line_at(in, at, &line);

        if (is == LINE_BAD)
            return refuse(400, "a control byte, bare CR or bare LF in the head");
        if (is == LINE_MORE)
            return in.n == head_max ? refuse(431, "the head is too long") : more();
        if (at == 0)
            r = read_request_line(line, rq, &http10);
        else if (line.n > 0)
            r = read_header(line, rq);
        else
            r = judge_head(rq, http10, out);
        at += line.n + 2;
        if (r.is == READ_REFUSED)
            return r;
        if (line.n == 0) /* the first line cannot be empty: it was three words */
            return done(at);
    }
}

/* ---- bodies ---- */

enum { AT_DATA, AT_CHUNK_SIZE, AT_CHUNK_DATA, AT_CHUNK_END, AT_LAST_END };

/* Sizes of more digits are refused unread: nobody sends a chunk of 4 GiB, or that many zeros. */
enum { CHUNK_DIGITS_MAX = 8 };

struct read_result body_begin(struct body_reader *b, const struct framing *f, size_t max)
{
    *b = (struct body_reader){.state = AT_DATA, .left = f->length, .max = max};
    if (f->body == BODY_NONE)
        return done(0);
    if (f->body == BODY_LENGTH && f->length > max)
        return refuse(413, "the body is announced too large");
    if (f->body == BODY_CHUNKED)
        b->state = AT_CHUNK_SIZE;
    return more();
}

/* READ_DONE with used = 2 if s starts with CR LF. */
static struct read_result read_crlf(struct str s)
{
    if ((s.n > 0 && s.p[0] != '\r') || (s.n > 1 && s.p[1] != '\n'))
        return refuse(400, "a chunk does not end in CR LF, or a trailer follows");
    return s.n > 1 ? done(2) : more();
}

static struct read_result read_chunk_size(struct str s, uint64_t *out)
{
    static const char digits[] = "0123456789abcdef";
    struct read_result r;
    uint64_t v = 0;
    size_t n = 0;

    while (n < s.n && s.p[n] != '\r') {
        char c = char_lower(s.p[n]);
        const char *digit = c ? strchr(digits, c) : NULL;

        if (!digit || ++n > CHUNK_DIGITS_MAX)
            return refuse(400, "malformed chunk size");
        v = v << 4 | (uint64_t)(digit - digits);
    }
    if (n == 0 && s.n > 0)
        return refuse(400, "a chunk without a size");
    r = read_crlf(str_sub(s, n, s.n));
    r.used += n;
    *out = v;
    return r;
}

/* Moves data from s to *out. READ_DONE when nothing is left of the body or chunk. */
static struct read_result read_data(struct body_reader *b, struct str s, struct buf *out)
{
    size_t n = MIN_OF(b->left, s.n);

    buf_add(out, str_sub(s, 0, n));
    b->left -= n;
    b->got += n;
    return (struct read_result){.is = b->left ? READ_MORE : READ_DONE, .used = n};
}

/* One step of the chunked coding; READ_DONE when the step (not the body) is complete. */
static struct read_result read_chunked(struct body_reader *b, struct str s, struct buf *out)
{
    struct read_result r = more();

    switch (b->state) {
    case AT_CHUNK_SIZE:
        r = read_chunk_size(s, &b->left);
        if (r.is == READ_DONE && b->left > b->max - b->got)
            return refuse(413, "the chunks are too many");
        if (r.is == READ_DONE)
            b->state = b->left ? AT_CHUNK_DATA : AT_LAST_END;
        break;
    case AT_CHUNK_DATA:
        r = read_data(b, s, out);
        if (r.is == READ_DONE)
            b->state = AT_CHUNK_END;
        break;
    case AT_CHUNK_END:
        r = read_crlf(s);
        if (r.is == READ_DONE)
            b->state = AT_CHUNK_SIZE;
        break;
    default:
        break;
    }
    return r;
}

struct read_result body_read(struct body_reader *b, struct str bytes, struct buf *out)
{
    size_t used = 0;
    struct read_result r;

    if (b->state == AT_DATA)
        return read_data(b, bytes, out);
    do {
        struct str rest = str_sub(bytes, used, bytes.n);
        bool last = b->state == AT_LAST_END;

        r = last ? read_crlf(rest) : read_chunked(b, rest, out);
        if (r.is == READ_DONE || b->state == AT_CHUNK_DATA)
            used += r.used;
        if (last && r.is == READ_DONE)
            break;
    } while (r.is == READ_DONE);
    r.used = used;
    return r;
}
