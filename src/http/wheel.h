/*
 * wheel.h: one alarm per connection, set and cleared in constant time (a hashed timing wheel:
 * Varghese and Lauck, 1987, scheme 6). Pure: the caller says what time it is.
 *
 * Alarms fire up to WHEEL_TICK_MS late and never early. A deadline that was set stays where it is,
 * whatever arrives meanwhile: that is what stops a client that sends a byte now and then.
 */
#ifndef HTTP_WHEEL_H
#define HTTP_WHEEL_H

#include <stddef.h>
#include <stdint.h>

enum { WHEEL_TICK_MS = 50, WHEEL_SLOTS = 1024 }; /* one turn: 51 s */

struct alarm {
    struct alarm *next, **link; /* link is NULL while not set */
    int64_t at_ms;              /* monotonic */
};

struct wheel {
    struct alarm *slots[WHEEL_SLOTS];
    int64_t tick; /* the first one that was not gone through */
    size_t count; /* alarms set; none: no need to tick */
};

void wheel_init(struct wheel *w, int64_t now_ms);
/* Sets or moves an alarm. */
void wheel_set(struct wheel *w, struct alarm *a, int64_t at_ms);
void wheel_clear(struct wheel *w, struct alarm *a); /* fine when not set */
/* Takes out one alarm that is due, or NULL. Call until NULL; alarms may be changed in between. */
struct alarm *wheel_due(struct wheel *w, int64_t now_ms);

#endif
