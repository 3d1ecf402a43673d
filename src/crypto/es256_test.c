#include "base/unit.h"

#include "crypto/es256.h"

#include <pthread.h>

/* The example key of RFC 6979 appendix A.2.5, in every form. */
#define RFC6979_D "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define RFC6979_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define RFC6979_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
static const char rfc6979_spki[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004" RFC6979_X RFC6979_Y;

static struct es256_key *from_hex(struct arena *mem, const char *d)
{
    struct es256_key *key = NULL;

    assert_true(es256_from_private(unit_hex(mem, d), &key));
    return key;
}

static void one_key_reads_alike_in_every_form(void **state)
{
    struct arena *mem = *state;
    OWN(es256_free)
    struct es256_key *pair = from_hex(mem, RFC6979_D), *point = NULL, *spki = NULL, *jwk = NULL;
    uint8_t a[ES256_POINT_LEN], b[ES256_POINT_LEN], d[ES256_PRIVATE_LEN];

    assert_true(es256_from_point(unit_hex(mem, "04" RFC6979_X RFC6979_Y), &point));
    assert_true(es256_from_spki(unit_hex(mem, rfc6979_spki), &spki));
    assert_true(es256_from_jwk(base64url_encode(mem, unit_hex(mem, RFC6979_X)),
                               base64url_encode(mem, unit_hex(mem, RFC6979_Y)), &jwk));
    es256_point(pair, a); /* computed from d */
    assert_hex(mem, BYTES_OF(a), "04" RFC6979_X RFC6979_Y);
    es256_point(spki, b);
    assert_memory_equal(a, b, sizeof(a));
    es256_point(jwk, b);
    assert_memory_equal(a, b, sizeof(a));
    es256_point(point, b);
    assert_memory_equal(a, b, sizeof(a));
    assert_true(es256_private(pair, d));
    assert_hex(mem, BYTES_OF(d), RFC6979_D);
    assert_false(es256_private(point, d));
}

/* RFC 6979 A.2.5 with SHA-256. */
static const struct {
    const char *name, *message, *signature;
    bool ok;
} signatures[] = {
    {"sample",             "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",   true },
    {"test",               "test",
     "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",   true },
    {"of another message", "test",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",   false},
    {"s and r swapped",    "sample",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",   false},
    {"all zero",           "sample",
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",   false},
    {"r zero, s one",      "sample",
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000001",   false},
    {"the order for both", "sample",
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",   false},
    {"all ones",           "sample",
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   false},
    {"63 bytes",           "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acd",     false},
    {"65 bytes",           "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda800", false},
    {"none",               "sample", "",                                   false},
};

static void verification_matches_rfc6979(void **state)
{
    struct arena *mem = *state;
    OWN(es256_free) struct es256_key *key = NULL;

    assert_true(es256_from_point(unit_hex(mem, "04" RFC6979_X RFC6979_Y), &key));
    EACH_ROW (row, signatures) {
        assert_row(row, es256_verify(key, str_bytes(str_from(row->message)),
                                     unit_hex(mem, row->signature)) == row->ok);
    }
}

static void what_was_signed_verifies_and_nothing_else(void **state)
{
    OWN(es256_free) struct es256_key *key = es256_generate(), *other = es256_generate();
    uint8_t signature[ES256_SIGNATURE_LEN], again[ES256_SIGNATURE_LEN];
    struct bytes message = str_bytes(STR("approve")), s = BYTES_OF(signature);

    (void)state;
    es256_sign(key, message, signature);
    assert_true(es256_verify(key, message, s));
    assert_false(es256_verify(other, message, s));
    assert_false(es256_verify(key, str_bytes(STR("approvf")), s));
    assert_false(es256_verify(key, (struct bytes){NULL, 0}, s));
    es256_sign(key, message, again);
    assert_memory_not_equal(signature, again, sizeof(signature)); /* a nonce of its own */
    for (size_t i = 0; i < sizeof(signature); i += 7) {
        signature[i] ^= 1;
        assert_false(es256_verify(key, message, s));
        signature[i] ^= 1;
    }
    es256_sign(key, (struct bytes){NULL, 0}, signature);
    assert_true(es256_verify(key, (struct bytes){NULL, 0}, s));
}

/* r or s is shorter than 32 bytes once in 128 signatures: the raw form keeps its length. */
static void short_numbers_keep_their_zeros(void **state)
{
    OWN(es256_free) struct es256_key *key = es256_generate();
    unsigned seen = 0;

    (void)state;
    for (int i = 0; i < 3000 && seen < 2; i++) {
        uint8_t signature[ES256_SIGNATURE_LEN];
        struct bytes message = {(const uint8_t *)&i, sizeof(i)};

        es256_sign(key, message, signature);
        if (signature[0] != 0 && signature[32] != 0)
            continue;
        seen++;
        assert_true(es256_verify(key, message, BYTES_OF(signature)));
    }
    assert_int_equal(seen, 2);
}

static const struct {
    const char *name, *point;
} bad_points[] = {
    {"empty",                 ""                                                             },
    {"infinity",              "00"                                                           },
    {"compressed",            "03" RFC6979_X                                                 },
    {"hybrid",                "07" RFC6979_X RFC6979_Y                                       },
    {"no prefix",             RFC6979_X RFC6979_Y                                            },
    {"one byte short",
     "04" RFC6979_X "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622"         },
    {"one byte long",         "04" RFC6979_X RFC6979_Y "00"                                  },
    {"off the curve",
     "04" RFC6979_X "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298"       },
    {"x and y swapped",       "04" RFC6979_Y RFC6979_X                                       },
    {"zeros",                 "04"
              "0000000000000000000000000000000000000000000000000000000000000000"
              "0000000000000000000000000000000000000000000000000000000000000000"},
    {"x not below the prime",
     "04"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" RFC6979_Y            },
};

static void what_is_no_public_key_is_refused(void **state)
{
    struct arena *mem = *state;
    struct es256_key *key = NULL;
    struct bytes spki = unit_hex(mem, rfc6979_spki);
    uint8_t *changed = arena_alloc(mem, spki.n);
    struct str x = base64url_encode(mem, unit_hex(mem, RFC6979_X)),
               y = base64url_encode(mem, unit_hex(mem, RFC6979_Y));

    EACH_ROW (row, bad_points) {
        assert_row(row, !es256_from_point(unit_hex(mem, row->point), &key));
    }
    for (size_t i = 0; i < spki.n; i++) { /* whatever byte is another, head or point */
        memcpy(changed, spki.p, spki.n);
        changed[i] ^= 1;
        assert_false(es256_from_spki((struct bytes){changed, spki.n}, &key));
        assert_false(es256_from_spki((struct bytes){spki.p, i}, &key));
    }
    assert_false(es256_from_jwk(y, x, &key));
    assert_false(es256_from_jwk(x, STR_NONE, &key));
    assert_false(es256_from_jwk(x, str_sub(y, 0, 42), &key));
    assert_false(es256_from_jwk(x, arena_printf(mem, "%s=", y.p), &key));
    assert_false(es256_from_jwk(arena_printf(mem, "AAAA%s", x.p), y, &key));
    assert_null(key);
}

static const struct {
    const char *name, *d;
    bool ok;
} numbers[] = {
    {"one",       "0000000000000000000000000000000000000000000000000000000000000001",   true },
    {"order - 1", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",   true },
    {"zero",      "0000000000000000000000000000000000000000000000000000000000000000",   false},
    {"order",     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",   false},
    {"all ones",  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   false},
    {"31 bytes",  "00000000000000000000000000000000000000000000000000000000000001",     false},
    {"33 bytes",  "000000000000000000000000000000000000000000000000000000000000000001", false},
    {"empty",     "",                                                                   false},
};

static void private_numbers_are_in_range(void **state)
{
    EACH_ROW (row, numbers) {
        OWN(es256_free) struct es256_key *key = NULL;
        uint8_t signature[ES256_SIGNATURE_LEN];

        assert_row(row, es256_from_private(unit_hex(*state, row->d), &key) == row->ok);
        if (!row->ok)
            continue;
        es256_sign(key, str_bytes(STR("x")), signature);
        assert_row(row, es256_verify(key, str_bytes(STR("x")), BYTES_OF(signature)));
    }
}

static const struct {
    const char *name, *der, *raw;
} ders[] = {
    {"small numbers",                 "3006020101020102",
     "0000000000000000000000000000000000000000000000000000000000000001"
     "0000000000000000000000000000000000000000000000000000000000000002"},
    {"a zero before the top bit",     "3007020200ff020101",
     "00000000000000000000000000000000000000000000000000000000000000ff"
     "0000000000000000000000000000000000000000000000000000000000000001"},
    {"empty",                         "",                       NULL   },
    {"no sequence",                   "020101",                 NULL   },
    {"cut short",                     "30060201010201",         NULL   },
    {"something behind",              "300602010102010200",     NULL   },
    {"something behind, inside",      "3009020101020102020103", NULL   },
    {"one number",                    "3003020101",             NULL   },
    {"a needless zero",               "300702020001020101",     NULL   },
    {"a long length for a short one", "308106020101020102",     NULL   },
    {"a length without end",          "30800201010201020000",   NULL   },
    {"negative",                      "30060201ff020101",       NULL   },
    {"zero",                          "3006020100020101",       NULL   },
    {"33 bytes",
     "302602210100000000000000000000000000000000000000000000000000000000000000000201"
     "01",                                                      NULL   },
};

static void der_is_read_to_the_last_bit(void **state)
{
    struct arena *mem = *state;

    EACH_ROW (row, ders) {
        uint8_t raw[ES256_SIGNATURE_LEN];

        assert_row(row,
                   es256_signature_from_der(unit_hex(mem, row->der), raw) == (row->raw != NULL));
        if (row->raw)
            assert_hex(mem, BYTES_OF(raw), row->raw);
    }
}

/* The worked vector of the Verify device protocol: standard base64 of key and of a DER signature.
 */
static void a_device_proves_its_key(void **state)
{
    static const char key64[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps"
        "5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==";
    static const char signature64[] =
        "MEYCIQC6THefqX3RFysL63lkPa/NEtYoGjQqXKA3Ta4H5Hpc/gIhAO2rJjFI/5Do"
        "Ybt9rnKKuzafH0D1OM+qphKOtMTkCnVJ";
    OWN(es256_free) struct es256_key *key = NULL;
    uint8_t spki[100], der[100], raw[ES256_SIGNATURE_LEN];
    struct bytes message = str_bytes(STR("YF33333333333333333333333333333333"));
    ptrdiff_t n;

    (void)state;
    n = base64_decode(str_from(key64), spki, sizeof(spki));
    assert_int_equal(n, ES256_SPKI_LEN);
    assert_true(es256_from_spki((struct bytes){spki, (size_t)n}, &key));
    n = base64_decode(str_from(signature64), der, sizeof(der));
    assert_true(n > 0 && es256_signature_from_der((struct bytes){der, (size_t)n}, raw));
    assert_true(es256_verify(key, message, BYTES_OF(raw)));
    assert_false(
        es256_verify(key, str_bytes(STR("YF33333333333333333333333333333334")), BYTES_OF(raw)));
}

static void *verify_in_thread(void *arg)
{
    const struct es256_key *key = arg;
    uintptr_t wrong = 0;

    for (int i = 0; i < 20; i++) {
        uint8_t signature[ES256_SIGNATURE_LEN];

        es256_sign(key, str_bytes(STR("x")), signature);
        wrong += !es256_verify(key, str_bytes(STR("x")), BYTES_OF(signature));
    }
    return (void *)wrong; /* NOLINT(performance-no-int-to-ptr): the thread's result */
}

static void threads_may_share_a_key(void **state)
{
    OWN(es256_free) struct es256_key *key = es256_generate();
    pthread_t threads[3];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_in_thread, key), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_reads_alike_in_every_form),
        cmocka_unit_test(verification_matches_rfc6979),
        cmocka_unit_test(what_was_signed_verifies_and_nothing_else),
        cmocka_unit_test(short_numbers_keep_their_zeros),
        cmocka_unit_test(what_is_no_public_key_is_refused),
        cmocka_unit_test(private_numbers_are_in_range),
        cmocka_unit_test(der_is_read_to_the_last_bit),
        cmocka_unit_test(a_device_proves_its_key),
        cmocka_unit_test(threads_may_share_a_key),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
