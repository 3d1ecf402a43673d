/*
 * signup.c: the start page, creating an account, and the link that confirms it.
 *
 * The answer to a sign-up is the same whether the address was known or not; so is its time, since
 * the password is hashed either way before the core is asked.
 */
#include "core/person.h"
#include "crypto/pwhash.h"
#include "portal/frame.h"
#include "portal/handlers.h"

enum err index_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_index p = {0};

    if (visit_of(cx, rq)->signed_in)
        return respond_redirect(cx, rs, STR("/account"));
    frame_open(cx, rq, rs, &p.page);
    page_index(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* ---- the form ---- */

struct sign_up_form {
    struct str name, username, email, password, country_code, phone; /* as typed */
    struct signup_in in;                                             /* as the core wants it */
};

static const struct field sign_up_fields[] = {
    {"name",          offsetof(struct sign_up_form, name),     field_text, FIELD_REQUIRED                               },
    {"username",      offsetof(struct sign_up_form, username), field_text, FIELD_REQUIRED                               },
    {"email",         offsetof(struct sign_up_form, email),    field_text, FIELD_REQUIRED,                                0, EMAIL_MAX},
    {"password",      offsetof(struct sign_up_form,                                  password),                                  field_password,           FIELD_REQUIRED             },
    {"country_code", offsetof(struct sign_up_form,                             country_code),                         field_text,FIELD_OPTIONAL},
    {"phone", offsetof(struct sign_up_form,                             phone),                                field_text,                  FIELD_REQUIRED                                         },
};

enum err sign_up_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct sign_up_form));
    const struct sign_up_form *f = d->in;
    struct page_sign_up p = {
        .name = page_entry(&d->problems, STR("name"), f->name),
        .username = page_entry(&d->problems, STR("username"), f->username),
        .email = page_entry(&d->problems, STR("email"), f->email),
        .password = page_entry(&d->problems, STR("password"), STR_NONE),
        .country_code = page_entry(&d->problems, STR("country_code"), f->country_code),
        .phone = page_entry(&d->problems, STR("phone"), f->phone),
        .countries = country_options(cx, f->country_code),
    };
    enum err e;

    if (visit_of(cx, rq)->signed_in && rq->method == GET)
        return respond_redirect(cx, rs, STR("/account"));
    if ((e = password_least(cx, rq->db, NULL, &p.password_min)))
        return e;
    frame_open(cx, rq, rs, &p.page);
    page_sign_up(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* Beside a field that the binding already complained about, once is enough. */
static void judge(struct draft *d, struct str field, struct str text)
{
    if (!problem_of(&d->problems, field).n)
        draft_note(d, field, text);
}

static void judge_all(struct ctx *cx, struct draft *d, struct sign_up_form *f, int password_min)
{
    const struct str own[] = {f->name, f->username, f->email};
    struct signup_in *in = &f->in;

    judge(d, STR("name"), name_check(cx, f->name, &in->name));
    judge(d, STR("username"), username_check(cx, f->username, &in->username));
    judge(d, STR("email"), email_check(cx, f->email, &in->email));
    judge(d, STR("password"),
          password_check(cx, f->password, (size_t)password_min, own, COUNT_OF(own)));
    if (!problem_of(&d->problems, STR("phone")).n)
        phone_note(cx, d, f->country_code, f->phone, &in->country_code, &in->phone);
}

enum err sign_up_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, sign_up_page, sizeof(struct sign_up_form));
    struct sign_up_form *f = d->in;
    int password_min;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) || (e = password_least(cx, rq->db, NULL, &password_min)))
        return e;
    e = draft_bind(cx, rq, d, sign_up_fields, COUNT_OF(sign_up_fields));
    if (d->problems.malformed)
        return e;
    judge_all(cx, d, f, password_min);
    if ((e = draft_settle(cx, d)))
        return e;
    f->in.password_long = str_utf8_count(f->password) >= PASSWORD_MIN_ALONE;
    return pwhash_make(cx, f->password, &f->in.password_hash);
}

enum err sign_up(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_resume(rq);
    const struct sign_up_form *f = d->in;
    struct origin from = visit_origin(rq);
    enum err e = signup_start(cx, rq->db, &f->in, &from);

    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "There were many sign-ups from here.");
    if (e)
        return e;
    typed_set(cx, rq, rs, f->in.email);
    return frame_next(cx, rq, rs, "check_email", STR("/sign-up/check"));
}

enum err sign_up_sent_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_check_email p = {.email = typed_of(cx, rq), .lifetime = STR("24 hours")};

    frame_open(cx, rq, rs, &p.page);
    page_check_email(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* ---- the link of the mail: the GET only looks (attack 51) ---- */

struct confirm_form {
    struct str username;
};

static const struct field confirm_fields[] = {
    {"username", offsetof(struct confirm_form, username), field_text, FIELD_OPTIONAL},
};

enum err confirm_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct confirm_form));
    const struct confirm_form *f = d->in;
    struct str token = request_param(rq, STR("token"));
    struct signup_state state;
    struct page_confirm_email p = {0};
    enum err e;

    if ((e = signup_peek(cx, rq->db, token, &state)))
        return e;
    p.action_url = arena_printf(cx->mem, "/confirm/%.*s", STR_ARG(token));
    p.email = state.email;
    p.name = state.name;
    p.wished = state.username;
    p.ask_username = state.username_taken;
    p.username =
        page_entry(&d->problems, STR("username"), f->username.n ? f->username : state.username);
    frame_open(cx, rq, rs, &p.page);
    page_confirm_email(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err confirm(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint taken = {
        ERR_CONFLICT, 0, "username_taken", STR("username"),
        STR("Somebody has this username meanwhile. Please choose another one.")};
    struct draft *d = draft_new(cx, rq, confirm_page, sizeof(struct confirm_form));
    struct confirm_form *f = d->in;
    struct str username = STR_NONE;
    struct origin from = visit_origin(rq);
    int64_t person_id;
    enum err e;

    if ((e = draft_bind(cx, rq, d, confirm_fields, COUNT_OF(confirm_fields))))
        return e;
    if (f->username.n)
        draft_note(d, STR("username"), username_check(cx, f->username, &username));
    if ((e = draft_settle(cx, d)))
        return e;
    e = signup_confirm(cx, rq->db, request_param(rq, STR("token")), username, &from, &person_id);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &taken);
    if (e)
        return e;
    flash_set(rq, rs, FLASH_CONFIRMED);
    return frame_next(cx, rq, rs, "confirmed", STR("/login"));
}
