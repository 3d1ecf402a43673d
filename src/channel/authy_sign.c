/* authy_sign.c: see authy_sign.h. */
#include "channel/authy_sign.h"
#include "base/buf.h"
#include "base/encode.h"
#include "crypto/hash.h"

#include <inttypes.h>
#include <stdlib.h>

/* What fits is signed whole: escaped, a byte is three at most. */
enum {
    PARAMS_FIT = 128 * KIB,
    PARAMS_MAX = 4 * PARAMS_FIT,
    DEPTH_MAX = 12,
    MEMBERS_MAX = 512,
};

/* As in a form: unreserved characters as they are, a space as '+'. */
static void escaped(struct buf *out, struct str s)
{
    struct str piece;
    bool first = true;

    while (str_split(&s, ' ', &piece)) {
        if (!first)
            buf_addc(out, '+');
        first = false;
        url_part(out, piece);
    }
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str flat(struct ctx *cx, struct str key, json_t *v, int depth);

/* Joined by '&', without those that yield nothing. */
static struct str joined(struct ctx *cx, const struct str *parts, size_t n)
{
    OWN(buf_deinit) struct buf b = {.max = PARAMS_MAX};

    for (size_t i = 0; i < n; i++) {
        if (b.n && parts[i].n)
            buf_addc(&b, '&');
        buf_add(&b, parts[i]);
    }
    return arena_str(cx->mem, buf_str(&b));
}

static struct str flat_object(struct ctx *cx, struct str key, json_t *v, int depth)
{
    size_t max = MIN_OF(json_object_size(v), (size_t)MEMBERS_MAX);
    struct str *parts = ARENA_ARRAY(cx->mem, struct str, max ? max : 1);
    const char *name;
    json_t *item;
    size_t n = 0;

    json_object_foreach(v, name, item)
    {
        OWN(buf_deinit) struct buf b = {.max = PARAMS_MAX};

        if (n == max)
            break;
        buf_add(&b, key);
        if (key.n)
            buf_add(&b, STR("%5B"));
        escaped(&b, str_from(name));
        if (key.n)
            buf_add(&b, STR("%5D"));
        parts[n++] = flat(cx, arena_str(cx->mem, buf_str(&b)), item, depth + 1);
    }
    qsort(parts, n, sizeof(parts[0]), by_bytes);
    return joined(cx, parts, n);
}

static struct str flat_list(struct ctx *cx, struct str key, json_t *v, int depth)
{
    size_t max = MIN_OF(json_array_size(v), (size_t)MEMBERS_MAX);
    struct str *parts = ARENA_ARRAY(cx->mem, struct str, max ? max : 1);
    struct str inner = arena_printf(cx->mem, "%.*s%%5B%%5D", STR_ARG(key));
    size_t n = 0;

    for (; n < max; n++)
        parts[n] = flat(cx, inner, json_array_get(v, n), depth + 1);
    return joined(cx, parts, n);
}

static struct str flat(struct ctx *cx, struct str key, json_t *v, int depth)
{
    OWN(buf_deinit) struct buf b = {.max = PARAMS_MAX};

    if (depth > DEPTH_MAX)
        return STR("");
    if (json_is_object(v))
        return flat_object(cx, key, v, depth);
    if (json_is_array(v))
        return flat_list(cx, key, v, depth);
    buf_add(&b, key);
    buf_addc(&b, '=');
    if (json_is_string(v))
        escaped(&b, (struct str){json_string_value(v), json_string_length(v)});
    else if (json_is_boolean(v))
        buf_add(&b, json_is_true(v) ? STR("true") : STR("false"));
    else if (json_is_integer(v))
        buf_addf(&b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        buf_addf(&b, "%.15g", json_real_value(v));
    return arena_str(cx->mem, buf_str(&b));
}

struct str form_escape(struct ctx *cx, struct str s)
{
    OWN(buf_deinit) struct buf b = {.max = PARAMS_MAX};

    escaped(&b, s);
    return arena_str(cx->mem, buf_str(&b));
}

/* Takes what v's names and values come to from *left, as long as there is enough. */
static bool take(json_t *v, size_t key, int depth, size_t *left)
{
    enum { BRACKETS = 6, NUMBER = 24 };
    size_t need = key + (json_is_string(v) ? json_string_length(v) : NUMBER);
    const char *name;
    json_t *item;
    size_t i;

    if (depth > DEPTH_MAX || need > *left)
        return false;
    *left -= need;
    json_object_foreach(v, name, item)
    {
        if (!take(item, key + str_from(name).n + BRACKETS, depth + 1, left))
            return false;
    }
    json_array_foreach(v, i, item)
    {
        if (!take(item, key + BRACKETS, depth + 1, left))
            return false;
    }
    return true;
}

bool callback_params_fit(json_t *body)
{
    size_t left = PARAMS_FIT;

    return take(body, 0, 0, &left);
}

struct str callback_params(struct ctx *cx, json_t *body)
{
    return flat(cx, STR(""), body, 0);
}

struct str callback_signature(struct ctx *cx, struct str key, struct str nonce, struct str method,
                              struct str url, struct str params)
{
    const struct bytes bar = BYTES_OF((const char[]){'|'});
    const struct bytes parts[] = {str_bytes(nonce), bar, str_bytes(method), bar,
                                  str_bytes(url),   bar, str_bytes(params)};
    uint8_t mac[HMAC_LEN_MAX];
    size_t n = hmac_parts(HMAC_SHA256, str_bytes(key), parts, COUNT_OF(parts), mac);

    return base64_encode(cx->mem, (struct bytes){mac, n});
}
