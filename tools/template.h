/* template.h: a template file as tplgen reads it: its text, and what its name says. */
#ifndef TOOLS_TEMPLATE_H
#define TOOLS_TEMPLATE_H

#include "base/str.h"

enum { TEMPLATE_NAME_MAX = 63 };

struct template_file {
    const char *file;
    char *text; /* owned */
    size_t len;
    char name[TEMPLATE_NAME_MAX + 1]; /* "login"; "field" for _field.html */
    bool partial;
    bool has_fields; /* takes a struct; tplgen finds out */
};

/* Reads t->file and fills the rest. Says what is wrong with it and exits when it cannot. */
void template_read(struct template_file *t);

bool is_blank(char c);
/* Without blanks and line ends on both sides. */
struct str trimmed(struct str s);
/* a-z, then a-z, 0-9 and _: what files, fields and arguments are called. */
bool is_name(struct str s);

#endif
