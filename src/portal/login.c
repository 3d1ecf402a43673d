/*
 * login.c: name and password, and the way out.
 *
 * The password is proved on the hash pool; what the proof is worth the core decides in the
 * transaction. An unknown name and a wrong password give one answer.
 */
#include "core/login.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/verify.h"

struct login_form {
    struct str login, password, next;
    bool remember;
    struct password_proof proof;
};

static const struct field login_fields[] = {
    {"login",    offsetof(struct login_form, login),    field_text,     FIELD_REQUIRED, 0, EMAIL_MAX},
    {"password", offsetof(struct login_form, password), field_password, FIELD_REQUIRED, 0, 0        },
    {"remember", offsetof(struct login_form, remember), field_bool,     FIELD_OPTIONAL, 0, 0        },
    {"next",     offsetof(struct login_form, next),     field_text,     FIELD_OPTIONAL, 0, 600      },
};

static struct str where_next(const struct visit *v, struct str next)
{
    if (v->enrolling)
        return STR("/account/security");
    return next.n ? next : STR("/account");
}

enum err login_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct login_form));
    const struct login_form *f = d->in;
    const struct visit *v = visit_of(cx, rq);
    struct str asked = f->next.p ? f->next : request_query(cx, rq, STR("next"));
    struct page_login p = {
        .login = page_entry(&d->problems, STR("login"), f->login),
        .password = page_entry(&d->problems, STR("password"), STR_NONE),
        .remember = f->remember,
        .next = next_path(cx, rq, asked, STR_NONE),
    };

    if (v->signed_in && rq->method == GET)
        return respond_redirect(cx, rs, where_next(v, p.next));
    frame_open(cx, rq, rs, &p.page);
    page_login(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err login_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, login_page, sizeof(struct login_form));
    struct login_form *f = d->in;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = draft_bind(cx, rq, d, login_fields, COUNT_OF(login_fields))))
        return e;
    return login_prove_password(cx, rq->db, f->login, f->password, &f->proof);
}

/* A browser that signs in again leaves no session behind that nobody holds the cookie of. */
static enum err end_former(struct ctx *cx, struct request *rq)
{
    const struct visit *v = visit_of(cx, rq);
    enum err e;

    if (!v->signed_in)
        return OK;
    e = session_end(cx, rq->db, v->session.person_id, v->session.id, "replaced");
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err answer_login(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct login_out *out, struct str next)
{
    enum err e;

    switch (out->state) {
    case LOGIN_SIGNED_IN:
    case LOGIN_ENROL:
        if ((e = end_former(cx, rq)))
            return e;
        session_cookie(rq, rs, out->session_token, out->remember);
        login_cookie_end(rq, rs);
        if (out->state == LOGIN_ENROL)
            return frame_next(cx, rq, rs, "enrol", STR("/account/security"));
        return frame_next(cx, rq, rs, "signed_in", next);
    case LOGIN_LOCKED:
        return locked_complain(cx, rq);
    case LOGIN_WAITING:
    case LOGIN_CODE:
        login_cookie(rq, rs, out->login_token);
        return verify_next(cx, rq, rs, out);
    }
    return fail(cx, ERR_INTERNAL, "login: unknown state %d", (int)out->state);
}

enum err login_submit(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint wrong = {
        ERR_DENIED, 401, "wrong_login", STR_NONE,
        STR("That name and password don't match. Check both and try again. New here? Open the link "
            "in our mail first.")};
    struct draft *d = draft_resume(rq);
    const struct login_form *f = d->in;
    struct str next = next_path(cx, rq, f->next, STR("/account"));
    const struct login_in in = {.login = f->login,
                                .proof = f->proof,
                                .next = next,
                                .remember = f->remember,
                                .from = visit_origin(rq)};
    struct login_out out;
    enum err e = login_password(cx, rq->db, &in, &out);

    if (e == ERR_DENIED)
        return draft_complain(cx, d, &wrong);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "There were too many tries.");
    if (e)
        return e;
    return answer_login(cx, rq, rs, &out, next);
}

enum err logout(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v = visit_of(cx, rq);
    enum err e = OK;

    if (v->signed_in)
        e = session_end(cx, rq->db, v->session.person_id, v->session.id, "signed_out");
    if (e && e != ERR_NOT_FOUND)
        return e;
    session_cookie_end(rq, rs);
    login_cookie_end(rq, rs);
    flash_set(rq, rs, FLASH_SIGNED_OUT);
    return frame_next(cx, rq, rs, "signed_out", STR("/login"));
}
