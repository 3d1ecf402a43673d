/*
 * secret.h: keys, seeds and codes in memory. No printer exists for it; scope wipes it.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/str.h"

enum { SECRET_MAX = 64 };

struct secret {
    uint8_t b[SECRET_MAX];
    size_t n; /* bytes in use */
};

void secret_deinit(struct secret *s);
static inline struct bytes secret_bytes(const struct secret *s)
{
    return (struct bytes){s->b, s->n};
}

/* Time depends on the lengths only. */
bool ct_equal(struct bytes a, struct bytes b);
bool ct_equal_str(struct str a, struct str b);

#endif
