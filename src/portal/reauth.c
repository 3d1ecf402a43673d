/* reauth.c: proving again that it is you: the password, then the second factor if one is on. */
#include "core/login.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/verify.h"

struct reauth_form {
    struct str password, next;
    struct password_proof proof;
};

static const struct field reauth_fields[] = {
    {"password", offsetof(struct reauth_form, password), field_password, FIELD_REQUIRED, 0, 0  },
    {"next",     offsetof(struct reauth_form, next),     field_text,     FIELD_OPTIONAL, 0, 600},
};

enum err reauth_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct reauth_form));
    const struct reauth_form *f = d->in;
    struct str asked = f->next.p ? f->next : request_query(cx, rq, STR("next"));
    struct page_reauth p = {
        .next = next_path(cx, rq, asked, STR_NONE),
        .password = page_entry(&d->problems, STR("password"), STR_NONE),
    };
    struct person person;
    enum err e;

    if ((e = visit_person(cx, rq, &person)))
        return e;
    p.username = person.username;
    frame_open(cx, rq, rs, &p.page);
    page_reauth(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err reauth_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, reauth_page, sizeof(struct reauth_form));
    struct reauth_form *f = d->in;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = draft_bind(cx, rq, d, reauth_fields, COUNT_OF(reauth_fields))))
        return e;
    return login_prove_own_password(cx, rq->db, visit_of(cx, rq)->session.person_id, f->password,
                                    &f->proof);
}

enum err reauth(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint wrong = {ERR_DENIED, 401, "wrong_password", STR("password"),
                                           STR("That isn't your password. Try again.")};
    struct draft *d = draft_resume(rq);
    const struct reauth_form *f = d->in;
    struct str next = next_path(cx, rq, f->next, STR("/account"));
    struct origin from = visit_origin(rq);
    struct login_out out;
    enum err e = login_reauth(cx, rq->db, &visit_of(cx, rq)->session, &f->proof, next, &from, &out);

    if (e == ERR_DENIED)
        return draft_complain(cx, d, &wrong);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "There were too many tries.");
    if (e)
        return e;
    return step_up_next(cx, rq, rs, &out, next);
}
