/* entity_event.c: see entity_event.h. */
#include "core/entity_event.h"
#include "base/clock.h"
#include "core/app_factor.h"
#include "core/hook.h"
#include "core/item.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "core/service.h"
#include "core/tenant.h"

#include <jansson.h>
#include <stdlib.h>

struct subject { /* whom an event is about */
    struct service service;
    struct identity identity;
    struct app_factor factor;
    struct str account_sid;
    bool told; /* somebody may want to know */
};

static enum err subject_of(struct ctx *cx, struct db *db, int64_t factor_id, struct subject *out)
{
    struct subject s = {0};
    struct contact c;
    int64_t account_id;
    enum err e;

    out->told = false;
    if ((e = app_factor_by_id(cx, db, factor_id, &s.factor)))
        return e;
    if (s.factor.kind != FACTOR_TOTP && s.factor.kind != FACTOR_PUSH)
        return OK;
    if ((e = factor_contact(cx, db, s.factor.identity_id, &c)))
        return e;
    e = identity_by_id(cx, db, c.service_id, s.factor.identity_id, &s.identity);
    if (e == ERR_NOT_FOUND || (e == OK && s.identity.external.n == 0))
        return OK;
    if (e || (e = service_by_id(cx, db, c.service_id, &s.service)) ||
        (e = tenant_account(cx, db, s.service.id, &account_id, &s.account_sid)))
        return e;
    s.told = true;
    *out = s;
    return OK;
}

static bool wants(const json_t *webhook, const char *event)
{
    const char *status = json_string_value(json_object_get(webhook, "status"));
    json_t *type;
    size_t i;

    if (!str_eq(str_from(status), STR("enabled")))
        return false;
    json_array_foreach(json_object_get(webhook, "event_types"), i, type)
    {
        struct str name = str_from(json_string_value(type));

        if (str_eq(name, STR("*")) || str_eq(name, str_from(event)))
            return true;
    }
    return false;
}

static void put(json_t *o, const char *name, struct str value)
{
    json_object_set_new(o, name, json_stringn(value.n ? value.p : "", value.n));
}

/* Takes the reference. */
static struct str dumped(struct ctx *cx, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct str out = arena_str(cx->mem, text ? str_from(text) : STR("{}"));

    free(text);
    json_decref(json);
    return out;
}

/* The reference is the caller's. c may be NULL. */
static json_t *params_of(struct ctx *cx, const struct subject *s, const struct challenge *c,
                         const char *event)
{
    json_t *o = json_object(), *details, *fields;
    char at[CLOCK_ISO_LEN + 1];

    put(o, "uuid", uuid_new(cx));
    put(o, "type", str_from(event));
    put(o, "account_sid", s->account_sid);
    put(o, "service_sid", s->service.sid);
    put(o, "entity_identity", s->identity.external);
    put(o, "factor_sid", s->factor.sid);
    put(o, "factor_type", factor_kind_name(s->factor.kind));
    if (!c)
        return o;
    details = json_object();
    fields = json_loadb(c->details.p, c->details.n, 0, NULL);
    put(details, "message", c->message);
    json_object_set_new(details, "fields", fields ? fields : json_array());
    clock_iso(c->expires_at_ms, at);
    put(o, "challenge_sid", c->sid);
    put(o, "challenge_details", dumped(cx, details));
    put(o, "challenge_hidden_details", c->hidden_details);
    put(o, "challenge_metadata", c->metadata);
    put(o, "challenge_expiration_date", str_from(at));
    return o;
}

static enum err tell(struct ctx *cx, struct db *db, const struct subject *s,
                     const struct challenge *c, const char *event)
{
    const struct item_place place = {s->service.account_id, s->service.id, 0, ITEM_WEBHOOK};
    struct item *list;
    size_t count;
    bool on;
    enum err e = item_page(cx, db, &place, false, 0, WEBHOOKS_MAX, &list, &count);

    for (size_t n = 0; e == OK && n < count; n++) {
        json_t *webhook = json_loadb(list[n].data.p, list[n].data.n, 0, NULL);
        struct str url = str_from(json_string_value(json_object_get(webhook, "webhook_url")));
        struct outbox_row row = {
            .service_id = s->service.id,
            .identity_id = s->identity.id,
            .hook_id = list[n].id,
            .channel = STR("webhook"),
            .target = arena_str(cx->mem, url),
            .template_name = ENTITY_EVENT_TEMPLATE,
            .expires_at_ms = cx->now_ms + (int64_t)ENTITY_EVENT_LIFE_S * MS_PER_S,
        };

        if (wants(webhook, event) && (e = hook_is_on(cx, db, list[n].id, &on)) == OK && on) {
            row.params = dumped(cx, params_of(cx, s, c, event));
            e = outbox_add(cx, db, &row);
        }
        json_decref(webhook);
    }
    return e;
}

enum err entity_event_factor(struct ctx *cx, struct db *db, int64_t factor_id, const char *event)
{
    struct subject s = {0};
    enum err e = subject_of(cx, db, factor_id, &s);

    return e || !s.told ? e : tell(cx, db, &s, NULL, event);
}

enum err entity_event_answered(struct ctx *cx, struct db *db, const struct challenge *c,
                               bool approved)
{
    struct subject s = {0};
    enum err e;

    if (c->login_id || !c->factor_id)
        return OK;
    e = subject_of(cx, db, c->factor_id, &s);
    return e || !s.told ? e
                        : tell(cx, db, &s, c, approved ? "challenge.approved" : "challenge.denied");
}
