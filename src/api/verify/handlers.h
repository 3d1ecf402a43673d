/*
 * handlers.h: what routes.c names, and what handlers of several files share.
 */
#ifndef API_VERIFY_HANDLERS_H
#define API_VERIFY_HANDLERS_H

#include "api/verify/call.h"
#include "api/verify/input.h"
#include "api/verify/proof.h"
#include "api/verify/reply.h"
#include "http/route.h"

/* service.c */
handler_fn services_create, services_list, services_fetch, services_update, services_delete;
/* verification.c */
handler_fn verifications_start, verifications_fetch, verifications_update, verifications_check;
/* entity.c */
handler_fn entities_create, entities_list, entities_fetch, entities_delete;
/* factor.c */
handler_fn factors_create, factors_list, factors_fetch, factors_update, factors_delete;
/* challenge.c */
handler_fn challenges_create, challenges_page, challenges_fetch, challenges_update;
handler_fn notifications_create;
/* token.c */
handler_fn access_tokens_create, access_tokens_fetch;
/* ratelimit.c */
handler_fn rate_limits_create, rate_limits_list, rate_limits_fetch, rate_limits_update,
    rate_limits_delete;
handler_fn buckets_create, buckets_list, buckets_fetch, buckets_update, buckets_delete;
/* webhook.c */
handler_fn webhooks_create, webhooks_list, webhooks_fetch, webhooks_update, webhooks_delete;
/* messaging.c */
handler_fn messaging_create, messaging_list, messaging_fetch, messaging_update, messaging_delete;
handler_fn safe_list_create, safe_list_fetch, safe_list_delete;
/* attempts.c */
handler_fn attempts_list, attempts_fetch, attempts_summary;
/* fixed.c */
handler_fn templates_list, forms_fetch, passkeys_refuse;

/* page_read with the dialect's refusal. */
enum err list_page(struct ctx *cx, struct request *rq, struct page *out);

/* The sids around an answer: {"account_sid", "service_sid"} added to o. */
void js_owner(struct ctx *cx, struct request *rq, json_t *o, const struct service *s);

/* The identity of that name, made if there is none (entity.c). 60300: the name is unfit. */
enum err entity_make(struct ctx *cx, struct request *rq, const struct service *s, struct str name,
                     struct identity *out, bool *out_new);
/* Counts a start against the rate limits that it names (ratelimit.c). */
enum err rate_limits_take(struct ctx *cx, struct request *rq, const struct service *s,
                          struct str json);

#endif
