/*
 * remote.c: the pages of a second factor that another server keeps: at sign-in and step-up, and to
 * turn it on. What they show is the turn (core/remote.h); a page that waits hears of news by the
 * attempt's stream, and turning it on by one of its own.
 */
#include "core/remote.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

#define ENROL_PATH "/account/security/remote"
#define DONE_PATH  ENROL_PATH "/done"

enum { BUSY_REFRESH_S = 2 };

/* ---- where it stands ---- */

/* What a page of a turn shows, as a number: a status is news when there is another. */
static int64_t remote_shown(const struct remote_turn *t)
{
    return t->settled * 2 + t->busy;
}

static const char *note_word(enum remote_note note)
{
    return note == NOTE_DENIED ? "denied" : note == NOTE_UNANSWERED ? "expired" : "code";
}

const char *remote_word(const struct remote_turn *t, int64_t shown)
{
    bool news = shown >= 0 ? shown != remote_shown(t) : t->note != NOTE_NONE;

    if (t->proved)
        return "approved";
    if (t->busy || (t->asked && !news))
        return "pending";
    return note_word(t->note);
}

int64_t remote_until_ms(const struct remote_turn *t)
{
    return t->busy ? t->busy_until_ms : t->asked ? t->asked_until_ms : 0;
}

enum remote_via remote_via_from(struct str name)
{
    static const struct {
        const char *name;
        enum remote_via via;
    } ways[] = {
        {"app",  VIA_APP },
        {"sms",  VIA_SMS },
        {"call", VIA_CALL},
    };

    EACH_ROW (way, ways) {
        if (str_eq(name, str_from(way->name)))
            return way->via;
    }
    return VIA_USUAL;
}

/* ---- the page ---- */

/* What the last question came to, where the page does not say it anyway. */
static struct str note_words(const struct remote_turn *t, bool other_ways)
{
    /* with another way to prove it, and without one */
    /* clang-format off */
    static const struct str words[][2] = {
        [NOTE_DENIED] = {STR("The request was denied. If that was you, send it again or enter a "
                             "code."), STR("")},
        [NOTE_UNANSWERED] = {STR("Nobody answered in time. Send the request again or enter a "
                                 "code."), STR("")},
        [NOTE_WRONG] = {STR("That code didn't match."), STR("")},
        [NOTE_USED] = {STR("That code was already used. Wait for the next one."), STR("")},
        [NOTE_OVER] = {STR("That code is too old, or was tried too often. Ask for another one."), STR("")},
        [NOTE_LIMITED] = {STR("You were asked often lately. Wait a few minutes, or use another "
                              "way."),
                          STR("You were asked often lately. Wait a few minutes.")},
        [NOTE_DOWN] = {STR("We can't reach the service that asks your phone. Try again in a "
                           "moment, or use another way."),
                       STR("We can't reach the service that asks your phone. Try again in a "
                           "moment.")},
    };
    /* clang-format on */
    const struct str *row = words[t->note];

    return row[1].n && !other_ways ? row[1] : row[0];
}

/* Everything but the frame and where forms lead. */
static void show_turn(struct ctx *cx, struct request *rq, const struct remote_turn *t,
                      const struct factor *f, struct page_remote *p)
{
    bool authy = core_of(rq->db)->remote == REMOTE_AUTHY;
    const struct draft *d = draft_shown(cx, rq, 0);
    int64_t until_ms = remote_until_ms(t);

    p->busy = t->busy;
    p->checking = t->checking;
    p->asked = !t->busy && t->asked;
    p->sent = t->note == NOTE_SENT || (t->code_out && t->note != NOTE_CALLED);
    p->called = t->note == NOTE_CALLED;
    p->app = authy && !t->code_out;
    p->unsent = core_of(rq->db)->remote == REMOTE_VERIFY && !t->code_out;
    p->form = !t->busy && (authy || t->code_out);
    p->can_ask = authy && !t->asked;
    p->code = page_entry(&d->problems, STR("code"), STR_NONE);
    if (!d->problems.n)
        p->tries_left = tries_words(cx, f);
    if (!until_ms)
        return;
    p->left_s = (int)MAX_OF((until_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S, (int64_t)1);
    p->total_s = t->busy ? REMOTE_LIFE_S : REMOTE_ASK_LIFE_S;
    p->left_words = arena_printf(cx->mem, "%d min %d s", p->left_s / 60, p->left_s % 60);
}

static enum err draw(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct remote_turn *t, struct page_remote *p)
{
    struct problems notes = {0};
    struct str note = note_words(t, p->others.n > 0);
    bool code = t->note == NOTE_WRONG || t->note == NOTE_USED || t->note == NOTE_OVER;

    frame_open(cx, rq, rs, &p->page);
    if (t->busy)
        p->page.refresh_s = BUSY_REFRESH_S;
    if (note.n && !rq->problems) {
        problem_add(&notes, code && p->form ? STR("code") : STR_NONE, note);
        page_problems(&p->page, &notes);
        p->code.error = code && p->form ? note : STR_NONE;
    }
    p->page.at_security = p->enrol;
    page_remote(FRAME_HTML(rs), p);
    return frame_close(cx, rs);
}

enum err remote_page(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct view *view, const struct login *l, const struct factor *f)
{
    const struct remote_turn *t = &view->turn;
    struct page_remote p = {
        .handle = login_handle(cx, l),
        .purpose = purpose_words(cx, view, l),
        .to = factor_target(cx, &view->person, FACTOR_REMOTE),
        .action_url = STR("/verify"),
        .resend_url = STR("/resend"),
        .others = other_ways(cx, view, l, FACTOR_REMOTE, false),
        .cancel_url = cancel_path(l),
    };

    if (t->proved)
        return respond_redirect(cx, rs, STR("/login/finish"));
    show_turn(cx, rq, t, f, &p);
    if (t->busy || t->asked)
        p.status_url = arena_printf(cx->mem, "/login/status?attempt=%.*s&shown=%lld",
                                    STR_ARG(p.handle), (long long)remote_shown(t));
    return draw(cx, rq, rs, t, &p);
}

/* ---- turning it on ---- */

enum err remote_enrol_page(struct ctx *cx, struct request *rq, struct response *rs,
                           const struct factor *f, const struct person *person)
{
    struct page_remote p = {
        .enrol = true,
        .to = factor_target(cx, person, FACTOR_REMOTE),
        .action_url = STR(ENROL_PATH),
        .resend_url = STR(ENROL_PATH "/resend"),
        .cancel_url = STR("/account/security"),
    };
    struct remote_turn t;
    enum err e = remote_turn(cx, rq->db, f->id, 0, &t);

    if (e)
        return e;
    if (t.proved)
        return respond_redirect(cx, rs, STR(DONE_PATH));
    show_turn(cx, rq, &t, f, &p);
    if (t.busy || t.asked)
        p.status_url =
            arena_printf(cx->mem, ENROL_PATH "/status?shown=%lld", (long long)remote_shown(&t));
    return draw(cx, rq, rs, &t, &p);
}

static enum err pending_factor(struct ctx *cx, struct request *rq, struct factor *out)
{
    const struct session *s = &visit_of(cx, rq)->session;

    return factor_pending(cx, rq->db, s->identity_id, s->id, FACTOR_REMOTE, out);
}

/* Where the page goes when the other server has said yes. Back and reload end up here too. */
enum err remote_enrol_done(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    struct str token;
    struct factor f;
    enum err e = pending_factor(cx, rq, &f);

    if (e == ERR_EXPIRED)
        return respond_redirect(cx, rs, STR("/account/security"));
    if (e == OK)
        e = remote_enrolled(cx, rq->db, &f, &from);
    if (e == ERR_DENIED)
        return respond_redirect(cx, rs, STR(ENROL_PATH));
    if (e || (e = session_renew(cx, rq->db, s, &from, &token)))
        return e;
    session_cookie(rq, rs, token, s->remember);
    flash_set(rq, rs, FLASH_FACTOR_ON);
    return frame_next(cx, rq, rs, "on", STR("/account/security"));
}

static json_t *enrol_json(const struct remote_turn *t, int64_t shown)
{
    return json_pack("{s:s, s:s}", "state", remote_word(t, shown), "next",
                     t->proved ? DONE_PATH : ENROL_PATH);
}

/* On a loop: tells when there is news, then ends. */
static bool enrol_wake(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                       struct buf *out)
{
    struct remote_turn t;
    json_t *json;
    char *text;

    if (why == WAKE_STOP || remote_turn(cx, db, w->id, 0, &t))
        return true;
    if (why != WAKE_DEADLINE && str_eq(str_from(remote_word(&t, w->arg)), STR("pending")))
        return false;
    json = enrol_json(&t, w->arg);
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    sse_event(out, "state", str_from(text));
    free(text);
    return true;
}

enum err remote_enrol_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct remote_turn t;
    struct factor f;
    int64_t shown;
    enum err e;

    if (!str_to_i64(request_query(cx, rq, STR("shown")), 0, INT64_MAX, &shown))
        shown = -1;
    e = pending_factor(cx, rq, &f);
    if (e == ERR_EXPIRED)
        return respond_json(cx, rs, 200,
                            json_pack("{s:s, s:s}", "state", "expired", "next", ENROL_PATH));
    if (e || (e = remote_turn(cx, rq->db, f.id, 0, &t)))
        return e;
    if (accepts_first(rq, STR("text/event-stream"), STR("application/json")))
        return respond_wait(cx, rs,
                            &(struct wait){.topic = remote_topic(f.id, 0),
                                           .id = f.id,
                                           .arg = shown,
                                           .deadline_ms = remote_until_ms(&t)
                                                              ? remote_until_ms(&t) + 1
                                                              : cx->now_ms + MS_PER_S,
                                           .wake = enrol_wake});
    return respond_json(cx, rs, 200, enrol_json(&t, shown));
}
