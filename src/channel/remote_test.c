/* remote_test.c: what the answers of both dialects mean; only the plain yes is one. */
#include "base/unit.h"

#include "channel/authy_sign.h"
#include "channel/remote_dialect.h"

static struct ctx cx;
static struct arena *mem;

static int setup(void **state)
{
    (void)state;
    mem = arena_new();
    ctx_init(&cx, mem);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

struct row {
    enum remote_op op;
    long status;
    const char *body;
    enum remote_said want;
};

typedef enum remote_said said_fn(struct ctx *, const struct remote_call *,
                                 const struct remote_answer *, struct str *);

static void check(const struct row *row, said_fn *said, struct str ref, const char *want_ref)
{
    const struct remote_call call = {.op = row->op, .ref = ref, .user = STR("1635")};
    json_t *json = json_loads(row->body, 0, NULL);
    struct str got = STR_NONE;
    enum remote_said s;

    assert_non_null(json);
    s = said(&cx, &call, &(struct remote_answer){row->status, json}, &got);
    json_decref(json);
    if (s != row->want)
        fail_msg("%ld %s: %d and not %d", row->status, row->body, (int)s, (int)row->want);
    if (s == REMOTE_DONE && want_ref)
        assert_str(got, str_from(want_ref));
}

/* clang-format off */
static const struct row authy[] = {
    {REMOTE_REGISTER, 200, "{\"message\":\"User created successfully.\",\"user\":{\"id\":1635},\"success\":true}",
     REMOTE_DONE                                                                                                       },
    {REMOTE_REGISTER, 200, "{\"user\":{\"id\":-5},\"success\":true}",                              REMOTE_NOTHING      },
    {REMOTE_REGISTER, 200, "{\"user\":{\"id\":\"1635\"},\"success\":true}",                        REMOTE_NOTHING      },
    {REMOTE_REGISTER, 400, "{\"success\":false,\"error_code\":\"60027\"}",                         REMOTE_REFUSED      },
    {REMOTE_ASK,      200, "{\"approval_request\":{\"uuid\":\"1635\"},\"success\":true}",          REMOTE_DONE         },
    {REMOTE_ASK,      200, "{\"approval_request\":{},\"success\":true}",                           REMOTE_NOTHING      },
    {REMOTE_ASK,      200, "{\"approval_request\":{\"uuid\":\"1635\"},\"success\":false}",         REMOTE_NOTHING      },
    {REMOTE_ASK,      400, "{\"success\":false,\"error_code\":\"60050\"}",                         REMOTE_NO_APP       },
    {REMOTE_ASK,      404, "{\"success\":false,\"error_code\":\"60051\"}",                         REMOTE_NO_APP       },
    {REMOTE_ASK,      404, "{\"success\":false,\"error_code\":\"60026\"}",                         REMOTE_NO_USER      },
    {REMOTE_ASK,      429, "{\"success\":false,\"error_code\":\"60003\"}",                         REMOTE_LIMITED      },
    {REMOTE_ASK,      401, "{\"success\":false,\"error_code\":\"60020\"}",                         REMOTE_REFUSED      },
    {REMOTE_SMS,      200, "{\"success\":true,\"message\":\"SMS token was sent\"}",                REMOTE_DONE         },
    {REMOTE_SMS,      200, "{\"success\":true,\"ignored\":true}",                                  REMOTE_REFUSED      },
    {REMOTE_SMS,      400, "{\"success\":false,\"error_code\":\"60082\"}",                         REMOTE_REFUSED      },
    {REMOTE_SMS,      503, "{\"success\":false,\"error_code\":\"60015\"}",                         REMOTE_NOTHING      },
    {REMOTE_CHECK,    200, "{\"message\":\"Token is valid.\",\"token\":\"is valid\",\"success\":\"true\"}",
     REMOTE_RIGHT                                                                                                      },
    {REMOTE_CHECK,    200, "{\"token\":\"is valid\",\"success\":true}",                            REMOTE_RIGHT        },
    {REMOTE_CHECK,    200, "{\"token\":\"is valid\",\"success\":false}",                           REMOTE_NOTHING      },
    {REMOTE_CHECK,    200, "{\"token\":\"is invalid\",\"success\":\"true\"}",                      REMOTE_NOTHING      },
    {REMOTE_CHECK,    200, "{\"success\":\"true\"}",                                               REMOTE_NOTHING      },
    {REMOTE_CHECK,    201, "{\"token\":\"is valid\",\"success\":\"true\"}",                        REMOTE_NOTHING      },
    {REMOTE_CHECK,    401, "{\"token\":\"is valid\",\"success\":\"true\"}",                        REMOTE_REFUSED      },
    {REMOTE_CHECK,    401, "{\"token\":\"is invalid\",\"error_code\":\"60020\"}",                  REMOTE_WRONG        },
    {REMOTE_CHECK,    401, "{\"token\":\"is invalid\"}",                                           REMOTE_WRONG        },
    {REMOTE_CHECK,    401, "{\"error_code\":\"60019\"}",                                           REMOTE_USED         },
    {REMOTE_CHECK,    401, "{\"error_code\":\"60001\"}",                                           REMOTE_REFUSED      },
    {REMOTE_CHECK,    404, "{\"error_code\":\"60016\"}",                                           REMOTE_NO_USER      },
    {REMOTE_POLL,     200, "{\"success\":true,\"approval_request\":{\"uuid\":\"u1\",\"status\":\"approved\"}}",
     REMOTE_APPROVED                                                                                                   },
    {REMOTE_POLL,     200,
     "{\"success\":true,\"approval_request\":{\"uuid\":\"u1\",\"_authy_id\":1635,\"status\":\"denied\"}}",
     REMOTE_DENIED                                                                                                     },
    {REMOTE_POLL,     200,
     "{\"success\":true,\"approval_request\":{\"uuid\":\"u1\",\"_authy_id\":9,\"status\":\"approved\"}}",
     REMOTE_NOTHING                                                                                                    },
    {REMOTE_POLL,     200, "{\"success\":true,\"approval_request\":{\"uuid\":\"u2\",\"status\":\"approved\"}}",
     REMOTE_NOTHING                                                                                                    },
    {REMOTE_POLL,     200, "{\"success\":true,\"approval_request\":{\"status\":\"approved\"}}",    REMOTE_NOTHING      },
    {REMOTE_POLL,     200, "{\"success\":true,\"approval_request\":{\"uuid\":\"u1\",\"status\":\"Approved\"}}",
     REMOTE_NOTHING                                                                                                    },
    {REMOTE_POLL,     200, "{\"success\":true,\"status\":\"approved\"}",                           REMOTE_NOTHING      },
    {REMOTE_POLL,     404, "{\"success\":false,\"error_code\":\"60049\"}",                         REMOTE_REFUSED      },
};
/* clang-format on */

static void authy_answers_mean_what_they_say(void **state)
{
    (void)state;
    EACH_ROW (row, authy)
        check(row, authy_said, STR("u1"), row->op == REMOTE_SMS ? NULL : "1635");
}

/* clang-format off */
static const struct row verify[] = {
    {REMOTE_SMS,   201, "{\"sid\":\"VE1\",\"status\":\"pending\"}",                   REMOTE_DONE   },
    {REMOTE_CALL,  200, "{\"sid\":\"VE1\",\"status\":\"pending\"}",                   REMOTE_DONE   },
    {REMOTE_SMS,   201, "{\"sid\":\"VE1\",\"status\":\"canceled\"}",                  REMOTE_NOTHING},
    {REMOTE_SMS,   201, "{\"status\":\"pending\"}",                                   REMOTE_NOTHING},
    {REMOTE_SMS,   403, "{\"code\":60205}",                                           REMOTE_REFUSED},
    {REMOTE_SMS,   401, "{\"code\":20003}",                                           REMOTE_REFUSED},
    {REMOTE_SMS,   429, "{\"code\":60203}",                                           REMOTE_LIMITED},
    {REMOTE_SMS,   500, "{}",                                                         REMOTE_NOTHING},
    {REMOTE_CHECK, 200, "{\"sid\":\"VE1\",\"status\":\"approved\",\"valid\":true}",   REMOTE_RIGHT  },
    {REMOTE_CHECK, 201, "{\"sid\":\"VE1\",\"status\":\"approved\",\"valid\":true}",   REMOTE_RIGHT  },
    {REMOTE_CHECK, 200, "{\"sid\":\"VE1\",\"status\":\"approved\",\"valid\":false}",  REMOTE_WRONG  },
    {REMOTE_CHECK, 200, "{\"sid\":\"VE1\",\"status\":\"pending\",\"valid\":false}",   REMOTE_WRONG  },
    {REMOTE_CHECK, 200, "{\"sid\":\"VE1\",\"status\":\"pending\",\"valid\":true}",    REMOTE_NOTHING},
    {REMOTE_CHECK, 200, "{\"sid\":\"VE1\",\"status\":\"approved\",\"valid\":1}",      REMOTE_NOTHING},
    {REMOTE_CHECK, 200, "{\"sid\":\"VE2\",\"status\":\"approved\",\"valid\":true}",   REMOTE_NOTHING},
    {REMOTE_CHECK, 200, "{\"status\":\"approved\",\"valid\":true}",                   REMOTE_NOTHING},
    {REMOTE_CHECK, 404, "{\"code\":20404}",                                           REMOTE_EXPIRED},
    {REMOTE_CHECK, 429, "{\"code\":60202}",                                           REMOTE_EXPIRED},
    {REMOTE_CHECK, 429, "{\"code\":20429}",                                           REMOTE_LIMITED},
    {REMOTE_CHECK, 500, "{\"sid\":\"VE1\",\"status\":\"approved\",\"valid\":true}",   REMOTE_NOTHING},
};
/* clang-format on */

static void verify_answers_mean_what_they_say(void **state)
{
    (void)state;
    EACH_ROW (row, verify)
        check(row, verify_said, STR("VE1"), "VE1");
}

/* ---- callbacks ---- */

static const char url[] = "https://id.example.com/authy/callback";

static enum err read_back(const struct remote *r, const char *body, const char *mac_of,
                          struct remote_callback *out)
{
    json_t *json = json_loads(mac_of, 0, NULL);
    struct str mac = callback_signature(&cx, STR("key"), STR("1700000001"), STR("POST"),
                                        str_from(url), callback_params(&cx, json));

    json_decref(json);
    return remote_callback_read(&cx, r, str_from(url), STR("1700000001"), mac, str_from(body), out);
}

static void a_callback_is_what_was_signed(void **state)
{
    static const struct {
        const char *body, *signed_body; /* NULL: the same */
        enum err want;
    } rows[] = {
        {"{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"approved\"}",                       NULL, OK         },
        {"{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"approved\"}",
         "{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"denied\"}",                               ERR_DENIED },
        {"{\"authy_id\":7,\"uuid\":\"v\",\"status\":\"denied\"}",
         "{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"denied\"}",                               ERR_DENIED },
        {"{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"denied\",\"status\":\"approved\"}",
         "{\"authy_id\":7,\"uuid\":\"u\",\"status\":\"denied\"}",                               ERR_DENIED },
        {"{\"authy_id\":1234,\"uuid\":\"u\",\"status\":\"tested\"}",                      NULL, ERR_INVALID},
        {"[]",                                                                            "{}", ERR_DENIED },
        {"",                                                                              "{}", ERR_DENIED },
    };
    OWN(remote_free) struct remote *r = NULL;
    struct remote_callback cb;

    (void)state;
    assert_int_equal(remote_new(&cx,
                                &(struct remote_conf){.dialect = REMOTE_AUTHY,
                                                      .url = STR("https://a.example/"),
                                                      .secret = STR("key")},
                                &r),
                     OK);
    EACH_ROW (row, rows)
        assert_int_equal(
            read_back(r, row->body, row->signed_body ? row->signed_body : row->body, &cb),
            row->want);
    assert_int_equal(read_back(r, rows[0].body, rows[0].body, &cb), OK);
    assert_true(cb.approved);
    assert_str(cb.uuid, STR("u"));
    assert_str(cb.user, STR("7"));
}

static void settings_are_refused(void **state)
{
    static const struct remote_conf rows[] = {
        {.dialect = REMOTE_AUTHY,          .url = STR("a.example"),           .secret = STR("k")},
        {.dialect = REMOTE_AUTHY,          .url = STR("https://a.example/?"), .secret = STR("k")},
        {.dialect = REMOTE_AUTHY,          .url = STR("https://a.example")  },
        {.dialect = REMOTE_VERIFY, .url = STR("https://a.example"),                .secret = STR("k")                  },
    };
    struct remote *r = NULL;

    (void)state;
    EACH_ROW (row, rows)
        assert_int_equal(remote_new(&cx, row, &r), ERR_INVALID);
    assert_null(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(authy_answers_mean_what_they_say),
        TEST(verify_answers_mean_what_they_say),
        TEST(a_callback_is_what_was_signed),
        TEST(settings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
