/*
 * entity_event.h: what an application's webhooks are told of its entities: factors made, proved and
 * gone, and requests put to one factor, once answered, through whichever door. The Verify dialect
 * sets the webhooks up (items of kind ITEM_WEBHOOK) and words the call (api/verify/hook.h);
 * requests to all of a user's devices are the other dialect's, and told by its callback alone
 * (callback.h).
 */
#ifndef CORE_ENTITY_EVENT_H
#define CORE_ENTITY_EVENT_H

#include "core/challenge.h"

/* The template of the outbox rows; their params are flat texts, the form's parameters. */
#define ENTITY_EVENT_TEMPLATE STR("verify_event")

enum { ENTITY_EVENT_LIFE_S = 3600, WEBHOOKS_MAX = 20 /* of a service */ };

/* "factor.created", "factor.verified", "factor.deleted". Nobody is told of factors of identities
 * without a name: those are the portal's people and the other dialect's users. */
enum err entity_event_factor(struct ctx *cx, struct db *db, int64_t factor_id, const char *event);
/* challenge.approved or challenge.denied, if it was put to a factor. */
enum err entity_event_answered(struct ctx *cx, struct db *db, const struct challenge *c,
                               bool approved);

#endif
