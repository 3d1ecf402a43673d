/*
 * smpp_queue.h: the messages that an SMPP session has in its hands, in parts, and the requests that
 * wait for an answer. Belongs to the session's thread; knows no socket.
 *
 *   waiting (parts to send) --> flying (requests without an answer) --> given back to the courier
 *        ^__________________________/  throttled
 */
#ifndef CHANNEL_SMPP_QUEUE_H
#define CHANNEL_SMPP_QUEUE_H

#include "channel/carrier.h"
#include "channel/smpp_text.h"

struct smpp_job; /* one message; gone when it is given back */
struct smpp_flight;

struct smpp_queue {
    enum smpp_long how;
    uint16_t reference;            /* of the next text in parts */
    struct smpp_job *first, **end; /* waiting, in the order of sending */
    struct smpp_flight *oldest, *newest, *spare;
    unsigned flying;
};

void smpp_queue_init(struct smpp_queue *q, enum smpp_long how);
void smpp_queue_deinit(struct smpp_queue *q); /* empty by then */
/* Monotonic ms at which the oldest request left; INT64_MAX = there is none. */
int64_t smpp_queue_flies_since_ms(const struct smpp_queue *q);
/* When smpp_queue_return has something to do; INT64_MAX = never. */
int64_t smpp_queue_return_at_ms(const struct smpp_queue *q);

void smpp_queue_take(struct smpp_queue *q, struct errand *e, int64_t mono_ms);
/* The next request, all but the sender; text and number are the errand's. A message whose time is
 * over is given back instead. False: nothing waits. */
bool smpp_queue_next(struct smpp_queue *q, int64_t now_ms, struct smpp_submit *out);
/* The message of that request, which waits first. */
const struct parcel *smpp_queue_head(const struct smpp_queue *q);
/* That request has been written, or is not to be: its message is over, or to be tried again. */
void smpp_queue_flew(struct smpp_queue *q, uint32_t sequence, int64_t mono_ms);
void smpp_queue_drop(struct smpp_queue *q, enum outcome outcome, const char *why);

/* The message of a request that was answered; NULL: there is no such request, or its message was
 * given back meanwhile. One of the three below comes next. *out_part: 0, 1, … */
struct smpp_job *smpp_queue_answered(struct smpp_queue *q, uint32_t sequence, unsigned *out_part);
bool smpp_queue_flies(const struct smpp_queue *q, uint32_t sequence);
/* The carrier has the part and calls it id (empty: it does not say). Gives the outbox row's id. */
int64_t smpp_job_taken(struct smpp_queue *q, struct smpp_job *j, unsigned part, const char *id);
/* The part is to be sent again, before all others. */
void smpp_job_again(struct smpp_queue *q, struct smpp_job *j, unsigned part);
/* The message is over. */
void smpp_job_refused(struct smpp_queue *q, struct smpp_job *j, unsigned part, enum outcome outcome,
                      const char *why);

/* Requests that left before mono_ms are lost: the messages may arrive. */
void smpp_queue_lose(struct smpp_queue *q, int64_t before_ms, const char *why);
/* Messages that have waited for SMPP_HOLD_MS go back unsent; all: whatever waits. One that has left
 * in part stays for SMPP_BEGUN_HOLD_MS, since to begin anew is to send that part twice. */
enum { SMPP_HOLD_MS = 4000, SMPP_BEGUN_HOLD_MS = 60 * MS_PER_S };
void smpp_queue_return(struct smpp_queue *q, int64_t mono_ms, bool all, const char *why);

#endif
