/*
 * egress.c: the special blocks of RFC 6890 and IANA's two registries, as a table.
 *
 * IPv6 is the other way round: all that is not yet given out (outside of 2000::/3) is refused.
 */
#include "channel/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { V4_BITS = 96, V4_AT = 12 }; /* where IPv4 begins in the common form */

static const uint8_t mapped[V4_AT] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96 */
static const uint8_t nat64[V4_AT] = {0x00, 0x64, 0xFF, 0x9B};    /* 64:ff9b::/96, RFC 6052 */

static const struct {
    uint8_t addr[4];
    uint8_t bits;
    const char *what;
} refused_v4[] = {
    {{0},            8,  "an address of this network" },
    {{10},           8,  "a private address"          },
    {{100, 64},      10, "a carrier's inner address"  },
    {{127},          8,  "a loopback address"         },
    {{169, 254},     16, "a link-local address"       },
    {{172, 16},      12, "a private address"          },
    {{192, 0, 0},    24, "a reserved address"         },
    {{192, 0, 2},    24, "an address of documentation"},
    {{192, 88, 99},  24, "a relay's address"          },
    {{192, 168},     16, "a private address"          },
    {{198, 18},      15, "an address of benchmarks"   },
    {{198, 51, 100}, 24, "an address of documentation"},
    {{203, 0, 113},  24, "an address of documentation"},
    {{224},          4,  "a multicast address"        },
    {{240},          4,  "a reserved address"         },
};

static const struct {
    uint8_t addr[16];
    uint8_t bits;
    const char *what;
} refused_v6[] = {
    {{[15] = 1},               128, "a loopback address"         },
    {{0xFC},                   7,   "a private address"          },
    {{0xFE, 0x80},             10,  "a link-local address"       },
    {{0xFF},                   8,   "a multicast address"        },
    {{0x20, 0x01},             23,  "a reserved address"         }, /* Teredo is in it */
    {{0x20, 0x01, 0x0D, 0xB8}, 32,  "an address of documentation"},
    {{0x20, 0x02},             16,  "a 6to4 address"             },
    {{0x3F, 0xFF},             20,  "an address of documentation"},
};
static const uint8_t global_unicast[16] = {0x20};
enum { GLOBAL_UNICAST_BITS = 3 };

static bool inside(const uint8_t *addr, const uint8_t *block, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xFF << (8 - rest));

    if (!str_eq(bytes_str((struct bytes){addr, whole}), bytes_str((struct bytes){block, whole})))
        return false;
    return rest == 0 || ((addr[whole] ^ block[whole]) & mask) == 0;
}

bool egress_block_parse(struct str text, struct egress_block *out)
{
    ptrdiff_t slash = str_find(text, '/');
    struct str host = slash == STR_NPOS ? text : str_sub(text, 0, (size_t)slash);
    bool v6 = str_find(host, ':') != STR_NPOS;
    struct egress_block b = {0};
    char z[INET6_ADDRSTRLEN];
    int64_t bits = v6 ? 128 : 32;

    if (host.n >= sizeof(z) || str_find(host, '\0') != STR_NPOS)
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    memcpy(b.addr, mapped, V4_AT);
    if (inet_pton(v6 ? AF_INET6 : AF_INET, z, v6 ? b.addr : b.addr + V4_AT) != 1)
        return false;
    if (slash != STR_NPOS && !str_to_i64(str_sub(text, (size_t)slash + 1, text.n), 0, bits, &bits))
        return false;
    b.bits = (uint8_t)(v6 ? bits : bits + V4_BITS);
    *out = b;
    return true;
}

bool egress_init(struct egress *e, const struct str *allowed, size_t count)
{
    *e = (struct egress){0};
    if (count > EGRESS_ALLOW_MAX)
        return false;
    for (; e->allow_count < count; e->allow_count++) {
        if (!egress_block_parse(allowed[e->allow_count], &e->allow[e->allow_count]))
            return false;
    }
    return true;
}

static const char *refusal_v4(const uint8_t *addr)
{
    EACH_ROW (row, refused_v4) {
        if (inside(addr, row->addr, row->bits))
            return row->what;
    }
    return NULL;
}

static const char *refusal(const uint8_t *addr)
{
    if (inside(addr, mapped, V4_BITS) || inside(addr, nat64, V4_BITS))
        return refusal_v4(addr + V4_AT);
    EACH_ROW (row, refused_v6) {
        if (inside(addr, row->addr, row->bits))
            return row->what;
    }
    return inside(addr, global_unicast, GLOBAL_UNICAST_BITS) ? NULL : "a reserved address";
}

const char *egress_refusal(const struct egress *e, const struct sockaddr *addr)
{
    uint8_t a[16];

    if (addr->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, addr, sizeof(in));
        memcpy(a, mapped, V4_AT);
        memcpy(a + V4_AT, &in.sin_addr, sizeof(in.sin_addr));
    } else if (addr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, addr, sizeof(in6));
        memcpy(a, &in6.sin6_addr, sizeof(a));
    } else {
        return "no internet address";
    }
    for (size_t i = 0; i < e->allow_count; i++) {
        if (inside(a, e->allow[i].addr, e->allow[i].bits))
            return NULL;
    }
    return refusal(a);
}
