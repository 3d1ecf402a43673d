/*
 * waiting.c: an attempt that waits for an approval, on a device or by call: its page, where it
 * stands (JSON, one word, or a stream of events), and the step from an approval to the session.
 *
 * Asked with the attempt's cookie. The attempt is over as soon as its session has opened, so a
 * browser that is signed in hears "approved".
 */
#include "core/challenge.h"
#include "crypto/qr.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

#define FINISH_PATH "/login/finish"

/* ---- where it stands ---- */

struct standing {
    const char *state; /* pending, approved, denied, expired */
    const char *next;
};

static const struct standing over = {"expired", "/login"}, arrived = {"approved", "/account"};
static const struct standing pending = {"pending", "/verify"};

/* What becomes of a request that a device answered, or nobody did. /verify offers other ways. */
static const struct standing answered[] = {
    [WAIT_PENDING] = {"pending",  "/verify"  },
    [WAIT_APPROVED] = {"approved", FINISH_PATH},
    [WAIT_DENIED] = {"denied",   "/verify"  },
    [WAIT_EXPIRED] = {"expired",  "/verify"  },
};

/* shown: what the page that asks shows of a remote service's turn; remote_shown(). */
static enum err remote_standing(struct ctx *cx, struct db *db, const struct login *l, int64_t shown,
                                struct standing *out)
{
    struct view view;
    enum err e = view_of(cx, db, l, &view);

    if (e)
        return e;
    out->state = remote_word(&view.turn, shown);
    out->next = view.turn.proved ? FINISH_PATH : "/verify";
    return OK;
}

/* What the page of a call shows, as a number: a status is news when there is another. */
static int64_t call_shown(const struct challenge *c, enum keyed_call call)
{
    return c->notified * 2 + (call == KEYED_RINGING);
}

/* The call is over while its request still waits: the page says so, and offers another. */
static enum err call_news(struct ctx *cx, struct db *db, const struct challenge *c, int64_t shown,
                          struct standing *out)
{
    enum keyed_call call;
    enum err e = keyed_standing(cx, db, c, &call);

    if (e == OK && call_shown(c, call) != shown)
        *out = (struct standing){"code", "/verify"};
    return e;
}

static enum err standing_of(struct ctx *cx, struct db *db, const struct login *l, int64_t shown,
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
    if (l->method == FACTOR_REMOTE)
        return remote_standing(cx, db, l, shown, out);
    if (!login_asks(l)) {
        *out = pending;
        return OK;
    }
    if ((e = login_waiting(cx, db, l, &wait, &c)))
        return e;
    *out = answered[wait];
    if (wait == WAIT_PENDING && challenge_is_call(&c) && shown >= 0)
        return call_news(cx, db, &c, shown, out);
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
    if (login_by_id(cx, db, w->id, &l) == OK && standing_of(cx, db, &l, w->arg, &s))
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
    struct view view;

    if (l->method == FACTOR_REMOTE && view_of(cx, db, l, &view) == OK &&
        remote_until_ms(&view.turn))
        return MIN_OF(remote_until_ms(&view.turn), l->expires_at_ms) + 1;
    if (login_asks(l) && challenge_by_login(cx, db, l->id, &c) == OK &&
        c.state == CHALLENGE_PENDING && c.expires_at_ms)
        return MIN_OF(c.expires_at_ms, l->expires_at_ms) + 1;
    return l->expires_at_ms + 1;
}

static enum err respond_stream(struct ctx *cx, struct request *rq, struct response *rs,
                               const struct login *l, int64_t shown)
{
    return respond_wait(cx, rs,
                        &(struct wait){.topic = login_topic(l->id),
                                       .id = l->id,
                                       .arg = shown,
                                       .deadline_ms = stream_deadline(cx, rq->db, l),
                                       .wake = standing_wake});
}

/* The attempt of this browser, if it is the one that the page asks about (`attempt` is a handle)
 * and, for a step-up, its session's. ERR_EXPIRED otherwise: an approval admits no other tab. */
static enum err asked_attempt(struct ctx *cx, struct request *rq, struct str handle,
                              struct login *out)
{
    const struct visit *v = visit_of(cx, rq);
    struct str token = login_cookie_of(cx, rq);
    struct login l;
    enum err e = token.n ? login_by_token(cx, rq->db, token, &l) : ERR_EXPIRED;

    if (e)
        return e;
    if (handle.n && !str_eq(handle, login_handle(cx, &l)))
        return fail(cx, ERR_EXPIRED, "waiting: the page is another attempt's");
    if (l.session_id && !(v->signed_in && v->session.id == l.session_id))
        return fail(cx, ERR_EXPIRED, "waiting: the attempt is another session's");
    *out = l;
    return OK;
}

/* An approval becomes the session in this very answer. */
static enum err finish(struct ctx *cx, struct request *rq, struct response *rs,
                       const struct login *l, struct str *out_next)
{
    struct origin from = visit_origin(rq);
    struct login_done done = {0};
    enum err e = login_approved(cx, rq->db, l, &from, &done);

    return e ? e : attempt_cookies(cx, rq, rs, l, &done, out_next);
}

enum err login_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str handle = request_query(cx, rq, STR("attempt")), next;
    struct standing s = visit_of(cx, rq)->signed_in && !handle.n ? arrived : over;
    bool plain = accepts_first(rq, STR("text/plain"), STR("application/json"));
    int64_t shown = -1;
    struct login l;
    enum err e = asked_attempt(cx, rq, handle, &l);

    if (!str_to_i64(request_query(cx, rq, STR("shown")), 0, INT64_MAX, &shown))
        shown = -1;
    if (e && e != ERR_EXPIRED)
        return e;
    if (e == OK) {
        if ((e = standing_of(cx, rq->db, &l, shown, &s)))
            return e;
        if (accepts_first(rq, STR("text/event-stream"), STR("application/json")))
            return respond_stream(cx, rq, rs, &l, shown);
    }
    if (accepts_first(rq, STR("text/html"), STR("application/json"))) /* somebody followed a link */
        return respond_redirect(cx, rs, str_from(s.next));
    next = str_from(s.next);
    if (str_eq(next, STR(FINISH_PATH)) && (e = finish(cx, rq, rs, &l, &next)))
        return e;
    if (plain)
        return respond_text(cx, rs, 200, str_from(s.state));
    return respond_json(cx, rs, 200,
                        json_pack("{s:s, s:o}", "state", s.state, "next", json_of(next)));
}

/* Where the page goes when it heard of an approval; reloading it is harmless. */
enum err login_finish(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str next;
    enum err e = finish(cx, rq, rs, &visit_of(cx, rq)->login, &next);

    if (e == ERR_DENIED && !wants_json(rq)) /* not approved, or no longer: the page says what is */
        return respond_redirect(cx, rs, STR("/verify"));
    return e ? e : frame_next(cx, rq, rs, "signed_in", next);
}

/* ---- the page ---- */

/* "Pixel 9", "Pixel 9 or Tablet", "one of your phones" */
static enum err devices_words(struct ctx *cx, struct db *db, int64_t identity_id, struct str *out)
{
    struct device *list;
    size_t count;
    enum err e = device_list(cx, db, identity_id, &list, &count);

    if (e)
        return e;
    if (count == 1)
        *out = list[0].name;
    else if (count == 2)
        *out = arena_printf(cx->mem, "%.*s or %.*s", STR_ARG(list[0].name), STR_ARG(list[1].name));
    else
        *out = STR("one of your phones");
    return OK;
}

static bool has_other_way(const struct view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        if (view->factors[i].kind != FACTOR_PUSH)
            return true;
    }
    return false;
}

bool digits_differed(const struct view *view)
{
    return view->wait == WAIT_DENIED && str_eq(view->challenge.reason, STR("wrong_digits"));
}

/* The same after a call; there is always another way: a code, by another call. */
static struct str call_ended(const struct view *view)
{
    if (view->wait == WAIT_PENDING || view->wait == WAIT_APPROVED)
        return STR_NONE;
    if (!view_factor(view, FACTOR_VOICE))
        return STR("Voice calls were turned off. Use another way.");
    if (view->challenge.state == CHALLENGE_CANCELED)
        return STR("You started another sign-in, so this request was withdrawn. Have us call again "
                   "or use another way.");
    if (view->wait != WAIT_DENIED)
        return STR("Nobody approved in time. Have us call again or use another way.");
    if (digits_differed(view))
        return STR("Those weren't the six digits of this page, so nothing was approved. Have us "
                   "call again or use another way.");
    return STR("The request was denied. If that was you, have us call again or use another way.");
}

struct str waiting_ended(const struct view *view, bool by_call)
{
    /* what happened; what to do with another way to prove it, and without one */
    static const struct str words[][2] = {
        {STR("The request was denied. If that was you, send it again or use another way."),
         STR("The request was denied, and your phone is your only way in. If that was you, send it "
             "again.")                                                                    },
        {STR("Nobody answered in time. Send the request again or use another way."),
         STR("Nobody answered in time, and your phone is your only way in. Send the request "
             "again.")                                                                    },
        {STR("You started another sign-in, so this request was withdrawn. Send it again or use "
             "another way."),
         STR("You started another sign-in, so this request was withdrawn. Send it again.")},
        {STR("Your phone was asked too often without an answer. Use another way."),
         STR("Your phone was asked too often without an answer. Once you have chosen a new "
             "password, we ask it again.")                                                },
        {STR("The phone that we asked was removed. Use another way."),
         STR("The phone that we asked was removed.")                                      },
        {STR("The digits entered on your phone did not match, so nothing was approved. Send the "
             "request again or use another way."),
         STR("The digits entered on your phone did not match, so nothing was approved. Send the "
             "request again.")                                                            },
    };
    size_t row;

    if (by_call)
        return call_ended(view);
    if (view->wait == WAIT_PENDING || view->wait == WAIT_APPROVED)
        return STR_NONE;
    if (!view_factor(view, FACTOR_PUSH))
        row = 4;
    else if (!view->challenge.id)
        row = 3;
    else if (view->challenge.state == CHALLENGE_CANCELED)
        row = 2;
    else if (digits_differed(view))
        row = 5;
    else
        row = view->wait == WAIT_DENIED ? 0 : 1;
    return words[row][has_other_way(view) ? 0 : 1];
}

static int left_s(const struct ctx *cx, const struct challenge *c)
{
    return (int)((c->expires_at_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S);
}

/* Where the request is to be answered. */
static enum err phone_words(struct ctx *cx, struct db *db, const struct view *view, struct str *out)
{
    if (!challenge_is_call(&view->challenge))
        return devices_words(cx, db, view->challenge.identity_id, out);
    *out = factor_target(cx, &view->person, FACTOR_VOICE);
    return OK;
}

enum err waiting_json(struct ctx *cx, struct db *db, const struct view *view, json_t *into)
{
    struct str digits, device;
    enum err e;

    if ((e = challenge_digits(cx, db, &view->challenge, &digits)) ||
        (e = phone_words(cx, db, view, &device)))
        return e;
    json_object_set_new(into, "challenge", json_of(view->challenge.sid));
    json_object_set_new(into, "digits", json_of(digits));
    json_object_set_new(into, "device", json_of(device));
    json_object_set_new(into, "left_s", json_integer(left_s(cx, &view->challenge)));
    return OK;
}

/* The request as it waits: digits, how long still. */
static enum err show_request(struct ctx *cx, struct db *db, const struct view *view,
                             struct page_waiting *p)
{
    const struct challenge *c = &view->challenge;
    const struct core *core = core_of(db);
    bool by_call = challenge_is_call(c);
    struct qr qr;
    enum err e;

    if ((e = challenge_digits(cx, db, c, &p->digits)) ||
        (e = phone_words(cx, db, view, &p->device)))
        return e;
    page_halves(p->digits, &p->digits_a, &p->digits_b);
    p->ringing = by_call && view->call == KEYED_RINGING;
    if (!by_call &&
        qr_make(cx->mem,
                arena_printf(cx->mem, "%.*s/authenticator#answer=%.*s.%.*s",
                             STR_ARG(core->public_url), STR_ARG(c->sid), STR_ARG(p->digits)),
                &qr))
        p->qr_svg = qr_svg(cx->mem, &qr, STR("QR code to scan with your authenticator"));
    p->total_s = (int)((c->expires_at_ms - c->created_at_ms) / MS_PER_S);
    p->left_s = left_s(cx, c);
    p->left_words = p->left_s < 60
                        ? arena_printf(cx->mem, "%d s", p->left_s)
                        : arena_printf(cx->mem, "%d min %d s", p->left_s / 60, p->left_s % 60);
    p->status_url = arena_printf(cx->mem, "/login/status?attempt=%.*s", STR_ARG(p->handle));
    if (by_call)
        p->status_url = arena_printf(cx->mem, "%.*s&shown=%lld", STR_ARG(p->status_url),
                                     (long long)call_shown(c, view->call));
    p->events_url = p->status_url;
    return OK;
}

/* That a call came to nothing while its request still waits. */
static struct str call_note(const struct view *view)
{
    if (view->wait != WAIT_PENDING)
        return STR_NONE;
    if (view->call == KEYED_HUNG_UP)
        return STR("The call is over, and nothing was approved.");
    return view->call == KEYED_UNREACHED ? STR("Our call didn't get through.") : STR_NONE;
}

enum err waiting_page(struct ctx *cx, struct request *rq, struct response *rs,
                      const struct view *view, const struct login *l)
{
    enum { REFRESH_S = 5 };
    bool waits = view->wait == WAIT_PENDING;
    struct page_waiting p = {
        .handle = login_handle(cx, l),
        .purpose = purpose_words(cx, view, l),
        .method = page_way(login_way_name(l->method, l->by_call)),
        .others = other_ways(cx, view, l, l->method, l->by_call),
        .cancel_url = cancel_path(l),
        .can_resend = !waits || (view->challenge.notified < CHALLENGE_PUSHES_MAX &&
                                 view->call != KEYED_RINGING),
    };
    struct str note = waits ? call_note(view) : waiting_ended(view, l->by_call);
    struct problems problems = {0};
    enum err e;

    if (view->wait == WAIT_APPROVED)
        return respond_redirect(cx, rs, STR(FINISH_PATH));
    if (waits && (e = show_request(cx, rq->db, view, &p)))
        return e;
    frame_open(cx, rq, rs, &p.page);
    if (waits)
        p.page.refresh_s = REFRESH_S;
    if (note.n && !rq->problems) {
        problem_add(&problems, STR_NONE, note);
        page_problems(&p.page, &problems);
    }
    page_waiting(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}
