/* stuck.c: see stuck.h. */
#include "core/stuck.h"
#include "core/fallback.h"
#include "core/firewall.h"

enum { STUCK_MAX = 64 }; /* as the statements say */

static enum err ids_of(struct ctx *cx, struct db *db, enum query q, struct str channel,
                       int64_t out[static STUCK_MAX], size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(cx, db, q, DB_ARGS(db_text(channel), db_int(cx->now_ms)), &r);

    *out_count = 0;
    while (e == OK && (e = db_next(&r, &more)) == OK && more && *out_count < STUCK_MAX)
        out[(*out_count)++] = db_col_int(&r, 0);
    return e;
}

static enum err expire(struct ctx *cx, struct db *db, const struct circuit *c, int64_t id)
{
    struct str why =
        arena_printf(cx->mem, "its time was over: %.*s is %.*s%s%.*s", STR_ARG(c->channel),
                     STR_ARG(circuit_words(cx, c)), c->why.n ? ": " : "", STR_ARG(c->why));
    enum err e = db_exec(cx, db, Q_OUTBOX_EXPIRE,
                         DB_ARGS(db_text(why), db_int(cx->now_ms), db_int(id)), NULL);

    return e ? e : firewall_unsent(cx, db, id);
}

static enum err reroute(struct ctx *cx, struct db *db, const struct circuit *c, int64_t id)
{
    struct str why =
        arena_printf(cx->mem, "%.*s is %.*s", STR_ARG(c->channel), STR_ARG(circuit_words(cx, c)));
    struct str way;
    enum err e = fallback_take(cx, db, id, why, &way);

    if (e || !way.n)
        return e;
    why = arena_printf(cx->mem, "%.*s; sent by %.*s instead", STR_ARG(why), STR_ARG(way));
    e = db_exec(cx, db, Q_OUTBOX_REROUTE, DB_ARGS(db_text(why), db_int(cx->now_ms), db_int(id)),
                NULL);
    return e ? e : firewall_unsent(cx, db, id);
}

static bool is_back_soon(const struct ctx *cx, const struct circuit *c)
{
    static const int64_t soon_ms = 10 * MS_PER_S;

    return c->state == CIRCUIT_CLOSED && !c->paused && c->rest_until_ms - cx->now_ms <= soon_ms;
}

enum err stuck_serve(struct ctx *cx, struct db *db, const struct circuit *c)
{
    int64_t id[STUCK_MAX];
    size_t count;
    enum err e;

    if (is_back_soon(cx, c))
        return OK;
    if ((e = ids_of(cx, db, Q_OUTBOX_OVERDUE, c->channel, id, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        if ((e = expire(cx, db, c, id[i])))
            return e;
    }
    if ((e = ids_of(cx, db, Q_OUTBOX_STUCK, c->channel, id, &count)))
        return e;
    for (size_t i = 0; e == OK && i < count; i++)
        e = reroute(cx, db, c, id[i]);
    return e;
}
