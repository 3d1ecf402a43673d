/* routes_test.c: what an unpaired stranger may ask, spelled out; all else is behind a signature. */
#include "base/unit.h"

#include "device/face.h"
#include "device/signed.h"

static const char *const open_to_all[] = {"/device/pairing", "/device/pair"};

static void rows_open_to_all_are_these(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < device_face.route_count; i++) {
        const struct route *r = &device_face.routes[i];

        if (r->auth != AUTH_NONE)
            continue;
        assert_true(n < COUNT_OF(open_to_all));
        assert_string_equal(r->pattern, open_to_all[n++]);
    }
    assert_int_equal(n, COUNT_OF(open_to_all));
}

/* The nonce is used up on the writer, so a signed READ would be accepted again and again. */
static void signed_rows_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < device_face.route_count; i++) {
        const struct route *r = &device_face.routes[i];

        if (r->auth == AUTH_NONE)
            continue;
        assert_int_equal(r->auth, AUTH_DEVICE);
        assert_int_equal(r->runs, WRITE);
        assert_int_equal(r->prepare_on, ON_LOOP);
        assert_non_null(r->prepare);
    }
}

static void every_row_has_its_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < device_face.route_count; i++) {
        assert_int_not_equal(device_face.routes[i].limit, LIMIT_NONE);
        assert_int_equal(device_face.routes[i].body_max, 8 * KIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_open_to_all_are_these),
        cmocka_unit_test(signed_rows_write),
        cmocka_unit_test(every_row_has_its_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
