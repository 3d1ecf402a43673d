/* html.c: see html.h. Runs of plain text are copied whole. */
#include "http/html.h"

#include <inttypes.h>

static struct str escape_of(char c)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return STR_NONE;
    }
}

void html_text(struct html *h, struct str s)
{
    size_t plain = 0; /* start of what needs no escape */

    for (size_t i = 0; i < s.n; i++) {
        struct str escape = escape_of(s.p[i]);

        if (!escape.p)
            continue;
        buf_add(h->out, str_sub(s, plain, i - plain));
        buf_add(h->out, escape);
        plain = i + 1;
    }
    buf_add(h->out, str_sub(s, plain, s.n));
}

void html_raw(struct html *h, struct str s)
{
    buf_add(h->out, s);
}

void html_int(struct html *h, int64_t v)
{
    buf_addf(h->out, "%" PRId64, v);
}

void html_size(struct html *h, size_t v)
{
    buf_addf(h->out, "%zu", v);
}

void html_z(struct html *h, const char *z)
{
    html_text(h, str_from(z));
}
