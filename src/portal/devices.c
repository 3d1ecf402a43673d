/*
 * devices.c: the phones of a person: pairing one, its name, taking it away.
 *
 * The page with the pairing code is drawn from the link's row, so it can be reloaded; the link
 * belongs to the session that made it, and moves on as soon as a device has used it.
 */
#include "core/device.h"
#include "core/floor.h"
#include "core/login.h"
#include "crypto/qr.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

enum { REFRESH_S = 5 };

#define PAIRING_PATH "/account/security/push"
#define PAIRED_PATH  "/account/security/push/done"

/* ---- pairing ---- */

enum err pairing_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint full = {
        ERR_CONFLICT, 0, "too_many", STR_NONE,
        STR("That is as many phones as an account may have. Remove one first.")};
    struct draft *d = draft_new(cx, rq, security_page, sizeof(struct str));
    struct origin from = visit_origin(rq);
    struct str url;
    int64_t link_id;
    enum err e;

    if (!factor_kind_is_offered(core_of(rq->db), FACTOR_PUSH))
        return fail(cx, ERR_NOT_FOUND, "devices: another server asks phones here");
    e = device_pair_start(cx, rq->db, &visit_of(cx, rq)->session, &from, &link_id, &url);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &full);
    if (e)
        return e;
    if (!wants_json(rq))
        return respond_redirect(cx, rs, STR(PAIRING_PATH));
    return respond_json(cx, rs, 200,
                        json_pack("{s:s, s:s, s:o}", "state", "pairing", "next", PAIRING_PATH,
                                  "url", json_of(url)));
}

static struct str device_url(struct ctx *cx, const struct device *d)
{
    return arena_printf(cx->mem, "/account/security/devices/%.*s", STR_ARG(d->sid));
}

/* No code is open: the phone that was just paired, or a way to a new code. */
static enum err pairing_over(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct pair_link *l)
{
    struct page_pairing_over p = {.title = STR("That code is no longer good")};
    struct device d;
    enum err e;

    if (wants_json(rq))
        return fail(cx, ERR_EXPIRED, "devices: no pairing is open");
    if (l->state == PAIRING_DONE) {
        e = device_by_id(cx, rq->db, l->factor_id, &d);
        if (e && e != ERR_DENIED)
            return e;
        if (e == OK) {
            p.title = STR("Your phone is paired");
            p.device = d.name;
            p.device_url = device_url(cx, &d);
        }
    }
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_pairing_over(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err pairing_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct page_pairing p = {.status_url = STR(PAIRING_PATH "/status"), .total_s = 600};
    struct pair_link l;
    struct qr qr;
    enum err e = device_pair_pending(cx, rq->db, s, &l);

    if (e)
        return e;
    if (l.state == PAIRING_DONE && l.mine)
        return respond_redirect(cx, rs, STR(PAIRED_PATH));
    if (l.state != PAIRING_OPEN)
        return pairing_over(cx, rq, rs, &l);
    if (wants_json(rq))
        return respond_json(cx, rs, 200,
                            json_pack("{s:s, s:o}", "state", "pairing", "url", json_of(l.url)));
    if (!qr_make(cx->mem, l.url, &qr))
        return fail(cx, ERR_INTERNAL, "devices: no QR code for the pairing link");
    p.qr_svg = qr_svg(cx->mem, &qr, STR("QR code to scan with your phone"));
    p.pair_url = l.url;
    // Rounded down: the link may have been made a moment after this request's time was read.
    p.left_s = (int)((l.expires_at_ms - cx->now_ms) / MS_PER_S);
    p.left_words = words_span(cx, p.left_s);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    p.page.refresh_s = REFRESH_S;
    page_pairing(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* Where the page goes when a device has used its link. The session goes on under another cookie: by
 * now it has proved more than when the present one was given out (attack 29). */
enum err pairing_done(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    struct pair_link l;
    struct str token;
    enum err e = device_pair_pending(cx, rq->db, s, &l);

    if (e)
        return e;
    if (l.state != PAIRING_DONE || !l.mine) /* Back and reload end up here too */
        return respond_redirect(cx, rs, STR("/account/security"));
    if ((e = session_renew(cx, rq->db, s, &from, &token)))
        return e;
    session_cookie(rq, rs, token, s->remember);
    flash_set(rq, rs, FLASH_PAIRED);
    return frame_next(cx, rq, rs, "on", STR("/account/security"));
}

/* ---- where pairing stands: asked again and again, or as a stream ---- */

static json_t *pairing_json(const char *state)
{
    bool paired = str_eq(str_from(state), STR("approved"));

    return json_pack("{s:s, s:s}", "state", state, "next", paired ? PAIRED_PATH : PAIRING_PATH);
}

/* On a loop: tells when a device has used the link, or nobody can any more, then ends. Without a
 * link it says so at once. */
static bool pairing_wake(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                         struct buf *out)
{
    enum pairing_state state = PAIRING_ENDED;
    json_t *json;
    char *text;

    if (why == WAKE_STOP || (w->id && device_pairing(cx, db, w->id, &state)))
        return true;
    if (state == PAIRING_OPEN && why != WAKE_DEADLINE)
        return false;
    json = pairing_json(state == PAIRING_DONE ? "approved" : "expired");
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    sse_event(out, "state", str_from(text));
    free(text);
    return true;
}

enum err pairing_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct pair_link l;
    bool over;
    enum err e = device_pair_pending(cx, rq->db, s, &l);

    if (e)
        return e;
    over = l.state == PAIRING_ENDED || !l.mine;
    if (accepts_first(rq, STR("text/event-stream"), STR("application/json")))
        return respond_wait(cx, rs,
                            &(struct wait){.topic = (uint64_t)(over ? s->id : l.id),
                                           .id = over ? 0 : l.id,
                                           .deadline_ms = l.expires_at_ms + 1,
                                           .wake = pairing_wake});
    if (over)
        return respond_json(cx, rs, 200, pairing_json("expired"));
    return respond_json(cx, rs, 200,
                        pairing_json(l.state == PAIRING_DONE ? "approved" : "pending"));
}

/* ---- one device ---- */

struct name_form {
    struct str name;
};

static const struct field name_fields[] = {
    {"name", offsetof(struct name_form, name), field_text, FIELD_REQUIRED, 0,
     DEVICE_NAME_MAX_CHARS},
};

/* The device that the path names, of this person only. */
static enum err device_of(struct ctx *cx, struct request *rq, struct device *out)
{
    enum err e = device_by_sid(cx, rq->db, request_param(rq, STR("sid")), out);

    if (e == ERR_DENIED || (e == OK && out->identity_id != visit_of(cx, rq)->session.identity_id))
        return fail(cx, ERR_NOT_FOUND, "devices: no such device of this person");
    return e;
}

enum err device_rows(struct ctx *cx, struct db *db, int64_t identity_id, struct device_rows *out)
{
    struct device_row *rows;
    struct device *list;
    size_t count;
    enum err e;

    if ((e = device_list(cx, db, identity_id, &list, &count)))
        return e;
    rows = ARENA_ARRAY(cx->mem, struct device_row, count + 1);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct device_row){.name = list[i].name,
                                      .platform = list[i].platform,
                                      .edit_url = device_url(cx, &list[i]),
                                      .sid = list[i].sid,
                                      .seen_at = words_when(cx, list[i].last_seen_at_ms)};
    *out = (struct device_rows){rows, count};
    return OK;
}

enum err device_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct draft *draft = draft_shown(cx, rq, sizeof(struct name_form));
    const struct name_form *f = draft->in;
    struct page_device p = {0};
    struct device *list, d;
    struct factor *factors;
    struct person person;
    size_t count, factor_count;
    enum err e;

    if ((e = device_of(cx, rq, &d)) || (e = visit_person(cx, rq, &person)) ||
        (e = device_list(cx, rq->db, d.identity_id, &list, &count)) ||
        (e = factor_list(cx, rq->db, d.identity_id, &factors, &factor_count)))
        return e;
    p.device = d.name;
    p.name = page_entry(&draft->problems, STR("name"), f->name.p ? f->name : d.name);
    p.platform = d.platform;
    p.added_at = words_when(cx, d.created_at_ms);
    p.seen_at = words_when(cx, d.last_seen_at_ms);
    p.action_url = device_url(cx, &d);
    p.last = count == 1;
    p.lifts_floor = floor_hangs_on(&person, factors, factor_count, d.factor_id);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_device(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err device_name_set(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *draft = draft_new(cx, rq, device_page, sizeof(struct name_form));
    const struct name_form *f = draft->in;
    struct device d;
    enum err e;

    if ((e = device_of(cx, rq, &d)) ||
        (e = draft_bind(cx, rq, draft, name_fields, COUNT_OF(name_fields))) ||
        (e = device_rename(cx, rq->db, d.factor_id, f->name)))
        return e;
    flash_set(rq, rs, FLASH_RENAMED);
    return frame_next(cx, rq, rs, "changed", STR("/account/security"));
}

/* Behind a current factor, like every other one. */
enum err device_off(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct str next = STR("/account/security");
    struct origin from = visit_origin(rq);
    struct login_out out;
    struct device d;
    enum err e;

    if ((e = device_of(cx, rq, &d)) ||
        (e = login_step_up(cx, rq->db, s, "factor_off", d.factor_id, next, &from, &out)))
        return e;
    if (out.state == LOGIN_SIGNED_IN)
        flash_set(rq, rs, FLASH_FACTOR_OFF);
    return step_up_next(cx, rq, rs, &out, next);
}
