/*
 * option.h: the table made from options.def, and how each type is read and written. Private to
 * config/.
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "config/config.h"

enum option_flag {
    OPTION_RELOAD = 1,      /* SIGHUP changes it */
    OPTION_SECRET = 2,      /* the value may hold a secret */
    OPTION_SECRET_FILE = 4, /* names a file that holds one */
    OPTION_DEMO_ONLY = 8,
};

struct option;

struct option_type {
    const char *name; /* for the manual: "address:port" */
    /* Reads text into the member that `out` points to; what it keeps is copied into cx->mem.
     * ERR_INVALID: cx->why ends the sentence "NAME …": "must be a number". */
    enum err (*parse)(struct ctx *cx, const struct option *o, struct str text, void *out);
    void (*print)(const void *value, struct buf *out);
    bool number;
};

struct option {
    const char *name;
    const struct option_type *type;
    const char *fallback; /* the default, as text */
    uint32_t least, most; /* value of a number, characters of a text, items of a list */
    const char *unit;     /* "ms", "threads", or "" */
    unsigned flags;       /* enum option_flag */
    const char *help;
    size_t offset; /* in struct config */
    size_t size;   /* of the member */
};

extern const struct option option_table[OPTION_COUNT];

/* Splits "127.0.0.1:80" or "[::1]:80"; false when it is not of that form or not numeric. */
bool addr_split(struct str addr, struct str *out_host, uint16_t *out_port);
/* Cuts "smtp://host:587" behind its scheme; false when there is none that we know. */
bool smtp_split(struct str url, struct str *out_scheme, struct str *out_server);

#endif
