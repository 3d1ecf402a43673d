/* routes_test.c: nothing of the dialect is open, a device reaches its own rows only, and what
 * writes runs on the writer. */
#include "api/verify/call.h"
#include "api/verify/errors.h"
#include "api/verify/face.h"
#include "api/verify/proof.h"
#include "api/verify/reply.h"
#include "base/unit.h"

#define ENTITY "/v2/Services/{ServiceSid}/Entities/{Identity}"

/* What a device may ask with its own proof. Opening another row to it means editing this list. */
static const struct {
    enum method method;
    const char *pattern;
    handler_fn *prepare;
} of_devices[] = {
    {POST,   ENTITY "/Factors",          proof_binding  },
    {GET,    ENTITY "/Factors/{Sid}",    proof_caller   },
    {POST,   ENTITY "/Factors/{Sid}",    proof_factor   },
    {DELETE, ENTITY "/Factors/{Sid}",    proof_caller   },
    {GET,    ENTITY "/Challenges",       proof_caller   },
    {GET,    ENTITY "/Challenges/{Sid}", proof_caller   },
    {POST,   ENTITY "/Challenges/{Sid}", proof_challenge},
};

/* GETs that write, because the original documents how often they may be asked. */
static const char *const counted[] = {
    "/v2/Services/{ServiceSid}/Verifications/{Sid}",
    "/v2/Attempts",
    "/v2/Attempts/Summary",
    "/v2/SafeList/Numbers/{PhoneNumber}",
};

static void every_row_asks_who_calls(void **state)
{
    size_t n = 0;

    (void)state;
    assert_ptr_equal(verify_face.gate, call_gate);
    assert_ptr_equal(verify_face.error, api_error_page);
    assert_ptr_equal(verify_face.options, reply_preflight);
    for (size_t i = 0; i < verify_face.route_count; i++) {
        const struct route *r = &verify_face.routes[i];

        assert_int_equal(r->limit, LIMIT_API);
        if (r->auth == AUTH_ACCOUNT) {
            assert_null(r->prepare);
            continue;
        }
        assert_int_equal(r->auth, AUTH_DEVICE);
        assert_true(n < COUNT_OF(of_devices));
        assert_int_equal(r->method, of_devices[n].method);
        assert_string_equal(r->pattern, of_devices[n].pattern);
        /* signatures are verified on the loop, never on the writer */
        assert_ptr_equal(r->prepare, of_devices[n].prepare);
        assert_int_equal(r->prepare_on, ON_LOOP);
        n++;
    }
    assert_int_equal(n, COUNT_OF(of_devices));
}

static void what_writes_runs_on_the_writer(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < verify_face.route_count; i++) {
        const struct route *r = &verify_face.routes[i];

        assert_true(r->method == GET || r->method == POST || r->method == DELETE);
        if (r->method != GET) {
            assert_int_equal(r->runs, WRITE);
            assert_true((r->method == POST) == (r->body_max > 0));
        } else if (r->runs == WRITE) {
            assert_true(n < COUNT_OF(counted));
            assert_string_equal(r->pattern, counted[n++]);
        }
    }
    assert_int_equal(n, COUNT_OF(counted));
}

static void there_are_57_operations(void **state)
{
    (void)state;
    assert_int_equal(verify_face.route_count, 57);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_asks_who_calls),
        cmocka_unit_test(what_writes_runs_on_the_writer),
        cmocka_unit_test(there_are_57_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
