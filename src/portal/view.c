/*
 * view.c: what the pages of an attempt show of its person: factors, other ways, what it is for.
 */
#include "core/floor.h"
#include "portal/verify.h"

static enum err find_ends(struct ctx *cx, struct db *db, const struct login *l, int64_t identity_id,
                          struct factor *out)
{
    struct factor *list;
    size_t count;
    enum err e;

    *out = (struct factor){0};
    if (!l->action_id)
        return OK;
    e = factor_list(cx, db, identity_id, &list, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (list[i].id == l->action_id)
            *out = list[i];
    }
    return e;
}

enum err view_of(struct ctx *cx, struct db *db, const struct login *l, struct view *out)
{
    enum err e;

    if ((e = person_by_id(cx, db, l->person_id, &out->person)) ||
        (e = floor_factors(cx, db, &out->person, &out->factors, &out->count)) ||
        (e = find_ends(cx, db, l, out->person.identity_id, &out->ends)))
        return e;
    out->turn = (struct remote_turn){0};
    for (size_t i = 0; i < out->count; i++) {
        if (out->factors[i].kind == FACTOR_REMOTE &&
            (e = remote_turn(cx, db, out->factors[i].id, l->id, &out->turn)))
            return e;
    }
    out->calls_here = keyed_offered(core_of(db));
    out->call = KEYED_NONE;
    e = login_waiting(cx, db, l, &out->wait, &out->challenge);
    return e || !challenge_is_call(&out->challenge)
               ? e
               : keyed_standing(cx, db, &out->challenge, &out->call);
}

const struct factor *view_factor(const struct view *view, enum factor_kind kind)
{
    for (size_t i = 0; i < view->count; i++) {
        if (view->factors[i].kind == kind)
            return &view->factors[i];
    }
    return NULL;
}

static const struct str factor_nouns[FACTOR_KINDS] = {
    [FACTOR_PASSKEY] = STR("the passkey"), [FACTOR_PUSH] = STR("phone approval"),
    [FACTOR_REMOTE] = STR("your phone"),   [FACTOR_TOTP] = STR("the authenticator app"),
    [FACTOR_SMS] = STR("text messages"),   [FACTOR_VOICE] = STR("voice calls"),
    [FACTOR_EMAIL] = STR("e-mail codes"),  [FACTOR_RECOVERY] = STR("your recovery codes"),
};

struct str purpose_words(struct ctx *cx, const struct view *view, const struct login *l)
{
    if (!str_eq(l->purpose, STR("step_up")))
        return STR_NONE;
    if (str_eq(l->action, STR("floor_lower")))
        return STR("To accept codes that are sent");
    if (!view->ends.id)
        return STR("To go on");
    if (view->ends.kind == FACTOR_PUSH)
        return arena_printf(cx->mem, "To remove %.*s", STR_ARG(view->ends.name));
    return arena_printf(cx->mem, "To turn off %.*s", STR_ARG(factor_nouns[view->ends.kind]));
}

struct str cancel_path(const struct login *l)
{
    if (!str_eq(l->purpose, STR("step_up")))
        return STR_NONE;
    return str_eq(l->action, STR("fresh")) ? STR("/account") : STR("/account/security");
}

bool way_needs_sending(enum factor_kind kind)
{
    return factor_kind_is_sent(kind) || kind == FACTOR_PUSH || kind == FACTOR_REMOTE;
}

bool view_is_again(const struct view *view, size_t i)
{
    return i > 0 && view->factors[i].kind == view->factors[i - 1].kind;
}

/* Whether choosing it sends a message, or puts a request. */
static bool way_sends(const struct view *view, const struct login *l, enum factor_kind kind,
                      bool by_call)
{
    bool waits = view->wait == WAIT_PENDING && challenge_is_call(&view->challenge) == by_call;

    if (kind == FACTOR_PUSH || by_call)
        return !waits;
    return way_needs_sending(kind) && (kind != l->method || l->by_call);
}

struct other_ways other_ways(struct ctx *cx, const struct view *view, const struct login *l,
                             enum factor_kind shown, bool by_call)
{
    struct other_way *list = ARENA_ARRAY(cx->mem, struct other_way, view->count + 2);
    size_t n = 0;

    for (size_t i = 0; i < view->count; i++) {
        enum factor_kind kind = view->factors[i].kind;

        if (view_is_again(view, i))
            continue;
        for (int call = 0; call <= (kind == FACTOR_VOICE && view->calls_here); call++) {
            if (kind == shown && by_call == call)
                continue;
            list[n++] = (struct other_way){
                .method = page_way(login_way_name(kind, call)),
                .to = factor_target(cx, &view->person, kind),
                .sends = way_sends(view, l, kind, call),
            };
        }
    }
    return (struct other_ways){list, n};
}
