/*
 * invite.h: the message that leads an application's user to the authenticator.
 */
#ifndef CORE_INVITE_H
#define CORE_INVITE_H

#include "core/identity.h"

/* Sends a pairing link by text message. Nothing is sent to somebody who has a device, in test mode,
 * or when the destination's budget is used up: the user exists all the same. */
enum err invite_by_sms(struct ctx *cx, struct db *db, const struct identity *i);

#endif
