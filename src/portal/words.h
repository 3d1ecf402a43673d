/*
 * words.h: instants, spans and browsers as people read them. Pure but for the arena.
 */
#ifndef PORTAL_WORDS_H
#define PORTAL_WORDS_H

#include "base/ctx.h"
#include "portal/pages.h"

/* An instant for a page; 0 gives the empty one, which pages leave out. */
struct when words_when(struct ctx *cx, int64_t at_ms);
/* "24 seconds", "a minute", "2 minutes", "an hour": rounded up, so that who waits so long has
 * waited long enough. */
struct str words_span(struct ctx *cx, int64_t s);
/* "today", "yesterday", "3 days ago" */
struct str words_ago(struct ctx *cx, int64_t at_ms);
/* "Firefox on Linux" from a User-Agent; "an unknown browser" when it says nothing we know. Never
 * any text of the header itself. */
struct str words_browser(struct ctx *cx, struct str user_agent);
/* "Firefox on Linux, 203.0.113.24" */
struct str words_where(struct ctx *cx, struct str user_agent, struct str addr);

#endif
