/* hook.c: see hook.h. */
#include "core/hook.h"
#include "core/audit.h"
#include "core/callback.h"

#include <inttypes.h>
#include <jansson.h>

/* ---- finding ---- */

static struct str member(struct ctx *cx, const json_t *data, const char *name, const char *other)
{
    const char *text = json_string_value(json_object_get(data, name));

    if (!text)
        text = json_string_value(json_object_get(data, other));
    return arena_str(cx->mem, str_from(text ? text : ""));
}

static struct hook item_hook(struct ctx *cx, const struct db_rows *r)
{
    struct str text = db_col_text(r, 2);
    json_t *data = json_loadb(text.p, text.n, 0, NULL);
    struct hook h = {
        .item_id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .name = member(cx, data, "friendly_name", "name"),
        .url = member(cx, data, "webhook_url", "url"),
        .service_id = db_col_int(r, 3),
        .service_name = db_col_text(r, 4),
        .failures = db_col_is_null(r, 5) ? 0 : db_col_int(r, 5),
        .off_at_ms = db_col_is_null(r, 6) ? 0 : db_col_int(r, 6),
        .why = db_col_is_null(r, 7) ? STR("") : db_col_text(r, 7),
        .rest_until_ms = db_col_is_null(r, 8) ? 0 : db_col_int(r, 8),
    };

    json_decref(data);
    return h;
}

static struct hook callback_hook(const struct db_rows *r)
{
    bool off = !db_col_is_null(r, 6);

    return (struct hook){
        .service_id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .service_name = db_col_text(r, 2),
        .name = STR("callback_url"),
        .url = off ? db_col_text(r, 5) : db_col_text(r, 3),
        .failures = off ? CALLBACK_FAILURES_MAX : db_col_int(r, 4),
        .off_at_ms = off ? db_col_int(r, 6) : 0,
        .rest_until_ms = db_col_is_null(r, 7) ? 0 : db_col_int(r, 7),
        .why = STR(""),
    };
}

enum err hook_list(struct ctx *cx, struct db *db, struct hook **out, size_t *out_count)
{
    enum { LIST_MAX = 2000 }; /* twice the statements' limit */
    struct hook *list = ARENA_ARRAY(cx->mem, struct hook, LIST_MAX);
    struct db_rows r = {0};
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_CALLBACK_LIST, DB_NO_ARGS, &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX)
        list[count++] = callback_hook(&r);
    db_rows_end(&r);
    if (e || (e = db_query(cx, db, Q_HOOK_LIST, DB_NO_ARGS, &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX)
        list[count++] = item_hook(cx, &r);
    db_rows_end(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err hook_by_sid(struct ctx *cx, struct db *db, struct str sid, struct hook *out)
{
    struct hook *list;
    size_t count;
    enum err e = hook_list(cx, db, &list, &count);

    for (size_t i = 0; e == OK && i < count; i++) {
        if (!str_eq(list[i].sid, sid))
            continue;
        *out = list[i];
        return OK;
    }
    return e ? e : fail(cx, ERR_NOT_FOUND, "no webhook %.*s", STR_ARG(str_sub(sid, 0, 60)));
}

static enum err hook_by_item(struct ctx *cx, struct db *db, int64_t item_id, struct hook *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_HOOK_BY_ID, DB_ARGS(db_int(item_id)), &r);

    if (e == OK)
        *out = item_hook(cx, &r);
    return e;
}

/* Of a row: the webhook's, or that of the callback URL. */
static enum err hook_of(struct ctx *cx, struct db *db, const struct outbox_row *row,
                        struct hook *out)
{
    struct service s;
    enum err e;

    if (row->hook_id)
        return hook_by_item(cx, db, row->hook_id, out);
    if ((e = service_by_id(cx, db, row->service_id, &s)))
        return e;
    return hook_by_sid(cx, db, s.sid, out);
}

enum err hook_is_on(struct ctx *cx, struct db *db, int64_t item_id, bool *out)
{
    struct hook h;
    enum err e = hook_by_item(cx, db, item_id, &h);

    if (e == OK)
        *out = h.off_at_ms == 0;
    return e;
}

enum err hook_target(struct ctx *cx, struct db *db, const struct outbox_row *row, struct str *out)
{
    struct hook h;
    enum err e = hook_by_item(cx, db, row->hook_id, &h);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "the webhook was removed");
    if (e)
        return e;
    if (h.off_at_ms)
        return fail(cx, ERR_EXPIRED, "the webhook is switched off");
    *out = h.url;
    return OK;
}

/* ---- on and off ---- */

static enum err audited(struct ctx *cx, struct db *db, const struct hook *h, const char *actor,
                        const char *event)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = h->service_id,
                         .actor = actor,
                         .event = event,
                         .detail = arena_printf(cx->mem, "webhook=%.*s url=%.*s", STR_ARG(h->sid),
                                                STR_ARG(h->url)),
                     });
}

static enum err switch_off(struct ctx *cx, struct db *db, const struct hook *h, struct str why,
                           const char *actor)
{
    enum err e = db_exec(cx, db, Q_HOOK_OFF,
                         DB_ARGS(db_int(h->item_id), db_int(cx->now_ms), db_text(why)), NULL);

    return e ? e : audited(cx, db, h, actor, "webhook_off");
}

static enum err tell_operator(struct ctx *cx, struct db *db, const struct hook *h, struct str why)
{
    struct service s;
    enum err e = service_by_id(cx, db, h->service_id, &s);

    return e ? e
             : outbox_operator(
                   cx, db, &s,
                   arena_printf(cx->mem,
                                "%d calls in a row of the webhook %.*s of \"%.*s\" to %.*s did not "
                                "get there, so it was switched off. The last reason: %.*s. Once "
                                "that is mended: countersign webhook enable %.*s, then countersign "
                                "webhook replay %.*s",
                                HOOK_FAILURES_MAX, STR_ARG(h->sid), STR_ARG(s.name),
                                STR_ARG(h->url), STR_ARG(why), STR_ARG(h->sid), STR_ARG(h->sid)));
}

static enum err failed(struct ctx *cx, struct db *db, const struct hook *h, struct str why)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t failures;
    enum err e = db_one(cx, db, Q_HOOK_FAILED, DB_ARGS(db_int(h->item_id), db_text(why)), &r);

    if (e)
        return e;
    failures = db_col_int(&r, 0);
    db_rows_end(&r);
    if (failures < HOOK_FAILURES_MAX || h->off_at_ms)
        return OK;
    e = switch_off(cx, db, h, why, "system");
    return e ? e : tell_operator(cx, db, h, why);
}

enum err hook_booked(struct ctx *cx, struct db *db, int64_t outbox_id, bool taken, struct str why)
{
    struct outbox_row row;
    struct hook h;
    enum err e;

    if ((e = outbox_by_id(cx, db, outbox_id, &row)))
        return e == ERR_NOT_FOUND ? OK : e;
    if (!row.hook_id)
        return callback_booked(cx, db, outbox_id, taken);
    if ((e = hook_by_item(cx, db, row.hook_id, &h)))
        return e == ERR_NOT_FOUND ? OK : e; /* removed meanwhile */
    if (!taken)
        return failed(cx, db, &h, why);
    return h.failures && !h.off_at_ms ? hook_forget(cx, db, h.item_id) : OK;
}

enum err hook_enable(struct ctx *cx, struct db *db, const struct hook *h)
{
    enum err e;

    if (!h->off_at_ms)
        return OK;
    e = h->item_id ? hook_forget(cx, db, h->item_id)
                   : service_set(cx, db, h->service_id, STR("callback_url"), h->url);
    return e ? e : audited(cx, db, h, "operator", "webhook_on");
}

enum err hook_disable(struct ctx *cx, struct db *db, const struct hook *h)
{
    enum err e;

    if (h->off_at_ms)
        return OK;
    if (h->item_id)
        return switch_off(cx, db, h, STR("the operator switched it off"), "operator");
    e = db_exec(cx, db, Q_SERVICE_CALLBACK_OFF, DB_ARGS(db_int(cx->now_ms), db_int(h->service_id)),
                NULL);
    return e ? e : audited(cx, db, h, "operator", "webhook_off");
}

enum err hook_forget(struct ctx *cx, struct db *db, int64_t item_id)
{
    enum err e = db_exec(cx, db, Q_HOOK_TAKEN, DB_ARGS(db_int(item_id)), NULL);

    return e ? e : db_exec(cx, db, Q_HOOK_REST_END_OF_ITEM, DB_ARGS(db_int(item_id)), NULL);
}

/* ---- again ---- */

static enum err send_again(struct ctx *cx, struct db *db, const struct hook *h,
                           const struct outbox_row *old, int64_t *out_id)
{
    struct outbox_row row = {
        .service_id = old->service_id,
        .identity_id = old->identity_id,
        .hook_id = old->hook_id,
        .channel = old->channel,
        .target = h->url,
        .template_name = old->template_name,
        .params = old->params,
        .expires_at_ms = cx->now_ms + (old->expires_at_ms - old->created_at_ms),
    };
    enum err e = db_exec_one(cx, db, Q_DELIVERY_REPLAYED, DB_ARGS(db_int(old->id)));

    if (e == ERR_CONFLICT)
        return fail(cx, e, "%" PRId64 " is still under way, or was sent again before", old->id);
    if (e || (e = outbox_add(cx, db, &row)))
        return e;
    *out_id = row.id;
    return OK;
}

static enum err off_error(struct ctx *cx, const struct hook *h)
{
    return fail(cx, ERR_CONFLICT,
                "its webhook is switched off: \"countersign webhook enable %.*s\" comes first",
                STR_ARG(h->sid));
}

static enum err replay_audit(struct ctx *cx, struct db *db, int64_t service_id, struct str detail)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = service_id,
                         .actor = "operator",
                         .event = "webhook_replayed",
                         .detail = detail,
                     });
}

enum err hook_replay(struct ctx *cx, struct db *db, int64_t outbox_id, int64_t *out_id)
{
    struct outbox_row old;
    struct hook h;
    enum err e = outbox_by_id(cx, db, outbox_id, &old);

    if (e)
        return e == ERR_NOT_FOUND
                   ? fail(cx, e, "no delivery %" PRId64 "; they are kept for a week", outbox_id)
                   : e;
    if (!str_eq(old.channel, STR("webhook")))
        return fail(cx, ERR_CONFLICT,
                    "%" PRId64 " is no call of a webhook: people ask for another message "
                    "themselves",
                    outbox_id);
    if ((e = hook_of(cx, db, &old, &h)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_CONFLICT, "its webhook was removed") : e;
    if (h.off_at_ms)
        return off_error(cx, &h);
    if ((e = send_again(cx, db, &h, &old, out_id)))
        return e;
    return replay_audit(cx, db, h.service_id,
                        arena_printf(cx->mem, "old=%" PRId64 " new=%" PRId64, outbox_id, *out_id));
}

static enum err missed(struct ctx *cx, struct db *db, const struct hook *h, int64_t **out,
                       size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t *ids = ARENA_ARRAY(cx->mem, int64_t, HOOK_REPLAY_MAX);
    size_t count = 0;
    bool more;
    enum err e =
        db_query(cx, db, Q_DELIVERY_OF_HOOK,
                 DB_ARGS(db_int(h->service_id), db_int(h->item_id), db_int(HOOK_REPLAY_MAX)), &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more && count < HOOK_REPLAY_MAX)
        ids[count++] = db_col_int(&r, 0);
    *out = ids;
    *out_count = count;
    return e;
}

enum err hook_replay_all(struct ctx *cx, struct db *db, const struct hook *h, size_t *out_count)
{
    struct outbox_row old;
    int64_t *ids, id;
    size_t count;
    enum err e;

    if (h->off_at_ms)
        return off_error(cx, h);
    if ((e = missed(cx, db, h, &ids, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        if ((e = outbox_by_id(cx, db, ids[i], &old)) || (e = send_again(cx, db, h, &old, &id)))
            return e;
    }
    if (count &&
        (e = replay_audit(cx, db, h->service_id,
                          arena_printf(cx->mem, "webhook=%.*s count=%zu", STR_ARG(h->sid), count))))
        return e;
    *out_count = count;
    return OK;
}
