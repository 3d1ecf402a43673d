/*
 * errors.h: the face's words for what did not work, as pages and as JSON:
 * {"error":{"code","message","fields"?}}.
 */
#ifndef PORTAL_ERRORS_H
#define PORTAL_ERRORS_H

#include "http/route.h"

/* The face's `error`. Always on the loop, so drawing a form again costs the writer nothing. */
void portal_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status);

#endif
