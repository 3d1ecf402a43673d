/*
 * keys.h: what was typed in calls, taken to the store: the writer decides (core/keyed.h) and the
 * call hears of it once that is committed.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "base/ctx.h"
#include "channel/typed.h"

/* For voice_conf.decide; arg is the struct store. */
enum err keys_decide(void *arg, struct typed *t);

#endif
