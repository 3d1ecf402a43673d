/*
 * csv.h: rows of comma-separated values (RFC 4180), for imports. Pure: text in, cells out.
 *
 * Cells may be quoted, with "" for a quote; LF or CR LF end a row outside of quotes. Empty lines
 * are skipped.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "base/ctx.h"
#include "base/str.h"

enum { CSV_CELLS_MAX = 32 };

struct csv_reader {
    struct str rest; /* start it with the whole text */
    unsigned line;   /* where the present row begins, from 1; 0 before the first */
    unsigned lines;  /* read so far */
};

struct csv_row {
    struct str cell[CSV_CELLS_MAX];
    size_t n;
};

/* *out_more is false behind the last row. ERR_INVALID: the row at r->line is malformed; reading may
 * go on behind it. */
enum err csv_next(struct ctx *cx, struct csv_reader *r, struct csv_row *out, bool *out_more);

#endif
