/*
 * letter.h: one e-mail as its parts, and the two forms it is sent in. Pure but for the buffer.
 */
#ifndef CHANNEL_LETTER_H
#define CHANNEL_LETTER_H

#include "base/buf.h"

enum { LETTER_FACTS_MAX = 4, LETTER_MAX = 16 * 1024 };

/* Every part but title and service may be empty and then leaves no trace. */
struct letter {
    struct str language; /* BCP 47 */
    bool right_to_left;
    struct str title;
    struct str greeting;
    struct str lead;
    struct str code;
    struct str button, link; /* both or neither; the link stands in full below the button */
    struct {
        struct str label, value;
    } fact[LETTER_FACTS_MAX]; /* "When" and "22 November 2026 ..." */
    struct str note;
    struct str service, host; /* who writes */
};

void letter_text(const struct letter *l, struct buf *out);
/* A whole document; everything that comes from outside is escaped. */
void letter_html(const struct letter *l, struct buf *out);

#endif
