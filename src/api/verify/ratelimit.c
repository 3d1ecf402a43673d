/*
 * ratelimit.c: rate limits that an application defines, their buckets, and the counting: each start
 * names limits and values (RateLimits={"end_user_ip":"203.0.113.7"}), and every bucket of a named
 * limit counts the value over its interval.
 */
#include "api/verify/handlers.h"
#include "api/verify/items.h"
#include "core/limit.h"

enum {
    LIMITS_MAX = 10, /* of a service, and buckets of a limit: not published for the original */
    BUCKETS_MAX = 5,
    NAME_MAX = 255,
    DESCRIPTION_MAX = 255,
    INTERVAL_MAX_S = 86400 * 30,
    COUNT_MAX = 1000000,
    RATE_LIMITS_LEN_MAX = 4096,
};

static struct item_place buckets_of(struct ctx *cx, struct request *rq, const struct service *s,
                                    const struct item *limit)
{
    return (struct item_place){call_of(cx, rq)->caller.account_id, s->id, limit->id, ITEM_BUCKET};
}

/* ---- rate limits ---- */

static json_t *limit_json(struct ctx *cx, struct request *rq, const struct service *s,
                          const struct item *it)
{
    json_t *data = js_parsed(it->data), *o = json_pack("{s:o}", "unique_name", js_str(it->name));

    json_object_set(o, "description", json_object_get(data, "description"));
    json_decref(data);
    js_item(cx, rq, o, s, it, "RateLimits");
    json_object_set_new(o, "links",
                        json_pack("{s:o}", "buckets",
                                  js_url(cx, rq->db, "/Services/%.*s/RateLimits/%.*s/Buckets",
                                         STR_ARG(s->sid), STR_ARG(it->sid))));
    return o;
}

static const struct wish description_wish[] = {
    {"Description", 0, WISH_TEXT, false, 0, DESCRIPTION_MAX}
};

static struct str description_data(struct ctx *cx, struct str text)
{
    return js_dump(cx, json_pack("{s:o}", "description", js_text(text)));
}

enum err rate_limits_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str description = STR_NONE;
    struct service s;
    struct input in;
    struct item it;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)))
        return e;
    it = (struct item){.place = items_of(cx, rq, &s, ITEM_RATE_LIMIT),
                       .name = input_get(&in, STR("UniqueName"))};
    if (!it.name.n || it.name.n > NAME_MAX)
        return input_bad(cx, rq, 60200, "UniqueName");
    if (!str_all_alnum(it.name, "-_."))
        return call_refuse(cx, rq, 60209, "Invalid unique name");
    if ((e = input_bind(cx, rq, &in, description_wish, 1, 60200, &description)))
        return e;
    it.data = description_data(cx, description);
    e = item_add(cx, rq->db, "RK", LIMITS_MAX, &it);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 60208, "Rate limit with this unique name already exists");
    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 60207, "Max rate limits per service reached");
    return e ? e : reply_json(cx, rs, 201, limit_json(cx, rq, &s, &it));
}

enum err rate_limits_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e = items_find(cx, rq, ITEM_RATE_LIMIT, "Sid", &s, &it);

    return e ? e : reply_json(cx, rs, 200, limit_json(cx, rq, &s, &it));
}

enum err rate_limits_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str description = STR_NONE;
    struct service s;
    struct input in;
    struct item it;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_RATE_LIMIT, "Sid", &s, &it)) ||
        (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, description_wish, 1, 60200, &description)) ||
        (description.p && (e = item_set(cx, rq->db, &it, description_data(cx, description)))))
        return e;
    return reply_json(cx, rs, 200, limit_json(cx, rq, &s, &it));
}

enum err rate_limits_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    struct item it;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_RATE_LIMIT, "Sid", &s, &it)) ||
        (e = item_remove(cx, rq->db, &it)))
        return e;
    return reply_deleted(cx, rs);
}

enum err rate_limits_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item_place at;
    struct service s;
    enum err e;

    if ((e = call_service(cx, rq, &s)))
        return e;
    at = items_of(cx, rq, &s, ITEM_RATE_LIMIT);
    return items_list(cx, rq, rs, &s, &at, "rate_limits", limit_json);
}

/* ---- buckets ---- */

struct bucket {
    int64_t max, interval_s;
};
static const struct wish bucket_wishes[] = {
    {"Max",      offsetof(struct bucket, max),        WISH_INT, false, 1, COUNT_MAX     },
    {"Interval", offsetof(struct bucket, interval_s), WISH_INT, false, 1, INTERVAL_MAX_S},
};

static struct bucket bucket_of(const struct item *it)
{
    json_t *data = js_parsed(it->data);
    struct bucket b = {.max = json_integer_value(json_object_get(data, "max"))};

    json_decref(data);
    if (!str_to_i64(it->name, 1, INTERVAL_MAX_S, &b.interval_s))
        b.interval_s = 1;
    return b;
}

static json_t *bucket_json(struct ctx *cx, struct request *rq, const struct service *s,
                           const struct item *it)
{
    struct str limit_sid = request_param(rq, STR("RateLimitSid"));
    struct str under = arena_printf(cx->mem, "RateLimits/%.*s/Buckets", STR_ARG(limit_sid));
    struct bucket b = bucket_of(it);
    json_t *o = json_pack("{s:o, s:I, s:I}", "rate_limit_sid", js_str(limit_sid), "max",
                          (json_int_t)b.max, "interval", (json_int_t)b.interval_s);

    js_item(cx, rq, o, s, it, under.p);
    return o;
}

/* The interval is the bucket's name, so that no limit has two of one interval. */
static void bucket_fill(struct ctx *cx, struct item *it, const struct bucket *b)
{
    it->name = arena_printf(cx->mem, "%lld", (long long)b->interval_s);
    it->data = js_dump(cx, json_pack("{s:I}", "max", (json_int_t)b->max));
}

static enum err find_bucket(struct ctx *cx, struct request *rq, struct service *s, struct item *out)
{
    struct item_place at;
    struct item limit;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_RATE_LIMIT, "RateLimitSid", s, &limit)))
        return e;
    at = buckets_of(cx, rq, s, &limit);
    e = item_by_sid(cx, rq->db, &at, request_param(rq, STR("Sid")), out);
    return e == ERR_NOT_FOUND ? call_not_found(cx, rq) : e;
}

enum err buckets_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct bucket b = {0};
    struct item limit, it;
    struct service s;
    struct input in;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_RATE_LIMIT, "RateLimitSid", &s, &limit)) ||
        (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, bucket_wishes, COUNT_OF(bucket_wishes), 60200, &b)))
        return e;
    if (!b.max || !b.interval_s)
        return input_bad(cx, rq, 60200, b.max ? "Interval" : "Max");
    it = (struct item){.place = buckets_of(cx, rq, &s, &limit)};
    bucket_fill(cx, &it, &b);
    e = item_add(cx, rq->db, "BL", BUCKETS_MAX, &it);
    if (e == ERR_CONFLICT)
        return call_refuse(cx, rq, 60211, "Bucket with this interval already exists");
    if (e == ERR_LIMITED)
        return call_refuse(cx, rq, 60210, "Max buckets per rate limit reached");
    return e ? e : reply_json(cx, rs, 201, bucket_json(cx, rq, &s, &it));
}

enum err buckets_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it;
    struct service s;
    enum err e = find_bucket(cx, rq, &s, &it);

    return e ? e : reply_json(cx, rs, 200, bucket_json(cx, rq, &s, &it));
}

enum err buckets_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it, other;
    struct service s;
    struct input in;
    struct bucket b;
    enum err e;

    if ((e = find_bucket(cx, rq, &s, &it)) || (e = input_read(cx, rq, &in)))
        return e;
    b = bucket_of(&it);
    if ((e = input_bind(cx, rq, &in, bucket_wishes, COUNT_OF(bucket_wishes), 60200, &b)))
        return e;
    bucket_fill(cx, &it, &b);
    e = item_by_name(cx, rq->db, &it.place, it.name, &other);
    if (e == OK && other.id != it.id)
        return call_refuse(cx, rq, 60211, "Bucket with this interval already exists");
    if (e && e != ERR_NOT_FOUND)
        return e;
    if ((e = item_set(cx, rq->db, &it, it.data)))
        return e;
    return reply_json(cx, rs, 200, bucket_json(cx, rq, &s, &it));
}

enum err buckets_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item it;
    struct service s;
    enum err e;

    if ((e = find_bucket(cx, rq, &s, &it)) || (e = item_remove(cx, rq->db, &it)))
        return e;
    return reply_deleted(cx, rs);
}

enum err buckets_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct item_place at;
    struct item limit;
    struct service s;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_RATE_LIMIT, "RateLimitSid", &s, &limit)))
        return e;
    at = buckets_of(cx, rq, &s, &limit);
    return items_list(cx, rq, rs, &s, &at, "buckets", bucket_json);
}

/* ---- counting ---- */

static enum err take(struct ctx *cx, struct request *rq, const struct service *s, struct str name,
                     struct str value)
{
    struct item_place at = items_of(cx, rq, s, ITEM_RATE_LIMIT);
    struct item limit, *buckets;
    size_t count;
    enum err e = item_by_name(cx, rq->db, &at, name, &limit);

    if (e) /* not one of ours: not published what then; passed over */
        return e == ERR_NOT_FOUND ? OK : e;
    at = buckets_of(cx, rq, s, &limit);
    if ((e = item_page(cx, rq->db, &at, false, 0, BUCKETS_MAX, &buckets, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        struct bucket b = bucket_of(&buckets[i]);
        struct limit_rule rule = {"verify.bucket", (uint32_t)b.max, (uint32_t)b.interval_s};

        e = limit_take(cx, rq->db, &rule,
                       arena_printf(cx->mem, "%.*s:%.*s", STR_ARG(buckets[i].sid), STR_ARG(value)));
        if (e == ERR_LIMITED)
            return call_refuse(cx, rq, 20429, "Too many requests: rate limit %.*s", STR_ARG(name));
        if (e)
            return e;
    }
    return OK;
}

enum err rate_limits_take(struct ctx *cx, struct request *rq, const struct service *s,
                          struct str json)
{
    enum err e = OK;
    const char *key;
    json_t *named, *value;

    if (!json.n)
        return OK;
    named = json.n <= RATE_LIMITS_LEN_MAX ? json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL)
                                          : NULL;
    if (!json_is_object(named) || json_object_size(named) > LIMITS_MAX) {
        json_decref(named);
        return input_bad(cx, rq, 60200, "RateLimits");
    }
    json_object_foreach(named, key, value)
    {
        if (e)
            break;
        if (json_is_object(value) || json_is_array(value))
            e = input_bad(cx, rq, 60200, "RateLimits");
        else /* "1" and 1 are different subjects; so are they in the original's JSON */
            e = take(cx, rq, s, str_from(key), js_dump(cx, json_incref(value)));
    }
    json_decref(named);
    return e;
}
