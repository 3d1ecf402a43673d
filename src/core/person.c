/*
 * person.c: the portal's accounts after sign-up: look-up, profile, contact changes. Sign-up is in
 * signup.c, passwords and resets in reset.c.
 */
#include "core/person.h"
#include "core/audit.h"
#include "core/factor.h"
#include "core/limit.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/people.h"
#include "core/rows.h"
#include "core/session.h"
#include "core/verification.h"

enum err person_by_id(struct ctx *cx, struct db *db, int64_t id, struct person *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct person p;
    enum err e;

    if ((e = db_one(cx, db, Q_PERSON_BY_ID, DB_ARGS(db_int(id)), &r)))
        return e;
    p = (struct person){
        .id = db_col_int(&r, 0),
        .identity_id = db_col_int(&r, 1),
        .identity_sid = db_col_text(&r, 2),
        .name = db_col_text(&r, 3),
        .username = db_col_text(&r, 4),
        .email = db_col_text(&r, 5),
        .phone = db_col_text(&r, 6),
        .country_code = db_col_text(&r, 7),
        .about = db_col_text(&r, 8),
        .email_verified_at_ms = db_col_int(&r, 9),
        .phone_verified_at_ms = db_col_int(&r, 10),
        .password_sealed = db_col_blob(&r, 11),
        .password_long = db_col_int(&r, 12) != 0,
        .must_reset = db_col_int(&r, 13) != 0,
        .disabled = !str_eq(db_col_text(&r, 14), STR("active")),
        .password_at_ms = db_col_int(&r, 15),
        .password_fail_count = db_col_int(&r, 16),
        .last_seen_at_ms = db_col_int(&r, 17),
        .created_at_ms = db_col_int(&r, 18),
        .policy = POLICY_STRICT,
    };
    policy_from(db_col_text(&r, 19), &p.policy);
    p.strong_only = db_col_int(&r, 20) != 0;
    *out = p;
    return OK;
}

enum err person_by_login(struct ctx *cx, struct db *db, struct str login, struct person *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct str key = arena_lower(cx->mem, str_trim(login));
    enum err e = db_one(cx, db, Q_PERSON_ID_BY_LOGIN, DB_ARGS(db_text(key)), &r);

    return e ? e : person_by_id(cx, db, db_col_int(&r, 0), out);
}

enum err person_list(struct ctx *cx, struct db *db, struct str after, unsigned max,
                     struct person_row **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct person_row *list = ARENA_ARRAY(cx->mem, struct person_row, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_PERSON_LIST,
                      DB_ARGS(db_text(arena_lower(cx->mem, after)), db_int(max)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max) {
        list[count++] = (struct person_row){
            .id = db_col_int(&r, 0),
            .username = db_col_text(&r, 1),
            .name = db_col_text(&r, 2),
            .email = db_col_text(&r, 3),
            .disabled = !str_eq(db_col_text(&r, 4), STR("active")),
            .last_seen_at_ms = db_col_int(&r, 5),
            .factor_count = db_col_int(&r, 6),
        };
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

static enum err person_audit(struct ctx *cx, struct db *db, const struct person *p,
                             const char *actor, const char *event, struct str detail,
                             const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = p->identity_id,
                         .actor = actor,
                         .event = event,
                         .from = *from,
                         .detail = detail,
                     });
}

/* ---- profile ---- */

enum err person_edit(struct ctx *cx, struct db *db, int64_t id, struct str name,
                     struct str username, struct str about, const struct origin *from)
{
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, id, &p)))
        return e;
    e = db_exec(cx, db, Q_PERSON_EDIT,
                DB_ARGS(db_text(name), db_text(username), db_text(arena_lower(cx->mem, username)),
                        db_text(about), db_int(cx->now_ms), db_int(id)),
                NULL);
    if (e == ERR_CONFLICT)
        return fail(cx, e, "the username is taken");
    if (e)
        return e;
    return person_audit(cx, db, &p, "person", "profile_changed", STR(""), from);
}

enum err credentials_changed(struct ctx *cx, struct db *db, int64_t person_id, int64_t keep_id,
                             const char *why)
{
    struct person p;
    enum err e;

    /* what a copied cookie has begun must not become a factor after it */
    if ((e = person_by_id(cx, db, person_id, &p)) ||
        (e = link_end_others(cx, db, LINK_PAIR_DEVICE, p.identity_id, 0)) ||
        (e = db_exec(cx, db, Q_FACTOR_DROP_BEGUN,
                     DB_ARGS(db_int(cx->now_ms), db_int(p.identity_id)), NULL)))
        return e;
    /* a change of address that was asked for with the old credentials is void with them */
    if ((e = link_kill(cx, db, LINK_RESET_PASSWORD, person_id)) ||
        (e = link_kill(cx, db, LINK_CONFIRM_EMAIL, person_id)) ||
        (e = db_exec(cx, db, Q_LOGIN_END_OTHERS,
                     DB_ARGS(db_int(cx->now_ms), db_int(person_id), db_int(0)), NULL)))
        return e;
    return session_end_others(cx, db, person_id, keep_id, why);
}

enum err person_change_email_start(struct ctx *cx, struct db *db, int64_t id, struct str email,
                                   const struct origin *from)
{
    static const struct limit_rule rule = {"email.change", 5, 3600};
    struct link l = {.purpose = LINK_CONFIRM_EMAIL, .person_id = id, .data = email};
    struct outbox_row row;
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, id, &p)) ||
        (e = limit_take(cx, db, &rule, arena_printf(cx->mem, "%lld", (long long)id))) ||
        (e = link_kill(cx, db, LINK_CONFIRM_EMAIL, id)) || (e = link_new(cx, db, &l)))
        return e;
    row = (struct outbox_row){
        .service_id = core_of(db)->portal_service_id,
        .identity_id = p.identity_id,
        .channel = STR("email"),
        .target = email,
        .template_name = STR("confirm_email"),
        .link_id = l.id,
        .params = params_name(cx, p.name),
        .expires_at_ms = l.expires_at_ms,
    };
    if ((e = outbox_add(cx, db, &row)) ||
        (e = outbox_notice(cx, db, id, p.email,
                           arena_printf(cx->mem,
                                        "Somebody asked to change your e-mail address to %.*s.",
                                        STR_ARG(mask_target(cx, STR("email"), email))),
                           0, from)))
        return e;
    return person_audit(cx, db, &p, "person", "email_change_asked", STR(""), from);
}

/* Whoever was switching this kind on begins again, with the new address. */
static enum err enrolment_drop(struct ctx *cx, struct db *db, const struct person *p,
                               enum factor_kind kind)
{
    return db_exec(
        cx, db, Q_FACTOR_DROP_PENDING,
        DB_ARGS(db_int(cx->now_ms), db_int(p->identity_id), db_text(factor_kind_name(kind))), NULL);
}

enum err person_set_email(struct ctx *cx, struct db *db, const struct person *p, struct str email)
{
    struct factor email_factor;
    enum err e;

    e = db_exec(cx, db, Q_PERSON_SET_EMAIL_KEY,
                DB_ARGS(db_text(arena_lower(cx->mem, email)), db_int(cx->now_ms), db_int(p->id)),
                NULL);
    if (e == ERR_CONFLICT) /* somebody else has proved the address meanwhile */
        return fail(cx, ERR_EXPIRED, "the address belongs to another account");
    if (e)
        return e;
    if ((e = db_exec(cx, db, Q_IDENTITY_SET_EMAIL,
                     DB_ARGS(db_text(email), db_int(cx->now_ms), db_int(p->identity_id)), NULL)) ||
        (e = link_kill(cx, db, LINK_RESET_PASSWORD, p->id)) ||
        (e = verification_end_all(cx, db, p->identity_id)) ||
        (e = enrolment_drop(cx, db, p, FACTOR_EMAIL)))
        return e;
    e = factor_active(cx, db, p->identity_id, FACTOR_EMAIL, &email_factor);
    if (e == OK) /* its owner has proved the address by a link: the factor moves along */
        e = db_exec(cx, db, Q_FACTOR_SET_TARGET, DB_ARGS(db_text(email), db_int(email_factor.id)),
                    NULL);
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err person_change_email_confirm(struct ctx *cx, struct db *db, struct str token,
                                     const struct origin *from, int64_t *out_person_id)
{
    struct person p;
    struct link l;
    enum err e;

    if ((e = link_use(cx, db, LINK_CONFIRM_EMAIL, token, &l)) ||
        (e = person_by_id(cx, db, l.person_id, &p)))
        return e;
    if (p.disabled)
        return fail(cx, ERR_EXPIRED, "person is disabled");
    if ((e = person_set_email(cx, db, &p, l.data)) ||
        (e = outbox_notice_replaced(cx, db, p.id, p.email,
                                    arena_printf(cx->mem,
                                                 "Your e-mail address was changed to %.*s.",
                                                 STR_ARG(mask_target(cx, STR("email"), l.data))),
                                    from)) ||
        (e = outbox_notice(cx, db, p.id, l.data, STR("This is now your e-mail address."), 0,
                           from)) ||
        (e = person_audit(cx, db, &p, "person", "email_changed", STR(""), from)))
        return e;
    *out_person_id = p.id;
    return OK;
}

/* Switches off what the old number proved, or was about to. */
static enum err phone_factors_off(struct ctx *cx, struct db *db, const struct person *p)
{
    static const enum factor_kind kinds[] = {FACTOR_SMS, FACTOR_VOICE, FACTOR_REMOTE};
    enum err e;

    EACH_ROW (kind, kinds) {
        if ((e = db_exec(cx, db, Q_FACTOR_OFF_KIND,
                         DB_ARGS(db_text(STR("replaced")), db_int(cx->now_ms),
                                 db_int(p->identity_id), db_text(factor_kind_name(*kind))),
                         NULL)) ||
            (e = enrolment_drop(cx, db, p, *kind)))
            return e;
    }
    e = factor_wake_waiting(cx, db, p->identity_id);
    return e ? e : verification_end_all(cx, db, p->identity_id);
}

enum err person_change_phone(struct ctx *cx, struct db *db, int64_t id, struct str country_code,
                             struct str phone, const struct origin *from)
{
    bool by_phone = false, others = false;
    struct factor *list;
    struct person p;
    size_t count;
    enum err e;

    if ((e = person_by_id(cx, db, id, &p)) ||
        (e = factor_list(cx, db, p.identity_id, &list, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind == FACTOR_SMS || list[i].kind == FACTOR_VOICE ||
            list[i].kind == FACTOR_REMOTE)
            by_phone = true;
        else if (list[i].kind != FACTOR_RECOVERY)
            others = true;
    }
    if (by_phone && !others)
        return fail(cx, ERR_CONFLICT,
                    "your only second step is this number: switch on another one first");
    if ((e = phone_factors_off(cx, db, &p)) ||
        (e = db_exec(cx, db, Q_IDENTITY_SET_PHONE,
                     DB_ARGS(db_text(phone), db_text(country_code), db_int(cx->now_ms),
                             db_int(p.identity_id)),
                     NULL)) ||
        (e = outbox_notice(cx, db, id, p.email,
                           arena_printf(cx->mem, "Your phone number was changed to %.*s.",
                                        STR_ARG(mask_target(cx, STR("sms"), phone))),
                           0, from)))
        return e;
    if (p.phone_verified_at_ms && /* a notice to the old number as well */
        (e = outbox_notice_phone(cx, db, p.identity_id, p.phone,
                                 STR("This number was removed from your account."), from)))
        return e;
    return person_audit(
        cx, db, &p, "person", "phone_changed",
        arena_printf(cx->mem, "to=%.*s", STR_ARG(mask_target(cx, STR("sms"), phone))), from);
}

enum err person_set_disabled(struct ctx *cx, struct db *db, int64_t id, bool disabled,
                             const struct origin *from)
{
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, id, &p)) ||
        (e = db_exec(cx, db, Q_IDENTITY_SET_STATUS,
                     DB_ARGS(db_text(disabled ? STR("disabled") : STR("active")),
                             db_int(cx->now_ms), db_int(p.identity_id)),
                     NULL)))
        return e;
    if (disabled && (e = credentials_changed(cx, db, id, 0, "disabled")))
        return e;
    return person_audit(cx, db, &p, "operator", disabled ? "user_disabled" : "user_enabled",
                        STR(""), from);
}

enum err person_touch(struct ctx *cx, struct db *db, int64_t person_id, int64_t session_id)
{
    enum err e =
        db_exec(cx, db, Q_PERSON_TOUCH, DB_ARGS(db_int(cx->now_ms), db_int(person_id)), NULL);

    return e ? e
             : db_exec(cx, db, Q_SESSION_TOUCH, DB_ARGS(db_int(cx->now_ms), db_int(session_id)),
                       NULL);
}
