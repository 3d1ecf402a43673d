/*
 * audit.c: the chain. state(n) = HMAC-SHA256(audit key, state(n-1) and every field of entry n),
 * each field framed by its length so that no two entries share a message. An entry keeps a mac of
 * its state, the head alone the newest state itself: who cuts the end off and has only the database
 * cannot make the head of the shorter chain. Only the writer adds, and the update of audit_head
 * keeps two writers from forking it.
 */
#include "core/audit.h"
#include "base/buf.h"
#include "crypto/hash.h"

#include <string.h>

enum { MAC_LEN = HASH_SHA256_LEN, MESSAGE_MAX = 4 * KIB, AGENT_MAX = 256, WALK_STEP = 256 };

static void frame_int(struct buf *b, int64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_addc(b, (char)((uint64_t)v >> shift & 0xFF));
}

static void frame_str(struct buf *b, struct str s)
{
    frame_int(b, (int64_t)s.n);
    buf_add(b, s);
}

static enum err next_state(struct ctx *cx, const struct core *core, struct bytes previous,
                           const struct audit_entry *e, uint8_t out[static HMAC_LEN_MAX])
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, MESSAGE_MAX);
    frame_str(&b, bytes_str(previous));
    frame_int(&b, e->id);
    frame_int(&b, e->at_ms);
    frame_int(&b, e->service_id);
    frame_int(&b, e->identity_id);
    frame_str(&b, str_from(e->actor));
    frame_str(&b, str_from(e->event));
    frame_str(&b, e->from.addr);
    frame_str(&b, e->from.user_agent);
    frame_str(&b, e->detail);
    if (b.full)
        return fail(cx, ERR_INTERNAL, "audit entry '%s' is too large", e->event);
    hmac(HMAC_SHA256, secret_bytes(&core->audit_key), str_bytes(buf_str(&b)), out);
    return OK;
}

/* Of an empty chain. */
static void first_state(const struct core *core, uint8_t out[static HMAC_LEN_MAX])
{
    hmac(HMAC_SHA256, secret_bytes(&core->audit_key), str_bytes(STR("audit start")), out);
}

/* What an entry shows of its state. */
static void entry_proof(const struct core *core, const uint8_t state[static MAC_LEN],
                        uint8_t out[static HMAC_LEN_MAX])
{
    const struct bytes parts[] = {
        BYTES_OF("audit entry"), {state, MAC_LEN}
    };

    hmac_parts(HMAC_SHA256, secret_bytes(&core->audit_key), parts, COUNT_OF(parts), out);
}

enum err audit_init(struct ctx *cx, struct db *db)
{
    uint8_t state[HMAC_LEN_MAX];

    first_state(core_of(db), state);
    return db_exec(cx, db, Q_AUDIT_HEAD_INIT, DB_ARGS(db_blob((struct bytes){state, MAC_LEN})),
                   NULL);
}

enum err audit_add(struct ctx *cx, struct db *db, const struct audit_entry *entry)
{
    struct audit_entry a = *entry;
    struct db_rows r = {0};
    uint8_t state[HMAC_LEN_MAX], proof[HMAC_LEN_MAX];
    struct bytes previous;
    enum err e;

    if ((e = db_one(cx, db, Q_AUDIT_HEAD_TAKE, DB_NO_ARGS, &r)))
        return e;
    a.id = db_col_int(&r, 0);
    previous = db_col_blob(&r, 1);
    db_rows_end(&r);
    a.at_ms = cx->now_ms;
    a.from.user_agent = str_sub(a.from.user_agent, 0, AGENT_MAX);
    if ((e = next_state(cx, core_of(db), previous, &a, state)))
        return e;
    entry_proof(core_of(db), state, proof);
    if ((e = db_exec(cx, db, Q_AUDIT_INSERT,
                     DB_ARGS(db_int(a.id), db_int(a.at_ms), db_int(a.service_id),
                             db_int(a.identity_id), db_text(str_from(a.actor)),
                             db_text(str_from(a.event)), db_text(a.from.addr),
                             db_text(a.from.user_agent), db_text(a.detail),
                             db_blob((struct bytes){proof, MAC_LEN})),
                     NULL)))
        return e;
    return db_exec(cx, db, Q_AUDIT_HEAD_SET, DB_ARGS(db_blob((struct bytes){state, MAC_LEN})),
                   NULL);
}

static struct audit_entry entry_row(const struct db_rows *r)
{
    return (struct audit_entry){
        .id = db_col_int(r, 0),
        .at_ms = db_col_int(r, 1),
        .service_id = db_col_int(r, 2),
        .identity_id = db_col_int(r, 3),
        .actor = db_col_text(r, 4).p,
        .event = db_col_text(r, 5).p,
        .from = {.addr = db_col_text(r, 6), .user_agent = db_col_text(r, 7)},
        .detail = db_col_text(r, 8),
    };
}

enum err audit_list(struct ctx *cx, struct db *db, int64_t identity_id, int64_t before,
                    unsigned max, struct audit_entry **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct audit_entry *list = ARENA_ARRAY(cx->mem, struct audit_entry, max ? max : 1);
    int64_t top = before ? before : INT64_MAX;
    size_t count = 0;
    bool more;
    enum err e;

    if (identity_id)
        e = db_query(cx, db, Q_AUDIT_NEWEST_OF,
                     DB_ARGS(db_int(identity_id), db_int(top), db_int(max)), &r);
    else
        e = db_query(cx, db, Q_AUDIT_NEWEST, DB_ARGS(db_int(top), db_int(max)), &r);
    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max)
        list[count++] = entry_row(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

/* Checks one step of the walk. *count entries were whole before it. */
static enum err verify_step(struct ctx *cx, struct db *db, uint8_t state[static HMAC_LEN_MAX],
                            int64_t *count, bool *out_more)
{
    OWN(db_rows_end) struct db_rows r = {0};
    uint8_t proof[HMAC_LEN_MAX];
    int64_t first = *count;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_AUDIT_WALK, DB_ARGS(db_int(first), db_int(WALK_STEP)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more) {
        struct audit_entry a = entry_row(&r);
        struct bytes kept = db_col_blob(&r, 9);

        if (a.id != *count + 1)
            return fail(cx, ERR_CONFLICT, "entry %lld is missing", (long long)(*count + 1));
        if ((e = next_state(cx, core_of(db), (struct bytes){state, MAC_LEN}, &a, state)))
            return e;
        entry_proof(core_of(db), state, proof);
        if (!ct_equal(kept, (struct bytes){proof, MAC_LEN}))
            return fail(cx, ERR_CONFLICT, "entry %lld was changed", (long long)a.id);
        (*count)++;
    }
    *out_more = *count - first == WALK_STEP;
    return e;
}

enum err audit_verify(struct ctx *cx, struct db *db, int64_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    uint8_t state[HMAC_LEN_MAX];
    int64_t count = 0;
    bool more = true;
    enum err e;

    first_state(core_of(db), state);
    while (more) {
        if ((e = verify_step(cx, db, state, &count, &more)))
            return e;
    }
    if ((e = db_one(cx, db, Q_AUDIT_HEAD_GET, DB_NO_ARGS, &r)))
        return e;
    if (db_col_int(&r, 0) != count || !ct_equal(db_col_blob(&r, 1), (struct bytes){state, MAC_LEN}))
        return fail(cx, ERR_CONFLICT, "the chain ends at entry %lld, but its head names %lld",
                    (long long)count, (long long)db_col_int(&r, 0));
    *out_count = count;
    return OK;
}
