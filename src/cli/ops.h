/*
 * ops.h: the face for whoever watches the server: is it alive, does it take work, how much.
 */
#ifndef CLI_OPS_H
#define CLI_OPS_H

#include "http/route.h"

extern const struct face ops_face;

#endif
