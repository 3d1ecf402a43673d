/*
 * writer.h: the thread that does every write: batches of jobs, a savepoint each, one COMMIT.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/db.h"

struct writer;

struct writer_conf {
    unsigned queue_max; /* jobs waiting */
    unsigned batch_max; /* jobs per COMMIT */
    void (*on_notify)(void *arg, const uint64_t *topics, size_t count);
    void *arg;
};

/* Long work on the writer's connection, a slice after each batch, outside of transactions, so that
 * jobs go on meanwhile. One at a time. */
struct writer_task {
    /* One slice; *more is false when that was the last. */
    enum err (*step)(struct writer_task *task, struct db *db, bool *more);
    /* After the last slice or the first error. ERR_BUSY: the writer stops. */
    void (*done)(struct writer_task *task, struct db *db, enum err result);
};

/* db becomes the thread's until writer_stop; it stays the caller's. */
enum err writer_start(struct ctx *cx, struct db *db, const struct writer_conf *conf,
                      struct writer **out);
/* Runs what is queued, then ends the thread. */
void writer_stop(struct writer **writer);
/* Until the first job. */
void writer_on_notify(struct writer *writer, void (*fn)(void *, const uint64_t *, size_t),
                      void *arg);
enum err writer_submit(struct writer *writer, struct store_job *job) MUST_USE;
enum err writer_start_task(struct writer *writer, struct writer_task *task) MUST_USE;
bool writer_is_self(const struct writer *writer);

#endif
