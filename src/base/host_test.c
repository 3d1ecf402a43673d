/* host_test.c: what is a host with or without a port, and which hosts are this machine. */
#include "base/unit.h"

#include "base/host.h"

static const struct {
    const char *in, *name;
    unsigned port;
    bool ipv6;
} accepted[] = {
    {"x",                     "x",                 0,     false},
    {"Example.org",           "Example.org",       0,     false},
    {"example.org:8080",      "example.org",       8080,  false},
    {"my_app:65535",          "my_app",            65535, false},
    {"127.0.0.1:1",           "127.0.0.1",         1,     false},
    {"127.0.0.1.example",     "127.0.0.1.example", 0,     false},
    {"[::1]",                 "::1",               0,     true },
    {"[::1]:8080",            "::1",               8080,  true },
    {"[2001:DB8::7]",         "2001:DB8::7",       0,     true },
    {"[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1",  80,    true },
};

static void hosts_come_apart(void **state)
{
    (void)state;
    EACH_ROW (row, accepted) {
        struct host h = {0};

        if (!host_parse(str_from(row->in), &h))
            fail_msg("refused: %s", row->in);
        assert_str(h.name, str_from(row->name));
        assert_int_equal(h.port, row->port);
        assert_int_equal(h.ipv6, row->ipv6);
    }
}

static const struct str refused[] = {
    STR(""),
    STR(":80"),
    STR("[]"),
    STR("[]:80"),
    STR("[::1"),
    STR("::1"),
    STR("[::1]x"),
    STR("[::1]evil"),
    STR("[::1].evil"),
    STR("[::1]:"),
    STR("[::1]:x"),
    STR("[::1]:80x"),
    STR("[::1]]"),
    STR("[[::1]]"),
    STR("[1:2]"),
    STR("[::1%eth0]"),
    STR("[127.0.0.1]"),
    STR("[v1.x]"),
    STR("[::1\0]"),
    STR("x]"),
    STR("[x"),
    STR("x:"),
    STR("x:0"),
    STR("x:080"),
    STR("x:65536"),
    STR("x:-1"),
    STR("x:80:81"),
    STR("x:80x"),
    STR("a..b"),
    STR(".a"),
    STR("a."),
    STR("-a"),
    STR("a-"),
    STR("a b"),
    STR("a\0b"),
    STR("a/b"),
    STR("u@a"),
    STR("a,b"),
    STR("b\xC3\xBC"),
    STR("127.1"),
    STR("2130706433"),
    STR("127.0.0.0x1"),
    STR("0177.0.0.1"),
    STR("1.2.3.4.5"),
    STR("example.1"),
    STR("127.0.0.1."),
    STR("127.0.0.1:80 "),
};

static void attack_76_nothing_else_is_a_host(void **state)
{
    (void)state;
    EACH_ROW (row, refused) {
        struct host h = {.port = 4711};

        if (host_parse(*row, &h) || h.port != 4711)
            fail_msg("accepted: %.*s", STR_ARG(*row));
    }
}

static void this_machine_has_few_names(void **state)
{
    static const char *const ours[] = {"localhost", "LOCALHOST", "127.0.0.1",      "127.255.0.9",
                                       "::1",       "0:0::1",    "0:0:0:0:0:0:0:1"};
    static const char *const others[] = {
        "",
        "localhost.evil.example",
        "127.evil.example",
        "127.0.0.1.evil1",
        "127.0.0",
        "127.0.0.1:80",
        "128.0.0.1",
        "::2",
        "::1.evil",
        "[::1]",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "::",
    };

    (void)state;
    EACH_ROW (name, ours) {
        if (!host_is_loopback(str_from(*name)))
            fail_msg("not ours: %s", *name);
    }
    EACH_ROW (name, others) {
        if (host_is_loopback(str_from(*name)))
            fail_msg("taken for ours: %s", *name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_come_apart),
        cmocka_unit_test(attack_76_nothing_else_is_a_host),
        cmocka_unit_test(this_machine_has_few_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
