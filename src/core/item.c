/* item.c: see item.h. */
#include "core/item.h"
#include "base/encode.h"
#include "crypto/token.h"

static const struct str kinds[ITEM_KINDS] = {
    [ITEM_RATE_LIMIT] = {"rate_limit",   10},
    [ITEM_BUCKET] = {"bucket",       6 },
    [ITEM_WEBHOOK] = {"webhook",      7 },
    [ITEM_MESSAGING] = {"messaging",    9 },
    [ITEM_TOKEN] = {"token",        5 },
    [ITEM_NOTIFICATION] = {"notification", 12},
    [ITEM_SAFE] = {"safe",         4 },
    [ITEM_SUBSCRIBER] = {"subscriber",   10},
    [ITEM_TEST_NUMBER] = {"test_number",  11},
};

static enum err item_row(struct ctx *cx, const struct db_rows *r, struct item *out)
{
    struct str kind = db_col_text(r, 5);
    struct item it = {
        .id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .place = {db_col_int(r, 2), db_col_int(r, 3), db_col_int(r, 4), ITEM_KINDS},
        .name = db_col_text(r, 6),
        .data = db_col_text(r, 7),
        .created_at_ms = db_col_int(r, 8),
        .updated_at_ms = db_col_int(r, 9),
    };

    for (size_t k = 0; k < ITEM_KINDS; k++) {
        if (str_eq(kinds[k], kind))
            it.place.kind = (enum item_kind)k;
    }
    if (it.place.kind == ITEM_KINDS)
        return fail(cx, ERR_INTERNAL, "item %lld has an unknown kind", (long long)it.id);
    *out = it;
    return OK;
}

static enum err one_item(struct ctx *cx, struct db *db, enum query q,
                         const struct item_place *place, struct str key, struct item *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, q,
               DB_ARGS(db_int(place->account_id), db_int(place->service_id),
                       db_int(place->parent_id), db_text(kinds[place->kind]), db_text(key)),
               &r);

    return e ? e : item_row(cx, &r, out);
}

enum err item_by_sid(struct ctx *cx, struct db *db, const struct item_place *place, struct str sid,
                     struct item *out)
{
    return one_item(cx, db, Q_ITEM_BY_SID, place, sid, out);
}

enum err item_by_name(struct ctx *cx, struct db *db, const struct item_place *place,
                      struct str name, struct item *out)
{
    return one_item(cx, db, Q_ITEM_BY_NAME, place, name, out);
}

/* A UNIQUE that fails would end the job's statements, so it is asked first; the writer is alone. */
static enum err room_for(struct ctx *cx, struct db *db, const struct item *item, unsigned max)
{
    const struct item_place *p = &item->place;
    OWN(db_rows_end) struct db_rows r = {0};
    struct item other;
    enum err e = item_by_name(cx, db, p, item->name, &other);

    if (e == OK)
        return fail(cx, ERR_CONFLICT, "this %.*s exists", STR_ARG(kinds[p->kind]));
    if (e != ERR_NOT_FOUND)
        return e;
    e = db_one(cx, db, Q_ITEM_COUNT,
               DB_ARGS(db_int(p->account_id), db_int(p->service_id), db_int(p->parent_id),
                       db_text(kinds[p->kind])),
               &r);
    if (e == OK && db_col_int(&r, 0) >= max)
        return fail(cx, ERR_LIMITED, "there are %u of %.*s", max, STR_ARG(kinds[p->kind]));
    return e;
}

static enum err insert(struct ctx *cx, struct db *db, struct item *item)
{
    const struct item_place *p = &item->place;

    item->created_at_ms = item->updated_at_ms = cx->now_ms;
    return db_exec(cx, db, Q_ITEM_INSERT,
                   DB_ARGS(db_int(item->id), db_text(item->sid), db_int(p->account_id),
                           db_int(p->service_id), db_int(p->parent_id), db_text(kinds[p->kind]),
                           db_text(item->name), db_text(item->data), db_int(cx->now_ms)),
                   NULL);
}

enum err item_add(struct ctx *cx, struct db *db, const char *sid_prefix, unsigned max,
                  struct item *item)
{
    enum err e;

    item->id = id_new(cx);
    item->sid = sid_new(cx, sid_prefix);
    if (!item->name.n) /* things without a name of their own */
        item->name = item->sid;
    e = room_for(cx, db, item, max);
    return e ? e : insert(cx, db, item);
}

enum err item_page(struct ctx *cx, struct db *db, const struct item_place *place, bool down,
                   int64_t from, unsigned max, struct item **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct item *list = ARENA_ARRAY(cx->mem, struct item, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, down ? Q_ITEM_DOWN : Q_ITEM_UP,
                          DB_ARGS(db_int(place->account_id), db_int(place->service_id),
                                  db_int(place->parent_id), db_text(kinds[place->kind]),
                                  db_int(from), db_int(max)),
                          &r);

    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max) {
        if ((e = item_row(cx, &r, &list[count])))
            return e;
        count++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err item_set(struct ctx *cx, struct db *db, struct item *item, struct str data)
{
    enum err e = db_exec_one(cx, db, Q_ITEM_UPDATE,
                             DB_ARGS(db_text(data), db_int(cx->now_ms), db_int(item->id)));

    if (e)
        return e;
    item->data = data;
    item->updated_at_ms = cx->now_ms;
    return OK;
}

enum err item_remove(struct ctx *cx, struct db *db, const struct item *item)
{
    enum err e = db_exec(cx, db, Q_ITEM_DELETE_UNDER, DB_ARGS(db_int(item->id)), NULL);

    return e ? e : db_exec_one(cx, db, Q_ITEM_DELETE, DB_ARGS(db_int(item->id)));
}

/* ---- tokens ---- */

/* "YK…" and the derived half: the row is found by its sid, the hash decides. Only what a pairing
 * link may hold too (access.h). */
struct str item_token(struct ctx *cx, struct db *db, const struct item *item)
{
    char half[TOKEN_LEN + 1];

    token_derive(secret_bytes(&core_of(db)->link_key), STR("access-token"), item->id, half);
    return arena_printf(cx->mem, "%.*s-%s", STR_ARG(item->sid), half);
}

static struct str hashed(struct ctx *cx, struct str token)
{
    uint8_t hash[TOKEN_HASH_LEN];

    token_hash(token, hash);
    return hex_encode(cx->mem, BYTES_OF(hash));
}

enum err item_token_add(struct ctx *cx, struct db *db, const struct item_place *place,
                        struct str data, struct item *out)
{
    struct item item = {.id = id_new(cx), .place = *place, .data = data};
    enum err e;

    item.sid = sid_new(cx, "YK");
    item.name = hashed(cx, item_token(cx, db, &item));
    if ((e = insert(cx, db, &item)))
        return e;
    *out = item;
    return OK;
}

enum err item_by_token(struct ctx *cx, struct db *db, struct str token, struct item *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum { SID_LEN = 34 };
    enum err e;

    if (token.n != SID_LEN + 1 + TOKEN_LEN || token.p[SID_LEN] != '-')
        return fail(cx, ERR_DENIED, "no access token of ours");
    e = db_one(cx, db, Q_ITEM_BY_HASH,
               DB_ARGS(db_text(str_sub(token, 0, SID_LEN)), db_text(hashed(cx, token))), &r);
    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_DENIED, "no access token of ours");
    return e ? e : item_row(cx, &r, out);
}
