/*
 * random.h: unpredictable bytes, from the operating system's generator through libsodium
 * (getrandom). There is no other source of randomness in the program. Safe in every thread.
 */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "base/macros.h"

#include <stdint.h>

void random_bytes(void *out, size_t n);
/* Uniform in [0, below); 0 when below is 0 or 1. Without modulo bias: rejects what does not divide.
 */
uint32_t random_below(uint32_t below);

/* From here on the whole process gets a reproducible sequence (ChaCha20 keyed by seed and a
 * counter). Tests only: random_test.c fails when another source file names it. */
void random_seed_for_test(uint64_t seed);

#endif
