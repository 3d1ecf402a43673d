/* token.c: access tokens, with which a device enrols. Each makes one factor. */
#include "api/verify/handlers.h"
#include "api/verify/items.h"

struct token_form {
    struct str identity, type, name;
    int64_t ttl_s;
};
static const struct wish token_wishes[] = {
    {"Identity",           offsetof(struct token_form, identity), WISH_TEXT, true,  8,  64 },
    {"FactorType",         offsetof(struct token_form, type),     WISH_TEXT, true,  1,  16 },
    {"FactorFriendlyName", offsetof(struct token_form, name),     WISH_TEXT, false, 0,  64 },
    {"Ttl",                offsetof(struct token_form, ttl_s),    WISH_INT,  false, 60, 300},
};

static enum err reply_token(struct ctx *cx, struct request *rq, struct response *rs, int status,
                            const struct service *s, const struct access *a)
{
    json_t *o =
        json_pack("{s:o, s:s, s:o, s:I, s:o}", "entity_identity", js_str(a->identity),
                  "factor_type", "push", "factor_friendly_name", js_text(a->factor_name), "ttl",
                  (json_int_t)a->ttl_s, "token", js_str(item_token(cx, rq->db, &a->item)));

    js_item(cx, rq, o, s, &a->item, "AccessTokens");
    json_object_del(o, "date_updated");
    return reply_json(cx, rs, status, o);
}

enum err access_tokens_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct token_form f = {.ttl_s = 60};
    struct item_place at;
    struct service s;
    struct input in;
    struct access a;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)))
        return e;
    if (!input_get(&in, STR("Identity")).n || !input_get(&in, STR("FactorType")).n)
        return call_refuse(cx, rq, 60305, "Missing Identity or FactorType for the access token");
    if ((e = input_bind(cx, rq, &in, token_wishes, COUNT_OF(token_wishes), 60306, &f)))
        return e;
    if (!str_eq(f.type, STR("push")))
        return input_bad(cx, rq, 60306, "FactorType");
    at = items_of(cx, rq, &s, ITEM_TOKEN);
    if ((e = access_add(cx, rq->db, &at, f.identity, f.name, f.ttl_s, &a)))
        return e;
    return reply_token(cx, rq, rs, 201, &s, &a);
}

enum err access_tokens_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct access a;
    struct service s;
    struct item it;
    enum err e;

    if ((e = items_find(cx, rq, ITEM_TOKEN, "Sid", &s, &it)))
        return e;
    access_read(cx, &it, &a);
    return reply_token(cx, rq, rs, 200, &s, &a);
}
