/* hook_rest.c: see hook_rest.h. */
#include "core/hook_rest.h"

enum { FAILURES_MAX = 5 };
static const int64_t first_ms = 15 * MS_PER_S, longest_ms = 5 * MINUTE_MS,
                     last_chance_ms = 15 * MS_PER_S; /* before a call's time is over */

static enum err count_failure(struct ctx *cx, struct db *db, const struct outbox_row *row)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t failures, rests, until_ms, span_ms = first_ms;
    enum err e = db_one(cx, db, Q_HOOK_REST_FAILED,
                        DB_ARGS(db_int(row->service_id), db_int(row->hook_id)), &r);

    if (e)
        return e;
    failures = db_col_int(&r, 0);
    rests = db_col_int(&r, 1);
    until_ms = db_col_int(&r, 2);
    db_rows_end(&r);
    if (failures < FAILURES_MAX || until_ms > cx->now_ms) /* these were under way before it */
        return OK;
    for (int64_t i = 0; i < rests && span_ms < longest_ms; i++)
        span_ms *= 2;
    return db_exec(cx, db, Q_HOOK_REST_BEGIN,
                   DB_ARGS(db_int(cx->now_ms + MIN_OF(span_ms, longest_ms)),
                           db_int(row->service_id), db_int(row->hook_id)),
                   NULL);
}

enum err hook_rest_note(struct ctx *cx, struct db *db, int64_t outbox_id, bool failed)
{
    struct outbox_row row;
    enum err e = outbox_by_id(cx, db, outbox_id, &row);

    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    return failed ? count_failure(cx, db, &row)
                  : hook_rest_forget(cx, db, row.service_id, row.hook_id);
}

enum err hook_rest_forget(struct ctx *cx, struct db *db, int64_t service_id, int64_t hook_id)
{
    return db_exec(cx, db, Q_HOOK_REST_END, DB_ARGS(db_int(service_id), db_int(hook_id)), NULL);
}

enum err hook_rest_serve(struct ctx *cx, struct db *db)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_HOOK_REST_ANY, DB_ARGS(db_int(cx->now_ms)), &r);

    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    db_rows_end(&r);
    return db_exec(
        cx, db, Q_HOOK_REST_PUT_OFF,
        DB_ARGS(db_int(last_chance_ms), db_int(cx->now_ms), db_int(cx->now_ms + last_chance_ms)),
        NULL);
}
