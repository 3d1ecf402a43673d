/*
 * routes.c: the portal's policy on one screen: who may ask, how often, where it runs, what runs.
 *
 * Opening an address to anybody means a row of AUTH_NONE here and one in routes_test.c. A row with
 * a prepare step asks the gate twice: before the slow part and inside the transaction.
 */
#include "portal/errors.h"
#include "portal/gate.h"
#include "portal/handlers.h"
#include "portal/portal.h"
#include "portal/static.h"

/* clang-format off */
static const struct route routes[] = {
    {GET,  "/",                                AUTH_NONE,    LIMIT_PAGE,  READ,  index_page},
    {GET,  "/static/{file}",                   AUTH_NONE,    LIMIT_NONE,  READ,  static_file},
    {GET,  "/favicon.ico",                     AUTH_NONE,    LIMIT_NONE,  READ,  static_favicon},
    {GET,  "/favicon.svg",                     AUTH_NONE,    LIMIT_NONE,  READ,  static_favicon},
    {GET,  "/robots.txt",                      AUTH_NONE,    LIMIT_NONE,  READ,  static_robots},

    {GET,  "/sign-up",                         AUTH_NONE,    LIMIT_PAGE,  READ,  sign_up_page},
    {POST, "/sign-up",                         AUTH_NONE,    LIMIT_SEND,  WRITE, sign_up, sign_up_prepare},
    {GET,  "/sign-up/check",                   AUTH_NONE,    LIMIT_PAGE,  READ,  sign_up_sent_page},
    {GET,  "/confirm/{token}",                 AUTH_NONE,    LIMIT_FORM,  READ,  confirm_page},
    {POST, "/confirm/{token}",                 AUTH_NONE,    LIMIT_FORM,  WRITE, confirm},

    {GET,  "/login",                           AUTH_NONE,    LIMIT_PAGE,  READ,  login_page},
    {POST, "/login",                           AUTH_NONE,    LIMIT_LOGIN, WRITE, login_submit, login_prepare},
    {GET,  "/login/status",                    AUTH_NONE,    LIMIT_PAGE,  WRITE, login_status},
    {GET,  "/login/finish",                    AUTH_LOGIN,   LIMIT_LOGIN, WRITE, login_finish},
    {GET,  "/verify",                          AUTH_LOGIN,   LIMIT_PAGE,  READ,  verify_page},
    {POST, "/verify",                          AUTH_LOGIN,   LIMIT_LOGIN, WRITE, verify, verify_prepare, .prepare_when = verify_is_slow},
    {POST, "/verify/method",                   AUTH_LOGIN,   LIMIT_SEND,  WRITE, verify_method},
    {POST, "/resend",                          AUTH_LOGIN,   LIMIT_SEND,  WRITE, resend},
    {POST, "/logout",                          AUTH_NONE,    LIMIT_FORM,  WRITE, logout},

    {GET,  "/reset-password",                  AUTH_NONE,    LIMIT_PAGE,  READ,  reset_page},
    {POST, "/reset-password",                  AUTH_NONE,    LIMIT_SEND,  WRITE, reset_ask},
    {GET,  "/reset-password/sent",             AUTH_NONE,    LIMIT_PAGE,  READ,  reset_sent_page},
    {GET,  "/reset-password/{token}",          AUTH_NONE,    LIMIT_FORM,  READ,  reset_set_page},
    {POST, "/reset-password/{token}",          AUTH_NONE,    LIMIT_LOGIN, WRITE, reset_set, reset_set_prepare},
    {GET,  "/not-me/{token}",                  AUTH_NONE,    LIMIT_FORM,  READ,  not_me_page},
    {POST, "/not-me/{token}",                  AUTH_NONE,    LIMIT_FORM,  WRITE, not_me},
    {GET,  "/confirm-email/{token}",           AUTH_NONE,    LIMIT_FORM,  READ,  email_confirm_page},
    {POST, "/confirm-email/{token}",           AUTH_NONE,    LIMIT_FORM,  WRITE, email_confirm},

    {GET,  "/account",                         AUTH_SESSION, LIMIT_PAGE,  READ,  account_page},
    {GET,  "/account/edit",                    AUTH_SESSION, LIMIT_PAGE,  READ,  edit_page},
    {POST, "/account/edit",                    AUTH_SESSION, LIMIT_FORM,  WRITE, edit},
    {GET,  "/account/password",                AUTH_FRESH,   LIMIT_PAGE,  READ,  password_page},
    {POST, "/account/password",                AUTH_FRESH,   LIMIT_LOGIN, WRITE, password_change, password_prepare},
    {GET,  "/account/email",                   AUTH_FRESH,   LIMIT_PAGE,  READ,  email_page},
    {POST, "/account/email",                   AUTH_FRESH,   LIMIT_LOGIN, WRITE, email_change, email_prepare},
    {GET,  "/account/phone",                   AUTH_FRESH,   LIMIT_PAGE,  READ,  phone_page},
    {POST, "/account/phone",                   AUTH_FRESH,   LIMIT_LOGIN, WRITE, phone_change, phone_prepare},
    {POST, "/account/sessions/end-others",     AUTH_SESSION, LIMIT_FORM,  WRITE, session_end_rest},
    {POST, "/account/sessions/{id}/end",       AUTH_SESSION, LIMIT_FORM,  WRITE, session_end_one},
    {GET,  "/reauth",                          AUTH_SESSION, LIMIT_PAGE,  READ,  reauth_page},
    {POST, "/reauth",                          AUTH_SESSION, LIMIT_LOGIN, WRITE, reauth, reauth_prepare},

    {GET,  "/account/security",                AUTH_SESSION, LIMIT_PAGE,  READ,  security_page},
    {GET,  "/account/security/recovery",       AUTH_FRESH,   LIMIT_PAGE,  READ,  recovery_page},
    {POST, "/account/security/recovery",       AUTH_FRESH,   LIMIT_LOGIN, WRITE, recovery_codes, recovery_prepare},
    {POST, "/account/security/floor",          AUTH_FRESH,   LIMIT_FORM,  WRITE, floor_raise_now},
    {POST, "/account/security/floor/off",      AUTH_SESSION, LIMIT_SEND,  WRITE, floor_lower_start},
    {POST, "/account/security/push/start",     AUTH_FRESH,   LIMIT_SEND,  WRITE, pairing_start},
    {GET,  "/account/security/push",           AUTH_FRESH,   LIMIT_PAGE,  READ,  pairing_page},
    {GET,  "/account/security/push/done",      AUTH_SESSION, LIMIT_PAGE,  WRITE, pairing_done},
    {GET,  "/account/security/push/status",    AUTH_SESSION, LIMIT_PAGE,  READ,  pairing_status},
    {GET,  "/account/security/devices/{sid}",  AUTH_SESSION, LIMIT_PAGE,  READ,  device_page},
    {POST, "/account/security/devices/{sid}",  AUTH_SESSION, LIMIT_FORM,  WRITE, device_name_set},
    {POST, "/account/security/devices/{sid}/off", AUTH_SESSION, LIMIT_SEND, WRITE, device_off},
    {GET,  "/account/security/remote/status",  AUTH_SESSION, LIMIT_PAGE,  READ,  remote_enrol_status},
    {GET,  "/account/security/remote/done",    AUTH_SESSION, LIMIT_PAGE,  WRITE, remote_enrol_done},
    {POST, "/account/security/{kind}/start",   AUTH_FRESH,   LIMIT_SEND,  WRITE, enrol_start},
    {GET,  "/account/security/{kind}",         AUTH_FRESH,   LIMIT_PAGE,  READ,  enrol_page},
    {POST, "/account/security/{kind}",         AUTH_FRESH,   LIMIT_LOGIN, WRITE, enrol_check},
    {POST, "/account/security/{kind}/resend",  AUTH_FRESH,   LIMIT_SEND,  WRITE, enrol_resend},
    {GET,  "/account/security/{kind}/off",     AUTH_SESSION, LIMIT_PAGE,  READ,  factor_off_page},
    {POST, "/account/security/{kind}/off",     AUTH_SESSION, LIMIT_SEND,  WRITE, factor_off_start},

    {GET,  "/authenticator",                   AUTH_NONE,    LIMIT_PAGE,  READ,  authenticator_page},
    {GET,  "/authenticator/manifest.webmanifest", AUTH_NONE, LIMIT_NONE,  READ,  authenticator_manifest},
    {GET,  "/authenticator/sw.js",             AUTH_NONE,    LIMIT_NONE,  READ,  authenticator_worker},

    {GET,  "/outbox",                          AUTH_NONE,    LIMIT_PAGE,  READ,  outbox_page},
    {GET,  "/outbox.json",                     AUTH_NONE,    LIMIT_PAGE,  READ,  outbox_json},
};
/* clang-format on */

const struct face portal_face = {
    .name = "portal",
    .prefix = "",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .gate = gate,
    .error = portal_error,
};
