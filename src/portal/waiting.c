/*
 * waiting.c: an attempt that waits for a device: its page, where it stands (JSON, one word, or a
 * stream of events), and the step from an approval to the session.
 *
 * Asked with the attempt's cookie. The attempt is over as soon as its session has opened, so a
 * browser that is signed in hears "approved".
 */
#include "core/challenge.h"
#include "core/device.h"
#include "crypto/qr.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

/* ---- where it stands ---- */

struct standing {
    const char *state; /* pending, approved, denied, expired */
    const char *next;
};

static const struct standing over = {"expired", "/login"}, arrived = {"approved", "/account"};
static const struct standing pending = {"pending", "/verify"};

/* What becomes of a request that a device answered, or nobody did. /verify offers other ways. */
static const struct standing answered[] = {
    [WAIT_PENDING] = {"pending",  "/verify"      },
    [WAIT_APPROVED] = {"approved", "/login/finish"},
    [WAIT_DENIED] = {"denied",   "/verify"      },
    [WAIT_EXPIRED] = {"expired",  "/verify"      },
};

static enum err standing_of(struct ctx *cx, struct db *db, const struct login *l,
                            struct standing *out)
{
    struct challenge c;
    enum login_wait wait;
    enum err e;

    if (str_eq(l->state, STR("done"))) {
        *out = arrived;
        return OK;
    }
    if (l->expires_at_ms <= cx->now_ms) {
        *out = over;
        return OK;
    }
    if (l->method != FACTOR_PUSH) {
        *out = pending;
        return OK;
    }
    if ((e = login_waiting(cx, db, l, &wait, &c)))
        return e;
    *out = answered[wait];
    return OK;
}

static json_t *standing_json(const struct standing *s)
{
    return json_pack("{s:s, s:s}", "state", s->state, "next", s->next);
}

/* ---- the stream ---- */

/* On a loop, with its read-only handle: tells when the attempt is no longer pending, then ends. */
static bool standing_wake(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                          struct buf *out)
{
    struct standing s = over;
    struct login l;
    json_t *json;
    char *text;

    if (why == WAKE_STOP) /* the browser connects again, to whoever runs then */
        return true;
    if (login_by_id(cx, db, w->id, &l) == OK && standing_of(cx, db, &l, &s))
        return why == WAKE_DEADLINE;
    if (str_eq(str_from(s.state), STR("pending")) && why != WAKE_DEADLINE)
        return false;
    json = standing_json(&s);
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (text)
        sse_event(out, "state", str_from(text));
    free(text);
    return true;
}

/* A little behind the end of the request, so that the last event says "expired". */
static int64_t stream_deadline(struct ctx *cx, struct db *db, const struct login *l)
{
    struct challenge c;

    if (l->method == FACTOR_PUSH && challenge_by_login(cx, db, l->id, &c) == OK &&
        c.state == CHALLENGE_PENDING && c.expires_at_ms)
        return MIN_OF(c.expires_at_ms, l->expires_at_ms) + 1;
    return l->expires_at_ms + 1;
}

static enum err respond_stream(struct ctx *cx, struct request *rq, struct response *rs,
                               const struct login *l)
{
    return respond_wait(cx, rs,
                        &(struct wait){.topic = login_topic(l->id),
                                       .id = l->id,
                                       .deadline_ms = stream_deadline(cx, rq->db, l),
                                       .wake = standing_wake});
}

enum err login_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str token = login_cookie_of(cx, rq);
    struct standing s = visit_of(cx, rq)->signed_in ? arrived : over;
    struct login l;
    enum err e = token.n ? login_by_token(cx, rq->db, token, &l) : ERR_EXPIRED;

    if (e && e != ERR_EXPIRED)
        return e;
    if (e == OK && (e = standing_of(cx, rq->db, &l, &s)))
        return e;
    if (e == OK && accepts_first(rq, STR("text/event-stream"), STR("application/json")))
        return respond_stream(cx, rq, rs, &l);
    if (accepts_first(rq, STR("text/html"), STR("application/json"))) /* the link without script */
        return respond_redirect(cx, rs, str_from(s.next));
    if (accepts_first(rq, STR("text/plain"), STR("application/json")))
        return respond_text(cx, rs, 200, str_from(s.state));
    return respond_json(cx, rs, 200, standing_json(&s));
}

/* ---- from an approval to the session ---- */

enum err login_finish(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct login *l = &visit_of(cx, rq)->login;
    struct origin from = visit_origin(rq);
    struct login_done done = {0};
    enum err e = login_approved(cx, rq->db, l, &from, &done);

    if (e == ERR_DENIED && !wants_json(rq)) /* not approved, or no longer: the page says what is */
        return respond_redirect(cx, rs, STR("/verify"));
    if (e)
        return e;
    return attempt_done(cx, rq, rs, l, &done);
}

/* ---- the page ---- */

static enum err device_name(struct ctx *cx, struct db *db, const struct person *p, struct str *out)
{
    struct device *list;
    size_t count;
    enum err e = device_list(cx, db, p->identity_id, &list, &count);

    if (e == OK)
        *out = count == 1 ? list[0].name : STR("your devices");
    return e;
}

/* The request as it waits: digits, how long still. */
static enum err show_request(struct ctx *cx, struct db *db, const struct challenge *c,
                             struct page_waiting *p)
{
    const struct core *core = core_of(db);
    struct qr qr;
    enum err e;

    if ((e = challenge_digits(cx, db, c, &p->digits)))
        return e;
    page_halves(p->digits, &p->digits_a, &p->digits_b);
    if (qr_make(cx->mem,
                arena_printf(cx->mem, "%.*s/authenticator#answer=%.*s.%.*s",
                             STR_ARG(core->public_url), STR_ARG(c->sid), STR_ARG(p->digits)),
                &qr))
        p->qr_svg = qr_svg(cx->mem, &qr, STR("QR code to scan with your authenticator"));
    p->total_s = (int)((c->expires_at_ms - c->created_at_ms) / MS_PER_S);
    p->left_s = (int)((c->expires_at_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S);
    p->left_words = p->left_s < 60
                        ? arena_printf(cx->mem, "%d s", p->left_s)
                        : arena_printf(cx->mem, "%d min %d s", p->left_s / 60, p->left_s % 60);
    p->status_url = p->events_url = STR("/login/status");
    return OK;
}

enum err waiting_page(struct ctx *cx, struct request *rq, struct response *rs,
                      const struct view *view, const struct login *l)
{
    static const struct str ended[] = {
        [WAIT_DENIED] = STR("The request was denied. If that was you, send it again."),
        [WAIT_EXPIRED] =
            STR("Nobody answered in time. Send the request again, or use another way."),
    };
    struct page_waiting p = {
        .handle = login_handle(cx, l),
        .method = page_way(factor_kind_name(FACTOR_PUSH)),
        .others = other_ways(cx, view, l, FACTOR_PUSH),
    };
    struct challenge c = {0};
    struct problems problems = {0};
    enum login_wait wait;
    enum err e;

    if ((e = login_waiting(cx, rq->db, l, &wait, &c)))
        return e;
    if (wait == WAIT_APPROVED)
        return respond_redirect(cx, rs, STR("/login/finish"));
    if ((e = device_name(cx, rq->db, &view->person, &p.device)) ||
        (wait == WAIT_PENDING && (e = show_request(cx, rq->db, &c, &p))))
        return e;
    frame_open(cx, rq, rs, &p.page);
    if (wait != WAIT_PENDING && !rq->problems) {
        problem_add(&problems, STR_NONE, ended[wait]);
        page_problems(&p.page, &problems);
    }
    page_waiting(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}
