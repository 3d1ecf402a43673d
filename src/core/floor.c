/* floor.c: see floor.h. The level of a session is session.c's. */
#include "core/floor.h"
#include "core/audit.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "core/session.h"

bool floor_meets(const struct person *p, enum factor_kind kind)
{
    return !p->floor || kind == FACTOR_RECOVERY || factor_kind_is_strong(kind);
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

bool floor_hangs_on(const struct factor *list, size_t count, int64_t factor_id)
{
    bool is_strong = false;

    for (size_t i = 0; i < count; i++) {
        if (!factor_kind_is_strong(list[i].kind))
            continue;
        if (list[i].id != factor_id)
            return false;
        is_strong = true;
    }
    return is_strong;
}

enum err floor_may_begin(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind)
{
    int64_t person_id;
    struct person p;
    enum err e;

    if ((e = factor_person(cx, db, identity_id, &person_id)) || !person_id ||
        (e = person_by_id(cx, db, person_id, &p)))
        return e;
    return floor_meets(&p, kind) ? OK : fail(cx, ERR_CONFLICT, "this factor is below the floor");
}

static enum err may_raise(struct ctx *cx, struct db *db, const struct person *p, unsigned amr)
{
    struct factor *list;
    size_t count;
    enum err e = factor_list(cx, db, p->identity_id, &list, &count);

    if (e)
        return e;
    if (count == 0 || !factor_kind_is_strong(list[0].kind))
        return fail(cx, ERR_CONFLICT, "there is no strong factor to hold on to");
    if (!(amr & AMR_STRONG))
        return fail(cx, ERR_CONFLICT, "this session was opened by less than the floor");
    return OK;
}

enum err floor_move(struct ctx *cx, struct db *db, int64_t person_id, unsigned amr, bool raised,
                    const struct origin *from)
{
    struct str words = raised ? STR("Codes by text message, call and e-mail no longer sign you in. "
                                    "Your app, your phone and recovery codes do.")
                              : STR("Codes by text message, call and e-mail sign you in again.");
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, person_id, &p)))
        return e;
    if (p.floor == raised)
        return OK;
    if ((raised && (e = may_raise(cx, db, &p, amr))) ||
        (e = db_exec(cx, db, Q_PERSON_SET_FLOOR,
                     DB_ARGS(db_int(raised), db_int(cx->now_ms), db_int(person_id)), NULL)) ||
        (e = outbox_notice(cx, db, person_id, p.email, words, 0, from)))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = p.identity_id,
                         .actor = "person",
                         .event = raised ? "floor_raised" : "floor_lowered",
                         .from = *from,
                     });
}
