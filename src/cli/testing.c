/*
 * testing.c: see testing.h. Outside of demo mode there is nothing at these paths. A page of another
 * site cannot reach it: browsers say Origin with every POST, and no form has this media type.
 */
#include "cli/testing.h"
#include "base/clock.h"
#include "cli/instance.h"
#include "cli/sending.h"
#include "core/core.h"
#include "http/form.h"

static const int64_t offset_max_s = (int64_t)10 * 366 * 86400;

static enum err clock_answer(struct ctx *cx, struct response *rs, int64_t offset_s)
{
    char now[CLOCK_ISO_LEN + 1];

    clock_iso(clock_now_ms(), now);
    return respond_json(cx, rs, 200,
                        json_pack("{s:I, s:s}", "offset_s", (json_int_t)offset_s, "now", now));
}

static enum err clock_set(struct ctx *cx, struct request *rq, struct response *rs)
{
    int64_t offset_s;
    json_t *body, *offset;
    bool fits;
    enum err e;

    if (!core_of(rq->db)->demo || request_header(rq, STR("Origin")).p)
        return fail(cx, ERR_NOT_FOUND, "testing: not in demo mode, or a page's request");
    if (!request_body_is(rq, STR("application/json")))
        return fail(cx, ERR_INVALID, "testing: the body is not JSON");
    if ((e = json_body(cx, rq, &body)))
        return e;
    offset = json_object_get(body, "offset_s");
    offset_s = json_integer_value(offset);
    fits = json_is_integer(offset) && offset_s <= offset_max_s && offset_s >= -offset_max_s;
    json_decref(body);
    if (!fits)
        return fail(cx, ERR_INVALID, "testing: offset_s is a number of seconds, ten years at most");
    clock_set_offset_ms(offset_s * MS_PER_S);
    sending_look(atomic_load(&instance_of(rq)->sending));
    return clock_answer(cx, rs, offset_s);
}

static void testing_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e,
                          int status)
{
    enum err ignored;

    (void)rq;
    ignored = respond_json(cx, rs, status ? status : route_status(e),
                           json_pack("{s:{s:s}}", "error", "code", err_name(e)));
    (void)ignored;
}

static const struct route routes[] = {
    {POST, "/test/clock", AUTH_NONE, LIMIT_NONE, READ, clock_set},
};

const struct face testing_face = {
    .name = "testing",
    .prefix = "/test/",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .error = testing_error,
};
