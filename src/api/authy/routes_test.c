/* routes_test.c: what needs no key, spelled out; all else asks for one. */
#include "api/authy/face.h"
#include "api/authy/gate.h"
#include "base/unit.h"

static const struct face *const faces[] = {&authy_face, &authy_onetouch_face,
                                           &authy_dashboard_face};
static const char *const open_to_all[] = {"/protected/{format}/registrations/pair"};

static void rows_without_a_key_are_these(void **state)
{
    size_t n = 0;

    (void)state;
    EACH_ROW (face, faces) {
        for (size_t i = 0; i < (*face)->route_count; i++) {
            const struct route *r = &(*face)->routes[i];

            if (r->auth == (*face == &authy_dashboard_face ? AUTH_ACCOUNT : AUTH_API_KEY))
                continue;
            assert_int_equal(r->auth, AUTH_NONE);
            assert_true(n < COUNT_OF(open_to_all));
            assert_string_equal(r->pattern, open_to_all[n++]);
        }
    }
    assert_int_equal(n, COUNT_OF(open_to_all));
}

static void every_row_is_bound_and_limited(void **state)
{
    (void)state;
    EACH_ROW (face, faces) {
        for (size_t i = 0; i < (*face)->route_count; i++) {
            const struct route *r = &(*face)->routes[i];

            assert_ptr_equal(r->prepare, authy_prepare);
            assert_int_equal(r->prepare_on, ON_LOOP);
            assert_int_not_equal(r->limit, LIMIT_NONE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_without_a_key_are_these),
        cmocka_unit_test(every_row_is_bound_and_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
