/*
 * reader.h: the strict HTTP/1.1 request reader (RFC 9112). Pure: bytes in, a verdict out; no I/O,
 * no clock, no allocation but the body buffer that the caller hands in.
 *
 * It refuses and never repairs. Two programs that read one request differently are how requests get
 * smuggled, so whatever leaves room for a second reading gets a status and the connection ends:
 * line ends are CR LF, a name touches its colon, there is one Host, one Content-Length of digits or
 * `chunked` alone, no folded lines, no control bytes, no trailers, no chunk extensions, targets in
 * origin form only. Header values are UTF-8, because they end in logs and rows.
 */
#ifndef HTTP_READER_H
#define HTTP_READER_H

#include "base/buf.h"
#include "http/request.h"

enum read_is {
    READ_MORE,    /* a good beginning; come back with more bytes */
    READ_DONE,    /* complete; `used` bytes belong to it */
    READ_REFUSED, /* no continuation could make it good: answer `status` and close */
};

struct read_result {
    enum read_is is;
    size_t used;     /* bytes consumed; the rest is the next request's */
    int status;      /* 400, 413, 417, 431, 501 or 505 when refused */
    const char *why; /* for the log; constant text */
};

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

/* What the head says about the connection and the body behind it. */
struct framing {
    enum body_kind body;
    uint64_t length;       /* with BODY_LENGTH */
    bool http10;           /* HTTP/1.0, where keeping a connection must be said */
    bool keep_alive;       /* the client wants the connection kept */
    bool expects_continue; /* waits for "100 Continue" before it sends the body */
};

/*
 * Reads a request head. `bytes` is all that arrived and was not consumed; call again with more of
 * the same when it says READ_MORE (it keeps nothing, and it refuses at the first byte that is
 * wrong, not at the end). A head longer than head_max bytes is refused with 431. On READ_DONE
 * method, target, path, query, host and headers of *rq are views into `bytes`; other members are
 * untouched.
 */
struct read_result head_read(struct str bytes, size_t head_max, struct request *rq,
                             struct framing *out);

/* Progress through one body; a plain value. */
struct body_reader {
    int state;
    uint64_t left; /* of the body or the present chunk */
    uint64_t max;  /* decoded bytes allowed */
    uint64_t got;  /* decoded so far */
};

/* READ_DONE when there is no body, READ_MORE, or READ_REFUSED with 413 if it is announced larger
 * than max bytes. */
struct read_result body_begin(struct body_reader *b, const struct framing *f, size_t max);
/* Decodes fresh bytes into *out (whose own max must be at least the body's). `used` of them were
 * consumed, whatever the verdict; hand in the rest again with what arrives behind it. */
struct read_result body_read(struct body_reader *b, struct str bytes, struct buf *out);

#endif
