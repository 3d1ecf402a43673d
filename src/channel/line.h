/*
 * line.h: one call as the courier wants it: dialled, answered, talking, over. It gives its errand
 * back by itself (carrier.h). Everything happens on the voice thread, whose lines these are.
 */
#ifndef CHANNEL_LINE_H
#define CHANNEL_LINE_H

#include "channel/libre.h"
#include "channel/typed.h"
#include "channel/voice.h"

struct line;
struct lines {
    const struct voice_conf *conf;
    struct line *first;
    int64_t used_ms;           /* monotonic: when the last one ended */
    struct typed_queue *typed; /* what keys said, to be decided */
    struct tmr hand_on;
};

/* Calls, over a trunk that outlives all lines. */
void line_begin(struct lines *all, struct trunk *trunk, struct errand *errand);
/* OUTCOME_BEGUN of this errand is on disk. */
void lines_booked(struct lines *all, const struct errand *errand);
/* head, of an answer that redirects, is about one of them. */
void lines_redirected(struct lines *all, struct str head);
/* Something that was typed has been decided. */
void lines_decided(struct lines *all);
/* All are over now: the server stops. */
void lines_cut_off(struct lines *all);
/* Without a word to anybody. */
void lines_free(struct lines *all);

#endif
