#include "base/unit.h"
#include "core/phone.h"
#include "core/phone_plan.h"

#include <stdio.h>
#include <stdlib.h>

static struct arena *mem;
static struct ctx cx;

static int set_up(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

/* ---- libphonenumber-js's opinion ---- */

enum { LINE_LEN_MAX = 512 };
enum column { COUNTRY, TYPED, E164, REGION, TYPE, VERDICT, INTERNATIONAL, COLUMNS };

static void check_fact(struct str line)
{
    struct str column[COLUMNS], rest = line;
    struct phone phone;
    enum phone_problem p;

    for (size_t i = 0; i < COLUMNS; i++) {
        if (!str_split(&rest, '\t', &column[i]))
            fail_msg("too few columns: %.*s", STR_ARG(line));
    }
    p = phone_parse(&cx, column[COUNTRY], column[TYPED], &phone);
    if (p != PHONE_OK) {
        if (!str_eq(column[VERDICT], STR("no")) && column[E164].n <= 1 + PHONE_DIGITS_MAX)
            fail_msg("refused with %d: %.*s", p, STR_ARG(line));
        return;
    }
    if (!str_eq(phone.e164, column[E164]) || !str_eq(phone.region, column[REGION]) ||
        !str_eq(phone_type_name(phone.type), column[TYPE]) ||
        !str_eq(phone.valid ? STR("valid") : STR("possible"), column[VERDICT]) ||
        !str_eq(phone_format_international(&cx, phone.e164), column[INTERNATIONAL]))
        fail_msg("got %.*s of %.*s, %.*s, valid %d: %.*s", STR_ARG(phone.e164),
                 STR_ARG(phone.region), STR_ARG(phone_type_name(phone.type)), phone.valid,
                 STR_ARG(line));
    arena_reset(mem);
}

static void numbers_are_read_as_libphonenumber_reads_them(void **state)
{
    char path[LINE_LEN_MAX], line[LINE_LEN_MAX];
    const char *root = getenv("SOURCE_ROOT");
    unsigned count = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/data/phone_numbers.tsv", root ? root : ".");
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        struct str s = str_from(line);

        if (str_starts(s, STR("#")))
            continue;
        check_fact(str_sub(s, 0, s.n - 1));
        count++;
    }
    fclose(f);
    assert_true(count > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_as_libphonenumber_reads_them),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
