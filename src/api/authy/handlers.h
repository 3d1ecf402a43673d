/*
 * handlers.h: what routes.c names.
 */
#ifndef API_AUTHY_HANDLERS_H
#define API_AUTHY_HANDLERS_H

#include "http/route.h"

/* user.c */
handler_fn user_new, user_status, user_delete, user_update, user_activity, user_secret,
    device_delete;
/* token.c */
handler_fn token_sms, token_call, token_email, token_verify;
/* number.c */
handler_fn number_start, number_check, number_status, number_info;
/* app.c */
handler_fn app_details, app_stats;
/* approval.c */
handler_fn approval_create, approval_status;
/* registration.c */
handler_fn registration_status, registration_pair;
/* dashboard.c */
handler_fn dashboard_details, dashboard_update, webhook_create, webhook_list, webhook_delete;

#endif
