/*
 * errors.c: see errors.h. Tried in this order: what the gate refused, JSON, the form that failed,
 * the error page, a line of text. Never shows cx->why: that is the operator's.
 */
#include "portal/errors.h"
#include "portal/frame.h"
#include "portal/words.h"

/* ---- what the gate refused ---- */

static const struct {
    int status;
    const char *code;
    struct str text;
} refusals[REFUSAL_COUNT] = {
    [REFUSED_TOKEN] = {403, "form_expired",
                       STR("This form was open too long. Go back, reload the "
                           "page and try again.")                                              },
    [REFUSED_FOREIGN] = {403, "foreign_origin",
                       STR("This was sent from another site, so nothing "
                             "was changed. Open the page here and try "
                             "again.")                                                         },
    [REFUSED_TYPE] = {415, "unsupported_type", STR("Send a form or JSON.")                    },
    [REFUSED_SIGN_IN] = {401, "sign_in_required", STR("Sign in first.")                          },
    [REFUSED_ATTEMPT] = {401, "login_expired",    STR("That sign-in took too long. Start again.")},
    [REFUSED_STALE] = {403, "reauth_required",  STR("Confirm first that it's you.")            },
    [REFUSED_ENROL] = {403, "enrol_required",   STR("Turn on a second factor first.")          },
};

/* Where the person should come back to: this page, or the one that the form stands on. */
static struct str way_back(struct ctx *cx, const struct request *rq)
{
    if (rq->method == GET)
        return next_path(cx, rq, rq->target, STR_NONE);
    if (str_starts(rq->path, STR("/account/security")))
        return STR("/account/security");
    if (str_starts(rq->path, STR("/account/sessions")))
        return STR("/account");
    return next_path(cx, rq, rq->path, STR_NONE);
}

/* A page that leads on; a POST from the middle of nowhere is not repeated, the form is shown. */
static bool lead_on(struct ctx *cx, struct request *rq, struct response *rs, enum refusal why)
{
    struct str to;

    switch (why) {
    case REFUSED_SIGN_IN:
        to = path_with_next(cx, STR("/login"), way_back(cx, rq));
        break;
    case REFUSED_ATTEMPT:
        /* Somebody signed in who only looks, by Back, has missed nothing. */
        if (rq->method != GET || !visit_of(cx, rq)->signed_in)
            flash_set(rq, rs, FLASH_TOO_LATE);
        to = visit_of(cx, rq)->signed_in ? STR("/account") : STR("/login");
        break;
    case REFUSED_STALE:
        to = path_with_next(cx, STR("/reauth"), way_back(cx, rq));
        break;
    case REFUSED_ENROL:
        to = STR("/account/security");
        break;
    case REFUSED_NOT:
    case REFUSED_TOKEN:
    case REFUSED_FOREIGN:
    case REFUSED_TYPE:
    case REFUSAL_COUNT:
    default:
        return false;
    }
    return respond_redirect(cx, rs, to) == OK;
}

/* ---- everything else ---- */

enum page_kind { NOT_FOUND_PAGE, BAD_REQUEST, FORBIDDEN, EXPIRED, LIMITED, BUSY, INTERNAL };

static const struct status_words {
    int status;
    enum page_kind kind;
    const char *code;
    struct str text; /* of a JSON answer; pages have their own */
} by_status[] = {
    {400, BAD_REQUEST,    "invalid",            STR("Some of what was sent needs another look.")        },
    {401, FORBIDDEN,      "denied",             STR("That proof was not right.")                        },
    {403, FORBIDDEN,      "denied",             STR("You can't do this.")                               },
    {404, NOT_FOUND_PAGE, "not_found",          STR("There is no such thing here.")                     },
    {405, BAD_REQUEST,    "method_not_allowed",
     STR("This address answers to another kind of request.")                                            },
    {408, BAD_REQUEST,    "too_slow",           STR("The request took too long to arrive.")             },
    {409, BAD_REQUEST,    "conflict",
     STR("Something changed meanwhile. Reload and try "
         "again.")                                                                                      },
    {410, EXPIRED,        "expired",            STR("This was used before, or is too old.")             },
    {413, BAD_REQUEST,    "too_large",          STR("That is more than this takes.")                    },
    {415, BAD_REQUEST,    "unsupported_type",   STR("Send a form or JSON.")                             },
    {429, LIMITED,        "limited",            STR("Too many tries in a short time.")                  },
    {500, INTERNAL,       "internal",           STR("Something went wrong on our side.")                },
    {502, BUSY,           "upstream",           STR("Somebody we depend on does not answer. Try again.")},
    {503, BUSY,           "busy",               STR("We're busy just now. Try again in a moment.")      },
};

static const struct status_words *words_for(int status)
{
    EACH_ROW (row, by_status) {
        if (row->status == status)
            return row;
    }
    return status >= 500 ? words_for(500) : words_for(400);
}

static json_t *fields_of(const struct problems *ps)
{
    json_t *fields = json_object();

    for (size_t i = 0; i < ps->n; i++) {
        if (ps->item[i].field.n && ps->item[i].text.n)
            json_object_setn_new(fields, ps->item[i].field.p, ps->item[i].field.n,
                                 json_of(ps->item[i].text));
    }
    return fields;
}

static enum err json_error(struct ctx *cx, struct response *rs, int status, const char *code,
                           struct str text, const struct problems *ps)
{
    json_t *error = json_pack("{s:s, s:o}", "code", code, "message", json_of(text));
    json_t *fields = ps && !ps->malformed ? fields_of(ps) : NULL;

    if (fields && json_object_size(fields) > 0)
        json_object_set_new(error, "fields", fields);
    else
        json_decref(fields);
    return respond_json(cx, rs, status, json_pack("{s:o}", "error", error));
}

static enum err draft_as_json(struct ctx *cx, struct response *rs, int status,
                              const struct draft *d)
{
    const struct status_words *w = words_for(status);
    struct str text = w->text;
    const char *code = d->code ? d->code : w->code;

    if (d->problems.malformed)
        return json_error(cx, rs, status, "malformed",
                          STR("The body is not a form or a JSON object that we can read."), NULL);
    for (size_t i = 0; i < d->problems.n && d->code; i++)
        text = d->problems.item[i].text;
    return json_error(cx, rs, status, code, text, &d->problems);
}

/* Where a mailed link that works no more leads on to. */
static const struct dead_link {
    struct str path; /* what the link begins with */
    struct str text, link_url, link_text;
} dead_links[] = {
    {STR("/confirm/"),
     STR("It works once, and for a day. If you opened it before, your address is confirmed: sign "
         "in. If not, create your account again."),
     STR("/login"),          STR("Sign in")              },
    {STR("/confirm-email/"),
     STR("It works once, and for a day. If you opened it before, your new address counts already. "
         "If not, change it again."),
     STR("/account/email"),  STR("Change your e-mail")   },
    {STR("/reset-password/"),
     STR("It works once, and for ten minutes, and only the newest one does."),
     STR("/reset-password"), STR("Ask for a new link")   },
    {STR("/not-me/"),
     STR("It works once, and for seven days. If you used it before, your account is protected. If "
         "not, choose a new password: that signs everybody out."),
     STR("/reset-password"), STR("Choose a new password")},
};

static void lead_from_dead_link(const struct request *rq, struct page_error *p)
{
    EACH_ROW (row, dead_links) {
        if (!str_starts(rq->path, row->path))
            continue;
        p->text = row->text;
        p->link_url = row->link_url;
        p->link_text = row->link_text;
    }
}

static enum err error_page(struct ctx *cx, struct request *rq, struct response *rs, int status,
                           struct str text)
{
    const struct status_words *w = words_for(status);
    struct page_error p = {
        .status = status,
        .not_found = w->kind == NOT_FOUND_PAGE,
        .bad_request = w->kind == BAD_REQUEST,
        .denied = w->kind == FORBIDDEN,
        .expired = w->kind == EXPIRED,
        .limited = w->kind == LIMITED,
        .busy = w->kind == BUSY,
        .internal = w->kind == INTERNAL,
        .text = text,
    };

    if (p.expired)
        lead_from_dead_link(rq, &p);
    if (p.limited && cx->retry_after_s > 0)
        p.wait_words = words_span(cx, cx->retry_after_s);
    if (p.busy || p.internal)
        p.request_id = str_from(cx->id);
    rq->problems = NULL; /* the page has no form to complain about */
    frame_open(cx, rq, rs, &p.page);
    page_error(FRAME_HTML(rs), &p);
    rs->status = status;
    return frame_close(cx, rs);
}

/* Only what a person can mend by typing again leads back to the form. */
static bool form_returns(const struct draft *d, enum err e)
{
    return d && d->page && !d->problems.malformed && d->problems.n > 0 && e != ERR_INTERNAL &&
           e != ERR_BUSY;
}

static enum err answer(struct ctx *cx, struct request *rq, struct response *rs, int status,
                       enum err e)
{
    const struct draft *d = rq->problems;
    const struct visit *v = visit_of(cx, rq);

    if (v->refused != REFUSED_NOT) {
        if (wants_json(rq))
            return json_error(cx, rs, refusals[v->refused].status, refusals[v->refused].code,
                              refusals[v->refused].text, NULL);
        if (lead_on(cx, rq, rs, v->refused))
            return OK;
        return error_page(cx, rq, rs, refusals[v->refused].status, refusals[v->refused].text);
    }
    if (wants_json(rq)) {
        if (d && e != ERR_INTERNAL && e != ERR_BUSY)
            return draft_as_json(cx, rs, status, d);
        return json_error(cx, rs, status, words_for(status)->code, words_for(status)->text, NULL);
    }
    if (form_returns(d, e) && d->page(cx, rq, rs) == OK) {
        rs->status = status;
        return OK;
    }
    response_reset(rs);
    return error_page(cx, rq, rs, status, status == 405 ? words_for(status)->text : STR_NONE);
}

void portal_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status)
{
    const struct draft *d = rq->problems;
    int64_t retry_after_s = cx->retry_after_s;

    if (!status)
        status = d && d->status ? d->status : route_status(e);
    if (answer(cx, rq, rs, status, e)) {
        response_reset(rs);
        (void)respond_text(cx, rs, status, STR("Something went wrong. Please try again.\n"));
    }
    cx->retry_after_s = retry_after_s;
}
