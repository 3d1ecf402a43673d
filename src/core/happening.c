/* happening.c: see happening.h. */
#include "core/happening.h"
#include "base/url.h"
#include "core/hook.h"
#include "core/identity.h"
#include "core/item.h"
#include "crypto/token.h"

#include <jansson.h>

enum { EVENT_LIFE_S = 3600 };

static const struct str names[EVENT_COUNT] = {
#define EVENT_WORD(name, word) [EVENT_##name] = {word, sizeof(word) - 1},
    EVENTS(EVENT_WORD)
#undef EVENT_WORD
};

struct str happening_name(enum event e)
{
    return names[e];
}

bool happening_from(struct str name, enum event *out)
{
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (str_eq(names[i], name)) {
            *out = (enum event)i;
            return true;
        }
    }
    return false;
}

/* ---- who is told ---- */

static struct item_place place_of(const struct service *s)
{
    return (struct item_place){s->account_id, s->id, 0, ITEM_SUBSCRIBER};
}

static struct str text_of(struct ctx *cx, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

static struct subscriber of_item(struct ctx *cx, const struct item *it)
{
    json_t *o = json_loadb(it->data.p, it->data.n, 0, NULL), *word;
    struct subscriber sub = {
        .id = it->id,
        .sid = it->sid,
        .name = text_of(cx, o, "name"),
        .url = text_of(cx, o, "url"),
    };
    size_t i;

    json_array_foreach(json_object_get(o, "events"), i, word)
    {
        enum event e;

        if (happening_from(str_from(json_string_value(word)), &e))
            sub.events |= UINT32_C(1) << e;
    }
    json_decref(o);
    return sub;
}

/* Takes the reference. */
static struct str data_text(struct ctx *cx, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    struct str out = arena_str(cx->mem, text ? str_from(text) : STR("{}"));

    free(text);
    json_decref(o);
    return out;
}

static void set_text(json_t *o, const char *key, struct str s)
{
    if (s.n)
        json_object_set_new(o, key, json_stringn(s.p, s.n));
}

static struct str data_of(struct ctx *cx, const struct subscriber *sub)
{
    json_t *o = json_object(), *list = json_array();

    set_text(o, "name", sub->name);
    set_text(o, "url", sub->url);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (sub->events >> i & 1)
            json_array_append_new(list, json_stringn(names[i].p, names[i].n));
    }
    json_object_set_new(o, "events", list);
    return data_text(cx, o);
}

enum err subscriber_add(struct ctx *cx, struct db *db, const struct service *s,
                        struct subscriber *io)
{
    struct item it;
    struct url url;
    enum err e;

    if (!io->name.n || !str_is_utf8(io->name) || str_has_control(io->name) ||
        str_utf8_count(io->name) > SUBSCRIBER_NAME_MAX_CHARS)
        return fail(cx, ERR_INVALID, "a name has 1 to %d characters", SUBSCRIBER_NAME_MAX_CHARS);
    if (!url_parse(cx->mem, io->url, &url))
        return fail(cx, ERR_INVALID, "the URL is no absolute http or https URL");
    if (!io->events)
        return fail(cx, ERR_INVALID, "no event is named");
    it = (struct item){.place = place_of(s), .name = STR(""), .data = data_of(cx, io)};
    if ((e = item_add(cx, db, "WH", SUBSCRIBERS_MAX, &it)))
        return e;
    io->id = it.id;
    io->sid = it.sid;
    return OK;
}

enum err subscriber_list(struct ctx *cx, struct db *db, const struct service *s,
                         struct subscriber **out, size_t *out_count)
{
    const struct item_place place = place_of(s);
    struct subscriber *list;
    struct item *items;
    size_t count;
    enum err e = item_page(cx, db, &place, false, 0, SUBSCRIBERS_MAX, &items, &count);

    if (e)
        return e;
    list = ARENA_ARRAY(cx->mem, struct subscriber, count ? count : 1);
    for (size_t i = 0; i < count; i++)
        list[i] = of_item(cx, &items[i]);
    *out = list;
    *out_count = count;
    return OK;
}

enum err subscriber_by_sid(struct ctx *cx, struct db *db, const struct service *s, struct str sid,
                           struct subscriber *out)
{
    const struct item_place place = place_of(s);
    struct item it;
    enum err e = item_by_sid(cx, db, &place, sid, &it);

    if (e == OK)
        *out = of_item(cx, &it);
    return e;
}

enum err subscriber_remove(struct ctx *cx, struct db *db, const struct service *s, struct str sid)
{
    const struct item_place place = place_of(s);
    struct item it;
    enum err e = item_by_sid(cx, db, &place, sid, &it);

    if (e || (e = item_remove(cx, db, &it)))
        return e;
    return hook_forget(cx, db, it.id);
}

struct str subscriber_key(struct ctx *cx, const struct db *db, const struct subscriber *sub)
{
    char key[TOKEN_LEN + 1];

    token_derive(secret_bytes(&core_of(db)->link_key), STR("event-subscriber"), sub->id, key);
    return arena_str(cx->mem, (struct str){key, SUBSCRIBER_KEY_LEN});
}

/* ---- telling ---- */

static enum err facts_of(struct ctx *cx, struct db *db, const struct service *s,
                         const struct happening *w, json_t *o)
{
    struct identity i = {0};
    enum err e = w->identity_id ? identity_by_id(cx, db, s->id, w->identity_id, &i) : OK;

    if (e && e != ERR_NOT_FOUND)
        return e;
    set_text(o, "event", names[w->event]);
    if (i.authy_id)
        set_text(o, "user", arena_printf(cx->mem, "%lld", (long long)i.authy_id));
    set_text(o, "country_code", i.country_code);
    set_text(o, "phone", i.id ? i.phone : w->number);
    set_text(o, "custom", i.external);
    set_text(o, "banned", i.disabled ? STR("yes") : STR_NONE);
    set_text(o, "challenge", w->challenge_sid);
    set_text(o, "device", w->device_sid);
    set_text(o, "via", w->via);
    set_text(o, "addr", w->from.addr);
    set_text(o, "request", str_from(cx->id));
    return OK;
}

enum err happening_tell(struct ctx *cx, struct db *db, const struct service *s,
                        const struct happening *what)
{
    struct subscriber *list;
    size_t count;
    bool on;
    enum err e = subscriber_list(cx, db, s, &list, &count);

    for (size_t i = 0; !e && i < count; i++) {
        struct outbox_row row = {
            .service_id = s->id,
            .identity_id = what->identity_id,
            .hook_id = list[i].id,
            .channel = STR("webhook"),
            .target = list[i].url,
            .template_name = EVENT_TEMPLATE,
            .expires_at_ms = cx->now_ms + (int64_t)EVENT_LIFE_S * MS_PER_S,
        };
        json_t *o;

        if (!(list[i].events >> what->event & 1))
            continue;
        if ((e = hook_is_on(cx, db, list[i].id, &on)))
            return e;
        if (!on)
            continue;
        o = json_object();
        set_text(o, "hook", list[i].sid);
        if ((e = facts_of(cx, db, s, what, o))) {
            json_decref(o);
            return e;
        }
        row.params = data_text(cx, o);
        e = outbox_add(cx, db, &row);
    }
    return e;
}
