/*
 * smpp.h: SMS to a carrier by SMPP 3.4: one transceiver session, on a thread of its own.
 *
 * The courier hands messages over (carrier.h) and gets each back with a verdict. At most `window`
 * requests wait for their answers. Right before a request is written it is asked whether anybody
 * still wants it: a code that was used while its message waited for room is not sent. A message
 * that cannot leave within four seconds goes back, so that it may take another way.
 * When the connection is lost with requests unanswered, those messages go back as lost: they may
 * arrive. Receipts go to the store in batches, and the carrier is answered when they are on the
 * disk.
 */
#ifndef CHANNEL_SMPP_H
#define CHANNEL_SMPP_H

#include "channel/carrier.h"
#include "channel/smpp_inbox.h"

enum {
    SMPP_PARALLEL = 512,    /* messages in our hands */
    SMPP_PARALLEL_DOWN = 8, /* the same while there is no session: enough to see how they fare */
    SMPP_ANSWER_MS = 30000, /* a request unanswered for so long is lost */
    SMPP_STEP_MS = 10000,   /* connecting, bind, an enquire_link's answer */
    SMPP_UNBIND_MS = 1000,  /* how long we wait for its answer */
};

struct smpp;
struct smpp_ops { /* all are called on the session's thread */
    void *arg;
    /* Starts to book facts; smpp_booked follows, from any thread. ERR_BUSY: not now, it does not.
     */
    enum err (*book)(void *arg, const struct smpp_fact *facts, size_t count);
    /* Whether p is still to be sent. ERR_EXPIRED: nobody needs it any more, why says the reason;
     * others: that cannot be said now. */
    enum err (*ask)(void *arg, const struct parcel *p, char why[static CTX_WHY_MAX]);
    /* For the log: the session is there; it is not, and why. */
    void (*bound)(void *arg, const char *host);
    void (*lost)(void *arg, const char *why);
    /* There is room for more messages. */
    void (*wake)(void *arg);
};

struct smpp_conf {
    struct str host;
    uint16_t port;
    bool tls;
    struct str ca_file; /* PEM: authorities beside the system's; empty = none */
    struct str system_id, password, system_type;
    struct smpp_address from;
    unsigned window;
    unsigned rate; /* requests in a second, 0 = as many as it takes */
    unsigned enquire_s;
    enum smpp_long how;
    enum smpp_ids ids;
    struct smpp_ops ops;
};

/* ERR_INVALID: a setting is too long. *out is the caller's. */
enum err smpp_new(struct ctx *cx, const struct smpp_conf *conf, struct smpp **out);
/* Starts the thread, which binds. */
enum err smpp_run(struct ctx *cx, struct smpp *smpp);
/* Behind the courier: unbinds, waits for a batch that is being booked, ends the thread. smpp may be
 * NULL; twice is fine. */
void smpp_stop(struct smpp *smpp);
/* Stopped, or never run. */
void smpp_free(struct smpp **smpp);
/* Borrows smpp. */
struct carrier smpp_carrier(struct smpp *smpp);
/* The batch is booked, or could not be. From any thread. */
void smpp_booked(struct smpp *smpp, bool well);

#endif
