/*
 * discreet.h: what a carrier's server says about a message, made fit for logs, for the operator and
 * for the application. Servers quote what they were given: the number, the text with its code,
 * their own password. Pure but for cx->mem.
 */
#ifndef CHANNEL_DISCREET_H
#define CHANNEL_DISCREET_H

#include "channel/carrier.h"

enum { DISCREET_LEAST = 4 }; /* shorter ones stay: they are found in any text */

/* text with "(the code)" for p's code, "(the number)" for its number or "(the address)" for its
 * address, and so on, whatever the case, then cut to max bytes. password: the carrier's, "" = none;
 * also as it stands in a URL. Give the whole text: half a code at a cut is not known any more. */
struct str discreet(struct ctx *cx, struct str text, const struct parcel *p, struct str password,
                    size_t max);

#endif
