/*
 * sending.h: the courier wired to this installation: carriers from the settings, work from the
 * store, results into the store and the log.
 */
#ifndef CLI_SENDING_H
#define CLI_SENDING_H

#include "cli/instance.h"

struct sending;

/* Before the first request is served: loads what the settings name, takes up what an earlier run
 * left behind. *out is the caller's. ERR_INVALID: a setting is wrong. */
enum err sending_open(struct ctx *cx, struct instance *in, struct sending **out);
/* Starts the threads, when it is known where links lead (instance_set_url). */
enum err sending_start(struct ctx *cx, struct sending *s);
/* On the writer thread, after a COMMIT. s may be NULL. */
void sending_wake(struct sending *s, const uint64_t *topics, size_t count);
/* The clock was moved: what is due may be another thing. s may be NULL. */
void sending_look(struct sending *s);
/* While the store still works; then wakes are ignored. s may be NULL; twice is fine. */
void sending_stop(struct sending *s, int64_t grace_ms);
/* Behind the store, whose writer may still be waking it. */
void sending_free(struct sending **s);

#endif
