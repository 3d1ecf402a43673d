/*
 * listener.h: listening sockets on the first loop. Connections are dealt out round robin, since
 * long waits would not spread evenly by themselves.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "http/loop.h"

struct listener;

/* Binds "host:port" (port 0: any free; "[::]" takes IPv4 too). ERR_CONFLICT: it is in use. */
enum err listener_tcp(struct ctx *cx, struct str address, bool tls, struct listener **out);
/* Binds a unix socket with mode 0600, in place of one that nobody listens on any more. */
enum err listener_unix(struct ctx *cx, struct str path, struct listener **out);
void listener_free(struct listener **l); /* also removes the unix socket's file */
uint16_t listener_port(const struct listener *l);

/* Before the loops start: accepts on loops[0], deals to all. */
void listener_attach(struct listener *l, struct loop **loops, unsigned count);
/* On loops[0]: accepts whoever has connected already; closing would reset them. */
void listener_last_call(struct listener *l);
/* On loops[0]: closes the socket. */
void listener_close(struct listener *l);

#endif
