/*
 * carrier.h: a message on its way, and a way to carry it. A carrier is a value: one for each
 * channel, made at start and given to the courier, which calls it on its own thread only. Most make
 * a request for libcurl (load, judge); one with a thread and a protocol of its own is handed the
 * message (hand, booked, room, stop).
 */
#ifndef CHANNEL_CARRIER_H
#define CHANNEL_CARRIER_H

#include "base/ctx.h"
#include "crypto/webpush.h"

struct transfer;
struct remote_call;

/* One outbox row, rendered. Holds secrets; lives as long as the attempt. */
struct parcel {
    int64_t id;         /* of the row: the same for each attempt */
    unsigned attempt;   /* 1 = the first */
    struct str channel; /* sms | voice | email | webpush | webhook | remote */
    struct str to;      /* number or address; webpush, webhook: URL, a push service's is a secret */
    int64_t to_id;      /* webpush: the device's factor, else 0 */
    struct str from_name; /* email: who writes */
    struct str subject, text, html, language;
    struct str code, link;    /* secrets in it, as they stand there; empty: none */
    struct str receipt_url;   /* sms: where the carrier may tell what became of it */
    struct webpush_keys keys; /* webpush */
    int64_t asked_id;         /* voice: the request that keys are to approve; 0 = a code is said */
    bool press_first; /* voice: the code is not for a voicemail box: a key is asked for before it */
    const char *method;    /* webhook: "POST", with text as body, or "GET" */
    struct str headers[4]; /* webhook: whole lines, its signature among them */
    size_t header_count;
    bool insists; /* webhook: an answer of 5xx or 429 is no answer: it is tried again */
    const struct remote_call *remote; /* remote: the question; nothing of the above */
    int64_t created_at_ms, expires_at_ms;
};

enum outcome {
    OUTCOME_SENT,   /* the carrier has taken it */
    OUTCOME_BEGUN,  /* a call was answered: booked as sent, so that no crash repeats it; the next
                       verdict says how it ended */
    OUTCOME_RETRY,  /* not now */
    OUTCOME_FAILED, /* never: what we sent or are is wrong */
    OUTCOME_GONE,   /* never: there is nobody at this address any more */
    OUTCOME_DEAD,   /* not sent, since its time or its purpose is over */
};

/* What came of one attempt. Texts live as long as the ctx that judged. */
struct verdict {
    enum outcome outcome;
    struct str why;         /* a sentence for the operator, without secrets; empty when sent */
    struct str provider_id; /* the carrier's name for it, if it gave one */
    struct str price;       /* and what it takes: "0.0333 EUR" */
    int64_t retry_after_ms; /* as the carrier asked, 0 = it did not */
    unsigned said;          /* remote: enum remote_said, and provider_id is its ref */
    bool lost;              /* the request had gone out, so it may arrive although nobody said so */
    bool recipients; /* with OUTCOME_RETRY: the trouble is the recipient's own (a busy line, a full
                        mailbox): others get their messages, and retry_after_ms is this one's */
    bool unsent; /* with OUTCOME_RETRY: nothing went out, for reasons that are not the message's */
};

/* A message in the hands of a carrier that has a thread of its own. */
struct errand {
    const struct parcel *parcel; /* constant until done is called */
    /* To be called once, from any thread; v is copied, and the carrier has no more to do with it.
     * After OUTCOME_BEGUN it is to be called again, but not before `booked` was. */
    void (*done)(struct errand *e, const struct verdict *v);
    struct errand *next; /* the carrier's */
};

struct carrier {
    struct str channel;
    unsigned parallel;  /* messages under way at one time; 0 = this channel has no carrier */
    const char *absent; /* then: the sentence why */
    void *self;
    /* Makes the request of p in t. An error means that it can never be sent; cx->why says why. */
    enum err (*load)(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t);
    /* When t has ended. */
    void (*judge)(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out);
    /* Or in place of both, for a carrier that has a thread of its own: takes the message over. It
     * gives it back in time for the courier's lease. */
    void (*hand)(void *self, struct errand *e);
    /* OUTCOME_BEGUN is on disk. Only for carriers that say so. */
    void (*booked)(void *self, struct errand *e);
    /* How many messages it wants to have now, `parallel` at most; who raises it wakes the courier.
     */
    unsigned (*room)(void *self);
    /* The courier is about to stop: what has not left yet comes back at once; cut: all of it. */
    void (*stop)(void *self, bool cut);
};

#endif
