/* response.c: filling a response. What goes on the wire around it is answer.c's. */
#include "http/response.h"

#include <inttypes.h>
#include <string.h>

void response_init(struct response *rs)
{
    *rs = (struct response){.status = 200, .no_store = true};
    buf_init(&rs->head, RESPONSE_HEAD_MAX);
    buf_init(&rs->body, RESPONSE_BODY_MAX);
}

void response_deinit(struct response *rs)
{
    buf_deinit(&rs->head);
    buf_deinit(&rs->body);
}

void response_reset(struct response *rs)
{
    response_deinit(rs);
    response_init(rs);
}

static bool breaks_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == 0x7F || (c < 0x20 && c != '\t'))
            return true;
    }
    return false;
}

bool response_header(struct response *rs, const char *name, struct str value)
{
    if (breaks_line(value))
        return false;
    buf_add(&rs->head, str_from(name));
    buf_add(&rs->head, STR(": "));
    buf_add(&rs->head, value);
    buf_add(&rs->head, STR("\r\n"));
    return true;
}

/* Browsers read "//host" and "/\host" as another origin, and drop tabs before they look (attack
 * 75). */
static bool is_own_path(struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] <= ' ' || path.p[i] >= 0x7F || path.p[i] == '\\')
            return false;
    }
    return str_starts(path, STR("/")) && !str_starts(path, STR("//"));
}

enum err respond_redirect(struct ctx *cx, struct response *rs, struct str path)
{
    if (!is_own_path(path))
        return fail(cx, ERR_INTERNAL, "response: redirect to something that is no path of ours");
    rs->status = 303;
    response_header(rs, "Location", path);
    return OK;
}

static int add_json(const char *text, size_t n, void *arg)
{
    struct buf *b = arg;

    buf_add(b, (struct str){text, n});
    return b->full ? -1 : 0;
}

enum err respond_json(struct ctx *cx, struct response *rs, int status, json_t *json)
{
    int r = json ? json_dump_callback(json, add_json, &rs->body, JSON_COMPACT) : -1;

    json_decref(json);
    if (r)
        return fail(cx, ERR_INTERNAL, "response: JSON could not be written");
    rs->status = status;
    rs->content_type = "application/json";
    return OK;
}

enum err respond_text(struct ctx *cx, struct response *rs, int status, struct str text)
{
    buf_add(&rs->body, text);
    if (rs->body.full)
        return fail(cx, ERR_INTERNAL, "response: text of %zu bytes is too long", text.n);
    rs->status = status;
    rs->content_type = "text/plain; charset=utf-8";
    return OK;
}

enum err respond_wait(struct ctx *cx, struct response *rs, const struct wait *w)
{
    if (w->topic == 0 || w->deadline_ms == 0 || !w->wake)
        return fail(cx, ERR_INTERNAL,
                    "response: a wait needs a topic, a deadline, a wake function");
    rs->status = 200;
    rs->content_type = "text/event-stream";
    rs->wait = *w;
    return OK;
}

void sse_event(struct buf *out, const char *event, struct str data)
{
    buf_add(out, STR("event: "));
    buf_add(out, str_from(event));
    buf_add(out, STR("\ndata: "));
    buf_add(out, data);
    buf_add(out, STR("\n\n"));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c <= ' ' || c >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return s.n > 0;
}

void response_cookie(struct response *rs, const struct cookie *c)
{
    /* A secure cookie is bound to this host by its name; browsers then refuse one planted by a
     * neighbouring subdomain or over plain http (attack 29). */
    struct str prefix = c->secure ? STR("__Host-") : STR("");
    struct str site = c->site == COOKIE_STRICT ? STR("Strict") : STR("Lax");

    if (!is_token(c->name) || (c->value.n > 0 && !is_token(c->value)))
        return;
    buf_addf(&rs->head, "Set-Cookie: %.*s%.*s=%.*s; Path=/; HttpOnly; SameSite=%.*s",
             STR_ARG(prefix), STR_ARG(c->name), STR_ARG(c->value), STR_ARG(site));
    if (c->secure)
        buf_add(&rs->head, STR("; Secure"));
    if (c->max_age_s != 0)
        buf_addf(&rs->head, "; Max-Age=%" PRId64, MAX_OF(c->max_age_s, (int64_t)0));
    buf_add(&rs->head, STR("\r\n"));
}
