/*
 * face.h: the Authy dialect, in two families of paths:
 *
 *   /protected/{format}/…   users, tokens, phones, the application
 *   /onetouch/{format}/…    approval requests
 *
 * {format} is json or xml. docs/wire/authy.md is the wire; the rules are core's.
 */
#ifndef API_AUTHY_FACE_H
#define API_AUTHY_FACE_H

#include "http/route.h"

extern const struct face authy_face, authy_onetouch_face;

#endif
