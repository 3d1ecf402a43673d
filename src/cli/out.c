/* out.c: see out.h. */
#include "cli/out.h"
#include "base/clock.h"

#include <errno.h>
#include <unistd.h>

enum { INDENT = 2, GAP = 2, CELLS_FIRST = 64 };

void out_init(struct cli_out *o)
{
    buf_init(&o->out, OUT_MAX);
    buf_init(&o->err, OUT_MAX);
}

void out_deinit(struct cli_out *o)
{
    buf_deinit(&o->out);
    buf_deinit(&o->err);
}

void out_reset(struct cli_out *o)
{
    buf_reset(&o->out);
    buf_reset(&o->err);
}

static void write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody reads: nothing can be said about it either */
        s = str_sub(s, (size_t)n, s.n);
    }
}

void out_flush(struct cli_out *o)
{
    write_all(STDOUT_FILENO, buf_str(&o->out));
    write_all(STDERR_FILENO, buf_str(&o->err));
    out_reset(o);
}

enum cli_exit out_exit(enum err e)
{
    static const enum cli_exit exits[ERR_COUNT] = {
        [OK] = CLI_OK,
        [ERR_INVALID] = CLI_USAGE,
        [ERR_NOT_FOUND] = CLI_NOT_FOUND,
        [ERR_DENIED] = CLI_FAILED,
        [ERR_CONFLICT] = CLI_CONFLICT,
        [ERR_LIMITED] = CLI_BUSY,
        [ERR_EXPIRED] = CLI_FAILED,
        [ERR_BUSY] = CLI_BUSY,
        [ERR_UPSTREAM] = CLI_FAILED,
        [ERR_BLOCKED] = CLI_FAILED,
        [ERR_INTERNAL] = CLI_FAILED,
    };

    return e < ERR_COUNT ? exits[e] : CLI_FAILED;
}

/* ---- JSON ---- */

static int dump_to_buf(const char *p, size_t n, void *arg)
{
    buf_add(arg, (struct str){p, n});
    return 0;
}

void out_json(struct cli_out *o, json_t *value)
{
    json_dump_callback(value, dump_to_buf, &o->out, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_addc(&o->out, '\n');
    json_decref(value);
}

json_t *out_json_str(struct str s)
{
    return str_is_utf8(s) ? json_stringn(s.p ? s.p : "", s.n) : json_string("\xEF\xBF\xBD");
}

json_t *out_json_time(int64_t at_ms)
{
    char iso[CLOCK_ISO_LEN + 1];

    if (at_ms == 0)
        return json_null();
    clock_iso(at_ms, iso);
    return json_string(iso);
}

struct str out_time(struct ctx *cx, int64_t at_ms)
{
    char iso[CLOCK_ISO_LEN + 1];

    if (at_ms == 0)
        return STR("never");
    clock_iso(at_ms, iso);
    return arena_printf(cx->mem, "%.10s %.8s", iso, iso + 11);
}

/* ---- tables ---- */

void table_init(struct table *t, struct ctx *cx, const char *const *head, size_t columns)
{
    *t = (struct table){.cx = cx, .head = head, .columns = columns};
}

static struct str harmless(struct ctx *cx, struct str s)
{
    struct str copy = arena_str(cx->mem, s);
    char *p = arena_alloc(cx->mem, s.n + 1);

    if (!str_has_control(s))
        return copy;
    for (size_t i = 0; i < s.n; i++) /* what is not ASCII goes too: it may be half of something */
        p[i] = s.p[i] >= 0x20 && s.p[i] < 0x7F ? s.p[i] : '?';
    return (struct str){p, s.n};
}

void table_cell(struct table *t, struct str s)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : (size_t)CELLS_FIRST;
        struct str *cells = ARENA_ARRAY(t->cx->mem, struct str, cap);

        if (t->n)
            memcpy(cells, t->cells, t->n * sizeof(*cells));
        t->cells = cells;
        t->cap = cap;
    }
    t->cells[t->n++] = harmless(t->cx, s);
}

static void pad(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_addc(out, ' ');
}

/* Words, on further lines under `column` where they do not fit. */
static void print_wrapped(struct str text, size_t column, size_t wrap, struct buf *out)
{
    size_t at = column;
    struct str word;

    while (str_split(&text, ' ', &word)) {
        size_t n = str_utf8_count(word);

        if (at > column && at + 1 + n > wrap) {
            buf_addc(out, '\n');
            pad(out, column);
            at = column;
        } else if (at > column) {
            buf_addc(out, ' ');
            at++;
        }
        buf_add(out, word);
        at += n;
    }
}

static void print_row(const struct table *t, const struct str *cells, const size_t *width,
                      struct buf *out)
{
    size_t at = 0, gap = t->head ? 0 : INDENT; /* blanks are due only before the next text */

    for (size_t c = 0; c < t->columns; c++) {
        at += gap;
        if (cells[c].n) {
            pad(out, gap);
            if (t->wrap && c + 1 == t->columns)
                print_wrapped(cells[c], at, t->wrap, out);
            else
                buf_add(out, cells[c]);
            gap = 0;
        }
        gap += width[c] - (cells[c].n ? str_utf8_count(cells[c]) : 0) + GAP;
        at += cells[c].n ? str_utf8_count(cells[c]) : 0;
    }
    buf_addc(out, '\n');
}

void table_print(const struct table *t, struct buf *out)
{
    size_t *width = ARENA_ARRAY(t->cx->mem, size_t, t->columns);
    struct str *head = ARENA_ARRAY(t->cx->mem, struct str, t->columns);

    for (size_t c = 0; t->head && c < t->columns; c++) {
        head[c] = str_from(t->head[c]);
        width[c] = head[c].n;
    }
    for (size_t i = 0; i + t->columns <= t->n; i += t->columns) {
        for (size_t c = 0; c < t->columns; c++)
            width[c] = MAX_OF(width[c], str_utf8_count(t->cells[i + c]));
    }
    if (t->head)
        print_row(t, head, width, out);
    for (size_t i = 0; i + t->columns <= t->n; i += t->columns)
        print_row(t, t->cells + i, width, out);
}
