/*
 * job.h: one long command at a time on a thread of its own in the server (backup, key rotate,
 * audit verify), whose outcome is asked for until it is there.
 */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/command.h"

#include <pthread.h>

struct job;

struct jobs {
    pthread_mutex_t lock; /* guards the two below and what struct job says it does */
    struct job *present;  /* running, or finished and not yet asked for */
    int64_t last_id;
};

struct job_outcome {
    bool finished;
    enum err result;
    struct str out, err; /* in cx->mem */
};

void jobs_init(struct jobs *js);
/* Waits for a job that runs: it cannot be left half done. */
void jobs_deinit(struct jobs *js);

/* Starts a command (a row with .job). ERR_BUSY: another one runs. *out_id names it in job_ask. */
enum err job_start(struct ctx *cx, struct jobs *js, struct store *store,
                   const struct cli_parsed *parsed, int64_t *out_id);
/* How it went. A finished job is forgotten by this. ERR_NOT_FOUND: no such job (any more). */
enum err job_ask(struct ctx *cx, struct jobs *js, int64_t id, struct job_outcome *out);

#endif
