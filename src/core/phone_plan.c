/*
 * phone_plan.c: the table of numbering plans, and the patterns in it. Knows nothing of what people
 * type: it is given ASCII digits.
 *
 * A pattern is compiled when it is first needed, by whichever thread comes first, and stays: 1,700
 * patterns exist, a number needs about ten; all of them would be 0.6 MB. Threads that compile the
 * same one at the same time both do, and one result is thrown away, so there is no lock. No pattern
 * of the table nests repetitions and no number is longer than 17 digits, so a match costs
 * microseconds.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/phone_plan.h"

#include <pcre2.h>
#include <stdatomic.h>

struct type_rule {
    enum phone_type type;
    uint16_t pattern;
    uint32_t lengths; /* bit n: numbers of n digits */
};

struct format_rule {
    uint16_t leading;   /* pattern of the first digits; 0 = any */
    const char *groups; /* "2 3-4": two digits, a blank, then three or four */
};

struct calling_code {
    char code[4];
    uint16_t first, count; /* in members[] */
};

#include "core/phone_table.inc"

static _Atomic(pcre2_code *) compiled[COUNT_OF(patterns)];

static const pcre2_code *compile(uint16_t pattern)
{
    pcre2_code *code = atomic_load_explicit(&compiled[pattern], memory_order_acquire),
               *other = NULL;
    PCRE2_SIZE at;
    int problem;

    if (code)
        return code;
    code = pcre2_compile((PCRE2_SPTR)patterns[pattern], PCRE2_ZERO_TERMINATED,
                         PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &problem, &at, NULL);
    if (!code) /* out of memory: a test compiles every pattern */
        abort();
    if (atomic_compare_exchange_strong_explicit(&compiled[pattern], &other, code,
                                                memory_order_acq_rel, memory_order_acquire))
        return code;
    pcre2_code_free(code);
    return other;
}

static bool match(uint16_t pattern, struct str digits, uint32_t options, struct phone_match *out)
{
    pcre2_match_data *data;
    int n;

    if (pattern == 0 || digits.n == 0)
        return false;
    data = pcre2_match_data_create(PHONE_GROUPS_MAX, NULL);
    if (!data)
        abort();
    n = pcre2_match(compile(pattern), (PCRE2_SPTR)digits.p, digits.n, 0, PCRE2_ANCHORED | options,
                    data, NULL);
    if (n > 0 && out) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

        *out = (struct phone_match){.count = (size_t)n};
        for (size_t i = 0; i < out->count; i++) {
            if (at[2 * i] != PCRE2_UNSET)
                out->group[i] = str_sub(digits, at[2 * i], at[2 * i + 1] - at[2 * i]);
        }
    }
    pcre2_match_data_free(data);
    return n > 0;
}

uint16_t plan_pattern_count(void)
{
    return COUNT_OF(patterns);
}

bool plan_matches(uint16_t pattern, struct str digits)
{
    return match(pattern, digits, PCRE2_ENDANCHORED, NULL);
}

bool plan_begins(uint16_t pattern, struct str digits, struct phone_match *out)
{
    return match(pattern, digits, 0, out);
}

const struct phone_plan *plan_of_region(struct str region)
{
    size_t low = 0, high = COUNT_OF(plans);

    while (low < high && region.n == 2) {
        size_t middle = (low + high) / 2;
        int order = str_cmp(region, str_from(plans[middle].region));

        if (order == 0)
            return &plans[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct phone_plan *plan_at(uint8_t member)
{
    return &plans[member];
}

struct plan_list plans_of_code(struct str calling_code)
{
    EACH_ROW (row, calling_codes) {
        if (str_eq(str_from(row->code), calling_code))
            return (struct plan_list){members + row->first, row->count};
    }
    return (struct plan_list){NULL, 0};
}

static bool is_of_type(const struct phone_plan *plan, enum phone_type type, struct str national,
                       bool *out_exists)
{
    *out_exists = false;
    for (unsigned i = 0; i < plan->type_count; i++) {
        const struct type_rule *rule = &type_rules[plan->type_first + i];

        if (rule->type != type)
            continue;
        *out_exists = true;
        return national.n < 32 && (rule->lengths >> national.n & 1) &&
               plan_matches(rule->pattern, national);
    }
    return false;
}

enum phone_type plan_type(const struct phone_plan *plan, struct str national)
{
    /* libphonenumber's order: where two rules match, the first one is meant */
    static const enum phone_type others[] = {
        PHONE_MOBILE,   PHONE_PREMIUM, PHONE_TOLL_FREE, PHONE_SHARED_COST, PHONE_VOIP,
        PHONE_PERSONAL, PHONE_PAGER,   PHONE_UAN,       PHONE_VOICEMAIL,
    };
    bool exists;

    if (!plan_matches(plan->national, national))
        return PHONE_UNKNOWN;
    if (is_of_type(plan, PHONE_FIXED, national, &exists)) {
        if (is_of_type(plan, PHONE_MOBILE, national, &exists) || !exists)
            return PHONE_FIXED_OR_MOBILE; /* no rule of its own: mobiles look like the others */
        return PHONE_FIXED;
    }
    EACH_ROW (type, others) {
        if (is_of_type(plan, *type, national, &exists))
            return *type;
    }
    return PHONE_UNKNOWN;
}

/* ---- formats ---- */

struct group {
    size_t least, most;
};

/* Reads "3 3-4"; returns how many groups. */
static size_t read_groups(const char *text, struct group out[static PHONE_GROUPS_MAX])
{
    struct str rest = str_from(text), piece, least, most;
    size_t n = 0;

    while (n < PHONE_GROUPS_MAX && str_split(&rest, ' ', &piece)) {
        int64_t a = 0, b = 0;

        most = piece;
        str_split(&most, '-', &least);
        str_to_i64(least, 1, PHONE_DIGITS_MAX, &a);
        str_to_i64(most.p ? most : least, 1, PHONE_DIGITS_MAX, &b);
        out[n++] = (struct group){(size_t)a, (size_t)b};
    }
    return n;
}

/* Cuts national into the groups, each as long as the ones behind it allow. False: it does not fit.
 */
static bool cut_groups(const char *text, struct str national, struct buf *out)
{
    struct group group[PHONE_GROUPS_MAX];
    size_t n = read_groups(text, group), least = 0, most = 0, at = 0;

    for (size_t i = 0; i < n; i++) {
        least += group[i].least;
        most += group[i].most;
    }
    if (national.n < least || national.n > most)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t len = MIN_OF(group[i].most, national.n - at - (least - group[i].least));

        least -= group[i].least;
        if (i > 0)
            buf_addc(out, ' ');
        buf_add(out, str_sub(national, at, len));
        at += len;
    }
    return true;
}

void plan_format(const struct phone_plan *plan, struct str national, struct buf *out)
{
    if (plan->format_count == 0) /* kept with the main country of the code */
        plan = plan_at(plans_of_code(str_from(plan->calling_code)).member[0]);
    for (unsigned i = 0; i < plan->format_count; i++) {
        const struct format_rule *rule = &format_rules[plan->format_first + i];

        if (rule->leading && !plan_begins(rule->leading, national, NULL))
            continue;
        if (cut_groups(rule->groups, national, out))
            return;
    }
    buf_add(out, national);
}

const struct phone_region *phone_regions(size_t *out_count)
{
    *out_count = COUNT_OF(regions_by_name);
    return regions_by_name;
}
