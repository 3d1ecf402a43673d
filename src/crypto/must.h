/*
 * must.h: for calls into the crypto libraries that can only fail when the library is broken or
 * memory is gone. Like base/mem.h: one line and abort, so that no caller goes on with half a key.
 */
#ifndef CRYPTO_MUST_H
#define CRYPTO_MUST_H

#include "base/macros.h"

/* Aborts, naming `what`. */
NORETURN void must_abort(const char *what);

/* Aborts unless ok. */
static inline void must(bool ok, const char *what)
{
    if (!ok)
        must_abort(what);
}

/* Starts libsodium; cheap and safe to call again from every thread. */
void must_sodium(void);

#endif
