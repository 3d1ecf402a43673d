/* addr_test.c: addresses, blocks, and the tally of who holds connections. */
#include "http/addr.h"
#include "http/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr parse(const char *text)
{
    struct addr a;

    if (!addr_parse(str_from(text), &a))
        fail_msg("%s is no address", text);
    return a;
}

static void reads_and_writes_addresses(void **state)
{
    static const struct {
        const char *text, *again;
    } rows[] = {
        {"127.0.0.1",       "127.0.0.1"  },
        {"::1",             "::1"        },
        {"2001:DB8:0::7",   "2001:db8::7"},
        {"::ffff:10.0.0.1", "10.0.0.1"   },
    };
    static const char *const bad[] = {
        "",      "1.2.3", "1.2.3.4 ",  "1.2.3.4:80", "01.2.3.4",
        "[::1]", "x",     "1.2.3.4/8", "::1%lo",     "1:2:3:4:5:6:7:8:9"};
    char text[ADDR_TEXT_LEN + 1];
    struct addr a;

    (void)state;
    EACH_ROW (row, rows) {
        a = parse(row->text);
        addr_text(&a, text);
        assert_string_equal(text, row->again);
    }
    EACH_ROW (row, bad) {
        if (addr_parse(str_from(*row), &a))
            fail_msg("%s was taken", *row);
    }
}

static void blocks_hold_what_they_should(void **state)
{
    static const struct {
        const char *block, *addr;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8",     "10.255.1.2",       true },
        {"10.0.0.0/8",     "11.0.0.0",         false},
        {"10.1.2.3/8",     "10.9.9.9",         true }, /* bits behind the prefix do not count */
        {"192.0.2.128/25", "192.0.2.200",      true },
        {"192.0.2.128/25", "192.0.2.127",      false},
        {"192.0.2.1",      "192.0.2.1",        true },
        {"192.0.2.1",      "192.0.2.2",        false},
        {"192.0.2.1/32",   "192.0.2.1",        true },
        {"0.0.0.0/0",      "203.0.113.1",      true },
        {"0.0.0.0/0",      "2001:db8::1",      false},
        {"::/0",           "203.0.113.1",      true },
        {"2001:db8::/33",  "2001:db8:7fff::1", true },
        {"2001:db8::/33",  "2001:db8:8000::1", false},
        {"10.0.0.0/8",     "::ffff:10.1.1.1",  true },
    };
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "/8"};
    struct addr_block block;

    (void)state;
    EACH_ROW (row, rows) {
        struct addr a = parse(row->addr);

        assert_true(addr_block_parse(str_from(row->block), &block));
        if (addr_block_has(&block, &a) != row->inside)
            fail_msg("%s in %s", row->addr, row->block);
    }
    EACH_ROW (row, bad)
        assert_false(addr_block_parse(str_from(*row), &block));
}

static void a_bucket_is_a_customer(void **state)
{
    struct addr a = parse("2001:db8:1:2:3:4:5:6"), b = parse("2001:db8:1:2::");
    struct addr v4 = parse("192.0.2.1");

    (void)state;
    a = addr_bucket(&a);
    assert_true(addr_eq(&a, &b));
    b = addr_bucket(&v4);
    assert_true(addr_eq(&v4, &b));
}

static void the_tally_counts_in_and_out(void **state)
{
    struct tally *t = tally_new(5, 2);
    struct addr a = parse("192.0.2.1"), b = parse("192.0.2.2"), c = parse("192.0.2.3");

    (void)state;
    assert_true(tally_enter(t, &a));
    assert_true(tally_enter(t, &a));
    assert_false(tally_enter(t, &a)); /* two per address */
    assert_true(tally_enter(t, &b));
    assert_true(tally_enter(t, NULL));
    assert_true(tally_enter(t, NULL));
    assert_false(tally_enter(t, &c)); /* five in all */
    tally_leave(t, NULL);
    assert_true(tally_enter(t, &c));
    tally_leave(t, &a);
    assert_true(tally_enter(t, &a));
    assert_false(tally_enter(t, &a));
    tally_free(&t);
    assert_null(t);
    t = tally_new(0, 0);
    for (int i = 0; i < 100; i++)
        assert_true(tally_enter(t, &a));
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_addresses),
        cmocka_unit_test(blocks_hold_what_they_should),
        cmocka_unit_test(a_bucket_is_a_customer),
        cmocka_unit_test(the_tally_counts_in_and_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
