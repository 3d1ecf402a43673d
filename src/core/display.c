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

/* Letters of words that are written in Latin script … */
static const struct range latin[] = {
    {'A',    'Z'   },
    {'a',    'z'   },
    {0xC0,   0x24F },
    {0x1E00, 0x1EFF},
};

/* … and those that can be taken for one of them without being one. Beside Latin letters in one word
 * they are not there by chance. */
static const struct range alike[] = {
    {0x0391,  0x03A8 }, /* Greek, without omega, which is ohms */
    {0x03B1,  0x03BB },
    {0x03BD,  0x03C9 }, /* without mu, which measures */
    {0x0400,  0x052F }, /* Cyrillic */
    {0x0531,  0x0587 }, /* Armenian */
    {0x13A0,  0x13FF }, /* Cherokee */
    {0x1C80,  0x1C8F }, /* Cyrillic */
    {0x2C80,  0x2CFF }, /* Coptic */
    {0xA4D0,  0xA4FF }, /* Lisu */
    {0xA640,  0xA69F }, /* Cyrillic */
    {0xAB70,  0xABBF }, /* Cherokee */
    {0xFF21,  0xFF3A }, /* wide */
    {0xFF41,  0xFF5A },
    {0x1D400, 0x1D7FF}, /* of formulas */
};

/* What a word may hold besides letters. */
static const struct range inside[] = {
    {'0',    '9'   },
    {0x0300, 0x036F},
};

static bool in_ranges(int32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* Without what shows nothing, on one line, with few marks on a letter. */
static void add_clean(struct buf *out, struct str in)
{
    static const struct str broken = STR("\xEF\xBF\xBD");
    size_t heap = 0;
    bool blank = true; /* so that none stands at the beginning */

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
        buf_add(out, as);
        blank = str_eq(as, STR(" "));
    }
}

/* The same with DISPLAY_MIXED before each word that has letters of both tables, unless it stands
 * there. */
static void add_marked(struct buf *out, struct str in)
{
    bool has_latin = false, has_alike = false;
    size_t word_at = 0;

    for (size_t at = 0; at <= in.n;) {
        size_t from = at;
        int32_t c = at < in.n ? str_utf8_next(in, &at) : -1;
        bool is_latin = in_ranges(c, latin, COUNT_OF(latin));
        bool is_alike = in_ranges(c, alike, COUNT_OF(alike));

        has_latin |= is_latin;
        has_alike |= is_alike;
        if (is_latin || is_alike || in_ranges(c, inside, COUNT_OF(inside)))
            continue;
        if (has_latin && has_alike && !str_ends(buf_str(out), STR(DISPLAY_MIXED)))
            buf_add(out, STR(DISPLAY_MIXED));
        buf_add(out, str_sub(in, word_at, at - word_at));
        has_latin = has_alike = false;
        word_at = at;
        if (from == in.n)
            break;
    }
}

/* At most max_chars of it. */
static void add_cut(struct buf *out, struct str in, size_t max_chars)
{
    size_t chars = 0, at = 0, cut_at = 0;

    while (at < in.n && chars < max_chars) {
        cut_at = at;
        str_utf8_next(in, &at);
        chars++;
    }
    buf_add(out, str_sub(in, 0, at < in.n ? cut_at : at));
    if (at < in.n)
        buf_add(out, STR("…"));
}

struct str display_text(struct arena *mem, struct str in, size_t max_chars)
{
    enum {
        BROKEN_LEN = 3,
        MIXED_LEN = sizeof(DISPLAY_MIXED) - 1
    }; /* for a byte; for two letters */
    OWN(buf_deinit) struct buf clean, marked, cut;

    buf_init(&clean, BROKEN_LEN * in.n + 1);
    buf_init(&marked, (BROKEN_LEN + MIXED_LEN) * in.n + 1);
    buf_init(&cut, (BROKEN_LEN + MIXED_LEN) * in.n + 4);
    add_clean(&clean, in);
    add_marked(&marked, buf_str(&clean));
    add_cut(&cut, buf_str(&marked), max_chars);
    return arena_str(mem, buf_str(&cut));
}
