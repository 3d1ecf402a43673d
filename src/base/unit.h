/*
 * unit.h: what a unit test includes, first of all: cmocka with the headers it wants before it, and
 * assertions for our views and an arena per group of tests. Only *_test.c include it.
 */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* cmocka's fail() is a macro, ours (ctx.h) a function; a test says fail_msg. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/arena.h"
#include "base/encode.h"

/* Shows both texts when they differ. */
#define assert_str(got, want)                                                                      \
    do {                                                                                           \
        struct str got_ = (got), want_ = (want);                                                   \
        if (!str_eq(got_, want_))                                                                  \
            fail_msg("%s:%d: got \"%.*s\", want \"%.*s\"", __FILE__, __LINE__, STR_ARG(got_),      \
                     STR_ARG(want_));                                                              \
    } while (0)

/* For a row of a table: names the row that failed. */
#define assert_row(row, condition)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s:%d: row \"%s\": %s", __FILE__, __LINE__, (row)->name, #condition);        \
    } while (0)

/* Group fixtures: *state is an arena that lives as long as the group. */
static inline int unit_mem_setup(void **state)
{
    *state = arena_new();
    return 0;
}

static inline int unit_mem_teardown(void **state)
{
    struct arena *mem = *state;

    arena_free(&mem);
    return 0;
}

/* The bytes that `text` says in hex. */
static inline struct bytes unit_hex(struct arena *mem, const char *text)
{
    struct str in = str_from(text);
    uint8_t *out = arena_alloc(mem, in.n / 2);

    assert_int_equal(hex_decode(in, out, in.n / 2), in.n / 2);
    return (struct bytes){out, in.n / 2};
}

/* As assert_str, for bytes, shown in hex. */
#define assert_hex(mem, got, want_hex) assert_str(hex_encode((mem), (got)), str_from(want_hex))

#endif
