/*
 * gateway.h: the carrier of SMS over a company's HTTP interface, as provider.h describes it.
 */
#ifndef CHANNEL_GATEWAY_H
#define CHANNEL_GATEWAY_H

#include "channel/carrier.h"
#include "channel/provider.h"

enum { GATEWAY_PARALLEL = 16 };

struct gateway;
struct gateway_conf {
    struct str provider;    /* a name that provider_shipped knows */
    struct str description; /* or, when provider is empty, the text of one */
    struct str file;        /* that it was read from */
    struct str url;         /* instead of the description's base; empty = that */
    struct str user, password, from;
};

/* ERR_INVALID: the description is wrong or unknown, there is no URL, or it leads in the clear to
 * another machine without saying so by http+plain://. *out is the caller's. */
enum err gateway_new(struct ctx *cx, const struct gateway_conf *conf, struct gateway **out);
void gateway_free(struct gateway **gateway);
/* Borrows gateway. */
struct carrier gateway_carrier(struct gateway *gateway);
/* Lives as long as the gateway, and never changes: any thread may read it. */
const struct provider *gateway_provider(const struct gateway *gateway);
struct str gateway_password(const struct gateway *gateway);

#endif
