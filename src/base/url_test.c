#include "base/unit.h"

#include "base/url.h"

/* What is accepted, and the one spelling that comes out. */
static const struct {
    const char *name, *in, *text, *origin;
} accepted[] = {
    {"bare host",                     "http://example.org",            "http://example.org/",           "http://example.org"   },
    {"root",                          "https://example.org/",          "https://example.org/",          "https://example.org"  },
    {"case of scheme and host",       "HTTPS://Example.ORG/A",         "https://example.org/A",
     "https://example.org"                                                                                                     },
    {"own port",                      "http://example.org:80/",        "http://example.org/",           "http://example.org"   },
    {"own port of https",             "https://example.org:443/",      "https://example.org/",
     "https://example.org"                                                                                                     },
    {"the other's port",              "https://example.org:80/",       "https://example.org:80/",
     "https://example.org:80"                                                                                                  },
    {"port",                          "http://localhost:8080/cb",      "http://localhost:8080/cb",      "http://localhost:8080"},
    {"largest port",                  "http://h:65535/",               "http://h:65535/",               "http://h:65535"       },
    {"query",                         "http://h/a?b=c&d=%20e",         "http://h/a?b=c&d=%20e",         "http://h"             },
    {"query on a bare host",          "http://h?a=1",                  "http://h/?a=1",                 "http://h"             },
    {"empty query",                   "http://h/?",                    "http://h/?",                    "http://h"             },
    {"a query with '?', '/' and '@'", "http://h/?a=/b?c@d",            "http://h/?a=/b?c@d",            "http://h"             },
    {"needless encoding",             "http://h/%7Ea%2D%41?%7a",       "http://h/~a-A?z",               "http://h"             },
    {"case of encoding",              "http://h/%c3%a9?%c3%a9",        "http://h/%C3%A9?%C3%A9",        "http://h"             },
    {"encoded slash stays",           "http://h/a%2fb",                "http://h/a%2Fb",                "http://h"             },
    {"what a path may hold",          "http://h/a:@!$&'()*+,;=-._~",   "http://h/a:@!$&'()*+,;=-._~",
     "http://h"                                                                                                                },
    {"empty segments",                "http://h//a//",                 "http://h//a//",                 "http://h"             },
    {"dots in a segment",             "http://h/.a/..b/c../...",       "http://h/.a/..b/c../...",       "http://h"             },
    {"punycode",                      "http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/",
     "http://xn--bcher-kva.example"                                                                                            },
    {"container",                     "http://my_app:9000/",           "http://my_app:9000/",           "http://my_app:9000"   },
    {"label of digits first",         "http://7.example/",             "http://7.example/",             "http://7.example"     },
    {"label with a digit first",      "http://example.3com/",          "http://example.3com/",
     "http://example.3com"                                                                                                     },
    {"IPv4",                          "http://192.0.2.1/",             "http://192.0.2.1/",             "http://192.0.2.1"     },
    {"IPv6",                          "http://[2001:DB8:0:0::1]/",     "http://[2001:db8::1]/",         "http://[2001:db8::1]" },
    {"IPv6 and port",                 "https://[::1]:8443/x",          "https://[::1]:8443/x",          "https://[::1]:8443"   },
    {"IPv6 with an IPv4 inside",      "http://[::ffff:192.0.2.1]/",    "http://[::ffff:192.0.2.1]/",
     "http://[::ffff:192.0.2.1]"                                                                                               },
};

static void one_text_comes_out_of_every_spelling(void **state)
{
    EACH_ROW (row, accepted) {
        struct url u, again;
        struct str text;

        assert_row(row, url_parse(*state, str_from(row->in), &u));
        text = url_text(*state, &u);
        assert_str(text, str_from(row->text));
        assert_str(url_origin(*state, &u), str_from(row->origin));
        assert_row(row, url_parse(*state, text, &again)); /* and it is its own spelling */
        assert_str(url_text(*state, &again), text);
    }
}

/* Attack 76: what is not plainly a URL is nothing. */
static const struct {
    const char *name, *in;
    size_t n;
} refused[] = {
#define REFUSED(name, text)                                                                        \
    {                                                                                              \
        name, text, sizeof(text) - 1                                                               \
    }
    REFUSED("empty", ""),
    REFUSED("no scheme", "example.org/"),
    REFUSED("relative", "/a"),
    REFUSED("no authority", "http:/a"),
    REFUSED("one slash", "http:/example.org/"),
    REFUSED("three slashes", "http:///example.org/"),
    REFUSED("other scheme", "ftp://example.org/"),
    REFUSED("script", "javascript:alert(1)"),
    REFUSED("script with slashes", "javascript://example.org/%0Aalert(1)"),
    REFUSED("data", "data:text/html,x"),
    REFUSED("file", "file:///etc/passwd"),
    REFUSED("no host", "http://"),
    REFUSED("no host, a path", "http:///a"),
    REFUSED("no host, a port", "http://:80/"),
    REFUSED("user", "http://user@example.org/"),
    REFUSED("user and password", "http://user:pw@example.org/"),
    REFUSED("user with a host's looks", "http://good.example@evil.example/"),
    REFUSED("empty user", "http://@example.org/"),
    REFUSED("fragment", "http://example.org/#a"),
    REFUSED("fragment in the host", "http://good.example#@evil.example/"),
    REFUSED("backslash for slash", "http:\\\\example.org\\"),
    REFUSED("backslash in the host", "http://good.example\\.evil.example/"),
    REFUSED("backslash in the path", "http://example.org/\\evil"),
    REFUSED("blank before", " http://example.org/"),
    REFUSED("blank behind", "http://example.org/ "),
    REFUSED("blank in the host", "http://exa mple.org/"),
    REFUSED("tab", "http://exam\tple.org/"),
    REFUSED("line feed", "http://example.org/\nx"),
    REFUSED("NUL in the host", "http://example.org\0.evil/"),
    REFUSED("NUL in the path", "http://example.org/\0"),
    REFUSED("encoded NUL in the path", "http://example.org/%00"),
    REFUSED("encoded line feed in the path", "http://example.org/%0D%0Ax"),
    REFUSED("encoded delete in the path", "http://example.org/%7F"),
    REFUSED("not ASCII in the host", "http://b\xC3\xBC"
                                     "cher.example/"),
    REFUSED("not ASCII in the path", "http://h/\xC3\xA9"),
    REFUSED("encoded host", "http://example%2Eorg/"),
    REFUSED("half an encoding", "http://h/%4"),
    REFUSED("no encoding", "http://h/%zz"),
    REFUSED("a lone percent", "http://h/?%"),
    REFUSED("dot", "http://h/a/./b"),
    REFUSED("dots", "http://h/a/../b"),
    REFUSED("dots at the end", "http://h/a/.."),
    REFUSED("encoded dots", "http://h/a/%2e%2E/b"),
    REFUSED("half encoded dots", "http://h/a/.%2e/b"),
    REFUSED("quotes", "http://h/\"a\""),
    REFUSED("angles", "http://h/<a>"),
    REFUSED("braces", "http://h/{a}"),
    REFUSED("bar and caret", "http://h/|^"),
    REFUSED("backtick in the query", "http://h/?`"),
    REFUSED("bracket in the query", "http://h/?a[]=1"),
    REFUSED("empty port", "http://example.org:/"),
    REFUSED("port 0", "http://example.org:0/"),
    REFUSED("port too large", "http://example.org:65536/"),
    REFUSED("port with a zero before", "http://example.org:080/"),
    REFUSED("port in words", "http://example.org:http/"),
    REFUSED("negative port", "http://example.org:-1/"),
    REFUSED("port with a plus", "http://example.org:+1/"),
    REFUSED("two ports", "http://example.org:80:81/"),
    REFUSED("empty label", "http://example..org/"),
    REFUSED("dot first", "http://.example.org/"),
    REFUSED("dot last", "http://example.org./"),
    REFUSED("hyphen first", "http://-example.org/"),
    REFUSED("hyphen last", "http://example-.org/"),
    REFUSED("label of 64", "http://"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "/"),
    REFUSED("IPv4 as one number", "http://2130706433/"),
    REFUSED("IPv4 in hexadecimal", "http://0x7f000001/"),
    REFUSED("IPv4 with a hexadecimal part", "http://127.0.0.0x1/"),
    REFUSED("IPv4 in octal", "http://0177.0.0.1/"),
    REFUSED("IPv4 with a zero before", "http://127.0.0.01/"),
    REFUSED("IPv4 of two parts", "http://127.1/"),
    REFUSED("IPv4 of five parts", "http://1.2.3.4.5/"),
    REFUSED("IPv4 too large", "http://127.0.0.256/"),
    REFUSED("a number for a top label", "http://example.1/"),
    REFUSED("IPv6 without brackets", "http://::1/"),
    REFUSED("IPv6 not closed", "http://[::1/"),
    REFUSED("IPv6 and more", "http://[::1]x/"),
    REFUSED("IPv6 with an empty port", "http://[::1]:/"),
    REFUSED("IPv6 with a zone", "http://[fe80::1%25eth0]/"),
    REFUSED("IPv6 with a raw zone", "http://[fe80::1%eth0]/"),
    REFUSED("IPv6 that is none", "http://[1:2]/"),
    REFUSED("IPv6 with NUL", "http://[::1\0]/"),
    REFUSED("IPvFuture", "http://[v1.x]/"),
    REFUSED("empty brackets", "http://[]/"),
    REFUSED("IPv4 in brackets", "http://[127.0.0.1]/"),
#undef REFUSED
};

static void attack_76_whatever_else_is_refused(void **state)
{
    EACH_ROW (row, refused) {
        struct url u = {.port = 4711};

        assert_row(row, !url_parse(*state, (struct str){row->in, row->n}, &u));
        assert_row(row, u.port == 4711);
    }
}

static void lengths_are_bounded(void **state)
{
    char text[URL_LEN_MAX + 1];
    struct url u;

    memset(text, 'a', sizeof(text));
    memcpy(text, "http://h/", 9);
    assert_true(url_parse(*state, (struct str){text, URL_LEN_MAX}, &u));
    assert_int_equal(url_text(*state, &u).n, URL_LEN_MAX);
    assert_false(url_parse(*state, (struct str){text, URL_LEN_MAX + 1}, &u));
    /* a host of 253 bytes, in labels of 49 and 47 */
    for (size_t i = 7; i < 7 + 253; i++)
        text[i] = (i - 7) % 50 == 49 ? '.' : 'a';
    text[7 + 253] = '/';
    assert_true(url_parse(*state, (struct str){text, 7 + 253 + 1}, &u));
    assert_int_equal(u.host.n, HOST_LEN_MAX);
    text[7 + 253] = 'a';
    assert_false(url_parse(*state, (struct str){text, 7 + 254}, &u));
}

/* ---- next= ---- */

static const struct {
    const char *name, *in, *want;
    size_t n; /* of in, where it holds NUL */
} places[] = {
    {"home",                                   "/",                             "/",                          0 },
    {"page",                                   "/account/security",             "/account/security",          0 },
    {"page with query",                        "/account?tab=1&x=%2F",          "/account?tab=1&x=%2F",       0 },
    {"slash at the end",                       "/account/",                     "/account/",                  0 },
    {"empty query",                            "/account?",                     "/account?",                  0 },
    {"one spelling",                           "/%61ccount/%c3%a9",             "/account/%C3%A9",            0 },
    {"a URL in the query is only text",        "/login?next=//evil.example",    "/login?next=//evil.example",
     0                                                                                                          },
 /* attack 75: each of these has led somebody away */
    {"nothing",                                "",                              "/",                          0 },
    {"relative",                               "account",                       "/",                          0 },
    {"other site",                             "https://evil.example/",         "/",                          0 },
    {"this site, written out",                 "http://127.0.0.1:8080/account", "/",                          0 },
    {"without scheme",                         "//evil.example",                "/",                          0 },
    {"three slashes",                          "///evil.example",               "/",                          0 },
    {"four slashes",                           "////evil.example",              "/",                          0 },
    {"backslash",                              "/\\evil.example",               "/",                          0 },
    {"two backslashes",                        "\\\\evil.example",              "/",                          0 },
    {"slash behind backslash",                 "\\/evil.example",               "/",                          0 },
    {"backslash further on",                   "/a\\..\\b",                     "/",                          0 },
    {"blank before",                           " //evil.example",               "/",                          0 },
    {"blank inside",                           "/ /evil.example",               "/",                          0 },
    {"tab",                                    "/\t/evil.example",              "/",                          0 },
    {"line feed",                              "/\n/evil.example",              "/",                          0 },
    {"carriage return",                        "/\r/evil.example",              "/",                          0 },
    {"header",                                 "/a\r\nSet-Cookie: x=y",         "/",                          0 },
    {"encoded header",                         "/a%0d%0aSet-Cookie:%20x=y",     "/",                          0 },
    {"NUL",                                    "/a\0b",                         "/",                          4 },
    {"NUL first",                              "\0//evil.example",              "/",                          15},
    {"encoded slash",                          "/%2fevil.example",              "/",                          0 },
    {"encoded slash, capital",                 "/%2Fevil.example",              "/",                          0 },
    {"both slashes encoded",                   "%2f%2fevil.example",            "/",                          0 },
    {"encoded backslash",                      "/%5cevil.example",              "/",                          0 },
    {"encoded twice",                          "/%252fevil.example",            "/",                          0 },
    {"encoded tab",                            "/%09/evil.example",             "/",                          0 },
    {"dot and slashes",                        "/.//evil.example",              "/",                          0 },
    {"dots and slashes",                       "/..//evil.example",             "/",                          0 },
    {"encoded dot and slashes",                "/%2e//evil.example",            "/",                          0 },
    {"dots to the root",                       "/a/..//evil.example",           "/",                          0 },
    {"slashes further on",                     "/a//evil.example",              "/",                          0 },
    {"slashes at the end",                     "/a//",                          "/",                          0 },
    {"script",                                 "javascript:alert(1)",           "/",                          0 },
    {"script behind a slash's encoding",       "%2Fjavascript:alert(1)",        "/",                          0 },
    {"fragment",                               "/a#b",                          "/",                          0 },
    {"user",                                   "/@evil.example",                "/@evil.example",             0 }, /* a path like others: the slash is single */
    {"delete",                                 "/a\x7F",                        "/",                          0 },
    {"C1 control",                             "/a\xC2\x85",                    "/",                          0 },
    {"full-width slash",
     "/\xEF\xBC\x8F"
     "evil.example",                                                            "/",                          0 },
    {"encoded full-width slash stays encoded", "/%EF%BC%8Fevil",                "/%EF%BC%8Fevil",             0 },
    {"not UTF-8",                              "/\xFF",                         "/",                          0 },
    {"bad encoding",                           "/%",                            "/",                          0 },
    {"bad encoding in the query",              "/a?%z",                         "/",                          0 },
    {"quote",                                  "/a\"onclick=",                  "/",                          0 },
    {"angle",                                  "/<script>",                     "/",                          0 },
    {"line feed in the query",                 "/a?\n",                         "/",                          0 },
    {"backslash in the query",                 "/a?\\",                         "/",                          0 },
    {"question mark first",                    "?next",                         "/",                          0 },
};

static void attack_75_next_stays_on_this_site(void **state)
{
    EACH_ROW (row, places) {
        struct str in = {row->in, row->n ? row->n : strlen(row->in)};
        struct str got = url_local_path(*state, in);

        if (!str_eq(got, str_from(row->want)))
            fail_msg("row \"%s\": got \"%.*s\"", row->name, STR_ARG(got));
        assert_str(url_local_path(*state, got), got); /* its own spelling */
    }
}

/* Whatever three bytes follow, two readers agree: what is given starts with one slash. */
static void attack_75_no_three_bytes_lead_away(void **state)
{
    OWN(arena_free) struct arena *mem = arena_new();
    static const char tricky[] = "/\\%.2fF5cC:@?#\t\n\r \0ae\x7F\xC3\xAF";

    (void)state;
    for (size_t i = 0; i < sizeof(tricky); i++) {
        for (size_t k = 0; k < sizeof(tricky); k++) {
            for (size_t m = 0; m < sizeof(tricky); m++) {
                const char in[] = {'/', tricky[i], tricky[k], tricky[m], 'x'};
                struct str got = url_local_path(mem, (struct str){in, sizeof(in)});

                assert_true(got.n >= 1 && got.p[0] == '/');
                assert_true(got.n == 1 || (got.p[1] != '/' && got.p[1] != '\\'));
                for (size_t c = 0; c < got.n; c++)
                    assert_true(got.p[c] > 0x20 && got.p[c] < 0x7F && got.p[c] != '\\' &&
                                got.p[c] != '#');
                arena_reset(mem);
            }
        }
    }
}

static void a_local_path_is_bounded(void **state)
{
    char text[URL_LOCAL_LEN_MAX + 1];

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    assert_int_equal(url_local_path(*state, (struct str){text, URL_LOCAL_LEN_MAX}).n,
                     URL_LOCAL_LEN_MAX);
    assert_str(url_local_path(*state, (struct str){text, URL_LOCAL_LEN_MAX + 1}), STR("/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text_comes_out_of_every_spelling),
        cmocka_unit_test(attack_76_whatever_else_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(attack_75_next_stays_on_this_site),
        cmocka_unit_test(attack_75_no_three_bytes_lead_away),
        cmocka_unit_test(a_local_path_is_bounded),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
