/*
 * app.h: what every face finds in rq->app. The composition root (cli/serve.c) makes it once, before
 * the first request, and it stays constant; handlers reach the rules through their store handle, so
 * this is only for what happens beside a request.
 */
#ifndef CORE_APP_H
#define CORE_APP_H

#include "core/core.h"

struct provider;
struct remote;

struct app {
    struct store *store;                 /* for jobs whose outcome no answer waits for */
    const struct core *core;             /* the same that core_of(db) gives */
    const struct remote *remote;         /* the service behind second_factor; NULL = none */
    const struct provider *sms_provider; /* whose receipts are taken; NULL = nobody's */
    struct str sms_receipt_key;          /* what signed ones are checked with */
};

#endif
