/*
 * handlers.h: what routes.c names. A …_page draws a page, on a GET or again when its form failed; a
 * …_prepare does the slow part before the transaction; the rest are the forms themselves.
 */
#ifndef PORTAL_HANDLERS_H
#define PORTAL_HANDLERS_H

#include "http/route.h"

/* signup.c */
handler_fn index_page, sign_up_page, sign_up_prepare, sign_up, sign_up_sent_page;
handler_fn confirm_page, confirm;
/* login.c */
handler_fn login_page, login_prepare, login_submit, logout;
/* waiting.c */
handler_fn login_status, login_finish;
/* verify.c */
handler_fn verify_page, verify_prepare, verify, verify_method, resend;
bool verify_is_slow(struct ctx *cx, const struct request *rq);
/* account.c */
handler_fn account_page, edit_page, edit, session_end_one, session_end_rest;
/* contact.c */
handler_fn password_page, password_prepare, password_change;
handler_fn email_page, email_prepare, email_change, email_confirm_page, email_confirm;
handler_fn phone_page, phone_prepare, phone_change;
/* security.c */
handler_fn security_page, factor_off_page, factor_off_start, floor_raise_now, floor_lower_start;
/* recovery.c */
handler_fn recovery_page, recovery_prepare, recovery_codes;
/* devices.c */
handler_fn pairing_start, pairing_page, pairing_done, pairing_status;
handler_fn device_page, device_name_set, device_off;
/* enrol.c */
handler_fn enrol_page, enrol_start, enrol_check, enrol_resend;
/* remote.c */
handler_fn remote_enrol_status, remote_enrol_done;
/* reauth.c */
handler_fn reauth_page, reauth_prepare, reauth;
/* reset.c */
handler_fn reset_page, reset_ask, reset_sent_page, reset_set_page, reset_set_prepare, reset_set;
handler_fn not_me_page, not_me;
/* authenticator.c */
handler_fn authenticator_page, authenticator_manifest, authenticator_worker;
/* outbox.c */
handler_fn outbox_page, outbox_json;

#endif
