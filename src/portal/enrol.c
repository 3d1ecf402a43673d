/*
 * enrol.c: turning a second factor on: start, prove it by a code, on. A factor that was started
 * belongs to this session for ten minutes; until then its page can be looked at again.
 */
#include "core/factor.h"
#include "core/fallback.h"
#include "core/verification.h"
#include "crypto/base32.h"
#include "crypto/otpauth.h"
#include "crypto/qr.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

struct enrol_form {
    struct str code, via;
};

static const struct field enrol_fields[] = {
    {"code", offsetof(struct enrol_form, code), field_text, FIELD_REQUIRED},
};

/* What can be turned on here. */
static enum err enrol_kind(struct ctx *cx, const struct request *rq, enum factor_kind *out)
{
    if (!factor_kind_from(request_param(rq, STR("kind")), out) ||
        !(*out == FACTOR_TOTP || *out == FACTOR_REMOTE || factor_kind_is_sent(*out)) ||
        !factor_kind_is_offered(core_of(rq->db), *out))
        return fail(cx, ERR_NOT_FOUND, "nothing to enrol by that name");
    return OK;
}

static struct str enrol_url(struct ctx *cx, enum factor_kind kind)
{
    return arena_printf(cx->mem, "/account/security/%.*s", STR_ARG(factor_kind_name(kind)));
}

/* ---- what an authenticator app is told ---- */

struct totp_words {
    struct str secret, uri, account;
};

static enum err totp_words(struct ctx *cx, struct request *rq, const struct factor *f,
                           const struct person *p, struct totp_words *out)
{
    OWN(secret_deinit) struct secret seed = {0};
    struct otpauth o = {
        .issuer = core_of(rq->db)->product_name,
        .account = p->email,
        .params = {.step_s = f->period_s, .digits = f->digits, .alg = HMAC_SHA1},
    };
    enum err e;

    if ((e = totp_secret(cx, rq->db, f, &seed)))
        return e;
    o.secret = secret_bytes(&seed);
    out->secret = base32_encode(cx->mem, o.secret);
    out->account = arena_printf(cx->mem, "%.*s: %.*s", STR_ARG(o.issuer), STR_ARG(o.account));
    if (!otpauth_uri(cx->mem, &o, &out->uri))
        return fail(cx, ERR_INTERNAL, "enrol: the otpauth URI is too long");
    return OK;
}

/* ---- pages ---- */

static enum err totp_page(struct ctx *cx, struct request *rq, struct response *rs,
                          const struct factor *f, const struct person *person)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct enrol_form));
    struct page_totp_enrol p = {.code = page_entry(&d->problems, STR("code"), STR_NONE),
                                .digits = f->digits};
    struct totp_words words;
    struct qr qr;
    enum err e;

    if ((e = totp_words(cx, rq, f, person, &words)))
        return e;
    if (!qr_make(cx->mem, words.uri, &qr))
        return fail(cx, ERR_INTERNAL, "enrol: no QR code for the otpauth URI");
    p.qr_svg = qr_svg(cx->mem, &qr, STR("QR code to scan with your authenticator app"));
    p.otpauth_url = words.uri;
    p.secret = words.secret;
    p.account = words.account;
    p.groups.p = page_groups(cx->mem, words.secret, &p.groups.n);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_totp_enrol(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

static enum err sent_page(struct ctx *cx, struct request *rq, struct response *rs,
                          const struct factor *f, const struct person *person)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct enrol_form));
    struct page_code_enrol p = {
        .method = page_way(factor_kind_name(f->kind)),
        .to = factor_target(cx, person, f->kind),
        .resend_url = arena_printf(cx->mem, "%.*s/resend", STR_ARG(enrol_url(cx, f->kind))),
        .code = page_entry(&d->problems, STR("code"), STR_NONE),
        .digits = f->digits,
    };
    enum err e;

    if ((e = resend_wait(cx, rq->db, f, 0, &p.wait_s)) || (e = went_words(cx, rq, f, 0, &p.went)))
        return e;
    if (p.wait_s)
        p.wait_words = words_span(cx, p.wait_s);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_code_enrol(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* Nothing under way: back to where it starts. JSON gets the error. */
static enum err start_again(struct ctx *cx, struct request *rq, struct response *rs, enum err e)
{
    if ((e != ERR_EXPIRED && e != ERR_CONFLICT) || wants_json(rq))
        return e;
    flash_set(rq, rs, FLASH_TOO_LATE);
    return respond_redirect(cx, rs, STR("/account/security"));
}

static enum err pending_of(struct ctx *cx, struct request *rq, struct factor *out)
{
    const struct session *s = &visit_of(cx, rq)->session;
    enum factor_kind kind;
    enum err e;

    if ((e = enrol_kind(cx, rq, &kind)))
        return e;
    return factor_pending(cx, rq->db, s->identity_id, s->id, kind, out);
}

enum err enrol_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct person person;
    struct factor f;
    enum err e;

    if ((e = pending_of(cx, rq, &f)))
        return start_again(cx, rq, rs, e);
    if ((e = visit_person(cx, rq, &person)))
        return e;
    if (f.kind == FACTOR_TOTP)
        return totp_page(cx, rq, rs, &f, &person);
    if (f.kind == FACTOR_REMOTE)
        return remote_enrol_page(cx, rq, rs, &f, &person);
    return sent_page(cx, rq, rs, &f, &person);
}

/* ---- start ---- */

static enum err answer_started(struct ctx *cx, struct request *rq, struct response *rs,
                               const struct factor *f)
{
    struct str url = enrol_url(cx, f->kind);
    struct totp_words words;
    struct person p;
    enum err e;

    if (!wants_json(rq))
        return respond_redirect(cx, rs, url);
    if ((e = visit_person(cx, rq, &p)))
        return e;
    if (f->kind == FACTOR_REMOTE)
        return respond_json(cx, rs, 200,
                            json_pack("{s:s, s:o, s:o}", "state", "waiting", "next", json_of(url),
                                      "to", json_of(factor_target(cx, &p, f->kind))));
    if (f->kind != FACTOR_TOTP)
        return respond_json(cx, rs, 200,
                            json_pack("{s:s, s:o, s:o, s:i}", "state", "code", "next", json_of(url),
                                      "to", json_of(factor_target(cx, &p, f->kind)), "digits",
                                      (int)f->digits));
    if ((e = totp_words(cx, rq, f, &p, &words)))
        return e;
    return respond_json(cx, rs, 200,
                        json_pack("{s:s, s:o, s:o, s:o, s:i}", "state", "code", "next",
                                  json_of(url), "secret", json_of(words.secret), "otpauth_uri",
                                  json_of(words.uri), "digits", (int)f->digits));
}

enum err enrol_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint nowhere = {ERR_INVALID, 0, "no_destination", STR_NONE,
                                             STR("Add a phone number to your account first.")};
    static const struct complaint on = {ERR_CONFLICT, 0, "not_possible", STR_NONE,
                                        STR("This is on already, or can't be used here.")};
    struct draft *d = draft_new(cx, rq, security_page, sizeof(struct enrol_form));
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    enum factor_kind kind;
    struct factor f;
    enum err e;

    if ((e = enrol_kind(cx, rq, &kind)))
        return e;
    e = kind == FACTOR_TOTP ? totp_start(cx, rq->db, s->identity_id, s->id, &f)
        : kind == FACTOR_REMOTE
            ? remote_factor_start(cx, rq->db, s->identity_id, s->id, &f)
            : sent_factor_start(cx, rq->db, s->identity_id, s->id, kind, &from, &f);
    if (e == ERR_INVALID)
        return draft_complain(cx, d, &nowhere);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &on);
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "We can't send another code yet.");
    if (e == ERR_BLOCKED)
        return draft_blocked(cx, d);
    if (e)
        return e;
    return answer_started(cx, rq, rs, &f);
}

/* ---- the code, once more or right ---- */

enum err enrol_check(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, enrol_page, sizeof(struct enrol_form));
    const struct session *session = &visit_of(cx, rq)->session;
    const struct enrol_form *form = d->in;
    struct origin from = visit_origin(rq);
    struct check_out check;
    struct str token;
    struct factor f;
    enum err e;

    if ((e = pending_of(cx, rq, &f)))
        return start_again(cx, rq, rs, e);
    if ((e = draft_bind(cx, rq, d, enrol_fields, COUNT_OF(enrol_fields))) ||
        (e = factor_check(cx, rq->db, &(struct check_in){.factor_id = f.id, .code = form->code},
                          &check)))
        return e;
    if (check.outcome == CHECK_ASKED)
        return answer_started(cx, rq, rs, &f);
    if (check.outcome != CHECK_RIGHT)
        return check_complain(cx, d, f.kind, &check);
    if ((e = factor_activate(cx, rq->db, &f, &from)))
        return start_again(cx, rq, rs, e); /* switched on in another browser meanwhile */
    if ((e = session_renew(cx, rq->db, session, &from, &token)))
        return e;
    session_cookie(rq, rs, token, session->remember);
    flash_set(rq, rs, FLASH_FACTOR_ON);
    return frame_next(cx, rq, rs, "on", STR("/account/security"));
}

static const struct field via_fields[] = {
    {"via", offsetof(struct enrol_form, via), field_text, FIELD_OPTIONAL},
};

/* Asks a remote service in the way that the form names. */
static enum err ask_again(struct ctx *cx, struct request *rq, struct draft *d,
                          const struct factor *f)
{
    const struct enrol_form *form = d->in;
    enum err e = draft_bind(cx, rq, d, via_fields, COUNT_OF(via_fields));

    return e ? e : remote_start(cx, rq->db, f, 0, remote_via_from(form->via));
}

enum err enrol_resend(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, enrol_page, sizeof(struct enrol_form));
    struct origin from = visit_origin(rq);
    struct verification v;
    struct factor f;
    enum err e;

    if ((e = pending_of(cx, rq, &f)))
        return start_again(cx, rq, rs, e);
    if (f.kind == FACTOR_REMOTE)
        e = ask_again(cx, rq, d, &f);
    else if (factor_kind_is_sent(f.kind))
        e = verification_send(cx, rq->db, &f, 0, &from, &v);
    else
        e = fail(cx, ERR_NOT_FOUND, "enrol: nothing to send");
    if (e == ERR_LIMITED)
        return draft_limited(cx, d, "We can't send another code yet.");
    if (e == ERR_BLOCKED)
        return draft_blocked(cx, d);
    if (e)
        return e;
    if (f.kind != FACTOR_REMOTE)
        flash_set(rq, rs, FLASH_SENT);
    return answer_started(cx, rq, rs, &f);
}

enum err went_words(struct ctx *cx, const struct request *rq, const struct factor *f,
                    int64_t login_id, struct str *out)
{
    struct str channel, target;
    struct verification v;
    enum err e = verification_pending(cx, rq->db, f->id, login_id, &v);

    *out = STR_NONE;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    if ((e = fallback_where(cx, rq->db, v.id, &channel, &target)) || !channel.n)
        return e;
    *out = arena_printf(cx->mem, "It could not be delivered, so %s %.*s instead.",
                        str_eq(channel, STR("voice")) ? "we are calling" : "we sent it to",
                        STR_ARG(mask_target(cx, channel, target)));
    return OK;
}

enum err unsent_words(struct ctx *cx, const struct request *rq, const struct factor *f,
                      struct str *out)
{
    const struct dispatch d = {core_of(rq->db)->portal_service_id, factor_kind_name(f->kind),
                               f->target, str_from(rq->addr)};
    enum err e = firewall_peek(cx, rq->db, &d);

    *out = e == ERR_BLOCKED
               ? firewall_words(cx->rule)
               : STR("We could not send a code just now. Ask for one again, or use another way.");
    return e == ERR_BLOCKED ? OK : e;
}
