/* check_test.c: settings that do not fit each other, or this machine, are named. */
#include "base/unit.h"

#include "config/config.h"

struct fixture {
    struct ctx cx;
    struct arena *mem;
    struct buf problems;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->mem = arena_new();
    ctx_init(&f->cx, f->mem);
    buf_init(&f->problems, 64 * KIB);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buf_deinit(&f->problems);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static const struct {
    const char *settings; /* name=value, separated by blanks */
    const char *want;     /* a piece of the problem; NULL: acceptable */
} fits[] = {
    {"",                                                                                    NULL                            },
    {"listen=[::1]:0 public_url=http://localhost:1",                                        NULL                            },
    {"listen=0.0.0.0:80",                                                                   "demo mode shows"               },
    {"listen=[::]:80",                                                                      "demo mode shows"               },
    {"public_url=https://a.example",                                                        "demo mode shows"               },
    {"public_url=http://127.evil.example",                                                  "demo mode shows"               },
    {"trusted_proxies=127.0.0.1",                                                           "no place in demo mode"         },
    {"mode=production",                                                                     "public_url is needed"          },
    {"mode=production public_url=http://a.example",                                         "must start with https"         },
    {"mode=production public_url=http://127.0.0.1",                                         NULL                            },
    {"mode=production public_url=https://a.example listen=0.0.0.0:80",                      NULL                            },
    {"mode=production public_url=https://a.example demo_clock_offset_s=1",                  "demo mode only"                },
    {"tls_cert_file=/etc/passwd",                                                           "tls_key_file is missing"       },
    {"tls_key_file=/etc/passwd",                                                            "chmod 600"                     },
    {"tls_cert_file=/nowhere/x",                                                            "No such file"                  },
    {"tls_cert_file=/etc",                                                                  "is not a file"                 },
    {"data_dir=/etc/passwd/x",                                                              "Not a directory"               },
    {"data_dir=/etc/passwd",                                                                "is not a folder"               },
    {"session_idle_s=7200 session_lifetime_s=3600",                                         "longer than"                   },
    {"smtp_url=smtp://a.example smtp_user=x",                                               "smtp_password_file is missing" },
    {"smtp_url=smtp://a.example smtp_password_file=/etc/passwd",                            "smtp_user is missing"          },
    {"smtp_url=smtp+plain://a.example smtp_user=x smtp_password_file=/etc/hostname",
     "in the clear"                                                                                                         },
    {"smtp_url=smtp+plain://a.example",                                                     NULL                            },
    {"sms_gateway=kannel sms_url=http://10.1.2.3:13013",                                    "in the clear"                  },
    {"sms_gateway=kannel sms_url=http+plain://10.1.2.3:13013",                              NULL                            },
    {"sms_gateway=kannel sms_url=http://127.0.0.1:13013",                                   NULL                            },
    {"sms_gateway=webhook sms_url=https://a.example",                                       NULL                            },
    {"sms_gateway=smpp",                                                                    "sms_url is needed"             },
    {"sms_gateway=smpp sms_url=smpp://a.example",                                           "smpps://host:port (TLS)"       },
    {"sms_gateway=smpp sms_url=smpps://a.example/x",                                        "smpps://host:port (TLS)"       },
    {"sms_gateway=smpp sms_url=smpps://a.example",                                          "system_id"                     },
    {"sms_gateway=smpp sms_url=smpps://a.example sms_user=0123456789abcdef",                "has room for 15"               },
    {"sms_gateway=smpp sms_url=smpps://a.example sms_user=a sms_password_file=/etc/passwd",
     "1 to 8"                                                                                                               },
    {"sms_gateway=smpp sms_from=ABCDEFGHIJKL",                                              "11 at most"                    },
    {"second_factor=remote",                                                                "is local, authy or verify"     },
    {"second_factor=authy authy_key_file=/etc/hostname",                                    "authy_url is needed"           },
    {"second_factor=authy authy_url=https://a.example",                                     "authy_key_file is needed"      },
    {"second_factor=authy authy_url=http://a.example authy_key_file=/etc/hostname",         "in the clear"                  },
    {"second_factor=authy authy_url=https://a.example/?x authy_key_file=/etc/hostname",
     "is no address"                                                                                                        },
    {"second_factor=authy authy_url=a.example authy_key_file=/etc/hostname",                "is no address"                 },
    {"second_factor=authy authy_url=https://a.example authy_key_file=/etc/passwd",          "chmod 600"                     },
    {"second_factor=verify verify_url=https://a.example verify_account=AC1",
     "verify_service is needed"                                                                                             },
    {"second_factor=verify verify_url=https://a.example verify_service=VA1",
     "verify_account is needed"                                                                                             },
    {"second_factor=verify verify_account=AC1 verify_service=VA1",                          "verify_url is needed"          },
    {"second_factor=verify verify_url=http://[::2] verify_account=A verify_service=V",
     "in the clear"                                                                                                         },
    {"voice_url=sips://a.example",                                                          NULL                            },
    {"voice_url=sips://a.example voice_user=x",                                             "voice_password_file is missing"},
    {"voice_url=sips://a.example voice_password_file=/etc/passwd",                          "voice_user is missing"         },
    {"voice_url=sip+udp://a.example voice_srtp=required",                                   "keys in the clear"             },
    {"voice_url=sip+udp://a.example voice_srtp=offered",                                    NULL                            },
    {"voice_url=sips://a.example voice_srtp=yes",                                           "required, offered or off"      },
    {"voice_url=sip+tcp://a.example voice_ca_file=/etc/hostname",                           "has no use without sips://"    },
    {"voice_url=sips://a.example voice_from=a@b.example",                                   "letters, digits"               },
    {"voice_url=sip+tcp://192.0.2.10",                                                      NULL                            },
    {"voice_url=sip+udp://[::1]:5060",                                                      NULL                            },
    {"second_factor=local authy_url=http://a.example",                                      NULL                            },
};

static void settings_must_fit_together(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, fits) {
        OWN(config_free) struct config *cf = NULL;
        struct config_arg args[8];
        struct config_sources from = {.args = args};
        struct str rest = str_from(row->settings), pair;
        enum err e;

        while (str_split(&rest, ' ', &pair) && pair.n) {
            size_t equals = (size_t)str_find(pair, '=');

            args[from.arg_count++] =
                (struct config_arg){str_sub(pair, 0, equals), str_sub(pair, equals + 1, pair.n)};
        }
        buf_reset(&f->problems);
        assert_int_equal(config_load(&f->cx, &from, &f->problems, &cf), OK);
        e = config_check(&f->cx, cf, &f->problems);
        if (!row->want) {
            assert_string_equal(arena_str(f->mem, buf_str(&f->problems)).p, "");
            assert_int_equal(e, OK);
            continue;
        }
        assert_int_equal(e, ERR_INVALID);
        assert_non_null(strstr(buf_str(&f->problems).p, row->want));
    }
}

static const struct {
    const char *value;
    bool ok;
} sip_servers[] = {
    {"sips://sip.example.com:5061", true },
    {"sip+tcp://192.0.2.10",        true },
    {"sip+udp://[::1]:5060",        true },
    {"sip:sip.example.com",         false},
    {"sip://sip.example.com",       false},
    {"sips://",                     false},
    {"sips://user@a.example",       false},
    {"sips://a.example/",           false},
    {"sips://a.example;x=y",        false},
    {"sips://a.example:0",          false},
    {"sips://a.example\r\nX: y",    false},
};

static void servers_of_calls_have_a_scheme(void **state)
{
    struct fixture *f = *state;

    EACH_ROW (row, sip_servers) {
        OWN(config_free) struct config *cf = NULL;
        const struct config_arg arg = {STR("voice_url"), str_from(row->value)};

        buf_reset(&f->problems);
        assert_int_equal(config_load(&f->cx, &(struct config_sources){.args = &arg, .arg_count = 1},
                                     &f->problems, &cf),
                         row->ok ? OK : ERR_INVALID);
    }
}

static void postgresql_is_not_built_in(void **state)
{
    struct fixture *f = *state;
    OWN(config_free) struct config *cf = NULL;
    const char *const env[] = {"COUNTERSIGN_DATABASE=postgresql://db/c", NULL};

    assert_int_equal(config_load(&f->cx, &(struct config_sources){.env = env}, &f->problems, &cf),
                     OK);
    assert_int_equal(config_check(&f->cx, cf, &f->problems), ERR_INVALID);
    assert_non_null(strstr(f->problems.p, "not built into this version"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(settings_must_fit_together),
        TEST(servers_of_calls_have_a_scheme),
        TEST(postgresql_is_not_built_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
