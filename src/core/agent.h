/*
 * agent.h: a browser as people read it, from its User-Agent. Pure but for the arena.
 */
#ifndef CORE_AGENT_H
#define CORE_AGENT_H

#include "base/ctx.h"

/* "Firefox on Linux"; "an unknown browser" when it says nothing we know. Never any text of the
 * header itself. */
struct str agent_words(struct ctx *cx, struct str user_agent);

#endif
