/*
 * hashpool.h: few threads for work that takes milliseconds and memory: Argon2id. Its short queue is
 * the flood limit: beyond it the answer is 503 (attack 80).
 */
#ifndef HTTP_HASHPOOL_H
#define HTTP_HASHPOOL_H

#include "http/server.h"

struct hashpool;

struct hash_job { /* embedded in the request; the submitter's again once run was called */
    struct hash_job *next;
    void (*run)(struct hash_job *job, struct db *db); /* on a pool thread, with its handle */
};

/* *jobs counts those that wait or run, and outlives the pool. */
enum err hashpool_new(struct ctx *cx, const struct backend *backend, unsigned threads,
                      unsigned queue_max, _Atomic unsigned *jobs, struct hashpool **out);
/* Runs what is queued, then joins. */
void hashpool_free(struct hashpool **pool);
/* False when queue_max jobs wait already. From any thread. */
bool hashpool_submit(struct hashpool *pool, struct hash_job *job);

#endif
