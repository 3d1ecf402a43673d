/*
 * happening.h: what happens to an application's users, and who has asked to be told.
 *
 * A subscriber is a URL with a set of events and a key of its own. What it is told is a row in the
 * outbox (channel webhook, template "event") in the transaction in which it happened; the words are
 * the dialect's (api/authy/event.h). The key is derived from the subscriber's row, never stored.
 */
#ifndef CORE_HAPPENING_H
#define CORE_HAPPENING_H

#include "core/outbox.h"
#include "core/service.h"

/* The words are those of the dialect that has them. Some can be asked for and never happen here:
 * accounts of people are not recovered, and numbers not changed, behind an application's back. */
#define EVENTS(X)                                                                                  \
    X(ACCOUNT_RECOVERY_APPROVED, "account_recovery_approved")                                      \
    X(ACCOUNT_RECOVERY_CANCELED, "account_recovery_canceled")                                      \
    X(ACCOUNT_RECOVERY_STARTED, "account_recovery_started")                                        \
    X(CUSTOM_MESSAGE_NOT_ALLOWED, "custom_message_not_allowed")                                    \
    X(DEVICE_REGISTERED, "device_registration_completed")                                          \
    X(REQUEST_ANSWERED, "one_touch_request_responded")                                             \
    X(PHONE_CHANGE_CANCELED, "phone_change_canceled")                                              \
    X(PHONE_CHANGE_PIN_SENT, "phone_change_pin_sent")                                              \
    X(PHONE_CHANGE_REQUESTED, "phone_change_requested")                                            \
    X(PHONE_CODE_WRONG, "phone_verification_code_is_invalid")                                      \
    X(PHONE_CODE_RIGHT, "phone_verification_code_is_valid")                                        \
    X(PHONE_FAILED, "phone_verification_failed")                                                   \
    X(PHONE_NOT_FOUND, "phone_verification_not_found")                                             \
    X(PHONE_STARTED, "phone_verification_started")                                                 \
    X(SUSPENDED_ACCOUNT, "suspended_account")                                                      \
    X(TOKEN_WRONG, "token_invalid")                                                                \
    X(TOKEN_RIGHT, "token_verified")                                                               \
    X(TOO_MANY_CHECKS, "too_many_code_verifications")                                              \
    X(TOO_MANY_SENDS, "too_many_phone_verifications")                                              \
    X(TOKEN_SENT, "totp_token_sent")                                                               \
    X(USER_ADDED, "user_added")                                                                    \
    X(USER_PHONE_CHANGED, "user_phone_changed")                                                    \
    X(USER_REMOVED, "user_removed")                                                                \
    X(USER_REGISTERED, "user_registration_completed")

enum event {
#define EVENT_ENUM(name, word) EVENT_##name,
    EVENTS(EVENT_ENUM)
#undef EVENT_ENUM
        EVENT_COUNT,
};
_Static_assert(EVENT_COUNT <= 32, "a set of events is 32 bits");

struct str happening_name(enum event e);
bool happening_from(struct str name, enum event *out);

/* ---- who is told ---- */

enum { SUBSCRIBERS_MAX = 20, SUBSCRIBER_NAME_MAX_CHARS = 100, SUBSCRIBER_KEY_LEN = 43 };

struct subscriber {
    int64_t id;
    struct str sid, name, url; /* sid: WH and 32 hex digits */
    uint32_t events;           /* bit n: enum event n */
};

/* Makes id and sid of *io, whose name, url and events are given. ERR_INVALID: the name or the URL
 * is none, or no event is named. ERR_LIMITED: SUBSCRIBERS_MAX are there. */
enum err subscriber_add(struct ctx *cx, struct db *db, const struct service *s,
                        struct subscriber *io);
enum err subscriber_list(struct ctx *cx, struct db *db, const struct service *s,
                         struct subscriber **out, size_t *out_count);
/* ERR_NOT_FOUND: not one of this service. */
enum err subscriber_by_sid(struct ctx *cx, struct db *db, const struct service *s, struct str sid,
                           struct subscriber *out);
enum err subscriber_remove(struct ctx *cx, struct db *db, const struct service *s, struct str sid);
/* What it is told is signed with: SUBSCRIBER_KEY_LEN characters. */
struct str subscriber_key(struct ctx *cx, const struct db *db, const struct subscriber *sub);

/* ---- telling ---- */

struct happening { /* what is not there is 0 or empty */
    enum event event;
    int64_t identity_id;
    struct str challenge_sid, device_sid;
    struct str number, via; /* of a number that is no user's: E.164; sms or call */
    struct origin from;
};
/* Queues it for each subscriber that wants it; costs one look when there is none. */
enum err happening_tell(struct ctx *cx, struct db *db, const struct service *s,
                        const struct happening *what);

/* The outbox rows' template, and their params: hook and event, then what is known of user
 * (authy_id), country_code, phone, custom, banned, challenge, device, via, addr, request. */
#define EVENT_TEMPLATE STR("event")

#endif
