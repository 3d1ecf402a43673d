/* input.c: see input.h. */
#include "api/verify/input.h"
#include "api/verify/reply.h"

#include <string.h>
#include <time.h>

static bool is_list(struct str name)
{
    return str_eq(name, STR("EventTypes")) || str_eq(name, STR("Details.Fields"));
}

enum err input_read(struct ctx *cx, struct request *rq, struct input *out)
{
    struct input in = {0};

    if (form_pairs(cx, rq->method == GET ? rq->query : rq->body, &in.pairs, &in.n))
        return call_refuse(cx, rq, 20001, "The parameters are malformed");
    for (size_t i = 0; i < in.n; i++) {
        for (size_t k = 0; k < i && !is_list(in.pairs[i].name); k++) {
            if (str_eq(in.pairs[i].name, in.pairs[k].name))
                return call_refuse(cx, rq, 20001, "A parameter was sent twice");
        }
    }
    *out = in;
    return OK;
}

struct str input_get(const struct input *in, struct str name)
{
    for (size_t i = 0; i < in->n; i++) {
        if (str_eq(in->pairs[i].name, name))
            return (struct str){in->pairs[i].value.p ? in->pairs[i].value.p : "",
                                in->pairs[i].value.n};
    }
    return STR_NONE;
}

size_t input_all(struct ctx *cx, const struct input *in, struct str name, struct str **out)
{
    struct str *list = ARENA_ARRAY(cx->mem, struct str, in->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < in->n; i++) {
        if (str_eq(in->pairs[i].name, name))
            list[n++] = in->pairs[i].value;
    }
    *out = list;
    return n;
}

enum err input_bad(struct ctx *cx, struct request *rq, int code, const char *name)
{
    return call_refuse(cx, rq, code, "Invalid parameter: %s", name);
}

static bool bind_text(const struct wish *w, struct str text, struct str *out)
{
    size_t chars;

    if (!str_is_utf8(text) || str_has_control(text))
        return false;
    chars = str_utf8_count(text);
    *out = text;
    return chars >= w->min && (!w->max || chars <= w->max);
}

static bool bind_bool(struct str text, int *out)
{
    bool yes = str_eq_nocase(text, STR("true"));

    *out = yes;
    return yes || str_eq_nocase(text, STR("false"));
}

static bool bind_json(struct ctx *cx, const struct wish *w, struct str text, struct str *out)
{
    json_t *json =
               text.n <= w->max ? json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL,
           *value;
    bool ok = json_is_object(json);
    const char *key;

    json_object_foreach(json, key, value)
    {
        ok = ok && json_is_string(value);
    }
    if (!ok) {
        json_decref(json);
        return false;
    }
    *out = js_dump(cx, json);
    return true;
}

static bool bind_one(struct ctx *cx, const struct wish *w, struct str text, void *to)
{
    switch (w->kind) {
    case WISH_TEXT:
        return bind_text(w, text, to);
    case WISH_INT:
        return str_to_i64(text, (int64_t)w->min, (int64_t)w->max, to);
    case WISH_BOOL:
        return bind_bool(text, to);
    case WISH_JSON:
        return bind_json(cx, w, text, to);
    }
    return false;
}

enum err input_bind(struct ctx *cx, struct request *rq, const struct input *in,
                    const struct wish *wishes, size_t count, int code, void *out)
{
    for (const struct wish *w = wishes; w < wishes + count; w++) {
        struct str text = input_get(in, str_from(w->name));

        if (!text.p && !w->required)
            continue;
        if (!text.p || (w->required && !text.n) || !bind_one(cx, w, text, (char *)out + w->offset))
            return input_bad(cx, rq, code, w->name);
    }
    return OK;
}

bool input_is_sid(struct str text, const char *prefix)
{
    enum { SID_LEN = 34 };

    if (text.n != SID_LEN || !str_starts(text, str_from(prefix)))
        return false;
    for (size_t i = 2; i < text.n; i++) {
        char c = text.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
            return false;
    }
    return true;
}

bool input_one_of(struct str text, const char *const *words)
{
    for (; *words; words++) {
        if (str_eq(text, str_from(*words)))
            return true;
    }
    return false;
}

/* Two digits at `at`, which must be inside. */
static int two(struct str s, size_t at)
{
    if (at + 2 > s.n || !str_all_digits(str_sub(s, at, 2)))
        return -1;
    return (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
}

/* "Z", "+01:00", "+0100": seconds to take away; false for anything else. */
static bool offset_read(struct str s, int64_t *out_s)
{
    int sign = s.n && s.p[0] == '-' ? -1 : 1;
    size_t colon = s.n == 6 && s.p[3] == ':' ? 1 : 0;

    *out_s = 0;
    if (str_eq(s, STR("Z")))
        return true;
    if (s.n != 5 + colon || (s.p[0] != '+' && s.p[0] != '-') || two(s, 1) < 0 ||
        two(s, 3 + colon) < 0)
        return false;
    *out_s = sign * (two(s, 1) * 3600 + two(s, 3 + colon) * 60);
    return true;
}

bool input_time(struct str text, int64_t *out_ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t at = sizeof(form) - 1;
    struct tm tm = {0};
    int64_t offset_s, at_s;
    int day;

    if (text.n < at)
        return false;
    for (size_t i = 0; i < at; i++) {
        bool digit = text.p[i] >= '0' && text.p[i] <= '9';

        if (form[i] == 'd' ? !digit : text.p[i] != form[i])
            return false;
    }
    tm.tm_year = two(text, 0) * 100 + two(text, 2) - 1900;
    tm.tm_mon = two(text, 5) - 1;
    tm.tm_mday = two(text, 8);
    tm.tm_hour = two(text, 11);
    tm.tm_min = two(text, 14);
    tm.tm_sec = two(text, 17);
    if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return false;
    if (at < text.n && text.p[at] == '.') {
        for (at++; at < text.n && text.p[at] >= '0' && text.p[at] <= '9';)
            at++;
    }
    day = tm.tm_mday;
    at_s = (int64_t)timegm(&tm);
    if (!offset_read(str_sub(text, at, text.n), &offset_s) || tm.tm_mday != day) /* 30 February */
        return false;
    *out_ms = (at_s - offset_s) * MS_PER_S;
    return true;
}
