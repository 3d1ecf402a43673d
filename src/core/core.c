/*
 * core.c: the installation's keys, ids, sealing, and the two housekeeping jobs.
 *
 * Invariant: the associated data of a sealed column is always (column word, row id, owner id) as
 * reseal_find in sql/query/core.sql lists them; a new sealed column is added there too.
 */
#include "core/core.h"
#include "base/encode.h"
#include "core/audit.h"
#include "core/service.h"
#include "crypto/random.h"

#include <stdatomic.h>
#include <string.h>

enum { KEY_LEN = 32, SID_BYTES = 16 };

/* 2020-01-01: ids are ms since then, so that 43 bits last for centuries, and 20 random bits. */
static const int64_t id_epoch_ms = 1577836800000;
enum { ID_RANDOM_BITS = 20 };

int64_t id_new(const struct ctx *cx)
{
    static _Atomic int64_t last;
    int64_t since = MAX_OF(cx->now_ms - id_epoch_ms, (int64_t)1);
    int64_t wish = since << ID_RANDOM_BITS | random_below(1u << ID_RANDOM_BITS);
    int64_t before = atomic_load(&last), next;

    do {
        next = MAX_OF(before + 1, wish); /* also when the clock went back */
    } while (!atomic_compare_exchange_weak(&last, &before, next));
    return next;
}

struct str sid_new(struct ctx *cx, const char *prefix)
{
    uint8_t raw[SID_BYTES];
    struct str hex;

    random_bytes(raw, sizeof(raw));
    hex = hex_encode(cx->mem, BYTES_OF(raw));
    return arena_printf(cx->mem, "%s%.*s", prefix, STR_ARG(hex));
}

struct str uuid_new(struct ctx *cx)
{
    uint8_t b[16];
    struct str h;

    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    h = hex_encode(cx->mem, BYTES_OF(b));
    return arena_printf(cx->mem, "%.8s-%.4s-%.4s-%.4s-%.12s", h.p, h.p + 8, h.p + 12, h.p + 16,
                        h.p + 20);
}

struct bytes core_seal(struct ctx *cx, const struct db *db, const char *column, int64_t row,
                       int64_t owner, struct bytes plain)
{
    return vault_seal(core_of(db)->vault, (struct vault_ref){str_from(column), row, owner}, plain,
                      cx->mem);
}

enum err core_unseal(struct ctx *cx, const struct db *db, const char *column, int64_t row,
                     int64_t owner, struct bytes sealed, struct bytes *out)
{
    struct vault_ref ref = {str_from(column), row, owner};

    if (vault_open(cx, core_of(db)->vault, ref, sealed, out))
        return fail(cx, ERR_INTERNAL,
                    "%s of row %lld does not open: moved, changed, or its key is gone", column,
                    (long long)row);
    return OK;
}

/* ---- opening ---- */

struct opening {
    struct core *core;
    bool first;
};

static void random_key(uint8_t out[static KEY_LEN])
{
    random_bytes(out, KEY_LEN);
}

/* Not every number is a key on the curve. */
static void curve_key(uint8_t out[static KEY_LEN])
{
    OWN(es256_free) struct es256_key *key = es256_generate();

    es256_private(key, out);
}

static enum err key_load(struct ctx *cx, struct db *db, const char *purpose,
                         void (*make)(uint8_t out[static KEY_LEN]), struct secret *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct bytes key;
    int64_t id;
    enum err e = db_one(cx, db, Q_SECRET_KEY_GET, DB_ARGS(db_text(str_from(purpose))), &r);

    if (e == OK) {
        if ((e = core_unseal(cx, db, "secret_key.key", db_col_int(&r, 0), 0, db_col_blob(&r, 1),
                             &key)))
            return e;
        if (key.n != KEY_LEN)
            return fail(cx, ERR_INTERNAL, "key '%s' has %zu bytes", purpose, key.n);
        memcpy(out->b, key.p, key.n);
        out->n = key.n;
        return OK;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    make(out->b);
    out->n = KEY_LEN;
    id = id_new(cx);
    key = core_seal(cx, db, "secret_key.key", id, 0, secret_bytes(out));
    return db_exec(cx, db, Q_SECRET_KEY_ADD,
                   DB_ARGS(db_int(id), db_text(str_from(purpose)), db_blob(key)), NULL);
}

static enum err vapid_load(struct ctx *cx, struct db *db, struct es256_key **out)
{
    OWN(secret_deinit) struct secret d = {0};
    enum err e = key_load(cx, db, "vapid", curve_key, &d);

    if (e)
        return e;
    es256_free(out); /* a transaction may run again */
    if (!es256_from_private(secret_bytes(&d), out))
        return fail(cx, ERR_INTERNAL, "key 'vapid' is no key of the curve");
    return OK;
}

static enum err portal_service(struct ctx *cx, struct db *db, struct opening *o)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct service_keys keys;
    struct service made;
    enum err e = db_one(cx, db, Q_SERVICE_FIRST, DB_NO_ARGS, &r);

    if (e == OK) {
        o->core->portal_service_id = db_col_int(&r, 0);
        return OK;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    o->first = true;
    if ((e = service_create(cx, db, o->core->product_name, &keys)) ||
        (e = service_by_name(cx, db, o->core->product_name, &made)))
        return e;
    o->core->portal_service_id = made.id;
    return OK;
}

static enum err open_keys(struct ctx *cx, struct db *db, void *arg)
{
    struct opening *o = arg;
    enum err e;

    o->first = false;
    if ((e = key_load(cx, db, "audit", random_key, &o->core->audit_key)) ||
        (e = key_load(cx, db, "form", random_key, &o->core->form_key)) ||
        (e = key_load(cx, db, "link", random_key, &o->core->link_key)) ||
        (e = key_load(cx, db, "limit", random_key, &o->core->limit_key)) ||
        (e = vapid_load(cx, db, &o->core->vapid_key)) || (e = audit_init(cx, db)))
        return e;
    return portal_service(cx, db, o);
}

enum err core_open(struct ctx *cx, struct store *store, struct core *core, bool *out_first)
{
    struct opening o = {.core = core};
    enum err e = store_run(cx, store, open_keys, &o);

    if (e == OK)
        *out_first = o.first;
    return e;
}

void core_deinit(struct core *core)
{
    secret_deinit(&core->audit_key);
    secret_deinit(&core->form_key);
    secret_deinit(&core->link_key);
    secret_deinit(&core->limit_key);
    es256_free(&core->vapid_key);
}

/* ---- housekeeping ---- */

enum err core_sweep(struct ctx *cx, struct db *db, bool *out_more)
{
    enum { STEP = 500 }; /* as the statements say */
    static const struct {
        enum query q;
        int64_t keep_ms; /* how long rows stay after their end, for people and operators to read */
    } sweeps[] = {
        {Q_SWEEP_LIMITS,         0          },
        {Q_SWEEP_LOGINS,         DAY_MS     },
        {Q_SWEEP_LINKS,          DAY_MS     },
        {Q_SWEEP_SIGNUPS,        0          },
        {Q_SWEEP_SESSIONS,       30 * DAY_MS},
        {Q_SWEEP_OUTBOX,         DAY_MS     },
        {Q_SWEEP_TROUBLES,       9 * DAY_MS },
        {Q_SWEEP_VERIFICATIONS,  7 * DAY_MS },
        {Q_SWEEP_NONCES,         0          },
        {Q_SWEEP_TARGETS,        DAY_MS     },
        {Q_SWEEP_ATTEMPTS,       30 * DAY_MS},
        {Q_SWEEP_TOKENS,         DAY_MS     },
        {Q_SWEEP_REMOTE_CALLS,   HOUR_MS    },
        {Q_SWEEP_PHONE_PREFIXES, 2 * DAY_MS },
        {Q_SWEEP_PHONE_SPEND,    90 * DAY_MS},
    };
    bool more = false;
    int64_t changes;
    enum err e;

    EACH_ROW (row, sweeps) {
        if ((e = db_exec(cx, db, row->q, DB_ARGS(db_int(cx->now_ms - row->keep_ms)), &changes)))
            return e;
        more |= changes >= STEP;
    }
    *out_more = more;
    return OK;
}

struct sealed_row {
    struct str column;
    int64_t id, owner;
    struct bytes blob;
};

static enum err reseal_row(struct ctx *cx, struct db *db, const struct sealed_row *row)
{
    static const struct {
        const char *column;
        enum query update;
    } columns[] = {
        {"secret_key.key",      Q_RESEAL_SECRET_KEY   },
        {"service.code_key",    Q_RESEAL_SERVICE      },
        {"credential.secret",   Q_RESEAL_CREDENTIAL   },
        {"person.password",     Q_RESEAL_PERSON       },
        {"signup.password",     Q_RESEAL_SIGNUP       },
        {"factor.secret",       Q_RESEAL_FACTOR       },
        {"recovery_code.hash",  Q_RESEAL_RECOVERY_CODE},
        {"verification.custom", Q_RESEAL_VERIFICATION },
        {"remote_call.code",    Q_RESEAL_REMOTE_CALL  },
    };
    struct bytes plain;
    enum err e;

    EACH_ROW (c, columns) {
        if (!str_eq(row->column, str_from(c->column)))
            continue;
        if ((e = core_unseal(cx, db, c->column, row->id, row->owner, row->blob, &plain)))
            return e;
        plain = core_seal(cx, db, c->column, row->id, row->owner, plain);
        return db_exec(cx, db, c->update, DB_ARGS(db_blob(plain), db_int(row->id)), NULL);
    }
    return fail(cx, ERR_INTERNAL, "no way to re-seal column %.*s", STR_ARG(row->column));
}

enum err core_reseal(struct ctx *cx, struct db *db, unsigned rows, int64_t *out_done)
{
    struct bytes sample = core_seal(cx, db, "reseal", 0, 0, (struct bytes){(const uint8_t *)"", 0});
    struct bytes prefix = {sample.p, 5}; /* version and key id */
    struct sealed_row *todo = ARENA_ARRAY(cx->mem, struct sealed_row, rows);
    struct db_rows r = {0};
    unsigned count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_RESEAL_FIND, DB_ARGS(db_blob(prefix), db_int(rows)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < rows) {
        todo[count++] = (struct sealed_row){
            .column = db_col_text(&r, 0),
            .id = db_col_int(&r, 1),
            .owner = db_col_int(&r, 2),
            .blob = db_col_blob(&r, 3),
        };
    }
    db_rows_end(&r);
    for (unsigned i = 0; e == OK && i < count; i++)
        e = reseal_row(cx, db, &todo[i]);
    if (e)
        return e;
    *out_done = count;
    return OK;
}
