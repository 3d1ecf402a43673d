/*
 * host.h: "host", "host:port", "[v6]:port", as a Host header or the authority of a URL has them.
 *
 * Strict for the reasons that url.h gives: names of ASCII labels (letters, digits, '-' and '_', no
 * dot at the end), numbers only as a.b.c.d, IPv6 in brackets and without a zone, ports 1..65535
 * without leading zeros. Pure; nothing is allocated.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/str.h"

enum { HOST_LEN_MAX = 253 };

struct host {
    struct str name; /* as written, without brackets; a view into the input */
    bool ipv6;
    uint16_t port; /* 0 = none was given */
};

/* The whole of s, or false. */
bool host_parse(struct str s, struct host *out);
/* Is the name (as in struct host) this machine, whoever asks? localhost, 127.0.0.0/8, ::1. */
bool host_is_loopback(struct str name);

#endif
