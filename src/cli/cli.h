/*
 * cli.h: from main's arguments to an exit code.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/command.h"

/* What a local command may want to know besides its own words. */
struct cli_call {
    const char *program; /* as it was called: "build/countersign" */
    const struct cli_parsed *parsed;
    const char *const *env;
};

/* Runs `countersign argv[1] …`; returns what the shell gets (enum cli_exit). */
int cli_main(int argc, char **argv, char **env);

/* Reads the settings of this call. ERR_INVALID: what is wrong stands in out->err already, line by
 * line, and cx->why sums it up. */
enum err cli_config(struct ctx *cx, const struct cli_call *call, struct cli_out *out,
                    struct config **out_config);

#endif
