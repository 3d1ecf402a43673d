/*
 * reset.c: new passwords: changed by their owner, reset by mail, or distrusted after "this wasn't
 * me".
 *
 * A reset sets the password and nothing else: the second factor is neither removed nor skipped, and
 * nobody is signed in by it (attack 49).
 */
#include "core/audit.h"
#include "core/factor.h"
#include "core/floor.h"
#include "core/limit.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/people.h"
#include "core/person.h"
#include "core/rows.h"
#include "core/session.h"

static const struct limit_rule reset_rule = {"reset.mail", 5, 3600};

static enum err reset_audit(struct ctx *cx, struct db *db, const struct person *p,
                            const char *event, const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = p->identity_id,
                         .actor = "person",
                         .event = event,
                         .from = *from,
                     });
}

enum err person_set_password(struct ctx *cx, struct db *db, int64_t id, struct str hash,
                             bool password_long, int64_t keep_session_id, const char *why,
                             const struct origin *from)
{
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, id, &p)) ||
        (e = db_exec(cx, db, Q_PERSON_SET_PASSWORD,
                     DB_ARGS(db_blob(core_seal(cx, db, "person.password", id, p.identity_id,
                                               str_bytes(hash))),
                             db_int(password_long), db_int(cx->now_ms), db_int(id)),
                     NULL)) ||
        (e = db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(p.identity_id)), NULL)) ||
        (e = db_exec(cx, db, Q_IDENTITY_PUSH_RIGHT, DB_ARGS(db_int(p.identity_id)), NULL)) ||
        (e = credentials_changed(cx, db, id, keep_session_id, why)) ||
        (e = outbox_notice(cx, db, id, p.email, STR("Your password was changed."), 0, from)))
        return e;
    return reset_audit(cx, db, &p, why, from);
}

enum err person_change_password(struct ctx *cx, struct db *db, int64_t id, struct str hash,
                                bool password_long, int64_t session_id, const struct origin *from,
                                struct str *out_token)
{
    enum err e =
        person_set_password(cx, db, id, hash, password_long, session_id, "password_changed", from);

    return e ? e : session_new_token(cx, db, session_id, out_token);
}

static enum err reset_mail(struct ctx *cx, struct db *db, const struct person *p,
                           const struct link *l, struct str channel, struct str template_name)
{
    struct outbox_row row = {
        .service_id = core_of(db)->portal_service_id,
        .identity_id = p->identity_id,
        .channel = channel,
        .target = p->email,
        .template_name = template_name,
        .link_id = l->id,
        .params = params_name(cx, p->name),
        .expires_at_ms = l->expires_at_ms,
    };

    return outbox_add(cx, db, &row);
}

static enum err send_link(struct ctx *cx, struct db *db, const struct person *p,
                          struct str template_name)
{
    struct link l = {.purpose = LINK_RESET_PASSWORD, .person_id = p->id, .data = STR("")};
    enum err e;

    if ((e = link_kill(cx, db, LINK_RESET_PASSWORD, p->id)) || (e = link_new(cx, db, &l)))
        return e;
    return reset_mail(cx, db, p, &l, STR("email"), template_name);
}

enum err reset_send(struct ctx *cx, struct db *db, const struct person *p)
{
    return send_link(cx, db, p, STR("new_password"));
}

/* For an address that nobody has: the same rows as for one that somebody has, so that the time
 * tells nothing (attack 53). No courier takes the message, no page shows it, and it is swept with
 * others. */
static enum err reset_nobody(struct ctx *cx, struct db *db, const struct origin *from)
{
    struct link l = {.purpose = LINK_RESET_PASSWORD, .data = STR("")};
    struct person nobody = {.email = STR("nobody"), .name = STR("Nobody")};
    enum err e;

    if ((e = link_kill(cx, db, LINK_RESET_PASSWORD, -1)) || (e = link_new(cx, db, &l)) ||
        (e = reset_mail(cx, db, &nobody, &l, STR("none"), STR("reset_password"))))
        return e;
    return reset_audit(cx, db, &nobody, "reset_requested", from);
}

enum err reset_start(struct ctx *cx, struct db *db, struct str email, const struct origin *from)
{
    struct str key = arena_lower(cx->mem, str_trim(email));
    struct person p;
    enum err e;

    e = limit_take(cx, db, &reset_rule, key); /* known or not: the same row is written */
    if (e == ERR_LIMITED)
        return OK;
    if (e)
        return e;
    e = person_by_login(cx, db, key, &p);
    if (e == ERR_NOT_FOUND || (e == OK && (p.disabled || str_find(key, '@') < 0)))
        return reset_nobody(cx, db, from);
    if (e ||
        (e = p.must_reset ? reset_send(cx, db, &p) : send_link(cx, db, &p, STR("reset_password"))))
        return e;
    return reset_audit(cx, db, &p, "reset_requested", from);
}

enum err reset_peek(struct ctx *cx, struct db *db, struct str token, struct person *out)
{
    struct link l;
    enum err e = link_peek(cx, db, LINK_RESET_PASSWORD, token, &l);

    return e ? e : person_by_id(cx, db, l.person_id, out);
}

enum err reset_finish(struct ctx *cx, struct db *db, struct str token, struct str hash,
                      bool password_long, const struct origin *from)
{
    struct person p;
    struct link l;
    enum err e;

    if ((e = link_use(cx, db, LINK_RESET_PASSWORD, token, &l)) ||
        (e = person_by_id(cx, db, l.person_id, &p)))
        return e;
    if (p.disabled)
        return fail(cx, ERR_EXPIRED, "person is disabled");
    return person_set_password(cx, db, p.id, hash, password_long, 0, "password_reset", from);
}

/* The address that was replaced is the account's again, if nobody else has it by now: whoever holds
 * the new one must not be mailed the reset link. */
static enum err bring_back(struct ctx *cx, struct db *db, struct person *p, struct str email,
                           const struct origin *from)
{
    struct person other;
    enum err e = person_by_login(cx, db, email, &other);

    if (e == OK && other.id != p->id)
        return fail(cx, ERR_EXPIRED, "the address belongs to another account");
    if (e && e != ERR_NOT_FOUND)
        return e;
    if ((e = person_set_email(cx, db, p, email)) || (e = link_kill(cx, db, LINK_NOT_ME, p->id)) ||
        (e = reset_audit(cx, db, p, "email_restored", from)))
        return e;
    p->email = email;
    return OK;
}

/* The factor that was switched on, and that is said to be a stranger's: see not_me_finish. */
static enum err strange_factor(struct ctx *cx, struct db *db, const struct person *p,
                               int64_t factor_id, bool *out_stays)
{
    struct factor f;
    struct service s;
    enum err e = factor_by_id(cx, db, factor_id, &f);

    if (e || f.status != FACTOR_ACTIVE)
        return e;
    *out_stays = true;
    if ((e = service_by_id(cx, db, core_of(db)->portal_service_id, &s)))
        return e;
    return outbox_operator(
        cx, db, &s,
        arena_printf(cx->mem,
                     "%.*s says that somebody else switched on a second step of theirs (%.*s). Be "
                     "sure who asks, then: countersign user reset-factors %.*s",
                     STR_ARG(p->username), STR_ARG(factor_kind_name(f.kind)),
                     STR_ARG(p->username)));
}

static enum err put_back(struct ctx *cx, struct db *db, struct person *p, const struct link *l,
                         const struct origin *from)
{
    int64_t restored = 0;
    enum err e;

    if (l->factor_id &&
        ((e = db_exec(cx, db, Q_FACTOR_UNDO_OFF, DB_ARGS(db_int(l->factor_id)), &restored)) ||
         (restored && (e = reset_audit(cx, db, p, "factor_restored", from)))))
        return e;
    return l->data.n ? bring_back(cx, db, p, l->data, from) : OK;
}

enum err not_me_finish(struct ctx *cx, struct db *db, struct str token, const struct origin *from,
                       bool *out_factor_stays)
{
    bool stays = false;
    struct person p;
    struct link l;
    enum err e;

    if ((e = link_use(cx, db, LINK_NOT_ME, token, &l)) ||
        (e = person_by_id(cx, db, l.person_id, &p)) ||
        (e = credentials_changed(cx, db, p.id, 0, "not_me")) ||
        (e = db_exec(cx, db, Q_PERSON_DISTRUST, DB_ARGS(db_int(cx->now_ms), db_int(p.id)), NULL)) ||
        (e = reset_audit(cx, db, &p, "not_me", from)))
        return e;
    e = str_eq(l.data, STR(LINK_DATA_ON)) ? strange_factor(cx, db, &p, l.factor_id, &stays)
                                          : put_back(cx, db, &p, &l, from);
    if (e || (e = floor_restore(cx, db, &p, from)) || (e = reset_send(cx, db, &p)))
        return e;
    *out_factor_stays = stays;
    return OK;
}
