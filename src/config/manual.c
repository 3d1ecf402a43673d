/* manual.c: the option section of countersign.conf(5), in mdoc, from the option table. */
#include "config/option.h"

enum { LINE_LEN = 78 };

/* Running text, one word after the other: a new sentence on a new line, as mandoc's linter asks,
 * and none longer than LINE_LEN. Help texts start no word with a dot or a quote. */
static void mdoc_text(struct buf *out, struct str text)
{
    struct str word;
    size_t column = 0;

    while (str_split(&text, ' ', &word)) {
        if (column && column + 1 + word.n > LINE_LEN) {
            buf_addc(out, '\n');
            column = 0;
        } else if (column) {
            buf_addc(out, ' ');
            column++;
        }
        for (size_t i = 0; i < word.n; i++)
            buf_add(out, word.p[i] == '\\' ? STR("\\e") : str_sub(word, i, 1));
        column += word.n;
        if (str_ends(word, STR(".")) && text.p) {
            buf_addc(out, '\n');
            column = 0;
        }
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
        mdoc_text(out, str_from(o->help));
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
