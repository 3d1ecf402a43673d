/* args.c: see args.h. */
#include "api/authy/args.h"
#include "base/buf.h"
#include "http/form.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_LEN_MAX = 512, DEPTH_MAX = 4 };

static const char too_much[] = "more than 256 parameters, or nested deeper than 4 levels";

static enum err refuse(struct ctx *cx, const char *why, struct str *out_why)
{
    *out_why = str_from(why);
    return fail(cx, ERR_INVALID, "args: %s", why);
}

/* As JSON that is nested so: a[b][c] is 2 deep. */
static int depth_of(struct str name)
{
    int depth = 0;

    for (size_t i = 0; i < name.n; i++)
        depth += name.p[i] == '[';
    return depth;
}

static bool add(struct args *a, struct str name, struct str value, enum arg_type type)
{
    if (a->n == ARGS_MAX || name.n > NAME_LEN_MAX || depth_of(name) > DEPTH_MAX)
        return false;
    a->item[a->n++] = (struct arg){name, value, type};
    return true;
}

/* ---- forms ---- */

static bool has(const struct args *a, struct str name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (str_eq(a->item[i].name, name))
            return true;
    }
    return false;
}

/* "logos[][res]" with the index that "[]" stands for. */
static struct str numbered(struct ctx *cx, const struct args *a, struct str name)
{
    ptrdiff_t at = str_find_str(name, STR("[]"));
    struct str head, tail, full;

    if (at <= 0)
        return name;
    head = str_sub(name, 0, (size_t)at);
    tail = str_sub(name, (size_t)at + 2, name.n);
    full = arena_printf(cx->mem, "%.*s[0]%.*s", STR_ARG(head), STR_ARG(tail));
    for (unsigned i = 1; i < ARGS_MAX && has(a, full); i++)
        full = arena_printf(cx->mem, "%.*s[%u]%.*s", STR_ARG(head), i, STR_ARG(tail));
    return full;
}

static enum err read_form(struct ctx *cx, struct str text, struct args *a, struct str *out_why)
{
    struct pair *pairs;
    size_t count;
    enum err e;

    if ((e = form_pairs(cx, text, &pairs, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        if (!add(a, numbered(cx, a, pairs[i].name), pairs[i].value, ARG_TEXT))
            return refuse(cx, too_much, out_why);
    }
    return OK;
}

/* ---- JSON ---- */

static struct str child_name(struct ctx *cx, struct str parent, struct str key)
{
    return parent.n ? arena_printf(cx->mem, "%.*s[%.*s]", STR_ARG(parent), STR_ARG(key))
                    : arena_str(cx->mem, key);
}

static bool flatten(struct ctx *cx, struct str name, json_t *v, int depth, struct args *a);

static bool flatten_members(struct ctx *cx, struct str name, json_t *object, int depth,
                            struct args *a)
{
    const char *key;
    json_t *v;

    json_object_foreach(object, key, v)
    {
        if (key[0] == '\0' || !flatten(cx, child_name(cx, name, str_from(key)), v, depth, a))
            return false;
    }
    return true;
}

static bool flatten(struct ctx *cx, struct str name, json_t *v, int depth, struct args *a)
{
    bool ok = depth < DEPTH_MAX;

    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return ok && flatten_members(cx, name, v, depth + 1, a);
    case JSON_ARRAY:
        for (size_t i = 0; ok && i < json_array_size(v); i++)
            ok = flatten(cx, child_name(cx, name, arena_printf(cx->mem, "%zu", i)),
                         json_array_get(v, i), depth + 1, a);
        return ok;
    case JSON_STRING:
        return add(a, name,
                   arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)}),
                   ARG_TEXT);
    case JSON_INTEGER:
        return add(a, name, arena_printf(cx->mem, "%" JSON_INTEGER_FORMAT, json_integer_value(v)),
                   ARG_NUMBER);
    case JSON_REAL:
        return add(a, name, arena_printf(cx->mem, "%.15g", json_real_value(v)), ARG_NUMBER);
    case JSON_TRUE:
        return add(a, name, STR("true"), ARG_BOOL);
    case JSON_FALSE:
        return add(a, name, STR("false"), ARG_BOOL);
    case JSON_NULL:
        break;
    }
    return true;
}

static enum err read_json(struct ctx *cx, const struct request *rq, struct args *a,
                          struct str *out_why)
{
    json_t *json;
    enum err e = json_body(cx, rq, &json);
    bool ok;

    if (e)
        return e;
    ok = flatten_members(cx, STR_NONE, json, 0, a);
    json_decref(json);
    return ok ? OK : refuse(cx, too_much, out_why);
}

/* ---- all of them ---- */

static bool is_plain_list(struct str name)
{
    return str_eq(name, STR("events"));
}

static enum err one_value_each(struct ctx *cx, const struct args *a, struct str *out_why)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_eq(a->item[i].name, a->item[k].name) &&
                !str_eq(a->item[i].value, a->item[k].value) && !is_plain_list(a->item[i].name))
                return refuse(cx, "a parameter was sent twice, with two values", out_why);
        }
    }
    return OK;
}

enum err args_read(struct ctx *cx, const struct request *rq, struct args **out, struct str *out_why)
{
    struct args *a = ARENA_NEW(cx->mem, struct args);
    enum err e = OK;

    *out_why = STR("the parameters are malformed");
    if (rq->body.n && request_body_is(rq, STR("application/json")))
        e = read_json(cx, rq, a, out_why);
    else if (rq->body.n)
        e = read_form(cx, rq->body, a, out_why);
    if (e || (e = read_form(cx, rq->query, a, out_why)) || (e = one_value_each(cx, a, out_why)))
        return e;
    *out = a;
    return OK;
}

/* ---- asking ---- */

struct str arg_text(const struct args *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (str_eq(a->item[i].name, str_from(name)))
            return str_trim(a->item[i].value);
    }
    return STR_NONE;
}

bool arg_true(const struct args *a, const char *name, bool absent)
{
    struct str v = arg_text(a, name);

    if (v.n == 0)
        return absent;
    return str_eq_nocase(v, STR("true")) || str_eq(v, STR("1")) || str_eq_nocase(v, STR("yes")) ||
           str_eq_nocase(v, STR("on"));
}

bool arg_number(const struct args *a, const char *name, int64_t min, int64_t max, int64_t absent,
                int64_t *out)
{
    struct str v = arg_text(a, name);

    if (v.n == 0) {
        *out = absent;
        return true;
    }
    return str_to_i64(v, min, max, out);
}

/* Cuts "[a][b]" into "a" and "[b]". False when it does not begin with brackets that hold something.
 */
static bool cut(struct str *rest, struct str *out)
{
    ptrdiff_t close = rest->n > 2 && rest->p[0] == '[' ? str_find(*rest, ']') : STR_NPOS;

    if (close <= 1)
        return false;
    *out = str_sub(*rest, 1, (size_t)close - 1);
    *rest = str_sub(*rest, (size_t)close + 1, rest->n);
    return true;
}

const struct arg *arg_next(const struct args *a, const char *name, size_t *at, struct str *out_key)
{
    size_t len = strlen(name);

    while (*at < a->n) {
        const struct arg *arg = &a->item[(*at)++];
        struct str rest = str_sub(arg->name, len, arg->name.n), key;

        if (!str_starts(arg->name, (struct str){name, len}) || !cut(&rest, &key))
            continue;
        *out_key = (struct str){key.p, key.n + (rest.n ? rest.n + 1 : 0)};
        return arg;
    }
    return NULL;
}

static json_t *scalar(const struct arg *arg)
{
    int64_t i;

    if (arg->type == ARG_BOOL)
        return json_boolean(str_eq(arg->value, STR("true")));
    if (arg->type == ARG_NUMBER && str_to_i64(arg->value, INT64_MIN, INT64_MAX, &i))
        return json_integer(i);
    return json_stringn(arg->value.n ? arg->value.p : "", arg->value.n);
}

/* The object or list called key in o, made if need be. */
static json_t *inner(json_t *o, struct str key)
{
    json_t *v = json_object_getn(o, key.p, key.n);

    if (!json_is_object(v)) {
        v = json_object();
        json_object_setn_new(o, key.p, key.n, v);
    }
    return v;
}

json_t *arg_object(const struct args *a, const char *name)
{
    size_t len = strlen(name);
    json_t *root = NULL;

    for (size_t i = 0; i < a->n; i++) {
        struct str rest = str_sub(a->item[i].name, len, a->item[i].name.n), key, next;
        json_t *at;

        if (!str_starts(a->item[i].name, (struct str){name, len}) || !cut(&rest, &key))
            continue;
        if (!root)
            root = json_object();
        for (at = root; cut(&rest, &next); key = next)
            at = inner(at, key);
        json_object_setn_new(at, key.p, key.n, scalar(&a->item[i]));
    }
    return root;
}
