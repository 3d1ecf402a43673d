/* template.c: see template.h. */
#include "template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *file, const char *why) __attribute__((noreturn));
static void die(const char *file, const char *why)
{
    fprintf(stderr, "%s:1: %s\n", file, why);
    exit(1);
}

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str trimmed(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_sub(s, 1, s.n);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool is_name(struct str s)
{
    if (!s.n || !islower((unsigned char)s.p[0]) || s.n > TEMPLATE_NAME_MAX)
        return false;
    for (size_t k = 0; k < s.n; k++)
        if (!islower((unsigned char)s.p[k]) && !isdigit((unsigned char)s.p[k]) && s.p[k] != '_')
            return false;
    return true;
}

/* Fills name and partial from ".../_field.html". */
static void read_name(struct template_file *t)
{
    const char *slash = strrchr(t->file, '/');
    struct str name = str_from(slash ? slash + 1 : t->file);

    if (!str_ends(name, STR(".html")))
        die(t->file, "a template's name ends in .html");
    name.n -= strlen(".html");
    t->partial = name.n && name.p[0] == '_';
    if (t->partial)
        name = str_sub(name, 1, name.n);
    if (!is_name(name))
        die(t->file, "a template's name is made of a-z, 0-9 and _");
    snprintf(t->name, sizeof t->name, "%.*s", STR_ARG(name));
}

void template_read(struct template_file *t)
{
    FILE *f = fopen(t->file, "rb");
    long size;

    read_name(t);
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        die(t->file, "cannot be read");
    t->len = (size_t)size;
    t->text = calloc(1, t->len + 1);
    if (!t->text || fread(t->text, 1, t->len, f) != t->len || fclose(f))
        die(t->file, "cannot be read");
    while (t->len && is_blank(t->text[t->len - 1]))
        t->len--; /* an icon in a sentence brings no blank */
}
