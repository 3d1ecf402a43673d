/* must.c: see must.h. */
#include "crypto/must.h"

#include <sodium.h>
#include <unistd.h>

NORETURN void must_abort(const char *what)
{
    char line[128];
    int n = snprintf(line, sizeof(line), "level=error event=crypto_broken call=%s\n", what);
    ssize_t ignored = write(STDERR_FILENO, line, n > 0 ? MIN_OF((size_t)n, sizeof(line) - 1) : 0);

    (void)ignored;
    abort();
}

void must_sodium(void)
{
    must(sodium_init() >= 0, "sodium_init");
}
