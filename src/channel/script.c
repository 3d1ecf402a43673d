/* script.c: see script.h. */
#include "channel/script.h"

enum {
    BEFORE_MS = 600, /* silence after the answer: the phone is still on its way to the ear */
    BETWEEN_MS = 500,
    SOON_MS = 150, /* before a sentence that answers a key */
};

#define PROMPT STR("To hear it again, press star.")

static const struct str sentences[SCRIPT_WORDS] = {
    [SCRIPT_FULL] = STR("To approve, press 1. If this was not you, press 9."),
    [SCRIPT_DENIED] = STR("This will not be approved. If somebody else is signing in, press 9 once "
                          "more: then your password is no longer accepted."),
    [SCRIPT_APPROVED] = STR("Approved. You can hang up."),
    [SCRIPT_ENDED] = STR("Denied. You can hang up."),
    [SCRIPT_NOT_ME] =
        STR("Denied. We sent you an e-mail to choose a new password. You can hang up."),
    [SCRIPT_WRONG] = STR("Those are not the digits on the page. Nothing was approved. You can hang "
                         "up."),
    [SCRIPT_LATE] =
        STR("Too late. This request is over, and nothing was approved. You can hang up."),
    [SCRIPT_NOT_NOW] = STR("That is not possible now. Nothing was approved. You can hang up."),
    [SCRIPT_SILENCE] = STR("Nothing was approved. Goodbye."),
};

/* What a voicemail box may keep: it says no code. */
static enum err lead(struct ctx *cx, const struct parcel *p, struct speech *out)
{
    speech_pause(out, BEFORE_MS);
    return speech_say(
        cx, out,
        arena_printf(cx->mem, "This is %.*s. To hear your code, press 1.", STR_ARG(p->from_name)));
}

/* The text says the code in its last two sentences, each time whole (languages.def). */
static enum err code(struct ctx *cx, struct str text, struct script *out)
{
    static const struct str stop = {". ", 2};
    struct speech *s = &out->main;
    size_t cut = 0;
    ptrdiff_t at;
    enum err e;

    while ((at = str_find_str(str_sub(text, cut, text.n), stop)) >= 0)
        cut += (size_t)at + stop.n;
    if (cut && (e = speech_say(cx, s, str_sub(text, 0, cut))))
        return e;
    out->once = s->count;
    if (cut)
        speech_pause(s, BETWEEN_MS);
    if ((e = speech_say(cx, s, str_sub(text, cut, text.n))))
        return e;
    if (!cut)
        out->once = s->count;
    return OK;
}

static enum err question(struct ctx *cx, struct str text, struct script *out)
{
    enum err e = speech_say(cx, &out->main, text);

    out->once = out->main.count;
    return e;
}

enum err script_write(struct ctx *cx, const struct parcel *p, struct script *out)
{
    enum err e;

    if (p->press_first && (e = lead(cx, p, &out->lead)))
        return e;
    speech_pause(&out->main, BEFORE_MS);
    if ((e = p->asked_id ? question(cx, p->text, out) : code(cx, p->text, out)))
        return e;
    speech_pause(&out->main, BETWEEN_MS);
    return speech_say(cx, &out->main, PROMPT);
}

void script_deinit(struct script *s)
{
    speech_deinit(&s->lead);
    speech_deinit(&s->main);
}

enum err script_say(struct ctx *cx, enum script_words words, struct speech *out)
{
    speech_deinit(out);
    speech_pause(out, SOON_MS);
    return speech_say(cx, out, sentences[words]);
}
