/*
 * transfer.h: one request through libcurl, with every dangerous default turned off: no redirects,
 * no proxies or passwords from the environment, TLS 1.2 and a verified certificate, a time and a
 * size for everything, and the egress filter on the address that is really connected to.
 *
 * Requests are made by carriers and driven by the courier, all on one thread.
 */
#ifndef CHANNEL_TRANSFER_H
#define CHANNEL_TRANSFER_H

#include "channel/curl.h"

enum {
    TRANSFER_CONNECT_MS = 10000,
    TRANSFER_WHOLE_MS = 30000, /* from the first look-up to the last byte of the answer */
    TRANSFER_ANSWER_MAX = 16 * 1024,
};

/* The operator's rules, the same for every transfer. */
struct transfer_rules;
struct transfer_conf {
    const struct str *egress_allow; /* blocks that may be connected to beside public addresses */
    size_t egress_allow_count;
    struct str ca_file; /* PEM: authorities beside the system's; empty = none */
    struct str
        connect_to;   /* "host:port:to-host:to-port", several with commas between; empty = none */
    int64_t whole_ms; /* the most that any may take; 0 = TRANSFER_WHOLE_MS */
};
/* ERR_INVALID: a setting is wrong. */
enum err transfer_rules_new(struct ctx *cx, const struct transfer_conf *conf,
                            struct transfer_rules **out);
void transfer_rules_free(struct transfer_rules **rules);

struct transfer_http {
    const char *method; /* "POST" */
    struct str url;
    const struct str *headers; /* "TTL: 60", without line ends */
    size_t header_count;
    struct bytes body; /* copied */
    int64_t whole_ms;  /* at most the operator's */
    /* The same request may be made twice. libcurl does so by itself when a connection that it has
     * used before closes without an answer; otherwise that counts as a lost answer. */
    bool repeatable;
    bool trusted;  /* the operator has named the host: http: too, and no egress filter */
    bool callback; /* to an application: http: too, and HTTP/1.1, since some look headers up by case
                    */
};

enum transfer_tls {
    TLS_UPGRADE, /* STARTTLS or nothing */
    TLS_AT_ONCE,
    TLS_NONE, /* the operator has said so */
};

struct transfer_mail {
    enum transfer_tls tls;
    struct str host;           /* the operator's mail server, as in "mail.example.com:587" */
    struct str helo;           /* who we say we are: a domain */
    struct str user, password; /* empty: no AUTH */
    struct str ca_file;        /* authorities beside the system's; empty = none */
    struct str from, to;       /* bare addresses */
    const struct str *headers; /* "Subject: ...", without line ends */
    size_t header_count;
    struct str text, html; /* either may be empty; line ends are LF or CRLF */
    int64_t whole_ms;
};

/* How it ended. */
struct transfer_end {
    long status;     /* HTTP status or SMTP code; 0: no answer came */
    bool complete;   /* the whole answer is there */
    bool lost;       /* the request went out and no answer came back */
    bool refused;    /* by the egress filter: nothing went out */
    struct str why;  /* no (whole) answer: what was wrong, with the host's name and no secret */
    struct str body; /* of the answer, its first TRANSFER_ANSWER_MAX bytes */
    struct str location;
    struct str reply;       /* SMTP: the last line that the server said, behind its code */
    int64_t retry_after_ms; /* RETRY_MOST_MS at most; 0 = not said */
};

/* Used for one request after the other; curl_load comes before the first. */
struct transfer *transfer_new(const struct transfer_rules *rules);
void transfer_free(struct transfer **t);
/* Prepares an https request to a host that somebody else has named; url was written by url_text. */
enum err transfer_http(struct ctx *cx, struct transfer *t, const struct transfer_http *in);
/* Prepares a mail of two alternatives, quoted-printable. */
enum err transfer_mail(struct ctx *cx, struct transfer *t, const struct transfer_mail *in);
/* For the courier: libcurl's handle, and the end (result as CURLMSG_DONE gives it, or
 * CURLE_ABORTED_BY_CALLBACK for one that was cut off). */
CURL *transfer_handle(const struct transfer *t);
void transfer_ended(struct transfer *t, CURLcode result);
/* Lives until the next request. */
const struct transfer_end *transfer_end(const struct transfer *t);
/* "push.example.com:8443": for sentences about it. */
struct str transfer_host(const struct transfer *t);

#endif
