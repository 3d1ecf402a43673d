/* credential.c: see credential.h. */
#include "core/credential.h"
#include "base/encode.h"
#include "core/audit.h"
#include "crypto/hash.h"
#include "crypto/random.h"

enum { SECRET_BYTES = 16, NAME_MAX_CHARS = 64, LIST_MAX = 200 };

static struct caller caller_row(const struct db_rows *r)
{
    return (struct caller){
        .credential_id = db_col_int(r, 0),
        .account_id = db_col_int(r, 1),
        .service_id = db_col_int(r, 2),
        .account_sid = db_col_text(r, 4),
    };
}

static enum err find(struct ctx *cx, struct db *db, struct str secret, const char *kind,
                     struct caller *out, struct str *out_sid)
{
    OWN(db_rows_end) struct db_rows r = {0};
    uint8_t hash[HASH_SHA256_LEN];
    enum err e;

    if (secret.n == 0 || secret.n > CREDENTIAL_LEN_MAX)
        return fail(cx, ERR_DENIED, "no credential, or none of ours");
    hash_sha256(str_bytes(secret), hash);
    e = db_one(cx, db, Q_CREDENTIAL_FIND,
               DB_ARGS(db_blob(BYTES_OF(hash)), db_text(str_from(kind)), db_int(cx->now_ms)), &r);
    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_DENIED, "no such %s, or it no longer holds", kind);
    if (e)
        return e;
    *out = caller_row(&r);
    *out_sid = db_col_text(&r, 3);
    return OK;
}

enum err caller_by_api_key(struct ctx *cx, struct db *db, struct str key, struct caller *out)
{
    struct str sid;

    return find(cx, db, key, "api_key", out, &sid);
}

enum err caller_by_account(struct ctx *cx, struct db *db, struct str user, struct str secret,
                           struct caller *out)
{
    bool pair = str_starts(user, STR("SK"));
    struct caller c;
    struct str sid;
    enum err e = find(cx, db, secret, pair ? "key_pair" : "auth_token", &c, &sid);

    if (e)
        return e;
    if (!str_eq(user, pair ? sid : c.account_sid)) /* neither is a secret */
        return fail(cx, ERR_DENIED, "the secret belongs to another SID");
    *out = c;
    return OK;
}

enum err credential_secret(struct ctx *cx, struct db *db, int64_t credential_id, struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct bytes secret;
    enum err e;

    if ((e = db_one(cx, db, Q_CREDENTIAL_SECRET, DB_ARGS(db_int(credential_id)), &r)) ||
        (e = core_unseal(cx, db, "credential.secret", credential_id, db_col_int(&r, 0),
                         db_col_blob(&r, 1), &secret)))
        return e;
    *out = bytes_str(secret);
    return OK;
}

enum err credential_token(struct ctx *cx, struct db *db, int64_t service_id, struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_CREDENTIAL_TOKEN, DB_ARGS(db_int(service_id), db_int(cx->now_ms)), &r);

    return e ? e : credential_secret(cx, db, db_col_int(&r, 0), out);
}

enum err credential_newest(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_CREDENTIAL_NEWEST, DB_ARGS(db_int(service_id), db_int(cx->now_ms)), &r);

    if (e == OK)
        *out_id = db_col_int(&r, 0);
    return e;
}

static enum err ids_of(struct db_rows *r, int64_t *out_ids, size_t max, size_t *out_count)
{
    size_t count = 0;
    bool more;
    enum err e = OK;

    while (e == OK && count < max && (e = db_next(r, &more)) == OK && more)
        out_ids[count++] = db_col_int(r, 0);
    if (e == OK)
        *out_count = count;
    return e;
}

enum err credential_keys(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_ids,
                         size_t max, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_query(cx, db, Q_CREDENTIAL_KEYS, DB_ARGS(db_int(service_id), db_int(cx->now_ms)), &r);

    return e ? e : ids_of(&r, out_ids, max, out_count);
}

enum err credential_signers(struct ctx *cx, struct db *db, int64_t account_id,
                            struct str access_sid, int64_t *out_ids, size_t max, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_query(cx, db, Q_CREDENTIAL_SIGNERS,
                          DB_ARGS(db_int(account_id), db_text(access_sid), db_int(cx->now_ms)), &r);

    return e ? e : ids_of(&r, out_ids, max, out_count);
}

/* ---- key pairs ---- */

static enum err audited(struct ctx *cx, struct db *db, const char *event, struct str sid)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .actor = "operator",
                         .event = event,
                         .detail = arena_printf(cx->mem, "key=%.*s", STR_ARG(sid)),
                     });
}

enum err key_pair_create(struct ctx *cx, struct db *db, int64_t account_id, struct str name,
                         struct key_pair *out, struct str *out_secret)
{
    uint8_t raw[SECRET_BYTES], hash[HASH_SHA256_LEN];
    struct key_pair k = {
        .id = id_new(cx),
        .sid = sid_new(cx, "SK"),
        .name = name,
        .created_at_ms = cx->now_ms,
    };
    struct str secret;
    enum err e;

    if (!str_is_utf8(name) || str_has_control(name) || str_utf8_count(name) > NAME_MAX_CHARS)
        return fail(cx, ERR_INVALID, "a key's name has at most %d characters", NAME_MAX_CHARS);
    random_bytes(raw, sizeof(raw));
    secret = hex_encode(cx->mem, BYTES_OF(raw));
    explicit_bzero(raw, sizeof(raw));
    hash_sha256(str_bytes(secret), hash);
    if ((e = db_exec(cx, db, Q_KEY_PAIR_INSERT,
                     DB_ARGS(db_int(k.id), db_int(account_id), db_text(k.sid),
                             db_blob(BYTES_OF(hash)),
                             db_blob(core_seal(cx, db, "credential.secret", k.id, account_id,
                                               str_bytes(secret))),
                             db_text(name), db_int(cx->now_ms)),
                     NULL)) ||
        (e = audited(cx, db, "key_pair_created", k.sid)))
        return e;
    *out = k;
    *out_secret = secret;
    return OK;
}

enum err key_pair_list(struct ctx *cx, struct db *db, int64_t account_id, struct key_pair **out,
                       size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct key_pair *list = ARENA_ARRAY(cx->mem, struct key_pair, LIST_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_KEY_PAIR_LIST, DB_ARGS(db_int(account_id), db_int(cx->now_ms)),
                      &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX) {
        list[count++] = (struct key_pair){
            .id = db_col_int(&r, 0),
            .sid = db_col_text(&r, 1),
            .name = db_col_text(&r, 2),
            .created_at_ms = db_col_int(&r, 3),
            .expires_at_ms = db_col_int(&r, 4),
        };
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err key_pair_revoke(struct ctx *cx, struct db *db, int64_t account_id, struct str sid)
{
    enum err e = db_exec_one(cx, db, Q_KEY_PAIR_REVOKE,
                             DB_ARGS(db_int(cx->now_ms), db_int(account_id), db_text(sid)));

    if (e == ERR_CONFLICT)
        return fail(cx, ERR_NOT_FOUND, "no key pair %.*s that holds", STR_ARG(str_sub(sid, 0, 40)));
    return e ? e : audited(cx, db, "key_pair_revoked", sid);
}
