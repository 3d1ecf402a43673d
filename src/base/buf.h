/*
 * buf.h: a growing byte buffer with a ceiling. Write freely, ask `full` once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *p; /* owned; NUL-terminated once anything was added */
    size_t n, cap, max;
    bool full; /* an add did not fit into max; everything after it was dropped */
};

void buf_init(struct buf *b, size_t max); /* no default: say how big it may get */
void buf_deinit(struct buf *b);           /* wipes and frees; b may be used again after buf_init */
void buf_reset(struct buf *b);            /* empty again, memory kept */
void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str buf_str(const struct buf *b); /* lives until the next change of b */
/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);

#endif
