/*
 * texts.h: the operator's texts (channel/wording.h) of a running server, read at its start and
 * again by each reload. Older ones stay: a thread may be writing a message with them just now.
 */
#ifndef CLI_TEXTS_H
#define CLI_TEXTS_H

#include "channel/wording.h"
#include "config/config.h"

struct texts { /* begins as {0} */
    struct wording **kept;
    size_t count;
};

/* Adds to *problems and *warnings as wording_load does. *out is t's; it stays as it was on an
 * error. */
enum err texts_read(struct ctx *cx, const struct config *cf, struct texts *t, struct buf *problems,
                    struct buf *warnings, const struct wording **out);
void texts_deinit(struct texts *t);

#endif
