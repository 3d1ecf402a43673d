/*
 * smpp_link.h: the connection under an SMPP session: TCP, or TLS 1.2 and newer with the carrier's
 * certificate verified. Never blocks but for looking up the host's name.
 */
#ifndef CHANNEL_SMPP_LINK_H
#define CHANNEL_SMPP_LINK_H

#include "base/buf.h"
#include "base/ctx.h"

struct smpp_link;
struct smpp_link_conf {
    struct str host; /* a name, or an address without brackets */
    uint16_t port;
    bool tls;
    struct str ca_file; /* PEM: authorities beside the system's; empty = none */
};

/* ERR_INVALID: the authorities cannot be read. *out is the caller's. */
enum err smpp_link_new(struct ctx *cx, const struct smpp_link_conf *conf, struct smpp_link **out);
void smpp_link_free(struct smpp_link **link);

enum smpp_link_state {
    SMPP_LINK_DOWN,   /* smpp_link_why says why, once it was up or tried */
    SMPP_LINK_TRYING, /* connecting, or the TLS handshake */
    SMPP_LINK_UP,
};

/* Looks the name up and starts with its first address; the others are tried in turn. */
void smpp_link_open(struct smpp_link *link);
void smpp_link_close(struct smpp_link *link);
enum smpp_link_state smpp_link_state(const struct smpp_link *link);
/* "smsc.example.com:2775: connection refused"; the host alone until something went wrong. */
const char *smpp_link_why(const struct smpp_link *link);

/* For poll: the descriptor (-1 = none) and its events; more is to be written. */
int smpp_link_fd(const struct smpp_link *link);
short smpp_link_events(const struct smpp_link *link, bool to_write);
/* After poll has said something: connects on, writes what out has (dropping it there), reads into
 * in until nothing comes or in has no room. */
void smpp_link_move(struct smpp_link *link, struct buf *in, struct buf *out);

#endif
