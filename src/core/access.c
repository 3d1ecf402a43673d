/* access.c: see access.h. The row's data is a JSON object, as the Verify dialect replies it. */
#include "core/access.h"

#include "crypto/token.h"

#include <jansson.h>
#include <stdlib.h>

_Static_assert((int)ACCESS_TOKEN_LEN == 35 + (int)TOKEN_LEN, "as item_token makes it");

bool access_is_token(struct str text)
{
    return text.n == ACCESS_TOKEN_LEN && str_starts(text, STR("YK"));
}

enum err access_add(struct ctx *cx, struct db *db, const struct item_place *place,
                    struct str identity, struct str factor_name, int64_t ttl_s, struct access *out)
{
    json_t *data = json_pack(
        "{s:o, s:o, s:I}", "identity", json_stringn(identity.p, identity.n), "factor_friendly_name",
        factor_name.n ? json_stringn(factor_name.p, factor_name.n) : json_null(), "ttl",
        (json_int_t)ttl_s);
    char *text = json_dumps(data, JSON_COMPACT);
    struct item item;
    enum err e;

    json_decref(data);
    if (!text)
        return fail(cx, ERR_INTERNAL, "an access token's data is no JSON");
    e = item_token_add(cx, db, place, arena_str(cx->mem, str_from(text)), &item);
    free(text);
    if (e == OK)
        access_read(cx, &item, out);
    return e;
}

static struct str text_of(struct ctx *cx, const json_t *data, const char *key)
{
    const char *text = json_string_value(json_object_get(data, key));

    return text ? arena_str(cx->mem, str_from(text)) : STR_NONE;
}

void access_read(struct ctx *cx, const struct item *item, struct access *out)
{
    json_t *data = json_loadb(item->data.p, item->data.n, 0, NULL);

    *out = (struct access){
        .item = *item,
        .identity = text_of(cx, data, "identity"),
        .factor_name = text_of(cx, data, "factor_friendly_name"),
        .ttl_s = json_integer_value(json_object_get(data, "ttl")),
    };
    out->expires_at_ms = item->created_at_ms + out->ttl_s * MS_PER_S;
    json_decref(data);
}

enum err access_by_token(struct ctx *cx, struct db *db, struct str token, struct access *out)
{
    struct access a;
    struct item item;
    enum err e;

    if ((e = item_by_token(cx, db, token, &item)))
        return e;
    access_read(cx, &item, &a);
    if (a.expires_at_ms <= cx->now_ms)
        return fail(cx, ERR_EXPIRED, "the access token is too old");
    *out = a;
    return OK;
}

enum err access_use(struct ctx *cx, struct db *db, const struct access *a)
{
    return item_remove(cx, db, &a->item);
}
