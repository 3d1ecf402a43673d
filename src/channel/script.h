/*
 * script.h: what a call says, spoken. The code or the question is the courier's text (message.h);
 * the sentences around it are here, in English: it is the one language that has a voice
 * (language.h).
 */
#ifndef CHANNEL_SCRIPT_H
#define CHANNEL_SCRIPT_H

#include "channel/carrier.h"
#include "channel/speech.h"

struct script {         /* says secrets: wiped when it goes */
    struct speech lead; /* asks for a key before anything else is said; empty: it does not */
    struct speech main;
    size_t once; /* samples of main until what matters has been said once */
};

/* *out is zero. ERR_INTERNAL as of speech_say. */
enum err script_write(struct ctx *cx, const struct parcel *p, struct script *out);
void script_deinit(struct script *s);

/* What is said to keys, and to none. */
enum script_words {
    SCRIPT_FULL,   /* six digits are in */
    SCRIPT_DENIED, /* a 9 */
    SCRIPT_APPROVED,
    SCRIPT_ENDED,  /* denied */
    SCRIPT_NOT_ME, /* denied, and the password is distrusted */
    SCRIPT_WRONG,  /* digits */
    SCRIPT_LATE,
    SCRIPT_NOT_NOW,
    SCRIPT_SILENCE, /* nobody has typed anything */
    SCRIPT_WORDS,
};
/* In place of what *out said. */
enum err script_say(struct ctx *cx, enum script_words words, struct speech *out);

#endif
