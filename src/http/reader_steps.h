/*
 * reader_steps.h: reads a request as a connection does, in pieces of any size. For the reader's
 * tests and its fuzz target, which hold the pieces against the whole.
 */
#ifndef HTTP_READER_STEPS_H
#define HTTP_READER_STEPS_H

#include "http/reader.h"

enum { STEPS_HEAD_MAX = 8 * KIB, STEPS_BODY_MAX = 16 * KIB };

struct outcome {
    int status;  /* 0 = complete, -1 = needs more, else why it is refused */
    size_t used; /* bytes, when complete */
    struct request rq;
    struct framing framing;
    struct buf body;
};

static inline void outcome_deinit(struct outcome *o)
{
    buf_deinit(&o->body);
}

/* Reads `in` as it arrives `step` bytes at a time. What stands behind the request is left alone. */
static inline void read_in_steps(struct str in, size_t step, struct outcome *o)
{
    struct read_result r = {.is = READ_MORE};
    struct body_reader b = {0};
    size_t have = 0;

    buf_init(&o->body, STEPS_BODY_MAX);
    while (r.is == READ_MORE && have < in.n) {
        have = MIN_OF(have + step, in.n);
        r = head_read(str_sub(in, 0, have), STEPS_HEAD_MAX, &o->rq, &o->framing);
    }
    if (r.is == READ_DONE) {
        o->used = r.used;
        r = body_begin(&b, &o->framing, STEPS_BODY_MAX);
        while (r.is == READ_MORE) {
            r = body_read(&b, str_sub(in, o->used, have - o->used), &o->body);
            o->used += r.used;
            if (r.is == READ_MORE && have == in.n)
                break;
            have = MIN_OF(have + step, in.n);
        }
    }
    o->status = r.is == READ_MORE ? -1 : r.is == READ_REFUSED ? r.status : 0;
}

#endif
