/* usage.c: one row for each application, month and kind. A month is year * 12 + month - 1. */
#include "core/usage.h"

#include <time.h>

static const struct str kinds[USAGE_KINDS] = {
    [USAGE_SMS] = {"sms",  3},
    [USAGE_CALLS] = {"call", 4},
    [USAGE_USERS] = {"user", 4},
    [USAGE_AUTHS] = {"auth", 4},
};

static int64_t month_of(int64_t at_ms)
{
    enum { EPOCH = 1900, MONTHS = 12 };
    time_t at_s = (time_t)(at_ms / MS_PER_S);
    struct tm tm;

    return gmtime_r(&at_s, &tm) ? (int64_t)(tm.tm_year + EPOCH) * MONTHS + tm.tm_mon : 0;
}

enum err usage_add(struct ctx *cx, struct db *db, int64_t service_id, enum usage kind)
{
    return db_exec(cx, db, Q_USAGE_ADD,
                   DB_ARGS(db_int(service_id), db_int(month_of(cx->now_ms)), db_text(kinds[kind])),
                   NULL);
}

enum err usage_of(struct ctx *cx, struct db *db, int64_t service_id,
                  struct usage_month out[static USAGE_MONTHS])
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t first = month_of(cx->now_ms) - USAGE_MONTHS + 1;
    bool more;
    enum err e;

    for (int i = 0; i < USAGE_MONTHS; i++)
        out[i] = (struct usage_month){
            .year = (int)((first + i) / 12),
            .month = (int)((first + i) % 12) + 1,
        };
    if ((e = db_query(cx, db, Q_USAGE_LIST, DB_ARGS(db_int(service_id), db_int(first)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more) {
        int64_t at = db_col_int(&r, 0) - first;

        for (int k = 0; k < USAGE_KINDS; k++) {
            if (at >= 0 && at < USAGE_MONTHS && str_eq(db_col_text(&r, 1), kinds[k]))
                out[at].count[k] = db_col_int(&r, 2);
        }
    }
    return e;
}
