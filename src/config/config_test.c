/* config_test.c: every option is read from every source, and what is wrong is said with its place.
 */
#include "base/unit.h"

#include "config/config.h"
#include "config/file.h"

#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct ctx cx;
    struct arena *mem;
    struct buf problems;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    buf_init(&f->problems, 64 * KIB);
    snprintf(f->dir, sizeof(f->dir), "/tmp/config_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct str conf = arena_printf(f->mem, "%s/t.conf", f->dir);

    unlink(conf.p);
    rmdir(f->dir);
    buf_deinit(&f->problems);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static struct str write_conf(struct fixture *f, struct str text)
{
    struct str path = arena_printf(f->mem, "%s/t.conf", f->dir);
    FILE *to = fopen(path.p, "w");

    assert_non_null(to);
    assert_int_equal(fwrite(text.p, 1, text.n, to), text.n);
    fclose(to);
    return path;
}

static struct str printed(struct fixture *f, const struct config *cf, enum config_option o)
{
    OWN(buf_deinit) struct buf b = {0};

    buf_init(&b, 4 * KIB);
    config_print(cf, o, &b);
    return arena_str(f->mem, buf_str(&b));
}

/* For each option a value that is not the default, as it is printed. A new option without one fails
 * the tests that use this table. */
static const char *const flipped[OPTION_COUNT] = {
    [OPTION_listen] = "[::1]:9000",
    [OPTION_public_url] = "https://login.example.com:8443",
    [OPTION_mode] = "production",
    [OPTION_data_dir] = "/var/lib/elsewhere",
    [OPTION_database] = "postgresql://db.example.com/countersign",
    [OPTION_master_key_file] = "/etc/countersign/master.key",
    [OPTION_tls_cert_file] = "/etc/countersign/cert.pem",
    [OPTION_tls_key_file] = "/etc/countersign/key.pem",
    [OPTION_trusted_proxies] = "10.0.0.1, fd00::/8",
    [OPTION_metrics_from] = "10.1.0.0/16",
    [OPTION_product_name] = "Example # \"1\"",
    [OPTION_mail_from] = "login@example.com",
    [OPTION_smtp_url] = "smtps://mail.example.com:465",
    [OPTION_smtp_user] = "countersign",
    [OPTION_smtp_password_file] = "/etc/countersign/smtp.password",
    [OPTION_smtp_ca_file] = "/etc/countersign/mail.pem",
    [OPTION_sms_gateway] = "twilio",
    [OPTION_sms_url] = "https://sms.example.com/api",
    [OPTION_sms_user] = "AC123",
    [OPTION_sms_password_file] = "/etc/countersign/sms.password",
    [OPTION_sms_from] = "ACME",
    [OPTION_messages_dir] = "/etc/countersign/messages",
    [OPTION_second_factor] = "authy",
    [OPTION_authy_url] = "https://authy.example.com",
    [OPTION_authy_key_file] = "/etc/countersign/authy.key",
    [OPTION_verify_url] = "https://verify.example.com",
    [OPTION_verify_account] = "AC11111111111111111111111111111111",
    [OPTION_verify_service] = "VA11111111111111111111111111111111",
    [OPTION_verify_token_file] = "/etc/countersign/verify.token",
    [OPTION_smpp_source] = "5/0",
    [OPTION_smpp_system_type] = "OTP",
    [OPTION_smpp_window] = "50",
    [OPTION_smpp_rate] = "100",
    [OPTION_smpp_long] = "sar",
    [OPTION_smpp_receipt_id] = "hex",
    [OPTION_smpp_enquire_s] = "20",
    [OPTION_smpp_ca_file] = "/etc/countersign/smsc.pem",
    [OPTION_operator_email] = "ops@example.com",
    [OPTION_phone_firewall] = "on",
    [OPTION_phone_countries] = "DE AT",
    [OPTION_phone_prices] = "0.20, US 0.01",
    [OPTION_phone_daily_spend] = "off",
    [OPTION_phone_limit_prefix] = "0",
    [OPTION_phone_limit_address] = "15/1s",
    [OPTION_phone_limit_network] = "16/1s",
    [OPTION_voice_url] = "sips://sip.example.com:5061",
    [OPTION_voice_user] = "trunk7",
    [OPTION_voice_password_file] = "/etc/countersign/voice.password",
    [OPTION_voice_from] = "+14155550100",
    [OPTION_voice_ca_file] = "/etc/countersign/sip.pem",
    [OPTION_voice_srtp] = "offered",
    [OPTION_voice_calls_max] = "3",
    [OPTION_voice_ring_s] = "30",
    [OPTION_voice_call_max_s] = "60",
    [OPTION_push_hosts] = "push.example.com push.example.net",
    [OPTION_egress_allow] = "10.1.0.0/16, ::1",
    [OPTION_egress_ca_file] = "/etc/countersign/ca.pem",
    [OPTION_egress_timeout_ms] = "1007",
    [OPTION_egress_connect_to] = "push.example.com:443:127.0.0.1:8443",
    [OPTION_log_level] = "warn",
    [OPTION_session_lifetime_s] = "7200",
    [OPTION_session_idle_s] = "600",
    [OPTION_remember_lifetime_s] = "604800",
    [OPTION_workers] = "3",
    [OPTION_hash_threads] = "5",
    [OPTION_hash_queue_max] = "65",
    [OPTION_write_queue_max] = "4097",
    [OPTION_write_batch_max] = "257",
    [OPTION_connections_max] = "777",
    [OPTION_connections_per_address_max] = "0",
    [OPTION_head_timeout_ms] = "1001",
    [OPTION_body_timeout_ms] = "1002",
    [OPTION_write_timeout_ms] = "1003",
    [OPTION_idle_timeout_ms] = "1004",
    [OPTION_heartbeat_ms] = "1005",
    [OPTION_stop_grace_ms] = "1006",
    [OPTION_limit_page] = "11/1s",
    [OPTION_limit_form] = "12/1s",
    [OPTION_limit_login] = "13/1s",
    [OPTION_limit_send] = "14/3600s",
    [OPTION_limit_api] = "off",
    [OPTION_demo_sends] = "1",
    [OPTION_demo_clock_offset_s] = "600",
};

static struct str quoted(struct fixture *f, const char *value)
{
    OWN(buf_deinit) struct buf b = {0};

    buf_init(&b, 4 * KIB);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_addc(&b, '\\');
        buf_addc(&b, *c);
    }
    return arena_printf(f->mem, "\"%s\"", buf_str(&b).p);
}

static void assert_all_flipped(struct fixture *f, const struct config *cf, unsigned from)
{
    const struct config_sources nothing = {0};
    OWN(config_free) struct config *defaults = NULL;

    assert_int_equal(config_load(&f->cx, &nothing, &f->problems, &defaults), OK);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        enum config_option o = (enum config_option)i;

        if (o == OPTION_database && from == FROM_COMMAND_LINE)
            continue;
        assert_string_equal(printed(f, cf, o).p, flipped[o]);
        assert_string_not_equal(printed(f, defaults, o).p, flipped[o]);
        assert_int_equal(cf->place[o].from, from);
    }
}

static void every_option_is_read_from_a_file(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    OWN(buf_deinit) struct buf text = {0};

    buf_init(&text, 64 * KIB);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        assert_non_null(flipped[i]);
        buf_addf(&text, "%s = %s # why\n", config_name((enum config_option)i),
                 quoted(f, flipped[i]).p);
    }
    assert_int_equal(config_load(&f->cx,
                                 &(struct config_sources){.file = write_conf(f, buf_str(&text))},
                                 &f->problems, &cf),
                     OK);
    assert_all_flipped(f, cf, FROM_FILE);
    assert_int_equal(cf->place[OPTION_mode].line, OPTION_mode + 1);
}

static void every_option_is_read_from_the_environment(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    const char *env[OPTION_COUNT + 1] = {0};

    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        struct str pair = arena_printf(f->mem, "COUNTERSIGN_%s=%s",
                                       config_name((enum config_option)i), flipped[i]);

        for (char *c = (char *)(uintptr_t)pair.p; *c != '='; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        env[i] = pair.p;
    }
    assert_int_equal(config_load(&f->cx, &(struct config_sources){.env = env}, &f->problems, &cf),
                     OK);
    assert_all_flipped(f, cf, FROM_ENVIRONMENT);
}

static void every_option_is_read_from_the_command_line(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    struct config_arg args[OPTION_COUNT];
    size_t n = 0;

    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (i != OPTION_database)
            args[n++] = (struct config_arg){str_from(config_name((enum config_option)i)),
                                            str_from(flipped[i])};
    }
    assert_int_equal(config_load(&f->cx, &(struct config_sources){.args = args, .arg_count = n},
                                 &f->problems, &cf),
                     OK);
    assert_all_flipped(f, cf, FROM_COMMAND_LINE);
}

static void the_later_source_wins(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    struct str file = write_conf(f, STR("workers = 1\nhash_threads = 1\nproduct_name = File\n"));
    const char *const env[] = {arena_printf(f->mem, "COUNTERSIGN_CONFIG=%s", file.p).p,
                               "COUNTERSIGN_WORKERS=2", "COUNTERSIGN_HASH_THREADS=2", "HOME=/",
                               NULL};
    const struct config_arg args[] = {
        {STR("hash-threads"), STR("3")}
    };

    assert_int_equal(config_load(&f->cx,
                                 &(struct config_sources){.env = env, .args = args, .arg_count = 1},
                                 &f->problems, &cf),
                     OK);
    assert_string_equal(cf->product_name.p, "File");
    assert_int_equal(cf->workers, 2);
    assert_int_equal(cf->hash_threads, 3);
    assert_string_equal(cf->listen.p, "127.0.0.1:8080");
}

static const struct {
    const char *text, *want; /* of a file; the problem lines without the file's name */
} wrong_files[] = {
    {"\n# x\nlistn = 1\n",               ":3: unknown option \"listn\"; did you mean \"listen\"?\n"         },
    {"zebra = 1\n",                      ":1: unknown option \"zebra\"\n"                                   },
    {"listen\n",                         ":1: must be a name, \"=\" and a value\n"                          },
    {"= 4\n",                            ":1: has no name before the \"=\"\n"                               },
    {"workers = 1\nworkers = 2\n",       ":2: workers was set in line 1 already\n"                          },
    {"workers = 1x\n",                   ":1: workers must be a whole number from 0 to 64 threads\n"        },
    {"workers = -1\n",                   ":1: workers must be a whole number from 0 to 64 threads\n"        },
    {"workers =\n",                      ":1: workers must be a whole number from 0 to 64 threads\n"        },
    {"workers = 99999999999999999999\n",
     ":1: workers must be a whole number from 0 to 64 threads\n"                                            },
    {"mode = Demo\n",                    ":1: mode must be demo or production\n"                            },
    {"product_name = \"a\n",             ":1: the closing quote is missing\n"                               },
    {"product_name = \"a\" b\n",         ":1: something follows the closing quote\n"                        },
    {"product_name = \"a\\n\"\n",        ":1: in quotes, only \\\" and \\\\ may follow a backslash\n"       },
    {"product_name = a\"b\"\n",          ":1: a quote may only be the first character of a value\n"         },
    {"product_name = \xff\n",            ":1: is not UTF-8 text\n"                                          },
    {"product_name = \"\"\n",            ":1: product_name must have 1 to 40 characters, not 0\n"           },
    {"product_name = \"a\tb\"\n",        ":1: product_name must not hold control characters\n"              },
    {"limit_page = 5\n",                 ":1: limit_page must be a count and a time, as in 600/60s, 10/1m "
                         "or 100/1h, or off\n"                                      },
    {"limit_page = 0/5s\n",              ":1: limit_page must be a count and a time, as in 600/60s, 10/1m "
                            "or 100/1h, or off\n"                                },
    {"limit_page = 5/25h\n",             ":1: limit_page must be a count and a time, as in 600/60s, 10/1m "
                             "or 100/1h, or off\n"                              },
    {"trusted_proxies = 10.0.0.0/33\n",
     ":1: trusted_proxies must be addresses or blocks separated by "
     "commas, as in 10.0.0.1, 192.168.0.0/16, ::1\n"                                                        },
    {"trusted_proxies = 10.0.0.1,\n",
     ":1: trusted_proxies must be addresses or blocks separated by "
     "commas, as in 10.0.0.1, 192.168.0.0/16, ::1\n"                                                        },
    {"database = mysql://x\n",           ":1: database must be empty (SQLite) or start with postgresql://\n"},
    {"mail_from = a@b@c\n",              ":1: mail_from must be one e-mail address, as in "
                            "no-reply@example.com\n"                             },
    {"workers = x\nmode = y\n",          ":1: workers must be a whole number from 0 to 64 threads\n"
                                ":2: mode must be demo or production\n"      },
};

static void a_wrong_file_is_refused_with_its_line(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, wrong_files) {
        OWN(config_free) struct config *cf = NULL;
        struct str file = write_conf(f, str_from(row->text)), got, rest = str_from(row->want), line;
        OWN(buf_deinit) struct buf want = {0};

        buf_init(&want, 4 * KIB);
        while (str_split(&rest, '\n', &line) && line.n)
            buf_addf(&want, "%s%.*s\n", file.p, STR_ARG(line));
        buf_reset(&f->problems);
        assert_int_equal(
            config_load(&f->cx, &(struct config_sources){.file = file}, &f->problems, &cf),
            ERR_INVALID);
        got = buf_str(&f->problems);
        assert_string_equal(got.p, buf_str(&want).p);
        assert_null(cf);
    }
}

static const struct {
    const char *listen;
    bool ok;
} addresses[] = {
    {"127.0.0.1:8080",  true },
    {"[::]:0",          true },
    {"localhost:80",    true },
    {"127.0.0.1:65535", true },
    {"127.0.0.1:65536", false},
    {"127.0.0.1",       false},
    {":8080",           false},
    {"8080",            false},
    {"::1:8080",        false},
    {"[::1]8080",       false},
    {"[127.0.0.1]:80",  false},
    {"example.com:80",  false},
    {"127.0.0.1:80 ",   false},
    {"",                false},
};

static const struct {
    const char *url;
    bool ok;
} urls[] = {
    {"",                          true },
    {"https://a.example",         true },
    {"https://a.example/",        true },
    {"http://[::1]:8080",         true },
    {"http://127.0.0.1:80",       true },
    {"https://a.example/x",       false},
    {"https://a.example?x",       false},
    {"https://u@a.example",       false},
    {"https://a.example:0",       false},
    {"https://a.example:x",       false},
    {"https://",                  false},
    {"ftp://a.example",           false},
    {"a.example",                 false},
    {"https://a.example\r\nX: y", false},
};

static const struct {
    const char *text;
    const char *stored; /* NULL: refused */
} mail_servers[] = {
    {"",                            ""                            },
    {"smtp://mail.example.com",     "smtp://mail.example.com:587" },
    {"smtp://Mail.Example.com:25",  "smtp://mail.example.com:25"  },
    {"smtp://mail.example.com:443", "smtp://mail.example.com:443" },
    {"smtps://mail.example.com",    "smtps://mail.example.com:465"},
    {"smtp+plain://127.0.0.1",      "smtp+plain://127.0.0.1:25"   },
    {"smtp://[::1]:2525",           "smtp://[::1]:2525"           },
    {"mail.example.com",            NULL                          },
    {"http://mail.example.com",     NULL                          },
    {"smtp://",                     NULL                          },
    {"smtp://a.example/",           NULL                          },
    {"smtp://a.example/x",          NULL                          },
    {"smtp://a.example?x",          NULL                          },
    {"smtp://user:word@a.example",  NULL                          },
    {"smtp://a.example:0",          NULL                          },
    {"smtp://a.example\r\nX: y",    NULL                          },
};

static enum err load_one(struct fixture *f, const char *name, const char *value)
{
    OWN(config_free) struct config *cf = NULL;
    const struct config_arg arg = {str_from(name), str_from(value)};

    buf_reset(&f->problems);
    return config_load(&f->cx, &(struct config_sources){.args = &arg, .arg_count = 1}, &f->problems,
                       &cf);
}

static void addresses_and_urls_are_checked(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, addresses)
        assert_int_equal(load_one(f, "listen", row->listen), row->ok ? OK : ERR_INVALID);
    EACH_ROW (row, urls)
        assert_int_equal(load_one(f, "public_url", row->url), row->ok ? OK : ERR_INVALID);
}

static void mail_servers_have_a_scheme_and_a_port(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, mail_servers) {
        OWN(config_free) struct config *cf = NULL;
        const struct config_arg arg = {STR("smtp_url"), str_from(row->text)};
        const struct config_sources from = {.args = &arg, .arg_count = 1};

        buf_reset(&f->problems);
        assert_int_equal(config_load(&f->cx, &from, &f->problems, &cf),
                         row->stored ? OK : ERR_INVALID);
        if (row->stored)
            assert_string_equal(cf->smtp_url.p, row->stored);
    }
}

static void a_secret_is_refused_on_the_command_line_and_masked(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    const char *const env[] = {"COUNTERSIGN_DATABASE=postgresql://me:hunter2@x@db/c", NULL};

    assert_int_equal(load_one(f, "database", "postgresql://me:hunter2@db/c"), ERR_INVALID);
    assert_null(strstr(f->problems.p, "hunter2"));
    buf_reset(&f->problems);
    assert_int_equal(config_load(&f->cx, &(struct config_sources){.env = env}, &f->problems, &cf),
                     OK);
    assert_string_equal(printed(f, cf, OPTION_database).p, "postgresql://me:***@db/c");
}

static void an_unknown_variable_is_refused(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    const char *const env[] = {"COUNTERSIGN_LISTENN=1", NULL};

    assert_int_equal(config_load(&f->cx, &(struct config_sources){.env = env}, &f->problems, &cf),
                     ERR_INVALID);
    assert_string_equal(
        f->problems.p,
        "COUNTERSIGN_LISTENN: unknown option \"listenn\"; did you mean \"listen\"?\n");
}

static void a_reload_keeps_what_needs_a_restart(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *was = NULL;
    OWN(config_free) struct config *is = NULL;
    const struct config_arg args[] = {
        {STR("listen"),    STR("127.0.0.1:1")},
        {STR("log_level"), STR("warn")       }
    };

    assert_int_equal(config_load(&f->cx, &(struct config_sources){0}, &f->problems, &was), OK);
    assert_int_equal(config_load(&f->cx, &(struct config_sources){.args = args, .arg_count = 2},
                                 &f->problems, &is),
                     OK);
    config_keep_fixed(was, is, &f->problems);
    assert_string_equal(f->problems.p, "listen needs a restart to change\n");
    assert_string_equal(is->listen.p, "127.0.0.1:8080");
    assert_int_equal(is->log_level, LOG_WARN);
}

static void zeros_stand_for_something(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;

    assert_int_equal(config_load(&f->cx, &(struct config_sources){0}, &f->problems, &cf), OK);
    assert_true(config_workers(cf) > 0);
    assert_true(config_hash_threads(cf) > 0);
    assert_string_equal(config_master_key_file(f->mem, cf).p, "data/master.key");
    assert_string_equal(config_control_socket(f->mem, cf).p, "data/control.sock");
    assert_string_equal(config_public_url(f->mem, cf, 1234).p, "http://127.0.0.1:8080");
    cf->listen = STR("[::1]:0");
    assert_string_equal(config_public_url(f->mem, cf, 1234).p, "http://[::1]:1234");
}

static struct str read_source(struct fixture *f, const char *name)
{
    struct str path = arena_printf(f->mem, "%s/%s", getenv("SOURCE_ROOT"), name);
    FILE *from = fopen(path.p, "r");
    char *p = arena_alloc(f->mem, CONFIG_FILE_MAX);
    size_t n;

    assert_non_null(from);
    n = fread(p, 1, CONFIG_FILE_MAX, from);
    fclose(from);
    return (struct str){p, n};
}

/* After a change of options.def: tools/manual.sh. */
static void the_manual_is_up_to_date(void **state)
{
    struct fixture *f = *state;
    struct str page = read_source(f, "man/countersign.conf.5"),
               begin = STR(".\\\" options begin\n");
    ptrdiff_t from = str_find_str(page, begin), to = str_find_str(page, STR(".\\\" options end\n"));
    OWN(buf_deinit) struct buf want = {0};

    assert_true(from != STR_NPOS && to != STR_NPOS);
    from += (ptrdiff_t)begin.n;
    buf_init(&want, 64 * KIB);
    config_manual(&want);
    assert_string_equal(arena_str(f->mem, str_sub(page, (size_t)from, (size_t)(to - from))).p,
                        want.p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_option_is_read_from_a_file),
        TEST(every_option_is_read_from_the_environment),
        TEST(every_option_is_read_from_the_command_line),
        TEST(the_later_source_wins),
        TEST(a_wrong_file_is_refused_with_its_line),
        TEST(addresses_and_urls_are_checked),
        TEST(mail_servers_have_a_scheme_and_a_port),
        TEST(a_secret_is_refused_on_the_command_line_and_masked),
        TEST(an_unknown_variable_is_refused),
        TEST(a_reload_keeps_what_needs_a_restart),
        TEST(zeros_stand_for_something),
        TEST(the_manual_is_up_to_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
