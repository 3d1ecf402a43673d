/*
 * speech.h: text spoken by flite, as telephones carry it: 8,000 samples a second, 16 bits, one
 * channel. The voice speaks English; other languages are not written for it (language.h).
 *
 * flite is loaded with the first text. One thread at a time.
 */
#ifndef CHANNEL_SPEECH_H
#define CHANNEL_SPEECH_H

#include "base/ctx.h"

enum {
    SPEECH_RATE = 8000,     /* samples a second */
    SPEECH_MAX_S = 120,     /* longer texts are cut */
    SPEECH_TEXT_MAX = 2000, /* bytes */
};

struct speech { /* says secrets: wiped when it goes */
    int16_t *sample;
    size_t count, max;
};

void speech_deinit(struct speech *s);
/* Adds what text says. What is not ASCII is left out. ERR_INTERNAL: flite is not there, or failed.
 */
enum err speech_say(struct ctx *cx, struct speech *s, struct str text);
void speech_pause(struct speech *s, unsigned ms);

#endif
