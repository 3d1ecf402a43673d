/*
 * remote_rows.h: what remote.c and remote_queue.c share. Not for the faces.
 */
#ifndef CORE_REMOTE_ROWS_H
#define CORE_REMOTE_ROWS_H

#include "core/remote.h"

struct remote_row {
    int64_t id, identity_id, factor_id, login_id;
    enum remote_op op;
    enum remote_said said;
    bool done, sending;
    struct str ref;
    struct bytes code_sealed;
    int64_t attempts, created_at_ms, expires_at_ms;
};

enum err remote_row(struct ctx *cx, const struct db_rows *r, struct remote_row *out);
/* Ends it; *out_won is false when it had ended before. ref: kept when empty. */
enum err remote_end(struct ctx *cx, struct db *db, const struct remote_row *row,
                    enum remote_said said, struct str ref, struct str why, bool *out_won);
/* The next question of the turn that `row` belongs to. */
enum err remote_go_on(struct ctx *cx, struct db *db, const struct remote_row *row,
                      enum remote_op op);
/* A code was answered for, or was not. */
enum err remote_check_ended(struct ctx *cx, struct db *db, const struct remote_row *row,
                            enum remote_said said);
/* An approval request has ended: what that does to its factor and its attempt, with its record. */
enum err remote_ask_ended(struct ctx *cx, struct db *db, const struct remote_row *row,
                          enum remote_said said);
/* The server's id for an identity, registered with this number; empty when there is none. */
enum err remote_user(struct ctx *cx, struct db *db, int64_t identity_id, struct str phone,
                     struct str *out);

#endif
