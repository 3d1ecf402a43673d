/* secret.c: see secret.h. */
#include "base/secret.h"

#include <string.h>

void secret_deinit(struct secret *s)
{
    explicit_bzero(s, sizeof(*s));
}

/* Written out rather than CRYPTO_memcmp, so that base/ needs no library; the volatile keeps the
 * loop. */
bool ct_equal(struct bytes a, struct bytes b)
{
    volatile uint8_t differ = 0;

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        differ = (uint8_t)(differ | (a.p[i] ^ b.p[i]));
    return differ == 0;
}

bool ct_equal_str(struct str a, struct str b)
{
    return ct_equal(str_bytes(a), str_bytes(b));
}
