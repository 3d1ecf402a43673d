/*
 * face.h: the Authy dialect, in three families of paths:
 *
 *   /protected/{format}/…   users, tokens, phones, the application
 *   /onetouch/{format}/…    approval requests
 *   /dashboard/{format}/…   webhooks, by signed requests
 *
 * {format} is json or xml. docs/wire/authy.md is the wire; the rules are core's.
 */
#ifndef API_AUTHY_FACE_H
#define API_AUTHY_FACE_H

#include "http/route.h"

extern const struct face authy_face, authy_onetouch_face, authy_dashboard_face;

#endif
