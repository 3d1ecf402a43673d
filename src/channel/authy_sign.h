/*
 * authy_sign.h: the signature of Authy's callbacks, those we send and those we get: a JSON object
 * as Rails' to_query writes it, under HMAC-SHA256 with the application's API key. Pure but for the
 * arena. docs/wire/authy.md has the rules.
 */
#ifndef CHANNEL_AUTHY_SIGN_H
#define CHANNEL_AUTHY_SIGN_H

#include "base/ctx.h"
#include "base/str.h"

#include <jansson.h>

/* a%5Bb%5D=1&a%5Bc%5D=…: members sorted by bytes on every level, lists in their order with empty
 * brackets, empty objects and lists left out. */
struct str callback_params(struct ctx *cx, json_t *body);
/* Whether a body that somebody sent is small enough to be signed: its names are repeated for each
 * value in them, so that little text can come to much. */
bool callback_params_fit(json_t *body);
/* One name or value as it is written there: as in a form. */
struct str form_escape(struct ctx *cx, struct str s);
/* base64(HMAC-SHA256(key, nonce|METHOD|url|params)) */
struct str callback_signature(struct ctx *cx, struct str key, struct str nonce, struct str method,
                              struct str url, struct str params);

#endif
