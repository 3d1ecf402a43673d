/*
 * keypad.h: what is typed in a call that asks for approval: six digits, then 1. Pure.
 *
 *   482913 1    approve        9 9    "this was not me"
 *   *           from the start, and the question once more
 *
 * A 9 in front, or behind the six digits, denies; it asks for a second one before it means more. So
 * the digits that are asked for begin with another one (core/keyed.h). No single key does anything
 * else than that.
 */
#ifndef CHANNEL_KEYPAD_H
#define CHANNEL_KEYPAD_H

#include <stdbool.h>
#include <stddef.h>

enum { KEYPAD_DIGITS = 6 };

struct keypad {                     /* holds a secret */
    char digits[KEYPAD_DIGITS + 1]; /* NUL-terminated */
    size_t count;
    bool denied; /* the last key was a 9 that denies */
};

enum keypad_step {
    KEYPAD_MORE,   /* nothing to say */
    KEYPAD_REPEAT, /* the question is wanted again */
    KEYPAD_FULL,   /* six digits are in: 1 approves */
    KEYPAD_DENIED, /* denied; another 9 says that it was not them */
    KEYPAD_APPROVE,
    KEYPAD_NOT_ME,
};
/* key: 0 to 9, *, #, A to D */
enum keypad_step keypad_press(struct keypad *k, char key);
void keypad_clear(struct keypad *k);

#endif
