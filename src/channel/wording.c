/* wording.c: see wording.h. */
#include "channel/wording.h"
#include "base/mem.h"
#include "channel/gsm7.h"
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANGUAGES_MAX = 64, FILES_MAX = 200, TEXT_MAX = 1000, NAME_SHOWN_MAX = 40 };

struct wording {
    struct arena *mem; /* of the texts */
    struct language languages[LANGUAGES_MAX];
    struct letter_words letters[LETTER_KINDS];
};

/* ---- what a text may be ---- */

enum place {
    PLACE_CODE = 1,
    PLACE_SERVICE = 2,
    PLACE_DIGITS = 4,
    PLACE_LINK = 8,
    PLACE_WHAT = 16,
};

static const struct {
    struct str name;
    unsigned bit;
} places[] = {
    {STR("code"),    PLACE_CODE   },
    {STR("service"), PLACE_SERVICE},
    {STR("digits"),  PLACE_DIGITS },
    {STR("link"),    PLACE_LINK   },
    {STR("what"),    PLACE_WHAT   },
};

struct text_rule {
    struct str name;
    size_t offset; /* of a const char * in struct language or struct letter_words */
    unsigned may, must;
    bool sms; /* is measured */
};

/* A code in a subject would be in the log of every mail server on the way. */
static const struct text_rule texts[] = {
    {STR("sms"),           offsetof(struct language, sms),           PLACE_CODE | PLACE_SERVICE,   PLACE_CODE,   true },
    {STR("sms_short"),     offsetof(struct language, sms_short),     PLACE_CODE | PLACE_SERVICE,   PLACE_CODE,
     true                                                                                                             },
    {STR("voice"),         offsetof(struct language, voice),         PLACE_DIGITS | PLACE_SERVICE, PLACE_DIGITS,
     false                                                                                                            },
    {STR("voice_approve"), offsetof(struct language, voice_approve), PLACE_SERVICE | PLACE_WHAT,
     PLACE_SERVICE,                                                                                              false},
    {STR("mail_subject"),  offsetof(struct language, mail_subject),  PLACE_SERVICE,                0,            false},
    {STR("mail_lead"),     offsetof(struct language, mail_lead),     PLACE_SERVICE,                0,            false},
    {STR("mail_note"),     offsetof(struct language, mail_note),     PLACE_SERVICE,                0,            false},
    {STR("pair_sms"),      offsetof(struct language, pair_sms),      PLACE_LINK | PLACE_SERVICE,   PLACE_LINK,
     false                                                                                                            },
    {STR("pair_subject"),  offsetof(struct language, pair_subject),  PLACE_SERVICE,                0,            false},
    {STR("pair_lead"),     offsetof(struct language, pair_lead),     PLACE_SERVICE,                0,            false},
    {STR("pair_button"),   offsetof(struct language, pair_button),   0,                            0,            false},
    {STR("pair_note"),     offsetof(struct language, pair_note),     PLACE_SERVICE,                0,            false},
};

static const struct text_rule letter_texts[] = {
    {STR("subject"), offsetof(struct letter_words, subject), PLACE_SERVICE,              0, false},
    {STR("lead"),    offsetof(struct letter_words, lead),    PLACE_SERVICE | PLACE_WHAT, 0, false},
    {STR("button"),  offsetof(struct letter_words, button),  0,                          0, false},
    {STR("note"),    offsetof(struct letter_words, note),    PLACE_SERVICE,              0, false},
};

static const struct str letters[LETTER_KINDS] = {
    [LETTER_CONFIRM_SIGN_UP] = {"confirm_sign_up",    15},
    [LETTER_ALREADY_REGISTERED] = {"already_registered", 18},
    [LETTER_RESET_PASSWORD] = {"reset_password",     14},
    [LETTER_NEW_PASSWORD] = {"new_password",       12},
    [LETTER_CONFIRM_EMAIL] = {"confirm_email",      13},
    [LETTER_NOTICE] = {"notice",             6 },
};

/* ---- reading a file ---- */

struct reader {
    struct ctx *cx;
    const struct wording_conf *conf;
    struct wording *w;
    struct language *language;
    bool english;
    struct str file; /* its name, for sentences */
    unsigned line;
    uint64_t said; /* bits of what was said before: texts, then letters */
    struct buf *problems, *warnings;
};

static void say(struct buf *out, const struct reader *r, size_t column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void say(struct buf *out, const struct reader *r, size_t column, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_addf(out, "%.*s:%u:%zu: %s\n", STR_ARG(r->file), r->line, column, text);
}

/* "{code} and {service}" */
static struct str place_names(struct ctx *cx, unsigned bits)
{
    struct str all = STR("");

    EACH_ROW (row, places) {
        if (row->bit & bits)
            all = arena_printf(cx->mem, "%.*s%s{%.*s}", STR_ARG(all), all.n ? " and " : "",
                               STR_ARG(row->name));
    }
    return all.n ? all : STR("none");
}

/* What stands in braces. at: the text's column in its line, from 1. */
static bool places_ok(const struct reader *r, struct str text, size_t at,
                      const struct text_rule *rule)
{
    unsigned found = 0;
    bool ok = true;

    for (size_t i = 0; i < text.n; i++) {
        struct str rest = str_sub(text, i, text.n), name;
        ptrdiff_t close;
        unsigned bit = 0;

        if (text.p[i] != '{')
            continue;
        if ((close = str_find(rest, '}')) < 0) {
            say(r->problems, r, at + i, "this { has no }");
            return false;
        }
        name = str_sub(rest, 1, (size_t)close - 1);
        EACH_ROW (row, places)
            bit |= str_eq(row->name, name) ? row->bit : 0;
        if (!(bit & rule->may)) {
            say(r->problems, r, at + i, "{%.*s} has no meaning in %.*s, which knows %.*s",
                STR_ARG(str_sub(name, 0, NAME_SHOWN_MAX)), STR_ARG(rule->name),
                STR_ARG(place_names(r->cx, rule->may)));
            ok = false;
        }
        found |= bit;
        i += (size_t)close;
    }
    if (rule->must & ~found) {
        say(r->problems, r, at, "%.*s must name %.*s", STR_ARG(rule->name),
            STR_ARG(place_names(r->cx, rule->must)));
        ok = false;
    }
    return ok;
}

/* The text as it would be sent, with a code of six digits. */
static struct str sample(const struct reader *r, struct str text)
{
    OWN(buf_deinit) struct buf b = {.max = 4 * KIB};

    for (size_t i = 0; i < text.n; i++) {
        struct str rest = str_sub(text, i, text.n);

        if (str_starts(rest, STR("{code}")))
            buf_add(&b, STR("000000"));
        else if (str_starts(rest, STR("{service}")))
            buf_add(&b, r->conf->service);
        if (str_starts(rest, STR("{")))
            i += (size_t)str_find(rest, '}');
        else
            buf_addc(&b, text.p[i]);
    }
    buf_addf(&b, "\n@%.*s #000000", STR_ARG(r->conf->host));
    return arena_str(r->cx->mem, buf_str(&b));
}

/* Where the first character is that makes it UCS-2; text.n when there is none. */
static size_t first_wide(struct str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t n = 1;

        while (i + n < text.n && ((unsigned char)text.p[i + n] & 0xC0) == 0x80)
            n++;
        if (sms_measure(str_sub(text, i, n)).coding == SMS_UCS2)
            return i;
        i += n;
    }
    return text.n;
}

/* What costs more than it needs to: not wrong. */
static void measure(const struct reader *r, struct str text, size_t at, const char *old,
                    const struct text_rule *rule)
{
    struct sms_size size = sms_measure(sample(r, text));
    bool was_narrow = sms_measure(sample(r, str_from(old))).coding == SMS_GSM7;
    size_t wide = first_wide(text);

    if (size.coding == SMS_UCS2 && was_narrow && wide < text.n)
        say(r->warnings, r, at + wide,
            "this letter is not in the GSM alphabet: only %d characters instead of %d fit into one "
            "message",
            SMS_UCS2_MAX, SMS_GSM7_MAX);
    if (size.parts > 1)
        say(r->warnings, r, at,
            "%.*s takes %zu messages (%zu of %d units of one) with the name \"%.*s\"%s",
            STR_ARG(rule->name), size.parts, size.units,
            size.coding == SMS_GSM7 ? SMS_GSM7_MAX : SMS_UCS2_MAX, STR_ARG(r->conf->service),
            str_eq(rule->name, STR("sms")) ? "; sms_short is sent instead" : "");
}

static void take(struct reader *r, const struct text_rule *rule, void *texts_of, uint64_t bit,
                 struct str text, size_t at)
{
    const char **member = (const char **)(void *)((char *)texts_of + rule->offset);

    if (r->said & bit) {
        say(r->problems, r, 1, "%.*s stands here for the second time", STR_ARG(rule->name));
        return;
    }
    r->said |= bit;
    if (text.n == 0 || text.n > TEXT_MAX || str_has_control(text)) {
        say(r->problems, r, at, "%.*s has 1 to %d bytes on one line", STR_ARG(rule->name),
            TEXT_MAX);
        return;
    }
    if (!places_ok(r, text, at, rule))
        return;
    if (rule->sms)
        measure(r, text, at, *member, rule);
    *member = arena_str(r->w->mem, text).p;
}

/* False: there is no such text. */
static bool take_letter(struct reader *r, struct str name, struct str text, size_t at)
{
    for (size_t k = 0; k < LETTER_KINDS; k++) {
        if (!str_starts(name, letters[k]) || name.n <= letters[k].n || name.p[letters[k].n] != '_')
            continue;
        for (size_t i = 0; i < COUNT_OF(letter_texts); i++) {
            struct text_rule rule = letter_texts[i];

            if (!str_eq(str_sub(name, letters[k].n + 1, name.n), rule.name))
                continue;
            if (k == LETTER_NOTICE && str_eq(rule.name, STR("lead")))
                rule.must = PLACE_WHAT;
            else
                rule.may &= ~(unsigned)PLACE_WHAT;
            rule.name = name;
            take(r, &rule, &r->w->letters[k],
                 UINT64_C(1) << (COUNT_OF(texts) + k * COUNT_OF(letter_texts) + i), text, at);
            return true;
        }
    }
    return false;
}

/* NULL: in this language nobody says it. */
static const char *built_in(const struct language *l, const struct text_rule *rule)
{
    return *(const char *const *)(const void *)((const char *)l + rule->offset);
}

static void read_line(struct reader *r, struct str line)
{
    ptrdiff_t equals = str_find(line, '=');
    struct str name, text;
    size_t at;

    if (str_trim(line).n == 0 || str_trim(line).p[0] == '#')
        return;
    if (equals <= 0) {
        say(r->problems, r, 1, "a line is NAME = TEXT");
        return;
    }
    name = str_trim(str_sub(line, 0, (size_t)equals));
    text = str_trim(str_sub(line, (size_t)equals + 1, line.n));
    at = text.n ? (size_t)(text.p - line.p) + 1 : (size_t)equals + 2;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!str_eq(texts[i].name, name) || !built_in(r->language, &texts[i]))
            continue;
        take(r, &texts[i], r->language, UINT64_C(1) << i, text, at);
        return;
    }
    if (!r->english || !take_letter(r, name, text, at))
        say(r->problems, r, 1, "there is no text called \"%.*s\"%s",
            STR_ARG(str_sub(name, 0, NAME_SHOWN_MAX)),
            r->english ? "" : " (letters with links are worded in en.txt)");
}

static struct language *language_of(struct wording *w, struct str tag)
{
    for (size_t i = 0; i < language_count; i++) {
        if (str_eq(str_from(w->languages[i].tag), tag))
            return &w->languages[i];
    }
    return NULL;
}

static struct str tags(struct ctx *cx)
{
    struct str all = STR("");

    for (size_t i = 0; i < language_count; i++)
        all = arena_printf(cx->mem, "%.*s%s%s", STR_ARG(all), i ? ", " : "", languages[i].tag);
    return all;
}

static void read_file(struct reader *r, struct str name)
{
    struct str text = STR_NONE, line, tag = str_sub(name, 0, name.n - 4);

    r->file = arena_printf(r->cx->mem, "%.*s/%.*s", STR_ARG(r->conf->dir), STR_ARG(name));
    r->line = 0;
    r->said = 0;
    r->language = language_of(r->w, tag);
    r->english = str_eq(tag, STR("en"));
    if (!r->language) {
        buf_addf(r->problems, "%.*s: there is no language %.*s, but %.*s\n", STR_ARG(r->file),
                 STR_ARG(tag), STR_ARG(tags(r->cx)));
        return;
    }
    if (config_read_file(r->cx, r->file, &text) || !str_is_utf8(text)) {
        buf_addf(r->problems, "%.*s: %s\n", STR_ARG(r->file), text.p ? "is not UTF-8" : r->cx->why);
        return;
    }
    while (str_split(&text, '\n', &line)) {
        r->line++;
        line.n -= str_ends(line, STR("\r"));
        read_line(r, line);
    }
}

/* ---- reading the folder ---- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void read_folder(struct reader *r)
{
    struct str names[FILES_MAX];
    const struct dirent *entry;
    size_t count = 0;
    DIR *dir = opendir(arena_str(r->cx->mem, r->conf->dir).p);

    if (!dir) {
        buf_addf(r->problems, "%.*s: %s\n", STR_ARG(r->conf->dir), strerror(errno));
        return;
    }
    while (count < FILES_MAX && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            names[count++] = arena_str(r->cx->mem, str_from(entry->d_name));
    closedir(dir);
    qsort(names, count, sizeof(*names), by_name); /* problems in the same order each time */
    for (size_t i = 0; i < count; i++) {
        if (str_ends(names[i], STR(".txt")))
            read_file(r, names[i]);
        else
            buf_addf(r->warnings, "%.*s/%.*s: is not read, since its name does not end in .txt\n",
                     STR_ARG(r->conf->dir), STR_ARG(names[i]));
    }
}

enum err wording_load(struct ctx *cx, const struct wording_conf *conf, struct buf *problems,
                      struct buf *warnings, struct wording **out)
{
    OWN(wording_free) struct wording *w = mem_alloc(sizeof(*w));
    struct reader r = {.cx = cx, .conf = conf, .w = w, .problems = problems, .warnings = warnings};
    size_t before = problems->n;

    if (language_count > LANGUAGES_MAX)
        return fail(cx, ERR_INTERNAL, "more languages than LANGUAGES_MAX");
    w->mem = arena_new();
    memcpy(w->languages, languages, language_count * sizeof(*languages));
    if (conf->dir.n)
        read_folder(&r);
    if (problems->n > before)
        return fail(cx, ERR_INVALID, "the texts in messages_dir are not right");
    *out = TAKE(w);
    return OK;
}

void wording_free(struct wording **w)
{
    if (!*w)
        return;
    arena_free(&(*w)->mem);
    mem_free(*w);
    *w = NULL;
}

const struct language *wording_language(const struct wording *w, const struct language *l)
{
    return w ? &w->languages[l - languages] : l;
}

const struct letter_words *wording_letter(const struct wording *w, enum letter_kind kind)
{
    static const struct letter_words none;

    return w ? &w->letters[kind] : &none;
}
