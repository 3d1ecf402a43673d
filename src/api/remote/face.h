/*
 * face.h: where a remote Authy service says what became of an approval request
 * (docs/remote-second-factor.md). Its signature is the only way in.
 */
#ifndef API_REMOTE_FACE_H
#define API_REMOTE_FACE_H

#include "http/route.h"

extern const struct face remote_face;

#endif
