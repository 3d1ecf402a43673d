/* entity.c: identities by the application's own name, and what handlers share. */
#include "api/verify/handlers.h"
#include "core/limit.h"

enum err list_page(struct ctx *cx, struct request *rq, struct page *out)
{
    struct str bad;
    enum err e = page_read(cx, rq, out, &bad);

    if (e)
        return call_refuse(cx, rq, 60306, "Invalid parameter: %.*s", STR_ARG(bad));
    return OK;
}

void js_owner(struct ctx *cx, struct request *rq, json_t *o, const struct service *s)
{
    json_object_set_new(o, "service_sid", js_str(s->sid));
    json_object_set_new(o, "account_sid", js_str(call_of(cx, rq)->caller.account_sid));
}

/* ---- entities ---- */

static bool name_ok(struct str name)
{
    return name.n >= IDENTITY_NAME_MIN && name.n <= IDENTITY_NAME_MAX && str_all_alnum(name, "-");
}

enum err entity_make(struct ctx *cx, struct request *rq, const struct service *s, struct str name,
                     struct identity *out, bool *out_new)
{
    static const struct limit_rule rule = {"verify.entities", 40, 1}; /* of an account, a second */
    struct identity known;
    enum err e;

    if (!name_ok(name))
        return input_bad(cx, rq, 60300, "Identity");
    e = identity_by_external(cx, rq->db, s->id, name, &known);
    if (e == ERR_NOT_FOUND)
        e = limit_take(cx, rq->db, &rule, call_of(cx, rq)->caller.account_sid);
    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 60328, "Max entities created in a second reached");
    return e ? e : identity_named(cx, rq->db, s->id, name, out, out_new);
}

static json_t *entity_json(struct ctx *cx, struct request *rq, const struct service *s,
                           const struct identity *i)
{
    struct str base = arena_printf(cx->mem, "/Services/%.*s/Entities/%.*s", STR_ARG(s->sid),
                                   STR_ARG(i->external));
    json_t *o = json_pack("{s:o, s:o}", "sid", js_str(i->sid), "identity", js_str(i->external));

    js_owner(cx, rq, o, s);
    json_object_set_new(o, "date_created", js_time(i->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(i->updated_at_ms));
    json_object_set_new(o, "url", js_url(cx, rq->db, "%.*s", STR_ARG(base)));
    json_object_set_new(o, "links",
                        json_pack("{s:o, s:o, s:o}", "factors",
                                  js_url(cx, rq->db, "%.*s/Factors", STR_ARG(base)), "new_factors",
                                  js_url(cx, rq->db, "%.*s/Factors", STR_ARG(base)), "challenges",
                                  js_url(cx, rq->db, "%.*s/Challenges", STR_ARG(base))));
    return o;
}

enum err entities_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct identity i;
    struct service s;
    struct input in;
    bool is_new;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)) ||
        (e = entity_make(cx, rq, &s, input_get(&in, STR("Identity")), &i, &is_new)))
        return e;
    if (!is_new)
        return call_refuse(cx, rq, 60301, "Entity already exists");
    return reply_json(cx, rs, 201, entity_json(cx, rq, &s, &i));
}

enum err entities_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct identity i;
    struct service s;
    enum err e = call_identity(cx, rq, &s, &i);

    return e ? e : reply_json(cx, rs, 200, entity_json(cx, rq, &s, &i));
}

enum err entities_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = call_origin(rq);
    struct identity i;
    struct service s;
    enum err e;

    if ((e = call_identity(cx, rq, &s, &i)))
        return e;
    e = identity_delete(cx, rq->db, &i, &from);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 20403, "The portal's own people are not an application's");
    return e ? e : reply_deleted(cx, rs);
}

enum err entities_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct identity *list;
    struct service s;
    struct page page;
    struct listing l;
    size_t count;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = list_page(cx, rq, &page)) ||
        (e = identity_list(cx, rq->db, s.id, page_down(&page), page_from(&page), page_rows(&page),
                           &list, &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t i = 0; i < count; i++)
        listing_add(&l, list[i].id, entity_json(cx, rq, &s, &list[i]));
    return reply_list(cx, rq, rs, "entities", &l);
}
