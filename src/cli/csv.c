/* csv.c: see csv.h. */
#include "cli/csv.h"
#include "base/buf.h"

enum { CELL_MAX = 4 * KIB };

static char peek(const struct csv_reader *r)
{
    return r->rest.n ? r->rest.p[0] : '\n';
}

static void skip(struct csv_reader *r)
{
    if (r->rest.n == 0)
        return;
    if (r->rest.p[0] == '\n')
        r->lines++;
    r->rest = str_sub(r->rest, 1, r->rest.n);
}

static bool at_end(const struct csv_reader *r)
{
    return peek(r) == '\n' || (peek(r) == '\r' && (r->rest.n < 2 || r->rest.p[1] == '\n'));
}

static void skip_end(struct csv_reader *r)
{
    if (peek(r) == '\r')
        skip(r);
    skip(r);
}

/* Behind the opening quote. False when there is no closing one. */
static bool quoted(struct csv_reader *r, struct buf *out)
{
    for (; r->rest.n; skip(r)) {
        if (peek(r) == '"') {
            skip(r);
            if (peek(r) != '"' || r->rest.n == 0)
                return true;
        }
        buf_addc(out, peek(r));
    }
    return false;
}

static bool cell(struct csv_reader *r, struct buf *out)
{
    if (peek(r) == '"' && r->rest.n) {
        skip(r);
        return quoted(r, out) && (peek(r) == ',' || at_end(r)) && !out->full;
    }
    while (peek(r) != ',' && !at_end(r)) {
        buf_addc(out, peek(r));
        skip(r);
    }
    return !out->full;
}

enum err csv_next(struct ctx *cx, struct csv_reader *r, struct csv_row *out, bool *out_more)
{
    struct csv_row row = {.n = 0};
    bool ok = true;

    while (r->rest.n && at_end(r))
        skip_end(r);
    *out_more = r->rest.n > 0;
    r->line = r->lines + 1;
    if (!*out_more)
        return OK;
    for (;;) {
        OWN(buf_deinit) struct buf b = {.max = CELL_MAX};

        if (!cell(r, &b) || row.n == CSV_CELLS_MAX)
            ok = false;
        else
            row.cell[row.n++] = arena_str(cx->mem, str_trim(buf_str(&b)));
        if (!ok || peek(r) != ',' || r->rest.n == 0)
            break;
        skip(r);
    }
    while (!at_end(r)) /* of a malformed one */
        skip(r);
    skip_end(r);
    if (!ok)
        return fail(cx, ERR_INVALID, "line %u is not as CSV must be", r->line);
    *out = row;
    return OK;
}
