/*
 * items.h: what the collections of items (core/item.h) of a service have in common: where they are,
 * finding one, writing one, listing a page of them.
 */
#ifndef API_VERIFY_ITEMS_H
#define API_VERIFY_ITEMS_H

#include "api/verify/call.h"
#include "api/verify/reply.h"

/* The items of a kind that belong to the service itself. */
struct item_place items_of(struct ctx *cx, struct request *rq, const struct service *s,
                           enum item_kind kind);

/* The one of them that {param} names by its sid, and the service. 20404: there is none. */
enum err items_find(struct ctx *cx, struct request *rq, enum item_kind kind, const char *param,
                    struct service *out_service, struct item *out);

/* Adds an item's own members: account and service, sid, dates, url. */
void js_item(struct ctx *cx, struct request *rq, json_t *o, const struct service *s,
             const struct item *it, const char *collection);

/* The page that the query asks for, of the items at `at`: {key: […], "meta": {…}}. json writes one
 * of them; the reference is the caller's. */
enum err items_list(struct ctx *cx, struct request *rq, struct response *rs,
                    const struct service *s, const struct item_place *at, const char *key,
                    json_t *json(struct ctx *cx, struct request *rq, const struct service *s,
                                 const struct item *it));

#endif
