/*
 * face.h: where SMS carriers say what became of a message. Each message has an address of its own
 * that nobody can guess; docs/operating.md says what is sent there.
 */
#ifndef API_RECEIPT_FACE_H
#define API_RECEIPT_FACE_H

#include "http/route.h"

extern const struct face receipt_face;

#endif
