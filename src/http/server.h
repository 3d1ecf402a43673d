/*
 * server.h: N identical libevent loops over one route table.
 *
 * http/ knows only base/: the store comes in as the functions of struct backend, written by the
 * composition root (cli/serve.c).
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/route.h"

struct http_server;

/* A unit of work handed to the writer. The server owns it and embeds it in its request. */
struct http_work {
    void *impl[8]; /* the backend's: holds its job struct; zeroed before submit */
    /* Called by the backend on the writer thread, inside a transaction. */
    enum err (*run)(struct http_work *w, struct db *db);
    /* Called by the backend on the writer thread after COMMIT. */
    void (*done)(struct http_work *w, enum err result);
};

struct backend {
    void *arg;
    enum err (*reader_open)(void *arg, struct db **out); /* one per loop and per hash thread */
    void (*reader_close)(struct db **db);
    enum err (*read_begin)(struct ctx *cx, struct db *db);
    void (*read_end)(struct db *db);
    enum err (*submit)(void *arg, struct http_work *w); /* ERR_BUSY when full */
};

struct http_limits { /* requests per address and window; 0 = unlimited */
    uint32_t count;
    uint32_t window_s;
};

/* What a zero in struct http_conf stands for. */
enum {
    HTTP_HEAD_TIMEOUT_MS = 10 * MS_PER_S,
    HTTP_BODY_TIMEOUT_MS = 30 * MS_PER_S,
    HTTP_IDLE_TIMEOUT_MS = 60 * MS_PER_S,
    HTTP_WRITE_TIMEOUT_MS = 30 * MS_PER_S,
    HTTP_HEARTBEAT_MS = 25 * MS_PER_S,
    HTTP_DRAIN_MS = 100,
    HTTP_HEAD_MAX = 8 * KIB,
    HTTP_BODY_MAX = 16 * KIB,
};

/* What it points to must live until http_server_start returns; the faces, until the end. */
struct http_conf {
    struct str listen;  /* "127.0.0.1:8080", "[::]:8443"; port 0 = any free */
    struct str control; /* path of a unix socket, empty = none; made with mode 0600 */
    unsigned workers;   /* loops */
    unsigned hash_threads, hash_queue_max;  /* no threads: what prepares there answers 503 */
    struct str tls_cert_file, tls_key_file; /* both or none */
    uint32_t head_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms; /* absolute */
    uint32_t drain_ms; /* how long a stop waits for the next request of an idle connection */
    size_t head_max, body_max; /* bytes */
    unsigned connections_max, connections_per_addr_max;
    unsigned heartbeat_ms;             /* of parked streams, jittered */
    const struct str *trusted_proxies; /* addresses or CIDR blocks whose X-Forwarded-For counts */
    size_t trusted_proxy_count;
    struct http_limits limits[LIMIT_COUNT];
    const struct face *const *faces;
    size_t face_count;
    bool hsts;
    struct backend backend;
    void *app; /* goes to request.app */
};

/* Binds and starts the loops; the address is in use when it returns OK. */
enum err http_server_start(struct ctx *cx, const struct http_conf *conf, struct http_server **out);
/* The port that was bound. */
uint16_t http_server_port(const struct http_server *s);
/* Wakes all that wait for these topics. From any thread, until http_server_free. */
void http_server_notify(struct http_server *s, const uint64_t *topics, size_t count);
/* Reads certificate and key again; on an error the old ones stay. From any thread. */
enum err http_server_reload_tls(struct ctx *cx, struct http_server *s);
/* Stops accepting, finishes what is in flight (what is not done after grace_ms is cut off), ends
 * parked streams, joins the threads and closes their handles on the store. What the writer has is
 * waited for in any case. A kept-alive client cannot know that we stop before an answer says
 * "Connection: close", so idle connections are left open for drain_ms to be told so (RFC 9112, 9.5
 * and 9.6; nginx: keepalive_min_timeout). Afterwards nothing runs, but others may still call notify
 * and stats. */
void http_server_stop(struct http_server *s, uint32_t grace_ms);
/* Stops if that was not done, and frees. Last: when the store that calls notify is closed. */
void http_server_free(struct http_server **s);

struct http_stats { /* since start, summed over the loops; for /metrics */
    uint64_t accepted, requests, refused_malformed, refused_limits, wakes;
    uint64_t by_class[6]; /* answers 1xx..5xx at [1]..[5] */
    uint32_t open, parked;
};
void http_server_stats(struct http_server *s, struct http_stats *out);
/* All hash threads are busy: people who sign in wait for each other. From any thread, until
 * http_server_free. */
bool http_server_crowded(const struct http_server *s);

#endif
