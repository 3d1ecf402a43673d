/*
 * call.h: one telephone call: placed, answered, spoken into, listened to for keys, ended.
 * Everything happens on the voice thread.
 *
 * Sound is G.711 in frames of 20 ms against an absolute clock, under SRTP with keys in the SDP
 * (RFC 4568) as the trunk's settings ask. Keys are RFC 4733 events, from the address that the
 * answer named only, or SIP INFO inside the dialog, whichever comes first. No redirect, no transfer
 * and no early sound is taken.
 */
#ifndef CHANNEL_CALL_H
#define CHANNEL_CALL_H

#include "channel/speech.h"
#include "channel/trunk.h"

enum call_end {
    CALL_REFUSED,    /* the server said so: status */
    CALL_UNREACHED,  /* no word from the server: error */
    CALL_NO_ANSWER,  /* it rang long enough */
    CALL_REDIRECTED, /* the server named another place, which is not called */
    CALL_UNUSABLE,   /* answered, but without a sound or a key that both know */
    CALL_HUNG_UP,    /* by the one called, after the answer */
};

struct call_over {
    enum call_end end;
    unsigned status; /* SIP: 486 */
    int error;       /* errno */
};

/* What happens; arg is the caller's. */
struct call_events {
    void (*answered)(void *arg, struct str call_id);
    void (*said)(void *arg);          /* the end of what call_say was given */
    void (*key)(void *arg, char key); /* 0 to 9, *, #, A to D */
    /* It is over, by itself; nothing else is called after this. Not called for call_free. */
    void (*over)(void *arg, const struct call_over *how);
};

struct call_conf {
    struct str number; /* E.164: "+4915112345678" */
    unsigned ring_s;   /* gives up when nobody has answered within this time */
    bool keys_prove; /* what is typed decides: without SRTP, only while all sound has one source */
    const struct call_events *events;
    void *arg;
};

struct call;
/* Starts to call. ERR_INVALID: not a number; ERR_INTERNAL. */
enum err call_place(struct ctx *cx, struct trunk *trunk, const struct call_conf *conf,
                    struct call **out);
/* After `answered`: speaks from the start of s (borrowed), in place of what is being said. */
void call_say(struct call *call, const struct speech *s);
/* Samples of it that have been said. */
size_t call_said(const struct call *call);
/* True when head, of an answer that redirects, is about this call: it will be over. */
bool call_redirected(struct call *call, struct str head);
/* Hangs up, or stops calling. Not from within `key`. */
void call_free(struct call **call);

#endif
