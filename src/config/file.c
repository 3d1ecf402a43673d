/* file.c: see file.h. Values are copied only when a quoted one holds an escape. */
#include "config/file.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* After a value only a comment may follow. */
static bool is_tail(struct str s)
{
    s = str_trim(s);
    return s.n == 0 || s.p[0] == '#';
}

static enum err read_quoted(struct ctx *cx, struct str s, struct str *out)
{
    char *p = arena_alloc(cx->mem, s.n + 1);
    size_t n = 0, i = 1;

    for (; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] == '\\') {
            i++;
            if (i == s.n || (s.p[i] != '"' && s.p[i] != '\\'))
                return fail(cx, ERR_INVALID,
                            "in quotes, only \\\" and \\\\ may follow a backslash");
        }
        p[n++] = s.p[i];
    }
    if (i == s.n)
        return fail(cx, ERR_INVALID, "the closing quote is missing");
    if (!is_tail(str_sub(s, i + 1, s.n)))
        return fail(cx, ERR_INVALID, "something follows the closing quote");
    *out = (struct str){p, n};
    return OK;
}

static enum err read_value(struct ctx *cx, struct str s, struct str *out)
{
    size_t n = 0;

    if (s.n && s.p[0] == '"')
        return read_quoted(cx, s, out);
    while (n < s.n && !(s.p[n] == '#' && (n == 0 || is_blank(s.p[n - 1]))))
        n++;
    *out = str_trim(str_sub(s, 0, n));
    if (str_find(*out, '"') != STR_NPOS)
        return fail(cx, ERR_INVALID, "a quote may only be the first character of a value");
    return OK;
}

enum err file_next(struct ctx *cx, struct file_reader *r, struct str *out_name,
                   struct str *out_value, bool *out_more)
{
    struct str line, name, value;
    ptrdiff_t equals;
    enum err e;

    while (str_split(&r->rest, '\n', &line)) {
        r->line++;
        if (str_ends(line, STR("\r")))
            line.n--;
        if (is_tail(line))
            continue;
        if (!str_is_utf8(line) || str_find(line, '\0') != STR_NPOS)
            return fail(cx, ERR_INVALID, "is not UTF-8 text");
        equals = str_find(line, '=');
        if (equals == STR_NPOS)
            return fail(cx, ERR_INVALID, "must be a name, \"=\" and a value");
        name = str_trim(str_sub(line, 0, (size_t)equals));
        if (name.n == 0)
            return fail(cx, ERR_INVALID, "has no name before the \"=\"");
        if ((e = read_value(cx, str_trim(str_sub(line, (size_t)equals + 1, line.n)), &value)))
            return e;
        *out_name = name;
        *out_value = value;
        *out_more = true;
        return OK;
    }
    *out_more = false;
    return OK;
}
