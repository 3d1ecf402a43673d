/* draft.c: see draft.h. */
#include "portal/draft.h"
#include "core/firewall.h"
#include "portal/pages.h"
#include "portal/words.h"

struct draft *draft_new(struct ctx *cx, struct request *rq, handler_fn *page, size_t in_size)
{
    struct draft *d = ARENA_NEW(cx->mem, struct draft);

    d->page = page;
    d->in = arena_alloc(cx->mem, in_size);
    rq->problems = d;
    rq->prepared = d;
    return d;
}

struct draft *draft_resume(struct request *rq)
{
    struct draft *d = rq->prepared;

    d->problems = (struct problems){0};
    d->status = 0;
    d->code = NULL;
    rq->problems = d;
    return d;
}

const struct draft *draft_shown(struct ctx *cx, const struct request *rq, size_t in_size)
{
    struct draft *d = rq->problems;

    if (d)
        return d;
    d = ARENA_NEW(cx->mem, struct draft);
    d->in = arena_alloc(cx->mem, in_size);
    return d;
}

enum err draft_bind(struct ctx *cx, struct request *rq, struct draft *d, const struct field *fields,
                    size_t count)
{
    enum err e = form_bind(cx, rq, fields, count, d->in, &d->problems);

    page_word_missing(&d->problems);
    return e;
}

enum err draft_complain(struct ctx *cx, struct draft *d, const struct complaint *c)
{
    problem_add(&d->problems, c->field, c->text);
    d->status = c->status;
    d->code = c->code;
    return fail(cx, c->e, "form: %s", c->code);
}

void draft_note(struct draft *d, struct str field, struct str text)
{
    if (text.n)
        problem_add(&d->problems, field, text);
}

enum err draft_settle(struct ctx *cx, const struct draft *d)
{
    if (!d->problems.n)
        return OK;
    return fail(cx, ERR_INVALID, "form: field %.*s: %.*s", STR_ARG(d->problems.item[0].field),
                STR_ARG(d->problems.item[0].text));
}

enum err draft_blocked(struct ctx *cx, struct draft *d)
{
    int64_t retry_after_s = cx->retry_after_s;
    enum err e =
        draft_complain(cx, d,
                       &(struct complaint){
                           .e = ERR_BLOCKED, .code = "not_sent", .text = firewall_words(cx->rule)});

    cx->retry_after_s = retry_after_s;
    return e;
}

enum err draft_limited(struct ctx *cx, struct draft *d, const char *what)
{
    struct str wait = words_span(cx, cx->retry_after_s);
    int64_t retry_after_s = cx->retry_after_s;
    enum err e;

    e = draft_complain(
        cx, d,
        &(struct complaint){
            .e = ERR_LIMITED,
            .code = "limited",
            .text = arena_printf(cx->mem, "%s Wait %.*s, then try again.", what, STR_ARG(wait))});
    cx->retry_after_s = retry_after_s;
    return e;
}
