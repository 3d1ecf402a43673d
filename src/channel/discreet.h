/*
 * discreet.h: what a carrier's server says about a message, made fit for logs, for the operator and
 * for the application. Servers quote what they were given: the number, the text with its code,
 * their own password. Pure but for cx->mem.
 */
#ifndef CHANNEL_DISCREET_H
#define CHANNEL_DISCREET_H

#include "channel/carrier.h"

enum { DISCREET_LEAST = 4 }; /* shorter ones stay: they are found in any text */

/* What we log in to the carrier with; an empty password: nothing. */
struct discreet_login {
    struct str user, password;
};

/* text with "(the code)" for p's code, "(the number)" for its number or "(the address)" for its
 * address, and so on, whatever the case, then cut to max bytes. The login's password is also found
 * as it stands in a URL and, behind the name, in HTTP's "Authorization: Basic". Give the whole
 * text: half a code at a cut is not known any more. */
struct str discreet(struct ctx *cx, struct str text, const struct parcel *p,
                    const struct discreet_login *login, size_t max);

#endif
