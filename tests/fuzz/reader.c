/*
 * reader.c: bytes that claim to be a request. Whatever they are, the size of the pieces that they
 * come in changes nothing, and what is taken keeps what reader.h promises.
 */
#include "http/reader_steps.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static bool is_within(struct str s, struct str in)
{
    return s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n);
}

static void check_request(const struct request *rq, struct str in)
{
    must(rq->method < METHOD_COUNT);
    must(is_within(rq->target, in) && is_within(rq->host, in));
    must(rq->path.n > 0 && rq->path.p[0] == '/' && str_find(rq->path, '?') == STR_NPOS);
    must(rq->path.n + rq->query.n <= rq->target.n);
    must(rq->header_count <= REQUEST_HEADERS_MAX);
    for (size_t i = 0; i < rq->header_count; i++) {
        const struct header *h = &rq->headers[i];

        must(h->name.n > 0 && is_within(h->name, in) && is_within(h->value, in));
        must(str_is_utf8(h->value) && str_find(h->value, '\r') == STR_NPOS);
        must(str_find(h->value, '\n') == STR_NPOS && str_find(h->value, '\0') == STR_NPOS);
    }
}

static void check_framing(const struct outcome *o)
{
    struct str length = request_header(&o->rq, STR("Content-Length"));
    struct str coding = request_header(&o->rq, STR("Transfer-Encoding"));

    must(!length.p || !coding.p);
    must((o->framing.body == BODY_CHUNKED) == (coding.p != NULL));
    if (o->framing.body == BODY_LENGTH)
        must(o->body.n == o->framing.length);
    if (o->framing.body == BODY_NONE)
        must(o->body.n == 0);
}

/* A head is read anew with every piece: a long one in single bytes would take the time of thousands
 * of inputs. Short ones come in pieces of every size. */
enum { PIECES_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 2, 7, 1024};
    struct str in = bytes_str((struct bytes){data, size});
    struct outcome whole = {0};

    read_in_steps(in, size, &whole);
    if (whole.status == 0) {
        must(whole.used <= size);
        check_request(&whole.rq, in);
        check_framing(&whole);
    }
    EACH_ROW (step, steps) {
        struct outcome pieces = {0};

        if (size / *step > PIECES_MAX)
            continue;
        read_in_steps(in, *step, &pieces);
        must(pieces.status == whole.status);
        if (whole.status == 0)
            must(pieces.used == whole.used && str_eq(buf_str(&pieces.body), buf_str(&whole.body)));
        outcome_deinit(&pieces);
    }
    outcome_deinit(&whole);
    return 0;
}
