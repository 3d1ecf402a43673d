/*
 * message.h: from the facts of a message to its words, per channel and language. Pure but for
 * cx->mem.
 */
#ifndef CHANNEL_MESSAGE_H
#define CHANNEL_MESSAGE_H

#include "base/ctx.h"
#include "channel/wording.h"

struct message_in {
    struct str channel;       /* sms | voice | email | whatsapp | push */
    struct str template_name; /* code | confirm_sign_up | already_registered | reset_password |
                                 new_password | confirm_email | notice | pair_device */
    struct str service_name;
    struct str host;          /* of the pages: the "@host #code" line that phones read */
    struct str to;            /* number or address; its country may choose the language */
    struct str locale;        /* "de", "pt-BR"; empty: from the number's country, else English */
    struct str code, link;    /* secrets; empty where the template has none */
    struct str about;         /* code: what for, in the application's words */
    struct str amount, payee; /* code: the payment that it confirms */
    struct str app_hash; /* code by SMS: ends it, for Android's retriever, instead of the host */
    bool warn;           /* code by SMS: not without the warning, even if it takes a second part */
    struct str name;     /* the person's */
    struct str what;     /* notice: a sentence */
    struct str addr, user_agent;   /* notice: where from; the browser in words */
    int64_t at_ms;                 /* notice: when */
    const struct wording *wording; /* the operator's texts; NULL = none */
};

struct message {        /* lives in cx->mem */
    struct str subject; /* email */
    struct str text; /* sms: ends with "@host #code"; voice: what is spoken, in a language that has
                        a voice; email: plain part */
    struct str html; /* email */
    struct str language; /* "de": what it is written in, and the voice that can speak it */
};

/* ERR_INVALID: no such template for this channel. */
enum err message_render(struct ctx *cx, const struct message_in *in, struct message *out);

#endif
