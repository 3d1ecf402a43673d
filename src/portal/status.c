/*
 * status.c: where a sign-in attempt stands, for the page that waits: JSON, one word, or a stream of
 * events. Asked with the attempt's cookie; the attempt is over for it as soon as its session
 * opened, so a browser that is signed in hears "approved".
 */
#include "core/login.h"
#include "portal/frame.h"
#include "portal/handlers.h"

struct standing {
    const char *state; /* pending, approved, denied, expired */
    struct str next;
};

static struct standing standing_of(struct str state, bool signed_in)
{
    if (str_eq(state, STR("open")))
        return (struct standing){"pending", STR("/verify")};
    if (str_eq(state, STR("approved")) || signed_in)
        return (struct standing){"approved", signed_in ? STR("/account") : STR("/verify")};
    if (str_eq(state, STR("denied")))
        return (struct standing){"denied", STR("/login")};
    return (struct standing){"expired", STR("/login")};
}

/* Which of two media types the client names first; false when it names neither. */
static bool accepts_first(const struct request *rq, struct str type, struct str before)
{
    struct str accept = request_header(rq, STR("Accept"));
    ptrdiff_t at = str_find_str(accept, type), other = str_find_str(accept, before);

    return at != STR_NPOS && (other == STR_NPOS || at < other);
}

enum err login_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v = visit_of(cx, rq);
    struct str token = login_cookie_of(cx, rq);
    struct standing s = standing_of(STR_NONE, v->signed_in);
    struct login l;
    enum err e = token.n ? login_by_token(cx, rq->db, token, &l) : ERR_EXPIRED;

    if (e && e != ERR_EXPIRED)
        return e;
    if (e == OK)
        s = standing_of(l.state, false);
    if (accepts_first(rq, STR("text/plain"), STR("application/json")))
        return respond_text(cx, rs, 200, str_from(s.state));
    return respond_json(cx, rs, 200,
                        json_pack("{s:s, s:o}", "state", s.state, "next", json_of(s.next)));
}
