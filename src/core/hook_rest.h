/*
 * hook_rest.h: a receiver that fails again and again rests, so that the others get their turn. All
 * applications share the courier's places for webhooks, and one that does not answer keeps each for
 * ten seconds: a few calls in a second would take them all, for the hour that calls are tried.
 *
 *   5 attempts in a row fail -> it rests, 15 s at first, twice as long each time, up to 5 minutes
 *   an attempt that is answered well, or refused, ends that
 *
 * What is due meanwhile waits, and gets its last attempt before its time is over.
 */
#ifndef CORE_HOOK_REST_H
#define CORE_HOOK_REST_H

#include "core/outbox.h"

/* An attempt to deliver row has ended: failed means that it is to be tried again, or was for long
 * enough. */
enum err hook_rest_note(struct ctx *cx, struct db *db, int64_t outbox_id, bool failed);
/* The place was changed, or somebody says that it works. hook_id 0: the callback URL. */
enum err hook_rest_forget(struct ctx *cx, struct db *db, int64_t service_id, int64_t hook_id);
/* Before webhooks are claimed. */
enum err hook_rest_serve(struct ctx *cx, struct db *db);

#endif
