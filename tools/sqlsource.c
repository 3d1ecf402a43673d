/* sqlsource.c: see sqlsource.h. */
#include "sqlsource.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void die(const char *path, unsigned line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%u: ", path, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

struct source source_read(struct arena *mem, const char *path)
{
    char *p = arena_alloc(mem, SOURCE_LEN_MAX);
    FILE *f = fopen(path, "r");
    size_t n;

    if (!f)
        die(path, 0, "cannot be opened");
    n = fread(p, 1, SOURCE_LEN_MAX, f);
    if (ferror(f) || n == SOURCE_LEN_MAX)
        die(path, 0, "cannot be read, or is too long");
    fclose(f);
    return (struct source){
        .path = path, .text = {p, n},
             .line = 1
    };
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Bytes of the token that starts at s.p[0]; s is not empty. */
static size_t token_len(const struct source *src, struct str s, enum token_kind *kind)
{
    struct str rest = str_sub(s, 1, s.n);
    ptrdiff_t end;
    size_t n = 1;

    if (isspace((unsigned char)s.p[0])) {
        *kind = T_SPACE;
        while (n < s.n && isspace((unsigned char)s.p[n]))
            n++;
        return n;
    }
    if (str_starts(s, STR("--"))) {
        *kind = T_COMMENT;
        end = str_find(s, '\n');
        return end == STR_NPOS ? s.n : (size_t)end;
    }
    if (str_starts(s, STR("/*")))
        die(src->path, src->line, "comments start with --");
    if (s.p[0] == '\'' ||
        s.p[0] == '"') { /* a doubled quote inside reads as two neighbours: fine */
        *kind = T_STRING;
        end = str_find(rest, s.p[0]);
        if (end == STR_NPOS)
            die(src->path, src->line, "the quote %c is not closed", s.p[0]);
        return (size_t)end + 2;
    }
    if (is_word(s.p[0]) || s.p[0] == '$') {
        *kind = s.p[0] == '$' ? T_PARAM : T_WORD;
        while (n < s.n && is_word(s.p[n]))
            n++;
        return n;
    }
    *kind = T_OTHER;
    return 1;
}

struct token token_next(struct source *src)
{
    struct token t = {.kind = T_END, .line = src->line};
    struct str rest = str_sub(src->text, src->at, src->text.n);

    if (rest.n == 0)
        return t;
    t.text = str_sub(rest, 0, token_len(src, rest, &t.kind));
    for (size_t i = 0; i < t.text.n; i++)
        src->line += t.text.p[i] == '\n';
    src->at += t.text.n;
    return t;
}
