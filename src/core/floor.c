/* floor.c: see floor.h. The level of a session is session.c's. */
#include "core/floor.h"
#include "core/audit.h"
#include "core/outbox.h"
#include "core/people.h"
#include "core/rows.h"

bool floor_meets(const struct person *p, enum factor_kind kind)
{
    return floor_is_met(p, factor_kind_amr(kind));
}

bool floor_is_met(const struct person *p, unsigned proved)
{
    return !p->strong_only || (proved & AMR_STRONG) != 0;
}

enum err floor_factors(struct ctx *cx, struct db *db, const struct person *p, struct factor **out,
                       size_t *out_count)
{
    struct factor *list;
    size_t count, kept = 0;
    enum err e = factor_list(cx, db, p->identity_id, &list, &count);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (floor_meets(p, list[i].kind))
            list[kept++] = list[i];
    }
    *out = list;
    *out_count = kept;
    return OK;
}

/* Of those of the list but this one. */
static bool has_strong(const struct factor *list, size_t count, int64_t but_id)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].id != but_id && factor_kind_is_strong(list[i].kind))
            return true;
    }
    return false;
}

bool floor_hangs_on(const struct person *p, const struct factor *list, size_t count,
                    int64_t factor_id)
{
    bool others = false;

    for (size_t i = 0; i < count; i++)
        others |= !floor_meets(p, list[i].kind);
    return others && !has_strong(list, count, factor_id);
}

/* The portal's account of an identity. ERR_NOT_FOUND: it is an application's. */
static enum err person_of(struct ctx *cx, struct db *db, int64_t identity_id, struct person *out)
{
    int64_t person_id;
    enum err e = factor_person(cx, db, identity_id, &person_id);

    if (e)
        return e;
    return person_id ? person_by_id(cx, db, person_id, out) : ERR_NOT_FOUND;
}

enum err floor_may_begin(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind)
{
    struct person p;
    enum err e = person_of(cx, db, identity_id, &p);

    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    return floor_meets(&p, kind) ? OK : fail(cx, ERR_CONFLICT, "this factor is below the floor");
}

static enum err floor_audit(struct ctx *cx, struct db *db, const struct person *p, bool raised,
                            const char *actor, const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = p->identity_id,
                         .actor = actor,
                         .event = raised ? "floor_raised" : "floor_lowered",
                         .from = *from,
                     });
}

static enum err set(struct ctx *cx, struct db *db, const struct person *p, bool raised,
                    const char *actor, const struct origin *from)
{
    bool by_operator = str_eq(str_from(actor), STR("operator")); /* that is meant to last */
    int64_t lowered_at_ms = raised || by_operator ? 0 : cx->now_ms;
    enum err e = db_exec(
        cx, db, Q_PERSON_SET_FLOOR,
        DB_ARGS(db_int(raised), db_int(lowered_at_ms), db_int(cx->now_ms), db_int(p->id)), NULL);

    return e ? e : floor_audit(cx, db, p, raised, actor, from);
}

enum err floor_raise(struct ctx *cx, struct db *db, const struct session *s,
                     const struct origin *from, struct str *out_token)
{
    struct factor *list;
    struct person p;
    size_t count;
    enum err e;

    if ((e = person_by_id(cx, db, s->person_id, &p)) ||
        (e = factor_list(cx, db, p.identity_id, &list, &count)))
        return e;
    if (!has_strong(list, count, 0))
        return fail(cx, ERR_CONFLICT, "there is no strong factor to hold on to");
    if (!(s->amr & AMR_STRONG))
        return fail(cx, ERR_CONFLICT, "this session was opened by less than the floor");
    if ((e = set(cx, db, &p, true, "person", from)) ||
        (e = credentials_changed(cx, db, p.id, s->id, "floor_raised")) ||
        (e = factor_wake_waiting(cx, db, p.identity_id)) ||
        (e = outbox_notice(cx, db, p.id, p.email,
                           STR("Codes by text message, call and e-mail no longer sign you in. "
                               "Approval on a phone, an authenticator app and recovery codes do."),
                           0, from)))
        return e;
    return session_new_token(cx, db, s->id, out_token);
}

enum err floor_lower(struct ctx *cx, struct db *db, const struct person *p,
                     const struct origin *from)
{
    enum err e;

    if (!p->strong_only)
        return OK;
    if ((e = set(cx, db, p, false, "person", from)))
        return e;
    return outbox_notice(cx, db, p->id, p->email,
                         STR("Codes by text message, call and e-mail sign you in again."), 0, from);
}

enum err floor_after_off(struct ctx *cx, struct db *db, int64_t identity_id, const char *actor,
                         const struct origin *from, bool *out_fell)
{
    struct factor *list;
    struct person p;
    size_t count;
    enum err e = person_of(cx, db, identity_id, &p);

    *out_fell = false;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    if ((e = factor_list(cx, db, identity_id, &list, &count)))
        return e;
    *out_fell = p.strong_only && !has_strong(list, count, 0);
    return *out_fell ? set(cx, db, &p, false, actor, from) : OK;
}

enum err floor_restore(struct ctx *cx, struct db *db, const struct person *p,
                       const struct origin *from)
{
    int64_t since_ms = cx->now_ms - (int64_t)FLOOR_UNDO_S * MS_PER_S, restored;
    enum err e = db_exec(cx, db, Q_PERSON_RESTORE_FLOOR,
                         DB_ARGS(db_int(cx->now_ms), db_int(p->id), db_int(since_ms)), &restored);

    return e || !restored ? e : floor_audit(cx, db, p, true, "person", from);
}
