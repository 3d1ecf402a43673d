#include "base/unit.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* While it is open, standard error goes into a file. */
struct capture {
    int saved, file;
};

static struct capture capture_start(void)
{
    char path[] = "/tmp/countersign-log-XXXXXX";
    struct capture c = {.saved = dup(STDERR_FILENO), .file = mkostemp(path, O_APPEND)};

    assert_true(c.saved >= 0 && c.file >= 0);
    unlink(path);
    dup2(c.file, STDERR_FILENO);
    return c;
}

static struct str capture_end(struct capture c, struct arena *mem)
{
    enum { TEXT_MAX = 256 * KIB };
    char *text = arena_alloc(mem, TEXT_MAX);
    ssize_t n;

    dup2(c.saved, STDERR_FILENO);
    n = pread(c.file, text, TEXT_MAX, 0);
    close(c.saved);
    close(c.file);
    assert_true(n >= 0);
    return (struct str){text, (size_t)n};
}

static void a_line_says_when_how_bad_what_and_whose(void **state)
{
    struct capture c = capture_start();
    struct ctx cx;
    struct str got, event;

    ctx_init(&cx, *state);
    log_info(&cx, "code_sent", "channel=%s to=%s", "sms", "***12");
    log_error(NULL, "disk_full", "left=%d", 0);
    got = capture_end(c, *state);
    assert_int_equal(got.p[CLOCK_ISO_LEN - 1], 'Z');
    assert_true(str_split(&got, '\n', &event));
    assert_str(
        str_sub(event, CLOCK_ISO_LEN, event.n),
        arena_printf(*state, " level=info event=code_sent id=%s channel=sms to=***12", cx.id));
    assert_true(str_split(&got, '\n', &event));
    assert_str(str_sub(event, CLOCK_ISO_LEN, event.n), STR(" level=error event=disk_full left=0"));
    assert_str(got, STR(""));
}

static void less_than_the_level_is_not_written(void **state)
{
    struct capture c = capture_start();
    struct str got;

    assert_false(log_wants(LOG_DEBUG));
    log_event(LOG_DEBUG, NULL, "quiet", "x=%d", 1);
    log_set_level(LOG_WARN);
    log_info(NULL, "quiet", "x=%d", 1);
    log_warn(NULL, "loud", "x=%d", 1);
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, NULL, "loud", "x=%d", 1);
    log_set_level(LOG_INFO);
    got = capture_end(c, *state);
    assert_int_equal(str_find_str(got, STR("quiet")), STR_NPOS);
    assert_true(str_find_str(got, STR("level=warn event=loud x=1\n")) > 0);
    assert_true(str_find_str(got, STR("level=debug event=loud x=1\n")) > 0);
}

static void a_line_that_is_too_long_is_cut_but_ended(void **state)
{
    struct capture c = capture_start();
    char text[5000];
    struct str got;

    memset(text, 'x', sizeof(text));
    log_info(NULL, "long", "v=%.*s", (int)sizeof(text), text);
    log_info(NULL, "next", "v=%d", 1);
    got = capture_end(c, *state);
    assert_in_range(str_find(got, '\n'), 1000, 1023);
    assert_true(str_find_str(got, STR("x\n20")) > 0); /* the next one starts a line of its own */
}

/* What a stranger writes stays one value in one line. */
static const struct {
    const char *name, *in;
    size_t n;
    const char *want;
} values[] = {
    {"words",              "curl/8.0 (x; y)",                15, "\"curl/8.0 (x; y)\""          },
    {"nothing",            "",                               0,  "\"\""                         },
    {"a forged line",      "x\n2026 level=info event=login", 29,
     "\"x\\x0a2026 level=info event=login\""                                                    },
    {"carriage return",    "\r",                             1,  "\"\\x0d\""                    },
    {"a quote to get out", "\" event=login x=\"",            17, "\"\\x22 event=login x=\\x22\""},
    {"backslash",          "\\x0a",                          4,  "\"\\x5cx0a\""                 },
    {"NUL",                "a\0b",                           3,  "\"a\\x00b\""                  },
    {"escape sequence",    "\033[31m",                       5,  "\"\\x1b[31m\""                },
    {"delete",             "\x7F",                           1,  "\"\\x7f\""                    },
    {"UTF-8",              "\xC3\xA9",                       2,  "\"\\xc3\\xa9\""               },
    {"right-to-left",      "\xE2\x80\xAE",                   3,  "\"\\xe2\\x80\\xae\""          },
    {"not UTF-8",          "\xFF",                           1,  "\"\\xff\""                    },
    {"percent",            "%s%n",                           4,  "\"%s%n\""                     },
};

static void values_cannot_forge_lines(void **state)
{
    EACH_ROW (row, values) {
        const char *got = log_value(*state, (struct str){row->in, row->n});

        assert_str(str_from(got), str_from(row->want));
    }
}

static void a_value_is_cut(void **state)
{
    char text[1000];
    const char *got;

    memset(text, '\n', sizeof(text));
    got = log_value(*state, (struct str){text, sizeof(text)});
    assert_int_equal(strlen(got), 200 * 4 + 2);
    assert_int_equal(got[strlen(got) - 1], '"');
}

static void *write_lines(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        log_info(NULL, "thread", "a=%d b=%d c=%d", i, i, i);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    struct capture c = capture_start();
    struct str got, line;
    pthread_t threads[3];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    got = capture_end(c, *state);
    while (str_split(&got, '\n', &line) && line.n > 0) {
        int a, b_, c_;

        assert_int_equal(sscanf(line.p + CLOCK_ISO_LEN, " level=info event=thread a=%d b=%d c=%d\n",
                                &a, &b_, &c_),
                         3);
        assert_true(a == b_ && a == c_);
        count++;
    }
    assert_int_equal(count, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_when_how_bad_what_and_whose),
        cmocka_unit_test(less_than_the_level_is_not_written),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_but_ended),
        cmocka_unit_test(values_cannot_forge_lines),
        cmocka_unit_test(a_value_is_cut),
        cmocka_unit_test(lines_of_threads_do_not_mix),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
