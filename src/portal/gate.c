/*
 * gate.c: see gate.h. Knows no page: a refusal is a word in the visit, and errors.c puts it into
 * the words of a page or of JSON.
 */
#include "portal/gate.h"
#include "base/encode.h"
#include "base/host.h"
#include "base/url.h"
#include "core/app.h"
#include "core/person.h"
#include "crypto/hash.h"
#include "crypto/token.h"
#include "http/form.h"
#include "portal/touch.h"

enum { FLASH_LIFE_S = 60, TYPED_LIFE_S = 600, TOUCH_AFTER_MS = 60 * MS_PER_S };

/* ---- cookies ---- */

enum cookie_kind { COOKIE_SESSION, COOKIE_LOGIN, COOKIE_VISITOR, COOKIE_FLASH, COOKIE_TYPED };

static const struct str cookie_names[] = {
    [COOKIE_SESSION] = STR("cs_session"), [COOKIE_LOGIN] = STR("cs_login"),
    [COOKIE_VISITOR] = STR("cs_visitor"), [COOKIE_FLASH] = STR("cs_flash"),
    [COOKIE_TYPED] = STR("cs_typed"),
};

static bool is_secure(const struct request *rq)
{
    return str_starts(core_of(rq->db)->public_url, STR("https:"));
}

static struct str cookie_value(struct ctx *cx, const struct request *rq, enum cookie_kind kind)
{
    struct str name = cookie_names[kind];

    if (is_secure(rq))
        name = arena_printf(cx->mem, "__Host-%.*s", STR_ARG(name));
    return request_cookie(rq, name);
}

/* Only what can be one of our tokens reaches a hash or the store. */
static struct str cookie_token(struct ctx *cx, const struct request *rq, enum cookie_kind kind)
{
    struct str value = cookie_value(cx, rq, kind);

    return value.n == TOKEN_LEN ? value : STR_NONE;
}

static void set_cookie(const struct request *rq, struct response *rs, enum cookie_kind kind,
                       struct str value, int64_t max_age_s)
{
    response_cookie(rs,
                    &(struct cookie){.name = cookie_names[kind],
                                     .value = value,
                                     .max_age_s = max_age_s,
                                     .secure = is_secure(rq),
                                     .site = kind >= COOKIE_FLASH ? COOKIE_STRICT : COOKIE_LAX});
}

void session_cookie(const struct request *rq, struct response *rs, struct str token, bool remember)
{
    int64_t life_s = core_of(rq->db)->remember_lifetime_ms / MS_PER_S;

    set_cookie(rq, rs, COOKIE_SESSION, token, remember ? life_s : 0);
}

void login_cookie(const struct request *rq, struct response *rs, struct str token)
{
    set_cookie(rq, rs, COOKIE_LOGIN, token, LOGIN_LIFE_S);
}

void session_cookie_end(const struct request *rq, struct response *rs)
{
    set_cookie(rq, rs, COOKIE_SESSION, STR_NONE, -1);
}

void login_cookie_end(const struct request *rq, struct response *rs)
{
    set_cookie(rq, rs, COOKIE_LOGIN, STR_NONE, -1);
}

struct str login_cookie_of(struct ctx *cx, const struct request *rq)
{
    return cookie_token(cx, rq, COOKIE_LOGIN);
}

/* ---- what a page says after a redirect ---- */

static const struct {
    struct str word, text;
} flashes[FLASH_COUNT] = {
    [FLASH_CONFIRMED] = {STR("confirmed"),  STR("Your e-mail is confirmed. You can sign in now.")                               },
    [FLASH_SIGNED_OUT] = {STR("signed-out"), STR("You are signed out.")                                                          },
    [FLASH_TOO_LATE] = {STR("too-late"),   STR("That took too long. Please start again.")                                      },
    [FLASH_WAYS_GONE] = {STR("ways-gone"),
                         STR("Your second step was switched off meanwhile. Please start again.")                                },
    [FLASH_RESET_DONE] = {STR("reset"),      STR("Your password is changed. Sign in with the new one.")                          },
    [FLASH_NOT_ME] = {STR("not-me"),     STR("Your account is safe: everybody is signed out, and we "
                                         "e-mailed you a link to choose a new password.")},
    [FLASH_NOT_ME_STAYS] =
        {STR("not-me-on"),
                         STR("Everybody is signed out, and we e-mailed you a link to choose a new password. "
             "The second factor stays on: ask support to remove it.")                                                           },
    [FLASH_PROFILE] = {STR("profile"),    STR("Your profile is saved.")                                                       },
    [FLASH_PASSWORD] = {STR("password"),   STR("Your password is changed. Other browsers are signed "
                                             "out.")                                   },
    [FLASH_EMAIL_SENT] = {STR("email-sent"), STR("We sent a link to the new address. The change "
                                                 "counts once you have opened it.")  },
    [FLASH_EMAIL] = {STR("email"),      STR("Your new e-mail address is confirmed.")                                        },
    [FLASH_PHONE] = {STR("phone"),      STR("Your phone number is changed.")                                                },
    [FLASH_SESSION_ENDED] = {STR("session"),    STR("That browser is signed out.")                                                  },
    [FLASH_SESSIONS_ENDED] = {STR("sessions"),   STR("All other browsers are signed out.")                                           },
    [FLASH_SENT] = {STR("sent"),       STR("A code is on its way.")                                                        },
    [FLASH_ASKED] = {STR("asked"),      STR("We asked your phone again.")                                                   },
    [FLASH_FACTOR_ON] = {STR("on"),         STR("That's on. We'll ask for it when you sign in.")                                },
    [FLASH_FACTOR_OFF] = {STR("off"),        STR("That's off. We told you so by e-mail, too.")                                   },
    [FLASH_PAIRED] = {STR("paired"),     STR("Your phone is paired. We'll ask it when you sign in.")                         },
    [FLASH_RENAMED] = {STR("renamed"),    STR("The name is saved.")                                                           },
    [FLASH_CODES_STAND] = {STR("codes"),      STR("Your codes were shown once and still work. If they "
                                             "are lost, replace them.")                   },
    [FLASH_FLOOR_RAISED] = {STR("strong"),     STR("Codes that are sent no longer sign you in.")                                   },
    [FLASH_FLOOR_LOWERED] = {STR("any"),        STR("Codes that are sent sign you in again.")                                       },
};

void flash_set(const struct request *rq, struct response *rs, enum flash f)
{
    if (wants_json(rq)) /* nobody looks at a page next */
        return;
    set_cookie(rq, rs, COOKIE_FLASH, flashes[f].word, FLASH_LIFE_S);
}

struct str flash_take(struct ctx *cx, const struct request *rq, struct response *rs)
{
    struct str word = cookie_value(cx, rq, COOKIE_FLASH);

    if (!word.n)
        return STR_NONE;
    set_cookie(rq, rs, COOKIE_FLASH, STR_NONE, -1);
    EACH_ROW (row, flashes) {
        if (str_eq(row->word, word))
            return row->text;
    }
    return STR_NONE;
}

void typed_set(struct ctx *cx, const struct request *rq, struct response *rs, struct str email)
{
    if (wants_json(rq))
        return;
    set_cookie(rq, rs, COOKIE_TYPED, base64url_encode(cx->mem, str_bytes(email)), TYPED_LIFE_S);
}

struct str typed_of(struct ctx *cx, const struct request *rq)
{
    struct str value = cookie_value(cx, rq, COOKIE_TYPED), email;
    uint8_t plain[EMAIL_MAX];
    ptrdiff_t n = base64url_decode(value, plain, sizeof(plain));

    if (n <= 0 || email_check(cx, (struct str){(const char *)plain, (size_t)n}, &email).n)
        return STR_NONE;
    return arena_str(cx->mem, email);
}

/* ---- form tokens ---- */

static struct str token_for(struct ctx *cx, const struct request *rq, enum cookie_kind kind,
                            struct str cookie)
{
    const struct core *core = core_of(rq->db);
    const uint8_t kind_byte = (uint8_t)kind;
    const struct bytes parts[] = {
        BYTES_OF("countersign form"),
        {&kind_byte, 1},
        str_bytes(cookie),
    };
    uint8_t mac[HMAC_LEN_MAX];
    size_t n = hmac_parts(HMAC_SHA256, secret_bytes(&core->form_key), parts, COUNT_OF(parts), mac);

    return base64url_encode(cx->mem, (struct bytes){mac, n});
}

/* Bound to the strongest cookie that the browser sent, so that a token read before signing in is
 * worth nothing after. STR_NONE: it sent none. */
static struct str token_of_request(struct ctx *cx, const struct request *rq)
{
    for (enum cookie_kind kind = COOKIE_SESSION; kind <= COOKIE_VISITOR; kind++) {
        struct str cookie = cookie_token(cx, rq, kind);

        if (cookie.n)
            return token_for(cx, rq, kind, cookie);
    }
    return STR_NONE;
}

struct str form_token(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str token = token_of_request(cx, rq), cookie;
    char fresh[TOKEN_LEN + 1];

    if (token.n)
        return token;
    token_new(fresh);
    cookie = arena_str(cx->mem, str_from(fresh));
    set_cookie(rq, rs, COOKIE_VISITOR, cookie, 0);
    return token_for(cx, rq, COOKIE_VISITOR, cookie);
}

/* ---- forged requests (attack 39) ---- */

static enum err refuse(struct ctx *cx, struct visit *v, enum refusal why, const char *what)
{
    v->refused = why;
    return fail(cx, ERR_DENIED, "gate: %s", what);
}

/* The whole of the Host header counts: "127.0.0.1.evil.example" is somebody else's. */
static bool is_loopback(struct str host)
{
    struct host h;

    return host_parse(host, &h) && host_is_loopback(h.name);
}

static bool origin_is_ours(struct ctx *cx, const struct request *rq, struct str origin)
{
    const struct core *core = core_of(rq->db);
    struct url u;

    if (url_parse(cx->mem, core->public_url, &u) && str_eq(url_origin(cx->mem, &u), origin))
        return true;
    return core->demo && is_loopback(rq->host) &&
           str_eq(origin, arena_printf(cx->mem, "http://%.*s", STR_ARG(rq->host)));
}

bool host_is_ours(struct ctx *cx, const struct request *rq)
{
    struct url u;

    if (is_loopback(rq->host))
        return true;
    return url_parse(cx->mem, core_of(rq->db)->public_url, &u) &&
           (str_eq_nocase(rq->host, u.host) ||
            str_ends(url_origin(cx->mem, &u), arena_printf(cx->mem, "//%.*s", STR_ARG(rq->host))));
}

/* The field `csrf` of a form body; STR_NONE when missing, doubled, or the body is no form. */
static struct str sent_token(struct ctx *cx, const struct request *rq)
{
    struct str found = STR_NONE;
    struct pair *pairs;
    size_t count;

    if (!request_body_is(rq, STR("application/x-www-form-urlencoded")) ||
        form_pairs(cx, rq->body, &pairs, &count))
        return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(pairs[i].name, STR("csrf")))
            continue;
        if (found.p)
            return STR_NONE;
        found = pairs[i].value;
    }
    return found;
}

static enum err check_forgery(struct ctx *cx, const struct request *rq, struct visit *v)
{
    bool is_json = request_body_is(rq, STR("application/json"));
    struct str origin = request_header(rq, STR("Origin"));
    struct str sent, want;

    if (str_eq_nocase(request_header(rq, STR("Sec-Fetch-Site")), STR("cross-site")))
        return refuse(cx, v, REFUSED_FOREIGN, "sent across sites");
    /* A page under no-referrer sends its forms with "Origin: null". That says nothing, so the token
     * alone decides there; JSON has no token, and never comes from a form. */
    if (origin.p && !(str_eq(origin, STR("null")) && !is_json) && !origin_is_ours(cx, rq, origin))
        return refuse(cx, v, REFUSED_FOREIGN, "foreign Origin");
    if (is_json) /* no form of another site can send this type without asking first */
        return OK;
    if (!request_body_is(rq, STR("application/x-www-form-urlencoded")) &&
        (rq->body.n > 0 || wants_json(rq)))
        return refuse(cx, v, REFUSED_TYPE, "the body is neither a form nor JSON");
    sent = sent_token(cx, rq);
    want = token_of_request(cx, rq);
    if (!sent.n || !want.n || !ct_equal_str(sent, want))
        return refuse(cx, v, REFUSED_TOKEN, "form token missing or not of this browser");
    return OK;
}

/* ---- levels ---- */

static enum err find_session(struct ctx *cx, struct request *rq, struct visit *v)
{
    struct str token = cookie_token(cx, rq, COOKIE_SESSION);
    enum err e;

    if (!token.n)
        return OK;
    e = session_by_token(cx, rq->db, token, &v->session);
    if (e == ERR_DENIED || e == ERR_NOT_FOUND ||
        e == ERR_EXPIRED) /* ended: as if it were not there */
        return OK;
    v->signed_in = e == OK;
    v->enrolling = e == OK && (v->session.amr & AMR_ENROL);
    return e;
}

static enum err find_login(struct ctx *cx, struct request *rq, struct visit *v)
{
    struct str token = cookie_token(cx, rq, COOKIE_LOGIN);
    enum err e = token.n ? login_by_token(cx, rq->db, token, &v->login) : ERR_EXPIRED;

    if (e == ERR_EXPIRED)
        return refuse(cx, v, REFUSED_ATTEMPT, "no sign-in attempt");
    if (e)
        return e;
    /* A step-up belongs to the session that began it. */
    if (v->login.session_id && !(v->signed_in && v->session.id == v->login.session_id))
        return refuse(cx, v, REFUSED_ATTEMPT, "the attempt is another session's");
    v->has_login = true;
    return OK;
}

/* Where a session that may only enrol can go. */
static bool enrolling_may(const struct request *rq)
{
    return str_starts(rq->path, STR("/account/security")) || str_eq(rq->path, STR("/reauth"));
}

static enum err check_level(struct ctx *cx, struct request *rq, struct visit *v)
{
    enum auth auth = rq->route->auth;

    if (auth == AUTH_NONE)
        return OK;
    if (auth == AUTH_LOGIN)
        return find_login(cx, rq, v);
    if (auth != AUTH_SESSION && auth != AUTH_FRESH)
        return fail(cx, ERR_INTERNAL, "gate: a route of the portal asks for a level it has not");
    if (!v->signed_in)
        return refuse(cx, v, REFUSED_SIGN_IN, "not signed in");
    if (v->enrolling && !enrolling_may(rq))
        return refuse(cx, v, REFUSED_ENROL, "has to enrol first");
    if (auth == AUTH_FRESH && !v->session.fresh)
        return refuse(cx, v, REFUSED_STALE, "proved too long ago");
    return OK;
}

enum err gate_early(struct ctx *cx, struct request *rq)
{
    struct visit *v = ARENA_NEW(cx->mem, struct visit);
    enum err e;

    rq->who = v;
    if (rq->method != GET && (e = check_forgery(cx, rq, v)))
        return e;
    if ((e = find_session(cx, rq, v)))
        return e;
    return check_level(cx, rq, v);
}

enum err gate(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visit *v;
    enum err e = gate_early(cx, rq);

    (void)rs;
    if (e)
        return e;
    v = rq->who;
    if (v->signed_in && v->session.last_seen_at_ms + TOUCH_AFTER_MS < cx->now_ms)
        touch_later(rq->app, v->session.person_id, v->session.id);
    return OK;
}

struct visit *visit_of(struct ctx *cx, struct request *rq)
{
    if (!rq->who)
        rq->who = ARENA_NEW(cx->mem, struct visit);
    return rq->who;
}

struct origin visit_origin(const struct request *rq)
{
    return (struct origin){.addr = str_from(rq->addr),
                           .user_agent = request_header(rq, STR("User-Agent"))};
}

bool wants_json(const struct request *rq)
{
    return request_wants_json(rq) || request_body_is(rq, STR("application/json"));
}
