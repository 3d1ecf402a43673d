/*
 * credential.h: who calls one of the two HTTP interfaces, and the key pairs (SK…) of an account.
 *
 * A secret is looked up by its SHA-256: 128 random bits need no salt, and the index compares
 * hashes, so time says nothing about the secret. What has expired, or belongs to a closed account
 * or a deleted service, is as unknown as what never was.
 */
#ifndef CORE_CREDENTIAL_H
#define CORE_CREDENTIAL_H

#include "core/core.h"

struct caller {
    int64_t account_id;
    int64_t service_id;    /* 0 = all of the account's services */
    int64_t credential_id; /* callbacks are signed with the key that asked */
    struct str account_sid;
};

enum { CREDENTIAL_LEN_MAX = 128 }; /* bytes; longer ones are refused unread */

/* By an application's API key. ERR_DENIED. */
enum err caller_by_api_key(struct ctx *cx, struct db *db, struct str key, struct caller *out);
/* By the two halves of Basic authentication: account SID and auth token, or an SK… and its secret.
 * ERR_DENIED for every reason. */
enum err caller_by_account(struct ctx *cx, struct db *db, struct str user, struct str secret,
                           struct caller *out);

/* The secret itself: to sign what the application will verify. ERR_NOT_FOUND: its key is gone. */
enum err credential_secret(struct ctx *cx, struct db *db, int64_t credential_id, struct str *out);
/* The newest API key of a service that holds, for what no request asked for. ERR_NOT_FOUND. */
enum err credential_newest(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_id);

/* The newest auth token of a service's account that holds: what its webhooks are signed with. */
enum err credential_token(struct ctx *cx, struct db *db, int64_t service_id, struct str *out);

/* All of them, newest first: what a token of the application may be signed with. */
enum err credential_keys(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_ids,
                         size_t max, size_t *out_count);

/* What requests in the name of an account may be signed with, newest first: access_sid is the
 * account's own SID (its auth tokens that hold) or a key pair's. None is no error: *out_count is 0.
 */
enum err credential_signers(struct ctx *cx, struct db *db, int64_t account_id,
                            struct str access_sid, int64_t *out_ids, size_t max, size_t *out_count);

struct key_pair {
    int64_t id;
    struct str sid, name;                 /* SK…; what the operator calls it */
    int64_t created_at_ms, expires_at_ms; /* 0: holds until it is revoked */
};
/* *out_secret is shown once. */
enum err key_pair_create(struct ctx *cx, struct db *db, int64_t account_id, struct str name,
                         struct key_pair *out, struct str *out_secret);
/* Those that hold, oldest first. */
enum err key_pair_list(struct ctx *cx, struct db *db, int64_t account_id, struct key_pair **out,
                       size_t *out_count);
/* ERR_NOT_FOUND: not a key pair of this account that holds. */
enum err key_pair_revoke(struct ctx *cx, struct db *db, int64_t account_id, struct str sid);

#endif
