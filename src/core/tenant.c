/* tenant.c: see tenant.h. */
#include "core/tenant.h"
#include "core/audit.h"
#include "core/rows.h"

enum err tenant_service(struct ctx *cx, struct db *db, int64_t account_id, struct str sid,
                        struct service *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SERVICE_OF_SID, DB_ARGS(db_int(account_id), db_text(sid)), &r);

    if (e == OK)
        *out = service_row(&r);
    return e;
}

enum err tenant_page(struct ctx *cx, struct db *db, int64_t account_id, bool down, int64_t from,
                     unsigned max, struct service **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct service *list = ARENA_ARRAY(cx->mem, struct service, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, down ? Q_SERVICE_DOWN : Q_SERVICE_UP,
                          DB_ARGS(db_int(account_id), db_int(from), db_int(max)), &r);

    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max)
        list[count++] = service_row(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

/* What the command line finds it by: its name if that is free, else its SID. */
static enum err free_key(struct ctx *cx, struct db *db, const struct service *s,
                         struct str *out_key)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct str key = service_key(cx, s->name);
    enum err e = db_one(cx, db, Q_SERVICE_NAME_TAKEN, DB_ARGS(db_text(key)), &r);

    if (e == OK && db_col_int(&r, 0) != s->id)
        key = service_key(cx, s->sid);
    *out_key = key;
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err audited(struct ctx *cx, struct db *db, const struct service *s, const char *event)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = s->id,
                         .actor = "app",
                         .event = event,
                         .detail = s->name,
                     });
}

enum err tenant_add(struct ctx *cx, struct db *db, int64_t account_id, struct str name,
                    struct service *out)
{
    struct service s = {.id = id_new(cx), .sid = sid_new(cx, "VA"), .name = name}, *list;
    struct str key;
    size_t count;
    enum err e;

    if ((e = tenant_page(cx, db, account_id, false, 0, TENANT_SERVICES_MAX, &list, &count)))
        return e;
    if (count >= TENANT_SERVICES_MAX)
        return fail(cx, ERR_LIMITED, "the account has %d services", TENANT_SERVICES_MAX);
    if ((e = free_key(cx, db, &s, &key)) ||
        (e = service_insert(cx, db, account_id, s.id, s.sid, name, key)) ||
        (e = audited(cx, db, &s, "app_created")))
        return e;
    return service_by_id(cx, db, s.id, out);
}

enum err tenant_settings(struct ctx *cx, struct db *db, int64_t service_id, struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SERVICE_SETTINGS, DB_ARGS(db_int(service_id)), &r);

    if (e == OK)
        *out = db_col_text(&r, 0);
    return e;
}

enum err tenant_change(struct ctx *cx, struct db *db, struct service *s, struct str settings)
{
    struct str key;
    enum err e;

    if ((e = service_name_ok(cx, s->name)) || (e = free_key(cx, db, s, &key)) ||
        (e = db_exec_one(cx, db, Q_SERVICE_SET_SETTINGS,
                         DB_ARGS(db_text(s->name), db_text(key), db_int(s->code_digits),
                                 db_int(s->custom_code), db_text(settings), db_int(cx->now_ms),
                                 db_int(s->id)))))
        return e;
    s->updated_at_ms = cx->now_ms;
    return audited(cx, db, s, "app_changed");
}

/* Not service_delete, which is for an account with one service and ends the account's keys too. */
enum err tenant_delete(struct ctx *cx, struct db *db, const struct service *s)
{
    enum err e;

    if (s->id == core_of(db)->portal_service_id)
        return fail(cx, ERR_CONFLICT, "the portal's own service cannot be deleted");
    if ((e = db_exec_one(cx, db, Q_SERVICE_DELETE, DB_ARGS(db_int(cx->now_ms), db_int(s->id)))))
        return e;
    return audited(cx, db, s, "app_deleted");
}

enum err tenant_account(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_id,
                        struct str *out_sid)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_ACCOUNT_OF_SERVICE, DB_ARGS(db_int(service_id)), &r);

    if (e)
        return e;
    *out_id = db_col_int(&r, 0);
    *out_sid = db_col_text(&r, 1);
    return OK;
}
