/*
 * portal.h: the face for people: sign-up, sign-in, account, second factors, as pages and as JSON.
 *
 * The portal binds what a browser sends, asks the core, and renders. It holds no rule: whoever may
 * do what, how often, and what a code is worth stands in core/. rq->app is a struct app.
 */
#ifndef PORTAL_PORTAL_H
#define PORTAL_PORTAL_H

#include "http/route.h"

extern const struct face portal_face;

#endif
