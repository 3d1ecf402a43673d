/*
 * passlist.c: see passlist.h. A shortest path over the positions of the password: best[i] is the
 * price of its first i bytes, and every thing found at i offers a price for a later position.
 */
#include "crypto/passlist.h"

#include "crypto/passlist_words.inc"

enum {
    BITS_TOP = 7,
    BITS_WORD = 13,
    BITS_CONTEXT = 2,
    BITS_RUN = 4,
    BITS_WALK = 6,
    BITS_TURN = 3,
    BITS_YEAR = 7,
    BITS_DATE = 16,
    BITS_EASY = 3,  /* digits and common symbols */
    BITS_OTHER = 5, /* letters, symbols, bytes beyond ASCII */
    BITS_CAPITAL = 6,
    BITS_LEET = 2,
    BITS_BACKWARDS = 1,
    BITS_REPEATED = 2,
    BITS_NONE = 1000000,
    WORD_MIN = 3, /* the shortest word, run or walk that counts */
    YEAR_MIN = 1900,
    YEAR_MAX = 2059,
    TEXT_MAX = 64, /* of a context's text */
    PARTS_MAX = 4 * PASSLIST_CONTEXT_MAX,
};

/* What the context comes down to: lower case, letters and digits only. */
struct parts {
    struct str part[PARTS_MAX];
    size_t count;
    char text[PASSLIST_CONTEXT_MAX * TEXT_MAX];
    size_t used;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Letters, digits and whatever is not ASCII, which are letters mostly. */
static bool in_word(char c)
{
    return is_digit(c) || (char_lower(c) >= 'a' && char_lower(c) <= 'z') ||
           (unsigned char)c >= 0x80;
}

/* ---- words ---- */

enum found { NOTHING, BEGINNING, WORD };

/* Is w a word of the list, or at least the beginning of one? The list is in byte order, a blank
 * behind each word; lo and hi are always starts of words (or the end). */
static enum found list_find(struct str list, struct str w)
{
    size_t lo = 0, hi = list.n;

    while (lo < hi) {
        size_t at = lo + (hi - lo) / 2, end;

        while (at > lo && list.p[at - 1] != ' ')
            at--;
        end = at + (size_t)str_find(str_sub(list, at, list.n), ' ');
        if (str_cmp(str_sub(list, at, end - at), w) < 0)
            lo = end + 1;
        else
            hi = at;
    }
    list = str_sub(list, lo, list.n);
    if (!str_starts(list, w))
        return NOTHING;
    return list.p[w.n] == ' ' ? WORD : BEGINNING;
}

/* The price of w as a word, BITS_NONE when it is none; *more says whether a longer one begins so.
 */
static int word_bits(struct str w, const struct parts *parts, bool *more)
{
    const struct str top = {top_words, sizeof(top_words) - 1},
                     list = {list_words, sizeof(list_words) - 1};
    enum found in_top = list_find(top, w), in_list = list_find(list, w);
    int bits = in_top == WORD ? BITS_TOP : in_list == WORD ? BITS_WORD : BITS_NONE;

    *more = in_top != NOTHING || in_list != NOTHING;
    for (size_t i = 0; i < parts->count; i++) {
        if (!str_starts(parts->part[i], w))
            continue;
        *more = true;
        if (parts->part[i].n == w.n)
            bits = BITS_CONTEXT;
    }
    return w.n >= WORD_MIN ? bits : BITS_NONE;
}

/* One way to read the password: in lower case, with l33t undone, from its end. */
struct reading {
    char p[PASSLIST_LOOK_MAX];
    bool changed[PASSLIST_LOOK_MAX]; /* here l33t was undone */
    bool backwards;
};

/* What stands for which letter; '1' and '!' also stand for the second. */
static const char leet_from[] = "@4831!05$7+2(|", leet_to[] = "aabeiiossttzcl",
                  leet_too[] = "aabellossttzcl";

static char unleet(char c, const char *to)
{
    const char *at = c ? strchr(leet_from, c) : NULL;

    return at ? char_lower(to[at - leet_from]) : c;
}

/* `to` is NULL for the plain reading. False when it would say nothing new. */
static bool read_as(struct str s, const char *to, bool backwards, struct reading *r)
{
    bool any = false;

    r->backwards = backwards;
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[backwards ? s.n - 1 - i : i]), d = to ? unleet(c, to) : c;

        r->p[i] = d;
        r->changed[i] = d != c;
        any = any || d != c;
    }
    return any || !to;
}

/* The price of capitals among s: none, only the first or all of them, mixed. */
static int capital_bits(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.n; i++)
        count += is_upper(s.p[i]);
    if (count == 0)
        return 0;
    if (count == s.n || (count == 1 && is_upper(s.p[0])))
        return 1;
    return 1 + (int)MIN_OF(count, s.n - count);
}

static void offer(int *best, int bits)
{
    *best = MIN_OF(*best, bits);
}

/* Every word of this reading, from position `at` of the reading on. */
static void offer_words(struct str s, const struct reading *r, size_t at, const struct parts *parts,
                        int *best)
{
    bool more = true, leet = false;

    for (size_t n = 1; more && at + n <= s.n; n++) {
        int bits = word_bits((struct str){r->p + at, n}, parts, &more);
        size_t from = r->backwards ? s.n - at - n : at;

        leet = leet || r->changed[at + n - 1];
        if (bits == BITS_NONE)
            continue;
        bits += capital_bits(str_sub(s, from, n)) + (leet ? BITS_LEET : 0) +
                (r->backwards ? BITS_BACKWARDS : 0);
        offer(&best[from + n], best[from] + bits);
    }
}

/* ---- runs and walks ---- */

/* Rows of the US keyboard, plain and shifted; each row stands half a key to the right of the one
 * above, so a key's neighbours are left and right, two above (same column and the next), two below.
 */
static const char *const rows[] = {"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"};
static const char *const shifted[] = {"!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"", "ZXCVBNM<>?"};

static bool key_of(char c, int *row, int *col)
{
    for (int i = 0; c && i < (int)COUNT_OF(rows); i++) {
        const char *at = strchr(rows[i], c), *at_shifted = strchr(shifted[i], c);

        if (!at && !at_shifted)
            continue;
        *row = i;
        *col = (int)(at ? at - rows[i] : at_shifted - shifted[i]);
        return true;
    }
    return false;
}

/* The direction from a to its neighbour b, 0 when it is none. */
static int direction(char a, char b)
{
    int row_a, col_a, row_b, col_b, down, right;

    if (!key_of(a, &row_a, &col_a) || !key_of(b, &row_b, &col_b))
        return 0;
    down = row_b - row_a;
    right = col_b - col_a;
    if (down == 0 && (right == 1 || right == -1))
        return right == 1 ? 1 : 2;
    if (down == 1 && (right == 0 || right == -1))
        return right == 0 ? 3 : 4;
    if (down == -1 && (right == 0 || right == 1))
        return right == 0 ? 5 : 6;
    return 0;
}

/* A turn costs, unless it goes on as before the one before it: "1q2w3e" zigzags at the price of
 * one. */
static void offer_walks(struct str s, size_t at, int *best)
{
    int bits = BITS_WALK, before = 0, two_before = 0;
    bool any_shifted = false, all_shifted = true;

    for (size_t i = at; i < s.n; i++) {
        bool is_shifted = is_upper(s.p[i]) || (!in_word(s.p[i]) && !strchr("-=[];',./", s.p[i]));
        int to = i > at ? direction(s.p[i - 1], s.p[i]) : 0;

        if (i > at && to == 0)
            return;
        if (i > at + 1 && to != before && to != two_before)
            bits += BITS_TURN;
        two_before = before;
        before = to;
        any_shifted = any_shifted || is_shifted;
        all_shifted = all_shifted && is_shifted;
        if (i + 1 - at >= (bits == BITS_WALK ? WORD_MIN : WORD_MIN + 1))
            offer(&best[i + 1], best[at] + bits + any_shifted + (any_shifted && !all_shifted));
    }
}

/* "aaaa", "1234", "dcba": bytes that go on by one, or not at all. */
static void offer_runs(struct str s, size_t at, int *best)
{
    int step = at + 1 < s.n ? char_lower(s.p[at + 1]) - char_lower(s.p[at]) : BITS_NONE;

    if (step < -1 || step > 1)
        return;
    for (size_t i = at + 1; i < s.n; i++) {
        size_t n = i + 1 - at;

        if (char_lower(s.p[i]) - char_lower(s.p[i - 1]) != step || (step && !in_word(s.p[i])))
            return;
        if (n >= WORD_MIN)
            offer(&best[i + 1], best[at] + BITS_RUN + capital_bits(str_sub(s, at, n)));
    }
}

/* ---- years and dates ---- */

static bool number_in(struct str digits, int64_t min, int64_t max)
{
    int64_t v;

    return str_all_digits(digits) && str_to_i64(digits, min, max, &v);
}

/* Positions of year, and of two more pairs, in the usual orders of eight digits. */
static bool is_date(struct str s)
{
    static const struct {
        size_t year, day, month;
    } orders[] = {
        {4, 0, 2},
        {4, 2, 0},
        {0, 6, 4},
        {0, 4, 6}
    };

    EACH_ROW (o, orders) {
        if (number_in(str_sub(s, o->year, 4), YEAR_MIN, YEAR_MAX) &&
            number_in(str_sub(s, o->day, 2), 1, 31) && number_in(str_sub(s, o->month, 2), 1, 12))
            return true;
    }
    return false;
}

static void offer_dates(struct str s, size_t at, int *best)
{
    if (s.n - at >= 4 && number_in(str_sub(s, at, 4), YEAR_MIN, YEAR_MAX))
        offer(&best[at + 4], best[at] + BITS_YEAR);
    if (s.n - at >= 8 && is_date(str_sub(s, at, 8)))
        offer(&best[at + 8], best[at] + BITS_DATE);
}

/* ---- all together ---- */

static int byte_bits(char c)
{
    if (is_digit(c) || (c && strchr("!.-_ @#$*?", c)))
        return BITS_EASY;
    return is_upper(c) ? BITS_CAPITAL : BITS_OTHER;
}

static int path_bits(struct str s, const struct parts *parts)
{
    static const char *const ways[] = {NULL, leet_to, leet_too};
    struct reading forwards[COUNT_OF(ways)], backwards[COUNT_OF(ways)];
    bool have[COUNT_OF(ways)];
    int best[PASSLIST_LOOK_MAX + 1];

    for (size_t w = 0; w < COUNT_OF(ways); w++) {
        have[w] = read_as(s, ways[w], false, &forwards[w]);
        read_as(s, ways[w], true, &backwards[w]);
    }
    best[0] = 0;
    for (size_t i = 1; i <= s.n; i++)
        best[i] = BITS_NONE;
    for (size_t i = 0; i < s.n; i++) {
        offer(&best[i + 1], best[i] + byte_bits(s.p[i]));
        offer_runs(s, i, best);
        offer_walks(s, i, best);
        offer_dates(s, i, best);
        for (size_t w = 0; w < COUNT_OF(ways); w++) {
            if (!have[w])
                continue;
            offer_words(s, &forwards[w], i, parts, best);
            /* those that end at i + 1 start where best[] is known already */
            offer_words(s, &backwards[w], s.n - 1 - i, parts, best);
        }
    }
    return best[s.n];
}

/* The smallest piece of which s is made by repeating it; s itself when there is none. */
static struct str period_of(struct str s)
{
    for (size_t n = 1; n <= s.n / 2; n++) {
        if (s.n % n == 0 && str_eq(str_sub(s, n, s.n), str_sub(s, 0, s.n - n)))
            return str_sub(s, 0, n);
    }
    return s;
}

/* "aabbcc" to "abc" in `out`; false when not every byte is doubled. */
static bool undouble(struct str s, char out[static PASSLIST_LOOK_MAX], struct str *single)
{
    if (s.n % 2 != 0)
        return false;
    for (size_t i = 0; i < s.n; i += 2) {
        if (s.p[i] != s.p[i + 1])
            return false;
        out[i / 2] = s.p[i];
    }
    *single = (struct str){out, s.n / 2};
    return true;
}

static int password_bits(struct str s, const struct parts *parts)
{
    struct str piece = period_of(s), single;
    char out[PASSLIST_LOOK_MAX];
    int bits = path_bits(s, parts);

    if (piece.n < s.n)
        offer(&bits, path_bits(piece, parts) + BITS_REPEATED);
    if (undouble(s, out, &single))
        offer(&bits, path_bits(single, parts) + BITS_REPEATED);
    return bits;
}

/* ---- the context ---- */

static void part_add(struct parts *parts, struct str s)
{
    if (s.n >= WORD_MIN && parts->count < PARTS_MAX)
        parts->part[parts->count++] = s;
}

/* Adds the text without its punctuation, and each piece between its punctuation. */
static void parts_of(struct parts *parts, struct str text)
{
    size_t start = parts->used, piece = start;

    text.n = MIN_OF(text.n, (size_t)TEXT_MAX);
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && in_word(text.p[i])) {
            parts->text[parts->used++] = char_lower(text.p[i]);
            continue;
        }
        part_add(parts, (struct str){parts->text + piece, parts->used - piece});
        piece = parts->used;
    }
    part_add(parts, (struct str){parts->text + start, parts->used - start});
}

enum passlist_verdict passlist_check(struct str password, const struct str *context, size_t n)
{
    struct parts parts = {.count = 0};

    password.n = MIN_OF(password.n, (size_t)PASSLIST_LOOK_MAX);
    if (password_bits(password, &parts) < PASSLIST_BITS_MIN)
        return PASSLIST_COMMON;
    for (size_t i = 0; i < n && i < PASSLIST_CONTEXT_MAX; i++)
        parts_of(&parts, context[i]);
    if (password_bits(password, &parts) < PASSLIST_BITS_MIN)
        return PASSLIST_CONTEXT;
    return PASSLIST_FINE;
}
