#include "base/unit.h"

#include "base/buf.h"

static void it_grows_by_what_is_added(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 100000);
    assert_str(buf_str(&b), STR(""));
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%d,", i % 10);
    assert_int_equal(b.n, 2000);
    assert_false(b.full);
    assert_str(str_sub(buf_str(&b), 1990, 10), STR("5,6,7,8,9,"));
    assert_int_equal(b.p[b.n], '\0');
}

static void exactly_the_maximum_fits_and_one_more_does_not(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_add(&b, STR("abcd"));
    assert_false(b.full);
    buf_addc(&b, 'e');
    assert_true(b.full);
    assert_str(buf_str(&b), STR("abcd"));
}

static void once_full_nothing_more_is_taken(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_addf(&b, "%s", "too long");
    buf_addc(&b, 'x'); /* would fit, but the text would have a hole */
    assert_true(b.full);
    assert_str(buf_str(&b), STR(""));
    buf_reset(&b);
    buf_addc(&b, 'x');
    assert_str(buf_str(&b), STR("x"));
}

static void the_front_can_be_dropped(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_add(&b, STR("GET /"));
    buf_drop(&b, 4);
    assert_str(buf_str(&b), STR("/"));
    buf_drop(&b, 10);
    assert_str(buf_str(&b), STR(""));
}

static void nothing_fits_into_nothing(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 0);
    buf_add(&b, STR(""));
    assert_false(b.full);
    buf_addc(&b, 'x');
    assert_true(b.full);
    assert_str(buf_str(&b), STR(""));
    buf_deinit(&b); /* and once more on the way out */
    assert_false(b.full);
}

static void bytes_of_any_value_are_kept(void **state)
{
    OWN(buf_deinit) struct buf b;

    (void)state;
    buf_init(&b, 1000);
    for (int i = 0; i < 256; i++)
        buf_addc(&b, (char)i);
    buf_add(&b, STR_NONE);
    assert_int_equal(b.n, 256);
    for (int i = 0; i < 256; i++)
        assert_int_equal((unsigned char)b.p[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_by_what_is_added),
        cmocka_unit_test(exactly_the_maximum_fits_and_one_more_does_not),
        cmocka_unit_test(once_full_nothing_more_is_taken),
        cmocka_unit_test(the_front_can_be_dropped),
        cmocka_unit_test(nothing_fits_into_nothing),
        cmocka_unit_test(bytes_of_any_value_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
