/*
 * access.h: access tokens (YK…), with which an application lets somebody's device enrol by itself:
 * over the Verify dialect, or in our own authenticator, whose pairing link
 * ".../authenticator#pair=TOKEN" takes one too. Each is good for one factor of one name.
 */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include "core/item.h"

struct access {
    struct item item;
    struct str identity;    /* the application's name of whom the factor will belong to */
    struct str factor_name; /* empty: the device chooses */
    int64_t ttl_s, expires_at_ms;
};

enum { ACCESS_TOKEN_LEN = 34 + 1 + 43 }; /* "YK…-" and a half that is derived */

/* By its form alone; no other token of ours has this length. */
bool access_is_token(struct str text);
enum err access_add(struct ctx *cx, struct db *db, const struct item_place *place,
                    struct str identity, struct str factor_name, int64_t ttl_s, struct access *out);
/* What a row of ITEM_TOKEN says. */
void access_read(struct ctx *cx, const struct item *item, struct access *out);
/* By the token itself, whoever's it is. ERR_DENIED: none of ours, or used. ERR_EXPIRED. */
enum err access_by_token(struct ctx *cx, struct db *db, struct str token, struct access *out);
/* Uses it up. ERR_CONFLICT: it was just used. */
enum err access_use(struct ctx *cx, struct db *db, const struct access *a);

#endif
