/* guard.c: see guard.h. */
#include "cli/guard.h"
#include "core/identity.h"
#include "core/tariff.h"

/* As the address limits of http: in demo mode everybody comes from one address, so a budget for it
 * would be one for all of them together. */
static struct limit_rule by_client(const struct config *cf, enum config_option o, const char *scope,
                                   struct config_rate rate)
{
    if (cf->mode == MODE_DEMO && cf->place[o].from == FROM_DEFAULT)
        rate.count = 0;
    return (struct limit_rule){scope, rate.count, rate.window_s};
}

static enum err on(struct ctx *cx, const struct config *cf, bool *out)
{
    bool automatic = str_eq(cf->phone_firewall, STR("auto"));

    if (!automatic && !str_eq(cf->phone_firewall, STR("on")) &&
        !str_eq(cf->phone_firewall, STR("off")))
        return fail(cx, ERR_INVALID, "phone_firewall: must be auto, on or off");
    *out = automatic ? cf->mode == MODE_PRODUCTION : str_eq(cf->phone_firewall, STR("on"));
    return OK;
}

enum err guard_rules(struct ctx *cx, const struct config *cf, struct firewall_rules *out,
                     bool *out_on)
{
    struct firewall_rules rules = {
        .countries = cf->phone_countries,
        .prices = cf->phone_prices,
        .capped = !str_eq(cf->phone_daily_spend, STR("off")),
        .prefix = {"phone.prefix", cf->phone_limit_prefix, 3600},
        .operator_email = cf->operator_email,
    };
    enum err e;

    rules.address =
        by_client(cf, OPTION_phone_limit_address, "phone.address", cf->phone_limit_address);
    rules.network =
        by_client(cf, OPTION_phone_limit_network, "phone.network", cf->phone_limit_network);
    if ((e = on(cx, cf, out_on)))
        return e;
    if ((e = countries_check(cx, rules.countries)))
        return fail(cx, e, "phone_countries: %s", arena_str(cx->mem, str_from(cx->why)).p);
    if ((e = prices_check(cx, rules.prices)))
        return fail(cx, e, "phone_prices: %s", arena_str(cx->mem, str_from(cx->why)).p);
    if (rules.capped && !money_read(cf->phone_daily_spend, &rules.daily_spend))
        return fail(cx, ERR_INVALID, "phone_daily_spend: must be an amount as 50 or 12.50, or off");
    if (rules.operator_email.n && !identity_email_ok(rules.operator_email))
        return fail(cx, ERR_INVALID, "operator_email: must be an e-mail address, or empty");
    *out = rules;
    return OK;
}
