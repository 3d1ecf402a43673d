/* routes_test.c: receipts come from carriers without a key of ours: the token in the path is what
 * they know, and nothing else is open. */
#include "api/receipt/face.h"
#include "base/unit.h"

static void two_rows_open_by_their_token(void **state)
{
    static const enum method methods[] = {GET, POST};

    (void)state;
    assert_int_equal(receipt_face.route_count, COUNT_OF(methods));
    assert_null(receipt_face.gate);
    for (size_t i = 0; i < receipt_face.route_count; i++) {
        const struct route *r = &receipt_face.routes[i];

        assert_int_equal(r->method, methods[i]);
        assert_string_equal(r->pattern, "/receipts/{token}");
        assert_int_equal(r->auth, AUTH_NONE);
        assert_int_equal(r->limit, LIMIT_API);
        assert_int_equal(r->runs, WRITE);
        assert_null(r->prepare);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_rows_open_by_their_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
