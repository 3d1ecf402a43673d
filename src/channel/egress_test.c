/* egress_test.c: attacks 65 and 68: no connection into the operator's own network. */
#include "base/unit.h"

#include "channel/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *ask(const struct egress *e, const char *text)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return egress_refusal(e, (const struct sockaddr *)(const void *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return egress_refusal(e, (const struct sockaddr *)(const void *)&v6);
}

static const struct {
    const char *name;
    bool refused;
} addresses[] = {
    {"8.8.8.8",                  false},
    {"1.1.1.1",                  false},
    {"142.250.185.106",          false},
    {"2a00:1450:4001:80b::200a", false},
    {"2606:4700:4700::1111",     false},
    {"9.255.255.255",            false},
    {"11.0.0.0",                 false},
    {"100.63.255.255",           false},
    {"100.128.0.0",              false},
    {"172.15.255.255",           false},
    {"172.32.0.0",               false},
    {"192.167.255.255",          false},
    {"198.17.255.255",           false},
    {"198.20.0.0",               false},
    {"223.255.255.255",          false},
    {"::ffff:8.8.8.8",           false},
    {"64:ff9b::8.8.8.8",         false},
    {"3fff:1000::1",             false},
    {"0.0.0.0",                  true },
    {"0.1.2.3",                  true },
    {"10.0.0.0",                 true },
    {"10.255.255.255",           true },
    {"100.64.0.1",               true },
    {"100.127.255.255",          true },
    {"127.0.0.1",                true },
    {"127.255.255.254",          true },
    {"169.254.169.254",          true }, /* where clouds keep their secrets */
    {"172.16.0.1",               true },
    {"172.31.255.255",           true },
    {"192.0.0.170",              true },
    {"192.0.2.1",                true },
    {"192.88.99.1",              true },
    {"192.168.1.1",              true },
    {"198.18.0.1",               true },
    {"198.19.255.255",           true },
    {"198.51.100.7",             true },
    {"203.0.113.7",              true },
    {"224.0.0.1",                true },
    {"239.255.255.255",          true },
    {"240.0.0.1",                true },
    {"255.255.255.255",          true },
    {"::",                       true },
    {"::1",                      true },
    {"::127.0.0.1",              true }, /* IPv4-compatible, long dead */
    {"::ffff:127.0.0.1",         true },
    {"::ffff:10.1.2.3",          true },
    {"::ffff:169.254.169.254",   true },
    {"64:ff9b::10.0.0.1",        true },
    {"64:ff9b:1::1",             true },
    {"100::1",                   true },
    {"2001::1",                  true }, /* Teredo */
    {"2001:db8::1",              true },
    {"2002:7f00:1::",            true }, /* 6to4 of 127.0.0.1 */
    {"3fff::1",                  true },
    {"4000::1",                  true },
    {"fc00::1",                  true },
    {"fd12:3456::1",             true },
    {"fe80::1",                  true },
    {"fec0::1",                  true },
    {"ff02::1",                  true },
};

static void only_public_addresses_pass(void **state)
{
    struct egress e;

    (void)state;
    assert_true(egress_init(&e, NULL, 0));
    EACH_ROW (row, addresses)
        assert_row(row, (ask(&e, row->name) != NULL) == row->refused);
}

static void the_operator_may_allow_blocks(void **state)
{
    const struct str allowed[] = {STR("127.0.0.1"), STR("10.20.0.0/15"), STR("fd00:1::/32")};
    struct egress e;

    (void)state;
    assert_true(egress_init(&e, allowed, COUNT_OF(allowed)));
    assert_null(ask(&e, "127.0.0.1"));
    assert_null(ask(&e, "::ffff:127.0.0.1"));
    assert_non_null(ask(&e, "127.0.0.2"));
    assert_non_null(ask(&e, "::1"));
    assert_null(ask(&e, "10.20.0.1"));
    assert_null(ask(&e, "10.21.255.255"));
    assert_non_null(ask(&e, "10.22.0.0"));
    assert_null(ask(&e, "fd00:1::5"));
    assert_non_null(ask(&e, "fd00:2::5"));
    assert_null(ask(&e, "8.8.8.8"));
}

static void a_block_is_an_address_with_a_length(void **state)
{
    static const char *const bad[] = {"",       "/8",        "10.0.0.0/", "10.0.0.0/33", "10.0.0/8",
                                      "::/129", "fd00::/-1", "localhost", "10.0.0.0/8/8"};
    struct egress_block b;

    (void)state;
    EACH_ROW (text, bad)
        assert_false(egress_block_parse(str_from(*text), &b));
    assert_true(egress_block_parse(STR("0.0.0.0/0"), &b));
    assert_true(egress_block_parse(STR("::/0"), &b));
}

static void a_socket_of_another_kind_is_refused(void **state)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};
    struct egress e;

    (void)state;
    assert_true(egress_init(&e, NULL, 0));
    assert_non_null(egress_refusal(&e, &local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses_pass),
        cmocka_unit_test(the_operator_may_allow_blocks),
        cmocka_unit_test(a_block_is_an_address_with_a_length),
        cmocka_unit_test(a_socket_of_another_kind_is_refused),
    };

    return cmocka_run_group_tests_name("egress", tests, NULL, NULL);
}
