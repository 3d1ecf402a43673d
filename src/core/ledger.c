/* ledger.c: see ledger.h. */
#include "core/ledger.h"

static int64_t int_or_0(const struct db_rows *r, unsigned col)
{
    return db_col_is_null(r, col) ? 0 : db_col_int(r, col);
}

static struct ledger_entry entry_row(const struct db_rows *r)
{
    return (struct ledger_entry){
        .id = db_col_int(r, 0),
        .service_id = db_col_int(r, 1),
        .service_name = db_col_is_null(r, 2) ? STR("") : db_col_text(r, 2),
        .channel = db_col_text(r, 3),
        .target = db_col_text(r, 4),
        .template_name = db_col_text(r, 5),
        .state = db_col_text(r, 6),
        .attempts = db_col_int(r, 7),
        .lost_count = db_col_int(r, 8),
        .why = db_col_text(r, 9),
        .provider_id = db_col_text(r, 10),
        .price = db_col_text(r, 11),
        .receipt = db_col_text(r, 12),
        .receipt_at_ms = int_or_0(r, 13),
        .next_at_ms = db_col_int(r, 14),
        .created_at_ms = db_col_int(r, 15),
        .settled_at_ms = int_or_0(r, 16),
        .expires_at_ms = db_col_int(r, 17),
        .hook_id = db_col_int(r, 18),
        .verification_id = db_col_int(r, 19),
    };
}

enum err ledger_list(struct ctx *cx, struct db *db, const struct ledger_filter *f, unsigned max,
                     struct ledger_entry **out, size_t *out_count)
{
    struct ledger_entry *list = ARENA_ARRAY(cx->mem, struct ledger_entry, max ? max : 1);
    OWN(db_rows_end) struct db_rows r = {0};
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, Q_DELIVERY_LIST,
                          DB_ARGS(db_int(f->before ? f->before : INT64_MAX), db_text(f->channel),
                                  db_text(f->state), db_text(f->target), db_int(f->service_id),
                                  db_int(f->hook_id), db_int(max)),
                          &r);

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

enum err ledger_get(struct ctx *cx, struct db *db, int64_t id, struct ledger_entry *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_DELIVERY_GET, DB_ARGS(db_int(id)), &r);

    if (e == OK)
        *out = entry_row(&r);
    return e;
}

enum err ledger_troubles(struct ctx *cx, struct db *db, int64_t id, struct ledger_trouble **out,
                         size_t *out_count)
{
    enum { LIST_MAX = 100 }; /* as the statement says */
    struct ledger_trouble *list = ARENA_ARRAY(cx->mem, struct ledger_trouble, LIST_MAX);
    OWN(db_rows_end) struct db_rows r = {0};
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, Q_OUTBOX_TROUBLES, DB_ARGS(db_int(id)), &r);

    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX)
        list[count++] = (struct ledger_trouble){
            .attempt = db_col_int(&r, 0), .at_ms = db_col_int(&r, 1), .why = db_col_text(&r, 2)};
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

struct str ledger_word(const struct ledger_entry *e)
{
    bool final = str_eq(e->receipt, STR("delivered")) || str_eq(e->receipt, STR("undelivered"));

    return final ? e->receipt : e->state;
}
