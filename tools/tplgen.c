/*
 * tplgen: HTML templates to C functions. Run by the build:
 *
 *     tplgen STRUCTS.h OUT.h OUT.c FILE.html...
 *
 * login.html becomes `void page_login(struct html *, const struct page_login *)`; _field.html
 * becomes `void part_field(struct html *, const struct part_field *)`. The structs are written by
 * hand in STRUCTS.h, so a misspelt field is a compile error. A template that names no field takes
 * no struct.
 *
 *     {{name}}  {{a.b}}           a field, escaped
 *     {{{qr_svg}}}                raw; only fields whose name ends in _html or _svg
 *     {{.field}}  {{.}}           a field of the innermost each's item; the item itself
 *     {{#if x}} {{else}} {{/if}}  true: not empty, not 0, not NULL
 *     {{#each xs}} {{/each}}      xs has .p (items) and .n (how many)
 *     {{> field email}}           part_field(h, &p->email)
 *     {{> field name="email" in=email must=true}}   part_field(h, &(struct part_field){…})
 *     {{asset "app.css"}}         the hashed URL of a file in web/static
 *     {{! words }}                nothing
 *
 * Escaping is right only in element content and quoted attributes, so a value anywhere else is an
 * error; so are inline script, style and on… attributes (the CSP forbids them), and an
 * address that begins with a field which is not called …_url or …_path. Indentation and lines that
 * hold only a block tag leave no trace. Every error says file:line.
 */
#include "htmlscan.h"
#include "template.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, PATH_MAX_LEN = 127 };

struct block {
    bool each, has_else;
    int line;
    struct html_scan at; /* every branch must leave the document as it found it */
};

struct gen {
    struct template_file *all;
    size_t count;
    bool known; /* a first pass over all found out who has fields */
    FILE *out;  /* NULL while only looking for errors */

    struct template_file *t;
    int line; /* of the present tag, for errors */
    struct html_scan scan;
    struct block blocks[DEPTH_MAX];
    int depth, each_depth;
};

static void die(const struct gen *g, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
static void die(const struct gen *g, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%d: ", g->t->file, g->line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static void emit(const struct gen *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void emit(const struct gen *g, const char *fmt, ...)
{
    va_list ap;

    if (!g->out)
        return;
    va_start(ap, fmt);
    vfprintf(g->out, fmt, ap);
    va_end(ap);
}

/* --- small words about text --- */

/* Cuts the part before the next blank that is outside of double quotes. */
static struct str next_word(struct str *s)
{
    struct str w;
    bool quoted = false;

    *s = trimmed(*s);
    w = (struct str){s->p, 0};
    while (w.n < s->n && (quoted || !is_blank(s->p[w.n]))) {
        quoted ^= s->p[w.n] == '"';
        w.n++;
    }
    s->p += w.n;
    s->n -= w.n;
    return w;
}

/* --- expressions --- */

struct expr {
    char c[PATH_MAX_LEN + 16]; /* "p->email.value", "i2->name", "(*i1)" */
};

/* A field path; names that the page's struct lacks are the C compiler's to find. */
static struct expr path_expr(struct gen *g, struct str s)
{
    struct expr e;
    struct str rest = s;
    bool item = s.n && s.p[0] == '.';

    if (s.n > PATH_MAX_LEN)
        die(g, "name too long");
    if (item && !g->each_depth)
        die(g, "'%.*s' begins with a dot, but is not inside {{#each}}", STR_ARG(s));
    g->t->has_fields = true;
    if (item && s.n == 1) {
        snprintf(e.c, sizeof e.c, "(*i%d)", g->each_depth);
        return e;
    }
    if (item)
        rest = str_sub(s, 1, s.n);
    for (struct str left = rest, part; str_split(&left, '.', &part);)
        if (!is_name(part))
            die(g, "'%.*s' is not a field name", STR_ARG(s));
    if (item)
        snprintf(e.c, sizeof e.c, "i%d->%.*s", g->each_depth, STR_ARG(rest));
    else
        snprintf(e.c, sizeof e.c, "p->%.*s", STR_ARG(rest));
    return e;
}

static struct str quoted_of(const struct gen *g, struct str s)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"' || memchr(s.p + 1, '"', s.n - 2))
        die(g, "expected a \"quoted\" word instead of '%.*s'", STR_ARG(s));
    return (struct str){s.p + 1, s.n - 2};
}

/* s as the inside of a C string literal. A '?' is escaped because of trigraphs. */
static void emit_literal(const struct gen *g, struct str s)
{
    for (size_t k = 0; k < s.n; k++) {
        char c = s.p[k];

        if (c == '"' || c == '\\' || c == '?')
            emit(g, "\\%c", c);
        else if (c == '\n')
            emit(g, "\\n%s", k + 1 < s.n ? "\"\n        \"" : "");
        else
            emit(g, "%c", c);
    }
}

/* A value is about to be written here; ours: not from a field, such as an asset's URL. */
static void scan_value(struct gen *g, struct str name, bool ours)
{
    bool named_url = ours || str_ends(name, STR("_url")) || str_ends(name, STR("_path"));
    const char *wrong = html_scan_value(&g->scan, named_url);

    if (wrong)
        die(g, "'%.*s' %s", STR_ARG(name), wrong);
}

/* --- literal text --- */

/* Moves the scan over text line by line, so that an error names its line. */
static void scan_text(struct gen *g, struct str s)
{
    while (s.n) {
        const char *end = memchr(s.p, '\n', s.n);
        struct str row = {s.p, end ? (size_t)(end - s.p) + 1 : s.n};
        const char *wrong = html_scan_text(&g->scan, row);

        if (wrong)
            die(g, "%s", wrong);
        g->line += end != NULL;
        s = str_sub(s, row.n, s.n);
    }
}

/* Without indentation: a run of blanks with a line end in it becomes one line end. */
static void emit_text(struct gen *g, struct str s)
{
    char *made = malloc(s.n + 1);
    size_t n = 0;

    if (!made)
        abort();
    scan_text(g, s);
    for (size_t k = 0; k < s.n;) {
        size_t run = k;

        while (run < s.n && is_blank(s.p[run]))
            run++;
        if (run > k && memchr(s.p + k, '\n', run - k)) {
            made[n++] = '\n';
            k = run;
        } else {
            made[n++] = s.p[k++];
        }
    }
    if (n) {
        emit(g, "    html_raw(h, STR(\"");
        emit_literal(g, (struct str){made, n});
        emit(g, "\"));\n");
    }
    free(made);
}

/* --- tags --- */

static void value_tag(struct gen *g, struct str s)
{
    struct expr e = path_expr(g, s);

    scan_value(g, s, false);
    emit(g, "    html_put(h, %s);\n", e.c);
}

static void raw_tag(struct gen *g, struct str s)
{
    struct expr e = path_expr(g, s);

    if (!str_ends(s, STR("_html")) && !str_ends(s, STR("_svg")))
        die(g, "raw '%.*s': only fields called …_html or …_svg may go out unescaped", (int)s.n,
            s.p);
    if (g->scan.place != IN_TEXT)
        die(g, "raw '%.*s' outside of element content", STR_ARG(s));
    emit(g, "    html_raw(h, %s);\n", e.c);
}

static void open_block(struct gen *g, bool each, struct str arg)
{
    struct expr e = path_expr(g, arg);

    if (g->depth == DEPTH_MAX)
        die(g, "blocks deeper than %d", DEPTH_MAX);
    g->blocks[g->depth++] = (struct block){.each = each, .line = g->line, .at = g->scan};
    if (!each) {
        emit(g, "    if (html_truth(%s)) {\n", e.c);
        return;
    }
    g->each_depth++;
    emit(g,
         "    for (size_t k%d = 0; k%d < %s.n; k%d++) {\n"
         "    const __typeof__(*%s.p) *i%d = &%s.p[k%d];\n"
         "    (void)i%d;\n",
         g->each_depth, g->each_depth, e.c, g->each_depth, e.c, g->each_depth, e.c, g->each_depth,
         g->each_depth);
}

static void check_branch(const struct gen *g, const struct block *b)
{
    if (!html_scan_same(&g->scan, &b->at))
        die(g, "the block of line %d ends inside of a tag or attribute that it did not open",
            b->line);
}

static void else_tag(struct gen *g)
{
    struct block *b = g->depth ? &g->blocks[g->depth - 1] : NULL;

    if (!b || b->each || b->has_else)
        die(g, "{{else}} without an open {{#if}}");
    check_branch(g, b);
    g->scan = b->at;
    b->has_else = true;
    emit(g, "    } else {\n");
}

static void close_block(struct gen *g, struct str what)
{
    struct block *b = g->depth ? &g->blocks[g->depth - 1] : NULL;

    if (!str_eq(what, STR("if")) && !str_eq(what, STR("each")))
        die(g, "unknown tag {{/%.*s}}", STR_ARG(what));
    if (!b)
        die(g, "{{/%.*s}} closes nothing", STR_ARG(what));
    if (b->each != str_eq(what, STR("each")))
        die(g, "{{/%.*s}} closes the {{#%s}} of line %d", STR_ARG(what), b->each ? "each" : "if",
            b->line);
    check_branch(g, b);
    g->scan = b->at;
    g->depth--;
    g->each_depth -= b->each;
    emit(g, "    }\n");
}

static void hash_tag(struct gen *g, struct str s)
{
    struct str what = next_word(&s);
    struct str arg = next_word(&s);

    if (trimmed(s).n || !arg.n || (!str_eq(what, STR("#if")) && !str_eq(what, STR("#each"))))
        die(g, "expected {{#if field}} or {{#each field}}");
    open_block(g, str_eq(what, STR("#each")), arg);
}

static const struct template_file *partial_by_name(const struct gen *g, struct str name)
{
    for (size_t k = 0; k < g->count; k++)
        if (g->all[k].partial && str_eq(name, str_from(g->all[k].name)))
            return &g->all[k];
    die(g, "no partial '%.*s' (a file _%.*s beside this one)", STR_ARG(name), (int)name.n, name.p);
}

/* "page_login" or "part_field": of the struct and of the function. */
static void emit_name(const struct gen *g, const struct template_file *t)
{
    emit(g, "%s_%s", t->partial ? "part" : "page", t->name);
}

/* name=path, name="words", name=true or name=12, as one designated initialiser. */
static void named_arg(struct gen *g, struct str arg)
{
    const char *eq = memchr(arg.p, '=', arg.n);
    struct str name = {arg.p, eq ? (size_t)(eq - arg.p) : arg.n};
    struct str value = {eq ? eq + 1 : "", eq ? arg.n - name.n - 1 : 0};

    if (!eq || !is_name(name) || !value.n)
        die(g, "expected name=value instead of '%.*s'", STR_ARG(arg));
    emit(g, ".%.*s = ", STR_ARG(name));
    if (value.p[0] == '"') {
        emit(g, "STR(\"");
        emit_literal(g, quoted_of(g, value));
        emit(g, "\"), ");
    } else if (str_eq(value, STR("true")) || isdigit((unsigned char)value.p[0])) {
        for (size_t k = 0; value.p[0] != 't' && k < value.n; k++)
            if (!isdigit((unsigned char)value.p[k]))
                die(g, "'%.*s' is not a number", STR_ARG(value));
        emit(g, "%.*s, ", STR_ARG(value));
    } else {
        emit(g, "%s, ", path_expr(g, value).c);
    }
}

static void partial_tag(struct gen *g, struct str s)
{
    struct str name = next_word(&s);
    struct str arg = next_word(&s);
    const struct template_file *t = partial_by_name(g, name);

    if (g->scan.place != IN_TEXT)
        die(g, "partial '%s' inside of a tag", t->name);
    if (g->known && t->has_fields != (arg.n > 0))
        die(g, t->has_fields ? "partial '%s' needs an argument" : "partial '%s' takes no argument",
            t->name);
    emit(g, "    ");
    emit_name(g, t);
    if (!arg.n) {
        emit(g, "(h);\n");
        return;
    }
    if (!memchr(arg.p, '=', arg.n)) {
        if (trimmed(s).n)
            die(g, "partial '%s': one field, or name=value pairs", t->name);
        emit(g, "(h, &%s);\n", path_expr(g, arg).c);
        return;
    }
    emit(g, "(h, &(const struct ");
    emit_name(g, t);
    emit(g, "){");
    for (; arg.n; arg = next_word(&s))
        named_arg(g, arg);
    emit(g, "});\n");
}

static void asset_tag(struct gen *g, struct str s)
{
    struct str name;

    next_word(&s); /* "asset" */
    name = quoted_of(g, trimmed(s));
    scan_value(g, name, true);
    emit(g, "    html_z(h, asset_url(ASSET_");
    for (size_t k = 0; k < name.n; k++)
        emit(g, "%c", isalnum((unsigned char)name.p[k]) ? toupper((unsigned char)name.p[k]) : '_');
    emit(g, "));\n");
}

static void tag(struct gen *g, struct str s, bool raw)
{
    struct str first, rest = s;

    s = trimmed(s);
    if (!s.n)
        die(g, "empty tag");
    first = next_word(&rest);
    if (raw)
        raw_tag(g, s);
    else if (s.p[0] == '!')
        return;
    else if (s.p[0] == '#')
        hash_tag(g, s);
    else if (s.p[0] == '/')
        close_block(g, trimmed((struct str){s.p + 1, s.n - 1}));
    else if (s.p[0] == '>')
        partial_tag(g, (struct str){s.p + 1, s.n - 1});
    else if (str_eq(s, STR("else")))
        else_tag(g);
    else if (str_eq(first, STR("asset")) && first.n < s.n)
        asset_tag(g, s);
    else
        value_tag(g, s);
}

/* --- a template as a whole --- */

static int lines_in(struct str s)
{
    int n = 0;

    for (size_t k = 0; k < s.n; k++)
        n += s.p[k] == '\n';
    return n;
}

/* Block tags, partials and comments write nothing of their own, so their line may go. */
static bool is_silent(struct str body)
{
    return body.n && (strchr("#/>!", body.p[0]) || str_eq(body, STR("else")));
}

/* True if the tag [from, to) has its line for itself; then the two are moved out to the line's
 * ends. */
static bool take_own_line(const struct template_file *t, size_t *from, size_t *to)
{
    size_t a = *from, b = *to;

    while (a && (t->text[a - 1] == ' ' || t->text[a - 1] == '\t'))
        a--;
    while (b < t->len && (t->text[b] == ' ' || t->text[b] == '\t'))
        b++;
    if ((a && t->text[a - 1] != '\n') || (b < t->len && t->text[b] != '\n'))
        return false;
    *from = a;
    *to = b + (b < t->len);
    return true;
}

/* Handles the text up to the next tag, and the tag. False at the end of the template. */
static bool step(struct gen *g, size_t *at)
{
    struct template_file *t = g->t;
    const char *open = memmem(t->text + *at, t->len - *at, "{{", 2);
    size_t from = open ? (size_t)(open - t->text) : t->len, to, mark;
    const char *close;
    struct str body;
    bool raw;

    if (!open) {
        emit_text(g, (struct str){t->text + *at, t->len - *at});
        return false;
    }
    raw = str_starts((struct str){open, t->len - from}, STR("{{{"));
    mark = raw ? 3 : 2;
    close = memmem(open + mark, t->len - from - mark, "}}}", mark);
    body = (struct str){open + mark, close ? (size_t)(close - open) - mark : 0};
    to = close ? (size_t)(close - t->text) + mark : t->len;
    if (is_silent(trimmed(body)))
        take_own_line(t, &from, &to);

    emit_text(g, (struct str){t->text + *at, from - *at});
    if (!close)
        die(g, "'{{' without '}}'");
    tag(g, body, raw);
    g->line += lines_in((struct str){open, (size_t)(t->text + to - open)});
    *at = to;
    return true;
}

static void run(struct gen *g, struct template_file *t)
{
    size_t at = 0;

    g->t = t;
    g->line = 1;
    g->depth = g->each_depth = 0;
    g->scan = (struct html_scan){0};
    while (step(g, &at))
        ;
    if (g->depth)
        die(g, "the {{#%s}} of line %d is not closed", g->blocks[g->depth - 1].each ? "each" : "if",
            g->blocks[g->depth - 1].line);
    if (g->scan.place != IN_TEXT)
        die(g, "the template ends inside of a tag");
}

static void emit_signature(const struct gen *g, const struct template_file *t)
{
    emit(g, "void ");
    emit_name(g, t);
    emit(g, "(struct html *h");
    if (t->has_fields) {
        emit(g, ", const struct ");
        emit_name(g, t);
        emit(g, " *p");
    }
    emit(g, ")");
}

/* --- files --- */

static void write_header(struct gen *g, const char *structs)
{
    emit(g,
         "/* Made by tools/tplgen from the templates; do not edit. */\n#pragma once\n\n"
         "#include \"http/html.h\"\n#include \"%s\"\n\n",
         structs);
    for (size_t k = 0; k < g->count; k++) {
        emit_signature(g, &g->all[k]);
        emit(g, ";\n");
    }
}

static void write_code(struct gen *g, const char *header)
{
    const char *slash = strrchr(header, '/');

    emit(g,
         "/* Made by tools/tplgen from the templates; do not edit. */\n#include \"%s\"\n#include "
         "\"portal/assets.h\"\n",
         slash ? slash + 1 : header);
    for (size_t k = 0; k < g->count; k++) {
        emit(g, "\n");
        emit_signature(g, &g->all[k]);
        emit(g, "\n{\n");
        run(g, &g->all[k]);
        emit(g, "}\n");
    }
}

static FILE *out_open(const char *file)
{
    FILE *f = fopen(file, "wb");

    if (!f) {
        perror(file);
        exit(1);
    }
    return f;
}

int main(int argc, char **argv)
{
    struct gen g = {0};
    bool ok;

    if (argc < 5) {
        fprintf(stderr, "usage: tplgen STRUCTS.h OUT.h OUT.c FILE.html...\n");
        return 2;
    }
    g.count = (size_t)argc - 4;
    g.all = calloc(g.count, sizeof *g.all);
    if (!g.all)
        abort();
    for (size_t k = 0; k < g.count; k++) {
        g.all[k].file = argv[k + 4];
        template_read(&g.all[k]);
    }
    for (int pass = 0; pass < 2; pass++, g.known = true) /* every error, before a file is touched */
        for (size_t k = 0; k < g.count; k++)
            run(&g, &g.all[k]);
    g.out = out_open(argv[2]);
    write_header(&g, argv[1]);
    ok = fclose(g.out) == 0;
    g.out = out_open(argv[3]);
    write_code(&g, argv[2]);
    ok = fclose(g.out) == 0 && ok;
    for (size_t k = 0; k < g.count; k++)
        free(g.all[k].text);
    free(g.all);
    return ok ? 0 : 1;
}
