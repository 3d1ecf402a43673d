#include "base/unit.h"

#include "base/ctx.h"
#include "crypto/pwhash.h"

static struct str make(struct arena *mem, struct str password)
{
    struct ctx cx;
    struct str out;

    ctx_init(&cx, mem);
    assert_int_equal(pwhash_make(&cx, password, &out), OK);
    return out;
}

static void a_hash_knows_its_password_only(void **state)
{
    struct str hash = make(*state, STR("correct horse"));

    assert_true(str_starts(hash, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_true(hash.n <= PWHASH_LEN_MAX);
    assert_true(pwhash_check(STR("correct horse"), hash));
    assert_false(pwhash_check(STR("correct horsE"), hash));
    assert_false(pwhash_check(STR("correct horse "), hash));
    assert_false(pwhash_check(STR("correct horse\0"), hash));
    assert_false(pwhash_check(STR_NONE, hash));
}

static void every_hash_has_a_salt_of_its_own(void **state)
{
    assert_false(str_eq(make(*state, STR("x")), make(*state, STR("x"))));
}

/* Attack 79: a huge password costs nothing. */
static void attack_79_length_is_bounded(void **state)
{
    char longest[PWHASH_PASSWORD_MAX + 1];
    struct str hash, out = STR("untouched");
    struct ctx cx;

    memset(longest, 'a', sizeof(longest));
    ctx_init(&cx, *state);
    hash = make(*state, (struct str){longest, PWHASH_PASSWORD_MAX});
    assert_true(pwhash_check((struct str){longest, PWHASH_PASSWORD_MAX}, hash));
    longest[PWHASH_PASSWORD_MAX - 1] = 'b'; /* the last byte counts */
    assert_false(pwhash_check((struct str){longest, PWHASH_PASSWORD_MAX}, hash));
    assert_int_equal(pwhash_make(&cx, (struct str){longest, sizeof(longest)}, &out), ERR_INVALID);
    assert_false(pwhash_check((struct str){longest, sizeof(longest)}, hash));
    assert_int_equal(pwhash_make(&cx, STR("caf\xE9"), &out), ERR_INVALID);
    assert_str(out, STR("untouched"));
}

static const struct {
    const char *name, *encoded;
} broken[] = {
    {"empty",            ""                                                            },
    {"plain text",       "password"                                                    },
    {"another function", "$2b$12$abcdefghijklmnopqrstuuu3vDSDhVzjPZu4nHD9e3pFGvZ0n1jXa"},
    {"cut short",        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"       },
    {"no cost",          "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHRzb21lc2FsdA$AAAA"      },
};

static void what_is_no_hash_matches_nothing(void **state)
{
    char longer[PWHASH_LEN_MAX + 2];

    (void)state;
    EACH_ROW (row, broken)
        assert_row(row, !pwhash_check(STR("password"), str_from(row->encoded)));
    memset(longer, '$', sizeof(longer));
    assert_false(pwhash_check(STR("password"), (struct str){longer, sizeof(longer)}));
}

/* A vector of the reference implementation (phc-winner-argon2, src/test.c; 256 KiB): what was
 * stored at another cost goes on being accepted. */
static void a_hash_of_another_cost_is_accepted(void **state)
{
    struct str cheap =
        STR("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");

    (void)state;
    assert_true(pwhash_check(STR("password"), cheap));
    assert_false(pwhash_check(STR("passwords"), cheap));
}

static const struct {
    const char *name, *made, *typed;
    bool ok;
} forms[] = {
    {"composed and not",      "caf\xC3\xA9 1x",           "cafe\xCC\x81 1x",   true },
    {"and the other way",     "cafe\xCC\x81 1x",          "caf\xC3\xA9 1x",    true },
    {"Hangul",                "\xED\x95\x9C\xEA\xB8\x80",
     "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"
     "\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF",                                   true },
    {"order of marks",        "q\xCC\x87\xCC\xA3",        "q\xCC\xA3\xCC\x87", true },
    {"a ligature is its own",
     "of\xEF\xAC\x81"
     "ce",                                                "office",            false},
    {"superscripts too",      "x\xC2\xB2",                "x2",                false},
    {"capitals count",        "caf\xC3\xA9",              "caf\xC3\x89",       false},
    {"the accent counts",     "caf\xC3\xA9",              "cafe",              false},
};

static void one_text_is_one_password_on_every_keyboard(void **state)
{
    EACH_ROW (row, forms) {
        struct str hash = make(*state, str_from(row->made));

        assert_row(row, pwhash_check(str_from(row->made), hash));
        assert_row(row, pwhash_check(str_from(row->typed), hash) == row->ok);
    }
}

/* Each of these 85 characters, three bytes, becomes nine: the longest that normal form C makes. */
static void the_longest_normal_form_fits(void **state)
{
    char text[255];
    struct str hash;

    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xEF\xAC\xAC", 3); /* U+FB2C, a Hebrew letter with two points */
    hash = make(*state, (struct str){text, sizeof(text)});
    assert_true(pwhash_check((struct str){text, sizeof(text)}, hash));
    assert_false(pwhash_check((struct str){text, sizeof(text) - 3}, hash));
}

/* Attack 53: the dummy must cost what a real one costs, so it has to be well-formed and of today.
 */
static void attack_53_the_dummy_is_a_real_hash_of_nothing(void **state)
{
    static const char *const guesses[] = {"", "dummy", "password", "countersign"};
    struct str real = make(*state, STR("x")), dummy = pwhash_dummy();

    assert_int_equal(dummy.n, real.n);
    assert_str(str_sub(dummy, 0, 31), str_sub(real, 0, 31));
    EACH_ROW (guess, guesses)
        assert_false(pwhash_check(str_from(*guess), dummy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_knows_its_password_only),
        cmocka_unit_test(every_hash_has_a_salt_of_its_own),
        cmocka_unit_test(attack_79_length_is_bounded),
        cmocka_unit_test(what_is_no_hash_matches_nothing),
        cmocka_unit_test(a_hash_of_another_cost_is_accepted),
        cmocka_unit_test(one_text_is_one_password_on_every_keyboard),
        cmocka_unit_test(the_longest_normal_form_fits),
        cmocka_unit_test(attack_53_the_dummy_is_a_real_hash_of_nothing),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
