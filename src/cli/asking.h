/*
 * asking.h: the questions of a remote second factor (core/remote.h) on their way: a courier of
 * their own, so that people who wait stand behind no mail.
 */
#ifndef CLI_ASKING_H
#define CLI_ASKING_H

#include "cli/instance.h"

struct asking;

/* Only when second_factor names a remote service; otherwise as of sending.h. */
enum err asking_start(struct ctx *cx, struct instance *in, struct asking **out);
/* On the writer thread, after a COMMIT. a may be NULL. */
void asking_wake(struct asking *a, const uint64_t *topics, size_t count);
/* While the store still works. a may be NULL; twice is fine. */
void asking_stop(struct asking *a, int64_t grace_ms);
/* Behind the store, whose writer may still be waking it. */
void asking_free(struct asking **a);

#endif
