/*
 * face.h: the face for authenticators: pairing, and what a paired device asks and answers. The wire
 * is docs/wire/device.md.
 *
 * A device speaks JSON and signs every request. Signatures are verified on the loop, before the
 * transaction; inside of it the device is looked up again and the nonce is used up, which is why
 * every signed route is a WRITE, the reading ones too.
 */
#ifndef DEVICE_FACE_H
#define DEVICE_FACE_H

#include "http/route.h"

extern const struct face device_face;

#endif
