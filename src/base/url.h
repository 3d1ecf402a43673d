/*
 * url.h: the one parser for absolute http and https URLs, and for the local paths of `next=`.
 *
 * Strict on purpose: two parsers that read one text differently are how redirects and callbacks get
 * away (attacks 65, 68, 75, 76). What is not plainly right is refused, never repaired, and what is
 * used afterwards is the text that the parser writes, not the one that came in.
 *
 * Grammar: RFC 3986, less: user info, fragments, an empty port, raw characters that must be
 * encoded,
 * "." and ".." segments, encoded control characters in the path, hosts outside of ASCII (write
 * punycode), IPv6 zones, and numbers as hosts in any form but a.b.c.d.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/arena.h"
#include "base/host.h"

enum {
    URL_LEN_MAX = 2048,      /* bytes of an absolute URL */
    URL_LOCAL_LEN_MAX = 512, /* bytes of a local path with its query */
};

struct url {
    bool https;
    bool ipv6;        /* host is an IPv6 address, without its brackets */
    uint16_t port;    /* the scheme's own when the text has none */
    struct str host;  /* lower case; addresses in canonical form */
    struct str path;  /* starts with '/'; still encoded, in one spelling (below) */
    struct str query; /* without '?', still encoded; p == NULL when there is none */
};

/* False when `in` is anything but one absolute URL. The views in *out live in mem. Encodings get
 * one spelling: "%7e" becomes "~" (unreserved characters need none), "%c3" becomes "%C3". */
bool url_parse(struct arena *mem, struct str in, struct url *out);
/* "https://host:8443/path?query", the port only when it is not the scheme's own. */
struct str url_text(struct arena *mem, const struct url *u);
/* "https://host:8443": what a browser sends as Origin. */
struct str url_origin(struct arena *mem, const struct url *u);

/* `in` as a place on this site, in one spelling, or "/" when it may lead elsewhere: it must start
 * with a single '/', have no empty, "." or ".." segment (one '/' at the end is fine), no backslash,
 * control character or fragment, no encoded '/', '\' or '%' in the path, and URL_LOCAL_LEN_MAX
 * bytes at most. */
struct str url_local_path(struct arena *mem, struct str in);

#endif
