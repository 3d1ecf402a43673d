/*
 * test_number.h: numbers and addresses of an application that nothing is sent to, and whose code is
 * as many zeros as it has digits: for whoever tests or reviews the application while it serves its
 * real users. test_mode (service.h) does the same for all numbers.
 */
#ifndef CORE_TEST_NUMBER_H
#define CORE_TEST_NUMBER_H

#include "core/service.h"

enum { TEST_NUMBERS_MAX = 100 };

/* Replaces the list: numbers in E.164 and addresses, separated by blanks. ERR_INVALID: one is
 * neither, or there are too many. ERR_CONFLICT: the portal's own people cannot have any. */
enum err test_numbers_set(struct ctx *cx, struct db *db, const struct service *s, struct str list);
/* In that form. */
enum err test_numbers_get(struct ctx *cx, struct db *db, const struct service *s, struct str *out);
/* Sets s->test_mode, in this copy, if the target is one of them. */
enum err test_number_look(struct ctx *cx, struct db *db, struct service *s, struct str target);

#endif
