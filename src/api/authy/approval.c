/* approval.c: approval requests ("OneTouch"): ask a user's devices, look at the answer. */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "channel/authy_sign.h"
#include "core/challenge.h"

enum {
    LIFE_DEFAULT_S = 86400,
    LIFE_MOST_S = 10 * 365 * 86400,
    LOGOS_MAX = 8,
    LOGO_URL_MAX = 500,
    HIDDEN_MAX = 8 * 1024,
    HIDDEN_SIGNED_MAX = 32 * 1024, /* in a callback, where each value repeats the names above it */
};

/* ---- create ---- */

/* What the device shows. A plain string, as a documented sample sends it, has no label of its own.
 * All-digit labels are refused: such a callback could not be verified by every client. */
static enum err bind_details(struct ctx *cx, struct request *rq, struct detail *out, size_t *out_n)
{
    const struct args *a = visitor_of(rq)->args;
    struct str whole = arg_text(a, "details"), key;
    const struct arg *arg;
    size_t at = 0, n = 0;

    if (whole.n)
        out[n++] = (struct detail){STR("Details"), whole};
    while ((arg = arg_next(a, "details", &at, &key))) {
        if (n == CHALLENGE_DETAILS_MAX)
            return authy_refuse_saying(cx, rq, AUTHY_APPROVAL, STR("Too many details"));
        if (str_all_digits(key))
            return authy_refuse_saying(cx, rq, AUTHY_APPROVAL,
                                       STR("Details must be an object with names for keys"));
        out[n++] = (struct detail){key, arg->value};
    }
    *out_n = n;
    return OK;
}

static bool is_resolution(struct str res)
{
    return str_eq(res, STR("default")) || str_eq(res, STR("low")) || str_eq(res, STR("med")) ||
           str_eq(res, STR("high"));
}

/* JSON text of [{"res","url"}], or empty. One of them must be the default. */
static enum err bind_logos(struct ctx *cx, struct request *rq, struct str *out)
{
    const struct args *a = visitor_of(rq)->args;
    json_t *list = json_array();
    bool has_default = false, ok = true;

    for (int i = 0; ok && i < LOGOS_MAX; i++) {
        struct str res = arg_text(a, arena_printf(cx->mem, "logos[%d][res]", i).p);
        struct str url = arg_text(a, arena_printf(cx->mem, "logos[%d][url]", i).p);
        json_t *o;

        if (res.n == 0 && url.n == 0)
            break;
        o = json_object();
        json_object_set_new(o, "res", text_json(res));
        json_object_set_new(o, "url", text_json(url));
        json_array_append_new(list, o);
        has_default |= str_eq(res, STR("default"));
        ok = is_resolution(res) && url.n > 0 && url.n <= LOGO_URL_MAX &&
             (str_starts(url, STR("https://")) || str_starts(url, STR("http://")));
    }
    ok = ok && (has_default || json_array_size(list) == 0);
    *out = json_array_size(list) ? json_text_of(cx, list) : STR("");
    json_decref(list);
    return ok ? OK
              : authy_refuse_saying(cx, rq, AUTHY_APPROVAL,
                                    STR("Logos need a res (one of them default) and a url"));
}

/* The callback signs all of them or, being too long for that, a part: then nothing is asked. How
 * deep they may be is a rule for all parameters (args.h). */
static enum err bind_hidden(struct ctx *cx, struct request *rq, struct str *out)
{
    json_t *o = arg_object(visitor_of(rq)->args, "hidden_details");
    bool fit;

    *out = o ? json_text_of(cx, o) : STR("");
    fit = out->n <= HIDDEN_MAX && (!o || callback_params(cx, o).n <= HIDDEN_SIGNED_MAX);
    json_decref(o);
    return fit ? OK
               : authy_refuse_saying(cx, rq, AUTHY_APPROVAL, STR("Hidden details are too long"));
}

enum err approval_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct detail *details = ARENA_ARRAY(cx->mem, struct detail, CHALLENGE_DETAILS_MAX + 1);
    struct challenge_in in = {
        .service_id = v->service.id,
        .message = arg_text(v->args, "message"),
        .details = details,
        .from = {.addr = arg_text(v->args, "user_ip"), .user_agent = STR("")},
        .credential_id = v->caller.credential_id,
    };
    struct challenge c;
    struct identity i;
    json_t *o, *request;
    enum err e;

    if ((e = authy_user(cx, rq, &i)))
        return e;
    if (i.disabled)
        return authy_refuse(cx, rq, AUTHY_SUSPENDED);
    if (in.message.n == 0)
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: message - Parameter is required"));
    if (!arg_number(v->args, "seconds_to_expire", 0, LIFE_MOST_S, LIFE_DEFAULT_S, &in.life_s))
        return authy_refuse_saying(cx, rq, AUTHY_PARAMETER,
                                   STR("Invalid parameter: seconds_to_expire"));
    if ((e = bind_details(cx, rq, details, &in.detail_count)) ||
        (e = bind_logos(cx, rq, &in.logos)) || (e = bind_hidden(cx, rq, &in.hidden_details)))
        return e;
    in.identity_id = i.id;
    e = challenge_ask(cx, rq->db, &in, &c);
    if (e == ERR_NOT_FOUND)
        return authy_refuse(cx, rq, AUTHY_NOT_REGISTERED);
    if (e)
        return authy_pass(cx, rq, e);
    request = json_object();
    json_object_set_new(request, "uuid", text_json(c.uuid));
    o = json_object();
    json_object_set_new(o, "approval_request", request);
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* ---- status ---- */

static const char *status_word(enum challenge_state s)
{
    switch (s) {
    case CHALLENGE_PENDING:
        return "pending";
    case CHALLENGE_APPROVED:
        return "approved";
    case CHALLENGE_DENIED:
        return "denied";
    case CHALLENGE_EXPIRED:
    case CHALLENGE_CANCELED: /* clients know four words */
    case CHALLENGE_STATES:
        break;
    }
    return "expired";
}

static json_t *request_json(struct ctx *cx, const struct service *s, const struct identity *i,
                            const struct challenge *c)
{
    int64_t ended_ms = c->answered_at_ms;
    json_t *o = json_object();
    struct str email = i->email;

    if (c->state == CHALLENGE_EXPIRED && !ended_ms)
        ended_ms = c->expires_at_ms;
    if (email.n == 0) /* authy-client insists on one */
        email = arena_printf(cx->mem, "%lld@users.invalid", (long long)i->authy_id);
    json_object_set_new(o, "_app_name", text_json(s->name));
    json_object_set_new(o, "_app_serial_id", json_integer(sid_number(s->sid)));
    json_object_set_new(o, "_authy_id", json_integer(i->authy_id));
    json_object_set_new(o, "_id", text_json(sid_hex24(c->sid)));
    json_object_set_new(o, "_user_email", text_json(email));
    json_object_set_new(o, "app_id", text_json(sid_hex24(s->sid)));
    json_object_set_new(o, "created_at", text_json(iso_time(cx, c->created_at_ms)));
    json_object_set_new(o, "notified", json_boolean(c->notified > 0));
    json_object_set_new(o, "processed_at",
                        ended_ms ? text_json(iso_time(cx, ended_ms)) : json_null());
    json_object_set_new(
        o, "seconds_to_expire",
        json_integer(c->expires_at_ms ? (c->expires_at_ms - c->created_at_ms) / MS_PER_S : 0));
    json_object_set_new(o, "status", json_string(status_word(c->state)));
    json_object_set_new(o, "updated_at",
                        text_json(iso_time(cx, MAX_OF(ended_ms, c->updated_at_ms))));
    json_object_set_new(o, "user_id", text_json(sid_hex24(i->sid)));
    json_object_set_new(o, "uuid", text_json(c->uuid));
    return o;
}

enum err approval_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    enum { UUID_SHOWN = 64 };
    const struct service *s = &visitor_of(rq)->service;
    struct str uuid = request_param(rq, STR("uuid"));
    struct challenge c;
    struct identity i;
    json_t *o;
    enum err e = challenge_by_uuid(cx, rq->db, s->id, uuid, &c);

    if (!e)
        e = identity_by_id(cx, rq->db, s->id, c.identity_id, &i);
    if (e == ERR_NOT_FOUND)
        return authy_refuse_saying(cx, rq, AUTHY_NO_APPROVAL,
                                   arena_printf(cx->mem, "Approval request not found: %.*s",
                                                STR_ARG(str_sub(uuid, 0, UUID_SHOWN))));
    if (e)
        return e;
    o = json_object();
    json_object_set_new(o, "approval_request", request_json(cx, s, &i, &c));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}
