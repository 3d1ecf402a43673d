/* service.c: services, as their account makes and changes them. */
#include "api/verify/handlers.h"
#include "api/verify/reply.h"
#include "api/verify/settings.h"

static json_t *service_links(struct ctx *cx, struct db *db, struct str sid)
{
    static const struct {
        const char *name, *path;
    } links[] = {
        {"verification_checks",      "VerificationCheck"      },
        {"verifications",            "Verifications"          },
        {"rate_limits",              "RateLimits"             },
        {"messaging_configurations", "MessagingConfigurations"},
        {"entities",                 "Entities"               },
        {"webhooks",                 "Webhooks"               },
        {"access_tokens",            "AccessTokens"           },
    };
    json_t *o = json_object();

    EACH_ROW (l, links)
        json_object_set_new(o, l->name, js_url(cx, db, "/Services/%.*s/%s", STR_ARG(sid), l->path));
    return o;
}

/* Takes the reference to settings, whose members are fields of the reply. */
static json_t *service_json(struct ctx *cx, struct request *rq, const struct service *s,
                            json_t *settings)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:i}", "sid", js_str(s->sid), "account_sid",
                          js_str(call_of(cx, rq)->caller.account_sid), "friendly_name",
                          js_str(s->name), "code_length", s->code_digits);

    json_object_update(o, settings);
    json_decref(settings);
    json_object_set_new(o, "custom_code_enabled", json_boolean(s->custom_code));
    json_object_set_new(o, "date_created", js_time(s->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(s->updated_at_ms));
    json_object_set_new(o, "url", js_url(cx, rq->db, "/Services/%.*s", STR_ARG(s->sid)));
    json_object_set_new(o, "links", service_links(cx, rq->db, s->sid));
    return o;
}

static enum err reply_service(struct ctx *cx, struct request *rq, struct response *rs, int status,
                              const struct service *s)
{
    json_t *settings;
    enum err e = settings_load(cx, rq->db, s->id, &settings);

    return e ? e : reply_json(cx, rs, status, service_json(cx, rq, s, settings));
}

struct service_form {
    struct str name;
    int64_t code_length;
    int custom_code;
};

static const struct wish service_wishes[] = {
    {"CodeLength",        offsetof(struct service_form, code_length), WISH_INT,  false, 4, 10},
    {"CustomCodeEnabled", offsetof(struct service_form, custom_code), WISH_BOOL, false, 0, 0 },
};

/* Over what the service has; the name is required of a new one. */
static enum err change(struct ctx *cx, struct request *rq, const struct input *in,
                       struct service *s)
{
    struct str name = input_get(in, STR("FriendlyName"));
    struct service_form f = {s->name, s->code_digits, s->custom_code};
    json_t *settings;
    enum err e;

    if (name.p && !settings_name_ok(name))
        return input_bad(cx, rq, 60200, "FriendlyName");
    if ((e = input_bind(cx, rq, in, service_wishes, COUNT_OF(service_wishes), 60200, &f)) ||
        (e = settings_load(cx, rq->db, s->id, &settings)))
        return e;
    if ((e = settings_bind(cx, rq, in, settings))) {
        json_decref(settings);
        return e;
    }
    s->name = name.p ? name : s->name;
    s->code_digits = (uint8_t)f.code_length;
    s->custom_code = f.custom_code != 0;
    return tenant_change(cx, rq->db, s, js_dump(cx, settings));
}

enum err services_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct call *call = call_of(cx, rq);
    struct service s;
    struct input in;
    struct str name;
    enum err e;

    if ((e = input_read(cx, rq, &in)))
        return e;
    name = input_get(&in, STR("FriendlyName"));
    if (!settings_name_ok(name))
        return input_bad(cx, rq, 60200, "FriendlyName");
    if ((e = tenant_add(cx, rq->db, call->caller.account_id, name, &s)) ||
        (e = change(cx, rq, &in, &s)))
        return e;
    return reply_service(cx, rq, rs, 201, &s);
}

enum err services_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct input in;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)) ||
        (e = change(cx, rq, &in, &s)))
        return e;
    return reply_service(cx, rq, rs, 200, &s);
}

enum err services_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    enum err e = call_service(cx, rq, &s);

    return e ? e : reply_service(cx, rq, rs, 200, &s);
}

enum err services_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    enum err e;

    if ((e = call_service(cx, rq, &s)))
        return e;
    e = tenant_delete(cx, rq->db, &s);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 20403, "This service is the portal's own");
    return e ? e : reply_deleted(cx, rs);
}

enum err services_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page page;
    struct listing l;
    struct service *list;
    size_t count;
    enum err e;

    if ((e = list_page(cx, rq, &page)) ||
        (e = tenant_page(cx, rq->db, call_of(cx, rq)->caller.account_id, page_down(&page),
                         page_from(&page), page_rows(&page), &list, &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t i = 0; i < count; i++) {
        json_t *settings;

        if ((e = settings_load(cx, rq->db, list[i].id, &settings)))
            return e;
        listing_add(&l, list[i].id, service_json(cx, rq, &list[i], settings));
    }
    return reply_list(cx, rq, rs, "services", &l);
}
