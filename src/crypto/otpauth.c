/* otpauth.c: see otpauth.h. */
#include "crypto/otpauth.h"
#include "base/encode.h"
#include "crypto/base32.h"
#include "crypto/must.h"

static const struct str alg_names[HMAC_ALGS] = {
    [HMAC_SHA1] = STR("SHA1"),
    [HMAC_SHA256] = STR("SHA256"),
    [HMAC_SHA512] = STR("SHA512"),
};

static const struct str scheme = STR("otpauth://totp/");

/* Percent-encodes s without its colons. */
static void add_name(struct buf *b, struct str s)
{
    struct str piece;

    while (str_split(&s, ':', &piece))
        url_part(b, piece);
}

bool otpauth_uri(struct arena *mem, const struct otpauth *o, struct str *out)
{
    OWN(buf_deinit) struct buf b;

    must(totp_params_valid(&o->params), "otpauth_uri");
    if (o->secret.n == 0 || o->secret.n > OTPAUTH_SECRET_MAX)
        return false;
    buf_init(&b, OTPAUTH_LEN_MAX);
    buf_add(&b, scheme);
    if (o->issuer.n) {
        add_name(&b, o->issuer);
        buf_addc(&b, ':');
    }
    add_name(&b, o->account);
    buf_addf(&b, "?secret=%.*s", STR_ARG(base32_encode(mem, o->secret)));
    if (o->issuer.n) {
        buf_addf(&b, "&issuer=");
        add_name(&b, o->issuer);
    }
    buf_addf(&b, "&algorithm=%s&digits=%u&period=%u", alg_names[o->params.alg].p, o->params.digits,
             o->params.step_s);
    if (b.full)
        return false;
    *out = arena_str(mem, buf_str(&b));
    return true;
}

/* ---- reading ---- */

static bool decode_text(struct arena *mem, struct str in, struct str *out)
{
    return url_decode(mem, in, false, out) && !str_has_control(*out);
}

static bool read_secret(struct arena *mem, struct str value, struct otpauth *o)
{
    uint8_t *key = arena_alloc(mem, OTPAUTH_SECRET_MAX);
    ptrdiff_t n = base32_decode(value, key, OTPAUTH_SECRET_MAX);

    if (n <= 0)
        return false;
    o->secret = (struct bytes){key, (size_t)n};
    return true;
}

static bool read_issuer(struct arena *mem, struct str value, struct otpauth *o)
{
    (void)mem;
    o->issuer = value;
    return true;
}

static bool read_algorithm(struct arena *mem, struct str value, struct otpauth *o)
{
    (void)mem;
    EACH_ROW (name, alg_names) {
        if (str_eq_nocase(value, *name)) {
            o->params.alg = (enum hmac_alg)(name - alg_names);
            return true;
        }
    }
    return false;
}

static bool read_digits(struct arena *mem, struct str value, struct otpauth *o)
{
    int64_t v;

    (void)mem;
    if (!str_to_i64(value, HOTP_DIGITS_MIN, HOTP_DIGITS_MAX, &v))
        return false;
    o->params.digits = (uint8_t)v;
    return true;
}

static bool read_period(struct arena *mem, struct str value, struct otpauth *o)
{
    int64_t v;

    (void)mem;
    if (!str_to_i64(value, TOTP_STEP_S_MIN, TOTP_STEP_S_MAX, &v))
        return false;
    o->params.step_s = (uint32_t)v;
    return true;
}

static const struct {
    struct str name;
    bool (*read)(struct arena *mem, struct str value, struct otpauth *o);
} fields[] = {
    {STR("secret"),    read_secret   },
    {STR("issuer"),    read_issuer   },
    {STR("algorithm"), read_algorithm},
    {STR("digits"),    read_digits   },
    {STR("period"),    read_period   },
};

/* "Issuer:account" or "account"; spaces may stand before the account. */
static bool read_label(struct arena *mem, struct str label, struct otpauth *o)
{
    ptrdiff_t at;

    if (!decode_text(mem, label, &label))
        return false;
    at = str_find(label, ':');
    if (at != STR_NPOS) {
        o->issuer = str_sub(label, 0, (size_t)at);
        label = str_sub(label, (size_t)at + 1, label.n);
    }
    o->account = str_trim(label);
    return str_find(label, ':') == STR_NPOS;
}

static bool read_parameter(struct arena *mem, struct str pair, unsigned *seen, struct otpauth *o)
{
    struct str name, value;

    if (!str_split(&pair, '=', &name) || !decode_text(mem, pair, &value))
        return false;
    EACH_ROW (f, fields) {
        unsigned bit = 1u << (f - fields);

        if (!str_eq(name, f->name))
            continue;
        if (*seen & bit)
            return false;
        *seen |= bit;
        return f->read(mem, value, o);
    }
    return true;
}

bool otpauth_parse(struct arena *mem, struct str uri, struct otpauth *out)
{
    struct otpauth o = {
        .params = {.step_s = 30, .digits = 6, .alg = HMAC_SHA1}
    };
    struct str label, pair;
    unsigned seen = 0;

    if (uri.n > OTPAUTH_LEN_MAX || !str_eq_nocase(str_sub(uri, 0, scheme.n), scheme))
        return false;
    uri = str_sub(uri, scheme.n, uri.n);
    if (!str_split(&uri, '?', &label) || !read_label(mem, label, &o))
        return false;
    while (str_split(&uri, '&', &pair)) {
        if (!read_parameter(mem, pair, &seen, &o))
            return false;
    }
    if (o.secret.n == 0)
        return false;
    *out = o;
    return true;
}
