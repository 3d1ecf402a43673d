/* addr.c: see addr.h. */
#include "http/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96 */
enum { MAPPED_BITS = 96, IPV6_BUCKET_LEN = 8 };

static struct addr from_ipv4(const void *four)
{
    struct addr a;

    memcpy(a.b, mapped, sizeof(mapped));
    memcpy(a.b + sizeof(mapped), four, 4);
    return a;
}

static bool is_ipv4(const struct addr *a)
{
    return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

struct addr addr_of(const struct sockaddr *sa)
{
    struct addr a = {0};

    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, sa, sizeof(v4));
        a = from_ipv4(&v4.sin_addr);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, sa, sizeof(v6));
        memcpy(a.b, &v6.sin6_addr, ADDR_LEN);
    }
    return a;
}

bool addr_parse(struct str s, struct addr *out)
{
    char text[ADDR_TEXT_LEN + 1];
    uint8_t four[4];
    struct addr a;

    if (s.n == 0 || s.n > ADDR_TEXT_LEN || str_find(s, '\0') != STR_NPOS)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (inet_pton(AF_INET, text, four) == 1)
        a = from_ipv4(four);
    else if (inet_pton(AF_INET6, text, a.b) != 1)
        return false;
    *out = a;
    return true;
}

void addr_text(const struct addr *a, char out[static ADDR_TEXT_LEN + 1])
{
    if (is_ipv4(a))
        inet_ntop(AF_INET, a->b + sizeof(mapped), out, ADDR_TEXT_LEN + 1);
    else
        inet_ntop(AF_INET6, a->b, out, ADDR_TEXT_LEN + 1);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
    return memcmp(a->b, b->b, ADDR_LEN) == 0;
}

/* The finalizer of MurmurHash3 (Appleby, public domain). */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 33) * 0xFF51AFD7ED558CCDu;
    v = (v ^ v >> 33) * 0xC4CEB9FE1A85EC53u;
    return v ^ v >> 33;
}

uint64_t addr_hash(const struct addr *a, uint64_t seed)
{
    uint64_t half[2];

    memcpy(half, a->b, ADDR_LEN);
    return mix(mix(half[0] ^ seed) + half[1]);
}

struct addr addr_bucket(const struct addr *a)
{
    struct addr bucket = *a;

    if (!is_ipv4(a))
        memset(bucket.b + IPV6_BUCKET_LEN, 0, ADDR_LEN - IPV6_BUCKET_LEN);
    return bucket;
}

bool addr_block_parse(struct str s, struct addr_block *out)
{
    ptrdiff_t slash = str_find(s, '/');
    struct addr first;
    unsigned before;
    int64_t bits;

    if (!addr_parse(slash == STR_NPOS ? s : str_sub(s, 0, (size_t)slash), &first))
        return false;
    before = is_ipv4(&first) ? MAPPED_BITS : 0;
    bits = 8 * ADDR_LEN - before;
    if (slash != STR_NPOS && !str_to_i64(str_sub(s, (size_t)slash + 1, s.n), 0, bits, &bits))
        return false;
    *out = (struct addr_block){first, before + (unsigned)bits};
    return true;
}

bool addr_block_has(const struct addr_block *block, const struct addr *a)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;

    if (memcmp(block->first.b, a->b, whole) != 0)
        return false;
    return rest == 0 || (block->first.b[whole] ^ a->b[whole]) >> (8 - rest) == 0;
}
