/* messaging.c: senders by country, and the account's safe list of numbers. */
#include "api/verify/handlers.h"
#include "api/verify/items.h"
#include "base/encode.h"
#include "core/limit.h"
#include "core/phone.h"

enum { CONFIGURATIONS_MAX = 300, SAFE_MAX = 10000 };

/* ---- messaging configurations ---- */

/* "US", "us", or "all". */
static bool country_read(struct ctx *cx, struct str text, struct str *out)
{
    const struct phone_region *regions;
    size_t count;

    (void)cx;
    if (str_eq_nocase(text, STR("all"))) {
        *out = STR("all");
        return true;
    }
    regions = phone_regions(&count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(regions[i].code, text)) {
            *out = regions[i].code;
            return true;
        }
    }
    return false;
}

static json_t *configuration_json(struct ctx *cx, struct request *rq, const struct service *s,
                                  const struct item *it)
{
    json_t *data = js_parsed(it->data), *o = json_pack("{s:o}", "country", js_str(it->name));

    js_owner(cx, rq, o, s);
    json_object_set(o, "messaging_service_sid", json_object_get(data, "messaging_service_sid"));
    json_decref(data);
    json_object_set_new(o, "date_created", js_time(it->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(it->updated_at_ms));
    json_object_set_new(o, "url",
                        js_url(cx, rq->db, "/Services/%.*s/MessagingConfigurations/%.*s",
                               STR_ARG(s->sid), STR_ARG(it->name)));
    return o;
}

static enum err sender_read(struct ctx *cx, struct request *rq, const struct input *in,
                            struct str *out_data)
{
    struct str sid = input_get(in, STR("MessagingServiceSid"));

    if (!input_is_sid(sid, "MG"))
        return input_bad(cx, rq, 60200, "MessagingServiceSid");
    *out_data = js_dump(cx, json_pack("{s:o}", "messaging_service_sid", js_str(sid)));
    return OK;
}

static enum err find_configuration(struct ctx *cx, struct request *rq, struct service *s,
                                   struct item *out)
{
    struct item_place at;
    struct str country;
    enum err e;

    if ((e = call_service(cx, rq, s)))
        return e;
    if (!country_read(cx, request_param(rq, STR("Country")), &country))
        return call_not_found(cx, rq);
    at = items_of(cx, rq, s, ITEM_MESSAGING);
    e = item_by_name(cx, rq->db, &at, country, out);
    return e == ERR_NOT_FOUND ? call_not_found(cx, rq) : e;
}

enum err messaging_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it = {0};
    struct service s;
    struct input in;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)))
        return e;
    if (!country_read(cx, input_get(&in, STR("Country")), &it.name))
        return input_bad(cx, rq, 60200, "Country");
    if ((e = sender_read(cx, rq, &in, &it.data)))
        return e;
    it.place = items_of(cx, rq, &s, ITEM_MESSAGING);
    e = item_add(cx, rq->db, "MC", CONFIGURATIONS_MAX, &it);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 60213,
                           "Messaging configuration for this country already exists");
    return e ? e : reply_json(cx, rs, 201, configuration_json(cx, rq, &s, &it));
}

enum err messaging_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e = find_configuration(cx, rq, &s, &it);

    return e ? e : reply_json(cx, rs, 200, configuration_json(cx, rq, &s, &it));
}

enum err messaging_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct input in;
    struct item it;
    struct str data;
    enum err e;

    if ((e = find_configuration(cx, rq, &s, &it)) || (e = input_read(cx, rq, &in)) ||
        (e = sender_read(cx, rq, &in, &data)) || (e = item_set(cx, rq->db, &it, data)))
        return e;
    return reply_json(cx, rs, 200, configuration_json(cx, rq, &s, &it));
}

enum err messaging_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e;

    if ((e = find_configuration(cx, rq, &s, &it)) || (e = item_remove(cx, rq->db, &it)))
        return e;
    return reply_deleted(cx, rs);
}

enum err messaging_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item_place at;
    struct service s;
    enum err e;

    if ((e = call_service(cx, rq, &s)))
        return e;
    at = items_of(cx, rq, &s, ITEM_MESSAGING);
    return items_list(cx, rq, rs, &s, &at, "messaging_configurations", configuration_json);
}

/* ---- the safe list ---- */

static struct item_place safe_place(struct ctx *cx, struct request *rq)
{
    return (struct item_place){call_of(cx, rq)->caller.account_id, 0, 0, ITEM_SAFE};
}

/* A number, or its beginning: "+" and digits. Shorter than any number it would lift the counts of
 * whole countries. */
static bool number_ok(struct str number)
{
    enum { SHORTEST = 7 };

    return number.n >= SHORTEST + 1 && number.n <= PHONE_DIGITS_MAX + 1 && number.p[0] == '+' &&
           str_all_digits(str_sub(number, 1, number.n));
}

static json_t *safe_json(struct ctx *cx, struct request *rq, const struct item *it)
{
    return json_pack("{s:o, s:o, s:o}", "sid", js_str(it->sid), "phone_number", js_str(it->name),
                     "url", js_url(cx, rq->db, "/SafeList/Numbers/%.*s", STR_ARG(it->name)));
}

static enum err find_safe(struct ctx *cx, struct request *rq, struct item *out)
{
    struct item_place at = safe_place(cx, rq);
    enum err e = item_by_name(cx, rq->db, &at, request_param(rq, STR("PhoneNumber")), out);

    return e == ERR_NOT_FOUND ? call_not_found(cx, rq) : e;
}

/* As documented for the original: adding, looking and removing together, a minute. */
static enum err safe_budget(struct ctx *cx, struct request *rq)
{
    static const struct limit_rule rule = {"verify.safelist", 30, 60};

    return call_budget(cx, rq, &rule, call_of(cx, rq)->caller.account_sid);
}

enum err safe_list_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it = {.place = safe_place(cx, rq), .data = STR("{}")};
    struct input in;
    enum err e;

    if ((e = input_read(cx, rq, &in)))
        return e;
    it.name = input_get(&in, STR("PhoneNumber"));
    if (!number_ok(it.name))
        return input_bad(cx, rq, 60200, "PhoneNumber");
    if ((e = safe_budget(cx, rq)))
        return e;
    e = item_add(cx, rq->db, "GN", SAFE_MAX, &it);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 60411, "Phone number is in the safe list already");
    return e ? e : reply_json(cx, rs, 201, safe_json(cx, rq, &it));
}

enum err safe_list_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it;
    enum err e;

    if ((e = safe_budget(cx, rq)) || (e = find_safe(cx, rq, &it)))
        return e;
    return reply_json(cx, rs, 200, safe_json(cx, rq, &it));
}

enum err safe_list_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it;
    enum err e;

    if ((e = safe_budget(cx, rq)) || (e = find_safe(cx, rq, &it)) ||
        (e = item_remove(cx, rq->db, &it)))
        return e;
    return reply_deleted(cx, rs);
}
