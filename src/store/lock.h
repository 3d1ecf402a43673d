/*
 * lock.h: one process at a time in a data folder.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "base/ctx.h"

/* Locks DIR/store.lock and writes our pid into it. ERR_BUSY names the process that has it. *out_fd
 * holds the lock until it is closed, also when the process dies. */
enum err lock_take(struct ctx *cx, const char *dir, int *out_fd);

#endif
