/* host.c: see host.h. */
#include "base/host.h"

#include <arpa/inet.h>

enum { LABEL_LEN_MAX = 63 };

/* inet_pton, which takes numbers without leading zeros and nothing behind them, for a view. */
static bool is_address(int family, struct str s, void *out)
{
    char z[INET6_ADDRSTRLEN];

    if (s.n == 0 || s.n >= sizeof(z) || str_find(s, '\0') != STR_NPOS)
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return inet_pton(family, z, out) == 1;
}

static bool is_label(struct str label)
{
    if (label.n == 0 || label.n > LABEL_LEN_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    return str_all_alnum(label, "-_"); /* _: names of containers */
}

/* Would some parser take this last label, and with it the whole host, for a number? */
static bool is_numeric(struct str label)
{
    return label.p[0] >= '0' && label.p[0] <= '9' &&
           (str_all_digits(label) || (label.n > 1 && (label.p[1] == 'x' || label.p[1] == 'X')));
}

static bool is_name(struct str s)
{
    struct str rest = s, label = STR_NONE;
    struct in_addr v4;

    if (s.n == 0 || s.n > HOST_LEN_MAX)
        return false;
    while (str_split(&rest, '.', &label)) {
        if (!is_label(label))
            return false;
    }
    return !is_numeric(label) || is_address(AF_INET, s, &v4);
}

bool host_parse(struct str s, struct host *out)
{
    ptrdiff_t end = str_starts(s, STR("[")) ? str_find(s, ']') : STR_NPOS;
    struct host h = {.ipv6 = end != STR_NPOS};
    struct in6_addr v6;
    struct str rest;
    int64_t port;

    if (h.ipv6) {
        h.name = str_sub(s, 1, (size_t)end - 1);
        rest = str_sub(s, (size_t)end + 1, s.n);
    } else {
        end = str_find(s, ':');
        h.name = end == STR_NPOS ? s : str_sub(s, 0, (size_t)end);
        rest = str_sub(s, h.name.n, s.n);
    }
    if (!(h.ipv6 ? is_address(AF_INET6, h.name, &v6) : is_name(h.name)))
        return false;
    if (rest.n > 0) {
        struct str digits = str_sub(rest, 1, rest.n);

        if (rest.p[0] != ':' || digits.n == 0 || digits.p[0] == '0' ||
            !str_to_i64(digits, 1, UINT16_MAX, &port))
            return false;
        h.port = (uint16_t)port;
    }
    *out = h;
    return true;
}

bool host_is_loopback(struct str name)
{
    struct in6_addr v6;
    uint8_t v4[4];

    if (is_address(AF_INET, name, v4))
        return v4[0] == 127;
    if (is_address(AF_INET6, name, &v6))
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return str_eq_nocase(name, STR("localhost"));
}
