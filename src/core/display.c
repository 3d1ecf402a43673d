/* display.c: see display.h. */
#include "core/display.h"
#include "base/buf.h"

struct range {
    int32_t first, last;
};

/* Ends of lines and of columns; they keep words apart. */
static const struct range blanks[] = {
    {0x09,   0x0D  },
    {0x85,   0x85  },
    {0x2028, 0x2029},
    {0x2800, 0x2800}, /* a Braille cell without dots */
};

/* What shows nothing, or changes how its neighbours show. */
static const struct range unseen[] = {
    {0x00,    0x1F   },
    {0x7F,    0x9F   },
    {0xAD,    0xAD   }, /* soft hyphen */
    {0x034F,  0x034F }, /* grapheme joiner */
    {0x061C,  0x061C }, /* Arabic letter mark */
    {0x115F,  0x1160 }, /* Hangul fillers */
    {0x17B4,  0x17B5 }, /* Khmer inherent vowels */
    {0x180B,  0x180F }, /* Mongolian selectors */
    {0x200B,  0x200F }, /* zero width, joiners, direction marks */
    {0x202A,  0x202E }, /* embeddings and overrides of direction */
    {0x2060,  0x206F }, /* invisible operators, isolates */
    {0x3164,  0x3164 }, /* Hangul filler */
    {0xFE00,  0xFE0F }, /* selectors of a variant */
    {0xFEFF,  0xFEFF }, /* byte order mark */
    {0xFFA0,  0xFFA0 }, /* Hangul filler */
    {0xFFF0,  0xFFFB }, /* annotations */
    {0x1BCA0, 0x1BCA3}, /* shorthand controls */
    {0x1D173, 0x1D17A}, /* musical controls */
    {0xE0000, 0xE0FFF}, /* tags, selectors of a variant */
};

/* Marks above and below a letter: a heap of them covers the lines around. */
static const struct range marks[] = {
    {0x0300, 0x036F},
    {0x0483, 0x0489},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x20D0, 0x20FF},
    {0xFE20, 0xFE2F},
};
enum { MARKS_MAX = 3 }; /* on one letter: Vietnamese has two */

static bool in_ranges(int32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

struct str display_text(struct arena *mem, struct str in, size_t max_chars)
{
    static const struct str more = STR("…"), broken = STR("\xEF\xBF\xBD");
    OWN(buf_deinit) struct buf b;
    size_t chars = 0, heap = 0, cut_at = 0;
    bool blank = true; /* so that none stands at the beginning */

    buf_init(&b, 3 * in.n + more.n + 1); /* U+FFFD has three bytes */
    for (size_t at = 0; at < in.n;) {
        size_t from = at;
        int32_t c = str_utf8_next(in, &at);
        struct str as = str_sub(in, from, at - from);

        if (in_ranges(c, blanks, COUNT_OF(blanks)))
            as = blank ? STR("") : STR(" ");
        else if (c < 0)
            as = broken;
        else if (in_ranges(c, unseen, COUNT_OF(unseen)))
            as = STR("");
        heap = in_ranges(c, marks, COUNT_OF(marks)) ? heap + 1 : as.n ? 0 : heap;
        if (!as.n || heap > MARKS_MAX)
            continue;
        if (chars == max_chars) { /* one more than there is room for */
            b.n = cut_at;
            buf_add(&b, more);
            break;
        }
        if (++chars == max_chars)
            cut_at = b.n;
        buf_add(&b, as);
        blank = str_eq(as, STR(" "));
    }
    return arena_str(mem, buf_str(&b));
}
