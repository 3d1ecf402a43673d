/* buf.c: growth by doubling up to the ceiling that the owner named. */
#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CAP_LEAST = 256 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_deinit(struct buf *b)
{
    if (b->p) {
        explicit_bzero(b->p, b->cap);
        mem_free(b->p);
    }
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

/* Makes room for n more bytes and a NUL. Grows by copy, so that the old bytes can be wiped. */
static bool reserve(struct buf *b, size_t n)
{
    size_t cap;
    char *p;

    if (b->full || n > b->max - b->n) {
        b->full = true;
        return false;
    }
    if (b->n + n + 1 <= b->cap)
        return true;
    cap = MAX_OF(b->cap * 2, (size_t)CAP_LEAST);
    cap = MAX_OF(cap, b->n + n + 1);
    p = mem_alloc(cap);
    if (b->p) {
        memcpy(p, b->p, b->n);
        explicit_bzero(b->p, b->cap);
        mem_free(b->p);
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, struct str s)
{
    if (!reserve(b, s.n))
        return;
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, (struct str){&c, 1});
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n};
}

void buf_drop(struct buf *b, size_t n)
{
    n = MIN_OF(n, b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
    b->p[b->n] = '\0';
}
