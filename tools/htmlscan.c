/* htmlscan.c: see htmlscan.h. */
#include "htmlscan.h"
#include "template.h"

#include <ctype.h>
#include <string.h>

static const char csp_style[] =
    "style: the Content-Security-Policy forbids it; use web/static/app.css";
static const char csp_script[] =
    "inline script: the Content-Security-Policy forbids it; use web/static/app.js";

static const char *attr_end(const struct html_scan *s)
{
    if (!s->attr_len)
        return NULL;
    if (strcmp(s->attr, "style") == 0)
        return csp_style;
    return strncmp(s->attr, "on", 2) == 0 ? csp_script : NULL;
}

static const char *tag_end(const struct html_scan *s, struct str rest)
{
    if (strcmp(s->tag, "style") == 0)
        return csp_style;
    if (strcmp(s->tag, "script") == 0 && (!s->has_src || !str_starts(rest, STR("</script>"))))
        return csp_script;
    return NULL;
}

static void add_char(char *to, size_t *n, size_t max, char c)
{
    if (*n + 1 < max)
        to[(*n)++] = (char)tolower((unsigned char)c);
    to[*n] = '\0';
}

/* One character between '<' and '>', outside of quotes; rest is what follows it. */
static const char *tag_char(struct html_scan *s, char c, struct str rest)
{
    bool naming_tag = !s->attr_len && !s->attr_done;
    const char *wrong = NULL;

    if (c == '>') {
        s->place = IN_TEXT;
        wrong = attr_end(s);
        return wrong ? wrong : tag_end(s, rest);
    }
    if (c == '"' || c == '\'') {
        s->has_src |= strcmp(s->attr, "src") == 0;
        s->place = c == '"' ? IN_DOUBLE : IN_SINGLE;
        s->value_begun = false;
        return attr_end(s);
    }
    if (is_blank(c) || c == '=') {
        s->attr_done = true;
    } else if (naming_tag) {
        add_char(s->tag, &s->tag_len, sizeof s->tag, c);
    } else {
        if (s->attr_done) {
            wrong = attr_end(s);
            s->attr_len = 0;
            s->attr_done = false;
        }
        add_char(s->attr, &s->attr_len, sizeof s->attr, c);
    }
    return wrong;
}

/* One character inside of quotes. */
static void value_char(struct html_scan *s, char c)
{
    s->value_begun = true;
    if (c != (s->place == IN_DOUBLE ? '"' : '\''))
        return;
    s->place = IN_TAG;
    s->attr_len = 0;
    s->attr_done = true;
}

const char *html_scan_text(struct html_scan *s, struct str text)
{
    const char *wrong = NULL;

    for (size_t k = 0; k < text.n && !wrong; k++) {
        struct str rest = str_sub(text, k + 1, text.n);

        switch (s->place) {
        case IN_TEXT:
            if (str_starts(str_sub(text, k, text.n), STR("<!--")))
                s->place = IN_COMMENT;
            else if (text.p[k] == '<')
                *s = (struct html_scan){.place = IN_TAG};
            break;
        case IN_TAG:
            wrong = tag_char(s, text.p[k], rest);
            break;
        case IN_DOUBLE:
        case IN_SINGLE:
            value_char(s, text.p[k]);
            break;
        case IN_COMMENT:
            if (k >= 2 && str_starts(str_sub(text, k - 2, text.n), STR("-->")))
                s->place = IN_TEXT;
            break;
        }
    }
    return wrong;
}

static bool is_address(const char *attr)
{
    static const char *const names[] = {"href", "src", "action", "formaction", "poster"};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (strcmp(attr, names[k]) == 0)
            return true;
    return false;
}

const char *html_scan_value(struct html_scan *s, bool named_url)
{
    if (s->place == IN_TAG)
        return "stands in a tag outside of a quoted attribute";
    if (s->place == IN_COMMENT)
        return "stands in an HTML comment";
    if (s->place == IN_TEXT)
        return NULL;
    if (is_address(s->attr) && !s->value_begun && !named_url)
        return "begins an address; call the field …_url or …_path";
    s->value_begun = true;
    return NULL;
}

bool html_scan_same(const struct html_scan *a, const struct html_scan *b)
{
    if (a->place != b->place)
        return false;
    if (a->place != IN_TEXT && strcmp(a->tag, b->tag) != 0)
        return false;
    return (a->place != IN_DOUBLE && a->place != IN_SINGLE) || strcmp(a->attr, b->attr) == 0;
}
