/*
 * exchange.h: one request and its answer: memory, buffers, and the way through the threads.
 *
 *              loop                       hash pool            writer
 *   route -> [prepare] -> gate, handler     |                    |       READ
 *   route ----------------------------> [prepare]                |
 *     or  [prepare] ------------------------+----------> gate, handler   WRITE
 *   finish <- (inbox) ----------------------+--------------------'
 *
 * Where it is at any time, there alone it is touched, but for `raw`, which stays the loop's.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/inbox.h"
#include "http/reader.h"
#include "http/site.h"

struct conn;

enum exchange_at {
    AT_LOOP,     /* being read or answered */
    AT_PREPARED, /* came back from the hash pool; the handler is still to run */
    AT_HANDLED,  /* the handler ran, or something before it failed */
};

struct exchange {
    struct http_work work;
    struct post post;
    struct hash_job job;
    struct exchange *next; /* in the loop's list of spare ones */
    struct conn *conn;
    struct inbox *home; /* of the loop it belongs to */
    const struct site *site;

    struct arena *mem;
    struct ctx cx;
    struct request rq;
    struct response rs;
    struct framing framing;
    struct body_reader reader;
    struct match match;
    struct addr client; /* whom limits count */
    enum exchange_at at;
    enum err result;
    int status; /* proposed with result; 0 = from it */
    bool head_only;

    struct buf raw;  /* arrived, not consumed */
    struct buf head; /* what rq's views point to */
    struct buf body;
    struct buf out; /* the answer; sent of it has left */
    size_t sent;
};

struct exchange *exchange_new(const struct site *site);
struct exchange *exchange_of_post(struct post *p);
void exchange_free(struct exchange **ex);
/* Forgets the request and its answer; raw stays. */
void exchange_renew(struct exchange *ex);

/* Reads a head out of raw; on READ_DONE the request is set. */
struct read_result exchange_head(struct exchange *ex);
/* Who asks, which route, is it allowed that often. False: result and status say why not. */
bool exchange_route(struct exchange *ex, const struct origin *from, int64_t now_mono_ms);
/* Sets a refusal that came up in between; exchange_finish words it. */
void exchange_refuse(struct exchange *ex, int status, const char *why);
/* Runs the request as far as this thread may. True: it is here and handled; false: it comes back by
 * ex->post to `home`, and exchange_resume goes on. */
bool exchange_start(struct exchange *ex, struct db *db);
bool exchange_resume(struct exchange *ex, struct db *db);
/* Words the error, if there is one. After it rs is what goes out. */
void exchange_finish(struct exchange *ex, struct db *db);

#endif
