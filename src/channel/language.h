/*
 * language.h: the words of codes and invitations in each language we speak, and who is spoken to in
 * which.
 *
 * languages.def holds the words. In them {code}, {service}, {link} and {digits} stand for what a
 * message says. A new language is a new entry there; language_test.c then measures its SMS.
 */
#ifndef CHANNEL_LANGUAGE_H
#define CHANNEL_LANGUAGE_H

#include "base/str.h"

struct language {
    const char *tag;     /* BCP 47: "de", "zh-Hant" */
    const char *numbers; /* beginnings of the phone numbers that are spoken to so: "43 49" */
    bool right_to_left;
    bool spoken; /* there is a voice for it (speech.h); calls speak English otherwise */

    const char *sms;           /* {code} {service}; in GSM-7 if the language can be written so */
    const char *sms_short;     /* where `sms` would need a second part */
    const char *voice;         /* {service} {digits}, the digits twice */
    const char *voice_approve; /* {service} {what}: asks for keys; NULL where there is no voice */
    const char *digits;        /* the words for 0 to 9 */
    const char *pause;         /* between spoken digits */

    const char *mail_subject; /* {service}; never the code: subjects are logged */
    const char *mail_lead;    /* above the code */
    const char *mail_note;    /* below it */

    /* A link that pairs a phone: by SMS, in GSM-7 if the language can be written so, and by mail.
     */
    const char *pair_sms;                                           /* {service} {link} */
    const char *pair_subject, *pair_lead, *pair_button, *pair_note; /* {service} */
};

/* By locale ("de", "pt-BR", "zh_TW", any case), else by the country of a phone number in E.164,
 * else English. Either may be empty. */
const struct language *language_pick(struct str locale, struct str number);
/* The word of one digit. */
struct str language_digit(const struct language *l, char digit);

extern const struct language languages[];
extern const size_t language_count;

#endif
