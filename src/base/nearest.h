/*
 * nearest.h: a guess at what was meant, for "unknown option; did you mean …?".
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/str.h"

enum { NEAREST_WORD_MAX = 40 }; /* bytes; longer words are never guessed */

/* Place it with the word that was typed: struct nearest n = {.word = word}; */
struct nearest {
    struct str word;
    struct str best; /* STR_NONE until a candidate was close enough */
    unsigned best_distance;
};

/* Remembers the candidate if it is closer than those before. Close enough is one slip (a letter
 * wrong, missing, added, or two swapped; '-' and '_' are the same) for every three letters. */
void nearest_try(struct nearest *n, struct str candidate);

#endif
