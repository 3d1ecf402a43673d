/*
 * phone_plan.h: numbering plans and their patterns, for phone.c alone.
 */
#ifndef CORE_PHONE_PLAN_H
#define CORE_PHONE_PLAN_H

#include "base/buf.h"
#include "core/phone.h"

struct phone_plan {
    char region[3]; /* "DE"; empty for a code that belongs to no country */
    const char *name;
    char calling_code[4];
    uint16_t idd;        /* pattern of the prefix that means "international" here, "00" mostly */
    uint16_t national;   /* pattern of all national numbers */
    uint16_t trunk;      /* pattern of what is dialled before a national number, "0" mostly */
    const char *rewrite; /* what replaces the trunk prefix: "9$1"; NULL = nothing does */
    uint16_t leading;    /* pattern that tells this country's numbers from its neighbours' */
    uint32_t lengths;    /* bit n: a national number may have n digits */
    uint16_t type_first, type_count;
    uint16_t format_first, format_count;
};

enum { PHONE_GROUPS_MAX = 5 };

/* What a pattern matched: whole text, then its groups. A group that took no part is STR_NONE. */
struct phone_match {
    struct str group[PHONE_GROUPS_MAX];
    size_t count;
};

/* The plan of a region ("DE"), or NULL. */
const struct phone_plan *plan_of_region(struct str region);
/* The plans that share a calling code, the main one first; *out_count is 0 if nobody has it. */
struct plan_list {
    const uint8_t *member; /* for plan_at */
    size_t count;
};
struct plan_list plans_of_code(struct str calling_code);
const struct phone_plan *plan_at(uint8_t member);

/* How many patterns there are; 0 is none. */
uint16_t plan_pattern_count(void);

/* Whether pattern matches all of `digits`, or its beginning. Pattern 0 matches nothing. */
bool plan_matches(uint16_t pattern, struct str digits);
bool plan_begins(uint16_t pattern, struct str digits, struct phone_match *out);

/* The type of a national number, PHONE_UNKNOWN if the plan has none such. */
enum phone_type plan_type(const struct phone_plan *plan, struct str national);
/* Adds the national number in the plan's groups, "415 555 0142"; as it is if there is no rule for
 * it. */
void plan_format(const struct phone_plan *plan, struct str national, struct buf *out);

#endif
