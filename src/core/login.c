/*
 * login.c: attempts. What is required is derived anew at each step (attack 28): the attempt only
 * remembers what was proved.
 */
#include "core/login.h"
#include "base/encode.h"
#include "core/answer.h"
#include "core/audit.h"
#include "core/challenge.h"
#include "core/floor.h"
#include "core/keyed.h"
#include "core/outbox.h"
#include "core/people.h"
#include "core/remote.h"
#include "core/rows.h"
#include "core/verification.h"
#include "crypto/hash.h"
#include "crypto/token.h"

static enum err login_audit(struct ctx *cx, struct db *db, int64_t identity_id, const char *event,
                            struct str detail, const struct origin *from)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = identity_id,
                         .actor = "person",
                         .event = event,
                         .from = *from,
                         .detail = detail,
                     });
}

/* A new attempt for l's person, with a new token; id and times are set here. */
static enum err login_new(struct ctx *cx, struct db *db, struct login *l, struct str *out_token)
{
    char token[TOKEN_LEN + 1];
    uint8_t hash[TOKEN_HASH_LEN];
    enum err e;

    token_new(token);
    token_hash((struct str){token, TOKEN_LEN}, hash);
    l->id = id_new(cx);
    l->created_at_ms = cx->now_ms;
    l->expires_at_ms = cx->now_ms + (int64_t)LOGIN_LIFE_S * MS_PER_S;
    if ((e = db_exec(cx, db, Q_LOGIN_INSERT,
                     DB_ARGS(db_int(l->id), db_blob(BYTES_OF(hash)), db_int(l->person_id),
                             db_text(l->purpose), db_text(l->action), db_int(l->action_id),
                             db_int(l->session_id), db_int(l->amr),
                             db_text(factor_kind_name(l->method)), db_text(l->next),
                             db_int(l->remember), db_text(l->addr),
                             db_text(str_sub(l->user_agent, 0, 256)), db_int(l->created_at_ms),
                             db_int(l->expires_at_ms)),
                     NULL)))
        return e;
    *out_token = arena_str(cx->mem, (struct str){token, TOKEN_LEN});
    return OK;
}

/* Sends the code of a sent factor for this attempt, unless one is on its way. Being out of budget
 * is no reason to fail the attempt: the page offers other ways. */
static enum err first_code(struct ctx *cx, struct db *db, const struct login *l,
                           const struct factor *f, const struct origin *from)
{
    struct verification v;
    enum err e;

    if (f->kind == FACTOR_REMOTE)
        return remote_begin(cx, db, f, l->id);
    if (!factor_kind_is_sent(f->kind))
        return OK;
    e = verification_pending(cx, db, f->id, l->id, &v);
    if (e != ERR_NOT_FOUND)
        return e;
    e = verification_send(cx, db, f, l->id, from, &v);
    return e == ERR_LIMITED || e == ERR_BLOCKED ? OK : e;
}

/* Asks the person's devices. Out of budget or out of devices is no reason to fail the attempt. */
static enum err ask_device(struct ctx *cx, struct db *db, const struct login *l, bool *out_asked)
{
    struct challenge c;
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, l->person_id, &p)))
        return e;
    e = challenge_for_login(cx, db, l, &p, &c);
    *out_asked = e == OK;
    return e == ERR_LIMITED || e == ERR_NOT_FOUND ? OK : e;
}

/* The strongest factor but a device; the first of the list when there is nothing else. */
static const struct factor *strongest_code(const struct factor *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != FACTOR_PUSH)
            return &list[i];
    }
    return &list[0];
}

static const struct str call_name = {"call", 4};

struct str login_way_name(enum factor_kind method, bool by_call)
{
    return by_call ? call_name : factor_kind_name(method);
}

bool login_way_from(struct str name, enum factor_kind *out_method, bool *out_by_call)
{
    *out_by_call = str_eq(name, call_name);
    return factor_kind_from(*out_by_call ? factor_kind_name(FACTOR_VOICE) : name, out_method);
}

static enum err set_way(struct ctx *cx, struct db *db, struct login *l, enum factor_kind method,
                        bool by_call)
{
    l->method = method;
    l->by_call = by_call;
    return db_exec(cx, db, Q_LOGIN_SET_METHOD,
                   DB_ARGS(db_text(login_way_name(method, by_call)), db_int(l->id)), NULL);
}

/* Starts the second step with the strongest factor that can be asked. */
static enum err second_step(struct ctx *cx, struct db *db, struct login *l,
                            const struct factor *list, size_t count, const struct origin *from,
                            struct login_out *out)
{
    const struct factor *f = &list[0];
    bool asked = false;
    enum err e;

    l->method = f->kind;
    if ((e = login_new(cx, db, l, &out->login_token)))
        return e;
    if (f->kind == FACTOR_PUSH) {
        if ((e = ask_device(cx, db, l, &asked)))
            return e;
        if (!asked)
            f = strongest_code(list, count);
        if (f->kind != FACTOR_PUSH && (e = set_way(cx, db, l, f->kind, false)))
            return e;
    }
    out->state = f->kind == FACTOR_PUSH || f->kind == FACTOR_REMOTE ? LOGIN_WAITING : LOGIN_CODE;
    return first_code(cx, db, l, f, from);
}

/* The right password of a sign-up whose address is unconfirmed: mails the link again, says nothing.
 */
static enum err remind_signup(struct ctx *cx, struct db *db, const struct login_in *in)
{
    enum err e = signup_remind(cx, db, in->proof.signup_id);

    return e && e != ERR_LIMITED && e != ERR_NOT_FOUND ? e : db_keep(cx, db);
}

enum err login_is_locked(struct ctx *cx, struct db *db, int64_t person_id, bool *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_LOGIN_WAYS, DB_ARGS(db_int(FACTOR_FAILURES_MAX), db_int(person_id)), &r);

    if (e == OK)
        *out = db_col_int(&r, 0) > 0 && db_col_int(&r, 1) == 0 && db_col_int(&r, 2) == 0;
    return e;
}

/* The face says so by an error, so what is written here has to be kept. */
static enum err say_locked(struct ctx *cx, struct db *db, int64_t identity_id,
                           const struct origin *from, struct login_out *out)
{
    enum err e = login_audit(cx, db, identity_id, "sign_in_locked", STR(""), from);

    if (e || (e = db_keep(cx, db)))
        return e;
    *out = (struct login_out){.state = LOGIN_LOCKED};
    return OK;
}

enum err login_password(struct ctx *cx, struct db *db, const struct login_in *in,
                        struct login_out *out)
{
    struct login_out result = {.state = LOGIN_SIGNED_IN, .remember = in->remember};
    struct factor *list;
    struct person p;
    size_t count;
    unsigned amr = AMR_PWD;
    bool locked;
    enum err e;

    if (in->proof.signup_pending && (e = remind_signup(cx, db, in)))
        return e;
    if ((e = password_count(cx, db, &in->proof, in->login, &in->from, &p)))
        return e;
    if (p.disabled || p.must_reset) {
        if (p.must_reset &&
            ((e = reset_start(cx, db, p.email, &in->from)) || (e = db_keep(cx, db))))
            return e;
        return fail(cx, ERR_DENIED, "person is %s", p.disabled ? "disabled" : "to reset");
    }
    if ((e = login_is_locked(cx, db, p.id, &locked)) ||
        (e = floor_factors(cx, db, &p, &list, &count)))
        return e;
    if (locked)
        return say_locked(cx, db, p.identity_id, &in->from, out);
    if (count > 0) {
        struct login l = {
            .person_id = p.id,
            .purpose = STR("sign_in"),
            .action = STR(""),
            .next = in->next,
            .remember = in->remember,
            .amr = amr,
            .addr = in->from.addr,
            .user_agent = in->from.user_agent,
        };

        if ((e = second_step(cx, db, &l, list, count, &in->from, &result)))
            return e;
        *out = result;
        return OK;
    }
    if (p.policy == POLICY_REQUIRED) {
        amr |= AMR_ENROL;
        result.state = LOGIN_ENROL;
    }
    if ((e = session_open(cx, db,
                          &(struct session_request){
                              .person_id = p.id,
                              .amr = amr,
                              .remember = in->remember,
                              .from = in->from,
                          },
                          &result.session_token)) ||
        (e = login_audit(cx, db, p.identity_id, "sign_in",
                         arena_printf(cx->mem, "amr=%.*s", STR_ARG(amr_text(cx, amr))), &in->from)))
        return e;
    *out = result;
    return OK;
}

/* The columns that login_by_hash and login_by_id select. */
static enum err login_row(struct ctx *cx, const struct db_rows *r, struct login *out)
{
    struct login l = {
        .id = db_col_int(r, 0),
        .person_id = db_col_int(r, 1),
        .purpose = db_col_text(r, 2),
        .action = db_col_text(r, 3),
        .action_id = db_col_int(r, 4),
        .session_id = db_col_int(r, 5),
        .state = db_col_text(r, 6),
        .amr = (unsigned)db_col_int(r, 7),
        .next = db_col_text(r, 9),
        .remember = db_col_int(r, 10) != 0,
        .addr = db_col_text(r, 11),
        .user_agent = db_col_text(r, 12),
        .created_at_ms = db_col_int(r, 13),
        .expires_at_ms = db_col_int(r, 14),
    };

    if (!login_way_from(db_col_text(r, 8), &l.method, &l.by_call))
        return fail(cx, ERR_INTERNAL, "attempt %lld has an unknown method", (long long)l.id);
    *out = l;
    return OK;
}

enum err login_by_token(struct ctx *cx, struct db *db, struct str token, struct login *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    struct login l;
    enum err e;

    if (token.n != TOKEN_LEN)
        return fail(cx, ERR_EXPIRED, "no attempt");
    token_hash(token, hash);
    e = db_one(cx, db, Q_LOGIN_BY_HASH, DB_ARGS(db_blob(BYTES_OF(hash)), db_int(cx->now_ms)), &r);
    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "attempt unknown or too old");
    if (e || (e = login_row(cx, &r, &l)))
        return e;
    if (str_eq(l.state, STR("done")))
        return fail(cx, ERR_EXPIRED, "attempt is over");
    *out = l;
    return OK;
}

enum err login_by_id(struct ctx *cx, struct db *db, int64_t id, struct login *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_LOGIN_BY_ID, DB_ARGS(db_int(id)), &r);

    return e ? e : login_row(cx, &r, out);
}

struct str login_handle(struct ctx *cx, const struct login *l)
{
    uint8_t hash[HASH_SHA256_LEN];

    hash_sha256(str_bytes(arena_printf(cx->mem, "attempt %lld", (long long)l->id)), hash);
    return hex_encode(cx->mem, (struct bytes){hash, 8});
}

static enum err attempt_factor(struct ctx *cx, struct db *db, const struct login *l,
                               enum factor_kind kind, struct person *p, struct factor *f)
{
    enum err e;

    if ((e = person_by_id(cx, db, l->person_id, p)))
        return e;
    if (p->disabled)
        return fail(cx, ERR_DENIED, "person is disabled");
    if (!floor_meets(p, kind))
        return fail(cx, ERR_INVALID, "this factor is below the person's floor");
    e = factor_active(cx, db, p->identity_id, kind, f);
    return e == ERR_NOT_FOUND ? fail(cx, ERR_INVALID, "this factor is not on") : e;
}

enum err login_choose(struct ctx *cx, struct db *db, struct login *l, enum factor_kind method,
                      const struct origin *from)
{
    struct factor f;
    struct person p;
    enum err e;

    if ((e = attempt_factor(cx, db, l, method, &p, &f)))
        return e;
    if (method == FACTOR_PUSH) { /* the method changes only once the question is out */
        struct challenge c;

        if ((e = challenge_for_login(cx, db, l, &p, &c)))
            return e;
    }
    /* one telephone does not ring twice at a time */
    if ((method == FACTOR_VOICE && l->by_call &&
         (e = challenge_supersede(cx, db, p.identity_id))) ||
        (e = set_way(cx, db, l, method, false)))
        return e;
    return first_code(cx, db, l, &f, from);
}

enum err login_choose_call(struct ctx *cx, struct db *db, struct login *l,
                           const struct origin *from)
{
    struct factor f;
    struct person p;
    enum err e;

    if ((e = attempt_factor(cx, db, l, FACTOR_VOICE, &p, &f)) ||
        (e = keyed_again(cx, db, l, &p, &f, from)))
        return e;
    return set_way(cx, db, l, FACTOR_VOICE, true);
}

enum err login_resend(struct ctx *cx, struct db *db, struct login *l, enum remote_via via,
                      const struct origin *from)
{
    struct verification v;
    struct factor f;
    struct person p;
    enum err e;

    if (!factor_kind_is_sent(l->method) && l->method != FACTOR_PUSH && l->method != FACTOR_REMOTE)
        return fail(cx, ERR_INVALID, "there is nothing to send for this method");
    if ((e = attempt_factor(cx, db, l, l->method, &p, &f)))
        return e;
    if (l->by_call)
        return keyed_again(cx, db, l, &p, &f, from);
    if (l->method == FACTOR_REMOTE)
        return remote_start(cx, db, &f, l->id, via);
    if (l->method == FACTOR_PUSH) {
        struct challenge c;

        e = challenge_by_login(cx, db, l->id, &c);
        if (e == OK && c.state == CHALLENGE_PENDING)
            return challenge_push_again(cx, db, &c);
        return e && e != ERR_NOT_FOUND ? e : challenge_for_login(cx, db, l, &p, &c);
    }
    return verification_send(cx, db, &f, l->id, from, &v);
}

/* A step-up's session must still live, or a revoked browser could come back through it. */
static enum err stepped_session(struct ctx *cx, struct db *db, const struct login *l,
                                unsigned *out_amr)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SESSION_AMR, DB_ARGS(db_int(l->session_id)), &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "the session of this step-up has ended");
    if (e == OK)
        *out_amr = (unsigned)db_col_int(&r, 0);
    return e;
}

enum err login_complete(struct ctx *cx, struct db *db, const struct login *l, unsigned proved,
                        const struct origin *from, struct login_done *out)
{
    bool step_up = str_eq(l->purpose, STR("step_up"));
    unsigned amr = l->amr | proved, session_amr = 0;
    struct session_request rq;
    struct person p;
    enum err e;

    if ((e = person_by_id(cx, db, l->person_id, &p)) ||
        (step_up && (e = stepped_session(cx, db, l, &session_amr))))
        return e;
    if (!floor_is_met(&p, proved)) /* by this attempt, whatever its session proved once */
        return fail(cx, ERR_EXPIRED, "proved by less than the floor");
    e = db_exec_one(cx, db, Q_LOGIN_FINISH, DB_ARGS(db_int(amr), db_int(l->id)));
    if (e == ERR_CONFLICT)
        return fail(cx, ERR_EXPIRED, "attempt is over");
    if (e || (e = challenge_withdraw(cx, db, p.identity_id, l->id)))
        return e;
    if (str_eq(l->action, STR("factor_off")) &&
        (e = factor_off(cx, db, l->action_id, "person", from)))
        return e;
    if (str_eq(l->action, STR("floor_lower")) && (e = floor_lower(cx, db, &p, from)))
        return e;
    rq = (struct session_request){
        .person_id = l->person_id,
        /* what an earlier factor proved stands in for none that is asked for now */
        .amr = amr | (proved ? session_amr : session_amr & AMR_ENROL),
        .remember = l->remember,
        .from = *from,
        .replaces = step_up ? l->session_id : 0,
    };
    if ((e = session_open(cx, db, &rq, &out->session_token)) ||
        (e = login_audit(cx, db, p.identity_id, step_up ? "step_up" : "sign_in",
                         arena_printf(cx->mem, "amr=%.*s", STR_ARG(amr_text(cx, amr))), from)))
        return e;
    if ((e = db_exec(cx, db, Q_IDENTITY_PUSH_CLEAR, DB_ARGS(db_int(p.identity_id)), NULL)))
        return e;
    db_notify(db, login_topic(l->id));
    out->done = true;
    out->remember = l->remember;
    out->next = l->next;
    return OK;
}

enum err login_check(struct ctx *cx, struct db *db, struct login *l, enum factor_kind method,
                     struct str code, int64_t recovery_row, const struct origin *from,
                     struct login_done *out)
{
    struct login_done done = {0};
    struct factor f;
    struct person p;
    enum err e;

    if ((e = attempt_factor(cx, db, l, method, &p, &f)))
        return e;
    if ((e = factor_check(cx, db,
                          &(struct check_in){
                              .factor_id = f.id,
                              .login_id = l->id,
                              .code = code,
                              .recovery_row = recovery_row,
                          },
                          &done.check)))
        return e;
    if (done.check.outcome == CHECK_RIGHT) {
        if ((e = login_complete(cx, db, l, factor_kind_amr(method), from, &done)))
            return e;
    } else if (done.check.outcome == CHECK_WRONG || done.check.outcome == CHECK_USED) {
        if ((e = login_audit(
                 cx, db, p.identity_id, "second_factor_failed",
                 arena_printf(cx->mem, "method=%.*s", STR_ARG(factor_kind_name(method))), from)) ||
            (e = db_keep(cx, db)))
            return e;
    }
    *out = done;
    return OK;
}

enum err login_own_password(struct ctx *cx, struct db *db, const struct session *s,
                            const struct password_proof *proof, const struct origin *from)
{
    struct person p;

    if (proof->person_id != s->person_id)
        return fail(cx, ERR_DENIED, "proof of somebody else");
    return password_count(cx, db, proof, STR(""), from, &p);
}

enum err login_reauth(struct ctx *cx, struct db *db, const struct session *s,
                      const struct password_proof *proof, struct str next,
                      const struct origin *from, struct login_out *out)
{
    enum err e = login_own_password(cx, db, s, proof, from);

    return e ? e : login_step_up(cx, db, s, "fresh", 0, next, from, out);
}

enum err login_step_up(struct ctx *cx, struct db *db, const struct session *s, const char *action,
                       int64_t action_id, struct str next, const struct origin *from,
                       struct login_out *out)
{
    struct login_out result = {.remember = s->remember};
    struct login l = {
        .person_id = s->person_id,
        .session_id = s->id,
        .purpose = STR("step_up"),
        .action = str_from(action),
        .action_id = action_id,
        .next = next,
        .remember = s->remember,
        .amr = AMR_PWD, /* the session's own; the rest is proved now */
        .addr = from->addr,
        .user_agent = from->user_agent,
    };
    struct login_done done = {0};
    struct factor *list;
    struct person p;
    size_t count;
    bool locked;
    enum err e;

    if ((e = person_by_id(cx, db, s->person_id, &p)) ||
        (e = login_is_locked(cx, db, p.id, &locked)) ||
        (e = floor_factors(cx, db, &p, &list, &count)))
        return e;
    if (locked)
        return say_locked(cx, db, s->identity_id, from, out);
    if (count > 0) {
        if ((e = second_step(cx, db, &l, list, count, from, &result)))
            return e;
        *out = result;
        return OK;
    }
    if ((e = login_new(cx, db, &l, &result.login_token)) ||
        (e = login_complete(cx, db, &l, 0, from, &done)))
        return e;
    result.state = LOGIN_SIGNED_IN;
    result.session_token = done.session_token;
    result.login_token = STR_NONE;
    *out = result;
    return OK;
}
