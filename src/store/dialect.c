/* dialect.c: see dialect.h. Words outside of quotes; sqlgen has taken the comments away. */
#include "store/dialect.h"
#include "base/buf.h"

#include <ctype.h>

enum { SCHEMA_MAX = 1 * MIB };

static const struct {
    struct str pg, sqlite;
} types[] = {
    {STR("BIGINT"), STR("INTEGER")},
    {STR("BYTEA"),  STR("BLOB")   },
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static struct str translate(struct str word)
{
    EACH_ROW (row, types) {
        if (str_eq_nocase(word, row->pg))
            return row->sqlite;
    }
    return word;
}

/* Bytes of the quoted text, the word or the single character at the start of s. */
static size_t piece_len(struct str s)
{
    size_t n = 1;

    if (s.p[0] == '\'' || s.p[0] == '"') {
        ptrdiff_t end = str_find(str_sub(s, 1, s.n), s.p[0]);

        return end == STR_NPOS ? s.n : (size_t)end + 2;
    }
    while (is_word(s.p[0]) && n < s.n && is_word(s.p[n]))
        n++;
    return n;
}

const char *dialect_sqlite(struct arena *mem, struct str sql)
{
    struct str words[2] = {0}; /* the statement's first two */
    OWN(buf_deinit) struct buf out;
    size_t n = 0;

    buf_init(&out, SCHEMA_MAX);
    while (sql.n > 0) {
        struct str piece = str_sub(sql, 0, piece_len(sql));

        sql = str_sub(sql, piece.n, sql.n);
        if (piece.p[0] == ';') {
            if (str_eq_nocase(words[0], STR("CREATE")) && str_eq_nocase(words[1], STR("TABLE")))
                buf_add(&out, STR(" STRICT"));
            n = 0;
        } else if (is_word(piece.p[0])) {
            if (n < COUNT_OF(words))
                words[n++] = piece;
            piece = translate(piece);
        }
        buf_add(&out, piece);
    }
    return arena_str(mem, buf_str(&out)).p;
}
