/*
 * err.h: what a caller can act on. A code is added only when somebody branches on it; the sentence
 * for the operator is in cx->why (ctx.h). Each face keeps one table from these to its wire.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    OK,
    ERR_INVALID,   /* malformed or unacceptable input */
    ERR_NOT_FOUND, /* no such thing, or not yours */
    ERR_DENIED,    /* proof missing or wrong */
    ERR_CONFLICT,  /* somebody else was first, or the state does not allow it */
    ERR_LIMITED,   /* a budget is used up; cx->retry_after_s says when to come back */
    ERR_BLOCKED,   /* a rule of the operator's forbids it, and cx->rule says which */
    ERR_EXPIRED,   /* was right once */
    ERR_BUSY,      /* a bounded queue is full; try again */
    ERR_UPSTREAM,  /* somebody else's server failed us */
    ERR_INTERNAL,  /* our fault */
    ERR_COUNT,
};

/* A stable word for logs: "not_found". */
const char *err_name(enum err e);

#endif
