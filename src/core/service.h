/*
 * service.h: protected applications, the accounts that own them, and their credentials.
 */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include "core/core.h"

enum policy {
    POLICY_OPTIONAL, /* each person decides about a second factor */
    POLICY_REQUIRED, /* sign-in leads into enrolment */
    POLICY_STRICT, /* as SP 800-63B-4: long passwords without a factor, no e-mail codes, no skew */
};

struct service {
    int64_t id, account_id;
    struct str sid, name, callback_url;
    struct str callback_method; /* POST | GET */
    struct str operator_email;  /* told when callbacks were switched off; empty: nobody */
    struct str fallback;  /* the order of ways for a code (fallback.h); empty: the one asked for */
    struct str countries; /* of messages to phones (tariff.h); empty: the operator's list */
    enum policy policy;
    uint8_t code_digits; /* 4-10 */
    bool custom_code;    /* applications may choose codes */
    bool test_mode;      /* nothing is sent, and a code of zeros is right */
    int64_t created_at_ms, updated_at_ms;
};

struct service_keys { /* shown once, at creation and rotation */
    struct str account_sid, auth_token, service_sid, api_key;
};

/* Creates an account with one service. ERR_CONFLICT: the name is taken. ERR_INVALID: a bad name. */
enum err service_create(struct ctx *cx, struct db *db, struct str name, struct service_keys *out);
enum err service_by_id(struct ctx *cx, struct db *db, int64_t id, struct service *out);
enum err service_by_name(struct ctx *cx, struct db *db, struct str name, struct service *out);
/* AC…: of who owns it. */
enum err service_account_sid(struct ctx *cx, struct db *db, const struct service *s,
                             struct str *out);
enum err service_list(struct ctx *cx, struct db *db, struct service **out, size_t *out_count);
struct str policy_name(enum policy p);
bool policy_from(struct str name, enum policy *out);

/* The settings that `app set` and `app show` know: the table lists each once with its help; values
 * are checked. ERR_NOT_FOUND: no such setting (cx->why names
 * the known ones). ERR_INVALID: cx->why says what is accepted. */
struct service_setting {
    const char *name, *help;
};
extern const struct service_setting service_settings[];
extern const size_t service_setting_count;
enum err service_set(struct ctx *cx, struct db *db, int64_t id, struct str setting,
                     struct str value);
enum err service_get(struct ctx *cx, struct db *db, const struct service *s, struct str setting,
                     struct str *out);

/* New auth token and API key; the old ones hold on for grace_ms (0 = dead at once), key pairs as
 * they are. */
enum err service_rotate(struct ctx *cx, struct db *db, int64_t id, int64_t grace_ms,
                        struct service_keys *out);
/* Marks it deleted and ends its API key; with the account's last service the auth token and key
 * pairs end too. The portal's own service cannot be deleted. */
enum err service_delete(struct ctx *cx, struct db *db, int64_t id);

/* The key that this service's sent codes are derived from. */
enum err service_code_key(struct ctx *cx, struct db *db, int64_t id, struct secret *out);

#endif
