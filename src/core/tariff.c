/* tariff.c: see tariff.h. The texts are short, so they are read anew each time. */
#include "core/tariff.h"

#include <inttypes.h>

/* ---- money ---- */

enum { DECIMALS = 6, DECIMALS_SHOWN_MIN = 2, WHOLE_MAX = 999999999 };

bool money_read(struct str text, int64_t *out)
{
    ptrdiff_t dot = str_find(text, '.');
    struct str whole = dot < 0 ? text : str_sub(text, 0, (size_t)dot);
    struct str part = dot < 0 ? STR("0") : str_sub(text, (size_t)dot + 1, text.n);
    int64_t units, parts;

    if (part.n > DECIMALS || !str_all_digits(whole) || !str_all_digits(part) ||
        !str_to_i64(whole, 0, WHOLE_MAX, &units) || !str_to_i64(part, 0, MONEY_UNIT, &parts))
        return false;
    for (size_t i = part.n; i < DECIMALS; i++)
        parts *= 10;
    *out = units * MONEY_UNIT + parts;
    return true;
}

struct str money_text(struct ctx *cx, int64_t amount)
{
    struct str text =
        arena_printf(cx->mem, "%s%" PRId64 ".%06" PRId64, amount < 0 ? "-" : "",
                     MAX_OF(amount, -amount) / MONEY_UNIT, MAX_OF(amount, -amount) % MONEY_UNIT);
    size_t least = text.n - (DECIMALS - DECIMALS_SHOWN_MIN);

    while (text.n > least && text.p[text.n - 1] == '0')
        text.n--;
    return text;
}

/* ---- places ---- */

/* The next word between blanks and commas; false behind the last. */
static bool next_word(struct str *rest, struct str *out)
{
    size_t start = 0, end;

    while (start < rest->n && (rest->p[start] == ' ' || rest->p[start] == ','))
        start++;
    for (end = start; end < rest->n && rest->p[end] != ' ' && rest->p[end] != ',';)
        end++;
    *out = str_sub(*rest, start, end - start);
    *rest = str_sub(*rest, end, rest->n);
    return out->n > 0;
}

static bool is_beginning(struct str word)
{
    return word.n >= 2 && word.n <= PHONE_DIGITS_MAX + 1 && word.p[0] == '+' &&
           str_all_digits(str_sub(word, 1, word.n));
}

static bool is_country(struct str word)
{
    size_t count;
    const struct phone_region *regions = phone_regions(&count);

    for (size_t i = 0; i < count; i++) {
        if (str_eq(regions[i].code, word))
            return true;
    }
    return false;
}

/* How much a place says about a number: 0 = it is another place. */
static unsigned place_fits(struct str place, const struct phone *p)
{
    if (place.p[0] == '+')
        return str_starts(p->e164, place) ? (unsigned)place.n + 1 : 0;
    return str_eq(place, p->region) ? 2 : 0;
}

enum err countries_check(struct ctx *cx, struct str list)
{
    struct str word;

    while (next_word(&list, &word)) {
        struct str place = str_sub(word, str_starts(word, STR("-")) ? 1 : 0, word.n);

        if (!str_eq(place, STR("all")) && !is_country(place) && !is_beginning(place))
            return fail(cx, ERR_INVALID,
                        "\"%.*s\" is no country: they are written as DE, US, all, -CU or +883",
                        STR_ARG(str_sub(word, 0, 40)));
    }
    return OK;
}

bool countries_have(struct str list, const struct phone *p)
{
    struct str word;
    bool have = false;

    while (next_word(&list, &word)) {
        bool out = str_starts(word, STR("-"));
        struct str place = str_sub(word, out ? 1 : 0, word.n);

        if (str_eq(place, STR("all")) || place_fits(place, p))
            have = !out;
    }
    return have;
}

/* ---- prices ---- */

struct price {
    struct str place; /* empty: any */
    enum { BOTH, SMS, CALL } way;
    int64_t amount;
};

static bool price_read(struct str entry, struct price *out)
{
    struct price p = {.place = STR_NONE};
    struct str word, last = STR_NONE;

    while (next_word(&entry, &word)) {
        if (last.n && str_eq(last, STR("sms")) && p.way == BOTH)
            p.way = SMS;
        else if (last.n && str_eq(last, STR("voice")) && p.way == BOTH)
            p.way = CALL;
        else if (last.n && p.way == BOTH && !p.place.n && (is_country(last) || is_beginning(last)))
            p.place = last;
        else if (last.n)
            return false;
        last = word;
    }
    if (!money_read(last, &p.amount))
        return false;
    *out = p;
    return true;
}

enum err prices_check(struct ctx *cx, struct str list)
{
    bool usual = false;
    struct str entry;
    struct price p;

    while (str_split(&list, ',', &entry)) {
        if (!price_read(entry, &p))
            return fail(cx, ERR_INVALID,
                        "\"%.*s\" is no price: they are written as 0.10, US 0.0079, DE voice 0.05",
                        STR_ARG(str_trim(str_sub(entry, 0, 40))));
        usual |= !p.place.n && p.way == BOTH;
    }
    if (!usual)
        return fail(cx, ERR_INVALID,
                    "one price must stand alone, for every country that has none: 0.10");
    return OK;
}

int64_t price_of(struct str list, const struct phone *p, bool call)
{
    unsigned best = 0;
    int64_t amount = (int64_t)WHOLE_MAX * MONEY_UNIT; /* no price: nobody can pay it */
    struct str entry;
    struct price price;

    while (str_split(&list, ',', &entry)) {
        unsigned fits;

        if (!price_read(entry, &price) || (price.way == SMS && call) ||
            (price.way == CALL && !call))
            continue;
        fits = price.place.n ? place_fits(price.place, p) : 1;
        if (!fits)
            continue;
        fits = fits * 2 + (price.way != BOTH);
        if (fits >= best) {
            best = fits;
            amount = price.amount;
        }
    }
    return amount;
}
