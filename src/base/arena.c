/*
 * arena.c: blocks in a list, bump allocation, wiped when released.
 */
#include "base/arena.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_SIZE = 8 * KIB, ALIGN = 16 };

struct block {
    struct block *next;
    size_t used, cap;
    _Alignas(ALIGN) uint8_t data[];
};

struct arena {
    struct block *first; /* newest first; the oldest stays through a reset */
};

static struct block *block_new(struct block *next, size_t cap)
{
    struct block *b = mem_alloc(sizeof(*b) + cap);

    b->next = next;
    b->cap = cap;
    return b;
}

static void block_wipe(struct block *b)
{
    explicit_bzero(b->data, b->used);
    b->used = 0;
}

struct arena *arena_new(void)
{
    struct arena *a = mem_alloc(sizeof(*a));

    a->first = block_new(NULL, BLOCK_SIZE);
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->first->next) {
        struct block *b = a->first;

        a->first = b->next;
        block_wipe(b);
        mem_free(b);
    }
    block_wipe(a->first);
}

void arena_free(struct arena **a)
{
    if (!*a)
        return;
    arena_reset(*a);
    mem_free((*a)->first);
    mem_free(*a);
    *a = NULL;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *b = a->first;
    void *p;

    if (need > b->cap - b->used) {
        b = block_new(b, MAX_OF(need, (size_t)BLOCK_SIZE));
        a->first = b;
    }
    p = b->data + b->used;
    b->used += need;
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        p[i] = char_lower(s.p[i]);
    return (struct str){p, s.n};
}

struct bytes arena_bytes(struct arena *a, struct bytes b)
{
    return str_bytes(arena_str(a, bytes_str(b)));
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *p;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}
