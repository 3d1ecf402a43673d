/*
 * floor.h: the weakest second factor that a person lets themselves be signed in by (attack 38).
 *
 * Raised (person.strong_only), codes that are sent (SMS, call, e-mail; a remote service's) prove
 * nothing any more, so that they open nothing to whoever takes over a number or a mailbox. Its
 * owner lowers it with a current proof; it falls when its last strong factor is switched off, but
 * not when wrong codes end that one; and the operator takes it away with all factors (user
 * reset-factors).
 */
#ifndef CORE_FLOOR_H
#define CORE_FLOOR_H

#include "core/factor.h"
#include "core/person.h"
#include "core/session.h"

/* Whether p may prove an attempt by this kind. Recovery codes always do. */
bool floor_meets(const struct person *p, enum factor_kind kind);
/* The same of what was proved: enum amr bits. */
bool floor_is_met(const struct person *p, unsigned proved);

/* By what p may prove an attempt, strongest first: of the factors that are on those that do. */
enum err floor_factors(struct ctx *cx, struct db *db, const struct person *p, struct factor **out,
                       size_t *out_count);

/* Whether p's floor falls with this factor, so that others on p's list (those that are on) sign in
 * again. */
bool floor_hangs_on(const struct person *p, const struct factor *list, size_t count,
                    int64_t factor_id);

/* ERR_CONFLICT: a factor of this kind could not sign its person in, so it is neither begun nor
 * switched on. */
enum err floor_may_begin(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind);

/* As a change of credentials: other sessions, open attempts and begun enrolments end; this session
 * goes on under *out_token. ERR_CONFLICT: no strong factor is on, or this session was itself opened
 * by less. */
enum err floor_raise(struct ctx *cx, struct db *db, const struct session *s,
                     const struct origin *from, struct str *out_token);

/* After a proof that met it. */
enum err floor_lower(struct ctx *cx, struct db *db, const struct person *p,
                     const struct origin *from);

/* After a factor was switched off, by whomever (actor, as in the audit): lowers the floor when no
 * strong one is on any more, and says so in *out_fell. Whoever calls tells the person. */
enum err floor_after_off(struct ctx *cx, struct db *db, int64_t identity_id, const char *actor,
                         const struct origin *from, bool *out_fell);

/* "This wasn't me", whatever it was about: a floor that was lowered lately (FLOOR_UNDO_S), by its
 * owner as it seemed, is raised again if a strong factor of that time is on. The operator's
 * lowering stays. */
enum { FLOOR_UNDO_S = 7 * 86400 };
enum err floor_restore(struct ctx *cx, struct db *db, const struct person *p,
                       const struct origin *from);

#endif
