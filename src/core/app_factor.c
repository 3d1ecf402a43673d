/* app_factor.c: see app_factor.h. */
#include "core/app_factor.h"
#include "core/audit.h"
#include "core/entity_event.h"
#include "core/limit.h"
#include "core/rows.h"

static const struct limit_rule made_a_day = {"factor.made", APP_FACTORS_A_DAY, 86400};

static enum err app_factor_row(struct ctx *cx, const struct db_rows *r, struct app_factor *out)
{
    struct app_factor f = {
        .id = db_col_int(r, 0),
        .identity_id = db_col_int(r, 1),
        .sid = db_col_text(r, 2),
        .name = db_col_text(r, 3),
        .verified = str_eq(db_col_text(r, 5), STR("active")),
        .alg = db_col_text(r, 6),
        .digits = (uint8_t)db_col_int(r, 7),
        .period_s = (uint32_t)db_col_int(r, 8),
        .skew_steps = (uint32_t)db_col_int(r, 9),
        .metadata = db_col_text(r, 10),
        .created_at_ms = db_col_int(r, 11),
        .credential_sid = db_col_text(r, 14),
        .app_id = db_col_text(r, 15),
        .sdk_version = db_col_text(r, 16),
        .push_kind = db_col_text(r, 17),
        .push_token = db_col_text(r, 18),
    };

    /* those of the portal and of the other dialect have no date of change */
    f.updated_at_ms = MAX_OF(MAX_OF(db_col_int(r, 12), db_col_int(r, 13)), f.created_at_ms);
    if (!factor_kind_from(db_col_text(r, 4), &f.kind))
        return fail(cx, ERR_INTERNAL, "factor %lld has an unknown kind", (long long)f.id);
    *out = f;
    return OK;
}

enum err app_factor_by_sid(struct ctx *cx, struct db *db, int64_t identity_id, struct str sid,
                           struct app_factor *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_APP_FACTOR_BY_SID, DB_ARGS(db_int(identity_id), db_text(sid)), &r);

    return e ? e : app_factor_row(cx, &r, out);
}

enum err app_factor_by_id(struct ctx *cx, struct db *db, int64_t id, struct app_factor *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_APP_FACTOR_GET, DB_ARGS(db_int(id)), &r);

    return e ? e : app_factor_row(cx, &r, out);
}

enum err app_factor_page(struct ctx *cx, struct db *db, int64_t identity_id, bool down,
                         int64_t from, unsigned max, struct app_factor **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct app_factor *list = ARENA_ARRAY(cx->mem, struct app_factor, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, down ? Q_APP_FACTOR_DOWN : Q_APP_FACTOR_UP,
                          DB_ARGS(db_int(identity_id), db_int(from), db_int(max)), &r);

    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max) {
        if ((e = app_factor_row(cx, &r, &list[count])))
            return e;
        count++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

/* ---- making ---- */

static enum err room_for(struct ctx *cx, struct db *db, const struct app_factor *f)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t max = f->kind == FACTOR_PUSH ? DEVICES_MAX : APP_TOTP_MAX;
    enum err e = db_one(cx, db, Q_APP_FACTOR_COUNT,
                        DB_ARGS(db_int(f->identity_id), db_text(factor_kind_name(f->kind))), &r);

    if (e)
        return e;
    if (db_col_int(&r, 0) >= max)
        return fail(cx, ERR_CONFLICT, "the identity has %lld factors of this kind", (long long)max);
    db_rows_end(&r);
    return limit_take(cx, db, &made_a_day,
                      arena_printf(cx->mem, "%lld", (long long)f->identity_id));
}

static enum err audited(struct ctx *cx, struct db *db, const struct app_factor *f,
                        const char *event, const struct origin *from)
{
    struct contact c;
    enum err e = factor_contact(cx, db, f->identity_id, &c);

    if (e)
        return e;
    return audit_add(
        cx, db,
        &(struct audit_entry){
            .service_id = c.service_id,
            .identity_id = f->identity_id,
            .actor = "app",
            .event = event,
            .from = *from,
            .detail = arena_printf(cx->mem, "method=%.*s factor=%.*s",
                                   STR_ARG(factor_kind_name(f->kind)), STR_ARG(f->sid)),
        });
}

static enum err insert(struct ctx *cx, struct db *db, struct app_factor *f, struct bytes seed,
                       const struct origin *from)
{
    struct db_value sealed = db_null();
    enum err e;

    f->id = id_new(cx);
    f->sid = sid_new(cx, "YF");
    f->verified = false;
    f->created_at_ms = f->updated_at_ms = cx->now_ms;
    if (seed.n)
        sealed = db_blob(core_seal(cx, db, "factor.secret", f->id, f->identity_id, seed));
    if ((e = db_exec(cx, db, Q_APP_FACTOR_INSERT,
                     DB_ARGS(db_int(f->id), db_text(f->sid), db_int(f->identity_id),
                             db_text(factor_kind_name(f->kind)), db_text(f->name), sealed,
                             db_text(f->alg), db_int(f->digits), db_int(f->period_s),
                             db_int(cx->now_ms), db_int(f->skew_steps),
                             db_text(f->metadata.n ? f->metadata : STR(""))),
                     NULL)))
        return e;
    return audited(cx, db, f, "factor_made", from);
}

enum err app_totp_add(struct ctx *cx, struct db *db, struct app_factor *f, struct bytes seed,
                      const struct origin *from)
{
    enum err e;

    f->kind = FACTOR_TOTP;
    if ((e = room_for(cx, db, f)) || (e = insert(cx, db, f, seed, from)))
        return e;
    return entity_event_factor(cx, db, f->id, "factor.created");
}

static enum err key_is_new(struct ctx *cx, struct db *db, const struct app_factor *f)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_APP_DEVICE_KEY,
                        DB_ARGS(db_int(f->identity_id), db_blob(f->public_key)), &r);

    if (e == OK)
        return fail(cx, ERR_DENIED, "the identity has a device with this key");
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err app_push_add(struct ctx *cx, struct db *db, struct app_factor *f,
                      const struct origin *from)
{
    enum err e;

    f->kind = FACTOR_PUSH;
    f->alg = STR("ES256");
    f->credential_sid = sid_new(cx, "CR");
    if (f->public_key.n != DEVICE_KEY_LEN)
        return fail(cx, ERR_INVALID, "a public key has %d bytes", DEVICE_KEY_LEN);
    if ((e = key_is_new(cx, db, f)) || (e = room_for(cx, db, f)) ||
        (e = insert(cx, db, f, (struct bytes){NULL, 0}, from)))
        return e;
    e = db_exec(cx, db, Q_APP_DEVICE_INSERT,
                DB_ARGS(db_int(f->id), db_text(f->credential_sid), db_blob(f->public_key),
                        db_text(f->app_id), db_text(f->push_kind), db_text(f->push_token),
                        db_int(cx->now_ms), db_text(f->app_id), db_text(f->sdk_version)),
                NULL);
    return e ? e : entity_event_factor(cx, db, f->id, "factor.created");
}

/* ---- changing ---- */

enum err app_factor_update(struct ctx *cx, struct db *db, struct app_factor *f)
{
    enum err e = db_exec_one(cx, db, Q_APP_FACTOR_UPDATE,
                             DB_ARGS(db_text(f->name), db_text(f->alg), db_int(f->digits),
                                     db_int(f->period_s), db_int(f->skew_steps), db_int(cx->now_ms),
                                     db_int(f->id)));

    if (e)
        return e;
    f->updated_at_ms = cx->now_ms;
    if (f->kind != FACTOR_PUSH)
        return OK;
    return db_exec_one(cx, db, Q_APP_DEVICE_UPDATE,
                       DB_ARGS(db_text(f->app_id), db_text(f->sdk_version), db_text(f->push_kind),
                               db_text(f->push_token), db_int(f->id)));
}

static enum err activate(struct ctx *cx, struct db *db, const struct app_factor *af,
                         const struct origin *from)
{
    struct factor f;
    enum err e;

    if ((e = factor_by_id(cx, db, af->id, &f)) || (e = factor_activate(cx, db, &f, from)))
        return e;
    return db_exec(cx, db, Q_APP_FACTOR_TOUCH, DB_ARGS(db_int(cx->now_ms), db_int(af->id)), NULL);
}

enum err app_totp_check(struct ctx *cx, struct db *db, const struct app_factor *f, struct str code,
                        const struct origin *from, struct check_out *out)
{
    enum err e = factor_check(cx, db, &(struct check_in){.factor_id = f->id, .code = code}, out);

    if (e || out->outcome != CHECK_RIGHT || f->verified)
        return e;
    return activate(cx, db, f, from);
}

enum err app_push_verify(struct ctx *cx, struct db *db, const struct app_factor *f,
                         const struct origin *from)
{
    return f->verified ? OK : activate(cx, db, f, from);
}

enum err app_factor_remove(struct ctx *cx, struct db *db, const struct app_factor *f,
                           const struct origin *from)
{
    enum err e = db_exec_one(cx, db, Q_APP_FACTOR_DROP, DB_ARGS(db_int(cx->now_ms), db_int(f->id)));

    if (e || (e = audited(cx, db, f, "factor_removed", from)))
        return e;
    return entity_event_factor(cx, db, f->id, "factor.deleted");
}

/* ---- devices ---- */

static enum err one_device(struct ctx *cx, struct db *db, enum query q, struct db_value key,
                           struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, q, &key, 1, &r);

    if (e == OK)
        *out = device_row(&r);
    return e;
}

enum err app_device_by_credential(struct ctx *cx, struct db *db, struct str credential_sid,
                                  struct device *out)
{
    enum err e = one_device(cx, db, Q_DEVICE_BY_CREDENTIAL, db_text(credential_sid), out);

    return e == ERR_NOT_FOUND ? fail(cx, ERR_DENIED, "no such device") : e;
}

enum err app_device_of(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out)
{
    return one_device(cx, db, Q_DEVICE_BY_FACTOR, db_int(factor_id), out);
}
