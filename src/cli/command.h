/*
 * command.h: the commands. The table is the help; one file per command (cmd_*.c) fills its rows.
 *
 * A row does one of three things:
 *   local  in this process, without the store
 *   run    in one transaction of the store
 *   job    on a thread of its own beside the store, for what takes longer than a transaction may
 * Where the last two run is not theirs to know: here while no server has the store, and in the
 * server, sent over its control socket, while one has (cli.c).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/out.h"
#include "config/config.h"
#include "store/store.h"

enum { CLI_WORDS_MAX = 16, CLI_TOKENS_MAX = 64 };

/* What was typed, by type. Every flag of any command is a member; a row's flag table says which of
 * them it takes. */
struct cli_args {
    struct str words[CLI_WORDS_MAX]; /* after the command's name */
    size_t word_count;
    struct str cwd; /* folder of whoever typed it; relative paths start there */

    bool json, yes;
    uint32_t limit; /* rows */
    uint32_t grace_s;
    int64_t before; /* entry id */
    struct str after, user;

    struct str name, key_file, ca_file, digits; /* of authenticator */
    bool history, not_me, once;
    bool verify;                                 /* of audit show */
    struct str channel, state, to, app, webhook; /* of delivery list */
};

enum flag_type { FLAG_YES, FLAG_UINT, FLAG_ID, FLAG_TEXT };

struct flag {
    const char *name;
    enum flag_type type;
    size_t offset;     /* in struct cli_args */
    const char *value; /* what stands behind '=' in the help: "N"; NULL for FLAG_YES */
    const char *help;
    uint32_t fallback; /* FLAG_UINT */
    uint32_t most;     /* FLAG_UINT; 0 = UINT32_MAX */
};

struct cli_call; /* cli.h */
struct service;

struct command {
    const char *group; /* "app", or NULL */
    const char *name;  /* "create" */
    const char *words; /* "NAME" */
    size_t words_min, words_max;
    const char *summary; /* one line, for the list */
    const char *detail;  /* what else there is to know; whole lines */
    const char *example; /* a line that works, or several */
    const struct flag *flags;
    size_t flag_count;
    bool no_settings;    /* takes neither --config nor --OPTION=VALUE */
    bool lists_settings; /* in its help */
    bool makes_data;     /* the data folder is made when it is missing */

    enum err (*local)(struct ctx *cx, const struct cli_call *call, struct cli_out *out);
    enum err (*run)(struct ctx *cx, struct db *db, const struct cli_args *args,
                    struct cli_out *out);
    enum err (*job)(struct ctx *cx, struct store *store, const struct cli_args *args,
                    struct cli_out *out);
};

extern const struct command cmd_serve, cmd_migrate, cmd_backup, cmd_version, cmd_help;
extern const struct command cmd_app_create, cmd_app_list, cmd_app_show, cmd_app_set, cmd_app_rotate,
    cmd_app_delete;
extern const struct command cmd_app_add_key, cmd_app_keys, cmd_app_delete_key;
extern const struct command cmd_user_list, cmd_user_show, cmd_user_disable, cmd_user_enable,
    cmd_user_reset_factors, cmd_user_remove_device;
extern const struct command cmd_channel_list, cmd_channel_pause, cmd_channel_resume;
extern const struct command cmd_firewall_list, cmd_firewall_pause, cmd_firewall_resume,
    cmd_firewall_allow, cmd_firewall_extend;
extern const struct command cmd_audit_list, cmd_audit_show, cmd_audit_verify;
extern const struct command cmd_config_show, cmd_config_check, cmd_config_manual;
extern const struct command cmd_delivery_list, cmd_delivery_show;
extern const struct command cmd_webhook_list, cmd_webhook_show, cmd_webhook_enable,
    cmd_webhook_disable, cmd_webhook_replay;
extern const struct command cmd_import_authy;
extern const struct command cmd_key_rotate;
extern const struct command cmd_authenticator_pair, cmd_authenticator_code, cmd_authenticator_list,
    cmd_authenticator_approve, cmd_authenticator_deny, cmd_authenticator_watch;

/* In the order of the help. */
extern const struct command *const command_table[];
extern const size_t command_count;

struct cli_parsed {
    const struct command *command; /* NULL: only a group or nothing was named, see `help` */
    struct str group;              /* the group that was named, or empty */
    bool help;                     /* --help, or nothing to run was named */
    struct cli_args args;
    struct str config_file;
    struct config_arg options[OPTION_COUNT]; /* --name=value of options.def */
    size_t option_count;
    struct str tokens[CLI_TOKENS_MAX]; /* all but the settings: what a server is sent */
    size_t token_count;
};

/* Reads the words behind "countersign". ERR_INVALID: cx->why says what is wrong, with a guess; what
 * was understood until then (command, group) is in *out all the same, so that help can follow. */
enum err command_parse(struct ctx *cx, const struct str *argv, size_t argc, struct cli_parsed *out);

/* The application called `name` (cmd_app.c), or an error that guesses. */
enum err app_find(struct ctx *cx, struct db *db, struct str name, struct service *out);

/* "app create" */
struct str command_title(struct ctx *cx, const struct command *c);
/* Help of one command, of a group, or (both empty) of the program. */
void command_help(struct ctx *cx, const struct command *c, struct str group, struct buf *out);
/* The one form of an error, wherever it happened: one line, and for usage where to read on. */
void command_error(struct ctx *cx, const struct command *c, enum err e, struct cli_out *out);

#endif
