/*
 * errors.h: the dialect's codes with status and text, and the object that carries them.
 */
#ifndef API_VERIFY_ERRORS_H
#define API_VERIFY_ERRORS_H

#include "http/route.h"

struct api_error {
    int code, status;
    const char *text;
};

/* The row of a code that we give; aborts on one that is not in the table. */
const struct api_error *api_error_find(int code);

/* The face's `error`. */
void api_error_page(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                    int status);

#endif
