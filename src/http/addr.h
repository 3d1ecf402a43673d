/*
 * addr.h: IP addresses as plain values. IPv4 is kept in its IPv6-mapped form, so there is one kind.
 */
#ifndef HTTP_ADDR_H
#define HTTP_ADDR_H

#include "base/str.h"

#include <sys/socket.h>

enum { ADDR_LEN = 16, ADDR_TEXT_LEN = 45 };

struct addr {
    uint8_t b[ADDR_LEN];
};

/* The address of an AF_INET or AF_INET6 peer; zeros for any other family. */
struct addr addr_of(const struct sockaddr *sa);
/* "192.0.2.7" or "2001:db8::7", nothing around it. */
bool addr_parse(struct str s, struct addr *out);
void addr_text(const struct addr *a, char out[static ADDR_TEXT_LEN + 1]);
bool addr_eq(const struct addr *a, const struct addr *b);
/* Spreads addresses over a table; with a random seed nobody can aim at one slot. */
uint64_t addr_hash(const struct addr *a, uint64_t seed);
/* What limits count by: IPv4 whole, IPv6 by its /64, since one customer has at least that. */
struct addr addr_bucket(const struct addr *a);

struct addr_block {
    struct addr first;
    unsigned bits; /* 0..128, counted in the mapped form */
};
/* "10.0.0.0/8", "2001:db8::/32", or an address alone. Bits behind the prefix are ignored. */
bool addr_block_parse(struct str s, struct addr_block *out);
bool addr_block_has(const struct addr_block *block, const struct addr *a);

#endif
