/*
 * config.h: every setting of the program, read once into one struct that nobody changes after.
 *
 * Sources, the later wins: the defaults in options.def, a file, the environment
 * (COUNTERSIGN_<NAME>), the command line (--name=value). Whatever is unknown or unacceptable is an
 * error that names its place; all of them are listed, not only the first.
 *
 * A struct config lives in an arena of its own. A reload makes a new one; the old stays valid for
 * whoever still reads it.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/log.h"

enum config_mode { MODE_DEMO, MODE_PRODUCTION };

struct config_list {
    const struct str *item;
    size_t n;
};

struct config_rate { /* count 0 = unlimited */
    uint32_t count;
    uint32_t window_s;
};

enum config_smpp_long { LONG_UDH, LONG_SAR, LONG_PAYLOAD };
enum config_smpp_ids { IDS_SAME, IDS_DECIMAL, IDS_HEX };
struct config_smpp_source {
    bool given; /* false: auto */
    uint8_t ton, npi;
};

/* The C type of each option type in options.def. */
#define CONFIG_ADDR        struct str /* "127.0.0.1:8080", "[::1]:8080": always numeric */
#define CONFIG_URL         struct str /* "https://login.example.com", no slash behind it */
#define CONFIG_PATH        struct str
#define CONFIG_TEXT        struct str
#define CONFIG_EMAIL       struct str
#define CONFIG_DATABASE    struct str
#define CONFIG_SIP         struct str /* "sips://sip.example.com:5061"; without a port as given */
#define CONFIG_SMTP        struct str /* "smtp://mail.example.com:587", always with a port */
#define CONFIG_UINT        uint32_t
#define CONFIG_SMPP_LONG   enum config_smpp_long
#define CONFIG_SMPP_IDS    enum config_smpp_ids
#define CONFIG_SMPP_SOURCE struct config_smpp_source
#define CONFIG_MODE        enum config_mode
#define CONFIG_LEVEL       enum log_level
#define CONFIG_CIDRS       struct config_list
#define CONFIG_RATE        struct config_rate

enum config_option {
#define OPTION(name, ...) OPTION_##name,
#include "config/options.def"
#undef OPTION
    OPTION_COUNT,
};

struct config_place { /* where a value came from */
    enum { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE } from;
    unsigned line; /* of the file */
};

/* All text in it is NUL-terminated too. Zeros and empty text are as given; config_derive_ functions
 * say what they stand for. */
struct config {
#define OPTION(name, type, ...) CONFIG_##type name;
#include "config/options.def"
#undef OPTION
    struct config_place place[OPTION_COUNT];
    struct str file; /* that was read; empty = none */
    struct arena *mem;
};

struct config_arg { /* --name=value */
    struct str name, value;
};

struct config_sources {
    struct str file;        /* empty: COUNTERSIGN_CONFIG, or none */
    const char *const *env; /* NAME=value, ended by NULL; NULL = leave it out */
    const struct config_arg *args;
    size_t arg_count;
};

/* Reads all sources. ERR_INVALID: *problems holds one line for each thing that is wrong
 * ("countersign.conf:3: unknown option \"listn\"; did you mean \"listen\"?"). */
enum err config_load(struct ctx *cx, const struct config_sources *from, struct buf *problems,
                     struct config **out);
void config_free(struct config **cf);

/* Whether the settings fit each other and this machine (files, folders). ERR_INVALID as above. */
enum err config_check(struct ctx *cx, const struct config *cf, struct buf *problems);

/* What a file that an option names holds: its text without the last line end. Lives in cx->mem,
 * which is wiped. */
enum err config_read_file(struct ctx *cx, struct str path, struct str *out);

struct config_smpp_url { /* "smpps://host:3550", "smpp+plain://host:2775" */
    bool tls;
    struct str host; /* a view into the text */
    uint16_t port;   /* the scheme's own when the text has none */
};
/* sms_url when sms_gateway is smpp; false when it is none of the two. */
bool config_smpp_url(struct str text, struct config_smpp_url *out);

/* After a reload: puts the values of `running` back into `fresh` where a change needs a restart,
 * and adds a line for each to *notes. `running` must outlive `fresh`. */
void config_keep_fixed(const struct config *running, struct config *fresh, struct buf *notes);

/* ---- what the zeros stand for; text is made in mem ---- */

unsigned config_workers(const struct config *cf);
unsigned config_hash_threads(const struct config *cf);
struct str config_master_key_file(struct arena *mem, const struct config *cf);
struct str config_control_socket(struct arena *mem, const struct config *cf);
/* The address listened on, with the port that was really bound in place of 0. */
struct str config_listen_url(struct arena *mem, const struct config *cf, uint16_t port);
/* public_url, or when that is empty the same as above. */
struct str config_public_url(struct arena *mem, const struct config *cf, uint16_t port);
/* True when only this machine can reach the listening address. */
bool config_is_local(const struct config *cf);

/* ---- for `config show` and the manual ---- */

const char *config_name(enum config_option o);
const char *config_fallback(enum config_option o); /* the default, as text */
const char *config_help(enum config_option o);
/* The value as it would stand in a file; secrets inside are masked. */
void config_print(const struct config *cf, enum config_option o, struct buf *out);
/* "default", "countersign.conf:12", "environment", "command line" */
void config_print_place(const struct config *cf, enum config_option o, struct buf *out);
/* The option called name ('-' counts as '_'), or OPTION_COUNT. */
enum config_option config_find(struct str name);
bool config_is_number(enum config_option o); /* its value is a JSON number */
/* The list of options for countersign.conf(5), in mdoc. */
void config_manual(struct buf *out);

#endif
