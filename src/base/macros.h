/*
 * macros.h: the few words that every module may use: ownership by scope, compiler promises, tables.
 */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stdbool.h>
#include <stddef.h>

/* OWN(deinit) T x = ...: deinit(&x) runs when x leaves its scope. TAKE(x) moves the pointer out. */
#define OWN(deinit) __attribute__((cleanup(deinit)))
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) took_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        took_;                                                                                     \
    })

#define MUST_USE                __attribute__((warn_unused_result))
#define NORETURN                __attribute__((noreturn))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define EACH_ROW(row, table)                                                                       \
    for (const __typeof__((table)[0]) *row = (table); row < (table) + COUNT_OF(table); row++)

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

enum { KIB = 1024, MIB = 1024 * 1024 };
enum { MS_PER_S = 1000 };
#define MINUTE_MS ((int64_t)60 * MS_PER_S)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

#endif
