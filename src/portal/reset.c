/*
 * reset.c: forgotten passwords, and "this wasn't me". The answer to an address is the same whether
 * it is known or not; a link's GET only looks, its POST consumes it (attacks 51 to 53).
 */
#include "core/link.h"
#include "core/person.h"
#include "crypto/pwhash.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/words.h"

/* ---- asking for the mail ---- */

struct ask_form {
    struct str email;
};

static const struct field ask_fields[] = {
    {"email", offsetof(struct ask_form, email), field_text, FIELD_REQUIRED, 0, EMAIL_MAX},
};

enum err reset_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct ask_form));
    const struct ask_form *f = d->in;
    struct page_reset_password p = {.email = page_entry(&d->problems, STR("email"), f->email)};

    frame_open(cx, rq, rs, &p.page);
    page_reset_password(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err reset_ask(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, reset_page, sizeof(struct ask_form));
    const struct ask_form *f = d->in;
    struct origin from = visit_origin(rq);
    struct str email;
    enum err e;

    if ((e = draft_bind(cx, rq, d, ask_fields, COUNT_OF(ask_fields))))
        return e;
    draft_note(d, STR("email"), email_check(cx, f->email, &email));
    if ((e = draft_settle(cx, d)) || (e = reset_start(cx, rq->db, email, &from)))
        return e;
    typed_set(cx, rq, rs, email);
    return frame_next(cx, rq, rs, "check_email", STR("/reset-password/sent"));
}

enum err reset_sent_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_reset_sent p = {.email = typed_of(cx, rq)};

    frame_open(cx, rq, rs, &p.page);
    page_reset_sent(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* ---- the new password ---- */

struct set_form {
    struct str password, hash;
};

static const struct field set_fields[] = {
    {"password", offsetof(struct set_form, password), field_password, FIELD_REQUIRED},
};

enum err reset_set_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct set_form));
    struct str token = request_param(rq, STR("token"));
    struct page_reset_set p = {.password = page_entry(&d->problems, STR("password"), STR_NONE)};
    struct person person;
    enum err e;

    if ((e = reset_peek(cx, rq->db, token, &person)) ||
        (e = password_least(cx, rq->db, &person, &p.password_min)))
        return e;
    p.action_url = arena_printf(cx->mem, "/reset-password/%.*s", STR_ARG(token));
    p.username = person.username;
    frame_open(cx, rq, rs, &p.page);
    page_reset_set(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err reset_set_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, reset_set_page, sizeof(struct set_form));
    struct set_form *f = d->in;
    struct person p;
    int password_min;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = reset_peek(cx, rq->db, request_param(rq, STR("token")), &p)) ||
        (e = draft_bind(cx, rq, d, set_fields, COUNT_OF(set_fields))) ||
        (e = password_least(cx, rq->db, &p, &password_min)))
        return e;
    draft_note(d, STR("password"),
               password_check(cx, f->password, (size_t)password_min,
                              (const struct str[]){p.name, p.username, p.email}, 3));
    if ((e = draft_settle(cx, d)))
        return e;
    return pwhash_make(cx, f->password, &f->hash);
}

enum err reset_set(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_resume(rq);
    const struct set_form *f = d->in;
    struct origin from = visit_origin(rq);
    enum err e = reset_finish(cx, rq->db, request_param(rq, STR("token")), f->hash,
                              str_utf8_count(f->password) >= PASSWORD_MIN_ALONE, &from);

    if (e)
        return e;
    session_cookie_end(rq, rs);
    login_cookie_end(rq, rs);
    flash_set(rq, rs, FLASH_RESET_DONE);
    return frame_next(cx, rq, rs, "reset", STR("/login"));
}

/* ---- "this wasn't me" ---- */

enum err not_me_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str token = request_param(rq, STR("token"));
    struct page_not_me p = {0};
    struct link link;
    enum err e;

    if ((e = link_peek(cx, rq->db, LINK_NOT_ME, token, &link)))
        return e;
    p.action_url = arena_printf(cx->mem, "/not-me/%.*s", STR_ARG(token));
    p.stays = str_eq(link.data, STR(LINK_DATA_ON));
    p.what = p.stays          ? STR("A second factor was turned on")
             : link.factor_id ? STR("A second factor was turned off")
                              : STR("A change to your account, as our message says");
    p.at = words_when(cx, link.created_at_ms);
    frame_open(cx, rq, rs, &p.page);
    page_not_me(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err not_me(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = visit_origin(rq);
    bool stays;
    enum err e = not_me_finish(cx, rq->db, request_param(rq, STR("token")), &from, &stays);

    if (e)
        return e;
    session_cookie_end(rq, rs);
    login_cookie_end(rq, rs);
    flash_set(rq, rs, stays ? FLASH_NOT_ME_STAYS : FLASH_NOT_ME);
    return frame_next(cx, rq, rs, "protected", STR("/login"));
}
