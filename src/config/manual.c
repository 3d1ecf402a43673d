/* manual.c: the option section of countersign.conf(5), in mdoc, from the option table. */
#include "config/option.h"

/* Text in mdoc: a backslash is escaped, and no line may begin with a dot or a quote. Sentences
 * begin on a new line, as mandoc's linter asks. */
static void mdoc_text(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            buf_add(out, STR("\\e"));
        else if (*c == ' ' && c > text && c[-1] == '.')
            buf_addc(out, '\n');
        else
            buf_addc(out, *c);
    }
    buf_addc(out, '\n');
}

static void mdoc_range(struct buf *out, const struct option *o)
{
    if (!o->type->number)
        return;
    buf_addf(out, "From %u to %u", o->least, o->most);
    if (*o->unit)
        buf_addf(out, " %s", o->unit);
    buf_add(out, STR(".\n"));
}

void config_manual(struct buf *out)
{
    buf_add(out, STR(".Bl -tag -width Ds\n"));
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];

        buf_addf(out, ".It Ic %s No = Ar %s\n", o->name, o->type->name);
        mdoc_text(out, o->help);
        mdoc_range(out, o);
        if (*o->fallback)
            buf_addf(out, "The default is\n.Ql %s .\n", o->fallback);
        if (o->flags & OPTION_SECRET)
            buf_add(out, STR("Not accepted on the command line.\n"));
        if (o->flags & OPTION_SECRET_FILE)
            buf_add(out, STR("The file must not be readable by other users.\n"));
        if (o->flags & OPTION_DEMO_ONLY)
            buf_add(out, STR("Refused in production.\n"));
        if (o->flags & OPTION_RELOAD)
            buf_add(out, STR("SIGHUP changes it.\n"));
    }
    buf_add(out, STR(".El\n"));
}
