/*
 * sqlgen.c: turns sql/ into C while the program is built.
 *
 *     sqlgen OUT.h OUT.c FILE...
 *
 * A file called NNNN_name.sql is a migration. Every other file holds statements, which look so:
 *
 *     -- :name device_use_step :write :one
 *     -- Accepts a TOTP step once; no row back means replay.
 *     UPDATE device SET used_step = $1 WHERE id = $2 AND used_step < $1 RETURNING id;
 *
 * The mode is :read or :write, the result :one, :many or :exec (no rows). Where PostgreSQL needs
 * other words, a second block headed `-- :name device_use_step :pg` follows, with the same
 * parameters. OUT.h gets the enum, OUT.c the table (src/store/tables.h).
 *
 * Refused here, because it would fail late or on one engine only: parameters whose first
 * appearances are not $1, $2, $3… (SQLite 3.40 numbers by appearance), a :read that writes, a mode
 * that RETURNING contradicts, words that only one of the engines knows, migrations that SQLite
 * refuses (their outcome becomes the baseline of a new store, see baseline.h). Errors are
 * "FILE:LINE: sentence"; then nothing is written and the exit status is 1.
 */
#include "baseline.h"
#include "sqlsource.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 16 * MIB, STATEMENTS_MAX = 2000, MIGRATIONS_MAX = 999 };
enum { MIGRATION_DIGITS = 4 };

struct statement {
    const char *file; /* base name */
    struct str name, doc;
    struct str text, pg_text; /* pg_text: p is NULL unless a :pg block was there */
    struct str mode, rows;    /* "read", "one" */
    unsigned line;            /* of its -- :name */
    unsigned param_count;
};

struct migration {
    const char *path;
    int64_t number;
    struct str name, text;
};

/* The statement that is being put together. */
struct body {
    struct buf text;
    struct token first, previous; /* words; kind is T_END before there was one */
    bool returning, pg;
    unsigned param_count;
};

static struct arena *mem;
static struct statement statements[STATEMENTS_MAX];
static size_t statement_count;
static struct migration migrations[MIGRATIONS_MAX];
static size_t migration_count;

/* ---- what both engines must understand ---- */

static const struct {
    struct str word;
    const char *why;
} refused[] = {
    {STR("AUTOINCREMENT"), "ids come from id_new()"              },
    {STR("ROWID"),         "only SQLite has it"                  },
    {STR("IFNULL"),        "write COALESCE"                      },
    {STR("GLOB"),          "only SQLite has it"                  },
    {STR("STRFTIME"),      "times are parameters, in ms"         },
    {STR("DATETIME"),      "times are BIGINT ms"                 },
    {STR("JULIANDAY"),     "times are parameters, in ms"         },
    {STR("UNIXEPOCH"),     "times are parameters, in ms"         },
    {STR("NOW"),           "times are parameters, in ms"         },
    {STR("TIMESTAMP"),     "times are BIGINT ms"                 },
    {STR("TIMESTAMPTZ"),   "times are BIGINT ms"                 },
    {STR("PRAGMA"),        "only SQLite has it"                  },
    {STR("INTEGER"),       "the types are BIGINT, TEXT and BYTEA"},
    {STR("INT"),           "the types are BIGINT, TEXT and BYTEA"},
    {STR("BLOB"),          "the types are BIGINT, TEXT and BYTEA"},
    {STR("BOOLEAN"),       "the types are BIGINT, TEXT and BYTEA"},
    {STR("VARCHAR"),       "the types are BIGINT, TEXT and BYTEA"},
    {STR("REAL"),          "the types are BIGINT, TEXT and BYTEA"},
    {STR("SERIAL"),        "ids come from id_new()"              },
};

static void check_word(const struct source *src, const struct body *b, struct token t)
{
    EACH_ROW (row, refused) {
        if (str_eq_nocase(t.text, row->word))
            die(src->path, t.line, "%.*s: %s", STR_ARG(t.text), row->why);
    }
    if (str_eq_nocase(t.text, STR("OR")) && (str_eq_nocase(b->previous.text, STR("INSERT")) ||
                                             str_eq_nocase(b->previous.text, STR("UPDATE"))))
        die(src->path, t.line, "INSERT OR …: only SQLite has it, write ON CONFLICT");
    if (str_eq_nocase(t.text, STR("INTO")) && str_eq_nocase(b->previous.text, STR("REPLACE")))
        die(src->path, t.line, "REPLACE INTO: only SQLite has it, write ON CONFLICT");
}

static void check_param(const struct source *src, struct body *b, struct token t)
{
    int64_t n;

    if (!str_to_i64(str_sub(t.text, 1, t.text.n), 1, 99, &n))
        die(src->path, t.line, "parameters are written $1, $2, $3");
    if (b->pg) { /* PostgreSQL goes by the number itself */
        b->param_count = MAX_OF(b->param_count, (unsigned)n);
        return;
    }
    if (n > (int64_t)b->param_count + 1)
        die(src->path, t.line, "$%d appears before $%u", (int)n, b->param_count + 1);
    b->param_count = MAX_OF(b->param_count, (unsigned)n);
}

/* ---- putting a statement together ---- */

static void body_init(struct body *b)
{
    *b = (struct body){.first = {.kind = T_END}};
    buf_init(&b->text, SOURCE_LEN_MAX);
}

/* Keeps line ends and indentation, for whoever reads the schema in the database; no empty lines and
 * no space at line ends, which a comment that was here leaves behind. */
static void body_add_space(struct body *b, struct str space)
{
    const char *line_end = memrchr(space.p, '\n', space.n);
    bool new_line = line_end != NULL;

    if (b->text.n == 0)
        return;
    while (b->text.n > 0 && isspace((unsigned char)b->text.p[b->text.n - 1]))
        new_line |= b->text.p[--b->text.n] == '\n';
    buf_addc(&b->text, new_line ? '\n' : ' ');
    if (line_end)
        buf_add(&b->text, str_sub(space, (size_t)(line_end - space.p) + 1, space.n));
}

static void body_add(const struct source *src, struct body *b, struct token t)
{
    switch (t.kind) {
    case T_SPACE:
        body_add_space(b, t.text);
        return;
    case T_WORD:
        if (!b->pg)
            check_word(src, b, t);
        b->returning |= str_eq_nocase(t.text, STR("RETURNING"));
        if (b->first.kind == T_END)
            b->first = t;
        b->previous = t;
        break;
    case T_PARAM:
        check_param(src, b, t);
        break;
    case T_OTHER:
        if (!b->pg && str_find(STR("?:@"), t.text.p[0]) != STR_NPOS)
            die(src->path, t.line, "parameters are written $1, and '%c' is not for both engines",
                t.text.p[0]);
        break;
    case T_STRING:
    case T_COMMENT:
    case T_END:
        break;
    }
    buf_add(&b->text, t.text);
}

/* The finished text without the space behind it; b is ready for the next. */
static struct str body_take(struct body *b)
{
    struct str text = buf_str(&b->text), out;

    while (text.n > 0 && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    out = arena_str(mem, text);
    buf_deinit(&b->text);
    body_init(b);
    return out;
}

/* ---- statements ---- */

static struct statement *statement_find(struct str name)
{
    for (size_t i = 0; i < statement_count; i++) {
        if (str_eq(statements[i].name, name))
            return &statements[i];
    }
    return NULL;
}

static bool name_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        if (!islower(c) && (i == 0 || (!isdigit(c) && c != '_')))
            return false;
    }
    return name.n > 0;
}

/* Reads "-- :name NAME :mode :rows" or "-- :name NAME :pg" and gives the statement it is about. */
static struct statement *directive(const struct source *src, struct token t, bool *pg)
{
    struct str rest = str_sub(t.text, strlen("-- :name"), t.text.n), word;
    struct str words[4] = {0};
    struct statement *st, *known;
    size_t n = 0;

    while (str_split(&rest, ' ', &word)) {
        if (word.n > 0 && n < COUNT_OF(words))
            words[n++] = word;
    }
    if (!name_ok(words[0]))
        die(src->path, t.line, "-- :name is followed by a name in lower case and digits");
    known = statement_find(words[0]);
    *pg = n == 2 && str_eq(words[1], STR(":pg"));
    if (*pg) {
        if (!known || known->pg_text.p)
            die(src->path, t.line, "%.*s: one :pg block follows the statement itself",
                STR_ARG(words[0]));
        return known;
    }
    if (n != 3 || (!str_eq(words[1], STR(":read")) && !str_eq(words[1], STR(":write"))) ||
        (!str_eq(words[2], STR(":one")) && !str_eq(words[2], STR(":many")) &&
         !str_eq(words[2], STR(":exec"))))
        die(src->path, t.line, "%.*s: say :read or :write, then :one, :many or :exec",
            STR_ARG(words[0]));
    if (known)
        die(src->path, t.line, "%.*s: the name is taken by %s:%u", STR_ARG(words[0]), known->file,
            known->line);
    if (statement_count == STATEMENTS_MAX)
        die(src->path, t.line, "more than %d statements", STATEMENTS_MAX);
    st = &statements[statement_count++];
    *st = (struct statement){
        .file = strrchr(src->path, '/') ? strrchr(src->path, '/') + 1 : src->path,
        .line = t.line,
        .name = words[0],
        .mode = str_sub(words[1], 1, words[1].n),
        .rows = str_sub(words[2], 1, words[2].n),
    };
    return st;
}

static void add_doc(const struct source *src, struct statement *st, struct token comment)
{
    struct str line = str_trim(str_sub(comment.text, 2, comment.text.n));

    if (str_find_str(line, STR("*/")) != STR_NPOS)
        die(src->path, comment.line, "the comment would end the C comment it becomes");
    st->doc =
        st->doc.n ? arena_printf(mem, "%.*s\n     * %.*s", STR_ARG(st->doc), STR_ARG(line)) : line;
}

static void finish(const struct source *src, struct statement *st, struct body *b)
{
    struct str first = b->first.text;
    bool selects = str_eq_nocase(first, STR("SELECT")), with = str_eq_nocase(first, STR("WITH"));
    bool reads = str_eq(st->mode, STR("read")), exec = str_eq(st->rows, STR("exec"));
    const char *wrong = NULL;

    if (first.n == 0)
        wrong = "is empty";
    else if (reads && !selects && !with)
        wrong = "is :read and must be a SELECT (or WITH … SELECT)";
    else if (reads && exec)
        wrong = "is :read :exec, which has no effect";
    else if (!reads && selects)
        wrong = "is a SELECT: mark it :read, jobs may run those too";
    else if (!reads && exec && b->returning)
        wrong = "is :exec and has RETURNING";
    else if (!reads && !exec && !b->returning)
        wrong = "gives no row without RETURNING: mark it :exec";
    else if (b->pg && b->param_count != st->param_count)
        wrong = "has another number of parameters in its :pg block";
    if (wrong)
        die(src->path, b->first.line ? b->first.line : st->line, "%.*s %s", STR_ARG(st->name),
            wrong);
    if (b->pg) {
        st->pg_text = body_take(b);
        return;
    }
    st->param_count = b->param_count;
    st->text = body_take(b);
}

static void read_statements(struct source *src)
{
    struct statement *open = NULL;
    struct body b;

    body_init(&b);
    for (;;) {
        struct token t = token_next(src);
        bool names = t.kind == T_COMMENT && str_starts(t.text, STR("-- :name"));

        if (open && (t.kind == T_END || names))
            die(src->path, open->line, "%.*s is not ended by a ';'", STR_ARG(open->name));
        if (t.kind == T_END)
            break;
        if (names) {
            open = directive(src, t, &b.pg);
        } else if (t.kind == T_COMMENT) {
            if (open && b.text.n == 0 && !b.pg)
                add_doc(src, open, t);
        } else if (open && t.kind == T_OTHER && t.text.p[0] == ';') {
            finish(src, open, &b);
            open = NULL;
        } else if (open) {
            body_add(src, &b, t);
        } else if (t.kind != T_SPACE) {
            die(src->path, t.line, "text outside of a statement: -- :name comes first");
        }
    }
    buf_deinit(&b.text);
}

/* ---- migrations ---- */

/* True when the base name is NNNN_name.sql. */
static bool migration_name(struct str base, struct migration *out)
{
    if (base.n <= MIGRATION_DIGITS || base.p[MIGRATION_DIGITS] != '_' ||
        !str_to_i64(str_sub(base, 0, MIGRATION_DIGITS), 1, MIGRATIONS_MAX, &out->number))
        return false;
    out->name = str_sub(base, MIGRATION_DIGITS + 1, base.n - MIGRATION_DIGITS - 1);
    if (str_ends(out->name, STR(".sql")))
        out->name.n -= strlen(".sql");
    return true;
}

static void read_migration(struct source *src, struct migration m)
{
    struct token t, last = {.kind = T_END};
    struct body b;

    body_init(&b);
    while ((t = token_next(src)).kind != T_END) {
        if (t.kind == T_PARAM)
            die(src->path, t.line, "a migration has no parameters");
        if (t.kind == T_COMMENT)
            continue;
        body_add(src, &b, t);
        if (t.kind != T_SPACE)
            last = t;
    }
    if (last.kind != T_OTHER || last.text.p[0] != ';')
        die(src->path, src->line, "the last statement is not ended by a ';'");
    m.path = src->path;
    m.text = body_take(&b);
    buf_deinit(&b.text);
    if (m.number != (int64_t)migration_count + 1)
        die(src->path, 1, "migration %d is expected here", (int)migration_count + 1);
    migrations[migration_count++] = m;
}

static void make_baseline(struct buf *out)
{
    struct baseline *b = baseline_new();
    const char *why = NULL;

    for (size_t i = 0; i < migration_count; i++) {
        if ((why = baseline_migrate(b, migrations[i].text.p)))
            die(migrations[i].path, 1, "%s", why);
    }
    if ((why = baseline_print(b, out)))
        die(migrations[migration_count - 1].path, 1, "after it, %s", why);
    baseline_free(&b);
}

/* ---- output ---- */

static void add_c_string(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\n')
            buf_add(out, i + 1 < s.n ? STR("\\n\"\n        \"") : STR("\\n"));
        else if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < 0x20 || c > 0x7E)
            buf_addf(out, "\\%03o", c);
        else
            buf_addc(out, (char)c);
    }
    buf_addc(out, '"');
}

static void add_upper(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, (char)toupper((unsigned char)s.p[i]));
}

static void print_header(struct buf *out)
{
    buf_add(out, STR("/* queries.h: made by tools/sqlgen from sql/query/. */\n"
                     "#ifndef STORE_QUERIES_H\n#define STORE_QUERIES_H\n\nenum query {\n"));
    for (size_t i = 0; i < statement_count; i++) {
        const struct statement *st = &statements[i];

        buf_addf(out, "    /* %.*s%s%s: :%.*s :%.*s, %u parameter%s. */\n    Q_", STR_ARG(st->doc),
                 st->doc.n ? "\n     * " : "", st->file, STR_ARG(st->mode), STR_ARG(st->rows),
                 st->param_count, st->param_count == 1 ? "" : "s");
        add_upper(out, st->name);
        buf_add(out, STR(",\n"));
    }
    buf_add(out, STR("    QUERY_COUNT,\n};\n\n#endif\n"));
}

static void print_statements(struct buf *out)
{
    buf_add(out,
            STR("/* queries.c: made by tools/sqlgen from sql/. */\n#include \"store/tables.h\"\n\n"
                "static const struct query_def queries[] = {\n"));
    for (size_t i = 0; i < statement_count; i++) {
        const struct statement *st = &statements[i];

        buf_add(out, STR("    [Q_"));
        add_upper(out, st->name);
        buf_addf(out, "] = {\"%.*s\", QUERY_", STR_ARG(st->name));
        add_upper(out, st->mode);
        buf_add(out, STR(", ROWS_"));
        add_upper(out, st->rows);
        buf_addf(out, ", %u,\n        ", st->param_count);
        add_c_string(out, st->text);
        buf_add(out, STR(",\n        "));
        if (st->pg_text.p)
            add_c_string(out, st->pg_text);
        else
            buf_add(out, STR("0"));
        buf_add(out, STR("},\n"));
    }
    buf_add(out, STR("};\n\n"));
}

static void print_migrations(struct buf *out, struct str baseline)
{
    buf_add(out, STR("static const struct migration migrations[] = {\n"));
    for (size_t i = 0; i < migration_count; i++) {
        buf_addf(out, "    {%d, \"%.*s\",\n        ", (int)migrations[i].number,
                 STR_ARG(migrations[i].name));
        add_c_string(out, migrations[i].text);
        buf_add(out, STR("},\n"));
    }
    buf_add(out, STR("    {0},\n};\n\nstatic const char baseline[] =\n        "));
    add_c_string(out, baseline);
    buf_addf(out,
             ";\n\nconst struct store_tables store_tables = {queries, %zu, migrations, %zu, "
             "baseline};\n",
             statement_count, migration_count);
}

static void write_file(const char *path, const struct buf *b)
{
    FILE *f = fopen(path, "w");

    if (b->full || !f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f) != 0)
        die(path, 0, "cannot be written");
}

static int by_base_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    const char *base_x = strrchr(*x, '/'), *base_y = strrchr(*y, '/');

    return strcmp(base_x ? base_x : *x, base_y ? base_y : *y);
}

int main(int argc, char **argv)
{
    struct buf header, table, baseline;

    if (argc < 4) {
        fputs("usage: sqlgen OUT.h OUT.c FILE...\n", stderr);
        return 2;
    }
    mem = arena_new();
    qsort(argv + 3, (size_t)argc - 3, sizeof(*argv), by_base_name);
    for (int i = 3; i < argc; i++) {
        struct source src = source_read(mem, argv[i]);
        const char *slash = strrchr(argv[i], '/');
        struct migration m;

        if (migration_name(str_from(slash ? slash + 1 : argv[i]), &m))
            read_migration(&src, m);
        else
            read_statements(&src);
    }
    buf_init(&header, OUTPUT_MAX);
    buf_init(&table, OUTPUT_MAX);
    buf_init(&baseline, OUTPUT_MAX);
    make_baseline(&baseline);
    print_header(&header);
    print_statements(&table);
    print_migrations(&table, buf_str(&baseline));
    write_file(argv[1], &header);
    write_file(argv[2], &table);
    buf_deinit(&header);
    buf_deinit(&table);
    buf_deinit(&baseline);
    arena_free(&mem);
    return 0;
}
