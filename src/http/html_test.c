/* html_test.c: what escapes, and what counts as true in a template. */
#include "base/unit.h"

#include "http/html.h"

static struct buf out;
static struct html h = {&out};

static int set_up(void **state)
{
    (void)state;
    buf_init(&out, KIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

static const struct {
    const char *name, *want;
} texts[] = {
    {"",                            ""                                               },
    {"plain",                       "plain"                                          },
    {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
    {"a & b \"c\"",                 "a &amp; b &quot;c&quot;"                        },
    {"&amp;",                       "&amp;amp;"                                      },
    {"\xc3\xa9\xe2\x80\xa2",        "\xc3\xa9\xe2\x80\xa2"                           },
};

static void text_is_escaped(void **state)
{
    (void)state;
    EACH_ROW (row, texts) {
        buf_reset(&out);
        html_put(&h, str_from(row->name));
        assert_row(row, str_eq(buf_str(&out), str_from(row->want)));
        buf_reset(&out);
        html_put(&h, row->name);
        assert_row(row, str_eq(buf_str(&out), str_from(row->want)));
    }
}

static void numbers_and_raw_text_are_not(void **state)
{
    (void)state;
    html_put(&h, -7);
    html_put(&h, (size_t)42);
    html_raw(&h, STR("<b>"));
    html_z(&h, NULL);
    assert_str(buf_str(&out), STR("-742<b>"));
}

static void empty_zero_and_null_are_false(void **state)
{
    (void)state;
    assert_false(html_truth(STR_NONE));
    assert_false(html_truth(STR("")));
    assert_true(html_truth(STR("0")));
    assert_false(html_truth(0));
    assert_true(html_truth(-1));
    assert_false(html_truth((size_t)0));
    assert_true(html_truth((size_t)1 << 63));
    assert_false(html_truth((const char *)NULL));
    assert_true(html_truth(true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_and_raw_text_are_not, set_up, tear_down),
        cmocka_unit_test(empty_zero_and_null_are_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
