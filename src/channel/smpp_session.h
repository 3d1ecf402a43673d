/*
 * smpp_session.h: the session itself: its states, what is said in them, and the time that each may
 * take. Belongs to the thread of smpp.c, which gives it messages and calls it when there is
 * something to do.
 *
 *   DOWN --back-off--> LINKING --> BINDING --> BOUND --> LEAVING (unbind) --> DOWN
 *     ^___________________|___________|__________|  lost or refused
 */
#ifndef CHANNEL_SMPP_SESSION_H
#define CHANNEL_SMPP_SESSION_H

#include "channel/smpp.h"
#include "channel/smpp_inbox.h"
#include "channel/smpp_link.h"
#include "channel/smpp_queue.h"

enum { SMPP_HOST_SHOWN_MAX = 80 };

enum smpp_state { SMPP_DOWN, SMPP_LINKING, SMPP_BINDING, SMPP_BOUND, SMPP_LEAVING };
enum smpp_halt { SMPP_HALT_NOT, SMPP_HALT_UNSENT, SMPP_HALT_ALL }; /* what is to be given back */

struct smpp_session {
    const struct smpp_conf *conf;
    enum smpp_halt halt;            /* set before a step */
    struct smpp_queue queue;        /* of messages: filled between steps */
    struct smpp_inbox inbox;        /* of receipts */
    char host[SMPP_HOST_SHOWN_MAX]; /* "host:port": for sentences */

    struct smpp_link *link;
    struct buf in, out;
    enum smpp_state state;
    int64_t step_at_ms; /* when it began; all times here are monotonic */
    int64_t open_at_ms; /* DOWN: when to try again */
    int64_t backoff_ms;
    int64_t heard_at_ms;    /* the last PDU */
    int64_t enquired_at_ms; /* an enquire_link without answer; 0 = none */
    char why[CTX_WHY_MAX];  /* why there is no session */
    unsigned session;       /* counts binds */
    uint32_t sequence;

    unsigned taken_now, taken_before; /* messages, in the present and the last piece of time */
    int64_t count_at_ms;              /* when the present one began */
    unsigned allowed;                 /* the window that throttling leaves */
    int64_t throttle_ms, quiet_until_ms;
    int64_t paced_until_us;
};

enum err smpp_session_init(struct ctx *cx, struct smpp_session *s, const struct smpp_conf *conf);
void smpp_session_deinit(struct smpp_session *s);

/* One round: whatever came, then whatever there is to do. */
void smpp_session_step(struct smpp_session *s, int64_t now_ms);
/* When the next round is due, if nothing comes. */
int64_t smpp_session_next_at_ms(const struct smpp_session *s, int64_t now_ms);
/* How many messages it wants to have. */
unsigned smpp_session_room(const struct smpp_session *s);
/* Unbinds. Called between steps until it is false: then all is said and booked. */
bool smpp_session_leave(struct smpp_session *s, int64_t now_ms);

#endif
