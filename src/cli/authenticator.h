/*
 * authenticator.h: the other end of docs/wire/device.md: a key in a file, and requests signed by
 * it.
 *
 * The file is one JSON object, mode 0600: where it is paired, as which device, the private key, and
 * the secret of its codes if it has any.
 */
#ifndef CLI_AUTHENTICATOR_H
#define CLI_AUTHENTICATOR_H

#include "base/ctx.h"
#include "base/str.h"
#include "crypto/es256.h"

#include <jansson.h>

struct authenticator {
    struct str base; /* "https://id.example.org" */
    struct str device, service, service_name, account, name;
    struct str soft_token; /* otpauth://…; empty when the service asks for no typed codes */
    struct es256_key *key;
    const char *ca_file; /* NULL: the system's authorities */
    int64_t skew_s;      /* how far the server's clock is ahead */
};

void authenticator_deinit(struct authenticator *a);

/* The text of a member; empty when there is none. */
struct str json_member(struct ctx *cx, const json_t *o, const char *name);

/* The usual place: $XDG_CONFIG_HOME/countersign/authenticator, or that below ~/.config.
 * ERR_INVALID: neither is known. */
enum err authenticator_path(struct ctx *cx, const char *const *env, struct str *out);
/* ERR_NOT_FOUND: no such file. ERR_INVALID: others can read it, or it is no such file. */
enum err authenticator_load(struct ctx *cx, struct str path, struct authenticator *out);
/* Makes the file and its folder. ERR_CONFLICT: it exists. */
enum err authenticator_save(struct ctx *cx, struct str path, const struct authenticator *a);

/* "https://id.example.org/authenticator#pair=TOKEN" in two. ERR_INVALID: no such link, or http to
 * another machine than this. */
enum err pair_link_read(struct ctx *cx, struct str link, struct str *out_base,
                        struct str *out_token);
/* Asks whom a link pairs with: service_name and account are set in *a, whose base is. */
enum err authenticator_peek(struct ctx *cx, struct authenticator *a, struct str token);
/* Sends the public key with its proof; the rest of *a is set. */
enum err authenticator_pair(struct ctx *cx, struct authenticator *a, struct str token);

/* What a device is asked, checked to be about this service and this very request. */
struct asked {
    struct str id, shown, hidden_digest, state, reason;
    struct str message, address, browser, place;
    const struct asked_detail {
        struct str label, value;
    } * details;
    size_t detail_count;
    bool needs_digits;
    int64_t created_at_s, expires_at_s; /* 0: never */
};
/* Those that wait (or, with history, the newest that are over), newest first. */
enum err authenticator_asked(struct ctx *cx, struct authenticator *a, bool history,
                             struct asked **out, size_t *out_count);
/* decision: "approved", "denied", "not_me"; *out is the outcome's word. */
enum err authenticator_answer(struct ctx *cx, struct authenticator *a, const struct asked *q,
                              const char *decision, struct str digits, struct str *out);
/* The stream of events until it ends, or `take` returns false (*out_stopped). Each list is
 * good until take returns. */
enum err authenticator_watch(struct ctx *cx, struct authenticator *a,
                             bool (*take)(void *arg, const struct asked *list, size_t count),
                             void *arg, bool *out_stopped);

#endif
