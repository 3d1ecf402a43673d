/* keypad.c: see keypad.h. */
#include "channel/keypad.h"

#include <string.h>

enum { APPROVES = '1', DENIES = '9', REPEATS = '*' };

void keypad_clear(struct keypad *k)
{
    explicit_bzero(k, sizeof(*k));
}

static enum keypad_step add(struct keypad *k, char key)
{
    k->digits[k->count++] = key;
    return k->count == KEYPAD_DIGITS ? KEYPAD_FULL : KEYPAD_MORE;
}

enum keypad_step keypad_press(struct keypad *k, char key)
{
    bool again = k->denied && key == DENIES;

    if (key == REPEATS) {
        keypad_clear(k);
        return KEYPAD_REPEAT;
    }
    if (key < '0' || key > '9')
        return KEYPAD_MORE;
    if (again)
        return KEYPAD_NOT_ME;
    if (k->denied) /* thought better of it */
        keypad_clear(k);
    if (key == DENIES && (k->count == 0 || k->count == KEYPAD_DIGITS)) {
        k->denied = true;
        return KEYPAD_DENIED;
    }
    if (k->count < KEYPAD_DIGITS)
        return add(k, key);
    return key == APPROVES ? KEYPAD_APPROVE : KEYPAD_MORE;
}
