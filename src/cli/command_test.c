/* command_test.c: what was typed is understood as the table says, or refused with a guess. */
#include "base/unit.h"

#include "cli/command.h"

struct fixture {
    struct ctx cx;
    struct arena *mem;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(&f->mem);
    free(f);
    return 0;
}

/* Words separated by blanks. */
static enum err parse(struct fixture *f, const char *line, struct cli_parsed *out)
{
    struct str words[CLI_TOKENS_MAX * 2], rest = str_from(line);
    size_t n = 0;

    f->cx.why[0] = '\0';
    while (*line && str_split(&rest, ' ', &words[n]))
        n++;
    return command_parse(&f->cx, words, n, out);
}

static void a_command_takes_its_words_flags_and_settings(void **state)
{
    struct fixture *f = *state;
    struct cli_parsed p;

    assert_int_equal(
        parse(f, "app rotate --config=c.conf shop --grace 60 --json --data-dir /x", &p), OK);
    assert_ptr_equal(p.command, &cmd_app_rotate);
    assert_int_equal(p.args.word_count, 1);
    assert_str(p.args.words[0], STR("shop"));
    assert_int_equal(p.args.grace_s, 60);
    assert_true(p.args.json);
    assert_str(p.config_file, STR("c.conf"));
    assert_int_equal(p.option_count, 1);
    assert_str(p.options[0].name, STR("data-dir"));
    assert_str(p.options[0].value, STR("/x"));
}

/* What a server is sent must mean the same there, where no settings are taken. */
static void what_is_sent_to_a_server_reads_the_same(void **state)
{
    struct fixture *f = *state;
    struct cli_parsed p, again;

    assert_int_equal(parse(f, "app rotate --workers=2 --grace 60 --json -- --shop", &p), OK);
    assert_int_equal(command_parse(&f->cx, p.tokens, p.token_count, &again), OK);
    assert_ptr_equal(again.command, p.command);
    assert_int_equal(again.option_count, 0);
    assert_int_equal(again.args.grace_s, 60);
    assert_true(again.args.json);
    assert_int_equal(again.args.word_count, 1);
    assert_str(again.args.words[0], STR("--shop"));
}

static void flags_have_fallbacks(void **state)
{
    struct fixture *f = *state;
    struct cli_parsed p;

    assert_int_equal(parse(f, "user list", &p), OK);
    assert_int_equal(p.args.limit, 100);
    assert_false(p.args.json);
}

static const struct {
    const char *name, *why; /* the line, and what it is refused with */
} wrong[] = {
    {"srve",                          "unknown command \"srve\"; did you mean \"serve\"?"                 },
    {"zebra",                         "unknown command \"zebra\""                                         },
    {"ap list",                       "unknown command \"ap\"; did you mean \"app\"?"                     },
    {"app",                           "\"app\" is a group of commands; name one of them"                  },
    {"app --json",                    "\"app\" is a group of commands; name one of them"                  },
    {"app creat x",                   "unknown command after \"app\": \"creat\"; did you mean \"create\"?"},
    {"app create",                    "needs NAME"                                                        },
    {"app create a b",                "\"b\" is a word too many"                                          },
    {"app create a --jsn",            "unknown flag \"--jsn\"; did you mean \"--json\"?"                  },
    {"app create a --data_dri=x",     "unknown flag \"--data_dri\"; did you mean \"--data_dir\"?"         },
    {"app create a -j",               "unknown flag \"-j\""                                               },
    {"app create a --json=yes",       "--json takes no value"                                             },
    {"user list --limit",             "--limit needs a value, as in --limit=…"                          },
    {"user list --limit=x",           "--limit must be a number from 0 to 5000"                           },
    {"user list --limit=5001",        "--limit must be a number from 0 to 5000"                           },
    {"audit list --before=0",         "--before must be the number of an entry"                           },
    {"serve --workers=1 --workers=2", "--workers was given twice"                                         },
    {"version --workers=1",           "unknown flag \"--workers\""                                        },
    {"--json app list",               "the command comes first, then its flags"                           },
};

static void what_is_wrong_is_said_with_a_guess(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, wrong) {
        struct cli_parsed p;

        assert_row(row, parse(f, row->name, &p) == ERR_INVALID);
        assert_str(str_from(f->cx.why), str_from(row->why));
    }
}

static void too_many_words_are_refused(void **state)
{
    struct fixture *f = *state;
    struct str words[CLI_TOKENS_MAX + 8];
    struct cli_parsed p;

    for (size_t i = 0; i < COUNT_OF(words); i++)
        words[i] = i < 2 ? (i ? STR("set") : STR("app")) : STR("--");
    assert_int_equal(command_parse(&f->cx, words, COUNT_OF(words), &p), ERR_INVALID);
    for (size_t i = 2; i < COUNT_OF(words); i++)
        words[i] = STR("x");
    assert_int_equal(command_parse(&f->cx, words, COUNT_OF(words), &p), ERR_INVALID);
}

static void help_is_asked_for_anywhere(void **state)
{
    struct fixture *f = *state;
    struct cli_parsed p;

    assert_int_equal(parse(f, "", &p), OK);
    assert_true(p.help && !p.command);
    assert_int_equal(parse(f, "--help", &p), OK);
    assert_true(p.help && !p.command);
    assert_int_equal(parse(f, "app -h", &p), OK);
    assert_true(p.help && !p.command);
    assert_str(p.group, STR("app"));
    assert_int_equal(parse(f, "app create --nonsense --help", &p), OK);
    assert_true(p.help && p.command == &cmd_app_create);
    assert_int_equal(parse(f, "app show -- --help", &p), OK);
    assert_false(p.help);
}

/* Each row does exactly one thing and teaches by an example that the table itself understands. */
static void every_command_teaches_with_an_example_that_works(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];
        struct str rest = str_from(c->example), line;
        struct buf help;

        assert_int_equal(!!c->local + !!c->run + !!c->job, 1);
        assert_non_null(c->summary);
        assert_non_null(c->example);
        while (str_split(&rest, '\n', &line)) {
            struct str z = arena_str(f->mem, line);
            struct cli_parsed p;

            assert_true(str_starts(z, STR("countersign ")));
            if (str_find(z, '|') != STR_NPOS)
                z = arena_str(f->mem, str_sub(z, 0, (size_t)str_find(z, '|') - 1));
            if (str_find(z, '$') != STR_NPOS) /* the shell's: one word there */
                z = arena_str(f->mem, str_sub(z, 0, (size_t)str_find(z, '$')));
            assert_int_equal(parse(f, z.p + strlen("countersign "), &p), OK);
            assert_ptr_equal(p.command, c);
        }
        buf_init(&help, 64 * KIB);
        command_help(&f->cx, c, STR_NONE, &help);
        assert_non_null(strstr(buf_str(&help).p, c->summary));
        assert_false(help.full);
        buf_deinit(&help);
    }
}

/* A flag of a command must not hide a setting of that name. */
static void no_flag_is_called_like_a_setting(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        for (size_t k = 0; k < command_table[i]->flag_count; k++) {
            struct str name = str_from(command_table[i]->flags[k].name);

            assert_int_equal(config_find(name), OPTION_COUNT);
            assert_false(str_eq(name, STR("config")) || str_eq(name, STR("help")));
        }
    }
}

static struct str read_source(struct fixture *f, const char *name)
{
    struct str path = arena_printf(f->mem, "%s/%s", getenv("SOURCE_ROOT"), name);
    FILE *from = fopen(path.p, "r");
    char *p = arena_alloc(f->mem, 256 * KIB);
    size_t n;

    assert_non_null(from);
    n = fread(p, 1, 256 * KIB - 1, from);
    fclose(from);
    return (struct str){p, n};
}

static void the_manual_names_every_command_and_flag(void **state)
{
    struct fixture *f = *state;
    struct str page = read_source(f, "man/countersign.8");

    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];
        struct str item = arena_printf(f->mem, ".It Ic %s%s", command_title(&f->cx, c).p,
                                       c->words || c->flag_count ? " " : "\n");
        ptrdiff_t at = str_find_str(page, item), end;
        struct str part;

        if (at == STR_NPOS)
            fail_msg("countersign.8 has no \"%s\"", item.p);
        part = str_sub(page, (size_t)at + item.n, page.n);
        end = str_find_str(part, STR(".It Ic "));
        part = str_sub(part, 0, end == STR_NPOS ? part.n : (size_t)end);
        for (size_t k = 0; k < c->flag_count; k++) {
            struct str flag = arena_printf(f->mem, "Fl -%s", c->flags[k].name);

            if (str_find_str(part, flag) == STR_NPOS)
                fail_msg("countersign.8 does not name --%s of \"%s\"", c->flags[k].name, item.p);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_command_takes_its_words_flags_and_settings),
        TEST(what_is_sent_to_a_server_reads_the_same),
        TEST(flags_have_fallbacks),
        TEST(what_is_wrong_is_said_with_a_guess),
        TEST(too_many_words_are_refused),
        TEST(help_is_asked_for_anywhere),
        TEST(every_command_teaches_with_an_example_that_works),
        TEST(no_flag_is_called_like_a_setting),
        TEST(the_manual_names_every_command_and_flag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
