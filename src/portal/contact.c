/*
 * contact.c: changing the password, the e-mail address and the phone number. All three ask for the
 * current password beside the change, in a session that was proved lately.
 */
#include "core/link.h"
#include "core/login.h"
#include "crypto/pwhash.h"
#include "portal/frame.h"
#include "portal/handlers.h"

/* What the three forms have in common; each form's struct begins with it. */
struct proof_form {
    struct str current_password;
    struct password_proof proof;
};

static const struct complaint wrong_password = {ERR_DENIED, 401, "wrong_password",
                                                STR("current_password"),
                                                STR("That isn't your current password.")};

/* On the hash pool. A wrong password goes on to the handler, where it is counted. */
static enum err prove(struct ctx *cx, struct request *rq, struct proof_form *f)
{
    return login_prove_own_password(cx, rq->db, visit_of(cx, rq)->session.person_id,
                                    f->current_password, &f->proof);
}

static enum err check_proof(struct ctx *cx, struct request *rq, struct draft *d,
                            const struct proof_form *f)
{
    struct origin from = visit_origin(rq);
    enum err e = login_own_password(cx, rq->db, &visit_of(cx, rq)->session, &f->proof, &from);

    if (e == ERR_DENIED)
        return draft_complain(cx, d, &wrong_password);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "There were too many tries.");
    return e;
}

/* ---- password ---- */

struct password_form {
    struct proof_form own;
    struct str password, hash;
};

static const struct field password_fields[] = {
    {"current_password", offsetof(struct password_form, own.current_password), field_password,
     FIELD_REQUIRED                                                                                          },
    {"password",         offsetof(struct password_form, password),             field_password, FIELD_REQUIRED},
};

enum err password_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct password_form));
    struct page_change_password p = {
        .current_password = page_entry(&d->problems, STR("current_password"), STR_NONE),
        .password = page_entry(&d->problems, STR("password"), STR_NONE),
    };
    struct person person;
    enum err e;

    if ((e = visit_person(cx, rq, &person)) ||
        (e = password_least(cx, rq->db, &person, &p.password_min)))
        return e;
    p.username = person.username;
    frame_open(cx, rq, rs, &p.page);
    p.page.at_account = true;
    page_change_password(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err password_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, password_page, sizeof(struct password_form));
    struct password_form *f = d->in;
    struct person p;
    int password_min;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = draft_bind(cx, rq, d, password_fields, COUNT_OF(password_fields))) ||
        (e = visit_person(cx, rq, &p)) || (e = password_least(cx, rq->db, &p, &password_min)))
        return e;
    draft_note(d, STR("password"),
               password_check(cx, f->password, (size_t)password_min,
                              (const struct str[]){p.name, p.username, p.email}, 3));
    if (ct_equal_str(f->password, f->own.current_password))
        draft_note(d, STR("password"), STR("This is the same as the current one. Choose another."));
    if ((e = draft_settle(cx, d)) || (e = prove(cx, rq, &f->own)))
        return e;
    return f->own.proof.right ? pwhash_make(cx, f->password, &f->hash) : OK;
}

enum err password_change(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_resume(rq);
    const struct password_form *f = d->in;
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    struct str token;
    enum err e;

    if ((e = check_proof(cx, rq, d, &f->own)) ||
        (e = person_change_password(cx, rq->db, s->person_id, f->hash,
                                    str_utf8_count(f->password) >= PASSWORD_MIN_ALONE, s->id, &from,
                                    &token)))
        return e;
    session_cookie(rq, rs, token, s->remember);
    flash_set(rq, rs, FLASH_PASSWORD);
    return frame_next(cx, rq, rs, "changed", STR("/account"));
}

/* ---- e-mail ---- */

struct email_form {
    struct proof_form own;
    struct str email, address; /* as typed; normalised */
};

static const struct field email_fields[] = {
    {"email",            offsetof(struct email_form, email),                field_text,     FIELD_REQUIRED, 0, EMAIL_MAX},
    {"current_password", offsetof(struct email_form, own.current_password), field_password,
     FIELD_REQUIRED,                                                                                        0, 0        },
};

enum err email_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct email_form));
    const struct email_form *f = d->in;
    struct page_change_email p = {
        .new_email = page_entry(&d->problems, STR("email"), f->email),
        .current_password = page_entry(&d->problems, STR("current_password"), STR_NONE),
    };
    struct person person;
    enum err e;

    if ((e = visit_person(cx, rq, &person)) ||
        (e = link_waiting(cx, rq->db, LINK_CONFIRM_EMAIL, person.id, &p.pending)))
        return e;
    p.email = person.email;
    frame_open(cx, rq, rs, &p.page);
    p.page.at_account = true;
    page_change_email(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err email_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, email_page, sizeof(struct email_form));
    struct email_form *f = d->in;
    struct person p;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = draft_bind(cx, rq, d, email_fields, COUNT_OF(email_fields))) ||
        (e = visit_person(cx, rq, &p)))
        return e;
    draft_note(d, STR("email"), email_check(cx, f->email, &f->address));
    if (f->address.n && str_eq_nocase(f->address, p.email))
        draft_note(d, STR("email"), STR("This is your address already."));
    if ((e = draft_settle(cx, d)))
        return e;
    return prove(cx, rq, &f->own);
}

enum err email_change(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_resume(rq);
    const struct email_form *f = d->in;
    struct origin from = visit_origin(rq);
    enum err e;

    if ((e = check_proof(cx, rq, d, &f->own)))
        return e;
    e = person_change_email_start(cx, rq->db, visit_of(cx, rq)->session.person_id, f->address,
                                  &from);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "The address was changed often lately.");
    if (e)
        return e;
    flash_set(rq, rs, FLASH_EMAIL_SENT);
    return frame_next(cx, rq, rs, "check_email", STR("/account"));
}

enum err email_confirm_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str token = request_param(rq, STR("token"));
    struct page_confirm_email p = {0};
    struct link link;
    enum err e;

    if ((e = link_peek(cx, rq->db, LINK_CONFIRM_EMAIL, token, &link)))
        return e;
    p.action_url = arena_printf(cx->mem, "/confirm-email/%.*s", STR_ARG(token));
    p.email = link.data;
    frame_open(cx, rq, rs, &p.page);
    page_confirm_email(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err email_confirm(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = visit_origin(rq);
    int64_t person_id;
    enum err e;

    if ((e = person_change_email_confirm(cx, rq->db, request_param(rq, STR("token")), &from,
                                         &person_id)))
        return e;
    flash_set(rq, rs, FLASH_EMAIL);
    return frame_next(cx, rq, rs, "confirmed",
                      visit_of(cx, rq)->signed_in ? STR("/account") : STR("/login"));
}

/* ---- phone ---- */

struct phone_form {
    struct proof_form own;
    struct str country_code, phone; /* as typed */
    struct str code, number;        /* normalised */
};

static const struct field phone_fields[] = {
    {"country_code",     offsetof(struct phone_form, country_code),         field_text,     FIELD_OPTIONAL},
    {"phone",            offsetof(struct phone_form, phone),                field_text,     FIELD_REQUIRED},
    {"current_password", offsetof(struct phone_form, own.current_password), field_password,
     FIELD_REQUIRED                                                                                       },
};

enum err phone_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct phone_form));
    const struct phone_form *f = d->in;
    struct page_change_phone p = {
        .new_phone = page_entry(&d->problems, STR("phone"), f->phone),
        .current_password = page_entry(&d->problems, STR("current_password"), STR_NONE),
    };
    struct person person;
    struct str code;
    enum err e;

    if ((e = visit_person(cx, rq, &person)))
        return e;
    code = f->country_code.n ? f->country_code : person.country_code;
    p.phone = person.phone;
    p.country_code = page_entry(&d->problems, STR("country_code"), code);
    p.countries = country_options(cx, code);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_account = true;
    page_change_phone(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err phone_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, phone_page, sizeof(struct phone_form));
    struct phone_form *f = d->in;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)) ||
        (e = draft_bind(cx, rq, d, phone_fields, COUNT_OF(phone_fields))))
        return e;
    phone_note(cx, d, f->country_code, f->phone, &f->code, &f->number);
    if ((e = draft_settle(cx, d)))
        return e;
    return prove(cx, rq, &f->own);
}

enum err phone_change(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint last = {
        ERR_CONFLICT, 0, "last_factor", STR("phone"),
        STR("Codes to this number are your only second factor. Turn on another one first.")};
    struct draft *d = draft_resume(rq);
    const struct phone_form *f = d->in;
    struct origin from = visit_origin(rq);
    enum err e;

    if ((e = check_proof(cx, rq, d, &f->own)))
        return e;
    e = person_change_phone(cx, rq->db, visit_of(cx, rq)->session.person_id, f->code, f->number,
                            &from);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &last);
    if (e)
        return e;
    flash_set(rq, rs, FLASH_PHONE);
    return frame_next(cx, rq, rs, "changed", STR("/account"));
}
