/*
 * app_challenge.h: challenges as the Verify dialect puts them to one factor: to a device, which
 * answers with a signature (challenge_decide), or to an authenticator app, which answers by a code.
 */
#ifndef CORE_APP_CHALLENGE_H
#define CORE_APP_CHALLENGE_H

#include "core/app_factor.h"
#include "core/challenge.h"

enum {
    APP_CODES_MAX = 5, /* tried against one challenge */
    APP_CHALLENGE_LIFE_S = 300,
    APP_CHALLENGE_LIFE_MAX_S = 3600,
};

struct app_challenge_filter {
    int64_t factor_id; /* 0: of all factors */
    struct str state;  /* empty: all */
};
/* Of an identity: rows with id above `from`, oldest first; or (down) below it, newest first. */
enum err app_challenge_page(struct ctx *cx, struct db *db, int64_t identity_id,
                            const struct app_challenge_filter *filter, bool down, int64_t from,
                            unsigned max, struct challenge **out, size_t *out_count);
/* Whether another one may be made for a TOTP factor: with codes of four digits or less 10 a day,
 * else 50 an hour and 100 a day. ERR_LIMITED. */
enum err app_challenge_room(struct ctx *cx, struct db *db, const struct app_factor *f);

enum app_code { APP_CODE_RIGHT, APP_CODE_WRONG, APP_CODE_TOO_MANY, APP_CODE_OVER };
/* A code for a challenge of an authenticator app: counted at the challenge and, by factor_check, at
 * the factor and the identity. Right: approved. */
enum err app_challenge_code(struct ctx *cx, struct db *db, const struct challenge *c,
                            const struct app_factor *f, struct str code, const struct origin *from,
                            enum app_code *out);

/* What the device says about itself: a JSON object. */
enum err app_challenge_metadata(struct ctx *cx, struct db *db, int64_t id, struct str json);

#endif
