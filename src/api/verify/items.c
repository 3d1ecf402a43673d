/* items.c: see items.h. */
#include "api/verify/items.h"
#include "api/verify/handlers.h"

struct item_place items_of(struct ctx *cx, struct request *rq, const struct service *s,
                           enum item_kind kind)
{
    return (struct item_place){call_of(cx, rq)->caller.account_id, s->id, 0, kind};
}

enum err items_find(struct ctx *cx, struct request *rq, enum item_kind kind, const char *param,
                    struct service *out_service, struct item *out)
{
    struct item_place at;
    enum err e;

    if ((e = call_service(cx, rq, out_service)))
        return e;
    at = items_of(cx, rq, out_service, kind);
    e = item_by_sid(cx, rq->db, &at, request_param(rq, str_from(param)), out);
    return e == ERR_NOT_FOUND ? call_not_found(cx, rq) : e;
}

void js_item(struct ctx *cx, struct request *rq, json_t *o, const struct service *s,
             const struct item *it, const char *collection)
{
    js_owner(cx, rq, o, s);
    json_object_set_new(o, "sid", js_str(it->sid));
    json_object_set_new(o, "date_created", js_time(it->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(it->updated_at_ms));
    json_object_set_new(o, "url",
                        js_url(cx, rq->db, "/Services/%.*s/%s/%.*s", STR_ARG(s->sid), collection,
                               STR_ARG(it->sid)));
}

enum err items_list(struct ctx *cx, struct request *rq, struct response *rs,
                    const struct service *s, const struct item_place *at, const char *key,
                    json_t *json(struct ctx *cx, struct request *rq, const struct service *s,
                                 const struct item *it))
{
    struct item *list;
    struct page page;
    struct listing l;
    size_t count;
    enum err e;

    if ((e = list_page(cx, rq, &page)) ||
        (e = item_page(cx, rq->db, at, page_down(&page), page_from(&page), page_rows(&page), &list,
                       &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t i = 0; i < count; i++)
        listing_add(&l, list[i].id, json(cx, rq, s, &list[i]));
    return reply_list(cx, rq, rs, key, &l);
}
