/*
 * routes.c: the table that is the policy of the Verify dialect: who may call what, on which thread.
 * A GET that writes counts against a budget that the original documents.
 */
#include "api/verify/errors.h"
#include "api/verify/face.h"
#include "api/verify/handlers.h"

#define SERVICE "/v2/Services/{ServiceSid}"
#define ENTITY  SERVICE "/Entities/{Identity}"

enum { BODY_MAX = 32 * KIB }; /* twenty details, escaped three times over */

/* clang-format off */
static const struct route routes[] = {
    {GET, "/v2/Services", AUTH_ACCOUNT, LIMIT_API, READ, services_list},
    {POST, "/v2/Services", AUTH_ACCOUNT, LIMIT_API, WRITE, services_create, .body_max = BODY_MAX},
    {GET, SERVICE, AUTH_ACCOUNT, LIMIT_API, READ, services_fetch},
    {POST, SERVICE, AUTH_ACCOUNT, LIMIT_API, WRITE, services_update, .body_max = BODY_MAX},
    {DELETE, SERVICE, AUTH_ACCOUNT, LIMIT_API, WRITE, services_delete},

    {POST, SERVICE "/Verifications", AUTH_ACCOUNT, LIMIT_API, WRITE, verifications_start, .body_max = BODY_MAX},
    {GET, SERVICE "/Verifications/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, verifications_fetch},
    {POST, SERVICE "/Verifications/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, verifications_update, .body_max = BODY_MAX},
    {POST, SERVICE "/VerificationCheck", AUTH_ACCOUNT, LIMIT_API, WRITE, verifications_check, .body_max = BODY_MAX},

    {GET, SERVICE "/Entities", AUTH_ACCOUNT, LIMIT_API, READ, entities_list},
    {POST, SERVICE "/Entities", AUTH_ACCOUNT, LIMIT_API, WRITE, entities_create, .body_max = BODY_MAX},
    {GET, ENTITY, AUTH_ACCOUNT, LIMIT_API, READ, entities_fetch},
    {DELETE, ENTITY, AUTH_ACCOUNT, LIMIT_API, WRITE, entities_delete},
    {GET, ENTITY "/Factors", AUTH_ACCOUNT, LIMIT_API, READ, factors_list},
    {POST, ENTITY "/Factors", AUTH_DEVICE, LIMIT_API, WRITE, factors_create, proof_binding, ON_LOOP, BODY_MAX},
    {GET, ENTITY "/Factors/{Sid}", AUTH_DEVICE, LIMIT_API, READ, factors_fetch, proof_caller, ON_LOOP},
    {POST, ENTITY "/Factors/{Sid}", AUTH_DEVICE, LIMIT_API, WRITE, factors_update, proof_factor, ON_LOOP, BODY_MAX},
    {DELETE, ENTITY "/Factors/{Sid}", AUTH_DEVICE, LIMIT_API, WRITE, factors_delete, proof_caller, ON_LOOP},
    {GET, ENTITY "/Challenges", AUTH_DEVICE, LIMIT_API, READ, challenges_page, proof_caller, ON_LOOP},
    {POST, ENTITY "/Challenges", AUTH_ACCOUNT, LIMIT_API, WRITE, challenges_create, .body_max = BODY_MAX},
    {GET, ENTITY "/Challenges/{Sid}", AUTH_DEVICE, LIMIT_API, READ, challenges_fetch, proof_caller, ON_LOOP},
    {POST, ENTITY "/Challenges/{Sid}", AUTH_DEVICE, LIMIT_API, WRITE, challenges_update, proof_challenge, ON_LOOP, BODY_MAX},
    {POST, ENTITY "/Challenges/{ChallengeSid}/Notifications", AUTH_ACCOUNT, LIMIT_API, WRITE, notifications_create, .body_max = BODY_MAX},
    {POST, SERVICE "/AccessTokens", AUTH_ACCOUNT, LIMIT_API, WRITE, access_tokens_create, .body_max = BODY_MAX},
    {GET, SERVICE "/AccessTokens/{Sid}", AUTH_ACCOUNT, LIMIT_API, READ, access_tokens_fetch},

    {GET, SERVICE "/RateLimits", AUTH_ACCOUNT, LIMIT_API, READ, rate_limits_list},
    {POST, SERVICE "/RateLimits", AUTH_ACCOUNT, LIMIT_API, WRITE, rate_limits_create, .body_max = BODY_MAX},
    {GET, SERVICE "/RateLimits/{Sid}", AUTH_ACCOUNT, LIMIT_API, READ, rate_limits_fetch},
    {POST, SERVICE "/RateLimits/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, rate_limits_update, .body_max = BODY_MAX},
    {DELETE, SERVICE "/RateLimits/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, rate_limits_delete},
    {GET, SERVICE "/RateLimits/{RateLimitSid}/Buckets", AUTH_ACCOUNT, LIMIT_API, READ, buckets_list},
    {POST, SERVICE "/RateLimits/{RateLimitSid}/Buckets", AUTH_ACCOUNT, LIMIT_API, WRITE, buckets_create, .body_max = BODY_MAX},
    {GET, SERVICE "/RateLimits/{RateLimitSid}/Buckets/{Sid}", AUTH_ACCOUNT, LIMIT_API, READ, buckets_fetch},
    {POST, SERVICE "/RateLimits/{RateLimitSid}/Buckets/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, buckets_update, .body_max = BODY_MAX},
    {DELETE, SERVICE "/RateLimits/{RateLimitSid}/Buckets/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, buckets_delete},
    {GET, SERVICE "/Webhooks", AUTH_ACCOUNT, LIMIT_API, READ, webhooks_list},
    {POST, SERVICE "/Webhooks", AUTH_ACCOUNT, LIMIT_API, WRITE, webhooks_create, .body_max = BODY_MAX},
    {GET, SERVICE "/Webhooks/{Sid}", AUTH_ACCOUNT, LIMIT_API, READ, webhooks_fetch},
    {POST, SERVICE "/Webhooks/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, webhooks_update, .body_max = BODY_MAX},
    {DELETE, SERVICE "/Webhooks/{Sid}", AUTH_ACCOUNT, LIMIT_API, WRITE, webhooks_delete},
    {GET, SERVICE "/MessagingConfigurations", AUTH_ACCOUNT, LIMIT_API, READ, messaging_list},
    {POST, SERVICE "/MessagingConfigurations", AUTH_ACCOUNT, LIMIT_API, WRITE, messaging_create, .body_max = BODY_MAX},
    {GET, SERVICE "/MessagingConfigurations/{Country}", AUTH_ACCOUNT, LIMIT_API, READ, messaging_fetch},
    {POST, SERVICE "/MessagingConfigurations/{Country}", AUTH_ACCOUNT, LIMIT_API, WRITE, messaging_update, .body_max = BODY_MAX},
    {DELETE, SERVICE "/MessagingConfigurations/{Country}", AUTH_ACCOUNT, LIMIT_API, WRITE, messaging_delete},

    {POST, SERVICE "/Passkeys/Factors", AUTH_ACCOUNT, LIMIT_API, WRITE, passkeys_refuse, .body_max = BODY_MAX},
    {POST, SERVICE "/Passkeys/VerifyFactor", AUTH_ACCOUNT, LIMIT_API, WRITE, passkeys_refuse, .body_max = BODY_MAX},
    {POST, SERVICE "/Passkeys/Challenges", AUTH_ACCOUNT, LIMIT_API, WRITE, passkeys_refuse, .body_max = BODY_MAX},
    {POST, SERVICE "/Passkeys/ApproveChallenge", AUTH_ACCOUNT, LIMIT_API, WRITE, passkeys_refuse, .body_max = BODY_MAX},

    {GET, "/v2/Attempts", AUTH_ACCOUNT, LIMIT_API, WRITE, attempts_list},
    {GET, "/v2/Attempts/Summary", AUTH_ACCOUNT, LIMIT_API, WRITE, attempts_summary},
    {GET, "/v2/Attempts/{Sid}", AUTH_ACCOUNT, LIMIT_API, READ, attempts_fetch},
    {GET, "/v2/Templates", AUTH_ACCOUNT, LIMIT_API, READ, templates_list},
    {POST, "/v2/SafeList/Numbers", AUTH_ACCOUNT, LIMIT_API, WRITE, safe_list_create, .body_max = BODY_MAX},
    {GET, "/v2/SafeList/Numbers/{PhoneNumber}", AUTH_ACCOUNT, LIMIT_API, WRITE, safe_list_fetch},
    {DELETE, "/v2/SafeList/Numbers/{PhoneNumber}", AUTH_ACCOUNT, LIMIT_API, WRITE, safe_list_delete},
    {GET, "/v2/Forms/{FormType}", AUTH_ACCOUNT, LIMIT_API, READ, forms_fetch},
};
/* clang-format on */

const struct face verify_face = {
    .name = "verify",
    .prefix = "/v2/",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .options = reply_preflight,
    .gate = call_gate,
    .error = api_error_page,
};
