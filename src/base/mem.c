/* mem.c: the one place that meets a NULL from malloc. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

NORETURN static void out_of_memory(void)
{
    static const char line[] = "level=error event=out_of_memory\n";
    ssize_t ignored = write(STDERR_FILENO, line, sizeof(line) - 1);

    (void)ignored;
    abort();
}

void *mem_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *mem_grow(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);

    if (!q)
        out_of_memory();
    return q;
}

void mem_free(void *p)
{
    free(p);
}

char *mem_strdup(const char *z)
{
    size_t n = strlen(z) + 1;

    return memcpy(mem_alloc(n), z, n);
}
