/*
 * fetch.h: one request that a command makes and waits for, to an address that its person has named.
 * What the server sends on its own is transfer.h's: there, nothing waits and every address is
 * filtered.
 */
#ifndef CHANNEL_FETCH_H
#define CHANNEL_FETCH_H

#include "base/ctx.h"
#include "base/str.h"

enum {
    FETCH_WHOLE_MS = 30000,
    FETCH_SILENCE_S = 90, /* a stream that says nothing for so long is dead; its heart beats */
    FETCH_ANSWER_MAX = 1 * MIB, /* of an answer that is collected */
};

struct fetch {
    const char *method; /* "POST" */
    struct str url;     /* http or https; certificates are verified, redirects not followed */
    const struct str *headers; /* "X-Device: YF…", without line ends */
    size_t header_count;
    struct str body;
    const char *ca_file; /* PEM: instead of the system's authorities; NULL = those */
    /* A stream: gets what a 200 brings as it comes, until it returns false. NULL: collect. */
    bool (*take)(void *arg, struct str part);
    void *arg;
};

struct fetched {
    long status;
    struct str body; /* in cx->mem; of a stream only when it was refused */
};

/* ERR_UPSTREAM: no (whole) answer; cx->why says what was wrong. A stream that `take` has ended is
 * OK. */
enum err fetch(struct ctx *cx, const struct fetch *in, struct fetched *out);

#endif
