/*
 * signals.h: signals belong to the main thread; every other thread is started with them held back.
 *
 * Faults are left alone: they mean the thread that made them, and a sanitizer can only say where it
 * happened if the signal gets through.
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>

/* Holds back all but faults in this thread and in those it starts from now on. */
void signals_hold(sigset_t *out_before);
void signals_restore(const sigset_t *before);

#endif
