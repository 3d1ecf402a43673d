/* signals.c: see signals.h. */
#include "base/signals.h"
#include "base/macros.h"

#include <pthread.h>

void signals_hold(sigset_t *out_before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t held;

    sigfillset(&held);
    EACH_ROW (fault, faults) {
        sigdelset(&held, *fault);
    }
    pthread_sigmask(SIG_SETMASK, &held, out_before);
}

void signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}
