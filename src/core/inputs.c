/*
 * inputs.c: what people type about themselves. Each check gives a sentence that says what to do.
 * Usernames and addresses are ASCII by rule, so that they have one normal form (attack 11).
 */
#include "core/people.h"
#include "core/person.h"
#include "crypto/passlist.h"

/* Blanks, joiners and fillers of other scripts leave nothing to be seen. */
static bool is_visible(int32_t c)
{
    return c > 0x20 && c != 0xA0 && c != 0xAD && c != 0x034F && c != 0x115F && c != 0x1160 &&
           c != 0x1680 && c != 0x17B4 && c != 0x17B5 && c != 0x180E &&
           !(c >= 0x2000 && c <= 0x200F) && c != 0x202F && !(c >= 0x205F && c <= 0x2064) &&
           c != 0x2800 && c != 0x3000 && c != 0x3164 && !(c >= 0xFE00 && c <= 0xFE0F) &&
           c != 0xFFA0 && !(c >= 0xE0000 && c <= 0xE0FFF);
}

static bool has_visible(struct str s)
{
    for (size_t at = 0; at < s.n;) {
        if (is_visible(str_utf8_next(s, &at)))
            return true;
    }
    return false;
}

struct str name_check(struct ctx *cx, struct str in, struct str *out)
{
    struct str name = str_trim(in);

    (void)cx;
    if (name.n == 0)
        return STR("Enter your name.");
    if (!str_is_utf8(name) || str_has_control(name))
        return STR("Use letters, spaces and ordinary signs only.");
    if (!has_visible(name))
        return STR("Enter your name.");
    if (str_utf8_count(name) > NAME_MAX_CHARS)
        return STR("Use at most 100 characters.");
    *out = name;
    return STR_NONE;
}

struct str username_check(struct ctx *cx, struct str in, struct str *out)
{
    struct str name = str_trim(in);

    (void)cx;
    if (name.n < USERNAME_MIN || name.n > USERNAME_MAX)
        return STR("Choose a username of 3 to 32 characters.");
    if (!str_all_alnum(name, "._-"))
        return STR("Use the letters a to z, digits, dots, dashes and underscores.");
    if (!char_is_alnum(name.p[0]) || !char_is_alnum(name.p[name.n - 1]))
        return STR("Start and end the username with a letter or a digit.");
    *out = name;
    return STR_NONE;
}

/* RFC 5321 dot-string and a host name with at least one dot. */
static bool email_ok(struct str s)
{
    ptrdiff_t at = str_find(s, '@');
    struct str local, domain, part;

    if (at <= 0 || at > 64 || s.n > EMAIL_MAX)
        return false;
    local = str_sub(s, 0, (size_t)at);
    domain = str_sub(s, (size_t)at + 1, s.n);
    while (str_split(&local, '.', &part)) {
        if (part.n == 0)
            return false;
        for (size_t i = 0; i < part.n; i++) {
            if (!char_is_alnum(part.p[i]) && str_find(STR("!#$%&'*+/=?^_`{|}~-"), part.p[i]) < 0)
                return false;
        }
    }
    if (str_find(domain, '.') < 0)
        return false;
    while (str_split(&domain, '.', &part)) {
        if (part.n == 0 || part.n > 63 || part.p[0] == '-' || part.p[part.n - 1] == '-')
            return false;
        for (size_t i = 0; i < part.n; i++) {
            if (!char_is_alnum(part.p[i]) && part.p[i] != '-')
                return false;
        }
    }
    return true;
}

struct str email_check(struct ctx *cx, struct str in, struct str *out)
{
    struct str email = str_trim(in);

    (void)cx;
    if (email.n == 0)
        return STR("Enter your e-mail address.");
    if (!email_ok(email))
        return STR("Enter an e-mail address such as name@example.com.");
    *out = email;
    return STR_NONE;
}

struct str password_check(struct ctx *cx, struct str password, size_t min,
                          const struct str *context, size_t context_count)
{
    if (password.n > PASSWORD_MAX)
        return STR("Use at most 256 bytes.");
    if (!str_is_utf8(password))
        return STR("Use ordinary characters.");
    if (str_utf8_count(password) < min)
        return arena_printf(cx->mem, "Use at least %zu characters. A few words in a row work well.",
                            min);
    switch (passlist_check(password, context, context_count)) {
    case PASSLIST_FINE:
        return STR_NONE;
    case PASSLIST_COMMON:
        return STR("That password is on every attacker's list. Choose another one.");
    case PASSLIST_CONTEXT:
        return STR("That password is too close to your name or address. Choose another one.");
    }
    return STR("Choose another password.");
}
