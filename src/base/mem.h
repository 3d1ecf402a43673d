/*
 * mem.h: allocation that cannot fail: out of memory prints one line and aborts, here and nowhere
 * else.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/macros.h"

void *mem_alloc(size_t n); /* zeroed */
void *mem_grow(void *p, size_t n);
void mem_free(void *p);
char *mem_strdup(const char *z);

#endif
