#include "base/unit.h"

#include "crypto/passlist.h"
#include "crypto/random.h"

#include "crypto/passlist_words.inc"

/* Whose password it is. */
static const struct str ada[] = {
    STR("Ada Lovelace"),     STR("countess"),  STR("ada.lovelace@analytical-engine.example"),
    STR("+44 20 7946 0018"), STR("Acme Bank"),
};

static enum passlist_verdict check(const char *password)
{
    return passlist_check(str_from(password), ada, COUNT_OF(ada));
}

static const char *const common[] = {
    /* as they are */
    "password",
    "12345678",
    "qwertyuiop",
    "iloveyou",
    "letmein",
    "countersign",
    "baseball",
    "trustno1",
    "sunshine",
    "superman",
    "michelle",
    "corvette",
    "starwars",
    "passw0rd",
    "a1b2c3d4",
    /* with something behind or before */
    "Password1!",
    "password123",
    "PASSWORD2024",
    "letmein123",
    "countersign123",
    "iloveyou2",
    "Summer2026!",
    "Tuesday2024!",
    "monkey12345",
    "123password",
    "!welcome!",
    "sunflower1",
    "Jennifer1985",
    "dragon01011990",
    "michael.jordan",
    "qwerty12345",
    /* l33t and backwards */
    "P@ssw0rd",
    "p455w0rd!",
    "1l0v3y0u",
    "!loveyou",
    "drowssap",
    "nimda123",

    "$unsh1ne",
    "w3lc0me1",
    "8a5eba11",
    /* runs */
    "11111111",
    "00000000",
    "aaaaaaaaaaaa",
    "87654321",
    "abcdefgh",
    "ABCDEFGH",
    "hgfedcba",
    "abcd1234",
    "1234abcd",
    "abc123456",
    "123456789012",
    "1111222233334444",
    /* walks on the keyboard */
    "qwertyui",
    "asdfghjk",
    "asdfghjkl;",
    "zxcvbnm,",
    "poiuytre",
    "1q2w3e4r",
    "1q2w3e4r5t6y",
    "zaq12wsx",
    "!QAZ2wsx",
    "1qaz2wsx",
    "qazwsxedc",
    "qweasdzxc",
    "q1w2e3r4",
    "!@#$%^&*",
    "qwertzuiop",
    "azertyuiop",
    "asdfjkl;",
    "zaq1@WSX",
    /* repeated, doubled */
    "abcabcabc",
    "12121212",
    "passwordpassword",
    "qweqweqwe",
    "11223344",
    "aabbccddeeff",
    "testtest",
    "lalalalala",
    /* numbers that people have */
    "19841231",
    "31121984",
    "12311984",
    "20010101",
    "147258369",
    "741852963",
    "31415926",
    /* other languages */
    "passwort1",
    "ichliebedich",
    "motdepasse",
    "contrasena",
    "tequiero1",
    "senha123",
    "ciaociao",
    "welkom01",
    "kochamcie",
    "woaini1314",
    /* long ones are not better for it */
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "",
    "a",
    "abc",
    "1234",
};

static void common_passwords_are_refused(void **state)
{
    (void)state;
    EACH_ROW (password, common) {
        if (passlist_check(str_from(*password), NULL, 0) != PASSLIST_COMMON)
            fail_msg("\"%s\" passes", *password);
        assert_int_equal(check(*password), PASSLIST_COMMON); /* context makes nothing better */
    }
}

static const char *const personal[] = {
    "adalovelace",      "Lovelace1",
    "ada.lovelace",     "AdaLovelace1815",
    "l0vel@ce!!",       "ecalevol99",
    "countess!",        "Countess2024",
    "countesscountess", "ada.lovelace@analytical-engine.example",
    "analytical",       "engine-analytical",
    "AcmeBank2026",     "acme-bank!",
    "02079460018",      "442079460018",
    "AdaAcme1",         "lovelaceqwerty",
};

static void what_others_know_about_the_person_is_refused(void **state)
{
    (void)state;
    EACH_ROW (password, personal) {
        if (check(*password) == PASSLIST_FINE)
            fail_msg("\"%s\" passes", *password);
    }
    assert_int_equal(check("adalovelace"), PASSLIST_CONTEXT);
    assert_int_equal(check("442079460018"), PASSLIST_CONTEXT);
    assert_int_equal(passlist_check(STR("adalovelacexq"), NULL, 0), PASSLIST_FINE);
}

static const char *const fine[] = {
    "correct horse battery staple",
    "xkcd-forty-two-pigeons",
    "kX9#vTq2",
    "jw7qpz4r",
    "Tq8.mzLw",
    "violet harbour tram",
    "lovelace kX9#v",
    "83604275",
    "my3Socks&aHat",
    "rQ7-hN3-wZ5",
    "zebra!Kq7vX",
    "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C", /* "пароль": another alphabet is not on the
                                                           list */
};

static void others_pass(void **state)
{
    (void)state;
    EACH_ROW (password, fine) {
        if (check(*password) != PASSLIST_FINE)
            fail_msg("\"%s\" is refused", *password);
    }
}

/* What a password manager makes must pass, at the shortest length that we take. */
static void random_passwords_pass(void **state)
{
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
    char text[12];
    unsigned refused = 0;

    (void)state;
    random_seed_for_test(8);
    for (int i = 0; i < 2000; i++) {
        for (size_t k = 0; k < sizeof(text); k++)
            text[k] = alphabet[random_below(sizeof(alphabet) - 1)];
        refused += passlist_check((struct str){text, 8}, ada, COUNT_OF(ada)) != PASSLIST_FINE;
        assert_int_equal(passlist_check((struct str){text, 12}, ada, COUNT_OF(ada)), PASSLIST_FINE);
    }
    assert_in_range(refused, 0, 2);
}

/* Attack 79: any input is bounded. */
static void attack_79_any_bytes_and_lengths_are_taken(void **state)
{
    struct arena *mem = *state;
    struct str many[40];
    char *p = arena_alloc(mem, 300);

    random_seed_for_test(79);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (struct str){p, i * 7};
    for (size_t n = 0; n <= 300; n += 3) {
        random_bytes(p, n);
        passlist_check((struct str){p, n}, many, COUNT_OF(many));
        for (size_t i = 0; i < n; i++)
            p[i] = "a.1"[(uint8_t)p[i] % 3];
        passlist_check((struct str){p, n}, many, COUNT_OF(many));
    }
    assert_int_equal(passlist_check(STR("\0\0\0\0\0\0\0\0"), NULL, 0), PASSLIST_COMMON);
    assert_int_equal(passlist_check(STR_NONE, NULL, 0), PASSLIST_COMMON);
}

/* The search is by halves, so order matters; and a blank ends every word. */
static void the_list_is_in_order(void **state)
{
    const struct str lists[] = {
        {top_words,  sizeof(top_words) - 1 },
        {list_words, sizeof(list_words) - 1}
    };
    size_t count = 0;

    (void)state;
    EACH_ROW (list, lists) {
        struct str rest = str_sub(*list, 0, list->n - 1), word, before = STR("");

        assert_int_equal(list->p[list->n - 1], ' ');
        while (str_split(&rest, ' ', &word)) {
            if (str_cmp(before, word) >= 0)
                fail_msg("\"%.*s\" stands before \"%.*s\"", STR_ARG(before), STR_ARG(word));
            assert_true(word.n >= 2);
            for (size_t i = 0; i < word.n; i++)
                assert_true((word.p[i] >= 'a' && word.p[i] <= 'z') ||
                            (word.p[i] >= '0' && word.p[i] <= '9'));
            before = word;
            count++;
        }
    }
    assert_true(count > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_passwords_are_refused),
        cmocka_unit_test(what_others_know_about_the_person_is_refused),
        cmocka_unit_test(others_pass),
        cmocka_unit_test(random_passwords_pass),
        cmocka_unit_test(attack_79_any_bytes_and_lengths_are_taken),
        cmocka_unit_test(the_list_is_in_order),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
