/* app_challenge.c: see app_challenge.h. */
#include "core/app_challenge.h"
#include "core/answer.h"
#include "core/audit.h"
#include "core/entity_event.h"

enum err app_challenge_page(struct ctx *cx, struct db *db, int64_t identity_id,
                            const struct app_challenge_filter *filter, bool down, int64_t from,
                            unsigned max, struct challenge **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct challenge *list = ARENA_ARRAY(cx->mem, struct challenge, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, down ? Q_APP_CHALLENGE_DOWN : Q_APP_CHALLENGE_UP,
                          DB_ARGS(db_int(identity_id), db_int(filter->factor_id),
                                  db_text(filter->state.n ? filter->state : STR("")),
                                  db_int(cx->now_ms), db_int(from), db_int(max)),
                          &r);

    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max) {
        if ((e = challenge_row(cx, &r, &list[count])))
            return e;
        count++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

static enum err at_most(struct ctx *cx, struct db *db, const struct app_factor *f, int64_t max,
                        int64_t within_ms)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_APP_CHALLENGE_COUNT,
               DB_ARGS(db_int(f->identity_id), db_int(f->id), db_int(cx->now_ms - within_ms)), &r);

    if (e)
        return e;
    if (db_col_int(&r, 0) >= max) {
        cx->retry_after_s = (db_col_int(&r, 1) + within_ms - cx->now_ms) / MS_PER_S + 1;
        return fail(cx, ERR_LIMITED, "%lld challenges were made for this factor", (long long)max);
    }
    return OK;
}

enum err app_challenge_room(struct ctx *cx, struct db *db, const struct app_factor *f)
{
    enum { SHORT_CODE = 4, SHORT_A_DAY = 10, AN_HOUR = 50, A_DAY = 100 };
    enum err e;

    if (f->digits <= SHORT_CODE)
        return at_most(cx, db, f, SHORT_A_DAY, DAY_MS);
    e = at_most(cx, db, f, AN_HOUR, HOUR_MS);
    return e ? e : at_most(cx, db, f, A_DAY, DAY_MS);
}

/* Counts the code before anything is compared (attack 7). */
static enum err reserve(struct ctx *cx, struct db *db, const struct challenge *c,
                        enum app_code *out, bool *out_go)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_CHALLENGE_RESERVE,
                        DB_ARGS(db_int(cx->now_ms), db_int(c->id), db_int(APP_CODES_MAX)), &r);

    *out_go = e == OK;
    *out = c->state == CHALLENGE_PENDING ? APP_CODE_TOO_MANY : APP_CODE_OVER;
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err approve(struct ctx *cx, struct db *db, const struct challenge *c,
                        const struct origin *from, enum app_code *out)
{
    enum err e = db_exec_one(cx, db, Q_CHALLENGE_DECIDE,
                             DB_ARGS(db_text(challenge_state_name(CHALLENGE_APPROVED)),
                                     db_text(STR("")), db_int(c->factor_id), db_int(cx->now_ms),
                                     db_text(STR("")), db_null(), db_int(c->id)));

    *out = e == ERR_CONFLICT ? APP_CODE_OVER : APP_CODE_RIGHT;
    if (e || (e = entity_event_answered(cx, db, c, true)))
        return e == ERR_CONFLICT ? OK : e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = c->service_id,
                         .identity_id = c->identity_id,
                         .actor = "app",
                         .event = "challenge_answered",
                         .from = *from,
                         .detail = arena_printf(cx->mem, "challenge=%.*s decision=approved by=code",
                                                STR_ARG(c->sid)),
                     });
}

enum err app_challenge_code(struct ctx *cx, struct db *db, const struct challenge *c,
                            const struct app_factor *f, struct str code, const struct origin *from,
                            enum app_code *out)
{
    struct check_out check;
    bool go;
    enum err e;

    if ((e = reserve(cx, db, c, out, &go)) || !go ||
        (e = app_totp_check(cx, db, f, code, from, &check)))
        return e;
    if (check.outcome == CHECK_RIGHT)
        return approve(cx, db, c, from, out);
    cx->retry_after_s = check.retry_after_s;
    *out = check.outcome == CHECK_PAUSED || check.outcome == CHECK_OFF ? APP_CODE_TOO_MANY
                                                                       : APP_CODE_WRONG;
    return OK;
}

enum err app_challenge_metadata(struct ctx *cx, struct db *db, int64_t id, struct str json)
{
    return db_exec_one(cx, db, Q_CHALLENGE_SET_METADATA, DB_ARGS(db_text(json), db_int(id)));
}
