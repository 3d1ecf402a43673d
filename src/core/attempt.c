/* attempt.c: see attempt.h. */
#include "core/attempt.h"
#include "core/firewall.h"
#include "core/phone.h"

static const int64_t kept_ms = ATTEMPT_DAYS * DAY_MS;

static struct attempt attempt_row(const struct db_rows *r)
{
    return (struct attempt){
        .id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .service_sid = db_col_text(r, 2),
        .verification_sid = db_col_text(r, 3),
        .channel = db_col_text(r, 4),
        .target = db_col_text(r, 5),
        .country = db_col_text(r, 6),
        .locale = db_col_text(r, 7),
        .digits = (uint8_t)db_col_int(r, 8),
        .converted = db_col_int(r, 9) != 0,
        .created_at_ms = db_col_int(r, 10),
        .updated_at_ms = db_col_int(r, 11),
        .expires_at_ms = db_col_int(r, 12),
    };
}

enum err attempt_add(struct ctx *cx, struct db *db, const struct verification *v, struct str locale,
                     int64_t outbox_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct phone phone = {.region = STR("")};
    int64_t account_id;
    enum err e = db_one(cx, db, Q_ACCOUNT_OF_SERVICE, DB_ARGS(db_int(v->service_id)), &r);

    if (e)
        return e;
    account_id = db_col_int(&r, 0);
    if (!str_eq(v->channel, STR("email")) && phone_parse(cx, STR_NONE, v->target, &phone))
        phone.region = STR("");
    return db_exec(cx, db, Q_ATTEMPT_INSERT,
                   DB_ARGS(db_int(id_new(cx)), db_text(sid_new(cx, "VL")), db_int(account_id),
                           db_int(v->service_id), db_int(v->id), db_text(v->sid),
                           db_text(v->channel), db_text(v->target),
                           db_text(phone.region.n ? phone.region : STR("")),
                           db_text(locale.n ? locale : STR("")), db_int(v->digits),
                           db_int(cx->now_ms), db_int(v->expires_at_ms), db_int(outbox_id)),
                   NULL);
}

enum err attempt_convert(struct ctx *cx, struct db *db, int64_t verification_id)
{
    enum err e = db_exec(cx, db, Q_ATTEMPT_CONVERT,
                         DB_ARGS(db_int(cx->now_ms), db_int(verification_id)), NULL);

    return e ? e : firewall_proved(cx, db, verification_id);
}

static enum err read_list(struct ctx *cx, struct db_rows *r, unsigned max, struct attempt **out,
                          size_t *out_count)
{
    struct attempt *list = ARENA_ARRAY(cx->mem, struct attempt, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e;

    while ((e = db_next(r, &more)) == OK && more && count < max)
        list[count++] = attempt_row(r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err attempt_of(struct ctx *cx, struct db *db, int64_t verification_id, struct attempt **out,
                    size_t *out_count)
{
    enum { LIST_MAX = 20 };
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_query(cx, db, Q_ATTEMPT_OF_VERIFICATION, DB_ARGS(db_int(verification_id)), &r);

    return e ? e : read_list(cx, &r, LIST_MAX, out, out_count);
}

enum err attempt_message(struct ctx *cx, struct db *db, const struct attempt *a,
                         struct attempt_message *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_ATTEMPT_MESSAGE, DB_ARGS(db_int(a->id)), &r);

    *out = (struct attempt_message){
        .state = STR(""), .receipt = STR(""), .why = STR(""), .price = STR("")};
    if (e == OK)
        *out = (struct attempt_message){.state = db_col_text(&r, 0),
                                        .receipt = db_col_text(&r, 1),
                                        .why = db_col_text(&r, 2),
                                        .price = db_col_text(&r, 3)};
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err attempt_by_sid(struct ctx *cx, struct db *db, int64_t account_id, struct str sid,
                        struct attempt *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_ATTEMPT_BY_SID,
               DB_ARGS(db_int(account_id), db_text(sid), db_int(cx->now_ms - kept_ms)), &r);

    if (e == OK)
        *out = attempt_row(&r);
    return e;
}

static int64_t since(const struct ctx *cx, const struct attempt_filter *f)
{
    return MAX_OF(f->after_ms, cx->now_ms - kept_ms);
}

static int64_t until(const struct attempt_filter *f)
{
    return f->before_ms ? f->before_ms : INT64_MAX;
}

enum err attempt_page(struct ctx *cx, struct db *db, int64_t account_id,
                      const struct attempt_filter *f, bool down, int64_t from, unsigned max,
                      struct attempt **out, size_t *out_count)
{
    static const int64_t words[] = {-1, 1, 0};
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_query(cx, db, down ? Q_ATTEMPT_DOWN : Q_ATTEMPT_UP,
                          DB_ARGS(db_int(account_id), db_int(since(cx, f)), db_int(until(f)),
                                  db_text(f->target), db_text(f->country), db_text(f->channel),
                                  db_text(f->service_sid), db_text(f->verification_sid),
                                  db_int(words[f->which]), db_int(from), db_int(max)),
                          &r);

    return e ? e : read_list(cx, &r, max, out, out_count);
}

enum err attempt_summary(struct ctx *cx, struct db *db, int64_t account_id,
                         const struct attempt_filter *f, int64_t *out_total, int64_t *out_converted)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_ATTEMPT_SUMMARY,
                        DB_ARGS(db_int(account_id), db_int(since(cx, f)), db_int(until(f)),
                                db_text(f->target), db_text(f->country), db_text(f->channel),
                                db_text(f->service_sid)),
                        &r);

    if (e)
        return e;
    *out_total = db_col_int(&r, 0);
    *out_converted = db_col_int(&r, 1);
    return OK;
}
