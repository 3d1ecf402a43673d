/*
 * sqlsource.h: a file of SQL, token by token, and the sentence that ends the tool when something in
 * it is wrong: "FILE:LINE: sentence", exit status 1.
 */
#ifndef TOOLS_SQLSOURCE_H
#define TOOLS_SQLSOURCE_H

#include "base/arena.h"
#include "base/str.h"

enum { SOURCE_LEN_MAX = 256 * KIB };

struct source {
    const char *path;
    struct str text;
    size_t at;
    unsigned line; /* of `at` */
};

enum token_kind { T_END, T_SPACE, T_COMMENT, T_STRING, T_WORD, T_PARAM, T_OTHER };

struct token {
    enum token_kind kind;
    struct str text;
    unsigned line;
};

PRINTF_LIKE(3, 4) NORETURN void die(const char *path, unsigned line, const char *fmt, ...);

/* The whole file, in mem. */
struct source source_read(struct arena *mem, const char *path);
/* The next token, white space and comments included; T_END behind the last. */
struct token token_next(struct source *src);

#endif
