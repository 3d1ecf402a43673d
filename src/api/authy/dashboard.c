/*
 * dashboard.c: signed requests about an application: its webhooks, and where its callbacks go.
 *
 * Who asks names the application (app_api_key) and the account (access_key: its SID, or a key
 * pair's) and signs method, URL and all parameters with the account's auth token, or the pair's
 * secret. A nonce is good once.
 */
#include "api/authy/event.h"
#include "api/authy/gate.h"
#include "api/authy/handlers.h"
#include "base/encode.h"
#include "channel/authy_sign.h"
#include "core/limit.h"

#include <stdlib.h>

/* ---- the signature ---- */

enum {
    SIGNERS_MAX = 8,
    NONCE_MAX = 128,
    NONCE_LIFE_S = 30 * 86400, /* one that is a time is not taken any more behind it */
    PARAMS_MAX = 64 * KIB,
};

struct signed_pair {       /* encoded */
    struct str name, text; /* "events%5B%5D", "events%5B%5D=user_added" */
    size_t at;
};

/* As an object's members are sorted; elements of one list stay in their order. */
static int by_name(const void *a, const void *b)
{
    const struct signed_pair *x = a, *y = b;
    int order = str_cmp(x->name, y->name);

    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* "events[0]" is written "events[]". With lists_named, so is a plain "events", as some sign it. */
static struct str name_signed(struct ctx *cx, struct str name, bool lists_named)
{
    ptrdiff_t open = str_find(name, '[');

    if (open > 0)
        name = arena_printf(cx->mem, "%.*s[]", (int)open, name.p);
    else if (lists_named && str_eq(name, STR("events")))
        name = STR("events[]");
    return name;
}

static struct str params_signed(struct ctx *cx, const struct args *a, bool lists_named)
{
    struct signed_pair *pairs = ARENA_ARRAY(cx->mem, struct signed_pair, a->n + 1);
    OWN(buf_deinit) struct buf out = {.max = PARAMS_MAX};

    for (size_t i = 0; i < a->n; i++) {
        struct str name = form_escape(cx, name_signed(cx, a->item[i].name, lists_named));

        /* "=" belongs to what is compared: it sorts behind digits */
        pairs[i].name = arena_printf(cx->mem, "%.*s=", STR_ARG(name));
        pairs[i].text = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(pairs[i].name),
                                     STR_ARG(form_escape(cx, a->item[i].value)));
        pairs[i].at = i;
    }
    qsort(pairs, a->n, sizeof(*pairs), by_name);
    for (size_t i = 0; i < a->n; i++) {
        if (i)
            buf_addc(&out, '&');
        buf_add(&out, pairs[i].text);
    }
    return arena_str(cx->mem, buf_str(&out));
}

/* Whether one of the keys has signed the request as it would be called at `base`. */
static bool signed_at(struct ctx *cx, const struct request *rq, struct str base, struct str key,
                      struct str params)
{
    ptrdiff_t query = str_find(rq->target, '?');
    struct str path = query < 0 ? rq->target : str_sub(rq->target, 0, (size_t)query);
    struct str url = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    struct str want =
        callback_signature(cx, key, request_header(rq, STR("X-Authy-Signature-Nonce")),
                           method_name(rq->method), url, params);

    return ct_equal_str(request_header(rq, STR("X-Authy-Signature")), want);
}

/* The address by which we were called is known to the caller: ours, or that of a proxy. */
static bool signed_by(struct ctx *cx, const struct request *rq, struct str key)
{
    const struct str bases[] = {
        core_of(rq->db)->public_url,
        arena_printf(cx->mem, "https://%.*s", STR_ARG(rq->host)),
        arena_printf(cx->mem, "http://%.*s", STR_ARG(rq->host)),
    };
    bool right = false;

    for (int lists_named = 0; lists_named < 2; lists_named++) {
        struct str params = params_signed(cx, visitor_of(rq)->args, lists_named);

        EACH_ROW (base, bases)
            right |= signed_at(cx, rq, *base, key, params);
    }
    return right;
}

/* Each once; and one that is a time, as clients make them, only near that time. */
static enum err take_nonce(struct ctx *cx, struct request *rq)
{
    static const struct limit_rule once = {"authy.signed", 1, NONCE_LIFE_S};
    struct str nonce = request_header(rq, STR("X-Authy-Signature-Nonce"));
    ptrdiff_t dot = str_find(nonce, '.');
    int64_t at_s, off_s;
    enum err e;

    if (nonce.n == 0 || nonce.n > NONCE_MAX)
        return authy_refuse(cx, rq, AUTHY_SIGNATURE);
    if (str_to_i64(dot < 0 ? nonce : str_sub(nonce, 0, (size_t)dot), 0, INT32_MAX * INT64_C(4),
                   &at_s)) {
        off_s = cx->now_ms / MS_PER_S - at_s;
        if (off_s > NONCE_LIFE_S || off_s < -NONCE_LIFE_S)
            return authy_refuse(cx, rq, AUTHY_SIGNATURE);
    }
    e = limit_take(cx, rq->db, &once,
                   arena_printf(cx->mem, "%.*s %.*s", STR_ARG(visitor_of(rq)->caller.account_sid),
                                STR_ARG(nonce)));
    return e == ERR_LIMITED ? authy_refuse(cx, rq, AUTHY_SIGNATURE) : e;
}

enum err authy_signed_gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct visitor *v = ARENA_NEW(cx->mem, struct visitor);
    int64_t signers[SIGNERS_MAX];
    bool right = false;
    size_t count;
    enum err e;

    (void)rs;
    v->args = rq->prepared;
    rq->who = v;
    e = caller_by_api_key(cx, rq->db, arg_text(v->args, "app_api_key"), &v->caller);
    if (e == ERR_DENIED)
        return authy_refuse(cx, rq, AUTHY_APP_KEY);
    if (e || (e = service_by_id(cx, rq->db, v->caller.service_id, &v->service)) ||
        (e = credential_signers(cx, rq->db, v->caller.account_id, arg_text(v->args, "access_key"),
                                signers, SIGNERS_MAX, &count)))
        return e;
    if (count == 0)
        return authy_refuse(cx, rq, AUTHY_ACCESS_KEY);
    for (size_t i = 0; i < count; i++) {
        struct str key;

        if ((e = credential_secret(cx, rq->db, signers[i], &key)))
            return e;
        right |= signed_by(cx, rq, key);
    }
    return right ? take_nonce(cx, rq) : authy_refuse(cx, rq, AUTHY_SIGNATURE);
}

/* ---- the application ---- */

static enum err answer_app(struct ctx *cx, struct request *rq, struct response *rs,
                           const struct service *s, const char *message)
{
    json_t *o = json_object(), *app = app_json(s);

    json_object_set_new(app, "callback_url", text_json(s->callback_url));
    json_object_set_new(app, "callback_method", text_json(s->callback_method));
    json_object_set_new(o, "app", app);
    json_object_set_new(o, "message", json_string(message));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

enum err dashboard_details(struct ctx *cx, struct request *rq, struct response *rs)
{
    return answer_app(cx, rq, rs, &visitor_of(rq)->service, "Application information.");
}

static bool is_given(const struct args *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (str_eq(a->item[i].name, str_from(name)))
            return true;
    }
    return false;
}

/* The method first: setting the URL sends the test call. */
enum err dashboard_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const char *const settings[] = {"callback_method", "callback_url"};
    const struct visitor *v = visitor_of(rq);
    struct service now;
    enum err e;

    EACH_ROW (setting, settings) {
        struct str value = arg_text(v->args, *setting);

        if (!is_given(v->args, *setting))
            continue;
        e = service_set(cx, rq->db, v->service.id, str_from(*setting), value.n ? value : STR(""));
        if (e == ERR_INVALID)
            return authy_refuse_saying(
                cx, rq, AUTHY_CALLBACK,
                arena_printf(cx->mem, "OneTouch callback could not be saved: %s", cx->why));
        if (e)
            return e;
    }
    if ((e = service_by_id(cx, rq->db, v->service.id, &now)))
        return e;
    return answer_app(cx, rq, rs, &now, "Application was updated successfully");
}

/* ---- webhooks ---- */

static json_t *webhook_json(struct ctx *cx, const struct request *rq, const struct subscriber *sub)
{
    const struct service *s = &visitor_of(rq)->service;
    json_t *o = json_object(), *events = json_array();

    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (sub->events >> i & 1)
            json_array_append_new(events, text_json(happening_name((enum event)i)));
    }
    json_object_set_new(o, "id", text_json(webhook_id(cx, sub->sid)));
    json_object_set_new(o, "name", text_json(sub->name));
    json_object_set_new(o, "account_sid", text_json(visitor_of(rq)->caller.account_sid));
    json_object_set_new(o, "service_id", text_json(s->sid));
    json_object_set_new(o, "url", text_json(sub->url));
    json_object_set_new(o, "signing_key", text_json(webhook_key(cx, rq->db, sub)));
    json_object_set_new(o, "events", events);
    return o;
}

/* events[], or a plain `events` once or several times. */
static enum err bind_events(struct ctx *cx, struct request *rq, uint32_t *out)
{
    const struct args *a = visitor_of(rq)->args;
    uint32_t set = 0;

    for (size_t i = 0; i < a->n; i++) {
        struct str name = a->item[i].name, word = str_trim(a->item[i].value);
        enum event e;

        if (!str_eq(name, STR("events")) && !str_starts(name, STR("events[")))
            continue;
        if (!happening_from(word, &e))
            return authy_refuse_saying(
                cx, rq, AUTHY_WEBHOOK,
                arena_printf(cx->mem, "Webhook could not be created: there is no event \"%.*s\"",
                             STR_ARG(str_sub(word, 0, 40))));
        set |= UINT32_C(1) << e;
    }
    *out = set;
    return OK;
}

enum err webhook_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct subscriber sub = {
        .name = arg_text(v->args, "name"),
        .url = arg_text(v->args, "url"),
    };
    json_t *o;
    enum err e;

    if ((e = bind_events(cx, rq, &sub.events)))
        return e;
    e = subscriber_add(cx, rq->db, &v->service, &sub);
    if (e == ERR_INVALID || e == ERR_LIMITED)
        return authy_refuse_saying(
            cx, rq, AUTHY_WEBHOOK,
            arena_printf(cx->mem, "Webhook could not be created: %s", cx->why));
    if (e)
        return e;
    o = json_object();
    json_object_set_new(o, "webhook", webhook_json(cx, rq, &sub));
    json_object_set_new(o, "message", json_string("Webhook created"));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

enum err webhook_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct subscriber *list;
    json_t *o, *hooks;
    size_t count;
    enum err e = subscriber_list(cx, rq->db, &visitor_of(rq)->service, &list, &count);

    if (e)
        return e;
    hooks = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(hooks, webhook_json(cx, rq, &list[i]));
    o = json_object();
    json_object_set_new(o, "webhooks", hooks);
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* By its path, or, as it was once, by a parameter. */
enum err webhook_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    struct str id = request_param(rq, STR("id"));
    json_t *o;
    enum err e;

    if (id.n == 0)
        id = arg_text(v->args, "webhook_id");
    e = subscriber_remove(cx, rq->db, &v->service, webhook_sid(cx, id));
    if (e == ERR_NOT_FOUND)
        return authy_refuse(cx, rq, AUTHY_NO_WEBHOOK);
    if (e)
        return e;
    o = json_object();
    json_object_set_new(o, "message", json_string("Webhook deleted"));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}
