/*
 * language.c: which language, not what it says: that is languages.def.
 */
#include "channel/language.h"

const struct language languages[] = {
#include "channel/languages.def"
};
const size_t language_count = COUNT_OF(languages);

static char fold(char c)
{
    return c == '_' ? '-' : char_lower(c);
}

/* Whether locale is tag, or begins with it and goes on with "-" ("de-AT" is "de"). */
static bool begins_with_tag(struct str locale, struct str tag)
{
    if (locale.n < tag.n)
        return false;
    for (size_t i = 0; i < tag.n; i++) {
        if (fold(locale.p[i]) != fold(tag.p[i]))
            return false;
    }
    return locale.n == tag.n || fold(locale.p[tag.n]) == '-';
}

static const struct language *by_tag(struct str locale)
{
    const struct language *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < language_count; i++) {
        struct str tag = str_from(languages[i].tag);

        if (tag.n > best_len && begins_with_tag(locale, tag)) {
            best = &languages[i];
            best_len = tag.n;
        }
    }
    return best;
}

static const struct language *by_locale(struct str locale)
{
    /* names for a language of ours that do not begin with its tag */
    static const struct {
        struct str name, tag;
    } aliases[] = {
        {STR("zh-TW"), STR("zh-Hant")},
        {STR("zh-HK"), STR("zh-Hant")},
        {STR("zh-MO"), STR("zh-Hant")},
        {STR("no"),    STR("nb")     },
        {STR("nn"),    STR("nb")     },
        {STR("in"),    STR("id")     },
    };

    EACH_ROW (row, aliases) {
        if (begins_with_tag(locale, row->name))
            return by_tag(row->tag);
    }
    return by_tag(locale);
}

static const struct language *by_number(struct str number)
{
    const struct language *best = NULL;
    struct str digits = str_sub(number, 1, number.n);
    size_t best_len = 0;

    if (!str_starts(number, STR("+")))
        return NULL;
    for (size_t i = 0; i < language_count; i++) {
        struct str rest = str_from(languages[i].numbers), begin;

        while (str_split(&rest, ' ', &begin)) {
            if (begin.n > best_len && str_starts(digits, begin)) {
                best = &languages[i];
                best_len = begin.n;
            }
        }
    }
    return best;
}

const struct language *language_pick(struct str locale, struct str number)
{
    const struct language *l = by_locale(locale);

    if (!l)
        l = by_number(number);
    return l ? l : &languages[0];
}

struct str language_digit(const struct language *l, char digit)
{
    struct str rest = str_from(l->digits), word = STR_NONE;

    for (char d = '0'; d <= digit && str_split(&rest, ' ', &word); d++)
        continue;
    return word;
}
