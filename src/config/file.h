/*
 * file.h: the syntax of countersign.conf. Pure: text in, lines out.
 *
 *      # a comment
 *      listen = 0.0.0.0:443       # another
 *      product_name = "Example # 1"
 *
 * A value ends at the line's end or at a '#' after a blank; quoted, it holds anything, with \" and
 * \\ for the two. The text must be UTF-8 without NUL; LF or CR LF end a line.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "base/ctx.h"

enum { CONFIG_FILE_MAX = 256 * KIB };

struct file_reader {
    struct str rest; /* start it with the whole text */
    unsigned line;   /* the present line, from 1; 0 before the first */
};

/* The next setting. *out_more is false behind the last. ERR_INVALID: cx->why says what is wrong
 * with r->line; reading may go on behind it. */
enum err file_next(struct ctx *cx, struct file_reader *r, struct str *out_name,
                   struct str *out_value, bool *out_more);

#endif
