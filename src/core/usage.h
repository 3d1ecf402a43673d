/*
 * usage.h: how much an application used, by calendar month (UTC). Counts, nobody's name.
 */
#ifndef CORE_USAGE_H
#define CORE_USAGE_H

#include "core/core.h"

enum usage { USAGE_SMS, USAGE_CALLS, USAGE_USERS, USAGE_AUTHS, USAGE_KINDS };
enum { USAGE_MONTHS = 12 };

struct usage_month {
    int year, month; /* 1-12 */
    int64_t count[USAGE_KINDS];
};

enum err usage_add(struct ctx *cx, struct db *db, int64_t service_id, enum usage kind);
/* The last twelve months with this one, oldest first; zeros where nothing was. */
enum err usage_of(struct ctx *cx, struct db *db, int64_t service_id,
                  struct usage_month out[static USAGE_MONTHS]);

#endif
