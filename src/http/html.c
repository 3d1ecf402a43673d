/* html.c: see html.h. */
#include "http/html.h"

#include "base/encode.h"

#include <inttypes.h>

void html_text(struct html *h, struct str s)
{
    markup_text(h->out, s);
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
