/*
 * stuck.h: messages that wait for a channel which cannot send now (circuit.h).
 */
#ifndef CORE_STUCK_H
#define CORE_STUCK_H

#include "core/circuit.h"

/* Unless it works, or will in some seconds: reports what is too late as expired, and lets codes go
 * another way (fallback.h). A bounded step; the courier comes again. */
enum err stuck_serve(struct ctx *cx, struct db *db, const struct circuit *c);

#endif
