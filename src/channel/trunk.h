/*
 * trunk.h: the SIP server that takes our calls, as the settings name it, and the one transport we
 * reach it by. Everything here but the two readers of settings happens on the voice thread.
 *
 * Over TLS the server's certificate is verified, its authority and its name (RFC 5922); libre by
 * itself does not. An answer that sends us elsewhere (3xx) ends the call: libre would follow it, to
 * whatever number it names (attack 72).
 */
#ifndef CHANNEL_TRUNK_H
#define CHANNEL_TRUNK_H

#include "base/ctx.h"
#include "base/str.h"

enum trunk_transport { TRUNK_UDP, TRUNK_TCP, TRUNK_TLS };
enum trunk_srtp { TRUNK_SRTP_OFF, TRUNK_SRTP_OFFERED, TRUNK_SRTP_REQUIRED };

struct trunk_conf {
    enum trunk_transport transport;
    struct str host;           /* name or address, an IPv6 one without its brackets */
    bool ipv6;                 /* host is such an address */
    uint16_t port;             /* 0: the usual one, or where DNS says (RFC 3263) */
    struct str user, password; /* empty: no digest */
    struct str from;           /* what phones show: "+14155550100"; empty: the user, if it can be */
    struct str ca_file;        /* authorities beside the system's; empty = none */
    enum trunk_srtp srtp;
};

/* Reads "sips://host:5061", "sip+tcp://host:5060", "sip+udp://[::1]:5060"; the port may be left
 * out. What it sets points into url. False: it is none of them. */
bool trunk_url(struct str url, struct trunk_conf *out);
/* "required", "offered", "off"; empty: required where TLS hides the keys, else off. */
bool trunk_srtp_mode(struct str word, enum trunk_transport transport, enum trunk_srtp *out);

struct trunk;
/* Called for each answer that would send a call elsewhere: head holds its Call-ID somewhere. */
typedef void trunk_redirect(void *arg, struct str head);
/* After libre_load. conf is borrowed. ERR_INVALID: a setting is wrong; ERR_INTERNAL. */
enum err trunk_open(struct ctx *cx, const struct trunk_conf *conf, trunk_redirect *redirected,
                    void *arg, struct trunk **out);
void trunk_close(struct trunk **trunk);

/* ---- for call.c ---- */

struct sipsess_sock;
struct sa;
const struct trunk_conf *trunk_conf(const struct trunk *trunk);
struct sipsess_sock *trunk_sessions(const struct trunk *trunk);
const struct sa *trunk_local(const struct trunk *trunk); /* our address, without a port */
/* "sip:NUMBER@host:port;transport=tls": where a call goes; and who it is from. */
struct str trunk_target(struct ctx *cx, const struct trunk *trunk, struct str number);
struct str trunk_identity(struct ctx *cx, const struct trunk *trunk);
/* Name and password, as libre asks for them: arg is the trunk. */
int trunk_credentials(char **user, char **password, const char *realm, void *arg);

#endif
