/*
 * locked.c: the end of a sign-in that only support can help on: the password is right, and wrong
 * codes have ended every second step. Says so to nobody who has not proved the password.
 */
#include "portal/verify.h"

static enum err locked_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_locked p = {0};

    frame_open(cx, rq, rs, &p.page);
    p.page.errors.n = 0; /* the page itself says it */
    page_locked(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err locked_complain(struct ctx *cx, struct request *rq)
{
    static const struct complaint locked = {
        ERR_DENIED, 403, "second_step_locked", STR_NONE,
        STR("The second step was tried too often, and nothing is left to prove it by. Ask support "
            "for help.")};
    void *prepared = rq->prepared; /* the handler's, which may run again */
    struct draft *d = draft_new(cx, rq, locked_page, 0);

    rq->prepared = prepared;
    return draft_complain(cx, d, &locked);
}

enum err attempt_is_locked(struct ctx *cx, struct request *rq, const struct login *l, bool *out)
{
    return login_is_locked(cx, rq->db, l->person_id, out);
}
