/*
 * answer.h: what challenge.c and answer.c share. Not for the faces.
 */
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "core/challenge.h"

/* The request of a sign-in attempt, to any device (factor_id 0) or to one factor: takes one of the
 * identity's pushes, supersedes another open one. ERR_LIMITED. */
enum err challenge_put(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                       int64_t factor_id, struct challenge *out);
/* The open one of a person's attempts, if any, is canceled. */
enum err challenge_supersede(struct ctx *cx, struct db *db, int64_t identity_id);
/* An attempt is finished: its request, if one is still open, is canceled, and the devices drop it.
 */
enum err challenge_withdraw(struct ctx *cx, struct db *db, int64_t identity_id, int64_t login_id);
/* Other digits than the page's: the request has ended, denied. */
enum err challenge_wrong_digits(struct ctx *cx, struct db *db, const struct device *d,
                                const struct challenge *c, const struct challenge_answer *in,
                                const struct origin *from, enum answer_outcome *out);

/* "This wasn't me" about a sign-in's request that is over unanswered: the person distrusts the
 * password all the same. The request stays as it is. */
enum err challenge_not_me_late(struct ctx *cx, struct db *db, const struct device *d,
                               const struct challenge *c, const struct origin *from);

/* The columns in the order that every challenge query selects. */
enum err challenge_row(struct ctx *cx, const struct db_rows *r, struct challenge *out);

#endif
