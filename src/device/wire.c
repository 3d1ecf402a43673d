/* wire.c: see wire.h. */
#include "device/wire.h"

json_t *wire_str(struct str s)
{
    return json_stringn(s.p ? s.p : "", s.n);
}

/* Unix ms as whole seconds; null for 0. */
static json_t *wire_time(int64_t at_ms)
{
    return at_ms ? json_integer(at_ms / MS_PER_S) : json_null();
}

json_t *wire_challenge(struct ctx *cx, const struct challenge *c)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", wire_str(c->sid), "shown",
                     wire_str(c->shown), "hidden_digest",
                     wire_str(challenge_digest(cx, c->hidden_details)), "state",
                     wire_str(challenge_state_name(c->state)), "reason", wire_str(c->reason),
                     "created_at", wire_time(c->created_at_ms), "expires_at",
                     wire_time(c->expires_at_ms), "answered_at", wire_time(c->answered_at_ms));
}

enum err wire_pending(struct ctx *cx, struct db *db, const struct device *d, json_t **out)
{
    struct challenge *list;
    size_t count;
    json_t *items;
    enum err e;

    if ((e = challenge_pending(cx, db, d, &list, &count)))
        return e;
    items = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(items, wire_challenge(cx, &list[i]));
    *out =
        json_pack("{s:o, s:I}", "challenges", items, "time", (json_int_t)(cx->now_ms / MS_PER_S));
    return OK;
}
