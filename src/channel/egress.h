/*
 * egress.h: which addresses we connect to when somebody else has named the host.
 *
 * Push endpoints and callback URLs come from clients, so a name may lead into the operator's own
 * network (attacks 65, 68). The question is put for the address of every single connection, behind
 * the resolver: a name that changes its mind gains nothing. Only public unicast addresses pass; the
 * operator's list comes first and may allow others. Pure.
 */
#ifndef CHANNEL_EGRESS_H
#define CHANNEL_EGRESS_H

#include "base/str.h"

#include <sys/socket.h>

enum { EGRESS_ALLOW_MAX = 64 };

struct egress_block { /* IPv4 stands behind ::ffff:0:0/96, so that there is one kind of address */
    uint8_t addr[16];
    uint8_t bits;
};

struct egress {
    struct egress_block allow[EGRESS_ALLOW_MAX];
    size_t allow_count;
};

/* "10.0.0.0/8", "fd00::/8" or one address. False when it is neither. */
bool egress_block_parse(struct str text, struct egress_block *out);
/* False: too many, or one is none. */
bool egress_init(struct egress *e, const struct str *allowed, size_t count);
/* NULL when we may connect there, else what kind of address it is: "a private address". */
const char *egress_refusal(const struct egress *e, const struct sockaddr *addr);

#endif
