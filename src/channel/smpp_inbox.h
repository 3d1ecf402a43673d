/*
 * smpp_inbox.h: receipts on their way from an SMPP session to the store: one batch is filled while
 * the other is booked. The carrier is answered when its receipt is on the disk. All but
 * smpp_inbox_booked belongs to the session's thread.
 */
#ifndef CHANNEL_SMPP_INBOX_H
#define CHANNEL_SMPP_INBOX_H

#include "channel/smpp_text.h"

#include <stdatomic.h>

enum { SMPP_RECEIPTS_MAX = 128 }; /* of one batch */

struct smpp_fact {
    int64_t message_id;       /* the outbox row, 0 = only the carrier's name for it is known */
    char id[SMPP_ID_MAX + 1]; /* that name, as provider_id was */
    enum smpp_fate fate;
    char why[SMPP_WHY_MAX]; /* SMPP_UNDELIVERED */
};

struct smpp_name;
struct smpp_inbox {
    struct smpp_name *names; /* of messages that were taken lately */
    struct smpp_batch {
        size_t count;
        struct smpp_fact fact[SMPP_RECEIPTS_MAX];
        uint32_t sequence[SMPP_RECEIPTS_MAX];
        unsigned session[SMPP_RECEIPTS_MAX];
    } batch[2];
    unsigned filling;   /* the batch that receives; the other one is out */
    size_t out, told;   /* facts that are out, and those of them that smpp_inbox_settled has told */
    _Atomic int booked; /* those that are out: 0 = not yet, 1 = well, -1 = not */
};

void smpp_inbox_deinit(struct smpp_inbox *in);
/* The carrier calls the message of this outbox row id: so its receipt finds it before the answer is
 * booked. */
void smpp_inbox_remember(struct smpp_inbox *in, const char *id, int64_t message_id);
/* False: full. */
bool smpp_inbox_add(struct smpp_inbox *in, const struct smpp_receipt *r, unsigned session,
                    uint32_t sequence);
/* The batch that is to be booked now; 0: none, or one is out. Constant until smpp_inbox_booked,
 * which any thread may call, once. */
size_t smpp_inbox_next(struct smpp_inbox *in, const struct smpp_fact **out);
void smpp_inbox_booked(struct smpp_inbox *in, bool well);
bool smpp_inbox_busy(const struct smpp_inbox *in); /* a batch is out */

struct smpp_booking { /* what the carrier is to be told */
    bool well;
    unsigned session;
    uint32_t sequence;
};
/* One after the other of a batch that has come back; false: no more. */
bool smpp_inbox_settled(struct smpp_inbox *in, struct smpp_booking *out);

#endif
