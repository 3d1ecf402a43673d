/* discreet.c: see discreet.h. */
#include "channel/discreet.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/url.h"

enum { TEXT_MAX = 4 * KIB };

struct secret {
    struct str text, instead;
};

/* What stands behind the last '/' or '=': all of a link that is secret. */
static struct str token_of(struct str link)
{
    size_t at = link.n;

    while (at > 0 && link.p[at - 1] != '/' && link.p[at - 1] != '=')
        at--;
    return str_sub(link, at, link.n);
}

static struct str in_url(struct ctx *cx, struct str text)
{
    OWN(buf_deinit) struct buf b = {.max = KIB};

    url_part(&b, text);
    return arena_str(cx->mem, buf_str(&b));
}

/* As in RFC 7617; whoever quotes it quotes the password. */
static struct str basic_of(struct ctx *cx, const struct discreet_login *login)
{
    if (!login->password.n)
        return STR_NONE;
    return base64_encode(cx->mem, str_bytes(arena_printf(cx->mem, "%.*s:%.*s", STR_ARG(login->user),
                                                         STR_ARG(login->password))));
}

static struct str digits_of(struct str number)
{
    return str_sub(number, str_starts(number, STR("+")) ? 1 : 0, number.n);
}

static const struct secret *found_at(const struct secret *secrets, size_t count, struct str text)
{
    for (size_t i = 0; i < count; i++) {
        struct str s = secrets[i].text;

        if (s.n >= DISCREET_LEAST && str_eq_nocase(str_sub(text, 0, s.n), s))
            return &secrets[i];
    }
    return NULL;
}

struct str discreet(struct ctx *cx, struct str text, const struct parcel *p,
                    const struct discreet_login *login, size_t max)
{
    bool is_mail = str_find(p->to, '@') >= 0;
    struct str to = is_mail ? p->to : digits_of(p->to);
    struct str whom = is_mail ? STR("(the address)") : STR("(the number)");
    struct str link = token_of(p->link), url = token_of(p->receipt_url);
    struct str encoded = in_url(cx, login->password), basic = basic_of(cx, login);
    struct str basic_encoded = in_url(cx, basic);
    const struct secret secrets[] = {
        {to,              whom                 },
        {p->code,         STR("(the code)")    },
        {link,            STR("(the link)")    },
        {url,             STR("(our address)") },
        {login->password, STR("(the password)")},
        {encoded,         STR("(the password)")},
        {basic,           STR("(the password)")},
        {basic_encoded,   STR("(the password)")},
    };
    OWN(buf_deinit) struct buf b = {.max = TEXT_MAX};

    while (text.n) {
        const struct secret *s = found_at(secrets, COUNT_OF(secrets), text);

        if (s)
            buf_add(&b, s->instead);
        else
            buf_addc(&b, text.p[0]);
        text = str_sub(text, s ? s->text.n : 1, text.n);
    }
    return arena_str(cx->mem, str_sub(buf_str(&b), 0, max));
}
