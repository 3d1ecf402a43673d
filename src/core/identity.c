/* identity.c: see identity.h. */
#include "core/identity.h"
#include "core/audit.h"
#include "core/device.h"
#include "core/link.h"
#include "core/people.h"
#include "core/rows.h"
#include "core/service.h"
#include "core/verification.h"
#include "crypto/random.h"

#include <limits.h>

enum { AUTHY_ID_TRIES = 20 };

static struct identity identity_row(const struct db_rows *r)
{
    return (struct identity){
        .id = db_col_int(r, 0),
        .service_id = db_col_int(r, 1),
        .authy_id = db_col_int(r, 2),
        .sid = db_col_text(r, 3),
        .external = db_col_text(r, 4),
        .email = db_col_text(r, 5),
        .phone = db_col_text(r, 6),
        .country_code = db_col_text(r, 7),
        .disabled = !str_eq(db_col_text(r, 8), STR("active")),
        .confirmed_at_ms = db_col_int(r, 9),
        .created_at_ms = db_col_int(r, 10),
        .updated_at_ms = db_col_int(r, 11),
    };
}

static enum err find(struct ctx *cx, struct db *db, enum query q, int64_t service_id,
                     struct db_value key, struct identity *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, q, DB_ARGS(db_int(service_id), key), &r);

    if (e == OK)
        *out = identity_row(&r);
    return e;
}

enum err identity_by_id(struct ctx *cx, struct db *db, int64_t service_id, int64_t id,
                        struct identity *out)
{
    return find(cx, db, Q_IDENTITY_GET, service_id, db_int(id), out);
}

enum err identity_by_authy_id(struct ctx *cx, struct db *db, int64_t service_id, int64_t authy_id,
                              struct identity *out)
{
    return find(cx, db, Q_IDENTITY_BY_AUTHY_ID, service_id, db_int(authy_id), out);
}

enum err identity_by_external(struct ctx *cx, struct db *db, int64_t service_id,
                              struct str external, struct identity *out)
{
    return find(cx, db, Q_IDENTITY_BY_EXTERNAL, service_id, db_text(external), out);
}

static enum err audited(struct ctx *cx, struct db *db, const struct identity *i, const char *event,
                        struct str detail, const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = i->service_id,
                         .identity_id = i->id,
                         .actor = "app",
                         .event = event,
                         .from = *from,
                         .detail = detail,
                     });
}

/* ---- making one ---- */

static enum err authy_id_free(struct ctx *cx, struct db *db, int64_t authy_id, bool *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_AUTHY_ID_TAKEN, DB_ARGS(db_int(authy_id)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e == ERR_NOT_FOUND;
    return OK;
}

/* At least six digits, as clients and people expect of an id. */
static enum err authy_id_new(struct ctx *cx, struct db *db, int64_t *out)
{
    enum { LEAST = 100000 };
    bool is_free = false;
    enum err e = OK;

    for (int i = 0; i < AUTHY_ID_TRIES && !e && !is_free; i++) {
        *out = (int64_t)LEAST + random_below((uint32_t)INT32_MAX - LEAST);
        e = authy_id_free(cx, db, *out, &is_free);
    }
    if (e || is_free)
        return e;
    return fail(cx, ERR_INTERNAL, "no free authy_id found");
}

static enum err add(struct ctx *cx, struct db *db, struct identity *i)
{
    static const struct origin nowhere = {0};
    enum err e;

    i->id = id_new(cx);
    i->sid = sid_new(cx, "YE");
    i->created_at_ms = i->updated_at_ms = cx->now_ms;
    if ((e = db_exec(cx, db, Q_IDENTITY_ADD,
                     DB_ARGS(db_int(i->id), db_text(i->sid), db_int(i->service_id),
                             db_opt_text(i->external), db_opt_int(i->authy_id), db_text(i->email),
                             db_text(i->phone), db_text(i->country_code), db_int(cx->now_ms)),
                     NULL)))
        return e;
    return audited(cx, db, i, "user_added", STR_NONE, &nowhere);
}

/* With authy_id 0 a new one is drawn. */
static enum err user(struct ctx *cx, struct db *db, const struct identity *wanted,
                     struct identity *out, bool *out_new)
{
    static const struct origin nowhere = {0};
    struct identity i = *wanted;
    enum err e = find(cx, db, Q_IDENTITY_USER_BY_PHONE, i.service_id, db_text(i.phone), &i);

    *out_new = e == ERR_NOT_FOUND;
    if (*out_new) {
        i = *wanted;
        e = i.authy_id ? OK : authy_id_new(cx, db, &i.authy_id);
        if (e || (e = add(cx, db, &i)))
            return e;
    } else if (e) {
        return e;
    } else if (wanted->authy_id && wanted->authy_id != i.authy_id) {
        return fail(cx, ERR_CONFLICT, "the number has another authy_id already");
    } else if (!str_eq(i.email, wanted->email)) {
        if ((e = identity_set_address(cx, db, &i, wanted->email, &nowhere)))
            return e;
        i.email = wanted->email;
    }
    *out = i;
    return OK;
}

enum err identity_user(struct ctx *cx, struct db *db, int64_t service_id, struct str country_code,
                       struct str phone, struct str email, struct identity *out, bool *out_new)
{
    return user(cx, db,
                &(struct identity){
                    .service_id = service_id,
                    .email = email,
                    .phone = phone,
                    .country_code = country_code,
                },
                out, out_new);
}

enum err identity_import(struct ctx *cx, struct db *db, int64_t service_id, int64_t authy_id,
                         struct str country_code, struct str phone, struct str email,
                         struct identity *out)
{
    struct identity known;
    bool is_free, is_new;
    enum err e;

    if (authy_id < 1 || authy_id > INT32_MAX)
        return fail(cx, ERR_INVALID, "an authy_id is a number from 1 to %d", INT32_MAX);
    if ((e = authy_id_free(cx, db, authy_id, &is_free)))
        return e;
    if (!is_free) {
        e = identity_by_authy_id(cx, db, service_id, authy_id, &known);
        if (e == ERR_NOT_FOUND || (e == OK && !str_eq(known.phone, phone)))
            return fail(cx, ERR_CONFLICT, "authy_id %lld is somebody else's", (long long)authy_id);
        if (e)
            return e;
    }
    return user(cx, db,
                &(struct identity){
                    .service_id = service_id,
                    .authy_id = authy_id,
                    .email = email,
                    .phone = phone,
                    .country_code = country_code,
                },
                out, &is_new);
}

enum err identity_named(struct ctx *cx, struct db *db, int64_t service_id, struct str external,
                        struct identity *out, bool *out_new)
{
    struct identity i = {.service_id = service_id, .external = external};
    enum err e;

    if (!str_is_utf8(external) || str_has_control(external) ||
        str_utf8_count(external) < IDENTITY_NAME_MIN ||
        str_utf8_count(external) > IDENTITY_NAME_MAX)
        return fail(cx, ERR_INVALID, "an identity has %d to %d characters", IDENTITY_NAME_MIN,
                    IDENTITY_NAME_MAX);
    e = identity_by_external(cx, db, service_id, external, out);
    *out_new = e == ERR_NOT_FOUND;
    if (!*out_new)
        return e;
    i.email = i.phone = i.country_code = STR("");
    if ((e = add(cx, db, &i)))
        return e;
    *out = i;
    return OK;
}

enum err identity_named_user(struct ctx *cx, struct db *db, int64_t service_id, struct str external,
                             struct identity *out)
{
    struct identity i = {.service_id = service_id, .external = external};
    enum err e;

    if (external.n == 0 || external.n > IDENTITY_EMAIL_MAX || str_has_control(external))
        return fail(cx, ERR_INVALID, "no name of a user");
    e = identity_by_external(cx, db, service_id, external, &i);
    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e == OK && i.authy_id) {
        *out = i;
        return OK;
    }
    if (e == ERR_NOT_FOUND) {
        i.email = i.phone = i.country_code = STR("");
        if ((e = authy_id_new(cx, db, &i.authy_id)) || (e = add(cx, db, &i)))
            return e;
    } else if ((e = authy_id_new(cx, db, &i.authy_id)) ||
               (e = db_exec_one(cx, db, Q_IDENTITY_SET_AUTHY_ID,
                                DB_ARGS(db_int(i.authy_id), db_int(cx->now_ms), db_int(i.id))))) {
        return e;
    }
    *out = i;
    return OK;
}

/* ---- all of them ---- */

enum err identity_list(struct ctx *cx, struct db *db, int64_t service_id, bool down, int64_t from,
                       unsigned max, struct identity **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct identity *list = ARENA_ARRAY(cx->mem, struct identity, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, down ? Q_IDENTITY_DOWN : Q_IDENTITY_UP,
                      DB_ARGS(db_int(service_id), db_int(from), db_int(max)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max)
        list[count++] = identity_row(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err identity_user_count(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_IDENTITY_USER_COUNT, DB_ARGS(db_int(service_id)), &r);

    if (e == OK)
        *out = db_col_int(&r, 0);
    return e;
}

/* ---- changes ---- */

bool identity_email_ok(struct str email)
{
    ptrdiff_t at = str_find(email, '@');
    struct str host = at > 0 ? str_sub(email, (size_t)at + 1, email.n) : STR_NONE;

    if (email.n > IDENTITY_EMAIL_MAX || str_find(host, '@') >= 0 || str_find(host, '.') <= 0 ||
        host.p[host.n - 1] == '.')
        return false;
    for (size_t i = 0; i < email.n; i++) {
        if (email.p[i] <= ' ' || email.p[i] > '~' || email.p[i] == ',' || email.p[i] == ';' ||
            email.p[i] == '<' || email.p[i] == '>')
            return false;
    }
    return true;
}

enum err identity_set_address(struct ctx *cx, struct db *db, const struct identity *i,
                              struct str email, const struct origin *from)
{
    enum err e;

    if ((e = db_exec_one(cx, db, Q_IDENTITY_SET_ADDRESS,
                         DB_ARGS(db_text(email), db_int(cx->now_ms), db_int(i->id)))))
        return e;
    /* what the old address received opens nothing any more */
    if (!str_eq(email, i->email) && ((e = verification_end_all(cx, db, i->id)) ||
                                     (e = link_end_others(cx, db, LINK_PAIR_DEVICE, i->id, 0))))
        return e;
    return audited(cx, db, i, "user_changed", STR("setting=email"), from);
}

enum err identity_set_disabled(struct ctx *cx, struct db *db, const struct identity *i,
                               bool disabled, const struct origin *from)
{
    struct str status = disabled ? STR("disabled") : STR("active");
    enum err e;

    if ((e = db_exec_one(cx, db, Q_IDENTITY_SET_STATUS,
                         DB_ARGS(db_text(status), db_int(cx->now_ms), db_int(i->id)))))
        return e;
    return audited(cx, db, i, disabled ? "user_disabled" : "user_enabled", STR_NONE, from);
}

enum err identity_delete(struct ctx *cx, struct db *db, const struct identity *i,
                         const struct origin *from)
{
    static const enum query drops[] = {
        Q_IDENTITY_DROP_LINKS,
        Q_VERIFICATION_END_ALL,
        Q_IDENTITY_DROP_CHALLENGES,
    };
    enum err e;

    if (i->service_id == core_of(db)->portal_service_id)
        return fail(cx, ERR_CONFLICT, "this is an account of the portal");
    if ((e = db_exec_one(cx, db, Q_IDENTITY_DELETE, DB_ARGS(db_int(cx->now_ms), db_int(i->id)))) ||
        (e = db_exec(cx, db, Q_FACTOR_OFF_ALL,
                     DB_ARGS(db_text(STR("operator")), db_int(cx->now_ms), db_int(i->id)), NULL)))
        return e;
    EACH_ROW (q, drops) {
        if ((e = db_exec(cx, db, *q, DB_ARGS(db_int(cx->now_ms), db_int(i->id)), NULL)))
            return e;
    }
    db_notify(db, device_topic(i->id));
    return audited(cx, db, i, "user_removed", STR_NONE, from);
}

/* ---- codes ---- */

/* The documented test token: seven zeros; any length that a service may ask for is taken. */
static bool is_test_code(struct str code)
{
    enum { LEAST = 6, MOST = 10 };

    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] != '0')
            return false;
    }
    return code.n >= LEAST && code.n <= MOST;
}

/* A code of a TOTP secret that was never used switches it on. */
static enum err first_use(struct ctx *cx, struct db *db, const struct check_out *checked,
                          const struct origin *from)
{
    struct factor f;
    enum err e;

    if (!checked->factor_id || (e = factor_by_id(cx, db, checked->factor_id, &f)))
        return checked->factor_id ? e : OK;
    return f.status == FACTOR_PENDING ? factor_activate(cx, db, &f, from) : OK;
}

enum err identity_check(struct ctx *cx, struct db *db, const struct identity *i, struct str code,
                        struct str action, const struct origin *from, struct check_out *out)
{
    struct check_in in = {.identity_id = i->id, .action = action, .code = code};
    struct service s;
    enum err e;

    if ((e = service_by_id(cx, db, i->service_id, &s)))
        return e;
    if (s.test_mode)
        *out = (struct check_out){.outcome = is_test_code(code) ? CHECK_RIGHT : CHECK_WRONG};
    else if ((e = factor_check(cx, db, &in, out)))
        return e;
    if (out->outcome == CHECK_RIGHT &&
        ((e = first_use(cx, db, out, from)) ||
         (e = db_exec(cx, db, Q_IDENTITY_CONFIRM, DB_ARGS(db_int(cx->now_ms), db_int(i->id)),
                      NULL)) ||
         (e = db_exec(cx, db, Q_IDENTITY_PUSH_CLEAR, DB_ARGS(db_int(i->id)), NULL))))
        return e;
    return audited(cx, db, i, "code_checked",
                   out->outcome == CHECK_RIGHT ? STR("result=right") : STR("result=wrong"), from);
}

enum err identity_totp(struct ctx *cx, struct db *db, const struct identity *i, struct factor *out)
{
    return totp_start(cx, db, i->id, 0, out);
}
