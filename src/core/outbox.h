/*
 * outbox.h: messages, committed with what causes them, rendered when read or sent.
 */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include "core/service.h"

struct outbox_row {
    int64_t id, service_id, identity_id, verification_id, link_id;
    int64_t hook_id;      /* webhook: the item that is called (core/hook.h); 0: the callback URL */
    int64_t challenge_id; /* voice: the request that the call asks about (core/keyed.h); else 0 */
    struct str channel;   /* sms, voice, email, webpush, webhook */
    struct str target, template_name;
    struct str params; /* JSON object of plain values */
    struct str state;
    int64_t created_at_ms, expires_at_ms;
    struct str client; /* to a phone: address of whoever causes it; empty: not known */
    int64_t charge;    /* to a phone: what it costs; set by outbox_add, like the next */
    bool counted;      /* whether its code is waited for */
};

struct outbox_message { /* rendered; holds secrets, lives until the ctx ends */
    int64_t id;
    struct str channel, to, subject, body, html, code, link;
    struct str language, service_name;
    int64_t created_at_ms;
};

/* What a COMMIT that queued something notifies. No row has this id. */
enum { OUTBOX_TOPIC = 1 };

/* id, state and created_at_ms are set here; expires_at_ms = 0 means a day. In demo mode only pushes
 * are queued; the rest is shown. A message to a phone is asked of the firewall (core/firewall.h)
 * first: ERR_BLOCKED. */
enum err outbox_add(struct ctx *cx, struct db *db, struct outbox_row *row);
/* A security notice to an address: what (a sentence), when, where from, with a not-me link. */
enum err outbox_notice(struct ctx *cx, struct db *db, int64_t person_id, struct str email,
                       struct str what, int64_t undo_factor_id, const struct origin *from);
/* The notice to an address that was just replaced: its not-me link brings the address back. */
enum err outbox_notice_replaced(struct ctx *cx, struct db *db, int64_t person_id,
                                struct str old_email, struct str what, const struct origin *from);
/* The notice that a factor was switched on: see not_me_finish for what its not-me link does. */
enum err outbox_notice_on(struct ctx *cx, struct db *db, int64_t person_id, struct str email,
                          struct str what, int64_t factor_id, const struct origin *from);
/* The same in short to the identity's confirmed number, beside the mail. What the firewall stops is
 * left out: no notice may stop what it tells of. */
enum err outbox_notice_phone(struct ctx *cx, struct db *db, int64_t identity_id, struct str number,
                             struct str what, const struct origin *from);
/* A sentence for the operator of an application, or of the whole, if there is an address for such.
 */
enum err outbox_operator(struct ctx *cx, struct db *db, const struct service *s, struct str what);
/* Newest first; to = empty for all. */
enum err outbox_list(struct ctx *cx, struct db *db, struct str to, unsigned max,
                     struct outbox_message **out, size_t *out_count);
/* The row itself. ERR_NOT_FOUND. */
enum err outbox_by_id(struct ctx *cx, struct db *db, int64_t id, struct outbox_row *out);
enum err outbox_render(struct ctx *cx, struct db *db, const struct outbox_row *row,
                       struct outbox_message *out);

/* Params for a row: {"name":…} and {"what":…,"addr":…,"agent":…,"at":…}. Live in cx->mem. */
struct str params_name(struct ctx *cx, struct str name);
/* One plain value of a row's params; empty when it is not there. */
struct str outbox_param(struct ctx *cx, const struct outbox_row *row, const char *key);
struct code_words { /* of a code that an application sends; what is empty stays out */
    struct str locale, service, about, amount, payee, app_hash;
    bool warn, press_first;
};
struct str params_code(struct ctx *cx, const struct code_words *w);
struct str params_what(struct ctx *cx, struct str what, const struct origin *from);

/* "+1 ••• ••• 0142", "m•••@example.com": for pages, logs and audit. */
struct str mask_target(struct ctx *cx, struct str channel, struct str target);

#endif
