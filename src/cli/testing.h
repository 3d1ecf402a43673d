/*
 * testing.h: what demo mode lets tests of applications do: POST /test/clock {"offset_s": N} moves
 * the server's clock to N seconds beside the real one.
 */
#ifndef CLI_TESTING_H
#define CLI_TESTING_H

#include "http/route.h"

extern const struct face testing_face;

#endif
