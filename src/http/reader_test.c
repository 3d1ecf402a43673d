/*
 * reader_test.c: what the reader takes and refuses. The malformed rows are the 33 cases that were
 * put to four other servers (each of which let some of them through), and more of the kind.
 */
#include "http/reader_steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int status_of(struct str in)
{
    OWN(outcome_deinit) struct outcome o = {0};

    read_in_steps(in, in.n, &o);
    return o.status;
}

/* ---- rows ---- */

#define HOST      "Host: x\r\n"
#define FORM      "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST_LINE "POST /login HTTP/1.1\r\n" HOST FORM
#define CHUNKED   POST_LINE "Transfer-Encoding: chunked\r\n\r\n"
#define BODY      "email=a%40b&password=c" /* 22 bytes */

struct row {
    const char *name;
    struct str in;
    int status;
};

/* Those of the research table, in its order; those about size are further down. */
static const struct row measured[] = {
    {"chunk size zz",              STR(CHUNKED "zz\r\n" BODY "\r\n0\r\n\r\n"),                               400},
    {"chunk size overflows",       STR(CHUNKED "ffffffffffffffff1\r\n" BODY "\r\n0\r\n\r\n"),                400},
    {"chunk size -1",              STR(CHUNKED "-1\r\n" BODY "\r\n0\r\n\r\n"),                               400},
    {"chunk size 0x15",            STR(CHUNKED "0x15\r\n" BODY "\r\n0\r\n\r\n"),                             400},
    {"well-formed chunks",         STR(CHUNKED "16\r\n" BODY "\r\n0\r\n\r\n"),                               0  },
    {"length and chunked",
     STR(POST_LINE "Content-Length: 22\r\nTransfer-Encoding: chunked\r\n\r\n"),                              400},
    {"chunked and length",
     STR(POST_LINE "Transfer-Encoding: chunked\r\nContent-Length: 22\r\n\r\n"),                              400},
    {"two lengths",                STR(POST_LINE "Content-Length: 22\r\nContent-Length: 2\r\n\r\n" BODY),    400},
    {"length +22",                 STR(POST_LINE "Content-Length: +22\r\n\r\n" BODY),                        400},
    {"gzip, chunked",              STR(POST_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n"),                501},
    {"xchunked and length",
     STR(POST_LINE "Transfer-Encoding: xchunked\r\nContent-Length: 22\r\n\r\n"),                             501},
    {"NUL in a value",             STR("GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n"),                         400},
    {"NUL in the target",          STR("GET /\0 HTTP/1.1\r\n" HOST "\r\n"),                                  400},
    {"a folded line",              STR("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"),                      400},
    {"a space before the colon",   STR("GET / HTTP/1.1\r\nHost : x\r\n\r\n"),                                400},
    {"bare LF",                    STR("GET / HTTP/1.1\nHost: x\n\n"),                                       400},
    {"bare CR in a value",         STR("GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"),                         400},
    {"no Host",                    STR("GET / HTTP/1.1\r\n\r\n"),                                            400},
    {"two Hosts",                  STR("GET / HTTP/1.1\r\n" HOST "Host: y\r\n\r\n"),                         400},
    {"HTTP/0.9",                   STR("GET /\r\n"),                                                         400},
    {"HTTP/2.5",                   STR("GET / HTTP/2.5\r\n" HOST "\r\n"),                                    505},
    {"HTTP/1.12",                  STR("GET / HTTP/1.12\r\n" HOST "\r\n"),                                   505},
    {"TLS on the plain port",      STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),                      400},
    {"one of three in a pipeline",
     STR("GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),                                    0  },
    {"100-continue",               STR(POST_LINE "Content-Length: 22\r\nExpect: 100-continue\r\n\r\n" BODY), 0  },
    {"another expectation",        STR(POST_LINE "Content-Length: 22\r\nExpect: tea\r\n\r\n" BODY),          417},
    {"10 MB announced",            STR(POST_LINE "Content-Length: 10000000\r\n\r\n"),                        413},
};

static const struct row more[] = {
    {"nothing",                    STR(""),                                                               -1 },
    {"half a head",                STR("GET / HTTP/1.1\r\nHost: x\r\n"),                                  -1 },
    {"half a body",                STR(POST_LINE "Content-Length: 22\r\n\r\nemail"),                      -1 },
    {"half a chunk",               STR(CHUNKED "16\r\nemail"),                                            -1 },
    {"no last CR LF",              STR(CHUNKED "16\r\n" BODY "\r\n0\r\n"),                                -1 },
    {"an empty line first",        STR("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),                             400},
    {"a space first",              STR(" GET / HTTP/1.1\r\n" HOST "\r\n"),                                400},
    {"two spaces",                 STR("GET  / HTTP/1.1\r\n" HOST "\r\n"),                                400},
    {"a tab between",              STR("GET\t/ HTTP/1.1\r\n" HOST "\r\n"),                                400},
    {"a space behind",             STR("GET / HTTP/1.1 \r\n" HOST "\r\n"),                                400},
    {"a method that is no token",  STR("G(T / HTTP/1.1\r\n" HOST "\r\n"),                                 400},
    {"an unknown method",          STR("BREW / HTTP/1.1\r\n" HOST "\r\n"),                                501},
    {"a method in small letters",  STR("get / HTTP/1.1\r\n" HOST "\r\n"),                                 501},
    {"TRACE",                      STR("TRACE / HTTP/1.1\r\n" HOST "\r\n"),                               501},
    {"absolute form",              STR("GET http://x/ HTTP/1.1\r\n" HOST "\r\n"),                         400},
    {"authority form",             STR("CONNECT x:80 HTTP/1.1\r\n" HOST "\r\n"),                          400},
    {"asterisk form",              STR("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),                             400},
    {"a fragment",                 STR("GET /#a HTTP/1.1\r\n" HOST "\r\n"),                               400},
    {"a backslash",                STR("GET /\\evil HTTP/1.1\r\n" HOST "\r\n"),                           400},
    {"a quote in the target",      STR("GET /\"a HTTP/1.1\r\n" HOST "\r\n"),                              400},
    {"UTF-8 in the target",        STR("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),                         400},
    {"DEL in the target",          STR("GET /\x7f HTTP/1.1\r\n" HOST "\r\n"),                             400},
    {"http/1.1",                   STR("GET / http/1.1\r\n" HOST "\r\n"),                                 400},
    {"HTTP/1",                     STR("GET / HTTP/1\r\n" HOST "\r\n"),                                   400},
    {"HTTP/1.1.1",                 STR("GET / HTTP/1.1.1\r\n" HOST "\r\n"),                               400},
    {"HTTP/2.0",                   STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),                               505},
    {"HTTP/1.0 without Host",      STR("GET / HTTP/1.0\r\n\r\n"),                                         0  },
    {"an empty Host",              STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"),                                400},
    {"a Host with a path",         STR("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"),                            400},
    {"a Host with user",           STR("GET / HTTP/1.1\r\nHost: a@x\r\n\r\n"),                            400},
    {"two names in Host",          STR("GET / HTTP/1.1\r\nHost: x, y\r\n\r\n"),                           400},
    {"an IPv6 Host",               STR("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),                     0  },
    {"more behind an IPv6 Host",   STR("GET / HTTP/1.1\r\nHost: [::1].evil.com\r\n\r\n"),                 400},
    {"letters behind it",          STR("GET / HTTP/1.1\r\nHost: [::1]evil\r\n\r\n"),                      400},
    {"an IPv6 Host that is none",  STR("GET / HTTP/1.1\r\nHost: [::1::2]\r\n\r\n"),                       400},
    {"an IPv6 Host left open",     STR("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),                           400},
    {"an IPv6 Host without these", STR("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"),                            400},
    {"a Host with a port alone",   STR("GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),                            400},
    {"a port that is no number",   STR("GET / HTTP/1.1\r\nHost: x:http\r\n\r\n"),                         400},
    {"an empty port",              STR("GET / HTTP/1.1\r\nHost: x:\r\n\r\n"),                             400},
    {"a port beyond all",          STR("GET / HTTP/1.1\r\nHost: x:65536\r\n\r\n"),                        400},
    {"a Host with a port",         STR("GET / HTTP/1.1\r\nHost: my_app:8080\r\n\r\n"),                    0  },
    {"an empty label in Host",     STR("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"),                           400},
    {"no name",                    STR("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"),                          400},
    {"no colon",                   STR("GET / HTTP/1.1\r\n" HOST "A\r\n\r\n"),                            400},
    {"a name with a space",        STR("GET / HTTP/1.1\r\n" HOST "A b: c\r\n\r\n"),                       400},
    {"a name with UTF-8",          STR("GET / HTTP/1.1\r\n" HOST "\xc3\xa4: c\r\n\r\n"),                  400},
    {"a folded first line",        STR("GET / HTTP/1.1\r\n Host: x\r\n\r\n"),                             400},
    {"folded by a tab",            STR("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n"),                  400},
    {"a value in UTF-8",           STR("GET / HTTP/1.1\r\n" HOST "A: \xc3\xa4\r\n\r\n"),                  0  },
    {"a value in Latin 1",         STR("GET / HTTP/1.1\r\n" HOST "A: \xe4\r\n\r\n"),                      400},
    {"an empty value",             STR("GET / HTTP/1.1\r\n" HOST "A:\r\n\r\n"),                           0  },
    {"ESC in a value",             STR("GET / HTTP/1.1\r\n" HOST "A: \x1b[31m\r\n\r\n"),                  400},
    {"LF CR",                      STR("GET / HTTP/1.1\n\r" HOST "\r\n"),                                 400},
    {"CR CR LF",                   STR("GET / HTTP/1.1\r\r\n" HOST "\r\n"),                               400},
    {"bare LF at the end",         STR("GET / HTTP/1.1\r\n" HOST "\n"),                                   400},
    {"the same length twice",      STR(POST_LINE "Content-Length: 22\r\nContent-Length: 22\r\n\r\n"),
     400                                                                                                     },
    {"a list of lengths",          STR(POST_LINE "Content-Length: 22, 22\r\n\r\n"),                       400},
    {"length -1",                  STR(POST_LINE "Content-Length: -1\r\n\r\n"),                           400},
    {"length 0x16",                STR(POST_LINE "Content-Length: 0x16\r\n\r\n"),                         400},
    {"length 2 2",                 STR(POST_LINE "Content-Length: 2 2\r\n\r\n"),                          400},
    {"length 1e1",                 STR(POST_LINE "Content-Length: 1e1\r\n\r\n"),                          400},
    {"no length",                  STR(POST_LINE "Content-Length:\r\n\r\n"),                              400},
    {"length beyond 64 bits",      STR(POST_LINE "Content-Length: 99999999999999999999\r\n\r\n"),         413},
    {"length 0",                   STR(POST_LINE "Content-Length: 0\r\n\r\n"),                            0  },
    {"length in full",             STR(POST_LINE "Content-Length: 22\r\n\r\n" BODY),                      0  },
    {"a post without length",      STR(POST_LINE "\r\n"),                                                 0  },
    {"chunked twice",
     STR(POST_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),                   400},
    {"chunked, chunked",           STR(POST_LINE "Transfer-Encoding: chunked, chunked\r\n\r\n"),          501},
    {"identity",                   STR(POST_LINE "Transfer-Encoding: identity\r\n\r\n"),                  501},
    {"chunked with a VT",          STR(POST_LINE "Transfer-Encoding: \vchunked\r\n\r\n"),                 400},
    {"Chunked",                    STR(POST_LINE "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),          0  },
    {"chunked in HTTP/1.0",        STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400                                                                                                     },
    {"a chunk extension",          STR(CHUNKED "16;a=b\r\n" BODY "\r\n0\r\n\r\n"),                        400},
    {"a space behind the size",    STR(CHUNKED "16 \r\n" BODY "\r\n0\r\n\r\n"),                           400},
    {"a space before the size",    STR(CHUNKED " 16\r\n" BODY "\r\n0\r\n\r\n"),                           400},
    {"a chunk without size",       STR(CHUNKED "\r\n" BODY "\r\n0\r\n\r\n"),                              400},
    {"a chunk too short",          STR(CHUNKED "17\r\n" BODY "\r\n0\r\n\r\n"),                            400},
    {"a chunk too long",           STR(CHUNKED "15\r\n" BODY "\r\n0\r\n\r\n"),                            400},
    {"bare LF behind the size",    STR(CHUNKED "16\n" BODY "\r\n0\r\n\r\n"),                              400},
    {"bare LF behind the data",    STR(CHUNKED "16\r\n" BODY "\n0\r\n\r\n"),                              400},
    {"a trailer",                  STR(CHUNKED "16\r\n" BODY "\r\n0\r\nA: b\r\n\r\n"),                    400},
    {"a chunk of 4 GB",            STR(CHUNKED "fffffffe\r\n"),                                           413},
    {"nine digits",                STR(CHUNKED "000000016\r\n"),                                          400},
    {"chunks in capitals",         STR(CHUNKED "A\r\n0123456789\r\n0\r\n\r\n"),                           0  },
    {"two types",                  STR(POST_LINE FORM "\r\n"),                                            400},
    {"two authorizations",
     STR("GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nauthorization: b\r\n\r\n"),                       400},
    {"an expectation in HTTP/1.0", STR("GET / HTTP/1.0\r\nExpect: tea\r\n\r\n"),                          0  },
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int got = status_of(rows[i].in);

        if (got != rows[i].status)
            fail_msg("%s: %d instead of %d", rows[i].name, got, rows[i].status);
    }
}

static void refuses_the_measured_cases(void **state)
{
    (void)state;
    check(measured, COUNT_OF(measured));
}

static void refuses_their_relatives(void **state)
{
    (void)state;
    check(more, COUNT_OF(more));
}

/* ---- sizes: the remaining measured cases ---- */

/* "GET /aaa… HTTP/1.1 … A: bbb…" */
static struct str sized(struct buf *b, size_t target, size_t value, size_t headers)
{
    buf_init(b, 4 * MIB);
    buf_add(b, STR("GET /"));
    for (size_t i = 0; i < target; i++)
        buf_addc(b, 'a');
    buf_add(b, STR(" HTTP/1.1\r\n" HOST));
    for (size_t i = 0; i < headers; i++)
        buf_addf(b, "A%zu: b\r\n", i);
    buf_add(b, STR("A: "));
    for (size_t i = 0; i < value; i++)
        buf_addc(b, 'b');
    buf_add(b, STR("\r\n\r\n"));
    return buf_str(b);
}

static void refuses_heads_beyond_measure(void **state)
{
    static const struct {
        size_t target, value, headers;
        int status;
    } rows[] = {
        {0,      MIB,  0,                       431},
        {0,      0,    10000,                   431},
        {100000, 0,    0,                       431},
        {0,      0,    REQUEST_HEADERS_MAX - 2, 0  },
        {0,      0,    REQUEST_HEADERS_MAX - 1, 431},
        {0,      8000, 0,                       0  },
    };

    (void)state;
    EACH_ROW (row, rows) {
        OWN(buf_deinit) struct buf b = {0};

        assert_int_equal(status_of(sized(&b, row->target, row->value, row->headers)), row->status);
    }
}

static void a_head_may_have_exactly_its_measure(void **state)
{
    OWN(buf_deinit) struct buf b = {0};
    struct framing f;
    struct request rq;
    struct str in;

    (void)state;
    in = sized(&b, 10, 10, 3);
    assert_int_equal(head_read(in, in.n, &rq, &f).is, READ_DONE);
    assert_int_equal(head_read(in, in.n - 1, &rq, &f).status, 431);
    assert_int_equal(head_read(str_sub(in, 0, in.n - 1), in.n, &rq, &f).is, READ_MORE);
}

static void a_body_may_have_exactly_its_measure(void **state)
{
    static const struct {
        size_t length;
        bool chunked;
        int status;
    } rows[] = {
        {STEPS_BODY_MAX,     false, 0  },
        {STEPS_BODY_MAX + 1, false, 413},
        {STEPS_BODY_MAX,     true,  0  },
        {STEPS_BODY_MAX + 1, true,  413},
    };

    (void)state;
    EACH_ROW (row, rows) {
        OWN(buf_deinit) struct buf b = {.max = MIB};

        if (row->chunked)
            buf_addf(&b, CHUNKED "%zx\r\n", row->length);
        else
            buf_addf(&b, POST_LINE "Content-Length: %zu\r\n\r\n", row->length);
        for (size_t i = 0; i < row->length; i++)
            buf_addc(&b, 'x');
        buf_add(&b, row->chunked ? STR("\r\n0\r\n\r\n") : STR(""));
        assert_int_equal(status_of(buf_str(&b)), row->status);
    }
}

/* ---- what it says about good ones ---- */

static void takes_a_request_apart(void **state)
{
    static const char text[] =
        "GET /a%20b?c=d&e HTTP/1.1\r\nHost: Example.org:8080\r\n"
        "X-One: \t two words \t\r\nx-one: again\r\nConnection: a, Close\r\n\r\nrest";
    struct str in = {text, sizeof(text) - 1};
    struct framing f;
    struct request rq;
    struct read_result r = head_read(in, STEPS_HEAD_MAX, &rq, &f);

    (void)state;
    assert_int_equal(r.is, READ_DONE);
    assert_int_equal(r.used, in.n - 4);
    assert_int_equal(rq.method, GET);
    assert_true(str_eq(rq.target, STR("/a%20b?c=d&e")));
    assert_true(str_eq(rq.path, STR("/a%20b")));
    assert_true(str_eq(rq.query, STR("c=d&e")));
    assert_true(str_eq(rq.host, STR("Example.org:8080")));
    assert_int_equal(rq.header_count, 4);
    assert_true(str_eq(request_header(&rq, STR("X-ONE")), STR("two words")));
    assert_null(request_header(&rq, STR("X-Two")).p);
    assert_int_equal(f.body, BODY_NONE);
    assert_false(f.keep_alive);
}

static void knows_who_wants_to_stay(void **state)
{
    static const struct {
        struct str in;
        bool keep_alive;
    } rows[] = {
        {STR("GET / HTTP/1.1\r\n" HOST "\r\n"),                        true },
        {STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"),   false},
        {STR("GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\n\r\n"), true },
        {STR("GET / HTTP/1.0\r\n\r\n"),                                false},
        {STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),      true },
    };

    (void)state;
    EACH_ROW (row, rows) {
        struct framing f;
        struct request rq;

        assert_int_equal(head_read(row->in, STEPS_HEAD_MAX, &rq, &f).is, READ_DONE);
        assert_int_equal(f.keep_alive, row->keep_alive);
    }
}

static void decodes_chunks(void **state)
{
    static const char text[] = CHUNKED "5\r\nhello\r\n1\r\n \r\n00000005\r\nworld\r\n0\r\n\r\nGET";
    struct str in = {text, sizeof(text) - 1};
    OWN(outcome_deinit) struct outcome o = {0};

    (void)state;
    read_in_steps(in, in.n, &o);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.used, in.n - 3);
    assert_true(str_eq(buf_str(&o.body), STR("hello world")));
}

/* ---- pieces ---- */

static void same_in_steps(const struct row *row, size_t step)
{
    OWN(outcome_deinit) struct outcome whole = {0};
    OWN(outcome_deinit) struct outcome pieces = {0};

    read_in_steps(row->in, MAX_OF(row->in.n, (size_t)1), &whole);
    read_in_steps(row->in, step, &pieces);
    if (whole.status != pieces.status)
        fail_msg("%s: %d whole, %d in steps of %zu", row->name, whole.status, pieces.status, step);
    if (whole.status != 0)
        return;
    assert_int_equal(whole.used, pieces.used);
    assert_true(str_eq(buf_str(&whole.body), buf_str(&pieces.body)));
}

static void the_size_of_pieces_changes_nothing(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 17; step++) {
        EACH_ROW (row, measured)
            same_in_steps(row, step);
        EACH_ROW (row, more)
            same_in_steps(row, step);
    }
}

/* A prefix of what is complete needs more; of what is refused, needs more or is refused the same.
 */
static void no_prefix_is_judged_differently(void **state)
{
    (void)state;
    EACH_ROW (row, measured) {
        OWN(outcome_deinit) struct outcome whole = {0};

        read_in_steps(row->in, row->in.n, &whole);
        for (size_t n = 1; n < row->in.n; n++) {
            int got = status_of(str_sub(row->in, 0, n));
            bool complete = whole.status == 0 && n >= whole.used;

            if (got != -1 && got != whole.status)
                fail_msg("%s: %d after %zu bytes, %d after all", row->name, got, n, whole.status);
            if (got == 0 && !complete)
                fail_msg("%s: complete after %zu of %zu bytes", row->name, n, whole.used);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_the_measured_cases),
        cmocka_unit_test(refuses_their_relatives),
        cmocka_unit_test(refuses_heads_beyond_measure),
        cmocka_unit_test(a_head_may_have_exactly_its_measure),
        cmocka_unit_test(a_body_may_have_exactly_its_measure),
        cmocka_unit_test(takes_a_request_apart),
        cmocka_unit_test(knows_who_wants_to_stay),
        cmocka_unit_test(decodes_chunks),
        cmocka_unit_test(the_size_of_pieces_changes_nothing),
        cmocka_unit_test(no_prefix_is_judged_differently),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
