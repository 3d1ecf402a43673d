/*
 * phone.c: from typed text to digits, from digits to a number of some plan. Knows no pattern
 * itself: that is phone_plan.c. The steps and their order are libphonenumber's, so that both agree
 * on every number; tests/data/phone_numbers.tsv holds what it says to 1,863 of them.
 */
#include "core/phone_plan.h"

enum { NATIONAL_MIN = 2, CODE_LEN_MAX = 3 };

/* ---- typed text to digits ---- */

struct typed {
    char digits[PHONE_INPUT_MAX];
    size_t n;
    bool plus;
};

/* The value of a decimal digit of any script that phones are typed in, or -1. */
static int digit_value(int32_t c)
{
    static const int32_t zeros[] = {
        '0',    0x0660, /* Arabic-Indic */
        0x06F0,         /* Persian, Urdu */
        0x07C0,         /* N'Ko */
        0x0966,         /* Devanagari */
        0x09E6,         /* Bengali */
        0x0A66,         /* Gurmukhi */
        0x0AE6,         /* Gujarati */
        0x0B66,         /* Oriya */
        0x0BE6,         /* Tamil */
        0x0C66,         /* Telugu */
        0x0CE6,         /* Kannada */
        0x0D66,         /* Malayalam */
        0x0E50,         /* Thai */
        0x0ED0,         /* Lao */
        0x0F20,         /* Tibetan */
        0x1040,         /* Myanmar */
        0x17E0,         /* Khmer */
        0xFF10,         /* full width */
    };

    EACH_ROW (zero, zeros) {
        if (c >= *zero && c < *zero + 10)
            return c - *zero;
    }
    return -1;
}

/* What stands between digits and means nothing: libphonenumber's list, and the marks of writing
 * direction that come along when a number is pasted from an address book. */
static bool is_separator(int32_t c)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {' ',    ' '   },
        {'(',    ')'   },
        {'-',    '/'   },
        {'[',    '['   },
        {']',    ']'   },
        {'~',    '~'   },
        {'\t',   '\t'  },
        {0x00A0, 0x00A0}, /* no-break space */
        {0x00AD, 0x00AD}, /* soft hyphen */
        {0x061C, 0x061C}, /* Arabic letter mark */
        {0x2000, 0x200F}, /* spaces, zero widths, direction marks */
        {0x2010, 0x2015}, /* dashes */
        {0x202A, 0x202F}, /* embeddings; narrow no-break space */
        {0x2053, 0x2053},
        {0x205F, 0x2060}, /* medium space, word joiner */
        {0x2066, 0x2069}, /* isolates */
        {0x2212, 0x2212}, /* minus */
        {0x223C, 0x223C},
        {0x3000, 0x3000}, /* wide space */
        {0x30FC, 0x30FC},
        {0xFF08, 0xFF09},
        {0xFF0D, 0xFF0F},
        {0xFF3B, 0xFF3B},
        {0xFF3D, 0xFF3D},
        {0xFF5E, 0xFF5E},
    };

    EACH_ROW (range, ranges) {
        if (c >= range->first && c <= range->last)
            return true;
    }
    return false;
}

/* What begins an extension, in the languages whose people write one; also the pause signs. */
static bool is_extension(struct str s)
{
    static const struct str marks[] = {
        STR("#"),   STR(","),     STR(";"),     STR("x"),         STR("ext"),
        STR("int"), STR("anexo"), STR("poste"), STR("durchwahl"), STR("доб"),
        STR("Доб"), STR("＃"),    STR("ｘ"),    STR("内線"),
    };

    EACH_ROW (mark, marks) {
        if (str_eq_nocase(str_sub(s, 0, mark->n), *mark))
            return true;
    }
    return false;
}

static enum phone_problem read_typed(struct str in, struct typed *out)
{
    *out = (struct typed){.n = 0};
    if (in.n > PHONE_INPUT_MAX)
        return PHONE_TOO_LONG_INPUT;
    if (!str_is_utf8(in))
        return PHONE_NO_NUMBER;
    in = str_trim(in);
    if (str_eq_nocase(str_sub(in, 0, 4), STR("tel:")))
        in = str_sub(in, 4, in.n);
    for (size_t at = 0, here = 0; at < in.n; here = at) {
        int32_t c = str_utf8_next(in, &at);
        int digit = digit_value(c);

        if (digit >= 0)
            out->digits[out->n++] = (char)('0' + digit);
        else if ((c == '+' || c == 0xFF0B) && out->n == 0 && !out->plus)
            out->plus = true;
        else if (!is_separator(c))
            return out->n > 0 && is_extension(str_sub(in, here, in.n)) ? PHONE_EXTENSION
                                                                       : PHONE_NO_NUMBER;
    }
    return out->n > 0 ? PHONE_OK : out->plus ? PHONE_TOO_SHORT : PHONE_EMPTY;
}

/* ---- which plan ---- */

/* The home of a number without "+": from "DE", "DE:49", "49", "+49"; NULL in *out when empty. */
static enum phone_problem read_country(struct str in, const struct phone_plan **out)
{
    struct str rest = str_trim(in), first;
    struct plan_list list;
    char region[2];

    *out = NULL;
    if (rest.n == 0)
        return PHONE_OK;
    str_split(&rest, ':', &first);
    if (first.n == 2 && !str_all_digits(first) && first.p[0] != '+') {
        for (size_t i = 0; i < 2; i++)
            region[i] =
                first.p[i] >= 'a' && first.p[i] <= 'z' ? (char)(first.p[i] - 32) : first.p[i];
        *out = plan_of_region((struct str){region, 2});
    } else if (!rest.p) {
        if (str_starts(first, STR("+")))
            first = str_sub(first, 1, first.n);
        else if (str_starts(first, STR("00")))
            first = str_sub(first, 2, first.n);
        list = plans_of_code(first);
        *out = list.count > 0 ? plan_at(list.member[0]) : NULL;
    }
    return *out ? PHONE_OK : PHONE_BAD_COUNTRY;
}

static bool is_length(const struct phone_plan *plan, size_t n)
{
    return n < 32 && (plan->lengths >> n & 1);
}

static size_t longest(const struct phone_plan *plan)
{
    return 31 - (size_t)__builtin_clz(plan->lengths);
}

static size_t shortest(const struct phone_plan *plan)
{
    return (size_t)__builtin_ctz(plan->lengths);
}

/* Which of the countries that share the code has this number; NULL if none claims it. */
static const struct phone_plan *plan_of_number(struct str calling_code, struct str national)
{
    struct plan_list list = plans_of_code(calling_code);

    if (list.count == 1)
        return plan_at(list.member[0]);
    for (size_t i = 0; i < list.count; i++) {
        const struct phone_plan *plan = plan_at(list.member[i]);

        if (plan->leading ? plan_begins(plan->leading, national, NULL)
                          : plan_type(plan, national) != PHONE_UNKNOWN)
            return plan;
    }
    return NULL;
}

/* ---- trunk prefixes ---- */

/* What the plan's rule makes of the digits behind a trunk prefix: "9$1" and what follows. */
static struct str rewrite(struct ctx *cx, const struct phone_plan *plan, struct str digits,
                          const struct phone_match *m)
{
    OWN(buf_deinit) struct buf out = {0};
    struct str rule = str_from(plan->rewrite);

    buf_init(&out, PHONE_INPUT_MAX);
    for (size_t i = 0; i < rule.n; i++) {
        if (rule.p[i] == '$' && i + 1 < rule.n)
            buf_add(&out, m->group[(unsigned)(rule.p[++i] - '0') % PHONE_GROUPS_MAX]);
        else
            buf_addc(&out, rule.p[i]);
    }
    buf_add(&out, str_sub(digits, m->group[0].n, digits.n));
    return arena_str(cx->mem, buf_str(&out));
}

/* digits without what is only dialled inside the country; unchanged where that would spoil them. */
static struct str strip_trunk(struct ctx *cx, const struct phone_plan *plan, struct str digits)
{
    const struct phone_plan *owner;
    struct phone_match m;
    struct str rest;

    if (!plan_begins(plan->trunk, digits, &m))
        return digits;
    if (plan->rewrite && m.count > 1 && m.group[m.count - 1].n > 0)
        rest = rewrite(cx, plan, digits, &m);
    else
        rest = str_sub(digits, m.group[0].n, digits.n);
    if (plan_matches(plan->national, digits) && !plan_matches(plan->national, rest))
        return digits;
    owner = plan_of_number(str_from(plan->calling_code), rest);
    if (!owner)
        owner = plan;
    return is_length(owner, rest.n) || rest.n > longest(owner) ? rest : digits;
}

/* ---- the number ---- */

static enum phone_problem judge_length(const struct phone_plan *plan, struct str national)
{
    size_t code_len = str_from(plan->calling_code).n;

    if (national.n < NATIONAL_MIN || national.n < shortest(plan))
        return PHONE_TOO_SHORT;
    if (national.n + code_len > PHONE_DIGITS_MAX || national.n > longest(plan))
        return PHONE_TOO_LONG;
    return is_length(plan, national.n) ? PHONE_OK : PHONE_BAD_LENGTH;
}

/* A number of `plan`, or of a country that shares its code. home: the plan that was asked for, if
 * so. */
static enum phone_problem read_national(struct ctx *cx, const struct phone_plan *plan,
                                        const struct phone_plan *home, struct str digits,
                                        struct phone *out)
{
    struct str code = str_from(plan->calling_code), national = strip_trunk(cx, plan, digits);
    const struct phone_plan *owner = plan_of_number(code, national);
    enum phone_problem p;

    if (!owner)
        owner = home;
    if (owner)
        plan = owner;
    if ((p = judge_length(plan, national)))
        return p;
    *out = (struct phone){
        .e164 = arena_printf(cx->mem, "+%.*s%.*s", STR_ARG(code), STR_ARG(national)),
        .calling_code = code,
        .region = owner ? str_from(owner->region) : STR(""),
        .type = plan_type(plan, national),
    };
    out->national = str_sub(out->e164, 1 + code.n, national.n);
    out->valid = out->type != PHONE_UNKNOWN;
    return PHONE_OK;
}

/* The calling code that digits begin with, and who shares it; an empty list if there is none. No
 * code is the beginning of another. */
static struct plan_list split_code(struct str digits, struct str *out_code)
{
    struct plan_list list = {NULL, 0};

    *out_code = STR_NONE;
    for (size_t n = 1; n <= CODE_LEN_MAX && n <= digits.n && list.count == 0; n++) {
        *out_code = str_sub(digits, 0, n);
        list = plans_of_code(*out_code);
    }
    return list;
}

static enum phone_problem read_international(struct ctx *cx, struct str digits, struct phone *out)
{
    struct str code;
    struct plan_list list = split_code(digits, &code);

    if (list.count == 0)
        return PHONE_BAD_CALLING_CODE;
    return read_national(cx, plan_at(list.member[0]), NULL, str_sub(digits, code.n, digits.n), out);
}

/* Whether these digits are a number of `home` with its calling code, only without the "+". */
static bool has_calling_code(struct ctx *cx, const struct phone_plan *home, struct str digits)
{
    struct str code = str_from(home->calling_code), with, without;

    if (!str_starts(digits, code))
        return false;
    with = strip_trunk(cx, home, digits);
    without = strip_trunk(cx, home, str_sub(digits, code.n, digits.n));
    return with.n > longest(home) ||
           (!plan_matches(home->national, with) && plan_matches(home->national, without));
}

enum phone_problem phone_parse(struct ctx *cx, struct str country_code, struct str input,
                               struct phone *out)
{
    static const struct str zeros = STR("00");
    const struct phone_plan *home;
    struct phone_match idd;
    struct phone abroad;
    struct typed typed;
    enum phone_problem p;
    struct str digits;

    if ((p = read_typed(input, &typed)) || (p = read_country(country_code, &home)))
        return p;
    digits = arena_str(cx->mem, (struct str){typed.digits, typed.n});
    if (typed.plus)
        return read_international(cx, digits, out);
    if (!home)
        return str_starts(digits, zeros) ? read_international(cx, str_sub(digits, 2, digits.n), out)
                                         : PHONE_NO_COUNTRY;
    if (plan_begins(home->idd, digits, &idd)) {
        struct str rest = str_sub(digits, idd.group[0].n, digits.n);

        if (rest.n > 0 && rest.p[0] != '0')
            return read_international(cx, rest, out);
    }
    if (has_calling_code(cx, home, digits))
        return read_international(cx, digits, out);
    p = read_national(cx, home, home, digits, out);
    /* "00" is typed by people whose country dials something else for "international", too */
    if ((p || !out->valid) && str_starts(digits, zeros) &&
        !read_international(cx, str_sub(digits, 2, digits.n), &abroad)) {
        *out = abroad;
        return PHONE_OK;
    }
    return p;
}

/* ---- words ---- */

struct str phone_problem_text(enum phone_problem p)
{
    static const struct str text[PHONE_PROBLEMS] = {
        [PHONE_EMPTY] = STR("Please enter your phone number."),
        [PHONE_TOO_LONG_INPUT] = STR("That is too long for a phone number. Please check it."),
        [PHONE_EXTENSION] = STR("Codes can't reach an extension. Please enter the number alone."),
        [PHONE_NO_NUMBER] = STR("Please use digits only, like 415 555 0142."),
        [PHONE_NO_COUNTRY] = STR("Please choose a country, or begin the number with +."),
        [PHONE_BAD_COUNTRY] = STR("Please choose a country from the list."),
        [PHONE_BAD_CALLING_CODE] =
            STR("No country has that code. Please check the digits after the +."),
        [PHONE_TOO_SHORT] = STR("That number is too short. Please check it."),
        [PHONE_TOO_LONG] = STR("That number is too long. Please check it."),
        [PHONE_BAD_LENGTH] = STR("A digit is missing or too many. Please check the number."),
    };

    return p < PHONE_PROBLEMS ? text[p] : STR_NONE;
}

static const struct {
    struct str name, refused;
} types[PHONE_TYPES] = {
    [PHONE_UNKNOWN] = {STR("unknown"),         STR_NONE                                                   },
    [PHONE_FIXED] = {STR("fixed"),           STR_NONE                                                   },
    [PHONE_MOBILE] = {STR("mobile"),          STR_NONE                                                   },
    [PHONE_FIXED_OR_MOBILE] = {STR("fixed or mobile"), STR_NONE                                                   },
    [PHONE_TOLL_FREE] = {STR("toll free"),       STR_NONE                                                   },
    [PHONE_PREMIUM] = {STR("premium"),
                       STR("That is a premium-rate number. Please use an ordinary one.")                  },
    [PHONE_SHARED_COST] = {STR("shared cost"),
                       STR("That is a shared-cost number. Please use an ordinary one.")                   },
    [PHONE_VOIP] = {STR("voip"),            STR_NONE                                                   },
    [PHONE_PERSONAL] = {STR("personal"),        STR_NONE                                                   },
    [PHONE_PAGER] = {STR("pager"),           STR("A pager can't show codes. Please use a phone number.")},
    [PHONE_UAN] = {STR("uan"),             STR_NONE                                                   },
    [PHONE_VOICEMAIL] = {STR("voicemail"),
                       STR("That number leads to a voicemail box. Please use the phone's own.")           },
};

struct str phone_type_name(enum phone_type t)
{
    return t < PHONE_TYPES ? types[t].name : STR_NONE;
}

struct str phone_refuse_reason(const struct phone *p)
{
    struct plan_list list = plans_of_code(p->calling_code);

    /* +870, +881, +979 ...: satellites and premium services, the dearest calls there are */
    if (list.count > 0 && plan_at(list.member[0])->region[0] == '\0')
        return STR("Please use a number that belongs to a country.");
    return p->type < PHONE_TYPES ? types[p->type].refused : STR_NONE;
}

struct str phone_format_international(struct ctx *cx, struct str e164)
{
    OWN(buf_deinit) struct buf out = {0};
    struct str digits = str_sub(e164, 1, e164.n), code, national;
    const struct phone_plan *plan;
    struct plan_list list = {0};

    if (!str_starts(e164, STR("+")) || !str_all_digits(digits) || digits.n > PHONE_DIGITS_MAX)
        return e164;
    list = split_code(digits, &code);
    national = str_sub(digits, code.n, digits.n);
    if (list.count == 0 || national.n == 0)
        return e164;
    plan = plan_of_number(code, national);
    buf_init(&out, PHONE_INPUT_MAX);
    buf_addf(&out, "+%.*s ", STR_ARG(code));
    plan_format(plan ? plan : plan_at(list.member[0]), national, &out);
    return arena_str(cx->mem, buf_str(&out));
}

struct str phone_check(struct ctx *cx, struct str country_code, struct str phone,
                       struct str *out_cc, struct str *out)
{
    struct phone number;
    enum phone_problem p = phone_parse(cx, country_code, phone, &number);
    struct str text = p ? phone_problem_text(p) : phone_refuse_reason(&number);

    if (text.p)
        return text;
    *out_cc = number.calling_code;
    *out = number.e164;
    return STR_NONE;
}
