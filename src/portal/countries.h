/*
 * countries.h: names and calling codes for the list beside a phone number.
 *
 * Names are those of common English use, in the order of the plain alphabet; codes are ITU-T E.164
 * country codes. Facts only: whether a number is right is the core's question (phone_check).
 */
#ifndef PORTAL_COUNTRIES_H
#define PORTAL_COUNTRIES_H

#include <stdbool.h>
#include <stddef.h>

struct country {
    const char *code; /* "49", without '+' */
    const char *name;
    bool main; /* of several countries that share a code: the one that is shown for it */
};

extern const struct country countries[];
extern const size_t country_count;

#endif
