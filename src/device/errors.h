/*
 * errors.h: the face's words for what did not work: {"error":{"code","message"}}.
 */
#ifndef DEVICE_ERRORS_H
#define DEVICE_ERRORS_H

#include "http/route.h"

/* The face's `error`. */
void device_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status);

#endif
