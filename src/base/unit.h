/*
 * unit.h: what a unit test includes, first of all: cmocka with the headers it wants before it, and
 * assertions for our views. Only *_test.c include it.
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

#include "base/str.h"

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

#endif
