/*
 * ctx.h: what one request, CLI run or background job carries. First parameter wherever I/O can
 * fail.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"

enum { CTX_ID_LEN = 16, CTX_WHY_MAX = 200 };

struct ctx {
    struct arena *mem;       /* wiped and reset when the ctx ends */
    int64_t now_ms;          /* read once, so a request sees one instant and a test can set it */
    int64_t deadline_ms;     /* inherited by every outbound call; 0 = none */
    int64_t retry_after_s;   /* with ERR_LIMITED and ERR_BUSY: when it is worth trying again */
    const char *rule;        /* with ERR_BLOCKED: a word of the module that refused; else NULL */
    char id[CTX_ID_LEN + 1]; /* in each log line and error reply */
    char why[CTX_WHY_MAX];   /* for the operator; clients get their face's text */
};

/* Makes a ctx of now with a fresh id. mem stays the caller's. */
void ctx_init(struct ctx *cx, struct arena *mem);

/* Records the reason and returns e, so failing is one statement. */
enum err fail(struct ctx *cx, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;
#ifdef __clang_analyzer__ /* it reads one file at a time, and has to be told that e comes back */
#define fail(cx, e, ...) ((void)fail(cx, e, __VA_ARGS__), (e))
#endif

#endif
