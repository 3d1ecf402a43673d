/*
 * html.h: the writer behind the compiled templates. Text is escaped; raw output says so by name.
 */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include "base/buf.h"

struct html {
    struct buf *out;
};

/* Escaped for element content and quoted attributes: & < > " ' */
void html_text(struct html *h, struct str s);
void html_raw(struct html *h, struct str s);
void html_int(struct html *h, int64_t v);
void html_size(struct html *h, size_t v);
void html_z(struct html *h, const char *z); /* escaped; NULL writes nothing */

/* What {{value}} in a template becomes: picks the writer by the field's type. */
#define html_put(h, v)                                                                             \
    _Generic((v),                                                                                  \
        struct str: html_text,                                                                     \
        const char *: html_z,                                                                      \
        char *: html_z,                                                                            \
        int: html_int,                                                                             \
        unsigned: html_int,                                                                        \
        long: html_int,                                                                            \
        unsigned long: html_size)((h), (v))

static inline bool html_truth_str(struct str s)
{
    return s.n > 0;
}
static inline bool html_truth_int(int64_t v)
{
    return v != 0;
}
static inline bool html_truth_size(size_t v)
{
    return v != 0;
}
static inline bool html_truth_ptr(const void *p)
{
    return p != NULL;
}
/* What {{#if value}} asks. */
/* clang-format off */
#define html_truth(v)                                                                              \
    _Generic((v),                                                                                  \
        struct str: html_truth_str,                                                                \
        bool: html_truth_int,                                                                      \
        int: html_truth_int,                                                                       \
        unsigned: html_truth_int,                                                                  \
        long: html_truth_int,                                                                      \
        unsigned long: html_truth_size,                                                            \
        default: html_truth_ptr)(v)
/* clang-format on */

#endif
