#include "base/unit.h"

#include "crypto/hash.h"

#include <pthread.h>

/* n times the byte c. */
static struct bytes run(struct arena *mem, uint8_t c, size_t n)
{
    uint8_t *p = arena_alloc(mem, n);

    memset(p, c, n);
    return (struct bytes){p, n};
}

/* FIPS 180-4 examples. */
static const struct {
    const char *name, *text, *sha256;
} digests[] = {
    {"empty",      "",                                                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",        "abc",                                                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                                          },
};

static void digests_match_fips180(void **state)
{
    struct arena *mem = *state;

    EACH_ROW (row, digests) {
        uint8_t sha256[HASH_SHA256_LEN];

        hash_sha256(str_bytes(str_from(row->text)), sha256);
        assert_hex(mem, BYTES_OF(sha256), row->sha256);
    }
}

static void parts_hash_like_their_concatenation(void **state)
{
    const struct bytes parts[] = {
        str_bytes(STR("a")), {NULL, 0},
         str_bytes(STR("bc"))
    };
    struct arena *mem = *state;
    uint8_t got[HASH_SHA256_LEN], mac[HMAC_LEN_MAX], whole[HMAC_LEN_MAX];

    hash_sha256_parts(parts, COUNT_OF(parts), got);
    assert_hex(mem, BYTES_OF(got), digests[1].sha256);
    hmac_parts(HMAC_SHA256, str_bytes(STR("key")), parts, COUNT_OF(parts), mac);
    hmac(HMAC_SHA256, str_bytes(STR("key")), str_bytes(STR("abc")), whole);
    assert_memory_equal(mac, whole, HASH_SHA256_LEN);
}

static const char hi[] = "Hi There";
static const char jefe[] = "what do ya want for nothing?";
static const char big_key[] = "Test Using Larger Than Block-Size Key - Hash Key First";
static const char big_both_sha1[] =
    "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data";
static const char big_both[] =
    "This is a test using a larger than block-size key and a larger than block-size data. The key "
    "needs to be hashed before being used by the HMAC algorithm.";
static const char count_key[] = "0102030405060708090a0b0c0d0e0f10111213141516171819";

/* RFC 2202 section 3 and RFC 4231 section 4. Key and data are text, hex, or a byte repeated n
 * times. */
static const struct {
    const char *name;
    enum hmac_alg alg;
    const char *key_text, *key_hex;
    uint8_t key_byte;
    size_t key_n;
    const char *text;
    uint8_t byte;
    size_t n;
    const char *want;
} macs[] = {
    {"2202/1",     HMAC_SHA1,        .key_byte = 0x0b,     .key_n = 20,  .text = hi,
     .want = "b617318655057264e28bc0b6fb378c8ef146be00"                                                  },
    {"2202/2",     HMAC_SHA1,        .key_text = "Jefe",   .text = jefe,
     .want = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"                                                },
    {"2202/3",   HMAC_SHA1, .key_byte = 0xaa,          .key_n = 20, .byte = 0xdd,                        .n = 50,
     .want = "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {"2202/4",     HMAC_SHA1,        .key_hex = count_key, .byte = 0xcd, .n = 50,
     .want = "4c9007f4026250c6bc8414f9bf50c86c2d7235da"                                                  },
    {"2202/5",     HMAC_SHA1,        .key_byte = 0x0c,     .key_n = 20,  .text = "Test With Truncation",
     .want = "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"                                                  },
    {"2202/6",     HMAC_SHA1,        .key_byte = 0xaa,     .key_n = 80,  .text = big_key,
     .want = "aa4ae5e15272d00e95705637ce8a3b55ed402112"                                                  },
    {"2202/7",     HMAC_SHA1,        .key_byte = 0xaa,     .key_n = 80,  .text = big_both_sha1,
     .want = "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"                                                  },
    {"4231/1",     HMAC_SHA256,      .key_byte = 0x0b,     .key_n = 20,  .text = hi,
     .want = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"                                                  },
    {"4231/2",     HMAC_SHA256,      .key_text = "Jefe",   .text = jefe,
     .want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"                        },
    {"4231/3", HMAC_SHA256, .key_byte = 0xaa,          .key_n = 20, .byte = 0xdd,                        .n = 50,
     .want = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"4231/4",     HMAC_SHA256,      .key_hex = count_key, .byte = 0xcd, .n = 50,
     .want = "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"4231/6",     HMAC_SHA256,      .key_byte = 0xaa,     .key_n = 131, .text = big_key,
     .want = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"                          },
    {"4231/7",     HMAC_SHA256,      .key_byte = 0xaa,     .key_n = 131, .text = big_both,
     .want = "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"                          },
    {"4231/1",     HMAC_SHA512,      .key_byte = 0x0b,     .key_n = 20,  .text = hi,
     .want = "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
             "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"                          },
    {"4231/2",     HMAC_SHA512,      .key_text = "Jefe",   .text = jefe,
     .want = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
             "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"                        },
    {"4231/3", HMAC_SHA512, .key_byte = 0xaa,          .key_n = 20, .byte = 0xdd,                        .n = 50,
     .want = "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
             "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
    {"4231/4",     HMAC_SHA512,      .key_hex = count_key, .byte = 0xcd, .n = 50,
     .want = "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
             "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"                          },
    {"4231/6",     HMAC_SHA512,      .key_byte = 0xaa,     .key_n = 131, .text = big_key,
     .want = "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
             "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    {"4231/7",     HMAC_SHA512,      .key_byte = 0xaa,     .key_n = 131, .text = big_both,
     .want = "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
             "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"                          },
};

static void hmac_matches_rfc2202_and_rfc4231(void **state)
{
    struct arena *mem = *state;

    EACH_ROW (row, macs) {
        struct bytes key = row->key_text  ? str_bytes(str_from(row->key_text))
                           : row->key_hex ? unit_hex(mem, row->key_hex)
                                          : run(mem, row->key_byte, row->key_n);
        struct bytes in = row->text ? str_bytes(str_from(row->text)) : run(mem, row->byte, row->n);
        uint8_t out[HMAC_LEN_MAX];
        size_t n = hmac(row->alg, key, in, out);

        assert_row(row, n == hmac_len(row->alg));
        assert_hex(mem, ((struct bytes){out, n}), row->want);
    }
}

/* The context is kept between calls: one key must leave nothing behind for the next, not even an
 * empty one (which OpenSSL would read as "the key of before"). */
static void contexts_do_not_mix_keys(void **state)
{
    static const char empty[] = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    struct arena *mem = *state;
    uint8_t out[HMAC_LEN_MAX];

    hmac(HMAC_SHA256, str_bytes(STR("some other key")), str_bytes(STR("x")), out);
    hmac(HMAC_SHA256, (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, out);
    assert_hex(mem, ((struct bytes){out, HASH_SHA256_LEN}), empty);
    hmac(HMAC_SHA1, str_bytes(STR("Jefe")), str_bytes(str_from(jefe)), out);
    hmac(HMAC_SHA256, (struct bytes){(const uint8_t *)"", 0}, (struct bytes){NULL, 0}, out);
    assert_hex(mem, ((struct bytes){out, HASH_SHA256_LEN}), empty);
}

static void *compute_in_thread(void *arg)
{
    uint8_t out[HMAC_LEN_MAX];
    uintptr_t wrong = 0;

    (void)arg;
    for (int i = 0; i < 200; i++) {
        hmac(HMAC_SHA1, str_bytes(STR("Jefe")), str_bytes(str_from(jefe)), out);
        wrong += out[0] != 0xef || out[19] != 0x79;
        hmac(HMAC_SHA512, str_bytes(STR("Jefe")), str_bytes(str_from(jefe)), out);
        wrong += out[0] != 0x16 || out[63] != 0x37;
    }
    return (void *)wrong; /* NOLINT(performance-no-int-to-ptr): the thread's result */
}

static void every_thread_has_contexts_of_its_own(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compute_in_thread, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

/* RFC 5869 appendix A.1 to A.3. */
static const struct {
    const char *name, *ikm, *salt, *info, *okm;
} derivations[] = {
    {"basic",               "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",                                                                                             "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"longer than a block",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
     "404142434445464748494a4b4c4d4e4f",                                    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",                          "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
     "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
     "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
     "cc30c58179ec3e87c14c01d5c1f3434f1d87"                                            },
    {"no salt, no info",    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",                           "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"                                                                                                                    },
};

static void hkdf_matches_rfc5869(void **state)
{
    struct arena *mem = *state;

    EACH_ROW (row, derivations) {
        uint8_t out[128];
        size_t n = strlen(row->okm) / 2;

        hkdf_sha256(unit_hex(mem, row->salt), unit_hex(mem, row->ikm), unit_hex(mem, row->info),
                    out, n);
        assert_hex(mem, ((struct bytes){out, n}), row->okm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_match_fips180),
        cmocka_unit_test(parts_hash_like_their_concatenation),
        cmocka_unit_test(hmac_matches_rfc2202_and_rfc4231),
        cmocka_unit_test(contexts_do_not_mix_keys),
        cmocka_unit_test(every_thread_has_contexts_of_its_own),
        cmocka_unit_test(hkdf_matches_rfc5869),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
