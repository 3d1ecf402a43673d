/*
 * gate.h: who is asking. Runs before every handler of the portal and holds what no handler should
 * have to remember: cookies, form tokens, foreign sites, levels.
 *
 * Three cookies, each a random token whose hash the store knows (but for the visitor's, which the
 * store never sees):
 *
 *   cs_session   signed in
 *   cs_login     a sign-in or step-up attempt whose first factor was right
 *   cs_visitor   nobody yet; there so that forms before sign-in can be bound to a browser
 *
 * (cs_flash and cs_typed, below, hold words for the next page and open nothing.)
 *
 * All are SameSite=Lax: a link from a mail arrives with them, and the form on the page it leads to
 * is bound to the same cookie that the answer to it will come with. A form's token is
 * HMAC-SHA256(core's form key, "countersign form\0" | kind of cookie | its value), in base64url.
 */
#ifndef PORTAL_GATE_H
#define PORTAL_GATE_H

#include "core/login.h"
#include "http/route.h"

/* Why the gate let nobody through. */
enum refusal {
    REFUSED_NOT,
    REFUSED_TOKEN,   /* form token missing or another browser's */
    REFUSED_FOREIGN, /* sent by another site */
    REFUSED_TYPE,    /* neither a form nor JSON */
    REFUSED_SIGN_IN, /* not signed in */
    REFUSED_ATTEMPT, /* no sign-in attempt, or it took too long */
    REFUSED_STALE,   /* signed in, but too long ago for this */
    REFUSED_ENROL,   /* signed in, and must turn on a second factor first */
    REFUSAL_COUNT,
};

struct visit { /* rq->who */
    enum refusal refused;
    bool signed_in; /* session is set */
    bool enrolling; /* … and it may do nothing but enrol */
    bool has_login; /* login is set: routes of AUTH_LOGIN */
    struct session session;
    struct login login;
};

/* The face's gate. */
handler_fn gate;
/* The same for prepare steps, which run before the gate and outside of its transaction: without it
 * a form from anywhere could spend our Argon2id. Only looks. */
enum err gate_early(struct ctx *cx, struct request *rq);

/* Never NULL. */
struct visit *visit_of(struct ctx *cx, struct request *rq);
/* Address and browser, for audit and notices. */
struct origin visit_origin(const struct request *rq);
/* True if the answer has to be JSON. */
bool wants_json(const struct request *rq);

/* The token for a form on the page that is being answered. Without any cookie yet a visitor's is
 * set in rs. */
struct str form_token(struct ctx *cx, struct request *rq, struct response *rs);

void session_cookie(const struct request *rq, struct response *rs, struct str token, bool remember);
void login_cookie(const struct request *rq, struct response *rs, struct str token);
void session_cookie_end(const struct request *rq, struct response *rs);
void login_cookie_end(const struct request *rq, struct response *rs);
/* The value of the attempt's cookie; STR_NONE when there is none. */
struct str login_cookie_of(struct ctx *cx, const struct request *rq);

/* What a page says after a redirect: the cookie holds one word of a fixed table. */
enum flash {
    FLASH_NONE,
    FLASH_CONFIRMED,
    FLASH_SIGNED_OUT,
    FLASH_TOO_LATE,
    FLASH_WAYS_GONE,
    FLASH_RESET_DONE,
    FLASH_NOT_ME,
    FLASH_NOT_ME_STAYS,
    FLASH_PROFILE,
    FLASH_PASSWORD,
    FLASH_EMAIL_SENT,
    FLASH_EMAIL,
    FLASH_PHONE,
    FLASH_SESSION_ENDED,
    FLASH_SESSIONS_ENDED,
    FLASH_SENT,
    FLASH_ASKED,
    FLASH_FACTOR_ON,
    FLASH_FACTOR_OFF,
    FLASH_PAIRED,
    FLASH_RENAMED,
    FLASH_CODES_STAND,
    FLASH_FLOOR_RAISED,
    FLASH_FLOOR_LOWERED,
    FLASH_COUNT,
};
void flash_set(const struct request *rq, struct response *rs, enum flash f);
/* The text to show, once: its cookie is deleted in rs. */
struct str flash_take(struct ctx *cx, const struct request *rq, struct response *rs);

/* The address that was typed into a form which answers everybody alike, for the page that it leads
 * to: only the browser that sent it keeps it, in a cookie of ten minutes (cs_typed). */
void typed_set(struct ctx *cx, const struct request *rq, struct response *rs, struct str email);
/* STR_NONE when there is none, or none that can be an address. */
struct str typed_of(struct ctx *cx, const struct request *rq);

/* True if the Host header names this machine or the public URL's host: what shows secrets in demo
 * mode does not answer under a name that a foreign site may have pointed here. */
bool host_is_ours(struct ctx *cx, const struct request *rq);

#endif
