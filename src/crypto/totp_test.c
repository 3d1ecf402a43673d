#include "base/unit.h"

#include "crypto/random.h"
#include "crypto/totp.h"

/* RFC 6238 appendix B: the seed is repeated to the length of the hash. */
static const char rfc_seed[] = "1234567890123456789012345678901234567890123456789012345678901234";

static struct bytes rfc_key(enum hmac_alg alg)
{
    return (struct bytes){(const uint8_t *)rfc_seed, hmac_len(alg)};
}

static const struct {
    const char *name;
    int64_t at_s;
    const char *want[HMAC_ALGS];
} rfc6238[] = {
    {"first step",             59,          {"94287082", "46119246", "90693936"}},
    {"last second of a step",  1111111109,  {"07081804", "68084774", "25091201"}},
    {"first second of a step", 1111111111,  {"14050471", "67062674", "99943326"}},
    {"within",                 1234567890,  {"89005924", "91819424", "93441116"}},
    {"2033",                   2000000000,  {"69279037", "90698825", "38618901"}},
    {"beyond 2^31 and 2^32",   20000000000, {"65353130", "77737706", "47863826"}},
};

static void codes_match_rfc6238(void **state)
{
    (void)state;
    EACH_ROW (row, rfc6238) {
        for (enum hmac_alg alg = 0; alg < HMAC_ALGS; alg++) {
            const struct totp_params p = {.step_s = 30, .digits = 8, .alg = alg};
            struct totp_params six = p;
            char got[TOTP_DIGITS_MAX + 1];

            totp_code(&p, rfc_key(alg), row->at_s, got);
            assert_string_equal(got, row->want[alg]);
            six.digits = 6;
            totp_code(&six, rfc_key(alg), row->at_s, got);
            assert_string_equal(got, row->want[alg] + 2);
        }
    }
}

/* ---- matching: the secret below, at step NOW ---- */

static const struct totp_params usual = {.step_s = 30, .digits = 6, .alg = HMAC_SHA1};
enum { NOW = 1000, AT_S = NOW * 30 };
#define KEY str_bytes(STR("12345678901234567890"))

static struct str code_of_step(int64_t step, char out[static TOTP_DIGITS_MAX + 1])
{
    totp_code(&usual, KEY, step * usual.step_s, out);
    return str_from(out);
}

/* Attack 14: the window is skew steps either side, not one more, in any second of a step. */
static const struct {
    const char *name;
    uint32_t skew_steps;
    int64_t step;
    bool ok;
} window[] = {
    {"strict: this step",          0,                   NOW,                           true },
    {"strict: the one before",     0,                   NOW - 1,                       false},
    {"strict: the one after",      0,                   NOW + 1,                       false},
    {"one: two before",            1,                   NOW - 2,                       false},
    {"one: the one before",        1,                   NOW - 1,                       true },
    {"one: this step",             1,                   NOW,                           true },
    {"one: the one after",         1,                   NOW + 1,                       true },
    {"one: two after",             1,                   NOW + 2,                       false},
    {"two: three before",          2,                   NOW - 3,                       false},
    {"two: two before",            2,                   NOW - 2,                       true },
    {"two: two after",             2,                   NOW + 2,                       true },
    {"two: three after",           2,                   NOW + 3,                       false},
    {"most: at the edge",          TOTP_SKEW_STEPS_MAX, NOW - TOTP_SKEW_STEPS_MAX,     true },
    {"more than most is cut",      UINT32_MAX,          NOW - TOTP_SKEW_STEPS_MAX - 1, false},
    {"more than most, other side", UINT32_MAX,          NOW + TOTP_SKEW_STEPS_MAX + 1, false},
};

static void attack_14_the_window_has_exact_edges(void **state)
{
    (void)state;
    EACH_ROW (row, window) {
        for (int64_t second = 0; second < usual.step_s; second += 29) {
            char z[TOTP_DIGITS_MAX + 1];
            int64_t got = totp_match(&usual, KEY, code_of_step(row->step, z), AT_S + second,
                                     row->skew_steps, -1);

            assert_row(row, got == (row->ok ? row->step : TOTP_NO_MATCH));
        }
    }
}

static void the_window_ends_at_1970(void **state)
{
    char z[TOTP_DIGITS_MAX + 1];

    (void)state;
    assert_int_equal(totp_match(&usual, KEY, code_of_step(0, z), 0, 3, -1), 0);
    assert_int_equal(totp_match(&usual, KEY, code_of_step(3, z), 0, 3, -1), 3);
}

/* Attack 2: a code works once, in its own step and in all that the window still reaches. */
static void attack_2_a_used_code_never_matches_again(void **state)
{
    (void)state;
    for (int64_t used = NOW - 1; used <= NOW + 1; used++) {
        char z[TOTP_DIGITS_MAX + 1];
        struct str code = code_of_step(used, z);

        assert_int_equal(totp_match(&usual, KEY, code, AT_S, 1, used - 1), used);
        for (int64_t later_s = 0; later_s <= 120; later_s++)
            assert_int_equal(totp_match(&usual, KEY, code, AT_S + later_s, 1, used), TOTP_NO_MATCH);
    }
}

/* Attack 3: after a code of a later step, earlier ones inside the window are dead too. */
static void attack_3_no_step_up_to_the_used_one_matches(void **state)
{
    (void)state;
    for (int64_t used = NOW - 2; used <= NOW + 2; used++) {
        for (int64_t step = NOW - 2; step <= NOW + 2; step++) {
            char z[TOTP_DIGITS_MAX + 1];
            int64_t got = totp_match(&usual, KEY, code_of_step(step, z), AT_S, 2, used);

            assert_int_equal(got, step > used ? step : TOTP_NO_MATCH);
        }
    }
}

/* Three digits make equal codes of neighbouring steps easy to find. */
static void of_two_steps_with_one_code_the_later_is_used_up(void **state)
{
    const struct totp_params p = {.step_s = 30, .digits = 3, .alg = HMAC_SHA1};

    (void)state;
    for (int64_t step = 0; step < 100000; step++) {
        char a[TOTP_DIGITS_MAX + 1], b[TOTP_DIGITS_MAX + 1];

        totp_code(&p, KEY, step * 30, a);
        totp_code(&p, KEY, (step + 1) * 30, b);
        if (!str_eq(str_from(a), str_from(b)))
            continue;
        assert_int_equal(totp_match(&p, KEY, str_from(a), step * 30, 1, -1), step + 1);
        assert_int_equal(totp_match(&p, KEY, str_from(a), step * 30, 1, step + 1), TOTP_NO_MATCH);
        return;
    }
    fail_msg("no such pair: the test does not test");
}

/* Attack 16: whatever is not exactly the digits of the right code, 287082. */
static const struct {
    const char *name, *text;
    size_t n;
} malformed[] = {
    {"nothing",               "",                                                0 },
    {"one digit short",       "28708",                                           5 },
    {"one digit more",        "2870820",                                         7 },
    {"a zero before",         "0287082",                                         7 },
    {"blank before",          " 287082",                                         7 },
    {"blank behind",          "287082 ",                                         7 },
    {"blank inside",          "287 082",                                         7 },
    {"line feed behind",      "287082\n",                                        7 },
    {"NUL behind",            "287082\0",                                        7 },
    {"NUL instead",           "28708\0",                                         6 },
    {"plus sign",             "+28708",                                          6 },
    {"minus sign",            "-28708",                                          6 },
    {"hexadecimal",           "0x4616",                                          6 },
    {"exponent",              "2870e2",                                          6 },
    {"full-width digits",     "\xEF\xBC\x92\xEF\xBC\x98",                        6 },
    {"Arabic-Indic digits",   "\xD9\xA2\xD9\xA8\xD9\xA7",                        6 },
    {"six full-width digits",
     "\xEF\xBC\x92\xEF\xBC\x98\xEF\xBC\x97\xEF\xBC\x90\xEF\xBC\x98\xEF\xBC\x92", 18},
    {"all zero",              "000000",                                          6 },
    {"null",                  "null",                                            4 },
    {"an array",              "[2870]",                                          6 },
};

static void attack_16_only_the_exact_digits_match(void **state)
{
    (void)state;
    assert_int_equal(totp_match(&usual, KEY, STR("287082"), 59, 1, -1), 1);
    EACH_ROW (row, malformed) {
        assert_row(row, totp_match(&usual, KEY, (struct str){row->text, row->n}, 59, 1, -1) ==
                            TOTP_NO_MATCH);
    }
    assert_int_equal(totp_match(&usual, KEY, STR_NONE, 59, 1, -1), TOTP_NO_MATCH);
}

static const struct {
    const char *name;
    struct totp_params p;
    bool ok;
} params[] = {
    {"usual",              {30, 6, HMAC_SHA1},           true },
    {"least",              {10, 3, HMAC_SHA256},         true },
    {"most",               {120, 8, HMAC_SHA512},        true },
    {"no step",            {0, 6, HMAC_SHA1},            false},
    {"step too short",     {9, 6, HMAC_SHA1},            false},
    {"step too long",      {121, 6, HMAC_SHA1},          false},
    {"too few digits",     {30, 2, HMAC_SHA1},           false},
    {"too many digits",    {30, 9, HMAC_SHA1},           false},
    {"no such algorithm",  {30, 6, HMAC_ALGS},           false},
    {"negative algorithm", {30, 6, (enum hmac_alg) - 1}, false},
};

static void params_are_bounded(void **state)
{
    (void)state;
    EACH_ROW (row, params) {
        assert_row(row, totp_params_valid(&row->p) == row->ok);
    }
}

/* ---- a second opinion: oathtool over 1,000 random secrets, every algorithm and length ---- */

enum { SECRETS = 1000, LANES = 2, COMBINATIONS = HMAC_ALGS * 3 };

struct sample {
    uint8_t key[64];
    size_t key_len;
    int64_t at_s;
    uint32_t step_s;
};

static struct totp_params combination(const struct sample *s, unsigned c)
{
    return (struct totp_params){s->step_s, (uint8_t)(6 + c % 3), (enum hmac_alg)(c / 3)};
}

/* One shell runs all of one lane's calls: a process each, but no shell each. */
static FILE *ask_oathtool(struct arena *mem, const struct sample *samples, size_t count,
                          const char *script)
{
    static const char *const modes[] = {"SHA1", "SHA256", "SHA512"};
    FILE *f = fopen(script, "w");
    char command[256];

    assert_non_null(f);
    for (size_t i = 0; i < count; i++) {
        const struct sample *s = &samples[i];
        struct bytes key = {s->key, s->key_len};

        for (unsigned c = 0; c < COMBINATIONS; c++) {
            struct totp_params p = combination(s, c);

            fprintf(f, "oathtool --totp=%s -d %u -s %u -N @%lld -- %s || exit 1\n", modes[p.alg],
                    p.digits, p.step_s, (long long)s->at_s, hex_encode(mem, key).p);
        }
    }
    fclose(f);
    snprintf(command, sizeof(command), "sh %s", script);
    return popen(command, "r");
}

static void codes_agree_with_oathtool(void **state)
{
    static const uint32_t steps_s[] = {30, 60, 20, 45};
    struct sample *samples = ARENA_ARRAY((struct arena *)*state, struct sample, SECRETS);
    char folder[] = "/tmp/countersign-oathtool-XXXXXX", script[LANES][64];
    const size_t per_lane = SECRETS / LANES;
    FILE *lanes[LANES];

    random_seed_for_test(4226);
    for (size_t i = 0; i < SECRETS; i++) {
        struct sample *s = &samples[i];

        s->key_len = 10 + random_below(sizeof(s->key) - 10 + 1);
        random_bytes(s->key, s->key_len);
        s->at_s = (int64_t)random_below(UINT32_MAX); /* up to 2106 */
        s->step_s = steps_s[i % COUNT_OF(steps_s)];
    }
    assert_non_null(mkdtemp(folder));
    for (size_t l = 0; l < LANES; l++) {
        snprintf(script[l], sizeof(script[l]), "%s/%zu.sh", folder, l);
        lanes[l] = ask_oathtool(*state, samples + l * per_lane, per_lane, script[l]);
        assert_non_null(lanes[l]);
    }
    for (size_t i = 0; i < SECRETS; i++) {
        const struct sample *s = &samples[i];

        for (unsigned c = 0; c < COMBINATIONS; c++) {
            struct totp_params p = combination(s, c);
            struct bytes key = {s->key, s->key_len};
            char line[64], got[TOTP_DIGITS_MAX + 2];

            if (!fgets(line, sizeof(line), lanes[i / per_lane]))
                fail_msg("oathtool gave no answer: is it installed? (Debian: oathtool)");
            totp_code(&p, key, s->at_s, got);
            got[p.digits] = '\n';
            got[p.digits + 1] = '\0';
            assert_string_equal(got, line);
        }
    }
    for (size_t l = 0; l < LANES; l++) {
        assert_int_equal(pclose(lanes[l]), 0);
        remove(script[l]);
    }
    remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_match_rfc6238),
        cmocka_unit_test(attack_14_the_window_has_exact_edges),
        cmocka_unit_test(the_window_ends_at_1970),
        cmocka_unit_test(attack_2_a_used_code_never_matches_again),
        cmocka_unit_test(attack_3_no_step_up_to_the_used_one_matches),
        cmocka_unit_test(of_two_steps_with_one_code_the_later_is_used_up),
        cmocka_unit_test(attack_16_only_the_exact_digits_match),
        cmocka_unit_test(params_are_bounded),
        cmocka_unit_test(codes_agree_with_oathtool),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
