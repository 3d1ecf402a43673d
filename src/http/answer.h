/*
 * answer.h: from a response to bytes: status line, the headers that every answer has, body.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/response.h"

enum { ANSWER_MAX = RESPONSE_BODY_MAX + 2 * RESPONSE_HEAD_MAX };

/* "Not Found"; "Unknown" for a status without a name here. */
struct str answer_reason(int status);

struct answer {
    struct str date; /* CLOCK_HTTP_LEN characters */
    bool hsts;       /* the site is https only */
    bool close;      /* say Connection: close */
    bool keep;       /* say Connection: keep-alive, as HTTP/1.0 needs to hear */
    bool head_only;  /* to HEAD: everything but the body */
};

/* Writes rs as it goes on the wire. A response with a wait gets no length: it ends by closing. */
void answer_write(struct buf *out, const struct response *rs, const struct answer *a);
/* An answer to what was no request: the status in words. Always closes. */
void answer_refusal(struct buf *out, int status, const struct answer *a);

#endif
