/*
 * arena.h: memory of one request, job or command. Everything in it ends together.
 *
 * Memory is wiped before it is reused or returned, since codes and passwords pass through it. Out
 * of memory aborts (base/mem.h); input sizes are bounded long before that.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a);
/* Wipes and forgets all; keeps the first block for the next user. */
void arena_reset(struct arena *a);
/* n zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *a, size_t n);
#define ARENA_NEW(a, T)          ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, count) ((T *)arena_alloc((a), sizeof(T) * (count)))
/* A copy with a NUL behind it (not counted in n), so p also serves C interfaces. */
struct str arena_str(struct arena *a, struct str s);
/* The same with ASCII letters in lower case: how names and addresses are compared. */
struct str arena_lower(struct arena *a, struct str s);
struct bytes arena_bytes(struct arena *a, struct bytes b);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
