/*
 * gate.h: the parameters of a request and the application whose key it brings.
 */
#ifndef API_AUTHY_GATE_H
#define API_AUTHY_GATE_H

#include "api/authy/wire.h"

/* On the loop, before anything else: rq->prepared = struct args. */
handler_fn authy_prepare;
/* Finds the key in the header X-Authy-API-Key or the parameter api_key; rq->who = struct visitor.
 */
handler_fn authy_gate;
/* Of the signed requests (dashboard.c): the same, with the caller's account. */
handler_fn authy_signed_gate;

#endif
