/* callback.c: see callback.h. */
#include "core/callback.h"
#include "core/audit.h"
#include "core/happening.h"
#include "core/hook_rest.h"
#include "core/outbox.h"

static enum err queue(struct ctx *cx, struct db *db, const struct service *s, int64_t identity_id,
                      struct str template_name, struct str params)
{
    struct outbox_row row = {
        .service_id = s->id,
        .identity_id = identity_id,
        .channel = STR("webhook"),
        .target = s->callback_url,
        .template_name = template_name,
        .params = params,
        .expires_at_ms = cx->now_ms + (int64_t)CALLBACK_LIFE_S * MS_PER_S,
    };

    return s->callback_url.n ? outbox_add(cx, db, &row) : OK;
}

enum err callback_answered(struct ctx *cx, struct db *db, const struct challenge *c,
                           const struct origin *from)
{
    struct service s;
    enum err e;

    if (c->login_id || c->factor_id) /* the portal's; the other dialect's (entity_event.h) */
        return OK;
    if ((e = service_by_id(cx, db, c->service_id, &s)) ||
        (e = happening_tell(cx, db, &s,
                            &(struct happening){
                                .event = EVENT_REQUEST_ANSWERED,
                                .identity_id = c->identity_id,
                                .challenge_sid = c->sid,
                                .from = *from,
                            })))
        return e;
    return queue(cx, db, &s, c->identity_id, STR("approval"),
                 arena_printf(cx->mem, "{\"challenge\":\"%.*s\"}", STR_ARG(c->sid)));
}

enum err callback_test(struct ctx *cx, struct db *db, const struct service *s)
{
    enum err e = hook_rest_forget(cx, db, s->id, 0); /* it is another URL */

    return e ? e : queue(cx, db, s, 0, STR("approval_test"), STR("{}"));
}

enum err callback_load(struct ctx *cx, struct db *db, int64_t outbox_id, struct callback *out)
{
    struct callback c = {.row_id = outbox_id};
    struct outbox_row row;
    enum err e;

    if ((e = outbox_by_id(cx, db, outbox_id, &row)) ||
        (e = service_by_id(cx, db, row.service_id, &c.service)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its application is gone") : e;
    if (!str_eq(c.service.callback_url, row.target))
        return fail(cx, ERR_EXPIRED, "the callback URL was changed");
    c.url = row.target;
    c.created_at_ms = row.created_at_ms;
    c.test = str_eq(row.template_name, STR("approval_test"));
    if (!c.test) {
        e = challenge_by_sid(cx, db, outbox_param(cx, &row, "challenge"), &c.challenge);
        if (e)
            return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its request is gone") : e;
    }
    *out = c;
    return OK;
}

/* ---- the third failure ---- */

/* Not an event of a webhook, which may go to the same address. */
static bool is_callback(const struct outbox_row *row)
{
    return str_eq(row->template_name, STR("approval")) ||
           str_eq(row->template_name, STR("approval_test"));
}

static enum err tell_operator(struct ctx *cx, struct db *db, const struct service *s)
{
    return outbox_operator(
        cx, db, s,
        arena_printf(cx->mem,
                     "Three callbacks of \"%.*s\" to %.*s in a row were answered with an error, "
                     "so no more are sent. To switch them on again: countersign app set "
                     "\"%.*s\" callback_url=%.*s",
                     STR_ARG(s->name), STR_ARG(s->callback_url), STR_ARG(s->name),
                     STR_ARG(s->callback_url)));
}

static enum err switch_off(struct ctx *cx, struct db *db, const struct service *s)
{
    enum err e;

    if ((e = db_exec(cx, db, Q_SERVICE_CALLBACK_OFF, DB_ARGS(db_int(cx->now_ms), db_int(s->id)),
                     NULL)) ||
        (e = tell_operator(cx, db, s)))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = s->id,
                         .actor = "system",
                         .event = "callback_off",
                         .detail = arena_printf(cx->mem, "url=%.*s failures=%d",
                                                STR_ARG(s->callback_url), CALLBACK_FAILURES_MAX),
                     });
}

enum err callback_booked(struct ctx *cx, struct db *db, int64_t outbox_id, bool taken)
{
    struct db_rows r = {0};
    struct outbox_row row;
    struct service s;
    int64_t failures;
    enum err e;

    if ((e = outbox_by_id(cx, db, outbox_id, &row)) ||
        (e = service_by_id(cx, db, row.service_id, &s)))
        return e == ERR_NOT_FOUND ? OK : e;
    if (!is_callback(&row) || !str_eq(row.target, s.callback_url)) /* about an older one */
        return OK;
    if (taken)
        return db_exec(cx, db, Q_SERVICE_CALLBACK_TAKEN, DB_ARGS(db_int(s.id)), NULL);
    if ((e = db_one(cx, db, Q_SERVICE_CALLBACK_FAILED, DB_ARGS(db_int(s.id)), &r)))
        return e;
    failures = db_col_int(&r, 0);
    db_rows_end(&r);
    return failures >= CALLBACK_FAILURES_MAX ? switch_off(cx, db, &s) : OK;
}
