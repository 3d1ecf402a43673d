/* must.c: see must.h. */
#include "crypto/must.h"

#include <sodium.h>
#include <unistd.h>

void must(bool ok, const char *what)
{
    char line[128];
    ssize_t ignored;
    int n;

    if (ok)
        return;
    n = snprintf(line, sizeof(line), "level=error event=crypto_broken call=%s\n", what);
    ignored = write(STDERR_FILENO, line, n > 0 ? MIN_OF((size_t)n, sizeof(line) - 1) : 0);
    (void)ignored;
    abort();
}

void must_sodium(void)
{
    must(sodium_init() >= 0, "sodium_init");
}
