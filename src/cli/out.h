/*
 * out.h: what a command says. Text is collected here and leaves in one place (out_flush), so that a
 * command gives the same bytes whether it runs in this process or in the server.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "base/buf.h"
#include "base/ctx.h"

#include <jansson.h>

enum { OUT_MAX = 2 * MIB }; /* each of the two; a command that would say more asks for --limit */

/* What the shell sees; listed in countersign(8). */
enum cli_exit {
    CLI_OK,
    CLI_FAILED,    /* the message says why */
    CLI_USAGE,     /* wrong words, flags or settings */
    CLI_NOT_FOUND, /* no such application, person, entry */
    CLI_BUSY,      /* the server or the store cannot be had now; try again */
    CLI_CONFLICT,  /* the name is taken, or the state does not allow it */
};

struct cli_out {
    struct buf out, err;
};

void out_init(struct cli_out *o);
void out_deinit(struct cli_out *o);
void out_reset(struct cli_out *o);
/* Writes both to standard output and error, and forgets them. */
void out_flush(struct cli_out *o);

enum cli_exit out_exit(enum err e);

/* One JSON value on one line; takes the reference. */
void out_json(struct cli_out *o, json_t *value);
/* A JSON string of a view that may be invalid UTF-8 (then U+FFFD stands in its place). */
json_t *out_json_str(struct str s);
/* An instant as "2026-11-21T22:40:21Z", or null for 0. */
json_t *out_json_time(int64_t at_ms);

/* "2026-11-21 22:40:21", or "never" for 0. */
struct str out_time(struct ctx *cx, int64_t at_ms);

/* ---- text for people ---- */

/* Aligned columns under a head. Cells are copied; control characters in them become '?', since a
 * name must not drive the operator's terminal. */
struct table {
    struct ctx *cx;
    const char *const *head; /* NULL: two columns of label and value, without a head */
    size_t columns;
    struct str *cells;
    size_t n, cap;
    size_t wrap; /* break the last column at blanks so that lines have at most so many; 0 = never */
};
void table_init(struct table *t, struct ctx *cx, const char *const *head, size_t columns);
void table_cell(struct table *t, struct str s);
void table_print(const struct table *t, struct buf *out);

#endif
