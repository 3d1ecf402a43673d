/*
 * random.c: libsodium's generator, or in tests a counted sequence. The two flags are atomic, so
 * that a seeded test may still run threads.
 */
#include "crypto/random.h"
#include "crypto/must.h"

#include <sodium.h>
#include <stdatomic.h>

static _Atomic bool seeded;
static _Atomic uint64_t seed, calls;

void random_seed_for_test(uint64_t value)
{
    atomic_store(&seed, value);
    atomic_store(&calls, 0);
    atomic_store(&seeded, true);
}

void random_bytes(void *out, size_t n)
{
    unsigned char key[randombytes_SEEDBYTES] = {0};
    uint64_t parts[2];

    must_sodium();
    if (!atomic_load_explicit(&seeded, memory_order_relaxed)) {
        randombytes_buf(out, n);
        return;
    }
    parts[0] = atomic_load(&seed);
    parts[1] = atomic_fetch_add(&calls, 1);
    memcpy(key, parts, sizeof(parts));
    randombytes_buf_deterministic(out, n, key);
}

uint32_t random_below(uint32_t below)
{
    uint32_t v, least;

    if (below < 2)
        return 0;
    least = (UINT32_MAX - below + 1) % below; /* 2^32 mod below: as many values are refused */
    do
        random_bytes(&v, sizeof(v));
    while (v < least);
    return v % below;
}
