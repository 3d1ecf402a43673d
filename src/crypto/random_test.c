#include "base/unit.h"

#include "crypto/random.h"

static void two_draws_differ_and_length_is_kept(void **state)
{
    uint8_t a[33] = {0}, b[33] = {0};

    (void)state;
    random_bytes(a, 32);
    random_bytes(b, 32);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(a[32], 0);
    random_bytes(a, 0);
}

static void a_seed_makes_it_reproducible(void **state)
{
    uint8_t first[2][16], again[2][16], other[16];

    (void)state;
    random_seed_for_test(7);
    random_bytes(first[0], 16);
    random_bytes(first[1], 16);
    random_seed_for_test(7);
    random_bytes(again[0], 16);
    random_bytes(again[1], 16);
    random_seed_for_test(8);
    random_bytes(other, 16);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first[0], first[1], 16);
    assert_memory_not_equal(first[0], other, 16);
}

/* 60,000 draws in 6 boxes: 10,000 each, standard deviation 91; seeded, so this cannot flake. */
static void below_is_uniform_and_in_range(void **state)
{
    unsigned boxes[6] = {0};

    (void)state;
    random_seed_for_test(1);
    for (int i = 0; i < 60000; i++) {
        uint32_t v = random_below(6);

        assert_true(v < 6);
        boxes[v]++;
    }
    EACH_ROW (box, boxes)
        assert_in_range(*box, 9600, 10400);
}

/* With 3 * 2^30 plain modulo would put half of all draws into the first third. */
static void below_has_no_modulo_bias(void **state)
{
    const uint32_t third = UINT32_C(1) << 30;
    unsigned low = 0;

    (void)state;
    random_seed_for_test(2);
    for (int i = 0; i < 30000; i++)
        low += random_below(3 * third) < third;
    assert_in_range(low, 9600, 10400);
}

static void below_one_is_zero(void **state)
{
    (void)state;
    assert_int_equal(random_below(0), 0);
    assert_int_equal(random_below(1), 0);
    assert_true(random_below(UINT32_MAX) < UINT32_MAX);
}

/* A program that can be made predictable must not do it to itself. */
static void nobody_but_tests_seeds_it(void **state)
{
    const char *root = getenv("SOURCE_ROOT");
    char command[4096], line[4096];
    FILE *p;
    int hits = 0;

    (void)state;
    assert_non_null(root);
    snprintf(command, sizeof(command), "grep -rlw random_seed_for_test '%s/src'", root);
    p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof(line), p)) {
        struct str name = str_from(line);

        name.n -= str_ends(name, STR("\n"));
        hits++;
        if (!str_ends(name, STR("_test.c")) && !str_ends(name, STR("src/crypto/random.c")) &&
            !str_ends(name, STR("src/crypto/random.h")) &&
            !str_ends(name, STR("src/base/banned.h")))
            fail_msg("%.*s names random_seed_for_test", STR_ARG(name));
    }
    assert_int_equal(pclose(p), 0);
    assert_true(hits >= 3); /* the look itself works */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_draws_differ_and_length_is_kept),
        cmocka_unit_test(a_seed_makes_it_reproducible),
        cmocka_unit_test(below_is_uniform_and_in_range),
        cmocka_unit_test(below_has_no_modulo_bias),
        cmocka_unit_test(below_one_is_zero),
        cmocka_unit_test(nobody_but_tests_seeds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
