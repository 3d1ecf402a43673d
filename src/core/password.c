/*
 * password.c: proving a password (on the hash pool) and counting wrong ones (on the writer).
 *
 * A name that nobody has walks the same path as one that somebody has: one look-up, one Argon2id
 * run, one budget row (attacks 52, 53). Budgets: per typed name and address a pause, so that a
 * stranger cannot lock out the owner (attack 13); per person 100 consecutive failures, then the
 * password is off until it is reset by mail (SP 800-63B-4 3.2.2).
 */
#include "core/audit.h"
#include "core/limit.h"
#include "core/login.h"
#include "core/outbox.h"
#include "core/people.h"
#include "crypto/pwhash.h"

enum { PASSWORD_FAILURES_MAX = 100 };

static const struct limit_rule wrong_rule = {"password.wrong", 20, 300};

/* What a wrong password is booked to: the name that was typed, whether somebody has it or not, and
 * where from. Booked to the person, a pause would show that two names are one person's. Somebody
 * who is signed in types no name. */
static struct str wrong_subject(struct ctx *cx, int64_t person_id, struct str login,
                                const struct origin *from)
{
    if (!login.n)
        return arena_printf(cx->mem, "person:%lld|%.*s", (long long)person_id, STR_ARG(from->addr));
    return arena_printf(cx->mem, "name:%.*s|%.*s", STR_ARG(arena_lower(cx->mem, str_trim(login))),
                        STR_ARG(from->addr));
}

static enum err find_hash(struct ctx *cx, struct db *db, struct str login, struct str *out_hash,
                          struct password_proof *p)
{
    struct str key = arena_lower(cx->mem, str_trim(login));
    struct bytes plain;
    struct db_rows r = {0};
    struct person person;
    enum err e;

    e = person_by_login(cx, db, login, &person);
    if (e == OK) {
        p->person_id = person.id;
        p->password_at_ms = person.password_at_ms;
        if ((e = core_unseal(cx, db, "person.password", person.id, person.identity_id,
                             person.password_sealed, &plain)))
            return e;
        *out_hash = bytes_str(plain);
        return OK;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    e = db_one(cx, db, Q_SIGNUP_BY_LOGIN, DB_ARGS(db_text(key), db_int(cx->now_ms)), &r);
    if (e == OK) {
        p->signup_id = db_col_int(&r, 0);
        e = core_unseal(cx, db, "signup.password", p->signup_id, 0, db_col_blob(&r, 1), &plain);
        if (e == OK)
            *out_hash = bytes_str(plain);
    } else if (e == ERR_NOT_FOUND) {
        *out_hash = pwhash_dummy();
        e = OK;
    }
    db_rows_end(&r);
    return e;
}

enum err login_prove_password(struct ctx *cx, struct db *db, struct str login, struct str password,
                              struct password_proof *out)
{
    struct password_proof p = {0};
    struct str hash;
    bool right;
    enum err e;

    if ((e = find_hash(cx, db, login, &hash, &p)))
        return e;
    right = pwhash_check(password, hash);
    p.right = right && p.person_id != 0;
    p.signup_pending = right && p.signup_id != 0;
    *out = p;
    return OK;
}

enum err login_prove_own_password(struct ctx *cx, struct db *db, int64_t person_id,
                                  struct str password, struct password_proof *out)
{
    struct person person;
    struct bytes plain;
    enum err e;

    if ((e = person_by_id(cx, db, person_id, &person)) ||
        (e = core_unseal(cx, db, "person.password", person.id, person.identity_id,
                         person.password_sealed, &plain)))
        return e;
    *out = (struct password_proof){
        .person_id = person_id,
        .password_at_ms = person.password_at_ms,
        .right = pwhash_check(password, bytes_str(plain)),
    };
    return OK;
}

static enum err wrong_password(struct ctx *cx, struct db *db, const struct person *p,
                               const struct origin *from)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t fails;
    enum err e;

    if ((e = db_one(cx, db, Q_PERSON_PASSWORD_FAILED, DB_ARGS(db_int(p->id)), &r)))
        return e;
    fails = db_col_int(&r, 0);
    db_rows_end(&r);
    if ((e = audit_add(cx, db,
                       &(struct audit_entry){
                           .service_id = core_of(db)->portal_service_id,
                           .identity_id = p->identity_id,
                           .actor = "person",
                           .event = "sign_in_failed",
                           .from = *from,
                       })))
        return e;
    if (fails != PASSWORD_FAILURES_MAX)
        return OK;
    if ((e = db_exec(cx, db, Q_PERSON_DISTRUST, DB_ARGS(db_int(cx->now_ms), db_int(p->id)),
                     NULL)) ||
        (e = reset_send(cx, db, p)))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = p->identity_id,
                         .actor = "system",
                         .event = "password_locked",
                         .from = *from,
                     });
}

enum err password_count(struct ctx *cx, struct db *db, const struct password_proof *proof,
                        struct str login, const struct origin *from, struct person *out)
{
    struct str subject = wrong_subject(cx, proof->person_id, login, from);
    struct person p = {0};
    bool right = proof->right;
    enum err e;

    if ((e = limit_peek(cx, db, &wrong_rule, subject)))
        return e;
    if (proof->person_id) {
        if ((e = person_by_id(cx, db, proof->person_id, &p)))
            return e;
        right = right && p.password_at_ms == proof->password_at_ms; /* changed meanwhile: void */
    }
    if (!right) {
        if ((e = limit_take(cx, db, &wrong_rule, subject)) && e != ERR_LIMITED)
            return e;
        if (p.id && (e = wrong_password(cx, db, &p, from)))
            return e;
        if ((e = db_keep(cx, db)))
            return e;
        return fail(cx, ERR_DENIED, "name or password wrong");
    }
    if ((e = limit_clear(cx, db, &wrong_rule, subject)) ||
        (e = db_exec(cx, db, Q_PERSON_PASSWORD_RIGHT, DB_ARGS(db_int(p.id)), NULL)))
        return e;
    *out = p;
    return OK;
}
