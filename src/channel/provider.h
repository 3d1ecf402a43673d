/*
 * provider.h: how one company takes SMS over HTTP, as a text that an operator can write. Pure but
 * for cx->mem.
 *
 *     # what a line may say; several header, query and form lines are fine
 *     method = POST
 *     base = https://api.example.com            used when sms_url is empty
 *     url = ${base}/v1/messages                 or the whole: https://, http:// on this machine, or
 *                                               http+plain://, in the clear to another one
 *     header = Authorization: Basic ${basic}
 *     query = key=${user}                       added to the URL
 *     form = To=${to}                           or, instead of form lines:
 *     json = {"to":"${to}","text":"${text}"}
 *     success = 200-299                         statuses; and, when the body has to agree:
 *     success_if = messages.0.status 0          a path into JSON, then the values it may have
 *     retry = 429 500-599                       worth another attempt; these are the default, with
 *                                               401, 403, 408 and 425
 *     retry_if = messages.0.status 1 5
 *     id = messages.0.message-id                its name for the message
 *     price = messages.0.message-price          what it takes, when it says so
 *     currency = EUR                            a path, or three capital letters
 *     why = messages.0.error-text
 *     receipt = status                          the member or parameter of a receipt
 *     delivered = delivered read                and the values that end the matter
 *     undelivered = failed expired
 *     receipt_price = price
 *     receipt_why = error                       its error, when nothing was delivered: a code or
 * word receipt_signed = twilio                   refuse receipts without X-Twilio-Signature by
 *                                               sms_password_file
 *
 * Nothing is quoted; a comment has a line of its own. In place of ${…} stands, escaped as its place
 * demands: base, user, password, basic (user:password in base64), from, to (+49…), to_digits (49…),
 * text, id, receipt_url; life_s, life_min and life_ms, how long the message is of use, from 20 s to
 * 4 hours, since carriers take no other; ${coding:a,b} is a for a text in the GSM alphabet, else b.
 * A header, query or form line whose ${…} are all empty is left out.
 */
#ifndef CHANNEL_PROVIDER_H
#define CHANNEL_PROVIDER_H

#include "base/url.h"
#include "channel/carrier.h"

#define PROVIDER_BASE STR("${base}") /* at the start of a url only: its slashes stay */
enum { PROVIDER_LINES_MAX = 12, PROVIDER_TEXT_MAX = 16 * KIB, PROVIDER_BODY_MAX = 8 * KIB };

struct provider_list {
    struct str item[PROVIDER_LINES_MAX];
    size_t n;
};

/* Views into the text it was parsed from. */
struct provider {
    const char *method;
    struct str base, url, json;
    struct provider_list header, query, form; /* "Name: template", "name=template" */
    struct str success, retry;                /* "200-299 202" */
    struct str success_if, retry_if;          /* "path value value"; empty = none */
    struct str id, why;                       /* paths; empty = none */
    struct str receipt, delivered, undelivered;
    struct str price, currency, receipt_price, receipt_why;
    struct str receipt_signed; /* "twilio", or empty */
};

/* ERR_INVALID: cx->why names the line. */
enum err provider_parse(struct ctx *cx, struct str text, struct provider *out);
/* The text of one that comes with the program ("twilio", "vonage", …); STR_NONE: there is no such.
 */
struct str provider_shipped(struct str name);
/* Their names, for messages: "kannel, messagebird, …". */
struct str provider_names(struct ctx *cx);

struct provider_facts {
    struct str base, user, password, from, to, text, id, receipt_url;
    int64_t life_s; /* how long the message is of use */
};

struct provider_request {
    const char *method;
    struct str url;
    struct str headers[PROVIDER_LINES_MAX + 1];
    size_t header_count;
    struct str body;
};

/* Where the request goes. ERR_INVALID: that is too long, or no URL. */
enum err provider_url(struct ctx *cx, const struct provider *p, const struct provider_facts *f,
                      struct url *out);
/* ERR_INVALID: it becomes too long, or a fact does not fit its place. */
enum err provider_request(struct ctx *cx, const struct provider *p, const struct provider_facts *f,
                          struct provider_request *out);
/* What an answer means. why is the provider's own text, which may
 * quote what it was given (discreet.h). */
void provider_judge(struct ctx *cx, const struct provider *p, long status, struct str body,
                    struct verdict *out);

enum receipt_state { RECEIPT_UNDER_WAY, RECEIPT_DELIVERED, RECEIPT_UNDELIVERED };
enum receipt_state provider_receipt(const struct provider *p, struct str value);
/* "the carrier reports failed, error 30003" from a receipt's two members; empty unless undelivered.
 */
struct str provider_receipt_why(struct ctx *cx, const struct provider *p, struct str value,
                                struct str error);
/* "0.0333 EUR" from what a carrier said; empty when that is no number. */
struct str provider_price(struct ctx *cx, struct str amount, struct str currency);

#endif
