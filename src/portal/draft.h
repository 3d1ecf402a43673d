/*
 * draft.h: a form on its way: what was typed, what is wrong with it, and the page that shows both.
 *
 * A handler makes a draft before it looks at anything. When it then returns an error, the face's
 * `error` draws the same page again on the loop, from the draft, with the status that says why. The
 * page function serves the GET as well: there it finds no draft and shows an empty form.
 */
#ifndef PORTAL_DRAFT_H
#define PORTAL_DRAFT_H

#include "core/login.h"
#include "http/form.h"
#include "http/route.h"

/* One way for a form to fail. code and text also make the error of a JSON answer. */
struct complaint {
    enum err e;
    int status;       /* 0 = what e stands for */
    const char *code; /* "wrong_code" */
    struct str field; /* empty: about the whole form */
    struct str text;  /* what to do */
};

struct draft { /* rq->problems */
    struct problems problems;
    handler_fn *page; /* shows it again */
    int status;       /* of the last complaint */
    const char *code; /* of the last complaint; NULL = err_name */
    void *in;         /* the form's own struct */
};

/* An empty draft with a zeroed struct of in_size bytes; it is rq's from now on. In a prepare step
 * it becomes rq->prepared too, for draft_resume. */
struct draft *draft_new(struct ctx *cx, struct request *rq, handler_fn *page, size_t in_size);
/* What the prepare step left, clean of complaints: a handler may run more than once. */
struct draft *draft_resume(struct request *rq);
/* For page functions: the draft that failed, or an empty one. */
const struct draft *draft_shown(struct ctx *cx, const struct request *rq, size_t in_size);

/* form_bind into the draft. */
enum err draft_bind(struct ctx *cx, struct request *rq, struct draft *d, const struct field *fields,
                    size_t count);
/* Notes the complaint and returns its error. */
enum err draft_complain(struct ctx *cx, struct draft *d, const struct complaint *c) MUST_USE;
/* Notes text beside a field, if there is any; go on, then draft_settle. */
void draft_note(struct draft *d, struct str field, struct str text);
/* ERR_INVALID when something was noted. */
enum err draft_settle(struct ctx *cx, const struct draft *d) MUST_USE;
/* ERR_BLOCKED, in the words for cx->rule. */
enum err draft_blocked(struct ctx *cx, struct draft *d) MUST_USE;
/* ERR_LIMITED in words, with cx->retry_after_s: "Too many tries. Wait 2 minutes, then …" */
enum err draft_limited(struct ctx *cx, struct draft *d, const char *what) MUST_USE;

#endif
