/*
 * typed.h: what was typed in calls, on its way to whoever decides, and back. The voice thread
 * hands an answer over and goes on; it is decided elsewhere, even when its call is over meanwhile.
 */
#ifndef CHANNEL_TYPED_H
#define CHANNEL_TYPED_H

#include "base/ctx.h"
#include "channel/keypad.h"

enum typed_wish { TYPED_APPROVE, TYPED_DENY, TYPED_NOT_ME };
enum typed_reply { REPLY_NOT_NOW, REPLY_APPROVED, REPLY_DENIED, REPLY_WRONG, REPLY_LATE };

struct typed_queue;
struct typed {        /* holds a secret */
    int64_t asked_id; /* of the request */
    enum typed_wish wish;
    char digits[KEYPAD_DIGITS + 1]; /* TYPED_APPROVE */
    enum typed_reply reply;         /* set by whoever decides */
    void *line;                     /* the caller's; NULL: nobody waits for the reply any more */

    struct typed *next; /* typed.c's */
    struct typed_queue *all;
};

struct typed_ops {
    void *arg;
    /* Begins to decide; typed_decided is called later, from any thread. ERR_BUSY: not now. */
    enum err (*decide)(void *arg, struct typed *a);
    void *waker;
    void (*wake)(void *waker); /* a reply is there: typed_take */
};

struct typed_queue *typed_queue_new(const struct typed_ops *ops);
/* When nothing is being decided any more. */
void typed_queue_free(struct typed_queue **all);

/* Takes a copy; *out is good until its reply was taken. */
struct typed *typed_hand(struct typed_queue *all, const struct typed *a);
/* Those that could not be handed on because of ERR_BUSY: tries again. True: some are left. */
bool typed_hand_on(struct typed_queue *all);
/* From now on none is handed on: whoever decides is about to go. From any thread. */
void typed_close(struct typed_queue *all);

/* From any thread, once for each. */
void typed_decided(struct typed *a);
/* One that was decided, to be given to typed_free; NULL: none. */
struct typed *typed_take(struct typed_queue *all);
void typed_free(struct typed **a);

#endif
