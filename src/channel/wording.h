/*
 * wording.h: the operator's own texts over the built-in ones. A folder has a file for each language
 * that is worded anew, named by its tag ("de.txt"); a line of it says one text:
 *
 *     # what people in German read when they ask for a code
 *     sms = {code} ist Ihr Code bei {service}.
 *     mail_subject = Ihr Code bei {service}
 *
 * The names are those of struct language but digits and pause, and in en.txt also voice_approve and
 * LETTER_subject, LETTER_lead, LETTER_button and LETTER_note of the letters that exist in English
 * only: confirm_sign_up, already_registered, reset_password, new_password, confirm_email, notice.
 * What a text must and may name in braces is checked when it is read. HTML is made from the texts
 * and escapes them.
 *
 * Never changes once it is loaded: any thread may read it.
 */
#ifndef CHANNEL_WORDING_H
#define CHANNEL_WORDING_H

#include "base/buf.h"
#include "base/ctx.h"
#include "channel/language.h"

enum letter_kind { /* in the order of message.c's table */
                   LETTER_CONFIRM_SIGN_UP,
                   LETTER_ALREADY_REGISTERED,
                   LETTER_RESET_PASSWORD,
                   LETTER_NEW_PASSWORD,
                   LETTER_CONFIRM_EMAIL,
                   LETTER_NOTICE,
                   LETTER_KINDS,
};

struct letter_words { /* NULL: the built-in one */
    const char *subject, *lead, *button, *note;
};

struct wording_conf {
    struct str dir;           /* empty: no texts of the operator's */
    struct str service, host; /* what SMS are measured with: a name and the pages' host */
};

struct wording;

/* Lines "FILE:LINE:COLUMN: sentence" are added to *problems, and to *warnings what works but costs
 * more. ERR_INVALID: there are problems. *out is the caller's. */
enum err wording_load(struct ctx *cx, const struct wording_conf *conf, struct buf *problems,
                      struct buf *warnings, struct wording **out);
void wording_free(struct wording **w);

/* The same language with the operator's texts in it. w may be NULL. */
const struct language *wording_language(const struct wording *w, const struct language *l);
const struct letter_words *wording_letter(const struct wording *w, enum letter_kind kind);

#endif
