/*
 * account.c: what somebody sees and changes of their own profile, sessions and history.
 */
#include "core/audit.h"
#include "core/link.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/words.h"

#include <inttypes.h>

enum { AUDIT_SHOWN = 20 };

struct account {
    struct person person;
    struct str email_pending; /* asked for, not confirmed; may be empty */
    struct session *sessions;
    struct factor *factors;
    struct audit_entry *events;
    size_t session_count, factor_count, event_count;
};

static enum err account_load(struct ctx *cx, struct request *rq, struct account *out)
{
    enum err e;

    if ((e = visit_person(cx, rq, &out->person)) ||
        (e = link_waiting(cx, rq->db, LINK_CONFIRM_EMAIL, out->person.id, &out->email_pending)) ||
        (e = session_list(cx, rq->db, out->person.id, &out->sessions, &out->session_count)) ||
        (e = factor_list(cx, rq->db, out->person.identity_id, &out->factors, &out->factor_count)))
        return e;
    return audit_list(cx, rq->db, out->person.identity_id, 0, AUDIT_SHOWN, &out->events,
                      &out->event_count);
}

/* ---- as JSON ---- */

static json_t *sessions_json(struct ctx *cx, const struct account *a, int64_t current)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->session_count; i++) {
        const struct session *s = &a->sessions[i];

        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "id",
                            json_of(arena_printf(cx->mem, "%" PRId64, s->id)), "device",
                            json_of(words_browser(cx, s->user_agent)), "addr", json_of(s->addr),
                            "created_at", json_instant(s->created_at_ms), "last_seen_at",
                            json_instant(s->last_seen_at_ms), "current", s->id == current));
    }
    return list;
}

static json_t *events_json(struct ctx *cx, const struct account *a)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->event_count; i++) {
        const struct audit_entry *e = &a->events[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o}", "event", e->event, "what",
                                        json_of(audit_words(cx, e)), "where",
                                        json_of(words_where(cx, e->from.user_agent, e->from.addr)),
                                        "at", json_instant(e->at_ms)));
    }
    return list;
}

static enum err account_json(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct account *a)
{
    const struct person *p = &a->person;
    json_t *json =
        json_pack("{s:o, s:o, s:o, s:b, s:o, s:b, s:o, s:b, s:o, s:o}", "name", json_of(p->name),
                  "username", json_of(p->username), "email", json_of(p->email), "email_verified",
                  p->email_verified_at_ms != 0, "phone", json_of(p->phone), "phone_verified",
                  p->phone_verified_at_ms != 0, "about", json_of(p->about), "second_factor",
                  a->factor_count > 0, "created_at", json_instant(p->created_at_ms), "last_seen_at",
                  json_instant(p->last_seen_at_ms));

    json_object_set_new(json, "email_pending", json_of(a->email_pending));
    json_object_set_new(json, "sessions", sessions_json(cx, a, visit_of(cx, rq)->session.id));
    json_object_set_new(json, "activity", events_json(cx, a));
    return respond_json(cx, rs, 200, json);
}

/* ---- as a page ---- */

static const struct session_row *session_rows(struct ctx *cx, const struct account *a,
                                              int64_t current)
{
    struct session_row *rows = ARENA_ARRAY(cx->mem, struct session_row, a->session_count + 1);

    for (size_t i = 0; i < a->session_count; i++) {
        const struct session *s = &a->sessions[i];

        rows[i] = (struct session_row){
            .id = arena_printf(cx->mem, "%" PRId64, s->id),
            .device = words_browser(cx, s->user_agent),
            .addr = s->addr,
            .seen_at = words_when(cx, s->last_seen_at_ms),
            .current = s->id == current,
        };
    }
    return rows;
}

/* What somebody should look at twice; everything else is a line like any other. */
static bool is_alarming(const struct audit_entry *e)
{
    static const struct str events[] = {
        STR("sign_in_failed"),  STR("second_factor_failed"),
        STR("password_locked"), STR("sign_in_locked"),
        STR("factor_off"),      STR("factors_reset"),
        STR("floor_lowered"),   STR("not_me"),
    };
    struct str decision =
        audit_fact(e, STR("decision")); /* of a request, on a phone or in a call */

    EACH_ROW (event, events) {
        if (str_eq(*event, str_from(e->event)))
            return true;
    }
    return decision.n > 0 && !str_eq(decision, STR("approved"));
}

static const struct activity *activity_rows(struct ctx *cx, const struct account *a)
{
    struct activity *rows = ARENA_ARRAY(cx->mem, struct activity, a->event_count + 1);

    for (size_t i = 0; i < a->event_count; i++) {
        const struct audit_entry *e = &a->events[i];

        rows[i] = (struct activity){
            .what = audit_words(cx, e),
            .where = words_where(cx, e->from.user_agent, e->from.addr),
            .at = words_when(cx, e->at_ms),
            .alarming = is_alarming(e),
        };
    }
    return rows;
}

enum err account_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    int64_t current = visit_of(cx, rq)->session.id;
    struct account a;
    struct page_account p;
    enum err e;

    if ((e = account_load(cx, rq, &a)))
        return e;
    if (wants_json(rq))
        return account_json(cx, rq, rs, &a);
    p = (struct page_account){
        .name = a.person.name,
        .username = a.person.username,
        .about = a.person.about,
        .email = a.person.email,
        .email_pending = a.email_pending,
        .phone = a.person.phone,
        .email_confirmed = a.person.email_verified_at_ms != 0,
        .second_factor = a.factor_count > 0,
        .member_since = words_when(cx, a.person.created_at_ms),
        .last_seen = words_when(cx, a.person.last_seen_at_ms),
        .activity = {activity_rows(cx, &a),      a.event_count  },
        .sessions = { session_rows(cx,              &a, current), a.session_count},
        .other_sessions = a.session_count > 1,
    };
    frame_open(cx, rq, rs, &p.page);
    p.page.at_account = true;
    page_account(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* ---- the profile ---- */

struct edit_form {
    struct str name, username, about;
};

static const struct field edit_fields[] = {
    {"name",     offsetof(struct edit_form, name),     field_text,  FIELD_REQUIRED, 0, 0              },
    {"username", offsetof(struct edit_form, username), field_text,  FIELD_REQUIRED, 0, 0              },
    {"about",    offsetof(struct edit_form, about),    field_lines, FIELD_OPTIONAL, 0, ABOUT_MAX_CHARS},
};

enum err edit_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *d = draft_shown(cx, rq, sizeof(struct edit_form));
    const struct edit_form *f = d->in;
    struct edit_form stored;
    struct page_account_edit p;
    struct person person;
    enum err e;

    if ((e = visit_person(cx, rq, &person)))
        return e;
    stored = (struct edit_form){person.name, person.username, person.about};
    if (!rq->problems)
        f = &stored;
    p = (struct page_account_edit){
        .name = page_entry(&d->problems, STR("name"), f->name),
        .username = page_entry(&d->problems, STR("username"), f->username),
        .about = page_entry(&d->problems, STR("about"), f->about),
    };
    frame_open(cx, rq, rs, &p.page);
    p.page.at_account = true;
    page_account_edit(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err edit(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint taken = {
        ERR_CONFLICT, 0, "username_taken", STR("username"),
        STR("Somebody else has this username. Please choose another one.")};
    struct draft *d = draft_new(cx, rq, edit_page, sizeof(struct edit_form));
    const struct edit_form *f = d->in;
    struct origin from = visit_origin(rq);
    struct str name, username;
    enum err e;

    if ((e = draft_bind(cx, rq, d, edit_fields, COUNT_OF(edit_fields))))
        return e;
    draft_note(d, STR("name"), name_check(cx, f->name, &name));
    draft_note(d, STR("username"), username_check(cx, f->username, &username));
    if ((e = draft_settle(cx, d)))
        return e;
    e = person_edit(cx, rq->db, visit_of(cx, rq)->session.person_id, name, username, f->about,
                    &from);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &taken);
    if (e)
        return e;
    flash_set(rq, rs, FLASH_PROFILE);
    return frame_next(cx, rq, rs, "saved", STR("/account"));
}

/* ---- sessions ---- */

enum err session_end_one(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v = visit_of(cx, rq);
    int64_t id;
    enum err e;

    if (!str_to_i64(request_param(rq, STR("id")), 1, INT64_MAX, &id))
        return fail(cx, ERR_NOT_FOUND, "session: not a number");
    if ((e = session_end(cx, rq->db, v->session.person_id, id, "person")))
        return e;
    if (id == v->session.id) {
        session_cookie_end(rq, rs);
        flash_set(rq, rs, FLASH_SIGNED_OUT);
        return frame_next(cx, rq, rs, "signed_out", STR("/login"));
    }
    flash_set(rq, rs, FLASH_SESSION_ENDED);
    return frame_next(cx, rq, rs, "ended", STR("/account"));
}

enum err session_end_rest(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v = visit_of(cx, rq);
    enum err e;

    if ((e = session_end_others(cx, rq->db, v->session.person_id, v->session.id, "person")))
        return e;
    flash_set(rq, rs, FLASH_SESSIONS_ENDED);
    return frame_next(cx, rq, rs, "ended", STR("/account"));
}
