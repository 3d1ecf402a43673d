/*
 * answer.h: what challenge.c and answer.c share. Not for the faces.
 */
#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H

#include "core/challenge.h"

/* The columns in the order that every challenge query selects. */
enum err challenge_row(struct ctx *cx, const struct db_rows *r, struct challenge *out);

#endif
