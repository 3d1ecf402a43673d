/*
 * voice.h: calls that speak a code: a carrier (channel/carrier.h) with a thread of its own, which
 * starts, and loads its libraries, with the first call.
 *
 *   handed --> dialling --answer--> booking --on disk--> speaking --hang-up, end, cap--> over
 *                  |                                   | ^
 *                  '--busy, refused, ...--> over       '-asking: a key first, where it is wanted
 *
 * A call about a request (parcel.asked_id) is `typing` in place of `speaking`: it asks for digits
 * and hands what was typed to `decide`, whose word it says: typing --1--> deciding --> closing.
 *
 * Nothing is spoken before the answer is on disk: so a call that somebody has heard is never
 * repeated, whatever crashes.
 */
#ifndef CHANNEL_VOICE_H
#define CHANNEL_VOICE_H

#include "channel/carrier.h"
#include "channel/trunk.h"
#include "channel/typed.h"

struct voice_conf {
    struct trunk_conf trunk;
    unsigned calls_max;  /* at one time */
    unsigned ring_s;     /* until nobody answers */
    unsigned call_max_s; /* from the answer on */
    /* Decides what was typed (typed.h); called on the voice thread, must not wait. */
    enum err (*decide)(void *arg, struct typed *t);
    void *arg;
};

struct voice;
/* Copies conf; nothing is started or loaded. */
struct voice *voice_new(const struct voice_conf *conf);
/* Behind the courier, and while `decide` can still be called: it is not any more. May be NULL. */
void voice_close(struct voice *voice);
/* Behind whatever `decide` has begun. Ends the thread. */
void voice_free(struct voice **voice);
/* voice must outlive the courier. */
struct carrier voice_carrier(struct voice *voice);

#endif
