/*
 * form.c: bodies become pairs of text, pairs become fields. Knows no page and no API.
 *
 * Both notations end as one list of struct pair, so that there is one place that refuses
 * duplicates, bad UTF-8 and NUL, and one that reads fields.
 */
#include "http/form.h"
#include "base/encode.h"

#include <inttypes.h>
#include <string.h>

enum { PAIRS_MAX = 64, JSON_DEPTH_MAX = 8 };
enum { TEXT_MAX = 200, LINES_MAX = 2000, PASSWORD_MAX_LEN = 256 };

/* ---- problems ---- */

void problem_add(struct problems *ps, struct str field, struct str text)
{
    if (ps->n < PROBLEMS_MAX)
        ps->item[ps->n++] = (struct problem){field, text};
}

struct str problem_of(const struct problems *ps, struct str field)
{
    for (size_t i = 0; i < ps->n; i++) {
        if (str_eq(ps->item[i].field, field))
            return ps->item[i].text;
    }
    return STR_NONE;
}

/* ---- application/x-www-form-urlencoded ---- */

static bool is_clean(struct str s)
{
    return str_is_utf8(s) && str_find(s, '\0') == STR_NPOS;
}

static bool unescape(struct ctx *cx, struct str raw, struct str *out)
{
    return url_decode(cx->mem, raw, true, out) && is_clean(*out);
}

enum err form_pairs(struct ctx *cx, struct str text, struct pair **out, size_t *out_count)
{
    struct pair *pairs = ARENA_ARRAY(cx->mem, struct pair, PAIRS_MAX);
    struct str rest = text, piece;
    size_t n = 0;

    while (text.n > 0 && str_split(&rest, '&', &piece)) {
        ptrdiff_t eq = str_find(piece, '=');
        struct str name = eq == STR_NPOS ? piece : str_sub(piece, 0, (size_t)eq);
        struct str value = eq == STR_NPOS ? STR("") : str_sub(piece, (size_t)eq + 1, piece.n);

        if (n == PAIRS_MAX)
            return fail(cx, ERR_INVALID, "form: more than %d fields", PAIRS_MAX);
        if (!unescape(cx, name, &pairs[n].name) || !unescape(cx, value, &pairs[n].value))
            return fail(cx, ERR_INVALID, "form: bad escape, UTF-8 or NUL in field %zu", n + 1);
        if (pairs[n].name.n == 0)
            return fail(cx, ERR_INVALID, "form: field %zu has no name", n + 1);
        n++;
    }
    *out = pairs;
    *out_count = n;
    return OK;
}

/* ---- application/json ---- */

/* Checked before the parser sees the text, so that its recursion stays shallow. */
static bool json_is_shallow(struct str s)
{
    bool in_string = false;
    size_t depth = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

enum err json_body(struct ctx *cx, const struct request *rq, json_t **out)
{
    json_error_t at;
    json_t *json;

    if (!request_body_is(rq, STR("application/json")))
        return fail(cx, ERR_INVALID, "json: the body's type is not application/json");
    if (!json_is_shallow(rq->body))
        return fail(cx, ERR_INVALID, "json: deeper than %d", JSON_DEPTH_MAX);
    json = json_loadb(rq->body.p ? rq->body.p : "", rq->body.n, JSON_REJECT_DUPLICATES, &at);
    if (!json)
        return fail(cx, ERR_INVALID, "json: malformed at byte %d", at.position);
    if (!json_is_object(json)) {
        json_decref(json);
        return fail(cx, ERR_INVALID, "json: not an object");
    }
    *out = json;
    return OK;
}

static void json_release(json_t **json)
{
    json_decref(*json);
}

/* What judge_type() accepts, as the text that a form would have sent. */
static struct str json_text(struct ctx *cx, const json_t *v)
{
    if (json_is_integer(v))
        return arena_printf(cx->mem, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_boolean(v))
        return json_is_true(v) ? STR("true") : STR("false");
    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

static const struct field *find_field(const struct field *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(str_from(fields[i].name), name))
            return &fields[i];
    }
    return NULL;
}

/* A string is what a form would have sent, so it does for all; another type only for the reader
 * that is made for it. STR_NONE accepts. */
static struct str judge_type(const struct field *f, const json_t *v)
{
    if (json_is_string(v) || (f->read == field_bool && json_is_boolean(v)) ||
        (f->read == field_i64 && json_is_integer(v)))
        return STR_NONE;
    if (f->read == field_bool)
        return STR("Please send true or false.");
    return f->read == field_i64 ? STR("Please send a whole number.") : STR("Please send text.");
}

/* Wrong types are added to *problems; what has one is no pair. */
static enum err json_pairs(struct ctx *cx, const struct request *rq, const struct field *fields,
                           size_t count, struct problems *problems, struct pair **out,
                           size_t *out_count)
{
    struct pair *pairs = ARENA_ARRAY(cx->mem, struct pair, PAIRS_MAX);
    OWN(json_release) json_t *json = NULL;
    const char *key;
    json_t *v;
    size_t n = 0;
    enum err e;

    if ((e = json_body(cx, rq, &json)))
        return e;
    if (json_object_size(json) > PAIRS_MAX)
        return fail(cx, ERR_INVALID, "json: more than %d fields", PAIRS_MAX);
    json_object_foreach(json, key, v)
    {
        const struct field *f = find_field(fields, count, str_from(key));
        struct str problem;

        if (json_is_null(v) || !f) /* null says: not given */
            continue;
        problem = judge_type(f, v);
        if (problem.p) {
            problem_add(problems, str_from(f->name), problem);
            continue;
        }
        pairs[n].name = str_from(f->name);
        pairs[n++].value = json_text(cx, v);
    }
    *out = pairs;
    *out_count = n;
    return OK;
}

/* ---- binding ---- */

static bool has_duplicate(const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            if (str_eq(pairs[i].name, pairs[k].name))
                return true;
        }
    }
    return false;
}

static enum err body_pairs(struct ctx *cx, const struct request *rq, const struct field *fields,
                           size_t count, struct problems *problems, struct pair **out,
                           size_t *out_count)
{
    enum err e;

    if (rq->body.n > 0 && request_body_is(rq, STR("application/json")))
        return json_pairs(cx, rq, fields, count, problems, out, out_count);
    if (rq->body.n > 0 && !request_body_is(rq, STR("application/x-www-form-urlencoded")))
        return fail(cx, ERR_INVALID, "form: the body is neither a form nor JSON");
    if ((e = form_pairs(cx, rq->body, out, out_count)))
        return e;
    if (has_duplicate(*out, *out_count))
        return fail(cx, ERR_INVALID, "form: a field was sent twice");
    return OK;
}

static const struct pair *find_pair(const struct pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(pairs[i].name, str_from(name)))
            return &pairs[i];
    }
    return NULL;
}

enum err form_bind(struct ctx *cx, const struct request *rq, const struct field *fields,
                   size_t count, void *in, struct problems *problems)
{
    struct pair *pairs;
    size_t pair_count;
    enum err e;

    *problems = (struct problems){0};
    if ((e = body_pairs(cx, rq, fields, count, problems, &pairs, &pair_count))) {
        *problems = (struct problems){.malformed = true};
        return e;
    }
    for (size_t i = 0; i < count; i++) {
        const struct field *f = &fields[i];
        const struct pair *pair = find_pair(pairs, pair_count, f->name);
        struct str text = STR_NONE;

        if (pair)
            text = f->read(cx, f, pair->value, (char *)in + f->offset);
        else if ((f->flags & FIELD_REQUIRED) && !problem_of(problems, str_from(f->name)).p)
            text = PROBLEM_MISSING;
        if (text.p)
            problem_add(problems, str_from(f->name), text);
    }
    if (problems->n > 0)
        return fail(cx, ERR_INVALID, "form: field %.*s: %.*s", STR_ARG(problems->item[0].field),
                    STR_ARG(problems->item[0].text));
    return OK;
}

/* ---- readers ---- */

/* STR_NONE if the number of characters suits the field. */
static struct str judge_length(struct ctx *cx, const struct field *f, struct str s, size_t max)
{
    size_t chars = str_utf8_count(s);

    if (f->max > 0)
        max = f->max;
    if (s.n == 0)
        return f->flags & FIELD_REQUIRED ? PROBLEM_MISSING : STR_NONE;
    if (chars < f->min)
        return arena_printf(cx->mem, "Please use at least %zu characters.", f->min);
    if (chars > max)
        return arena_printf(cx->mem, "Please use at most %zu characters.", max);
    return STR_NONE;
}

struct str field_text(struct ctx *cx, const struct field *f, struct str value, void *out)
{
    struct str s = str_trim(value);

    if (str_has_control(s))
        return STR("Please remove the invisible characters.");
    *(struct str *)out = s;
    return judge_length(cx, f, s, TEXT_MAX);
}

struct str field_lines(struct ctx *cx, const struct field *f, struct str value, void *out)
{
    struct str s = str_trim(value), rest = s, line;

    while (str_split(&rest, '\n', &line)) {
        if (str_ends(line, STR("\r")))
            line.n--;
        if (str_has_control(line))
            return STR("Please remove the invisible characters.");
    }
    *(struct str *)out = s;
    return judge_length(cx, f, s, LINES_MAX);
}

struct str field_password(struct ctx *cx, const struct field *f, struct str value, void *out)
{
    if (value.n > PASSWORD_MAX_LEN)
        return STR("Please use a shorter password: at most 256 bytes.");
    *(struct str *)out = value;
    return judge_length(cx, f, value, PASSWORD_MAX_LEN);
}

struct str field_bool(struct ctx *cx, const struct field *f, struct str value, void *out)
{
    static const struct {
        struct str word;
        bool means;
    } words[] = {
        {STR("on"),    true },
        {STR("true"),  true },
        {STR("1"),     true },
        {STR("yes"),   true },
        {STR("off"),   false},
        {STR("false"), false},
        {STR("0"),     false},
        {STR("no"),    false},
    };

    (void)cx;
    (void)f;
    EACH_ROW (row, words) {
        if (str_eq_nocase(row->word, value)) {
            *(bool *)out = row->means;
            return STR_NONE;
        }
    }
    return STR("Please say yes or no.");
}

struct str field_i64(struct ctx *cx, const struct field *f, struct str value, void *out)
{
    bool any = f->min == 0 && f->max == 0;
    int64_t min = any ? INT64_MIN : (int64_t)f->min, max = any ? INT64_MAX : (int64_t)f->max;

    if (str_to_i64(str_trim(value), min, max, out))
        return STR_NONE;
    if (any)
        return STR("Please enter a whole number.");
    return arena_printf(cx->mem, "Please enter a whole number from %" PRId64 " to %" PRId64 ".",
                        min, max);
}
