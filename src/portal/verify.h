/*
 * verify.h: what the code page shows of an attempt, shared by those who lead to it.
 */
#ifndef PORTAL_VERIFY_H
#define PORTAL_VERIFY_H

#include "core/challenge.h"
#include "core/keyed.h"
#include "core/remote.h"
#include "portal/frame.h"

struct view { /* what an attempt's pages show of its person */
    struct person person;
    struct factor *factors; /* by what the attempt may be proved, strongest first */
    size_t count;
    struct factor ends;         /* what a step-up is to switch off; id 0: nothing */
    enum login_wait wait;       /* of the request to a telephone; WAIT_EXPIRED without */
    struct challenge challenge; /* id 0: none was put */
    enum keyed_call call;       /* about it */
    bool calls_here;            /* whether telephones ring */
    struct remote_turn turn;    /* what a remote service was asked for this attempt */
};
enum err view_of(struct ctx *cx, struct db *db, const struct login *l, struct view *out);
/* The first of a kind; NULL: none is on. */
const struct factor *view_factor(const struct view *view, enum factor_kind kind);
/* Each phone is a factor of its own; as a way they are one. */
bool view_is_again(const struct view *view, size_t i);
/* Nothing to show before a message or a request went out. */
bool way_needs_sending(enum factor_kind kind);
/* The ways that are not shown. by_call: approval by a telephone's keys is, in place of a code. */
struct other_ways other_ways(struct ctx *cx, const struct view *view, const struct login *l,
                             enum factor_kind shown, bool by_call);

/* Step-up: "To go on", and where it began; both empty at sign-in. */
struct str purpose_words(struct ctx *cx, const struct view *view, const struct login *l);
struct str cancel_path(const struct login *l);

/* The page for an attempt that waits for an approval (login_asks); see waiting.c. */
enum err waiting_page(struct ctx *cx, struct request *rq, struct response *rs,
                      const struct view *view, const struct login *l);
/* Why nothing waits for an approval any more, and what to do; empty while something does. */
struct str waiting_ended(const struct view *view, bool by_call);
/* The request ended by a slip of the fingers: asking again comes before other ways. */
bool digits_differed(const struct view *view);
/* What a JSON client needs to show while it waits; members of `into`. */
enum err waiting_json(struct ctx *cx, struct db *db, const struct view *view, json_t *into);
/* The page for an attempt whose method is a remote service; see remote.c. */
enum err remote_page(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct view *view, const struct login *l, const struct factor *f);
/* The page that turns it on. */
enum err remote_enrol_page(struct ctx *cx, struct request *rq, struct response *rs,
                           const struct factor *f, const struct person *person);
/* pending, approved, denied, expired, or code: nothing to wait for, look at the page. `shown`
 * is a number for what the page that asks shows; -1: nothing. */
const char *remote_word(const struct remote_turn *t, int64_t shown);
/* When nothing is waited for any more; 0 = nothing is now. */
int64_t remote_until_ms(const struct remote_turn *t);
/* `via` of a form. */
enum remote_via remote_via_from(struct str name);
/* A proof was right: the session's cookie. *out_next is where the attempt leads. */
enum err attempt_cookies(struct ctx *cx, struct request *rq, struct response *rs,
                         const struct login *l, const struct login_done *done,
                         struct str *out_next);

/* The paired phones of a person, for the list; see devices.c. */
enum err device_rows(struct ctx *cx, struct db *db, int64_t identity_id, struct device_rows *out);

/* On to /verify; as JSON {"state":"code","next":"/verify","method":…,"methods":[…]}. The attempt's
 * cookie is already set. */
enum err verify_next(struct ctx *cx, struct request *rq, struct response *rs,
                     const struct login_out *out);

/* The same for a step-up, which may be done at once: then the session has a new token. */
enum err step_up_next(struct ctx *cx, struct request *rq, struct response *rs,
                      const struct login_out *out, struct str next);

/* No second step is left: the page that says so, as an error of this request; see locked.c. */
enum err locked_complain(struct ctx *cx, struct request *rq) MUST_USE;
/* Whether that holds for the person of an attempt. */
enum err attempt_is_locked(struct ctx *cx, struct request *rq, const struct login *l, bool *out);

/* Answers for a code that did not do, whoever checked it (sign-in, step-up, enrolment). */
enum err check_complain(struct ctx *cx, struct draft *d, enum factor_kind kind,
                        const struct check_out *check) MUST_USE;
/* "3 tries" until the factor pauses; empty while nothing was wrong. */
struct str tries_words(struct ctx *cx, const struct factor *f);
/* Seconds until the code of a sent factor may be sent again; 0 = now. */
enum err resend_wait(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                     int *out_s);
/* Digits of a code of this factor; 0 for recovery codes. */
int code_digits(const struct factor *f);

/* Why no code of a sent factor is under way: the firewall's word, or that there were too many. */
enum err unsent_words(struct ctx *cx, const struct request *rq, const struct factor *f,
                      struct str *out);

/* That a sent code took another way (core/fallback.h); empty: it did not. */
enum err went_words(struct ctx *cx, const struct request *rq, const struct factor *f,
                    int64_t login_id, struct str *out);

#endif
