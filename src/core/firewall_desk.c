/* firewall_desk.c: what the operator sees of the firewall, and says to it. */
#include "core/audit.h"
#include "core/firewall.h"
#include "core/tariff.h"

static enum err said(struct ctx *cx, struct db *db, const char *event, struct str detail)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .actor = "operator",
                         .event = event,
                         .detail = detail,
                     });
}

static enum err prefix_ok(struct ctx *cx, struct str prefix)
{
    if (prefix.n < 2 || prefix.n > PHONE_DIGITS_MAX + 1 || prefix.p[0] != '+' ||
        !str_all_digits(str_sub(prefix, 1, prefix.n)))
        return fail(cx, ERR_INVALID,
                    "\"%.*s\" is no beginning of numbers: it is written as +3725550",
                    STR_ARG(str_sub(prefix, 0, 40)));
    return OK;
}

static enum err rule_set(struct ctx *cx, struct db *db, struct str prefix, const char *action,
                         const char *event)
{
    enum err e;

    if ((e = prefix_ok(cx, prefix)) ||
        (e = db_exec(cx, db, Q_PHONE_RULE_SET,
                     DB_ARGS(db_text(prefix), db_text(str_from(action)), db_int(cx->now_ms)),
                     NULL)))
        return e;
    return said(cx, db, event, arena_printf(cx->mem, "prefix=%.*s", STR_ARG(prefix)));
}

enum err firewall_pause(struct ctx *cx, struct db *db, struct str prefix)
{
    return rule_set(cx, db, prefix, "pause", "phone_prefix_paused");
}

enum err firewall_allow(struct ctx *cx, struct db *db, struct str prefix)
{
    return rule_set(cx, db, prefix, "allow", "phone_prefix_allowed");
}

enum err firewall_resume(struct ctx *cx, struct db *db, struct str prefix)
{
    int64_t rules, pauses;
    enum err e;

    if ((e = prefix_ok(cx, prefix)) ||
        (e = db_exec(cx, db, Q_PHONE_RULE_REMOVE, DB_ARGS(db_text(prefix)), &rules)) ||
        (e = db_exec(cx, db, Q_PHONE_PREFIX_RESUME, DB_ARGS(db_int(cx->now_ms), db_text(prefix)),
                     &pauses)))
        return e;
    if (rules + pauses == 0)
        return fail(
            cx, ERR_NOT_FOUND,
            "%.*s is neither paused nor allowed; \"countersign firewall list\" shows what is",
            STR_ARG(prefix));
    return said(cx, db, "phone_prefix_resumed",
                arena_printf(cx->mem, "prefix=%.*s", STR_ARG(prefix)));
}

enum err firewall_extend(struct ctx *cx, struct db *db, int64_t amount)
{
    const struct firewall_rules *rules = core_of(db)->firewall;
    enum err e;

    if (!rules || !rules->capped)
        return fail(cx, ERR_CONFLICT, "there is no limit of a day's spending: phone_daily_spend");
    if ((e = db_exec(cx, db, Q_PHONE_SPEND_EXTEND,
                     DB_ARGS(db_int(cx->now_ms / DAY_MS), db_int(amount)), NULL)))
        return e;
    return said(cx, db, "phone_spend_extended",
                arena_printf(cx->mem, "amount=%.*s", STR_ARG(money_text(cx, amount))));
}

enum err firewall_paused_count(struct ctx *cx, struct db *db, int64_t *out_by_rules,
                               int64_t *out_by_operator)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_PHONE_PAUSED_COUNT, DB_ARGS(db_int(cx->now_ms)), &r);

    if (e)
        return e;
    *out_by_rules = db_col_int(&r, 0);
    *out_by_operator = db_col_int(&r, 1);
    return OK;
}

static enum err list_rules(struct ctx *cx, struct db *db, struct firewall_prefix *list, size_t max,
                           size_t *count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(cx, db, Q_PHONE_RULE_LIST, DB_ARGS(db_int((int64_t)max)), &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more && *count < max) {
        bool allow = str_eq(db_col_text(&r, 1), STR("allow"));

        list[(*count)++] = (struct firewall_prefix){
            .prefix = db_col_text(&r, 0),
            .by_operator = true,
            .allowed = allow,
            .paused_until_ms = allow ? 0 : INT64_MAX,
        };
    }
    return e;
}

enum err firewall_list(struct ctx *cx, struct db *db, struct firewall_prefix **out,
                       size_t *out_count)
{
    enum { LIST_MAX = 500, BUSY_MAX = 50 };
    OWN(db_rows_end) struct db_rows r = {0};
    struct firewall_prefix *list =
        ARENA_ARRAY(cx->mem, struct firewall_prefix, LIST_MAX + BUSY_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = list_rules(cx, db, list, LIST_MAX, &count)) ||
        (e = db_query(cx, db, Q_PHONE_PREFIX_LIST,
                      DB_ARGS(db_int(cx->now_ms), db_int(cx->now_ms - DAY_MS), db_int(BUSY_MAX)),
                      &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more)
        list[count++] = (struct firewall_prefix){
            .prefix = db_col_text(&r, 0),
            .sent = db_col_int(&r, 1),
            .proved = db_col_int(&r, 2),
            .paused_until_ms = db_col_int(&r, 3) > cx->now_ms ? db_col_int(&r, 3) : 0,
        };
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}
