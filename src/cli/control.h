/*
 * control.h: the commands of another process, run by the server that has the store.
 *
 * Over DATA_DIR/control.sock (mode 0600) and nowhere else:
 *
 *   POST /control       {"argv": ["app", "list", "--json"], "cwd": "/root"}
 *                       -> {"exit": 0, "stdout": "…", "stderr": ""}     what the command said
 *   POST /control/job   {"argv": ["backup", "b.db"], "cwd": "/root"}    a long command: starts it
 *                       -> {"job": 7}
 *                       {"job": 7}                                      asks how it goes
 *                       -> {"job": 7} while it runs, then {"exit": …}
 *
 * The server reads argv with the same table and runs the same function, inside one transaction of
 * its writer. Whoever may open the socket may do everything; its mode and the folder's are the
 * guard.
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "cli/command.h"
#include "http/route.h"

enum { CONTROL_BODY_MAX = 64 * KIB };

extern const struct face control_face;

/* True when a server listens at this socket. */
bool control_answers(struct ctx *cx, struct str socket_path);
/* The other end: sends a command to the server and waits for what it says. ERR_BUSY: no server
 * listens at this socket. ERR_UPSTREAM: it hung up, and whether it did the command is unknown, so
 * nobody may try again by himself. *out_exit is the command's. */
enum err control_call(struct ctx *cx, struct str socket_path, const struct cli_parsed *parsed,
                      struct cli_out *out, int *out_exit);

#endif
