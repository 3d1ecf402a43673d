/*
 * remote.h: the client's side of a second factor that somebody else's server runs: what it is
 * asked, what its answers mean, in Authy's dialect or in Twilio Verify's. When to ask is
 * core/remote.h's.
 *
 * The operator has named the server, so the egress filter lets it be anywhere; TLS is verified. An
 * answer counts only when it says plainly what it must: whatever else comes back is no proof.
 */
#ifndef CHANNEL_REMOTE_H
#define CHANNEL_REMOTE_H

#include "channel/carrier.h"

enum { REMOTE_PARALLEL = 16, REMOTE_WHOLE_MS = 10000 };

enum remote_dialect { REMOTE_NONE, REMOTE_AUTHY, REMOTE_VERIFY };

enum remote_op {
    REMOTE_REGISTER, /* authy: the user of a number; ref of the answer is the user's id there */
    REMOTE_ASK,      /* authy: an approval request; ref is its uuid */
    REMOTE_POLL,     /* authy: what became of it */
    REMOTE_SMS,      /* a code by text message; verify: ref is the verification's SID */
    REMOTE_CALL,     /* the same by voice */
    REMOTE_CHECK,    /* whether a code is right */
    REMOTE_OPS,
};

enum remote_said {
    REMOTE_NOTHING, /* no answer, or none that can be read */
    REMOTE_REFUSED, /* it answered an error: our setting is wrong, or it does not do this */
    REMOTE_LIMITED, /* too often, says the server */
    REMOTE_NO_USER, /* it does not know this user */
    REMOTE_NO_APP,  /* REMOTE_ASK: the person has no app that could be asked */
    REMOTE_DONE,    /* registered, asked, sent */
    REMOTE_PENDING, /* REMOTE_POLL, as the next three */
    REMOTE_APPROVED,
    REMOTE_DENIED,
    REMOTE_EXPIRED, /* REMOTE_CHECK too: there is no such code any more */
    REMOTE_RIGHT,   /* REMOTE_CHECK, as the next two */
    REMOTE_WRONG,
    REMOTE_USED, /* was right before */
    REMOTE_SAYINGS,
};

/* One question. Which members are read is the operation's; those of the other dialect are ignored.
 */
struct remote_call {
    enum remote_op op;
    struct str user;                          /* authy: its id of the person */
    struct str ref;                           /* POLL: uuid; verify's CHECK: SID */
    struct str phone, calling_code, national; /* "+4915112345678", "49", "15112345678" */
    struct str email;
    struct str code;                             /* as typed: ASCII digits */
    struct str message, username, browser, addr; /* ASK: what the person is shown */
    struct str attempt;                          /* ASK: which sign-in it is, not shown */
    int64_t life_s;                              /* ASK */
};

struct remote;
struct remote_conf {
    enum remote_dialect dialect;
    struct str url;              /* "https://api.example.com" */
    struct str secret;           /* authy: the API key; verify: the account's token */
    struct str account, service; /* verify: "AC…", "VA…" */
};

/* ERR_INVALID: a setting is wrong. *out is the caller's. */
enum err remote_new(struct ctx *cx, const struct remote_conf *conf, struct remote **out);
void remote_free(struct remote **remote);
/* Borrows remote. Its channel is "remote"; parcels hold a struct remote_call. */
struct carrier remote_carrier(struct remote *remote);

/* ---- callbacks of approval requests (docs/wire/authy.md) ---- */

struct remote_callback {
    struct str uuid, user;
    bool approved; /* else denied */
};
/* Reads a callback whose signature is right for `url`, its own address as the server knows it.
 * ERR_DENIED: it is not; ERR_INVALID: it is, but says nothing of use (a test call). */
enum err remote_callback_read(struct ctx *cx, const struct remote *remote, struct str url,
                              struct str nonce, struct str signature, struct str body,
                              struct remote_callback *out);

#endif
