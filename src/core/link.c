/*
 * link.c: the token of a link is HMAC(link key, purpose, row id): whoever renders the message
 * computes it again; the row keeps its hash only.
 */
#include "core/link.h"
#include "crypto/token.h"

static const struct {
    struct str name;
    const char *path;
    int64_t life_ms;
} purposes[] = {
    [LINK_CONFIRM_SIGN_UP] = {{"confirm_sign_up", 15}, "/confirm/",            DAY_MS        },
    [LINK_CONFIRM_EMAIL] = {{"confirm_email", 13},   "/confirm-email/",      DAY_MS        },
    [LINK_RESET_PASSWORD] = {{"reset_password", 14},  "/reset-password/",     10 * MINUTE_MS},
    [LINK_NOT_ME] = {{"not_me", 6},           "/not-me/",             7 * DAY_MS    },
 /* behind '#': a pairing token never reaches a server by URL */
    [LINK_PAIR_DEVICE] = {{"pair_device", 11},     "/authenticator#pair=", 10 * MINUTE_MS},
};

static void derive(const struct db *db, enum link_purpose p, int64_t id,
                   char token[static TOKEN_LEN + 1])
{
    token_derive(secret_bytes(&core_of(db)->link_key), purposes[p].name, id, token);
}

enum err link_new(struct ctx *cx, struct db *db, struct link *l)
{
    char token[TOKEN_LEN + 1];
    uint8_t hash[TOKEN_HASH_LEN];

    l->id = id_new(cx);
    l->created_at_ms = cx->now_ms;
    if (!l->expires_at_ms)
        l->expires_at_ms = cx->now_ms + purposes[l->purpose].life_ms;
    derive(db, l->purpose, l->id, token);
    token_hash((struct str){token, TOKEN_LEN}, hash);
    return db_exec(cx, db, Q_LINK_INSERT,
                   DB_ARGS(db_int(l->id), db_blob(BYTES_OF(hash)),
                           db_text(purposes[l->purpose].name), db_opt_int(l->person_id),
                           db_int(l->signup_id), db_int(l->factor_id), db_text(l->data),
                           db_int(l->created_at_ms), db_int(l->expires_at_ms),
                           db_int(l->identity_id)),
                   NULL);
}

enum err link_peek(struct ctx *cx, struct db *db, enum link_purpose p, struct str token,
                   struct link *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    enum err e;

    if (token.n != TOKEN_LEN)
        return fail(cx, ERR_EXPIRED, "no token of ours");
    token_hash(token, hash);
    e = db_one(cx, db, Q_LINK_PEEK,
               DB_ARGS(db_blob(BYTES_OF(hash)), db_text(purposes[p].name), db_int(cx->now_ms)), &r);
    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "link unknown, used or too old");
    if (e)
        return e;
    *out = (struct link){
        .id = db_col_int(&r, 0),
        .person_id = db_col_int(&r, 1),
        .signup_id = db_col_int(&r, 2),
        .factor_id = db_col_int(&r, 3),
        .purpose = p,
        .data = db_col_text(&r, 4),
        .created_at_ms = db_col_int(&r, 5),
        .expires_at_ms = db_col_int(&r, 6),
        .identity_id = db_col_int(&r, 7),
    };
    return OK;
}

enum err link_use(struct ctx *cx, struct db *db, enum link_purpose p, struct str token,
                  struct link *out)
{
    struct link l;
    enum err e;

    if ((e = link_peek(cx, db, p, token, &l)))
        return e;
    e = db_exec_one(cx, db, Q_LINK_USE, DB_ARGS(db_int(cx->now_ms), db_int(l.id)));
    if (e == ERR_CONFLICT)
        return fail(cx, ERR_EXPIRED, "link was just used");
    if (e)
        return e;
    *out = l;
    return OK;
}

enum err link_waiting(struct ctx *cx, struct db *db, enum link_purpose p, int64_t person_id,
                      struct str *out_data)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_LINK_WAITING,
               DB_ARGS(db_int(person_id), db_text(purposes[p].name), db_int(cx->now_ms)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out_data = e ? STR_NONE : db_col_text(&r, 0);
    return OK;
}

enum err link_kill(struct ctx *cx, struct db *db, enum link_purpose p, int64_t person_id)
{
    return db_exec(cx, db, Q_LINK_KILL,
                   DB_ARGS(db_int(cx->now_ms), db_int(person_id), db_text(purposes[p].name)), NULL);
}

enum err link_end_others(struct ctx *cx, struct db *db, enum link_purpose p, int64_t identity_id,
                         int64_t keep_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(cx, db, Q_LINK_END_OTHERS,
                          DB_ARGS(db_int(cx->now_ms), db_int(identity_id),
                                  db_text(purposes[p].name), db_int(keep_id)),
                          &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more)
        db_notify(db, (uint64_t)db_col_int(&r, 0));
    return e;
}

enum err link_url(struct ctx *cx, struct db *db, int64_t link_id, struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    char token[TOKEN_LEN + 1];
    struct str name;
    enum err e;

    if ((e = db_one(cx, db, Q_LINK_PURPOSE, DB_ARGS(db_int(link_id)), &r)))
        return e;
    name = db_col_text(&r, 0);
    for (size_t p = 0; p < COUNT_OF(purposes); p++) {
        if (!str_eq(purposes[p].name, name))
            continue;
        derive(db, (enum link_purpose)p, link_id, token);
        *out = arena_printf(cx->mem, "%.*s%s%s", STR_ARG(core_of(db)->public_url), purposes[p].path,
                            token);
        return OK;
    }
    return fail(cx, ERR_INTERNAL, "link %lld has an unknown purpose", (long long)link_id);
}
