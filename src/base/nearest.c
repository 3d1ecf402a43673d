/* nearest.c: optimal string alignment distance (Damerau-Levenshtein without crossed edits). */
#include "base/nearest.h"

static char fold(char c)
{
    return c == '-' ? '_' : char_lower(c);
}

static unsigned distance(struct str a, struct str b)
{
    unsigned row[3][NEAREST_WORD_MAX + 1]; /* the last two rows and the present one */
    unsigned *before = row[0], *above = row[1], *here = row[2], *spare;

    for (unsigned j = 0; j <= b.n; j++)
        above[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        here[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);
            unsigned best = above[j - 1] + !same;

            best = MIN_OF(best, above[j] + 1);
            best = MIN_OF(best, here[j - 1] + 1);
            if (i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) &&
                fold(a.p[i - 2]) == fold(b.p[j - 1]))
                best = MIN_OF(best, before[j - 2] + 1);
            here[j] = best;
        }
        spare = before;
        before = above;
        above = here;
        here = spare;
    }
    return above[b.n];
}

void nearest_try(struct nearest *n, struct str candidate)
{
    unsigned d;

    if (n->word.n == 0 || n->word.n > NEAREST_WORD_MAX || candidate.n > NEAREST_WORD_MAX)
        return;
    d = distance(n->word, candidate);
    if (d > MAX_OF(n->word.n / 3, (size_t)1) || d >= candidate.n)
        return;
    if (n->best.p && d >= n->best_distance)
        return;
    n->best = candidate;
    n->best_distance = d;
}
