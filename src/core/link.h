/*
 * link.h: mailed links: derived 256-bit tokens, stored hashed, single use, each for one purpose.
 */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include "core/core.h"

enum link_purpose {
    LINK_CONFIRM_SIGN_UP,
    LINK_CONFIRM_EMAIL,
    LINK_RESET_PASSWORD,
    LINK_NOT_ME,
    LINK_PAIR_DEVICE,
};

/* What a not-me link is about: a factor was switched on, and stays. No address is like it. */
#define LINK_DATA_ON "switched on"

struct link {
    int64_t id, person_id, identity_id, signup_id, factor_id; /* 0: none */
    enum link_purpose purpose;
    struct str data; /* confirm_email: the new address; not_me: one to bring back, or LINK_DATA_… */
    int64_t created_at_ms, expires_at_ms;
};

/* id, times are set here; expires_at_ms unless it is given. life: reset and pairing 10 min, confirm
 * 24 h, not_me 7 days. */
enum err link_new(struct ctx *cx, struct db *db, struct link *l);
/* Unused and unexpired, of this purpose. ERR_EXPIRED for everything else. */
enum err link_peek(struct ctx *cx, struct db *db, enum link_purpose p, struct str token,
                   struct link *out);
/* The same, and consumes it: one conditional UPDATE. */
enum err link_use(struct ctx *cx, struct db *db, enum link_purpose p, struct str token,
                  struct link *out);
/* The data of the person's newest link of this purpose that still works; STR_NONE when there is
 * none. */
enum err link_waiting(struct ctx *cx, struct db *db, enum link_purpose p, int64_t person_id,
                      struct str *out_data);
/* Every unused link of a purpose of a person dies: on any credential change. */
enum err link_kill(struct ctx *cx, struct db *db, enum link_purpose p, int64_t person_id);
/* The same of an identity, but for keep_id (0: all). Pages that wait for one of them are woken. */
enum err link_end_others(struct ctx *cx, struct db *db, enum link_purpose p, int64_t identity_id,
                         int64_t keep_id);
/* The absolute URL to put into a message. */
enum err link_url(struct ctx *cx, struct db *db, int64_t link_id, struct str *out);

#endif
