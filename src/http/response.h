/*
 * response.h: what a handler leaves. The loop sends it after the handler's transaction committed.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/buf.h"
#include "base/ctx.h"

#include <jansson.h>

struct db;

enum { RESPONSE_BODY_MAX = 4 * MIB, RESPONSE_HEAD_MAX = 8 * KIB };

enum wake_reason { WAKE_START, WAKE_TOPIC, WAKE_DEADLINE, WAKE_STOP };

/*
 * A wait for a topic: the connection parks as a struct and nothing else. `wake` runs on the loop
 * with the read-only handle: once at the start (so that nothing is missed between handler and
 * park), when the topic is notified, at the deadline and when the server stops (both end the stream
 * whatever it returns). It adds server-sent events to *out, at most 64 KiB that the client has not
 * taken yet, and returns true when the stream is finished. Heartbeats are the loop's own.
 */
struct wait {
    uint64_t topic;      /* 0 = no wait */
    int64_t id;          /* handed back to wake: a row id */
    int64_t arg;         /* handed back too */
    int64_t deadline_ms; /* Unix ms; the stream ends then at the latest */
    bool (*wake)(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                 struct buf *out);
    void *app;
};

struct response {
    int status;      /* 200 unless a respond_ call set it */
    struct buf head; /* extra header lines, each ended by CR LF */
    struct buf body;
    const char *content_type; /* NULL = no body type */
    bool no_store;            /* default true; static files clear it */
    bool close;               /* close the connection behind the answer */
    struct wait wait;         /* with topic != 0: keep open, send events */
};

void response_init(struct response *rs);
void response_deinit(struct response *rs);
void response_reset(struct response *rs); /* as after response_init */

/* Adds a header. One whose value holds a control character is left out: false. */
bool response_header(struct response *rs, const char *name, struct str value);

/* 303 See Other to a path of our own (starts with '/', no '//' or '\\'): after POST a redirect. */
enum err respond_redirect(struct ctx *cx, struct response *rs, struct str path);
/* Takes the reference. Compact JSON, keys in insertion order. */
enum err respond_json(struct ctx *cx, struct response *rs, int status, json_t *json);
enum err respond_text(struct ctx *cx, struct response *rs, int status, struct str text);
/* Starts a server-sent event stream; see struct wait. */
enum err respond_wait(struct ctx *cx, struct response *rs, const struct wait *w);

/* One server-sent event; data must be one line. */
void sse_event(struct buf *out, const char *event, struct str data);

enum cookie_site { COOKIE_LAX, COOKIE_STRICT };
struct cookie {
    struct str name;   /* "__Host-" is put before it when secure */
    struct str value;  /* token characters only */
    int64_t max_age_s; /* 0 = until the browser closes, -1 = delete now */
    bool secure;       /* from the public URL: https */
    enum cookie_site site;
};
/* Always HttpOnly, Path=/. */
void response_cookie(struct response *rs, const struct cookie *c);

#endif
