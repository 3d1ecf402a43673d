/*
 * frame.h: what every page and every JSON answer of the portal has in common.
 */
#ifndef PORTAL_FRAME_H
#define PORTAL_FRAME_H

#include "core/factor.h"
#include "core/person.h"
#include "portal/draft.h"
#include "portal/gate.h"
#include "portal/pages.h"
#include "portal/templates.h"

/* Fills the layout: product, form token, banner, navigation, what just happened, complaints. */
void frame_open(struct ctx *cx, struct request *rq, struct response *rs, struct page *page);
/* After the template has written into rs->body. */
enum err frame_close(struct ctx *cx, struct response *rs);
/* html for a template: page_login(FRAME_HTML(rs), &p) */
#define FRAME_HTML(rs) (&(struct html){.out = &(rs)->body})

/* How a form that did what it should is answered: a page goes on to `path`, JSON says
 * {"state":…,"next":…}. */
enum err frame_next(struct ctx *cx, struct request *rq, struct response *rs, const char *state,
                    struct str path);

/* Which of two media types the client names first; false when it names not the one. */
bool accepts_first(const struct request *rq, struct str type, struct str before);

/* A view as a JSON string. */
json_t *json_of(struct str s);
/* Unix ms as "2026-10-06T14:03:00Z"; null for 0. */
json_t *json_instant(int64_t at_ms);

/* The page that a form's or a query's `next` names, or `otherwise` when it is none of ours. */
struct str next_path(struct ctx *cx, const struct request *rq, struct str next,
                     struct str otherwise);
/* `path`?next=`next` */
struct str path_with_next(struct ctx *cx, struct str path, struct str next);

/* The countries for a select; `code`, as posted or stored ("CA:1", "+49", "49"), is the selected
 * one. */
struct options country_options(struct ctx *cx, struct str code);

/* phone_check, with its complaint beside the field that it is about: country_code or phone. */
void phone_note(struct ctx *cx, struct draft *d, struct str country_code, struct str phone,
                struct str *out_cc, struct str *out);

/* How long a new password of this person (NULL: of somebody new) has to be. */
enum err password_least(struct ctx *cx, struct db *db, const struct person *p, int *out);

/* The person of the session. */
enum err visit_person(struct ctx *cx, struct request *rq, struct person *out);
/* Masked number or address that a factor of this kind sends to; empty for the others. */
struct str factor_target(struct ctx *cx, const struct person *p, enum factor_kind kind);

#endif
