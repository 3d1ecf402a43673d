/* soft_token.c: see soft_token.h. */
#include "core/soft_token.h"
#include "core/identity.h"
#include "core/service.h"
#include "crypto/otpauth.h"
#include "crypto/random.h"

#include <string.h>

enum { SEED_LEN = 20 }; /* 160 bits (RFC 4226 section 4) */

static enum err insert(struct ctx *cx, struct db *db, const struct device *d, struct bytes seed,
                       unsigned digits)
{
    int64_t id = id_new(cx);
    struct bytes sealed = core_seal(cx, db, "factor.secret", id, d->identity_id, seed);

    return db_exec(cx, db, Q_SOFT_TOKEN_INSERT,
                   DB_ARGS(db_int(id), db_text(sid_new(cx, "YF")), db_int(d->identity_id),
                           db_text(d->name), db_blob(sealed), db_int(digits),
                           db_int(SOFT_TOKEN_PERIOD_S), db_int(cx->now_ms), db_int(d->factor_id)),
                   NULL);
}

enum err soft_token_new(struct ctx *cx, struct db *db, const struct device *d, struct str *out_uri)
{
    uint8_t seed[SEED_LEN];
    struct otpauth uri;
    struct identity i;
    struct service s;
    unsigned digits;
    bool fits;
    enum err e;

    *out_uri = STR("");
    if ((e = service_by_id(cx, db, d->service_id, &s)) ||
        (e = identity_by_id(cx, db, d->service_id, d->identity_id, &i)) || !i.authy_id)
        return e;
    digits = MIN_OF(MAX_OF((unsigned)s.code_digits, (unsigned)SOFT_TOKEN_DIGITS_MIN),
                    (unsigned)SOFT_TOKEN_DIGITS_MAX);
    random_bytes(seed, sizeof(seed));
    uri = (struct otpauth){
        .issuer = s.name,
        .account = STR(""),
        .secret = BYTES_OF(seed),
        .params = {.step_s = SOFT_TOKEN_PERIOD_S, .digits = (uint8_t)digits, .alg = HMAC_SHA1},
    };
    e = device_account(cx, db, i.id, &uri.account);
    if (!e)
        e = insert(cx, db, d, BYTES_OF(seed), digits);
    fits = !e && otpauth_uri(cx->mem, &uri, out_uri);
    explicit_bzero(seed, sizeof(seed));
    return e || fits ? e : fail(cx, ERR_INTERNAL, "a soft token's URI is too long");
}

enum err soft_token_device(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SOFT_TOKEN_DEVICE, DB_ARGS(db_int(factor_id)), &r);

    return e ? e : device_by_factor(cx, db, db_col_int(&r, 0), out);
}
