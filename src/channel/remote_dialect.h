/*
 * remote_dialect.h: what remote.c shares with its two dialects. Nobody else includes it.
 */
#ifndef CHANNEL_REMOTE_DIALECT_H
#define CHANNEL_REMOTE_DIALECT_H

#include "base/buf.h"
#include "channel/remote.h"
#include "channel/transfer.h"

#include <jansson.h>

struct remote {
    struct arena *mem; /* of all below */
    enum remote_dialect dialect;
    struct str url;  /* without a slash at its end */
    struct str auth; /* the whole header line; a secret */
    struct str key;  /* authy: callbacks are signed with it; a secret */
    struct str service;
};

/* "base/path", with each %s of `fmt` percent-encoded. A form's name=value pairs likewise. */
struct str remote_url(struct ctx *cx, const struct remote *r, const char *path, struct str a,
                      struct str b);
void remote_field(struct buf *form, const char *name, struct str value);
/* The request; an empty body makes a GET. */
enum err remote_request(struct ctx *cx, const struct remote *r, struct str url, struct str form,
                        struct transfer *t);

/* What an answer says: status, and its JSON object (NULL when it is none; borrowed). */
struct remote_answer {
    long status;
    json_t *json;
};
struct str remote_text(struct ctx *cx, const json_t *json, const char *key);

/* The dialects. load: ERR_INVALID when it cannot be asked. said: *ref may stay empty. */
enum err authy_load(struct ctx *cx, const struct remote *r, const struct remote_call *c,
                    struct transfer *t);
enum remote_said authy_said(struct ctx *cx, const struct remote_call *c,
                            const struct remote_answer *a, struct str *ref);
enum err verify_load(struct ctx *cx, const struct remote *r, const struct remote_call *c,
                     struct transfer *t);
enum remote_said verify_said(struct ctx *cx, const struct remote_call *c,
                             const struct remote_answer *a, struct str *ref);

#endif
