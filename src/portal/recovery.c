/*
 * recovery.c: recovery codes: made on the hash pool, shown by the answer to the POST and never
 * again, since only their hashes are kept.
 *
 * So the form names the set that it replaces, and does that once: a browser that sends it again (on
 * reload) learns that the codes stand, and those that were printed stay good. JSON names none: a
 * program sends again only what it means to.
 */
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/words.h"

struct recovery_form {
    struct str replaces; /* sid of the set that was on when the form was drawn; empty: none */
    bool made;
    struct recovery_set set;
};

static const struct field recovery_fields[] = {
    {"replaces", offsetof(struct recovery_form, replaces), field_text, FIELD_OPTIONAL},
};

/* The sid of the set that is on; empty: none. */
static enum err current_set(struct ctx *cx, struct request *rq, struct str *out)
{
    struct factor f;
    enum err e =
        factor_active(cx, rq->db, visit_of(cx, rq)->session.identity_id, FACTOR_RECOVERY, &f);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e ? STR_NONE : f.sid;
    return OK;
}

/* Whether this form has replaced its set before, or another one did meanwhile. */
static enum err was_spent(struct ctx *cx, struct request *rq, const struct recovery_form *f,
                          bool *out)
{
    struct str current;
    enum err e = current_set(cx, rq, &current);

    if (e)
        return e;
    *out =
        !request_body_is(rq, STR("application/json")) && current.n && !str_eq(current, f->replaces);
    return OK;
}

enum err recovery_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_recovery_replace p = {.total = RECOVERY_CODES};
    int64_t left;
    enum err e;

    if ((e = current_set(cx, rq, &p.replaces)) ||
        (e = recovery_left(cx, rq->db, visit_of(cx, rq)->session.identity_id, &left)))
        return e;
    if (!p.replaces.n)
        return respond_redirect(cx, rs, STR("/account/security"));
    p.left = (int)left;
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_recovery_replace(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err recovery_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, security_page, sizeof(struct recovery_form));
    struct recovery_form *f = d->in;
    bool spent;
    enum err e;

    (void)rs;
    if ((e = gate_early(cx, rq)))
        return e;
    if (!request_body_is(rq, STR("application/json")) &&
        (e = draft_bind(cx, rq, d, recovery_fields, COUNT_OF(recovery_fields))))
        return e;
    if ((e = was_spent(cx, rq, f, &spent)) || spent)
        return e;
    recovery_make(cx, &f->set);
    f->made = true;
    return OK;
}

/* "K7DQ-M2XV-93PT" */
static struct str spaced(struct ctx *cx, const char *code)
{
    return arena_printf(cx->mem, "%.4s-%.4s-%.4s", code, code + 4, code + 8);
}

static enum err codes_json(struct ctx *cx, struct response *rs, const struct recovery_set *set)
{
    json_t *codes = json_array();

    for (size_t i = 0; i < RECOVERY_CODES; i++)
        json_array_append_new(codes, json_of(spaced(cx, set->code[i])));
    return respond_json(cx, rs, 200, json_pack("{s:o}", "codes", codes));
}

static enum err codes_page(struct ctx *cx, struct request *rq, struct response *rs,
                           const struct recovery_set *set, struct str username)
{
    struct recovery_code *rows = ARENA_ARRAY(cx->mem, struct recovery_code, RECOVERY_CODES);
    struct page_recovery_codes p = {
        .account = username,
        .made_at = words_when(cx, cx->now_ms),
        .codes = {rows, RECOVERY_CODES},
        .next_url = STR("/account/security")
    };

    for (size_t i = 0; i < RECOVERY_CODES; i++)
        rows[i] = (struct recovery_code){(int)i, spaced(cx, set->code[i])};
    frame_open(cx, rq, rs, &p.page);
    page_recovery_codes(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err recovery_codes(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint none_on = {
        ERR_CONFLICT, 0, "no_factor", STR_NONE,
        STR("Recovery codes stand in for a second factor. Turn one on first.")};
    struct draft *d = draft_resume(rq);
    const struct recovery_form *f = d->in;
    struct origin from = visit_origin(rq);
    struct person person;
    bool spent;
    enum err e;

    if ((e = visit_person(cx, rq, &person)) || (e = was_spent(cx, rq, f, &spent)))
        return e;
    if (spent || !f->made) { /* not made: it was spent a moment ago */
        flash_set(rq, rs, FLASH_CODES_STAND);
        return frame_next(cx, rq, rs, "unchanged", STR("/account/security"));
    }
    e = recovery_store(cx, rq->db, person.identity_id, &f->set, &from);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &none_on);
    if (e)
        return e;
    return wants_json(rq) ? codes_json(cx, rs, &f->set)
                          : codes_page(cx, rq, rs, &f->set, person.username);
}
