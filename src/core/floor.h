/*
 * floor.h: the weakest second factor that a person lets themselves be signed in by (attack 38).
 *
 * Raised, codes that are sent (SMS, call, e-mail; a remote service's) sign in no longer, so that
 * adding such a factor opens nothing to whoever takes over a number or a mailbox. It holds while a
 * strong factor is on, or was ended by wrong codes: the view person_level in the schema. Its owner
 * lowers it, or switches the last strong factor off; or the operator removes them all.
 */
#ifndef CORE_FLOOR_H
#define CORE_FLOOR_H

#include "core/factor.h"
#include "core/person.h"

/* Whether p may prove an attempt by this kind. Recovery codes always do. */
bool floor_meets(const struct person *p, enum factor_kind kind);

/* By what p may prove an attempt, strongest first: of the factors that are on those that do. */
enum err floor_factors(struct ctx *cx, struct db *db, const struct person *p, struct factor **out,
                       size_t *out_count);

/* Whether no strong factor of a person's list would stay on without this one: it takes the floor
 * with it. */
bool floor_hangs_on(const struct factor *list, size_t count, int64_t factor_id);

/* ERR_CONFLICT: a factor of this kind could not sign its person in, so it is not begun. */
enum err floor_may_begin(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind);

/* Raises or lowers it; audits and mails. Sessions that were opened by less are good for nothing
 * from then on. amr: what this session proved. ERR_CONFLICT, when raised: no strong factor is on,
 * or this session was itself opened by less. */
enum err floor_move(struct ctx *cx, struct db *db, int64_t person_id, unsigned amr, bool raised,
                    const struct origin *from);

#endif
