/*
 * job.c: see job.h. A job has an arena and a ctx of its own and copies of the words, so that the
 * request that started it may end.
 */
#include "cli/job.h"
#include "base/mem.h"

struct job {
    int64_t id;
    struct jobs *jobs;
    struct store *store;
    struct arena *mem;
    struct ctx cx;
    struct cli_parsed parsed;
    struct cli_out out;
    pthread_t thread;
    enum err result;
    bool finished; /* under jobs->lock */
};

void jobs_init(struct jobs *js)
{
    *js = (struct jobs){0};
    pthread_mutex_init(&js->lock, NULL);
}

static void job_free(struct job *j)
{
    pthread_join(j->thread, NULL);
    out_deinit(&j->out);
    arena_free(&j->mem);
    mem_free(j);
}

void jobs_deinit(struct jobs *js)
{
    if (js->present)
        job_free(js->present);
    js->present = NULL;
    pthread_mutex_destroy(&js->lock);
}

static void *job_main(void *arg)
{
    struct job *j = arg;
    const struct command *c = j->parsed.command;
    enum err e = c->job(&j->cx, j->store, &j->parsed.args, &j->out);

    if (e) {
        out_reset(&j->out);
        command_error(&j->cx, c, e, &j->out);
    }
    pthread_mutex_lock(&j->jobs->lock);
    j->result = e;
    j->finished = true;
    pthread_mutex_unlock(&j->jobs->lock);
    return NULL;
}

static enum err job_new(struct ctx *cx, const struct cli_parsed *parsed, struct job **out)
{
    struct job *j = mem_alloc(sizeof(*j));
    struct str words[CLI_TOKENS_MAX];
    enum err e;

    j->mem = arena_new();
    ctx_init(&j->cx, j->mem);
    out_init(&j->out);
    for (size_t i = 0; i < parsed->token_count; i++)
        words[i] = arena_str(j->mem, parsed->tokens[i]);
    e = command_parse(&j->cx, words, parsed->token_count, &j->parsed);
    if (e) { /* it was read once before, so this is a fault of ours */
        arena_free(&j->mem);
        mem_free(j);
        return fail(cx, ERR_INTERNAL, "the command cannot be read again");
    }
    j->parsed.args.cwd = arena_str(j->mem, parsed->args.cwd);
    *out = j;
    return OK;
}

enum err job_start(struct ctx *cx, struct jobs *js, struct store *store,
                   const struct cli_parsed *parsed, int64_t *out_id)
{
    struct job *j = NULL;
    enum err e = OK;

    pthread_mutex_lock(&js->lock);
    if (js->present && !js->present->finished)
        e = fail(cx, ERR_BUSY, "\"%s\" is still at work",
                 command_title(cx, js->present->parsed.command).p);
    if (!e && !(e = job_new(cx, parsed, &j))) {
        if (js->present)
            job_free(js->present); /* nobody asked for its outcome */
        js->present = j;
        j->id = ++js->last_id;
        j->jobs = js;
        j->store = store;
        if (pthread_create(&j->thread, NULL, job_main, j)) {
            js->present = NULL;
            arena_free(&j->mem);
            mem_free(j);
            e = fail(cx, ERR_INTERNAL, "no thread for the command");
        } else {
            *out_id = j->id;
        }
    }
    pthread_mutex_unlock(&js->lock);
    return e;
}

enum err job_ask(struct ctx *cx, struct jobs *js, int64_t id, struct job_outcome *out)
{
    enum err e = OK;

    pthread_mutex_lock(&js->lock);
    if (!js->present || js->present->id != id) {
        e = fail(cx, ERR_NOT_FOUND, "no such command is at work");
    } else if (!js->present->finished) {
        *out = (struct job_outcome){0};
    } else {
        struct job *j = js->present;

        *out = (struct job_outcome){.finished = true,
                                    .result = j->result,
                                    .out = arena_str(cx->mem, buf_str(&j->out.out)),
                                    .err = arena_str(cx->mem, buf_str(&j->out.err))};
        js->present = NULL;
        job_free(j);
    }
    pthread_mutex_unlock(&js->lock);
    return e;
}
