/*
 * control.c: the server's end of control.h. An error leaves through the face's error function,
 * after the transaction was rolled back, in the same words as in the command's own process.
 */
#include "cli/control.h"
#include "cli/instance.h"
#include "http/form.h"

struct control_call {
    struct cli_parsed parsed;
    bool asks; /* for the job below, instead of running something */
    int64_t job;
};

/* ---- reading ---- */

static struct str json_view(const json_t *v)
{
    return (struct str){json_string_value(v), json_string_length(v)};
}

static enum err read_argv(struct ctx *cx, const json_t *root, struct control_call *call)
{
    const json_t *argv = json_object_get(root, "argv"), *cwd = json_object_get(root, "cwd");
    struct str words[CLI_TOKENS_MAX];
    size_t n = json_array_size(argv);
    enum err e;

    if (n == 0 || n > CLI_TOKENS_MAX || !json_is_string(cwd))
        return fail(cx, ERR_INVALID, "the request must have argv and cwd");
    for (size_t i = 0; i < n; i++) {
        const json_t *word = json_array_get(argv, i);

        if (!json_is_string(word))
            return fail(cx, ERR_INVALID, "argv must be strings");
        words[i] = arena_str(cx->mem, json_view(word));
    }
    if ((e = command_parse(cx, words, n, &call->parsed)))
        return e;
    if (!call->parsed.command || call->parsed.help)
        return fail(cx, ERR_INVALID, "help needs no server");
    call->parsed.args.cwd = arena_str(cx->mem, json_view(cwd));
    return OK;
}

/* rq->prepared is set early, since the error page wants to know the command. */
static enum err control_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct control_call *call = ARENA_NEW(cx->mem, struct control_call);
    json_t *root = NULL;
    const json_t *job;
    enum err e;

    (void)rs;
    if (!rq->local)
        return fail(cx, ERR_NOT_FOUND, "the control socket only");
    if ((e = json_body(cx, rq, &root)))
        return e;
    rq->prepared = call;
    job = json_object_get(root, "job");
    if (json_is_integer(job)) {
        call->asks = true;
        call->job = json_integer_value(job);
    } else {
        e = read_argv(cx, root, call);
    }
    json_decref(root);
    return e;
}

static enum err control_gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rs;
    if (!rq->local)
        return fail(cx, ERR_NOT_FOUND, "the control socket only");
    return OK;
}

/* ---- answering ---- */

static enum err answer(struct ctx *cx, struct response *rs, int status, enum err result,
                       struct str out, struct str err)
{
    json_t *body = json_object();

    json_object_set_new(body, "exit", json_integer(out_exit(result)));
    json_object_set_new(body, "stdout", out_json_str(out));
    json_object_set_new(body, "stderr", out_json_str(err));
    return respond_json(cx, rs, status, body);
}

static enum err answer_job(struct ctx *cx, struct response *rs, int64_t id)
{
    json_t *body = json_object();

    json_object_set_new(body, "job", json_integer(id));
    return respond_json(cx, rs, 202, body);
}

static enum err control_run(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct cli_parsed *parsed = &((const struct control_call *)rq->prepared)->parsed;
    OWN(out_deinit) struct cli_out out = {0};
    enum err e;

    if (!parsed->command->run)
        return fail(cx, ERR_INVALID, "not a command for /control");
    out_init(&out);
    if ((e = parsed->command->run(cx, rq->db, &parsed->args, &out)))
        return e;
    if (out.out.full || out.err.full)
        return fail(cx, ERR_INVALID, "this would be too much text; use --limit");
    return answer(cx, rs, 200, OK, buf_str(&out.out), buf_str(&out.err));
}

static enum err control_job(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct control_call *call = rq->prepared;
    struct instance *in = instance_of(rq);
    struct job_outcome outcome = {0};
    int64_t id = call->job;
    enum err e;

    if (!call->asks) {
        if (!call->parsed.command->job)
            return fail(cx, ERR_INVALID, "not a command for /control/job");
        e = job_start(cx, &in->jobs, in->store, &call->parsed, &id);
    } else {
        e = job_ask(cx, &in->jobs, id, &outcome);
    }
    if (e)
        return e;
    if (!outcome.finished)
        return answer_job(cx, rs, id);
    return answer(cx, rs, 200, outcome.result, outcome.out, outcome.err);
}

static void control_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                          int status)
{
    const struct control_call *call = rq->prepared;
    OWN(out_deinit) struct cli_out out = {0};
    enum err ignored;

    if (!rq->local) {
        ignored = respond_text(cx, rs, 404, STR("Not found\n"));
        (void)ignored;
        return;
    }
    out_init(&out);
    command_error(cx, call ? call->parsed.command : NULL, e, &out);
    ignored =
        answer(cx, rs, status ? status : route_status(e), e, buf_str(&out.out), buf_str(&out.err));
    (void)ignored;
}

static const struct route routes[] = {
    {POST, "/control",     AUTH_CONTROL, LIMIT_NONE, WRITE, control_run, .prepare = control_prepare,
     .prepare_on = ON_LOOP, .body_max = CONTROL_BODY_MAX},
    {POST, "/control/job", AUTH_CONTROL, LIMIT_NONE, READ,  control_job, .prepare = control_prepare,
     .prepare_on = ON_LOOP, .body_max = CONTROL_BODY_MAX},
};

const struct face control_face = {
    .name = "control",
    .prefix = "/control",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .gate = control_gate,
    .error = control_error,
};
