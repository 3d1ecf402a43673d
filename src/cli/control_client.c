/*
 * control_client.c: the other end of control.h.
 *
 * Speaks to our own server over a local socket, one request a connection, so the little of HTTP/1.1
 * that takes is written here: libcurl would double the program's start-up time and memory
 * (docs/dependencies.md).
 */
#include "cli/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAYBE_DONE "; look whether the command was done before you repeat it"

enum {
    ANSWER_MAX = 16 * MIB, /* two texts of OUT_MAX, escaped */
    ANSWER_TIMEOUT_S = 60, /* of one step; a job is asked for again and again */
    JOB_PAUSE_FIRST_US =
        2000, /* a short job is over at once, a long one is asked four times a second */
    JOB_PAUSE_MOST_US = 250000,
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err connect_to(struct ctx *cx, int fd, struct str path)
{
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (path.n >= sizeof(addr.sun_path))
        return fail(cx, ERR_INVALID, "%s is too long for a socket", path.p);
    memcpy(addr.sun_path, path.p, path.n);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
        connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
        return fail(cx, ERR_BUSY, "no server answers at %s: %m", path.p);
    return OK;
}

/* *out is the caller's to close, after an error too (then it may be -1). */
static enum err open_socket(struct ctx *cx, struct str path, int *out)
{
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect_to(cx, *out, path);
}

bool control_answers(struct ctx *cx, struct str socket_path)
{
    OWN(close_fd) int fd = -1;

    return open_socket(cx, socket_path, &fd) == OK;
}

static enum err send_all(struct ctx *cx, int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(cx, ERR_UPSTREAM, "the server hung up (%m)");
        s = str_sub(s, (size_t)n, s.n);
    }
    return OK;
}

/* The body of the answer: everything behind the head, until the server closes. */
static enum err receive(struct ctx *cx, int fd, struct buf *in, struct str *out_body)
{
    char part[16 * KIB];
    ptrdiff_t end;
    ssize_t n;

    while ((n = recv(fd, part, sizeof(part), 0)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(cx, ERR_UPSTREAM, "the server did not answer (%m)" MAYBE_DONE);
        buf_add(in, (struct str){part, (size_t)n});
    }
    end = str_find_str(buf_str(in), STR("\r\n\r\n"));
    if (in->full || end == STR_NPOS)
        return fail(cx, ERR_UPSTREAM, "the server's answer is not whole" MAYBE_DONE);
    *out_body = str_sub(buf_str(in), (size_t)end + 4, in->n);
    return OK;
}

/* One request and its answer; *out is the caller's. */
static enum err exchange(struct ctx *cx, struct str path, bool job, struct str body, json_t **out)
{
    OWN(buf_deinit) struct buf in = {0};
    OWN(close_fd) int fd = -1;
    struct str head, text;
    enum err e;

    buf_init(&in, ANSWER_MAX);
    head = arena_printf(cx->mem,
                        "POST /control%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        job ? "/job" : "", body.n);
    if ((e = open_socket(cx, path, &fd)) || (e = send_all(cx, fd, head)) ||
        (e = send_all(cx, fd, body)) || (e = receive(cx, fd, &in, &text)))
        return e;
    *out = json_loadb(text.p, text.n, 0, NULL);
    if (!*out)
        return fail(cx, ERR_UPSTREAM, "the server's answer is not for this program" MAYBE_DONE);
    return OK;
}

static struct str dump(struct ctx *cx, json_t *json)
{
    size_t n = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *p = arena_alloc(cx->mem, n + 1);

    json_dumpb(json, p, n, JSON_COMPACT);
    json_decref(json);
    return (struct str){p, n};
}

static struct str command_body(struct ctx *cx, const struct cli_parsed *parsed)
{
    json_t *root = json_object(), *argv = json_array();

    for (size_t i = 0; i < parsed->token_count; i++)
        json_array_append_new(argv, out_json_str(parsed->tokens[i]));
    json_object_set_new(root, "argv", argv);
    json_object_set_new(root, "cwd", out_json_str(parsed->args.cwd));
    return dump(cx, root);
}

static struct str job_body(struct ctx *cx, json_int_t id)
{
    json_t *root = json_object();

    json_object_set_new(root, "job", json_integer(id));
    return dump(cx, root);
}

static void add_text(struct buf *to, const json_t *from)
{
    if (json_is_string(from))
        buf_add(to, (struct str){json_string_value(from), json_string_length(from)});
}

enum err control_call(struct ctx *cx, struct str socket_path, const struct cli_parsed *parsed,
                      struct cli_out *out, int *out_exit)
{
    struct str body = command_body(cx, parsed);
    useconds_t pause_us = JOB_PAUSE_FIRST_US;
    json_t *answer, *job;
    enum err e;

    if (body.n > CONTROL_BODY_MAX)
        return fail(cx, ERR_INVALID, "the command is too long");
    for (;;) {
        answer = NULL;
        if ((e = exchange(cx, socket_path, parsed->command->job != NULL, body, &answer)))
            return e;
        job = json_object_get(answer, "job");
        if (!json_is_integer(job))
            break;
        body = job_body(cx, json_integer_value(job));
        json_decref(answer);
        usleep(pause_us);
        pause_us = MIN_OF(pause_us * 2, (useconds_t)JOB_PAUSE_MOST_US);
    }
    add_text(&out->out, json_object_get(answer, "stdout"));
    add_text(&out->err, json_object_get(answer, "stderr"));
    *out_exit = json_is_integer(json_object_get(answer, "exit"))
                    ? (int)json_integer_value(json_object_get(answer, "exit"))
                    : CLI_FAILED;
    json_decref(answer);
    return OK;
}
