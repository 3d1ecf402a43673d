/*
 * reply.h: JSON as the dialect writes it: every field of a schema, null where empty, dates without
 * fractions, absolute URLs of our own public address, and lists in pages.
 */
#ifndef API_VERIFY_REPLY_H
#define API_VERIFY_REPLY_H

#include "core/core.h"
#include "http/request.h"
#include "http/response.h"

#include <jansson.h>

json_t *js_str(struct str s);       /* "" too */
json_t *js_text(struct str s);      /* null when empty */
json_t *js_time(int64_t at_ms);     /* null for 0 */
json_t *js_parsed(struct str json); /* a stored JSON text; null when empty */
json_t *js_url(struct ctx *cx, const struct db *db, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A JSON value as text, for the store. Takes the reference. */
struct str js_dump(struct ctx *cx, json_t *json);

/* CORS, as declared for every answer. */
void reply_headers(struct response *rs);
/* The face's `options`: what a browser asks before a page of another origin may ask us. */
void reply_preflight(struct response *rs);
/* Takes the reference. */
enum err reply_json(struct ctx *cx, struct response *rs, int status, json_t *json);
enum err reply_deleted(struct ctx *cx, struct response *rs); /* 204 */

/* ---- pages ---- */

enum { PAGE_SIZE = 50, PAGE_SIZE_MAX = 1000 };

struct page {
    unsigned size;
    int64_t number; /* the client's counter only */
    int64_t cursor; /* row id that the page begins behind; 0: the first page */
    bool back;      /* towards the beginning */
    bool newest_first;
};
/* PageSize, Page and PageToken of the query, in any case. ERR_INVALID names the parameter in
 * *out_bad.
 */
enum err page_read(struct ctx *cx, const struct request *rq, struct page *out, struct str *out_bad);
/* How to ask the store: rows below `from`, newest first (true), or above it, oldest first. */
bool page_down(const struct page *p);
int64_t page_from(const struct page *p);
unsigned page_rows(const struct page *p); /* one more than is shown tells whether there is more */

struct listing {
    const struct page *page;
    size_t n;
    json_t **items; /* in the order that the store gave; references are the listing's */
    int64_t *ids;
};
void listing_init(struct ctx *cx, struct listing *l, const struct page *p);
void listing_add(struct listing *l, int64_t id, json_t *item);
/* {key: […], "meta": {…}} */
enum err reply_list(struct ctx *cx, const struct request *rq, struct response *rs, const char *key,
                    struct listing *l);

#endif
