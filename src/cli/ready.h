/*
 * ready.h: what a server says when it takes requests: to the person who typed it, to the service
 * manager that started it (systemd, Type=notify), to the log.
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli/cli.h"
#include "cli/instance.h"

/* In demo mode it also makes sure of a first application, whose keys are printed when it is new. */
enum err ready_say(struct ctx *cx, const struct cli_call *call, struct instance *in,
                   struct cli_out *out);
void ready_no_more(const struct cli_call *call);

#endif
