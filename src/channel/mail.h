/*
 * mail.h: the e-mail carrier: SMTP to the operator's mail server (RFC 5321), STARTTLS or TLS unless
 * the operator has said otherwise, AUTH, connections kept between mails.
 */
#ifndef CHANNEL_MAIL_H
#define CHANNEL_MAIL_H

#include "base/buf.h"
#include "channel/carrier.h"

enum { MAIL_PARALLEL = 16 };

struct mail;
struct mail_conf {
    struct str url;  /* "smtp://host:587" (STARTTLS), "smtps://host:465", "smtp+plain://host:25" */
    struct str user; /* empty: no AUTH */
    struct str password;
    struct str from;    /* bare address; its domain is our name to the server and in message ids */
    struct str ca_file; /* authorities beside the system's; empty = none */
};

/* ERR_INVALID: the URL is none of the three. *out is the caller's. */
enum err mail_new(struct ctx *cx, const struct mail_conf *conf, struct mail **out);
void mail_free(struct mail **mail);
/* Borrows mail. */
struct carrier mail_carrier(struct mail *mail);

/* ---- pure, for the carrier and its test ---- */

/* A header's text: as it is when it is printable ASCII, else encoded words (RFC 2047) of whole
 * characters, folded. Control characters become blanks. */
void mail_text(struct buf *out, struct str text);
/* A name before an address (RFC 5322 phrase): quoted, or encoded words. */
void mail_phrase(struct buf *out, struct str name);
/* RFC 5322 date, UTC: "Sun, 22 Nov 2026 00:40:53 +0000". */
void mail_date(struct buf *out, int64_t at_ms);
/* What an end with this last SMTP code means, when the mail was not taken. */
enum outcome mail_outcome(long code);
/* Whether such an end is about the one mailbox: full, busy, or not known to the server yet. */
bool mail_is_recipients(long code, struct str reply);

#endif
