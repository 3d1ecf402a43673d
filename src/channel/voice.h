/*
 * voice.h: calls that speak a code: a carrier (channel/carrier.h) with a thread of its own, which
 * starts, and loads its libraries, with the first call.
 *
 *   handed --> dialling --answer--> booking --on disk--> speaking --hang-up, end, cap--> over
 *                  |                                   | ^
 *                  '--busy, refused, ...--> over       '-asking: a key first, where it is wanted
 *
 * Nothing is spoken before the answer is on disk: so a call that somebody has heard is never
 * repeated, whatever crashes.
 */
#ifndef CHANNEL_VOICE_H
#define CHANNEL_VOICE_H

#include "channel/carrier.h"
#include "channel/trunk.h"

struct voice_conf {
    struct trunk_conf trunk;
    unsigned calls_max;  /* at one time */
    unsigned ring_s;     /* until nobody answers */
    unsigned call_max_s; /* from the answer on */
};

struct voice;
/* Copies conf; nothing is started or loaded. */
struct voice *voice_new(const struct voice_conf *conf);
/* Behind the courier. Ends the thread. */
void voice_free(struct voice **voice);
/* voice must outlive the courier. */
struct carrier voice_carrier(struct voice *voice);

#endif
