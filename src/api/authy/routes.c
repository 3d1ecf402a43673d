/*
 * routes.c: the Authy dialect on one screen. Opening an address to anybody means a row of AUTH_NONE
 * here and one in routes_test.c.
 */
#include "api/authy/face.h"
#include "api/authy/gate.h"
#include "api/authy/handlers.h"

#define BOUND authy_prepare, ON_LOOP

/* clang-format off */
static const struct route protected_routes[] = {
    {POST, "/protected/{format}/users/new",                    AUTH_API_KEY, LIMIT_API, WRITE, user_new,            BOUND},
    {GET,  "/protected/{format}/users/{id}/status",            AUTH_API_KEY, LIMIT_API, READ,  user_status,         BOUND},
    {POST, "/protected/{format}/users/{id}/delete",            AUTH_API_KEY, LIMIT_API, WRITE, user_delete,         BOUND},
    {POST, "/protected/{format}/users/{id}/remove",            AUTH_API_KEY, LIMIT_API, WRITE, user_delete,         BOUND},
    {POST, "/protected/{format}/users/delete/{id}",            AUTH_API_KEY, LIMIT_API, WRITE, user_delete,         BOUND},
    {POST, "/protected/{format}/users/{id}/update",            AUTH_API_KEY, LIMIT_API, WRITE, user_update,         BOUND},
    {POST, "/protected/{format}/users/{id}/register_activity", AUTH_API_KEY, LIMIT_API, WRITE, user_activity,       BOUND},
    {POST, "/protected/{format}/users/{id}/secret",            AUTH_API_KEY, LIMIT_API, WRITE, user_secret,         BOUND},

    {DELETE, "/protected/{format}/sdk/devices/{id}",           AUTH_API_KEY, LIMIT_API, WRITE, device_delete,       BOUND},

    {GET,  "/protected/{format}/sms/{id}",                     AUTH_API_KEY, LIMIT_API, WRITE, token_sms,           BOUND},
    {GET,  "/protected/{format}/call/{id}",                    AUTH_API_KEY, LIMIT_API, WRITE, token_call,          BOUND},
    {POST, "/protected/{format}/email/{id}",                   AUTH_API_KEY, LIMIT_API, WRITE, token_email,         BOUND},
    {GET,  "/protected/{format}/verify/{token}/{id}",          AUTH_API_KEY, LIMIT_API, WRITE, token_verify,        BOUND},

    {POST, "/protected/{format}/phones/verification/start",    AUTH_API_KEY, LIMIT_API, WRITE, number_start,         BOUND},
    {GET,  "/protected/{format}/phones/verification/check",    AUTH_API_KEY, LIMIT_API, WRITE, number_check,         BOUND},
    {GET,  "/protected/{format}/phones/verification/status",   AUTH_API_KEY, LIMIT_API, READ,  number_status,        BOUND},
    {GET,  "/protected/{format}/phones/info",                  AUTH_API_KEY, LIMIT_API, READ,  number_info,          BOUND},

    {GET,  "/protected/{format}/app/details",                  AUTH_API_KEY, LIMIT_API, READ,  app_details,         BOUND},
    {GET,  "/protected/{format}/app/stats",                    AUTH_API_KEY, LIMIT_API, READ,  app_stats,           BOUND},

    {GET,  "/protected/{format}/registrations/status",         AUTH_API_KEY, LIMIT_API, READ,  registration_status, BOUND},
    {GET,  "/protected/{format}/registrations/pair",           AUTH_NONE,    LIMIT_FORM, WRITE, registration_pair,  BOUND},
};
static const struct route onetouch_routes[] = {
    {POST, "/onetouch/{format}/users/{id}/approval_requests",  AUTH_API_KEY, LIMIT_API, WRITE, approval_create,     BOUND},
    {GET,  "/onetouch/{format}/approval_requests/{uuid}",      AUTH_API_KEY, LIMIT_API, READ,  approval_status,     BOUND},
};
/* Signed with what only the account's owner has; written, since a nonce is spent. */
static const struct route dashboard_routes[] = {
    {GET,    "/dashboard/{format}/application/details",        AUTH_ACCOUNT, LIMIT_API, WRITE, dashboard_details,   BOUND},
    {POST,   "/dashboard/{format}/application/update",         AUTH_ACCOUNT, LIMIT_API, WRITE, dashboard_update,    BOUND},
    {POST,   "/dashboard/{format}/application/webhooks",       AUTH_ACCOUNT, LIMIT_API, WRITE, webhook_create,      BOUND},
    {GET,    "/dashboard/{format}/application/webhooks",       AUTH_ACCOUNT, LIMIT_API, WRITE, webhook_list,        BOUND},
    {DELETE, "/dashboard/{format}/application/webhooks",       AUTH_ACCOUNT, LIMIT_API, WRITE, webhook_delete,      BOUND},
    {DELETE, "/dashboard/{format}/application/webhooks/{id}",  AUTH_ACCOUNT, LIMIT_API, WRITE, webhook_delete,      BOUND},
};
/* clang-format on */

const struct face authy_face = {
    .name = "authy",
    .prefix = "/protected/",
    .routes = protected_routes,
    .route_count = COUNT_OF(protected_routes),
    .gate = authy_gate,
    .error = authy_error,
    .joins_slashes = true,
};

const struct face authy_onetouch_face = {
    .name = "authy-onetouch",
    .prefix = "/onetouch/",
    .routes = onetouch_routes,
    .route_count = COUNT_OF(onetouch_routes),
    .gate = authy_gate,
    .error = authy_error,
    .joins_slashes = true,
};

const struct face authy_dashboard_face = {
    .name = "authy-dashboard",
    .prefix = "/dashboard/",
    .routes = dashboard_routes,
    .route_count = COUNT_OF(dashboard_routes),
    .gate = authy_signed_gate,
    .error = authy_error,
    .joins_slashes = true,
};
