/*
 * invite.h: the message that leads an application's user to the authenticator.
 */
#ifndef CORE_INVITE_H
#define CORE_INVITE_H

#include "core/identity.h"

enum invite_way {
    INVITE_BY_SMS,   /* the link lives ten minutes */
    INVITE_BY_EMAIL, /* a day: mail waits to be read (SP 800-63B-4, 4.2) */
};

enum { INVITE_MAIL_EVERY_S = 30 * 86400 }; /* to one user, until a device is paired */

/* Sends a pairing link, in the language of the user's number. Nothing is sent
 * to somebody who has a device or no such address, in test mode, or when the destination's budget
 * is used up: the user exists all the same. */
enum err invite_send(struct ctx *cx, struct db *db, const struct identity *i, enum invite_way way);

#endif
