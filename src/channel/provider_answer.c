/* provider_answer.c: what a company's answers and receipts mean, as its description says. */
#include "channel/provider.h"

#include <jansson.h>

enum {
    WHY_MAX = 2 * KIB,
    ID_MAX = 64,
    PRICE_MAX = 20,
    ERROR_NAME_MAX = 32,
    JSON_DEPTH_BYTES_MAX = 16 * KIB
};

static bool in_ranges(struct str ranges, long status)
{
    struct str range;

    while (str_split(&ranges, ' ', &range)) {
        ptrdiff_t dash = str_find(range, '-');
        int64_t from, to;

        if (!str_to_i64(dash < 0 ? range : str_sub(range, 0, (size_t)dash), 100, 599, &from))
            continue;
        to = from;
        if (dash >= 0 && !str_to_i64(str_sub(range, (size_t)dash + 1, range.n), 100, 599, &to))
            continue;
        if (status >= from && status <= to)
            return true;
    }
    return false;
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;

    while (str_split(&words, ' ', &word)) {
        if (word.n && str_eq(word, wanted))
            return true;
    }
    return false;
}

/* A price, as in 0.05: no exponent, and no more digits than money has. */
static struct str real_text(struct ctx *cx, double value)
{
    struct str text = arena_printf(cx->mem, "%.6f", value);

    while (text.n > 1 && text.p[text.n - 1] == '0' && text.p[text.n - 2] != '.')
        text.n--;
    return text;
}

/* "messages.0.status" as text; empty when it is not there. */
static struct str at_path(struct ctx *cx, const json_t *json, struct str path)
{
    struct str step;
    int64_t index;

    while (json && str_split(&path, '.', &step)) {
        if (json_is_array(json) && str_to_i64(step, 0, 1000, &index))
            json = json_array_get(json, (size_t)index);
        else
            json = json_object_getn(json, step.p, step.n);
    }
    if (json_is_string(json))
        return arena_str(cx->mem, (struct str){json_string_value(json), json_string_length(json)});
    if (json_is_integer(json))
        return arena_printf(cx->mem, "%lld", (long long)json_integer_value(json));
    if (json_is_real(json))
        return real_text(cx, json_real_value(json));
    if (json_is_boolean(json))
        return json_is_true(json) ? STR("true") : STR("false");
    return STR("");
}

/* "path value value" */
static bool holds(struct ctx *cx, const json_t *json, struct str rule)
{
    struct str path;

    (void)str_split(&rule, ' ', &path);
    return has_word(rule, at_path(cx, json, path));
}

static bool is_currency(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    }
    return s.n == 3;
}

static struct str currency_of(struct ctx *cx, const struct provider *p, const json_t *json)
{
    return is_currency(p->currency) || !p->currency.n ? p->currency
                                                      : at_path(cx, json, p->currency);
}

/* Somebody else's text: no line of it may end a line of ours. */
static struct str tame(struct ctx *cx, struct str s, size_t max)
{
    char *p = arena_alloc(cx->mem, MIN_OF(s.n, max) + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n && n < max; i++)
        p[n++] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    return (struct str){p, n};
}

struct str provider_price(struct ctx *cx, struct str amount, struct str currency)
{
    bool digit = false;

    for (size_t i = 0; i < amount.n; i++) {
        char c = amount.p[i];

        if (!(c >= '0' && c <= '9') && c != '.' && !(c == '-' && i == 0))
            return STR("");
        digit |= c >= '0' && c <= '9';
    }
    if (!digit || amount.n > PRICE_MAX)
        return STR("");
    if (amount.p[0] == '-') /* Twilio says what it takes from the account */
        amount = str_sub(amount, 1, amount.n);
    return is_currency(currency)
               ? arena_printf(cx->mem, "%.*s %.*s", STR_ARG(amount), STR_ARG(currency))
               : amount;
}

void provider_judge(struct ctx *cx, const struct provider *p, long status, struct str body,
                    struct verdict *out)
{
    json_t *json =
        body.n && body.n <= JSON_DEPTH_BYTES_MAX ? json_loadb(body.p, body.n, 0, NULL) : NULL;
    struct str said = p->why.n ? at_path(cx, json, p->why) : STR("");
    bool well = in_ranges(p->success, status);

    *out = (struct verdict){.outcome = OUTCOME_FAILED};
    if (well && (!p->success_if.n || holds(cx, json, p->success_if))) {
        out->outcome = OUTCOME_SENT;
        out->provider_id = tame(cx, at_path(cx, json, p->id), p->id.n ? ID_MAX : 0);
        out->price = provider_price(cx, at_path(cx, json, p->price), currency_of(cx, p, json));
    } else {
        if (in_ranges(p->retry, status) || (p->retry_if.n && holds(cx, json, p->retry_if)))
            out->outcome = OUTCOME_RETRY;
        if (!said.n && !json) /* a plain answer says it in its first line */
            (void)str_split(&body, '\n', &said);
        out->why = tame(cx, said, WHY_MAX);
    }
    json_decref(json);
}

enum receipt_state provider_receipt(const struct provider *p, struct str value)
{
    if (has_word(p->delivered, value))
        return RECEIPT_DELIVERED;
    return has_word(p->undelivered, value) ? RECEIPT_UNDELIVERED : RECEIPT_UNDER_WAY;
}

/* What an error is called, and no sentence: it could quote what was sent. */
static bool is_error_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '_' && c != '-' && c != '.')
            return false;
    }
    return s.n > 0 && s.n <= ERROR_NAME_MAX;
}

struct str provider_receipt_why(struct ctx *cx, const struct provider *p, struct str value,
                                struct str error)
{
    if (provider_receipt(p, value) != RECEIPT_UNDELIVERED)
        return STR("");
    return arena_printf(cx->mem, "the carrier reports %.*s%s%.*s", STR_ARG(value),
                        is_error_name(error) ? ", error " : "",
                        STR_ARG(is_error_name(error) ? error : STR("")));
}
