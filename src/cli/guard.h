/*
 * guard.h: the rules for messages to phones (core/firewall.h), as the settings say them.
 */
#ifndef CLI_GUARD_H
#define CLI_GUARD_H

#include "config/config.h"
#include "core/firewall.h"

/* *out_on: whether there are rules. *out borrows from cf. ERR_INVALID: cx->why names the setting.
 */
enum err guard_rules(struct ctx *cx, const struct config *cf, struct firewall_rules *out,
                     bool *out_on);

#endif
