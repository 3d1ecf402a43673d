/*
 * touch.h: "last seen", written down beside a request and never waited for.
 */
#ifndef PORTAL_TOUCH_H
#define PORTAL_TOUCH_H

#include "core/app.h"

/* Queues it. When the writer is too busy it is left out: the next request tries again. */
void touch_later(const struct app *app, int64_t person_id, int64_t session_id);

#endif
