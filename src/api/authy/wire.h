/*
 * wire.h: answers of this dialect: who asks, success in JSON or XML, and the error object.
 *
 * Clients look at single bytes: compact JSON, keys in a fixed order, error_code a string
 * (docs/wire/authy.md). Numbers that stand for our 63-bit ids are 31-bit ones, derived from public
 * sids, since many clients read them into an int.
 */
#ifndef API_AUTHY_WIRE_H
#define API_AUTHY_WIRE_H

#include "api/authy/args.h"
#include "core/credential.h"
#include "core/device.h"
#include "core/happening.h"
#include "core/identity.h"
#include "core/service.h"
#include "http/route.h"

/* code, status, message: the one table of this API's errors. */
#define AUTHY_ERRORS(X)                                                                            \
    X(INTERNAL, 60000, 500, "An error occurred")                                                   \
    X(NO_URL, 60000, 404,                                                                          \
      "Requested URL was not found. Please check http://docs.authy.com/ to see the valid URLs")    \
    X(METHOD, 60002, 405, "Invalid request")                                                       \
    X(KEY, 60001, 401, "Invalid API key")                                                          \
    X(REQUEST, 60002, 400, "Invalid request")                                                      \
    X(TOO_LARGE, 60002, 413, "Invalid request")                                                    \
    X(LIMITED, 60003, 429, "DoS protection")                                                       \
    X(BUSY, 60000, 503, "An error occurred")                                                       \
    X(SMS_LIMIT, 60010, 429, "The limit of text messages for today is reached")                    \
    X(CALL_LIMIT, 60012, 429, "The limit of calls for today is reached")                           \
    X(COUNTRY, 60013, 403, "Messages to this country are not allowed")                             \
    X(PARAMETER, 60004, 400, "Invalid parameter")                                                  \
    X(NOBODY, 60016, 404, "User doesn't exist")                                                    \
    X(SUSPENDED, 60017, 503, "User has been suspended.")                                           \
    X(TOKEN_USED, 60019, 401, "Token is invalid. Token was used recently")                         \
    X(TOKEN, 60020, 401, "Token is invalid")                                                       \
    X(NO_CUSTOM_CODE, 60021, 400,                                                                  \
      "Phone verification couldn't be created: custom codes are not allowed.")                     \
    X(CODE, 60022, 401, "Verification code is incorrect")                                          \
    X(NONE_PENDING, 60023, 404, "No pending verifications found.")                                 \
    X(NO_USER, 60026, 404, "User not found.")                                                      \
    X(USER, 60027, 400, "User was not valid")                                                      \
    X(ACTIVITY, 60029, 400, "Activity was not valid")                                              \
    X(USER_PARAMETERS, 60030, 400, "User parameters are incorrect")                                \
    X(PHONE, 60033, 400, "Phone number is invalid")                                                \
    X(NO_REGISTRATION, 60035, 404, "Registration request was not found")                           \
    X(EMAIL, 60038, 400, "Email is invalid")                                                       \
    X(NO_APPROVAL, 60049, 404, "Approval request not found")                                       \
    X(NOT_REGISTERED, 60050, 400, "User is not registered with an authenticator app")              \
    X(ACCESS_KEY, 60072, 401, "Access key is invalid")                                             \
    X(APP_KEY, 60073, 401, "Application API key is invalid")                                       \
    X(CALLBACK, 60066, 400, "OneTouch callback could not be saved")                                \
    X(APPROVAL, 60080, 400, "Approval request is invalid")                                         \
    X(LANDLINE, 60082, 400, "Cannot send SMS to landline phone numbers")                           \
    X(JWT_EXPIRED, 60086, 401, "JWT has expired")                                                  \
    X(SIGNATURE, 60087, 401, "Signature is invalid")                                               \
    X(NO_CUSTOM_TEXT, 60091, 403, "Custom messages are not allowed")                               \
    X(NO_DEVICE, 60092, 404, "Device not found")                                                   \
    X(WEBHOOK, 60098, 400, "Webhook could not be created")                                         \
    X(NO_WEBHOOK, 60100, 404, "Webhook not found")                                                 \
    X(JWT, 60101, 401, "JWT is invalid")                                                           \
    X(QR, 60122, 500, "QR code could not be generated")

enum authy_error {
#define AUTHY_ERROR_NAME(name, code, status, message) AUTHY_##name,
    AUTHY_ERRORS(AUTHY_ERROR_NAME)
#undef AUTHY_ERROR_NAME
        AUTHY_ERROR_COUNT,
};

struct visitor { /* rq->who */
    struct caller caller;
    struct service service;
    const struct args *args;
};

static inline const struct visitor *visitor_of(const struct request *rq)
{
    return rq->who;
}

/* What goes wrong, said by a handler: the answer will be that row of the table, with `message` for
 * its own text unless empty and the fields that are wrong ("is invalid"). Rolls back. */
enum err authy_refuse(struct ctx *cx, struct request *rq, enum authy_error error);
enum err authy_refuse_saying(struct ctx *cx, struct request *rq, enum authy_error error,
                             struct str message);
enum err authy_refuse_fields(struct ctx *cx, struct request *rq, enum authy_error error,
                             const char *const *fields, size_t count);
/* The same answer without an error: what the handler wrote is committed. */
enum err authy_answer_error(struct ctx *cx, struct request *rq, struct response *rs,
                            enum authy_error error);
enum err authy_answer_error_saying(struct ctx *cx, struct request *rq, struct response *rs,
                                   enum authy_error error, struct str message);
/* The row that an error of core means where the handler knows nothing better: limits and the like.
 */
enum err authy_pass(struct ctx *cx, struct request *rq, enum err e);

/* The same for a message to a phone that the firewall stopped (ERR_BLOCKED). */
enum err authy_blocked(struct ctx *cx, struct request *rq, bool call);

/* 200 with the object, as the path's format says. Takes the reference. */
enum err authy_answer(struct ctx *cx, const struct request *rq, struct response *rs, json_t *json);

/* The face's error words. */
void authy_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status);

/* ---- pieces ---- */

json_t *text_json(struct str s);
struct str json_text_of(struct ctx *cx, const json_t *json); /* compact */
/* As the hosted service named them: android, iphone, ipad; a browser elsewhere is authy_chrome. */
struct str device_os(const struct device *d);
/* The user of the path's {id}. Answers 60026 for what is no id, nobody's or another service's. */
enum err authy_user(struct ctx *cx, struct request *rq, struct identity *out);
/* Who asked, for audit: the address that the application names for its user, else its own. */
struct origin authy_origin(const struct request *rq);
/* The address that the application names for its user; empty: it names none. */
struct str authy_client(const struct request *rq);

/* Tells the webhooks that want it: of a user, or (_number) of a number that is no user's. */
enum err authy_tell(struct ctx *cx, struct request *rq, enum event event, const struct identity *i);
enum err authy_tell_number(struct ctx *cx, struct request *rq, enum event event, struct str e164,
                           struct str via);

/* What the application is told about itself. */
json_t *app_json(const struct service *s);

/* 31 bits of a sid, and its first 24 hex digits. */
int64_t sid_number(struct str sid);
struct str sid_hex24(struct str sid);
/* What sids of that number begin with. */
struct str sid_beginning(struct ctx *cx, const char *letters, int64_t number);
struct str sid_uuid(struct ctx *cx, struct str sid);
/* Back, with the two letters in front. Whatever is no UUID becomes no sid of anything. */
struct str sid_from_uuid(struct ctx *cx, const char *letters, struct str uuid);

/* Masked to the last two digits, with the calling code; to the last four, without; and in full:
 * "+1 231-357-6187". */
struct str phone_masked(struct ctx *cx, const struct identity *i);
struct str phone_last4(struct ctx *cx, const struct identity *i);
struct str phone_dashed(struct ctx *cx, struct str e164);
/* Whether a text message cannot reach it, by the numbering plan. */
bool phone_is_landline(struct ctx *cx, struct str e164);
/* The number of a request's country code and number. False: see *out_country for which is wrong. */
bool phone_read(struct ctx *cx, struct str country_code, struct str number, struct str *out_cc,
                struct str *out_e164, bool *out_country);

/* "2017-02-10T01:09:52Z" */
struct str iso_time(struct ctx *cx, int64_t at_ms);

#endif
