/*
 * face.h: the Verify v2 dialect: paths below /v2/, forms in, JSON out. docs/wire/verify.md says
 * what it does where the reference leaves a choice; docs/migrating-from-verify.md what it supports.
 */
#ifndef API_VERIFY_FACE_H
#define API_VERIFY_FACE_H

#include "http/route.h"

extern const struct face verify_face;

#endif
