/*
 * recovery.c: ten single-use codes. Crockford's base32 (no I, L, O, U), 12 characters: the first is
 * the code's number, so that one Argon2id run decides; the other eleven are 55 random bits.
 */
#include "core/audit.h"
#include "core/factor.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "crypto/pwhash.h"
#include "crypto/random.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define STR_OF_ALPHABET ((struct str){alphabet, sizeof(alphabet) - 1})

void recovery_make(struct ctx *cx, struct recovery_set *out)
{
    for (size_t n = 0; n < RECOVERY_CODES; n++) {
        char *code = out->code[n];

        code[0] = (char)('0' + n);
        for (size_t i = 1; i < RECOVERY_CODE_LEN; i++)
            code[i] = alphabet[random_below(sizeof(alphabet) - 1)];
        code[RECOVERY_CODE_LEN] = '\0';
        if (pwhash_make(cx, (struct str){code, RECOVERY_CODE_LEN}, &out->hash[n]))
            out->hash[n] = STR_NONE; /* recovery_store refuses the set */
    }
}

enum err recovery_store(struct ctx *cx, struct db *db, int64_t identity_id,
                        const struct recovery_set *set, const struct origin *from)
{
    int64_t factor_id = id_new(cx), person_id;
    struct factor *list;
    size_t count;
    struct contact c;
    enum err e;

    if ((e = factor_contact(cx, db, identity_id, &c)) ||
        (e = factor_list(cx, db, identity_id, &list, &count)))
        return e;
    if (count == 0 || list[0].kind == FACTOR_RECOVERY)
        return fail(cx, ERR_CONFLICT,
                    "recovery codes stand in for a second step: set one up first");
    if ((e = db_exec(cx, db, Q_FACTOR_OFF_KIND,
                     DB_ARGS(db_text(STR("replaced")), db_int(cx->now_ms), db_int(identity_id),
                             db_text(factor_kind_name(FACTOR_RECOVERY))),
                     NULL)) ||
        (e = db_exec(cx, db, Q_FACTOR_INSERT,
                     DB_ARGS(db_int(factor_id), db_text(sid_new(cx, "YF")), db_int(identity_id),
                             db_text(factor_kind_name(FACTOR_RECOVERY)), db_text(STR("active")),
                             db_text(STR("Recovery codes")), db_text(STR("")), db_int(0), db_null(),
                             db_text(STR("")), db_int(0), db_int(0), db_int(cx->now_ms)),
                     NULL)))
        return e;
    for (size_t n = 0; n < RECOVERY_CODES; n++) {
        int64_t id = id_new(cx);

        if (set->hash[n].n == 0)
            return fail(cx, ERR_BUSY, "a recovery code could not be hashed");
        if ((e = db_exec(cx, db, Q_RECOVERY_INSERT,
                         DB_ARGS(db_int(id), db_int(factor_id), db_int((int64_t)n),
                                 db_blob(core_seal(cx, db, "recovery_code.hash", id, factor_id,
                                                   str_bytes(set->hash[n])))),
                         NULL)))
            return e;
    }
    if ((e = factor_person(cx, db, identity_id, &person_id)))
        return e;
    if (person_id && (e = outbox_notice(cx, db, person_id, c.email,
                                        STR("New recovery codes were made. Earlier ones no longer "
                                            "work."),
                                        0, from)))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = c.service_id,
                         .identity_id = identity_id,
                         .actor = "person",
                         .event = "recovery_made",
                         .from = *from,
                     });
}

/* Upper case, without spaces and dashes; I, L read as 1 and O as 0, as Crockford has it. False: it
 * cannot be one of ours. */
static bool code_canonical(struct str in, char out[static RECOVERY_CODE_LEN + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];

        if (c == ' ' || c == '-')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        c = c == 'I' || c == 'L' ? '1' : c == 'O' ? '0' : c;
        if (n == RECOVERY_CODE_LEN || str_find(STR_OF_ALPHABET, c) < 0)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n == RECOVERY_CODE_LEN && out[0] >= '0' && out[0] <= '9';
}

enum err recovery_match(struct ctx *cx, struct db *db, int64_t identity_id, struct str code,
                        int64_t *out_row)
{
    OWN(db_rows_end) struct db_rows r = {0};
    char canonical[RECOVERY_CODE_LEN + 1] = {0};
    bool ours = code_canonical(code, canonical);
    struct str encoded = pwhash_dummy();
    struct bytes plain;
    int64_t row = 0;
    enum err e;

    e = db_one(cx, db, Q_RECOVERY_BY_NUMBER,
               DB_ARGS(db_int(identity_id), db_int(ours ? canonical[0] - '0' : -1)), &r);
    if (e == OK) {
        row = db_col_int(&r, 0);
        if ((e = core_unseal(cx, db, "recovery_code.hash", row, db_col_int(&r, 1),
                             db_col_blob(&r, 2), &plain)))
            return e;
        encoded = bytes_str(plain);
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    *out_row = pwhash_check((struct str){canonical, RECOVERY_CODE_LEN}, encoded) ? row : 0;
    return OK;
}

enum err recovery_left(struct ctx *cx, struct db *db, int64_t identity_id, int64_t *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_RECOVERY_LEFT, DB_ARGS(db_int(identity_id)), &r);

    if (e == OK)
        *out = db_col_int(&r, 0);
    return e;
}
