/*
 * limit.c: fixed windows, one row per scope and subject. A fixed window lets through at most twice
 * its maximum around its edge, which the maxima allow for, and costs one statement.
 */
#include "core/limit.h"
#include "crypto/hash.h"

static struct bytes counter_key(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                                struct str subject)
{
    const struct bytes parts[] = {
        str_bytes(str_from(rule->scope)),
        BYTES_OF(""), /* the NUL that ends the scope: no scope holds one */
        str_bytes(subject),
    };
    uint8_t mac[HMAC_LEN_MAX];
    size_t n =
        hmac_parts(HMAC_SHA256, secret_bytes(&core_of(db)->limit_key), parts, COUNT_OF(parts), mac);

    return arena_bytes(cx->mem, (struct bytes){mac, n});
}

static enum err refuse(struct ctx *cx, const struct limit_rule *rule, int64_t until_ms)
{
    cx->retry_after_s = MAX_OF((until_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S, (int64_t)1);
    return fail(cx, ERR_LIMITED, "budget %s is used up", rule->scope);
}

/* *out_until_ms: the end of the window. */
static enum err take(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                     struct str subject, int64_t *out_count, int64_t *out_until_ms)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t until_ms = cx->now_ms + (int64_t)rule->window_s * MS_PER_S;
    enum err e = db_one(
        cx, db, Q_LIMIT_TAKE,
        DB_ARGS(db_blob(counter_key(cx, db, rule, subject)), db_int(cx->now_ms), db_int(until_ms)),
        &r);

    if (e)
        return e;
    *out_count = db_col_int(&r, 0);
    *out_until_ms = db_col_int(&r, 1);
    return OK;
}

enum err limit_take(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                    struct str subject)
{
    int64_t count, until_ms;
    enum err e;

    if ((e = take(cx, db, rule, subject, &count, &until_ms)) || (e = db_keep(cx, db)))
        return e;
    return count > rule->max ? refuse(cx, rule, until_ms) : OK;
}

enum err limit_count(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                     struct str subject)
{
    int64_t count, until_ms;

    return take(cx, db, rule, subject, &count, &until_ms);
}

enum err limit_peek(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                    struct str subject)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_LIMIT_GET,
               DB_ARGS(db_blob(counter_key(cx, db, rule, subject)), db_int(cx->now_ms)), &r);

    if (e == ERR_NOT_FOUND)
        return OK;
    if (e)
        return e;
    return db_col_int(&r, 0) >= rule->max ? refuse(cx, rule, db_col_int(&r, 1)) : OK;
}

enum err limit_clear(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                     struct str subject)
{
    return db_exec(cx, db, Q_LIMIT_CLEAR, DB_ARGS(db_blob(counter_key(cx, db, rule, subject))),
                   NULL);
}
