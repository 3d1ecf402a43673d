/*
 * signup.c: asking for an account, and getting it by proving the e-mail address.
 */
#include "core/audit.h"
#include "core/limit.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/person.h"
#include "core/remote.h"

static const struct limit_rule mail_rule = {"signup.mail", 5, 3600};

static enum err confirm_mail(struct ctx *cx, struct db *db, int64_t signup_id, struct str email,
                             struct str name)
{
    struct link l = {.purpose = LINK_CONFIRM_SIGN_UP, .signup_id = signup_id, .data = STR("")};
    struct outbox_row row;
    enum err e;

    if ((e = link_new(cx, db, &l)))
        return e;
    row = (struct outbox_row){
        .service_id = core_of(db)->portal_service_id,
        .channel = STR("email"),
        .target = email,
        .template_name = STR("confirm_sign_up"),
        .link_id = l.id,
        .params = params_name(cx, name),
        .expires_at_ms = l.expires_at_ms,
    };
    return outbox_add(cx, db, &row);
}

/* The owner of a known address learns that somebody tried; nobody else does. */
static enum err known_address(struct ctx *cx, struct db *db, const struct person *p)
{
    struct outbox_row row = {
        .service_id = core_of(db)->portal_service_id,
        .identity_id = p->identity_id,
        .channel = STR("email"),
        .target = p->email,
        .template_name = STR("already_registered"),
        .params = params_name(cx, p->name),
    };

    return outbox_add(cx, db, &row);
}

enum err signup_start(struct ctx *cx, struct db *db, const struct signup_in *in,
                      const struct origin *from)
{
    struct str key = arena_lower(cx->mem, in->email);
    int64_t id = id_new(cx);
    struct person known;
    enum err e;

    e = limit_take(cx, db, &mail_rule, key);
    if (e == ERR_LIMITED) /* the address has had its mails; the answer stays the same */
        return OK;
    if (e)
        return e;
    if ((e = audit_add(cx, db,
                       &(struct audit_entry){
                           .service_id = core_of(db)->portal_service_id,
                           .actor = "person",
                           .event = "sign_up",
                           .from = *from,
                       })))
        return e;
    e = person_by_login(cx, db, in->email, &known);
    if (e == OK)
        return known_address(cx, db, &known);
    if (e != ERR_NOT_FOUND)
        return e;
    if ((e = db_exec(
             cx, db, Q_SIGNUP_INSERT,
             DB_ARGS(
                 db_int(id), db_text(in->name), db_text(in->username),
                 db_text(arena_lower(cx->mem, in->username)), db_text(in->email), db_text(key),
                 db_text(in->phone), db_text(in->country_code),
                 db_blob(core_seal(cx, db, "signup.password", id, 0, str_bytes(in->password_hash))),
                 db_int(in->password_long), db_int(cx->now_ms), db_int(cx->now_ms + DAY_MS)),
             NULL)))
        return e;
    return confirm_mail(cx, db, id, in->email, in->name);
}

struct signup_row {
    int64_t id;
    struct str name, username, email, phone, country_code;
    struct bytes password_sealed;
    bool password_long;
};

static enum err signup_get(struct ctx *cx, struct db *db, int64_t id, struct signup_row *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SIGNUP_GET, DB_ARGS(db_int(id), db_int(cx->now_ms)), &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "the sign-up is gone");
    if (e)
        return e;
    *out = (struct signup_row){
        .id = db_col_int(&r, 0),
        .name = db_col_text(&r, 1),
        .username = db_col_text(&r, 2),
        .email = db_col_text(&r, 3),
        .phone = db_col_text(&r, 4),
        .country_code = db_col_text(&r, 5),
        .password_sealed = db_col_blob(&r, 6),
        .password_long = db_col_int(&r, 7) != 0,
    };
    return OK;
}

enum err signup_remind(struct ctx *cx, struct db *db, int64_t signup_id)
{
    struct signup_row s;
    enum err e;

    if ((e = signup_get(cx, db, signup_id, &s)) ||
        (e = limit_take(cx, db, &mail_rule, arena_lower(cx->mem, s.email))))
        return e;
    return confirm_mail(cx, db, s.id, s.email, s.name);
}

static enum err username_taken(struct ctx *cx, struct db *db, struct str username, bool *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_PERSON_USERNAME_TAKEN,
                        DB_ARGS(db_text(arena_lower(cx->mem, username))), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e == OK;
    return OK;
}

enum err signup_peek(struct ctx *cx, struct db *db, struct str token, struct signup_state *out)
{
    struct signup_state state;
    struct signup_row s;
    struct link l;
    enum err e;

    if ((e = link_peek(cx, db, LINK_CONFIRM_SIGN_UP, token, &l)) ||
        (e = signup_get(cx, db, l.signup_id, &s)))
        return e;
    state = (struct signup_state){.email = s.email, .name = s.name, .username = s.username};
    if ((e = username_taken(cx, db, s.username, &state.username_taken)))
        return e;
    *out = state;
    return OK;
}

static enum err person_new(struct ctx *cx, struct db *db, const struct signup_row *s,
                           struct str username, int64_t *out_id, int64_t *out_identity_id)
{
    int64_t id = id_new(cx), identity_id = id_new(cx);
    struct bytes hash;
    enum err e;

    if ((e = core_unseal(cx, db, "signup.password", s->id, 0, s->password_sealed, &hash)) ||
        (e = db_exec(cx, db, Q_IDENTITY_INSERT,
                     DB_ARGS(db_int(identity_id), db_text(sid_new(cx, "YE")),
                             db_int(core_of(db)->portal_service_id), db_text(s->email),
                             db_int(cx->now_ms), db_text(s->phone), db_text(s->country_code),
                             db_int(cx->now_ms)),
                     NULL)) ||
        (e = db_exec(cx, db, Q_PERSON_INSERT,
                     DB_ARGS(db_int(id), db_int(identity_id), db_text(s->name), db_text(username),
                             db_text(arena_lower(cx->mem, username)),
                             db_text(arena_lower(cx->mem, s->email)),
                             db_blob(core_seal(cx, db, "person.password", id, identity_id, hash)),
                             db_int(s->password_long), db_int(cx->now_ms)),
                     NULL)))
        return e;
    *out_id = id;
    *out_identity_id = identity_id;
    return OK;
}

enum err signup_confirm(struct ctx *cx, struct db *db, struct str token, struct str username,
                        const struct origin *from, int64_t *out_person_id)
{
    int64_t person_id, identity_id;
    struct signup_row s;
    struct person known;
    struct link l;
    bool taken;
    enum err e;

    if ((e = link_peek(cx, db, LINK_CONFIRM_SIGN_UP, token, &l)) ||
        (e = signup_get(cx, db, l.signup_id, &s)))
        return e;
    if ((e = person_by_login(cx, db, s.email, &known)) != ERR_NOT_FOUND)
        return e ? e : fail(cx, ERR_EXPIRED, "the address was confirmed by another sign-up");
    if ((e = username_taken(cx, db, s.username, &taken)))
        return e;
    if (!taken)
        username = s.username;
    else if (username.n == 0 || (e = username_taken(cx, db, username, &taken)) || taken)
        return e ? e : fail(cx, ERR_CONFLICT, "the username is taken");
    if ((e = link_use(cx, db, LINK_CONFIRM_SIGN_UP, token, &l)) ||
        (e = person_new(cx, db, &s, username, &person_id, &identity_id)) ||
        (e = db_exec(cx, db, Q_SIGNUP_DROP_EMAIL, DB_ARGS(db_text(arena_lower(cx->mem, s.email))),
                     NULL)) ||
        (e = audit_add(cx, db,
                       &(struct audit_entry){
                           .service_id = core_of(db)->portal_service_id,
                           .identity_id = identity_id,
                           .actor = "person",
                           .event = "account_created",
                           .from = *from,
                       })))
        return e;
    if ((e = remote_signed_up(cx, db, identity_id, s.phone)))
        return e;
    *out_person_id = person_id;
    return OK;
}
