/*
 * tally.h: how many connections there are, in all and per address. From any thread.
 */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include "http/addr.h"

struct tally;

/* At most max connections in all and per_addr_max of one address (IPv6 by /64); 0 = no limit. */
struct tally *tally_new(unsigned max, unsigned per_addr_max);
void tally_free(struct tally **t);
/* Counts a connection in, or refuses. With NULL for the address only the total counts. */
bool tally_enter(struct tally *t, const struct addr *a);
/* Counts out what tally_enter let in, with the same address. */
void tally_leave(struct tally *t, const struct addr *a);

#endif
