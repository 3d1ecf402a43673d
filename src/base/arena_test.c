#include "base/unit.h"

static const size_t sizes[] = {0, 1, 15, 16, 17, 8191, 8192, 8193, 100000};

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    uint8_t *got[2 * COUNT_OF(sizes)];

    (void)state;
    for (int round = 0; round < 3; round++) { /* later rounds get memory that was used before */
        for (size_t i = 0; i < COUNT_OF(got); i++) {
            size_t n = sizes[i % COUNT_OF(sizes)];

            got[i] = arena_alloc(mem, n);
            assert_int_equal((uintptr_t)got[i] % 16, 0);
            for (size_t k = 0; k < n; k++)
                assert_int_equal(got[i][k], 0);
            memset(got[i], (int)i + 1, n);
        }
        for (size_t i = 0; i < COUNT_OF(got); i++) {
            for (size_t k = 0; k < sizes[i % COUNT_OF(sizes)]; k++)
                assert_int_equal(got[i][k], i + 1);
        }
        arena_reset(mem);
    }
}

/* Codes and passwords pass through: what was in the first block is gone after a reset. */
static void a_reset_wipes(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    const char *secret = arena_str(mem, STR("correct horse")).p;

    (void)state;
    assert_string_equal(secret, "correct horse");
    arena_reset(mem);
    for (size_t i = 0; i < strlen("correct horse"); i++)
        assert_int_equal(secret[i], '\0'); /* the block is kept, so it may be looked at */
}

static void copies_are_copies_with_a_nul_behind(void **state)
{
    struct arena *mem = *state;
    char text[] = "abc";
    struct str s = arena_str(mem, str_from(text)), none = arena_str(mem, STR_NONE);
    struct bytes b = arena_bytes(mem, str_bytes(STR("a\0b")));

    text[0] = 'x';
    assert_str(s, STR("abc"));
    assert_int_equal(s.p[s.n], '\0');
    assert_int_equal(none.n, 0);
    assert_string_equal(none.p, "");
    assert_str(bytes_str(b), STR("a\0b"));
}

static void lower_case_is_ascii_and_a_copy(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct str in = STR("A@Z[\\`a{z.\xC3\x84 9"), out = arena_lower(mem, in);

    (void)state;
    assert_str(out, STR("a@z[\\`a{z.\xC3\x84 9"));
    assert_ptr_not_equal(out.p, in.p);
    assert_int_equal(out.p[out.n], '\0');
    assert_int_equal(arena_lower(mem, STR_NONE).n, 0);
}

static void printf_takes_any_length(void **state)
{
    struct arena *mem = *state;
    char text[20000];
    struct str s;

    memset(text, 'x', sizeof(text));
    s = arena_printf(mem, "<%.*s|%d>", (int)sizeof(text), text, -7);
    assert_int_equal(s.n, sizeof(text) + 5);
    assert_str(str_sub(s, s.n - 5, 5), STR("x|-7>"));
    assert_str(arena_printf(mem, "%s", ""), STR(""));
}

static void arrays_and_structs(void **state)
{
    struct arena *mem = *state;
    int64_t *numbers = ARENA_ARRAY(mem, int64_t, 3);
    struct str *one = ARENA_NEW(mem, struct str);

    assert_int_equal(numbers[0] + numbers[1] + numbers[2], 0);
    assert_null(one->p);
}

static void freeing_twice_is_fine(void **state)
{
    struct arena *mem = arena_new();

    (void)state;
    arena_free(&mem);
    assert_null(mem);
    arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(a_reset_wipes),
        cmocka_unit_test(copies_are_copies_with_a_nul_behind),
        cmocka_unit_test(lower_case_is_ascii_and_a_copy),
        cmocka_unit_test(printf_takes_any_length),
        cmocka_unit_test(arrays_and_structs),
        cmocka_unit_test(freeing_twice_is_fine),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
