#include "base/unit.h"

#include "crypto/random.h"
#include "crypto/token.h"

#define KEY str_bytes(STR("a service's key of 32 bytes here"))

static void tokens_are_43_characters_of_base64url(void **state)
{
    char z[TOKEN_LEN + 1], other[TOKEN_LEN + 1];
    uint8_t raw[32];

    (void)state;
    token_new(z);
    token_new(other);
    assert_int_equal(strlen(z), TOKEN_LEN);
    assert_int_equal(base64url_decode(str_from(z), raw, sizeof(raw)), 32);
    assert_string_not_equal(z, other);
}

static void the_hash_is_sha256_of_the_text(void **state)
{
    uint8_t out[TOKEN_HASH_LEN];

    token_hash(STR("abc"), out);
    assert_hex(*state, BYTES_OF(out),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Computed with Python's hmac module from what token.h says; a change here breaks links on their
 * way. */
static void derivation_is_what_the_header_says(void **state)
{
    char token[TOKEN_LEN + 1], code[CODE_DIGITS_MAX + 1];

    (void)state;
    token_derive(KEY, STR("reset"), 77, token);
    assert_string_equal(token, "n3t2uVifg0126yt20obkeFMqwKH-0Giuq-Zloip3ASQ");
    code_derive(KEY, STR("sms"), 77, 3, 10, code);
    assert_string_equal(code, "7982978440");
    code_derive(KEY, STR("sms"), 77, 3, 6, code);
    assert_string_equal(code, &"7982978440"[4]);
}

/* Attacks 17 and 48: made for another user, purpose or step. */
static const struct {
    const char *name, *key, *purpose;
    int64_t row;
    uint32_t counter;
} inputs[] = {
    {"the base",          "key", "reset",  77,                      0 },
    {"another key",       "kez", "reset",  77,                      0 },
    {"another purpose",   "key", "resett", 77,                      0 },
    {"no purpose",        "key", "",       77,                      0 },
    {"another row",       "key", "reset",  78,                      0 },
    {"a row far away",    "key", "reset",  77 + (INT64_C(1) << 32), 0 },
    {"a negative row",    "key", "reset",  -77,                     0 },
    {"digits moved over", "key", "reset7", 7,                       0 },
    {"another counter",   "key", "reset",  77,                      1 },
    {"counter for row",   "key", "reset",  0,                       77},
};

static void attack_17_each_input_has_a_code_of_its_own(void **state)
{
    char seen[COUNT_OF(inputs)][CODE_DIGITS_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        code_derive(str_bytes(str_from(inputs[i].key)), str_from(inputs[i].purpose), inputs[i].row,
                    inputs[i].counter, CODE_DIGITS_MAX, seen[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
    }
}

static void attack_48_each_input_has_a_token_of_its_own(void **state)
{
    char seen[COUNT_OF(inputs)][TOKEN_LEN + 1];
    size_t n = 0;

    (void)state;
    EACH_ROW (row, inputs) {
        if (row->counter)
            continue;
        token_derive(str_bytes(str_from(row->key)), str_from(row->purpose), row->row, seen[n]);
        assert_int_equal(strlen(seen[n]), TOKEN_LEN);
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(seen[n], seen[k]);
        n++;
    }
}

/* Knowing the code says nothing about the token of the same row: they are of different messages. */
static void codes_and_tokens_are_apart(void **state)
{
    char token[TOKEN_LEN + 1], code[CODE_DIGITS_MAX + 1], from_token[CODE_DIGITS_MAX + 1];
    uint8_t raw[32];
    uint64_t v = 0;

    (void)state;
    token_derive(KEY, STR("x"), 1, token);
    code_derive(KEY, STR("x"), 1, 0, 10, code);
    assert_int_equal(base64url_decode(str_from(token), raw, sizeof(raw)), 32);
    for (int i = 0; i < 8; i++)
        v = v << 8 | raw[i];
    snprintf(from_token, sizeof(from_token), "%010llu", (unsigned long long)(v % 10000000000));
    assert_string_not_equal(code, from_token);
}

static void codes_have_their_length_and_all_digits_alike(void **state)
{
    unsigned first[10] = {0};

    (void)state;
    for (unsigned digits = CODE_DIGITS_MIN; digits <= CODE_DIGITS_MAX; digits++) {
        for (int64_t row = 0; row < 1000; row++) {
            char code[CODE_DIGITS_MAX + 1];

            code_derive(KEY, STR("sms"), row, 0, digits, code);
            assert_int_equal(strlen(code), digits);
            assert_true(str_all_digits(str_from(code)));
            first[code[0] - '0']++;
        }
    }
    EACH_ROW (count, first) /* 7,000 draws: 700 each, standard deviation 25 */
        assert_in_range(*count, 600, 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_43_characters_of_base64url),
        cmocka_unit_test(the_hash_is_sha256_of_the_text),
        cmocka_unit_test(derivation_is_what_the_header_says),
        cmocka_unit_test(attack_17_each_input_has_a_code_of_its_own),
        cmocka_unit_test(attack_48_each_input_has_a_token_of_its_own),
        cmocka_unit_test(codes_and_tokens_are_apart),
        cmocka_unit_test(codes_have_their_length_and_all_digits_alike),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
