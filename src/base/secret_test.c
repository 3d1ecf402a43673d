#include "base/unit.h"

#include "base/secret.h"

static const struct {
    const char *name, *a, *b;
    size_t a_n, b_n;
    bool equal;
} pairs[] = {
    {"nothing",               "",       "",       0, 0, true },
    {"the same",              "123456", "123456", 6, 6, true },
    {"first byte",            "023456", "123456", 6, 6, false},
    {"last byte",             "123457", "123456", 6, 6, false},
    {"one bit",               "a",      "`",      1, 1, false},
    {"top bit",               "\x80",   "\0",     1, 1, false},
    {"a prefix",              "12345",  "123456", 5, 6, false},
    {"something longer",      "123456", "12345",  6, 5, false},
    {"nothing and something", "",       "1",      0, 1, false},
    {"NUL counts",            "a\0b",   "a\0c",   3, 3, false},
    {"NUL and the same",      "a\0b",   "a\0b",   3, 3, true },
 /* differences that would cancel if they were added up */
    {"two that would cancel", "ab",     "ba",     2, 2, false},
};

static void only_the_same_bytes_are_equal(void **state)
{
    (void)state;
    EACH_ROW (row, pairs) {
        struct str a = {row->a, row->a_n}, b = {row->b, row->b_n};

        assert_row(row, ct_equal_str(a, b) == row->equal);
        assert_row(row, ct_equal_str(b, a) == row->equal);
        assert_row(row, ct_equal(str_bytes(a), str_bytes(b)) == row->equal);
    }
    assert_true(ct_equal_str(STR_NONE, STR("")));
    assert_false(ct_equal_str(STR_NONE, STR("x")));
}

static void scope_wipes_a_secret(void **state)
{
    struct secret s = {"a key", 5};
    static const struct secret nothing;

    (void)state;
    assert_str(bytes_str(secret_bytes(&s)), STR("a key"));
    secret_deinit(&s);
    assert_memory_equal(&s, &nothing, sizeof(s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_same_bytes_are_equal),
        cmocka_unit_test(scope_wipes_a_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
