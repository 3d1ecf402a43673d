/*
 * verify.c: the code page of an attempt, for sign-in and step-up alike, and everything on it.
 *
 * An attempt has one method that a code was sent for, if any; looking at the page for a method that
 * needs no sending changes nothing, so that is a GET with ?method=.
 */
#include "portal/verify.h"
#include "core/verification.h"
#include "portal/handlers.h"
#include "portal/words.h"

struct verify_form {
    struct str code, method, handle, via;
    enum factor_kind kind;
    bool by_call;
    int64_t recovery_row;
};

static const struct field verify_fields[] = {
    {"code",   offsetof(struct verify_form, code),   field_text, FIELD_REQUIRED},
    {"method", offsetof(struct verify_form, method), field_text, FIELD_OPTIONAL},
    {"handle", offsetof(struct verify_form, handle), field_text, FIELD_OPTIONAL},
};

/* ---- what is said of a factor ---- */

int code_digits(const struct factor *f)
{
    return f->kind == FACTOR_RECOVERY || f->kind == FACTOR_REMOTE ? 0 : f->digits;
}

struct str tries_words(struct ctx *cx, const struct factor *f)
{
    int64_t left = FACTOR_FAILURES_PAUSE - f->fail_count % FACTOR_FAILURES_PAUSE;

    if (left == FACTOR_FAILURES_PAUSE)
        return STR_NONE;
    return left == 1 ? STR("1 try") : arena_printf(cx->mem, "%d tries", (int)left);
}

static enum err pending_send(struct ctx *cx, struct db *db, const struct factor *f,
                             int64_t login_id, int *out_wait_s, bool *out_more, bool *out_none)
{
    struct verification v;
    enum err e = verification_pending(cx, db, f->id, login_id, &v);
    int64_t wait_ms;

    *out_wait_s = 0;
    *out_more = true;
    *out_none = e == ERR_NOT_FOUND;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    wait_ms = v.sent_at_ms + VERIFICATION_RESEND_AFTER_S * MS_PER_S - cx->now_ms;
    if (wait_ms > 0)
        *out_wait_s = (int)((wait_ms + MS_PER_S - 1) / MS_PER_S);
    *out_more = v.send_count < VERIFICATION_SENDS_MAX;
    return OK;
}

enum err resend_wait(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                     int *out_s)
{
    bool more, none;

    return pending_send(cx, db, f, login_id, out_s, &more, &none);
}

/* ---- the page ---- */

/* What the page is for: what failed, what was asked for, what the attempt is at. A code that has to
 * be sent first is not shown as sent. */
static enum factor_kind shown_kind(struct ctx *cx, const struct request *rq,
                                   const struct view *view, const struct login *l)
{
    const struct draft *d = rq->problems;
    const struct verify_form *f = d ? d->in : NULL;
    struct str asked = f ? f->method : request_query(cx, rq, STR("method"));
    enum factor_kind kind;
    bool by_call;

    if (asked.n && login_way_from(asked, &kind, &by_call) && view_factor(view, kind) &&
        ((kind == l->method && by_call == l->by_call) || !way_needs_sending(kind)))
        return kind;
    return l->method;
}

static json_t *method_names(const struct view *view)
{
    json_t *names = json_array();

    for (size_t i = 0; i < view->count; i++) {
        enum factor_kind kind = view->factors[i].kind;

        if (view_is_again(view, i))
            continue;
        json_array_append_new(names, json_of(factor_kind_name(kind)));
        if (kind == FACTOR_VOICE && view->calls_here)
            json_array_append_new(names, json_of(login_way_name(kind, true)));
    }
    return names;
}

static enum err answer_state(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct login *l)
{
    struct view view;
    const struct factor *f;
    json_t *body;
    bool asks, waits;
    int wait_s = 0;
    enum err e;

    if (!wants_json(rq))
        return respond_redirect(cx, rs, STR("/verify"));
    if ((e = view_of(cx, rq->db, l, &view)))
        return e;
    f = view_factor(&view, l->method);
    asks = login_asks(l) && view.wait == WAIT_PENDING;
    waits = asks || (l->method == FACTOR_REMOTE && (view.turn.busy || view.turn.asked));
    if (f && factor_kind_is_sent(f->kind) && (e = resend_wait(cx, rq->db, f, l->id, &wait_s)))
        return e;
    body = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i}", "state", waits ? "waiting" : "code",
                     "next", "/verify", "method", json_of(login_way_name(l->method, l->by_call)),
                     "methods", method_names(&view), "to",
                     json_of(factor_target(cx, &view.person, l->method)), "handle",
                     json_of(login_handle(cx, l)), "resend_after_s", wait_s);
    if (asks && (e = waiting_json(cx, rq->db, &view, body))) {
        json_decref(body);
        return e;
    }
    return respond_json(cx, rs, 200, body);
}

enum err verify_next(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct login_out *out)
{
    struct login l;
    enum err e;

    if (!wants_json(rq))
        return respond_redirect(cx, rs, STR("/verify"));
    if ((e = login_by_token(cx, rq->db, out->login_token, &l)))
        return e;
    return answer_state(cx, rq, rs, &l);
}

enum err step_up_next(struct ctx *cx, struct request *rq, struct response *rs,
                      const struct login_out *out, struct str next)
{
    if (out->state == LOGIN_LOCKED)
        return locked_complain(cx, rq);
    if (out->state == LOGIN_SIGNED_IN) {
        session_cookie(rq, rs, out->session_token, out->remember);
        return frame_next(cx, rq, rs, "signed_in", next);
    }
    login_cookie(rq, rs, out->login_token);
    return verify_next(cx, rq, rs, out);
}

/* note: what happened before, at the top; may be empty. */
static enum err draw(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct view *view, const struct login *l, const struct factor *f,
                     struct str note)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct verify_form));
    struct page_verify p = {
        .handle = login_handle(cx, l),
        .method = page_way(factor_kind_name(f->kind)),
        .to = factor_target(cx, &view->person, f->kind),
        .purpose = purpose_words(cx, view, l),
        .code = page_entry(&d->problems, STR("code"), STR_NONE),
        .digits = code_digits(f),
        .others = other_ways(cx, view, l, f->kind, false),
        .cancel_url = cancel_path(l),
    };
    struct problems notes = {0};
    enum err e;

    if (!d->problems.n) /* a complaint says it itself */
        p.tries_left = tries_words(cx, f);
    if (factor_kind_is_sent(f->kind)) {
        if ((e = pending_send(cx, rq->db, f, l->id, &p.wait_s, &p.can_resend, &p.unsent)) ||
            (e = went_words(cx, rq, f, l->id, &p.went)) ||
            (p.unsent && !note.n && (e = unsent_words(cx, rq, f, &note))))
            return e;
        if (p.wait_s)
            p.wait_words = words_span(cx, p.wait_s);
    }
    frame_open(cx, rq, rs, &p.page);
    if (note.n && !rq->problems) {
        problem_add(&notes, STR_NONE, note);
        page_problems(&p.page, &notes);
    }
    page_verify(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* The strongest that can be shown without sending anything; NULL when there is none. */
static const struct factor *code_after(const struct view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        if (!way_needs_sending(view->factors[i].kind))
            return &view->factors[i];
    }
    return NULL;
}

enum err verify_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v = visit_of(cx, rq);
    struct str note = STR_NONE;
    struct view view;
    const struct factor *f;
    bool locked;
    enum err e;

    if ((e = attempt_is_locked(cx, rq, &v->login, &locked)))
        return e;
    if (locked)
        return locked_complain(cx, rq);
    if (wants_json(rq))
        return answer_state(cx, rq, rs, &v->login);
    if ((e = view_of(cx, rq->db, &v->login, &view)))
        return e;
    f = view_factor(&view, shown_kind(cx, rq, &view, &v->login));
    if (f && login_asks(&v->login) && f->kind == v->login.method) {
        note = waiting_ended(&view, v->login.by_call);
        f = note.n && !digits_differed(&view) ? code_after(&view) : NULL;
        if (!f)
            return waiting_page(cx, rq, rs, &view, &v->login);
    }
    if (f && f->kind == FACTOR_REMOTE)
        return remote_page(cx, rq, rs, &view, &v->login, f);
    if (!f && view.count) { /* switched off meanwhile: the strongest that is left */
        f = &view.factors[0];
        if (f->kind == FACTOR_PUSH)
            return waiting_page(cx, rq, rs, &view, &v->login);
        if (login_asks(&v->login) && !note.n)
            note = waiting_ended(&view, v->login.by_call);
    }
    if (!f) { /* the last one was switched off meanwhile: this attempt can prove nothing more */
        flash_set(rq, rs, FLASH_WAYS_GONE);
        return respond_redirect(cx, rs, v->signed_in ? STR("/account/security") : STR("/login"));
    }
    return draw(cx, rq, rs, &view, &v->login, f, note);
}

/* ---- a code ---- */

static enum err read_method(struct ctx *cx, struct draft *d, const struct login *l)
{
    static const struct complaint unknown = {ERR_INVALID, 0, "unknown_method", STR("method"),
                                             STR("Choose one of the ways that are listed.")};
    struct verify_form *f = d->in;

    f->kind = l->method;
    f->by_call = l->by_call;
    if (f->method.n && !login_way_from(f->method, &f->kind, &f->by_call))
        return draft_complain(cx, d, &unknown);
    return OK;
}

static enum err bind_code(struct ctx *cx, struct request *rq, struct draft *d)
{
    enum err e = draft_bind(cx, rq, d, verify_fields, COUNT_OF(verify_fields));

    return e ? e : read_method(cx, d, &visit_of(cx, rq)->login);
}

/* A recovery code costs an Argon2id run; whatever else there is, digits are none. Without a method
 * the attempt's own counts, which is not known here. */
bool verify_is_slow(struct ctx *cx, const struct request *rq)
{
    enum { SENT_DIGITS_MAX = 10 };
    struct verify_form f = {0};
    struct problems problems;

    if (form_bind(cx, rq, verify_fields, COUNT_OF(verify_fields), &f, &problems))
        return false;
    if (f.method.n)
        return str_eq(f.method, factor_kind_name(FACTOR_RECOVERY));
    return f.code.n > SENT_DIGITS_MAX;
}

enum err verify_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, verify_page, sizeof(struct verify_form));
    struct verify_form *f = d->in;
    struct person person;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) || (e = bind_code(cx, rq, d)))
        return e;
    if (f->kind != FACTOR_RECOVERY)
        return OK;
    if ((e = person_by_id(cx, rq->db, visit_of(cx, rq)->login.person_id, &person)))
        return e;
    return recovery_match(cx, rq->db, person.identity_id, f->code, &f->recovery_row);
}

/* The form as the prepare step left it, or read now when there was none. */
static enum err read_code(struct ctx *cx, struct request *rq, struct draft **out)
{
    if (rq->prepared) {
        *out = draft_resume(rq);
        return OK;
    }
    *out = draft_new(cx, rq, verify_page, sizeof(struct verify_form));
    rq->prepared = NULL; /* made in the transaction, which may run again */
    return bind_code(cx, rq, *out);
}

static enum err complain_wrong(struct ctx *cx, struct draft *d, const struct check_out *check)
{
    struct complaint c = {
        .e = ERR_DENIED, .status = 401, .code = "wrong_code", .field = STR("code")};
    struct str pause = words_span(cx, check->pause_s);

    if (check->tries_left > 1)
        c.text = arena_printf(cx->mem,
                              "That code didn't match. %d tries left, then we'll pause for %.*s.",
                              (int)check->tries_left, STR_ARG(pause));
    else if (check->tries_left == 1)
        c.text = arena_printf(cx->mem,
                              "That code didn't match. One try left, then we'll pause for %.*s.",
                              STR_ARG(pause));
    else if (check->retry_after_s > 0)
        c.text = arena_printf(cx->mem, "That code didn't match. Wait %.*s, then try again.",
                              STR_ARG(pause));
    else
        c.text = STR("That code didn't match, and was tried too often. Ask for another one.");
    return draft_complain(cx, d, &c);
}

enum err check_complain(struct ctx *cx, struct draft *d, enum factor_kind kind,
                        const struct check_out *check)
{
    static const struct complaint used = {ERR_DENIED, 401, "code_used", STR("code"),
                                          STR("That code was already used. Wait for the next "
                                              "one.")};
    static const struct complaint used_recovery = {ERR_DENIED, 401, "code_used", STR("code"),
                                                   STR("That recovery code was already used. Take "
                                                       "another one of your list.")};
    static const struct complaint expired = {ERR_DENIED, 401, "code_expired", STR("code"),
                                             STR("That code is too old. Ask for another one.")};
    static const struct complaint off = {ERR_DENIED, 403, "method_off", STR_NONE,
                                         STR("This way is switched off after too many wrong "
                                             "codes. Choose another way.")};

    switch (check->outcome) {
    case CHECK_WRONG:
        return complain_wrong(cx, d, check);
    case CHECK_USED:
        return draft_complain(cx, d, kind == FACTOR_RECOVERY ? &used_recovery : &used);
    case CHECK_EXPIRED:
    case CHECK_ENDED: /* applications' codes only */
        return draft_complain(cx, d, &expired);
    case CHECK_PAUSED:
        cx->retry_after_s = check->retry_after_s;
        return draft_limited(cx, d, "There were too many wrong codes.");
    case CHECK_OFF:
        return draft_complain(cx, d, &off);
    case CHECK_RIGHT:
    case CHECK_ASKED:
        break;
    }
    return fail(cx, ERR_INTERNAL, "verify: a right code did not complete the attempt");
}

/* A page that was left open from another attempt shares the cookie, not the handle. */
static bool is_other_attempt(struct ctx *cx, const struct verify_form *f, const struct login *l)
{
    return f->handle.n && !str_eq(f->handle, login_handle(cx, l));
}

enum err attempt_cookies(struct ctx *cx, struct request *rq, struct response *rs,
                         const struct login *l, const struct login_done *done, struct str *out_next)
{
    const struct visit *v = visit_of(cx, rq);
    enum err e;

    /* A browser that signs in again leaves no session behind that nobody holds the cookie of. */
    if (v->signed_in && !l->session_id) {
        e = session_end(cx, rq->db, v->session.person_id, v->session.id, "replaced");
        if (e && e != ERR_NOT_FOUND)
            return e;
    }
    session_cookie(rq, rs, done->session_token, done->remember);
    login_cookie_end(rq, rs);
    if (str_eq(l->action, STR("factor_off")))
        flash_set(rq, rs, FLASH_FACTOR_OFF);
    if (str_eq(l->action, STR("floor_lower")))
        flash_set(rq, rs, FLASH_FLOOR_LOWERED);
    *out_next = next_path(cx, rq, done->next, STR("/account"));
    return OK;
}

/* A proof was right: the session's cookie, and on to where the attempt leads. */
static enum err attempt_done(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct login *l, const struct login_done *done)
{
    struct str next;
    enum err e = attempt_cookies(cx, rq, rs, l, done, &next);

    return e ? e : frame_next(cx, rq, rs, "signed_in", next);
}

enum err verify(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint other = {ERR_CONFLICT, 0, "other_attempt", STR_NONE,
                                           STR("This page was from an earlier sign-in. Use the "
                                               "newest code.")};
    static const struct complaint not_on = {ERR_INVALID, 0, "unknown_method", STR("method"),
                                            STR("This way isn't turned on. Choose another one.")};
    static const struct complaint last = {ERR_CONFLICT, 0, "last_factor", STR_NONE,
                                          STR("This is your last second factor, and one is "
                                              "required. Turn on another one first.")};
    struct login *l = &visit_of(cx, rq)->login;
    struct origin from = visit_origin(rq);
    const struct verify_form *f;
    struct login_done done = {0};
    struct draft *d;
    bool locked;
    enum err e, e_locked;

    if ((e = read_code(cx, rq, &d)))
        return e;
    f = d->in;
    if (is_other_attempt(cx, f, l))
        return draft_complain(cx, d, &other);
    if (f->kind == FACTOR_PUSH || f->by_call) /* it has no code */
        return draft_complain(cx, d, &not_on);
    e = login_check(cx, rq->db, l, f->kind, f->code, f->recovery_row, &from, &done);
    if (e == ERR_INVALID ||
        done.check.outcome == CHECK_OFF) { /* the last way out, maybe just now */
        if ((e_locked = attempt_is_locked(cx, rq, l, &locked)))
            return e_locked;
        if (locked)
            return locked_complain(cx, rq);
    }
    if (e == ERR_NOT_FOUND || e == ERR_INVALID)
        return draft_complain(cx, d, &not_on);
    if (e == ERR_CONFLICT && l->action_id)
        return draft_complain(cx, d, &last);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "There were too many tries.");
    if (e)
        return e;
    if (done.check.outcome == CHECK_ASKED)
        return answer_state(cx, rq, rs, l);
    if (!done.done)
        return check_complain(cx, d, f->kind, &done.check);
    return attempt_done(cx, rq, rs, l, &done);
}

/* ---- another way, another code ---- */

static const struct field way_fields[] = {
    {"method", offsetof(struct verify_form, method), field_text, FIELD_OPTIONAL},
    {"handle", offsetof(struct verify_form, handle), field_text, FIELD_OPTIONAL},
    {"via",    offsetof(struct verify_form, via),    field_text, FIELD_OPTIONAL},
};

static enum err bind_way(struct ctx *cx, struct request *rq, struct draft **out)
{
    struct draft *d = draft_new(cx, rq, verify_page, sizeof(struct verify_form));
    enum err e;

    if ((e = draft_bind(cx, rq, d, way_fields, COUNT_OF(way_fields))) ||
        (e = read_method(cx, d, &visit_of(cx, rq)->login)))
        return e;
    *out = d;
    return OK;
}

static enum err answer_way(struct ctx *cx, struct request *rq, struct response *rs, struct draft *d,
                           enum err e)
{
    static const struct complaint not_on = {ERR_INVALID, 0, "unknown_method", STR("method"),
                                            STR("This way isn't turned on. Choose another one.")};
    static const struct complaint no_phone = {
        ERR_LIMITED, 0, "limited", STR_NONE,
        STR("We can't ask your phone again now. Use another way.")};
    static const struct complaint no_call = {
        ERR_LIMITED, 0, "limited", STR_NONE,
        STR("We can't call you now: there was a call just before, or there were too many. Wait a "
            "moment, or use another way.")};
    static const struct complaint no_service = {
        ERR_UPSTREAM, 503, "unavailable", STR_NONE,
        STR("We can't ask on your phone now. Use another way.")};
    const struct verify_form *f = d->in;
    const struct login *l = &visit_of(cx, rq)->login;

    if (e == ERR_NOT_FOUND || e == ERR_INVALID)
        return draft_complain(cx, d, &not_on);
    if (e == ERR_UPSTREAM)
        return draft_complain(cx, d, &no_service);
    if (e == ERR_LIMITED && f->by_call)
        return draft_complain(cx, d, &no_call);
    if (e == ERR_LIMITED && f->kind == FACTOR_PUSH)
        return draft_complain(cx, d, &no_phone);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "We can't send another code yet.");
    if (e == ERR_BLOCKED)
        return draft_blocked(cx, d);
    if (e)
        return e;
    if (factor_kind_is_sent(l->method) && !l->by_call)
        flash_set(rq, rs, FLASH_SENT);
    return answer_state(cx, rq, rs, l);
}

static enum err choose(struct ctx *cx, struct db *db, struct login *l, const struct verify_form *f,
                       const struct origin *from)
{
    return f->by_call ? login_choose_call(cx, db, l, from) : login_choose(cx, db, l, f->kind, from);
}

enum err verify_method(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = visit_origin(rq);
    struct login *l = &visit_of(cx, rq)->login;
    const struct verify_form *f;
    struct draft *d;
    enum err e;

    if ((e = bind_way(cx, rq, &d)))
        return e;
    f = d->in;
    return answer_way(cx, rq, rs, d, choose(cx, rq->db, l, f, &from));
}

/* The code of the present method once more; naming another method is choosing it. */
enum err resend(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = visit_origin(rq);
    struct login *l = &visit_of(cx, rq)->login;
    const struct verify_form *f;
    struct draft *d;
    bool again;
    enum err e;

    if ((e = bind_way(cx, rq, &d)))
        return e;
    f = d->in;
    again = f->kind == l->method && f->by_call == l->by_call;
    e = again ? login_resend(cx, rq->db, l, remote_via_from(f->via), &from)
              : choose(cx, rq->db, l, f, &from);
    if (e == OK && again && l->method == FACTOR_PUSH)
        flash_set(rq, rs, FLASH_ASKED);
    return answer_way(cx, rq, rs, d, e);
}
