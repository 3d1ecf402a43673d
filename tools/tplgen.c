/*
 * tplgen: HTML and text templates to C functions. Run by the build:
 *
 *     tplgen PREFIX STRUCTS.h OUT.h OUT.c FILE...
 *
 * With PREFIX "page", login.html becomes `void page_login(struct html *, const struct page_login
 * *)` and _field.html becomes `void part_field(struct html *, const struct part_field *)`. With any
 * other PREFIX the kind of file is told apart too: mail/code.html, code.txt and code.subject become
 * mail_code_html, mail_code_txt and mail_code_subject, all with one struct mail_code. The structs
 * are written by hand in STRUCTS.h, so a misspelt field is a compile error. A template that names
 * no field takes no struct.
 *
 *     {{name}}  {{a.b}}           a field, escaped (plain in .txt and .subject)
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
 * error; so are inline script, style and on… attributes in pages (the CSP forbids them), and an
 * address that begins with a field which is not called …_url or …_path. Indentation and lines that
 * hold only a block tag leave no trace. Every error says file:line.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, NAME_MAX_LEN = 63, PATH_MAX_LEN = 127 };

struct span {
    const char *p;
    size_t n;
};

enum kind { KIND_HTML, KIND_TXT, KIND_SUBJECT };

struct template
{
    const char *file;
    char *text;
    size_t len;
    enum kind kind;
    char name[NAME_MAX_LEN + 1]; /* "login"; "field" for _field.html */
    bool partial;
    bool has_fields; /* takes a struct */
};

/* Where in an HTML document the scan stands: what decides whether a value may stand here. */
enum place { IN_TEXT, IN_TAG, IN_DOUBLE, IN_SINGLE, IN_COMMENT };

struct scan {
    enum place place;
    char tag[16];     /* lower case; begins with '/' for an end tag */
    char attr[32];    /* name of the attribute being read */
    bool attr_done;   /* blank, '=' or quote seen behind it */
    bool value_begun; /* something already stands in the quoted value */
    bool has_src;     /* of a script */
    size_t tag_len, attr_len;
};

struct block {
    bool each, has_else;
    int line;
    struct scan at; /* every branch must leave the document as it found it */
};

struct gen {
    const char *prefix;
    bool pages; /* prefix is "page": the strict rules hold */
    struct template *all;
    size_t count;
    bool known; /* a first pass over all found out who has fields */
    FILE *out;  /* NULL while only looking for errors */

    struct template *t;
    int line; /* of the present tag, for errors */
    struct scan scan;
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

static bool span_is(struct span s, const char *z)
{
    return s.n == strlen(z) && memcmp(s.p, z, s.n) == 0;
}

static bool span_starts(struct span s, const char *z)
{
    return s.n >= strlen(z) && memcmp(s.p, z, strlen(z)) == 0;
}

static bool span_ends(struct span s, const char *z)
{
    size_t n = strlen(z);

    return s.n >= n && memcmp(s.p + s.n - n, z, n) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
    while (s.n && is_blank(s.p[0]))
        s.p++, s.n--;
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Cuts the part before the next blank that is outside of double quotes. */
static struct span next_word(struct span *s)
{
    struct span w;
    bool quoted = false;

    *s = trim(*s);
    w = (struct span){s->p, 0};
    while (w.n < s->n && (quoted || !is_blank(s->p[w.n]))) {
        quoted ^= s->p[w.n] == '"';
        w.n++;
    }
    s->p += w.n;
    s->n -= w.n;
    return w;
}

static bool is_name(struct span s)
{
    if (!s.n || !islower((unsigned char)s.p[0]) || s.n > NAME_MAX_LEN)
        return false;
    for (size_t k = 0; k < s.n; k++)
        if (!islower((unsigned char)s.p[k]) && !isdigit((unsigned char)s.p[k]) && s.p[k] != '_')
            return false;
    return true;
}

/* --- expressions --- */

struct expr {
    char c[PATH_MAX_LEN + 16]; /* "p->email.value", "i2->name", "(*i1)" */
};

/* A field path; names that the page's struct lacks are the C compiler's to find. */
static struct expr path_expr(struct gen *g, struct span s)
{
    struct expr e;
    struct span rest = s;
    bool item = s.n && s.p[0] == '.';

    if (s.n > PATH_MAX_LEN)
        die(g, "name too long");
    if (item && !g->each_depth)
        die(g, "'%.*s' begins with a dot, but is not inside {{#each}}", (int)s.n, s.p);
    g->t->has_fields = true;
    if (item && s.n == 1) {
        snprintf(e.c, sizeof e.c, "(*i%d)", g->each_depth);
        return e;
    }
    if (item)
        rest.p++, rest.n--;
    for (struct span left = rest;;) {
        const char *dot = memchr(left.p, '.', left.n);
        struct span part = {left.p, dot ? (size_t)(dot - left.p) : left.n};

        if (!is_name(part))
            die(g, "'%.*s' is not a field name", (int)s.n, s.p);
        if (!dot)
            break;
        left = (struct span){dot + 1, left.n - part.n - 1};
    }
    if (item)
        snprintf(e.c, sizeof e.c, "i%d->%.*s", g->each_depth, (int)rest.n, rest.p);
    else
        snprintf(e.c, sizeof e.c, "p->%.*s", (int)rest.n, rest.p);
    return e;
}

static struct span quoted_of(const struct gen *g, struct span s)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"' || memchr(s.p + 1, '"', s.n - 2))
        die(g, "expected a \"quoted\" word instead of '%.*s'", (int)s.n, s.p);
    return (struct span){s.p + 1, s.n - 2};
}

/* s as the inside of a C string literal. A '?' is escaped because of trigraphs. */
static void emit_literal(const struct gen *g, struct span s)
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

/* --- the document: where may a value stand? --- */

static bool same_scan(const struct scan *a, const struct scan *b)
{
    return a->place == b->place && (a->place == IN_TEXT || strcmp(a->tag, b->tag) == 0) &&
           (a->place < IN_DOUBLE || a->place == IN_COMMENT || strcmp(a->attr, b->attr) == 0);
}

static void attr_end(const struct gen *g)
{
    const struct scan *s = &g->scan;

    if (!g->pages || !s->attr_len)
        return;
    if (strcmp(s->attr, "style") == 0)
        die(g, "style attribute: the Content-Security-Policy forbids it; use a class");
    if (strncmp(s->attr, "on", 2) == 0)
        die(g, "%s attribute: the Content-Security-Policy forbids it; use web/static/app.js",
            s->attr);
}

static void tag_end(const struct gen *g, struct span rest)
{
    const struct scan *s = &g->scan;

    if (!g->pages)
        return;
    if (strcmp(s->tag, "style") == 0)
        die(g, "style element: the Content-Security-Policy forbids it; use web/static/app.css");
    if (strcmp(s->tag, "script") == 0 && (!s->has_src || !span_starts(rest, "</script>")))
        die(g, "inline script: the Content-Security-Policy forbids it; use a file with src");
}

static void scan_tag_char(struct gen *g, char c, struct span rest)
{
    struct scan *s = &g->scan;
    bool naming = s->tag_len && !s->attr_len && !s->attr_done;

    if (c == '>') {
        attr_end(g);
        tag_end(g, rest);
        s->place = IN_TEXT;
    } else if (c == '"' || c == '\'') {
        attr_end(g);
        s->has_src |= strcmp(s->attr, "src") == 0;
        s->place = c == '"' ? IN_DOUBLE : IN_SINGLE;
        s->value_begun = false;
    } else if (is_blank(c) || c == '=') {
        s->attr_done = true;
    } else if (naming || !s->tag_len) {
        if (s->tag_len + 1 < sizeof s->tag)
            s->tag[s->tag_len++] = (char)tolower((unsigned char)c);
        s->tag[s->tag_len] = '\0';
    } else {
        if (s->attr_done) {
            attr_end(g);
            s->attr_len = 0;
            s->attr_done = false;
        }
        if (s->attr_len + 1 < sizeof s->attr)
            s->attr[s->attr_len++] = (char)tolower((unsigned char)c);
        s->attr[s->attr_len] = '\0';
    }
}

static void scan_literal(struct gen *g, struct span text)
{
    struct scan *s = &g->scan;

    for (size_t k = 0; k < text.n; k++) {
        char c = text.p[k];
        struct span rest = {text.p + k + 1, text.n - k - 1};

        switch (s->place) {
        case IN_TEXT:
            if (c == '<' && span_starts(rest, "!--"))
                s->place = IN_COMMENT;
            else if (c == '<')
                *s = (struct scan){.place = IN_TAG};
            break;
        case IN_TAG:
            scan_tag_char(g, c, rest);
            break;
        case IN_DOUBLE:
        case IN_SINGLE:
            s->value_begun = true;
            if (c == (s->place == IN_DOUBLE ? '"' : '\'')) {
                s->place = IN_TAG;
                s->attr_len = 0;
                s->attr_done = true;
            }
            break;
        case IN_COMMENT:
            if (c == '>' && k >= 2 && span_starts((struct span){text.p + k - 2, 3}, "-->"))
                s->place = IN_TEXT;
            break;
        }
    }
}

static bool is_address(const char *attr)
{
    static const char *const names[] = {"href", "src", "action", "formaction", "poster"};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (strcmp(attr, names[k]) == 0)
            return true;
    return false;
}

/* A value is about to be written here. safe: from us, such as an asset's URL. */
static void scan_value(struct gen *g, struct span name, bool safe)
{
    struct scan *s = &g->scan;

    if (g->t->kind != KIND_HTML)
        return;
    if (s->place == IN_TAG)
        die(g, "'%.*s' stands in a tag outside of a quoted attribute", (int)name.n, name.p);
    if (s->place == IN_COMMENT)
        die(g, "'%.*s' stands in an HTML comment", (int)name.n, name.p);
    if (s->place != IN_TEXT) {
        if (!safe && is_address(s->attr) && !s->value_begun && !span_ends(name, "_url") &&
            !span_ends(name, "_path"))
            die(g, "%s begins with '%.*s'; call the field …_url or …_path", s->attr, (int)name.n,
                name.p);
        s->value_begun = true;
    }
}

/* --- literal text --- */

/* Without indentation: a run of blanks with a line end in it becomes one line end. */
static void emit_text(struct gen *g, struct span s)
{
    char *made = malloc(s.n + 1);
    size_t n = 0;

    if (!made)
        abort();
    for (size_t k = 0; k < s.n;) {
        size_t run = k;

        while (run < s.n && is_blank(s.p[run]))
            run++;
        if (g->t->kind == KIND_HTML && run > k && memchr(s.p + k, '\n', run - k)) {
            made[n++] = '\n';
            k = run;
        } else {
            made[n++] = s.p[k++];
        }
    }
    if (g->t->kind == KIND_HTML)
        scan_literal(g, (struct span){made, n});
    if (n) {
        emit(g, "    html_raw(h, STR(\"");
        emit_literal(g, (struct span){made, n});
        emit(g, "\"));\n");
    }
    free(made);
}

/* --- tags --- */

static void value_tag(struct gen *g, struct span s)
{
    struct expr e = path_expr(g, s);

    scan_value(g, s, false);
    emit(g, "    %s(h, %s);\n", g->t->kind == KIND_HTML ? "html_put" : "html_put_plain", e.c);
}

static void raw_tag(struct gen *g, struct span s)
{
    struct expr e = path_expr(g, s);

    if (g->t->kind != KIND_HTML)
        die(g, "{{{ }}} is for HTML; here nothing is escaped anyway");
    if (!span_ends(s, "_html") && !span_ends(s, "_svg"))
        die(g, "raw '%.*s': only fields called …_html or …_svg may go out unescaped", (int)s.n,
            s.p);
    if (g->scan.place != IN_TEXT)
        die(g, "raw '%.*s' outside of element content", (int)s.n, s.p);
    emit(g, "    html_raw(h, %s);\n", e.c);
}

static void open_block(struct gen *g, bool each, struct span arg)
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
    if (!same_scan(&g->scan, &b->at))
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

static void close_block(struct gen *g, struct span what)
{
    struct block *b = g->depth ? &g->blocks[g->depth - 1] : NULL;

    if (!span_is(what, "if") && !span_is(what, "each"))
        die(g, "unknown tag {{/%.*s}}", (int)what.n, what.p);
    if (!b)
        die(g, "{{/%.*s}} closes nothing", (int)what.n, what.p);
    if (b->each != span_is(what, "each"))
        die(g, "{{/%.*s}} closes the {{#%s}} of line %d", (int)what.n, what.p,
            b->each ? "each" : "if", b->line);
    check_branch(g, b);
    g->scan = b->at;
    g->depth--;
    g->each_depth -= b->each;
    emit(g, "    }\n");
}

static void hash_tag(struct gen *g, struct span s)
{
    struct span what = next_word(&s);
    struct span arg = next_word(&s);

    if (trim(s).n || !arg.n || (!span_is(what, "#if") && !span_is(what, "#each")))
        die(g, "expected {{#if field}} or {{#each field}}");
    open_block(g, span_is(what, "#each"), arg);
}

static const struct template *partial_by_name(const struct gen *g, struct span name)
{
    for (size_t k = 0; k < g->count; k++)
        if (g->all[k].partial && g->all[k].kind == g->t->kind && span_is(name, g->all[k].name))
            return &g->all[k];
    die(g, "no partial '%.*s' (a file _%.*s beside this one)", (int)name.n, name.p, (int)name.n,
        name.p);
}

/* The name without a kind: what the struct is called. */
static void emit_struct_name(const struct gen *g, const struct template *t)
{
    if (g->pages)
        emit(g, "%s_%s", t->partial ? "part" : g->prefix, t->name);
    else
        emit(g, "%s_%s%s", g->prefix, t->partial ? "part_" : "", t->name);
}

static void emit_function_name(const struct gen *g, const struct template *t)
{
    static const char *const suffix[] = {
        [KIND_HTML] = "_html", [KIND_TXT] = "_txt", [KIND_SUBJECT] = "_subject"};

    emit_struct_name(g, t);
    if (!g->pages)
        emit(g, "%s", suffix[t->kind]);
}

/* name=path, name="words", name=true or name=12, as one designated initialiser. */
static void named_arg(struct gen *g, struct span arg)
{
    const char *eq = memchr(arg.p, '=', arg.n);
    struct span name = {arg.p, eq ? (size_t)(eq - arg.p) : arg.n};
    struct span value = {eq ? eq + 1 : "", eq ? arg.n - name.n - 1 : 0};

    if (!eq || !is_name(name) || !value.n)
        die(g, "expected name=value instead of '%.*s'", (int)arg.n, arg.p);
    emit(g, ".%.*s = ", (int)name.n, name.p);
    if (value.p[0] == '"') {
        emit(g, "STR(\"");
        emit_literal(g, quoted_of(g, value));
        emit(g, "\"), ");
    } else if (span_is(value, "true") || isdigit((unsigned char)value.p[0])) {
        for (size_t k = 0; value.p[0] != 't' && k < value.n; k++)
            if (!isdigit((unsigned char)value.p[k]))
                die(g, "'%.*s' is not a number", (int)value.n, value.p);
        emit(g, "%.*s, ", (int)value.n, value.p);
    } else {
        emit(g, "%s, ", path_expr(g, value).c);
    }
}

static void partial_tag(struct gen *g, struct span s)
{
    struct span name = next_word(&s);
    struct span arg = next_word(&s);
    const struct template *t = partial_by_name(g, name);

    if (g->scan.place != IN_TEXT)
        die(g, "partial '%s' inside of a tag", t->name);
    if (g->known && t->has_fields != (arg.n > 0))
        die(g, t->has_fields ? "partial '%s' needs an argument" : "partial '%s' takes no argument",
            t->name);
    emit(g, "    ");
    emit_function_name(g, t);
    if (!arg.n) {
        emit(g, "(h);\n");
        return;
    }
    if (!memchr(arg.p, '=', arg.n)) {
        if (trim(s).n)
            die(g, "partial '%s': one field, or name=value pairs", t->name);
        emit(g, "(h, &%s);\n", path_expr(g, arg).c);
        return;
    }
    emit(g, "(h, &(const struct ");
    emit_struct_name(g, t);
    emit(g, "){");
    for (; arg.n; arg = next_word(&s))
        named_arg(g, arg);
    emit(g, "});\n");
}

static void asset_tag(struct gen *g, struct span s)
{
    struct span name;

    next_word(&s); /* "asset" */
    name = quoted_of(g, trim(s));
    scan_value(g, name, true);
    emit(g, "    html_z(h, asset_url(ASSET_");
    for (size_t k = 0; k < name.n; k++)
        emit(g, "%c", isalnum((unsigned char)name.p[k]) ? toupper((unsigned char)name.p[k]) : '_');
    emit(g, "));\n");
}

static void tag(struct gen *g, struct span s, bool raw)
{
    struct span first, rest = s;

    s = trim(s);
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
        close_block(g, trim((struct span){s.p + 1, s.n - 1}));
    else if (s.p[0] == '>')
        partial_tag(g, (struct span){s.p + 1, s.n - 1});
    else if (span_is(s, "else"))
        else_tag(g);
    else if (span_is(first, "asset") && first.n < s.n)
        asset_tag(g, s);
    else
        value_tag(g, s);
}

/* --- a template as a whole --- */

static int lines_in(struct span s)
{
    int n = 0;

    for (size_t k = 0; k < s.n; k++)
        n += s.p[k] == '\n';
    return n;
}

/* Block tags, partials and comments write nothing of their own, so their line may go. */
static bool is_silent(struct span body)
{
    return body.n && (strchr("#/>!", body.p[0]) || span_is(body, "else"));
}

/* True if the tag [from, to) has its line for itself; then the two are moved out to the line's
 * ends. */
static bool take_own_line(const struct template *t, size_t *from, size_t *to)
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
    struct template *t = g->t;
    const char *open = memmem(t->text + *at, t->len - *at, "{{", 2);
    size_t from = open ? (size_t)(open - t->text) : t->len, to, mark;
    const char *close;
    struct span body;
    bool raw;

    if (!open) {
        emit_text(g, (struct span){t->text + *at, t->len - *at});
        return false;
    }
    raw = span_starts((struct span){open, t->len - from}, "{{{");
    mark = raw ? 3 : 2;
    close = memmem(open + mark, t->len - from - mark, "}}}", mark);
    body = (struct span){open + mark, close ? (size_t)(close - open) - mark : 0};
    to = close ? (size_t)(close - t->text) + mark : t->len;
    if (is_silent(trim(body)))
        take_own_line(t, &from, &to);

    emit_text(g, (struct span){t->text + *at, from - *at});
    g->line += lines_in((struct span){t->text + *at, (size_t)(open - t->text) - *at});
    if (!close)
        die(g, "'{{' without '}}'");
    tag(g, body, raw);
    g->line += lines_in((struct span){open, (size_t)(t->text + to - open)});
    *at = to;
    return true;
}

static void run(struct gen *g, struct template *t)
{
    size_t at = 0;

    g->t = t;
    g->line = 1;
    g->depth = g->each_depth = 0;
    g->scan = (struct scan){.place = IN_TEXT};
    while (step(g, &at))
        ;
    if (g->depth)
        die(g, "the {{#%s}} of line %d is not closed", g->blocks[g->depth - 1].each ? "each" : "if",
            g->blocks[g->depth - 1].line);
    if (t->kind == KIND_HTML && g->scan.place != IN_TEXT)
        die(g, "the template ends inside of a tag");
}

static void emit_signature(const struct gen *g, const struct template *t)
{
    emit(g, "void ");
    emit_function_name(g, t);
    emit(g, "(struct html *h");
    if (t->has_fields) {
        emit(g, ", const struct ");
        emit_struct_name(g, t);
        emit(g, " *p");
    }
    emit(g, ")");
}

/* --- files --- */

static void fail_file(const char *file, const char *why) __attribute__((noreturn));
static void fail_file(const char *file, const char *why)
{
    fprintf(stderr, "%s:1: %s\n", file, why);
    exit(1);
}

/* Fills name, kind and partial from ".../_field.html". */
static void name_template(struct template *t)
{
    static const char *const ends[] = {
        [KIND_HTML] = ".html", [KIND_TXT] = ".txt", [KIND_SUBJECT] = ".subject"};
    const char *base = strrchr(t->file, '/') ? strrchr(t->file, '/') + 1 : t->file;
    struct span name = {base, strlen(base)};

    for (t->kind = KIND_HTML; !span_ends(name, ends[t->kind]); t->kind++)
        if (t->kind == KIND_SUBJECT)
            fail_file(t->file, "a template's name ends in .html, .txt or .subject");
    name.n -= strlen(ends[t->kind]);
    t->partial = name.n && name.p[0] == '_';
    if (t->partial)
        name.p++, name.n--;
    if (!is_name(name))
        fail_file(t->file, "a template's name is made of a-z, 0-9 and _");
    snprintf(t->name, sizeof t->name, "%.*s", (int)name.n, name.p);
}

static void read_template(struct template *t)
{
    FILE *f = fopen(t->file, "rb");
    long size;

    name_template(t);
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        fail_file(t->file, "cannot be read");
    t->len = (size_t)size;
    t->text = calloc(1, t->len + 1);
    if (!t->text || fread(t->text, 1, t->len, f) != t->len || fclose(f))
        fail_file(t->file, "cannot be read");
    while (t->kind == KIND_SUBJECT && t->len && is_blank(t->text[t->len - 1]))
        t->len--; /* one line without its end */
}

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

    emit(g, "/* Made by tools/tplgen from the templates; do not edit. */\n#include \"%s\"\n",
         slash ? slash + 1 : header);
    if (g->pages)
        emit(g, "#include \"assets.h\"\n");
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

    if (!f)
        fail_file(file, "cannot be written");
    return f;
}

int main(int argc, char **argv)
{
    struct gen g = {0};
    bool ok;

    if (argc < 6) {
        fprintf(stderr, "usage: tplgen PREFIX STRUCTS.h OUT.h OUT.c FILE...\n");
        return 2;
    }
    g.prefix = argv[1];
    g.pages = strcmp(argv[1], "page") == 0;
    g.count = (size_t)argc - 5;
    g.all = calloc(g.count, sizeof *g.all);
    if (!g.all)
        abort();
    for (size_t k = 0; k < g.count; k++) {
        g.all[k].file = argv[k + 5];
        read_template(&g.all[k]);
    }
    for (int pass = 0; pass < 2; pass++, g.known = true) /* every error, before a file is touched */
        for (size_t k = 0; k < g.count; k++)
            run(&g, &g.all[k]);
    g.out = out_open(argv[3]);
    write_header(&g, argv[2]);
    ok = fclose(g.out) == 0;
    g.out = out_open(argv[4]);
    write_code(&g, argv[3]);
    ok = fclose(g.out) == 0 && ok;
    for (size_t k = 0; k < g.count; k++)
        free(g.all[k].text);
    free(g.all);
    return ok ? 0 : 1;
}
