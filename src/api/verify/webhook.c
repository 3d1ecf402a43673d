/*
 * webhook.c: where an application wants to hear of factors and challenges. What is told:
 * core/entity_event.h.
 */
#include "api/verify/handlers.h"
#include "api/verify/items.h"
#include "base/url.h"
#include "core/entity_event.h"
#include "core/hook.h"

enum { HOOK_NAME_MAX_CHARS = 64, EVENTS_MAX = 6 };

static const char *const events[] = {"*",
                                     "factor.created",
                                     "factor.verified",
                                     "factor.deleted",
                                     "challenge.approved",
                                     "challenge.denied",
                                     NULL};
static const char *const states[] = {"enabled", "disabled", NULL};
static const char *const versions[] = {"v1", "v2", NULL};

/* One that failed too often is "disabled" too, until it is enabled. */
static json_t *webhook_json(struct ctx *cx, struct request *rq, const struct service *s,
                            const struct item *it)
{
    json_t *o = js_parsed(it->data); /* friendly_name, event_types, status, version, webhook_url */
    bool on = true;

    if (hook_is_on(cx, rq->db, it->id, &on) == OK && !on)
        json_object_set_new(o, "status", json_string("disabled"));
    js_item(cx, rq, o, s, it, "Webhooks");
    json_object_set_new(o, "webhook_method", json_string("POST"));
    return o;
}

static enum err types_read(struct ctx *cx, struct request *rq, const struct input *in, json_t *data,
                           bool required)
{
    struct str *texts;
    size_t n = input_all(cx, in, STR("EventTypes"), &texts);
    json_t *list;

    if (!n && !required)
        return OK;
    if (!n || n > EVENTS_MAX)
        return input_bad(cx, rq, 60306, "EventTypes");
    list = json_array();
    json_object_set_new(data, "event_types", list);
    for (size_t i = 0; i < n; i++) {
        if (!input_one_of(texts[i], events))
            return input_bad(cx, rq, 60306, "EventTypes");
        json_array_append_new(list, js_str(texts[i]));
    }
    return OK;
}

/* What was sent, over what is in *data. */
static enum err bind(struct ctx *cx, struct request *rq, const struct input *in, json_t *data,
                     bool is_new)
{
    struct str name = input_get(in, STR("FriendlyName")), target = input_get(in, STR("WebhookUrl")),
               status = input_get(in, STR("Status")), version = input_get(in, STR("Version"));
    struct url url;
    enum err e;

    if ((is_new || name.p) &&
        (!name.n || str_has_control(name) || str_utf8_count(name) > HOOK_NAME_MAX_CHARS))
        return input_bad(cx, rq, 60306, "FriendlyName");
    if ((is_new || target.p) && !url_parse(cx->mem, target, &url))
        return input_bad(cx, rq, 60306, "WebhookUrl");
    if (status.p && !input_one_of(status, states))
        return input_bad(cx, rq, 60306, "Status");
    if (version.p && !input_one_of(version, versions))
        return input_bad(cx, rq, 60306, "Version");
    if ((e = types_read(cx, rq, in, data, is_new)))
        return e;
    if (name.p)
        json_object_set_new(data, "friendly_name", js_str(name));
    if (target.p)
        json_object_set_new(data, "webhook_url", js_str(target));
    if (status.p || is_new)
        json_object_set_new(data, "status", js_str(status.p ? status : STR("enabled")));
    if (version.p || is_new)
        json_object_set_new(data, "version", js_str(version.p ? version : STR("v2")));
    return OK;
}

enum err webhooks_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    json_t *data = json_object();
    struct service s;
    struct input in;
    struct item it;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)) ||
        (e = bind(cx, rq, &in, data, true))) {
        json_decref(data);
        return e;
    }
    it = (struct item){.place = items_of(cx, rq, &s, ITEM_WEBHOOK), .data = js_dump(cx, data)};
    e = item_add(cx, rq->db, "YW", WEBHOOKS_MAX, &it);
    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 60306, "Max webhooks per service reached");
    return e ? e : reply_json(cx, rs, 201, webhook_json(cx, rq, &s, &it));
}

enum err webhooks_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e = items_find(cx, rq, ITEM_WEBHOOK, "Sid", &s, &it);

    return e ? e : reply_json(cx, rs, 200, webhook_json(cx, rq, &s, &it));
}

enum err webhooks_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct input in;
    struct item it;
    json_t *data;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_WEBHOOK, "Sid", &s, &it)) || (e = input_read(cx, rq, &in)))
        return e;
    data = js_parsed(it.data);
    if ((e = bind(cx, rq, &in, data, false))) {
        json_decref(data);
        return e;
    }
    if ((e = item_set(cx, rq->db, &it, js_dump(cx, data))) ||
        (str_eq(input_get(&in, STR("Status")), STR("enabled")) &&
         (e = hook_forget(cx, rq->db, it.id))))
        return e;
    return reply_json(cx, rs, 200, webhook_json(cx, rq, &s, &it));
}

enum err webhooks_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_WEBHOOK, "Sid", &s, &it)) ||
        (e = item_remove(cx, rq->db, &it)) || (e = hook_forget(cx, rq->db, it.id)))
        return e;
    return reply_deleted(cx, rs);
}

enum err webhooks_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item_place at;
    struct service s;
    enum err e;

    if ((e = call_service(cx, rq, &s)))
        return e;
    at = items_of(cx, rq, &s, ITEM_WEBHOOK);
    return items_list(cx, rq, rs, &s, &at, "webhooks", webhook_json);
}
