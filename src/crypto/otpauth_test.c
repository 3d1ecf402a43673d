#include "base/unit.h"

#include "crypto/otpauth.h"

#define SEED   str_bytes(STR("12345678901234567890"))
#define SEED32 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const struct {
    const char *name, *issuer, *account;
    struct totp_params params;
    const char *want;
} built[] = {
    {"usual",
     "Countersign", "ada@example.org",
     {30, 6, HMAC_SHA1},
     "otpauth://totp/Countersign:ada%40example.org?secret=" SEED32
     "&issuer=Countersign&algorithm=SHA1&digits=6&period=30"                               },
    {"everything else",
     "A & B",       "Zo\xC3\xAB/1?",
     {60, 8, HMAC_SHA512},
     "otpauth://totp/A%20%26%20B:Zo%C3%AB%2F1%3F?secret=" SEED32
     "&issuer=A%20%26%20B&algorithm=SHA512&digits=8&period=60"                             },
    {"colons would separate",
     "A:B",         "c:d",
     {30, 7, HMAC_SHA256},
     "otpauth://totp/AB:cd?secret=" SEED32 "&issuer=AB&algorithm=SHA256&digits=7&period=30"},
    {"no issuer",
     "",            "ada",
     {30, 6, HMAC_SHA1},
     "otpauth://totp/ada?secret=" SEED32 "&algorithm=SHA1&digits=6&period=30"              },
};

static void uris_are_written_in_full_and_read_back(void **state)
{
    EACH_ROW (row, built) {
        const struct otpauth o = {str_from(row->issuer), str_from(row->account), SEED, row->params};
        struct otpauth back;
        struct str uri;

        assert_row(row, otpauth_uri(*state, &o, &uri));
        assert_str(uri, str_from(row->want));
        assert_row(row, otpauth_parse(*state, uri, &back));
        assert_row(row, back.params.digits == row->params.digits &&
                            back.params.step_s == row->params.step_s &&
                            back.params.alg == row->params.alg);
        assert_str(bytes_str(back.secret), bytes_str(SEED));
        if (str_find(o.issuer, ':') == STR_NPOS) {
            assert_str(back.issuer, o.issuer);
            assert_str(back.account, o.account);
        }
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    static const uint8_t zeros[OTPAUTH_SECRET_MAX + 1];
    char name[400];
    struct otpauth o = {
        STR("x"), STR("y"), {zeros, OTPAUTH_SECRET_MAX},
          { 30,    6,          HMAC_SHA1}
    };
    struct str uri = STR("untouched");

    memset(name, ' ', sizeof(name));
    assert_true(otpauth_uri(*state, &o, &uri));
    uri = STR("untouched");
    o.secret.n++;
    assert_false(otpauth_uri(*state, &o, &uri));
    o.secret.n = 0;
    assert_false(otpauth_uri(*state, &o, &uri));
    o.secret.n = 20;
    o.account = (struct str){name, sizeof(name)};
    assert_false(otpauth_uri(*state, &o, &uri));
    assert_str(uri, STR("untouched"));
}

static const struct {
    const char *name, *uri;
    bool ok;
} read_in[] = {
    {"least",                    "otpauth://totp/ada?secret=MY",                   true },
    {"no label",                 "otpauth://totp/?secret=MY",                      true },
    {"case and blanks",          "OTPAUTH://TOTP/A:%20ada?secret=mz%20xq",         true },
    {"unknown parameter",        "otpauth://totp/ada?secret=MY&image=x",           true },
    {"encoded colon",            "otpauth://totp/A%3Aada?secret=MY",               true },
    {"empty",                    "",                                               false},
    {"another scheme",           "https://totp/ada?secret=MY",                     false},
    {"counter based",            "otpauth://hotp/ada?secret=MY&counter=1",         false},
    {"no secret",                "otpauth://totp/ada?issuer=x",                    false},
    {"empty secret",             "otpauth://totp/ada?secret=",                     false},
    {"no parameters",            "otpauth://totp/ada",                             false},
    {"bad secret",               "otpauth://totp/ada?secret=M1",                   false},
    {"two secrets",              "otpauth://totp/ada?secret=MY&secret=MY",         false},
    {"digits twice",             "otpauth://totp/ada?secret=MY&digits=6&digits=6", false},
    {"too many digits",          "otpauth://totp/ada?secret=MY&digits=9",          false},
    {"too few digits",           "otpauth://totp/ada?secret=MY&digits=2",          false},
    {"digits in words",          "otpauth://totp/ada?secret=MY&digits=six",        false},
    {"no period",                "otpauth://totp/ada?secret=MY&period=0",          false},
    {"long period",              "otpauth://totp/ada?secret=MY&period=121",        false},
    {"algorithm",                "otpauth://totp/ada?secret=MY&algorithm=MD5",     false},
    {"three in the label",       "otpauth://totp/a:b:c?secret=MY",                 false},
    {"bad encoding",             "otpauth://totp/a%4?secret=MY",                   false},
    {"line feed",                "otpauth://totp/a%0A?secret=MY",                  false},
    {"not UTF-8",                "otpauth://totp/a%FF?secret=MY",                  false},
    {"control in what is known", "otpauth://totp/a?secret=MY&issuer=%00",          false},
};

static void reading_is_strict(void **state)
{
    EACH_ROW (row, read_in) {
        struct otpauth o;

        assert_row(row, otpauth_parse(*state, str_from(row->uri), &o) == row->ok);
    }
}

static void the_issuer_parameter_wins_over_the_label(void **state)
{
    struct otpauth o;

    assert_true(otpauth_parse(*state, STR("otpauth://totp/Old:%20ada?secret=MY&issuer=New"), &o));
    assert_str(o.issuer, STR("New"));
    assert_str(o.account, STR("ada"));
    assert_int_equal(o.params.step_s, 30);
    assert_int_equal(o.params.digits, 6);
    assert_int_equal(o.params.alg, HMAC_SHA1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_written_in_full_and_read_back),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(reading_is_strict),
        cmocka_unit_test(the_issuer_parameter_wins_over_the_label),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
