/*
 * service.c: applications and their credentials. A credential is stored twice: hashed, to be looked
 * up, and sealed, because callbacks to the application are signed with it.
 */
#include "core/service.h"
#include "base/encode.h"
#include "base/url.h"
#include "core/audit.h"
#include "core/callback.h"
#include "core/fallback.h"
#include "core/identity.h"
#include "core/rows.h"
#include "core/tariff.h"
#include "core/test_number.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#include <string.h>

enum { SERVICE_NAME_MAX = 64, TOKEN_BYTES = 16, CODE_KEY_LEN = 32, COUNTRIES_MAX = 1500 };

static const struct str policy_names[] = {
    [POLICY_OPTIONAL] = {"optional", 8},
    [POLICY_REQUIRED] = {"required", 8},
    [POLICY_STRICT] = {"strict",   6},
};

struct str policy_name(enum policy p)
{
    return policy_names[p];
}

bool policy_from(struct str name, enum policy *out)
{
    for (size_t i = 0; i < COUNT_OF(policy_names); i++) {
        if (str_eq(policy_names[i], name)) {
            *out = (enum policy)i;
            return true;
        }
    }
    return false;
}

struct str service_key(struct ctx *cx, struct str s)
{
    char *p = arena_alloc(cx->mem, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
    return (struct str){p, s.n};
}

enum err service_name_ok(struct ctx *cx, struct str name)
{
    if (name.n == 0 || !str_is_utf8(name) || str_has_control(name) ||
        str_utf8_count(name) > SERVICE_NAME_MAX || !str_eq(name, str_trim(name)))
        return fail(cx, ERR_INVALID,
                    "a name has 1 to %d characters, without control characters or outer spaces",
                    SERVICE_NAME_MAX);
    return OK;
}

/* Makes a credential and gives the secret as hex: alphanumeric, as every SDK accepts it. */
static enum err credential_new(struct ctx *cx, struct db *db, int64_t account_id,
                               int64_t service_id, const char *kind, struct str *out)
{
    uint8_t raw[TOKEN_BYTES], hash[HASH_SHA256_LEN];
    int64_t id = id_new(cx);
    struct str secret;

    random_bytes(raw, sizeof(raw));
    secret = hex_encode(cx->mem, BYTES_OF(raw));
    hash_sha256(str_bytes(secret), hash);
    *out = secret;
    return db_exec(
        cx, db, Q_CREDENTIAL_INSERT,
        DB_ARGS(db_int(id), db_int(account_id), db_opt_int(service_id), db_text(str_from(kind)),
                db_blob(BYTES_OF(hash)),
                db_blob(core_seal(cx, db, "credential.secret", id, account_id, str_bytes(secret))),
                db_int(cx->now_ms)),
        NULL);
}

static enum err account_sid(struct ctx *cx, struct db *db, int64_t account_id, struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_ACCOUNT_SID, DB_ARGS(db_int(account_id)), &r);

    if (e == OK)
        *out = db_col_text(&r, 0);
    return e;
}

enum err service_account_sid(struct ctx *cx, struct db *db, const struct service *s,
                             struct str *out)
{
    return account_sid(cx, db, s->account_id, out);
}

static enum err keys_new(struct ctx *cx, struct db *db, int64_t account_id, int64_t service_id,
                         struct service_keys *keys)
{
    enum err e;

    if ((e = credential_new(cx, db, account_id, 0, "auth_token", &keys->auth_token)))
        return e;
    return credential_new(cx, db, account_id, service_id, "api_key", &keys->api_key);
}

static enum err audited(struct ctx *cx, struct db *db, int64_t service_id, const char *event,
                        struct str detail)
{
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = service_id,
                         .actor = "operator",
                         .event = event,
                         .detail = detail,
                     });
}

enum err service_insert(struct ctx *cx, struct db *db, int64_t account_id, int64_t service_id,
                        struct str sid, struct str name, struct str key)
{
    uint8_t code_key[CODE_KEY_LEN];
    struct bytes sealed;
    enum err e;

    if ((e = service_name_ok(cx, name)))
        return e;
    random_bytes(code_key, sizeof(code_key));
    sealed = core_seal(cx, db, "service.code_key", service_id, account_id, BYTES_OF(code_key));
    explicit_bzero(code_key, sizeof(code_key));
    return db_exec(cx, db, Q_SERVICE_INSERT,
                   DB_ARGS(db_int(service_id), db_text(sid), db_int(account_id), db_text(name),
                           db_text(key), db_blob(sealed), db_int(cx->now_ms)),
                   NULL);
}

enum err service_create(struct ctx *cx, struct db *db, struct str name, struct service_keys *out)
{
    struct service_keys keys = {.account_sid = sid_new(cx, "AC"), .service_sid = sid_new(cx, "VA")};
    int64_t account_id = id_new(cx), service_id = id_new(cx);
    enum err e;

    if ((e = service_name_ok(cx, name)) ||
        (e = db_exec(cx, db, Q_ACCOUNT_INSERT,
                     DB_ARGS(db_int(account_id), db_text(keys.account_sid), db_text(name),
                             db_int(cx->now_ms)),
                     NULL)))
        return e;
    e = service_insert(cx, db, account_id, service_id, keys.service_sid, name,
                       service_key(cx, name));
    if (e == ERR_CONFLICT)
        return fail(cx, ERR_CONFLICT, "an application named '%.*s' exists already", STR_ARG(name));
    if (e)
        return e;
    if ((e = keys_new(cx, db, account_id, service_id, &keys)) ||
        (e = audited(cx, db, service_id, "app_created", name)))
        return e;
    *out = keys;
    return OK;
}

struct service service_row(const struct db_rows *r)
{
    struct service s = {
        .id = db_col_int(r, 0),
        .account_id = db_col_int(r, 1),
        .sid = db_col_text(r, 2),
        .name = db_col_text(r, 3),
        .policy = POLICY_STRICT, /* a word that we don't know must not weaken */
        .code_digits = (uint8_t)db_col_int(r, 5),
        .callback_url = db_col_text(r, 6),
        .created_at_ms = db_col_int(r, 7),
        .updated_at_ms = db_col_int(r, 8),
        .custom_code = db_col_int(r, 9) != 0,
        .test_mode = db_col_int(r, 10) != 0,
        .callback_method = db_col_text(r, 11),
        .operator_email = db_col_text(r, 12),
        .countries = db_col_text(r, 13),
        .fallback = db_col_text(r, 14),
    };

    policy_from(db_col_text(r, 4), &s.policy);
    return s;
}

enum err service_by_id(struct ctx *cx, struct db *db, int64_t id, struct service *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SERVICE_BY_ID, DB_ARGS(db_int(id)), &r);

    if (e == OK)
        *out = service_row(&r);
    return e;
}

enum err service_by_name(struct ctx *cx, struct db *db, struct str name, struct service *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SERVICE_BY_NAME, DB_ARGS(db_text(service_key(cx, name))), &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, e, "no application is named '%.*s'", STR_ARG(name));
    if (e == OK)
        *out = service_row(&r);
    return e;
}

enum err service_list(struct ctx *cx, struct db *db, struct service **out, size_t *out_count)
{
    enum { LIST_MAX = 1000 };
    OWN(db_rows_end) struct db_rows r = {0};
    struct service *list = ARENA_ARRAY(cx->mem, struct service, LIST_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_SERVICE_LIST, DB_NO_ARGS, &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX)
        list[count++] = service_row(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

/* ---- settings ---- */

const struct service_setting service_settings[] = {
    {"name",            "What people see: 1 to 64 characters"                                          },
    {"policy",          "optional | required | strict: whether a second factor is each person's choice"},
    {"code_digits",     "4 to 10: length of the codes that are sent"                                   },
    {"callback_url",    "http(s) URL that is told about answers to approval requests; empty = none"    },
    {"callback_method", "POST | GET: how it is told"                                                   },
    {"operator_email",  "Address that is told when callbacks had to be switched off; empty = none"     },
    {"countries",
     "DE AT, or all -CU: where text messages and calls may go; empty = phone_countries"                },
    {"fallback",        "sms voice email: the order in which a code takes another way; empty = none"   },
    {"custom_code",     "yes | no: whether the application may choose the codes that are sent"         },
    {"test_mode",       "yes | no: nothing is sent, and a code of zeros is right; for tests only"      },
    {"test_numbers",    "Numbers and addresses, with blanks between, for which it is so all the time"  },
};
const size_t service_setting_count = COUNT_OF(service_settings);

static enum err unknown_setting(struct ctx *cx, struct str setting)
{
    return fail(cx, ERR_NOT_FOUND,
                "no setting '%.*s': there are name, policy, code_digits, callback_url, "
                "callback_method, operator_email, countries, fallback, custom_code, test_mode and "
                "test_numbers",
                STR_ARG(str_sub(setting, 0, 40)));
}

static enum err yes_or_no(struct ctx *cx, struct str setting, struct str value, bool *out)
{
    if (!str_eq(value, STR("yes")) && !str_eq(value, STR("no")))
        return fail(cx, ERR_INVALID, "%.*s is yes or no", STR_ARG(setting));
    *out = str_eq(value, STR("yes"));
    return OK;
}

static enum err apply(struct ctx *cx, struct service *s, struct str setting, struct str value)
{
    int64_t digits;
    struct url url;
    enum err e;

    if (str_eq(setting, STR("name"))) {
        if ((e = service_name_ok(cx, value)))
            return e;
        s->name = value;
    } else if (str_eq(setting, STR("policy"))) {
        if (!policy_from(value, &s->policy))
            return fail(cx, ERR_INVALID, "policy is optional, required or strict");
    } else if (str_eq(setting, STR("code_digits"))) {
        if (!str_to_i64(value, 4, 10, &digits))
            return fail(cx, ERR_INVALID, "code_digits is a number from 4 to 10");
        s->code_digits = (uint8_t)digits;
    } else if (str_eq(setting, STR("callback_url"))) {
        if (value.n && (!url_parse(cx->mem, value, &url) || url.query.p))
            return fail(cx, ERR_INVALID,
                        "callback_url is an absolute http or https URL without a query, or empty: "
                        "clients disagree on how to sign a query");
        s->callback_url = value.n ? url_text(cx->mem, &url) : value;
    } else if (str_eq(setting, STR("callback_method"))) {
        if (!str_eq(value, STR("POST")) && !str_eq(value, STR("GET")))
            return fail(cx, ERR_INVALID, "callback_method is POST or GET");
        s->callback_method = value;
    } else if (str_eq(setting, STR("operator_email"))) {
        if (value.n && !identity_email_ok(value))
            return fail(cx, ERR_INVALID, "operator_email is an e-mail address, or empty");
        s->operator_email = value;
    } else if (str_eq(setting, STR("fallback"))) {
        if ((e = fallback_check(cx, value)))
            return e;
        s->fallback = value;
    } else if (str_eq(setting, STR("countries"))) {
        if (value.n > COUNTRIES_MAX)
            return fail(cx, ERR_INVALID, "countries has at most %d characters", COUNTRIES_MAX);
        if ((e = countries_check(cx, value)))
            return e;
        s->countries = value;
    } else if (str_eq(setting, STR("custom_code"))) {
        return yes_or_no(cx, setting, value, &s->custom_code);
    } else if (str_eq(setting, STR("test_mode"))) {
        return yes_or_no(cx, setting, value, &s->test_mode);
    } else {
        return unknown_setting(cx, setting);
    }
    return OK;
}

/* Setting it, again too, is how it is switched on: it starts without failures and with a test call.
 */
static enum err callback_set(struct ctx *cx, struct db *db, const struct service *s)
{
    enum err e = db_exec(cx, db, Q_SERVICE_CALLBACK_NEW, DB_ARGS(db_int(s->id)), NULL);

    return e ? e : callback_test(cx, db, s);
}

enum err service_set(struct ctx *cx, struct db *db, int64_t id, struct str setting,
                     struct str value)
{
    struct service s;
    struct str old;
    enum err e;

    if ((e = service_by_id(cx, db, id, &s)) || (e = service_get(cx, db, &s, setting, &old)) ||
        (e = str_eq(setting, STR("test_numbers")) ? test_numbers_set(cx, db, &s, value)
                                                  : apply(cx, &s, setting, value)))
        return e;
    if (s.test_mode && id == core_of(db)->portal_service_id)
        return fail(cx, ERR_CONFLICT, "the portal's own people cannot sign in with test codes");
    e = db_exec(cx, db, Q_SERVICE_UPDATE,
                DB_ARGS(db_text(s.name), db_text(service_key(cx, s.name)),
                        db_text(policy_name(s.policy)), db_int(s.code_digits),
                        db_text(s.callback_url), db_int(s.custom_code), db_int(s.test_mode),
                        db_text(s.callback_method), db_text(s.operator_email), db_text(s.countries),
                        db_text(s.fallback), db_int(cx->now_ms), db_int(id)),
                NULL);
    if (e == ERR_CONFLICT)
        return fail(cx, e, "an application named '%.*s' exists already", STR_ARG(s.name));
    if (e || (str_eq(setting, STR("callback_url")) && (e = callback_set(cx, db, &s))))
        return e;
    return audited(cx, db, id, "app_changed",
                   arena_printf(cx->mem, "setting=%.*s", STR_ARG(setting)));
}

enum err service_get(struct ctx *cx, struct db *db, const struct service *s, struct str setting,
                     struct str *out)
{
    if (str_eq(setting, STR("test_numbers")))
        return test_numbers_get(cx, db, s, out);
    if (str_eq(setting, STR("name")))
        *out = s->name;
    else if (str_eq(setting, STR("policy")))
        *out = policy_name(s->policy);
    else if (str_eq(setting, STR("code_digits")))
        *out = arena_printf(cx->mem, "%u", s->code_digits);
    else if (str_eq(setting, STR("callback_url")))
        *out = s->callback_url;
    else if (str_eq(setting, STR("callback_method")))
        *out = s->callback_method;
    else if (str_eq(setting, STR("operator_email")))
        *out = s->operator_email;
    else if (str_eq(setting, STR("fallback")))
        *out = s->fallback;
    else if (str_eq(setting, STR("countries")))
        *out = s->countries;
    else if (str_eq(setting, STR("custom_code")))
        *out = s->custom_code ? STR("yes") : STR("no");
    else if (str_eq(setting, STR("test_mode")))
        *out = s->test_mode ? STR("yes") : STR("no");
    else
        return unknown_setting(cx, setting);
    return OK;
}

/* ---- the end of keys and services ---- */

enum err service_rotate(struct ctx *cx, struct db *db, int64_t id, int64_t grace_ms,
                        struct service_keys *out)
{
    struct service_keys keys;
    struct service s;
    enum err e;

    if ((e = service_by_id(cx, db, id, &s)) ||
        (e = account_sid(cx, db, s.account_id, &keys.account_sid)) ||
        (e = db_exec(cx, db, Q_CREDENTIAL_EXPIRE,
                     DB_ARGS(db_int(cx->now_ms + grace_ms), db_int(s.account_id), db_int(id)),
                     NULL)) ||
        (e = keys_new(cx, db, s.account_id, id, &keys)) ||
        (e = audited(cx, db, id, "app_keys_rotated", STR_NONE)))
        return e;
    keys.service_sid = s.sid;
    *out = keys;
    return OK;
}

enum err service_delete(struct ctx *cx, struct db *db, int64_t id)
{
    struct service s;
    enum err e;

    if (id == core_of(db)->portal_service_id)
        return fail(cx, ERR_CONFLICT,
                    "this application is the portal itself; it cannot be deleted");
    if ((e = service_by_id(cx, db, id, &s)) ||
        (e = db_exec_one(cx, db, Q_SERVICE_DELETE, DB_ARGS(db_int(cx->now_ms), db_int(id)))) ||
        (e = db_exec(cx, db, Q_CREDENTIAL_END,
                     DB_ARGS(db_int(cx->now_ms), db_int(s.account_id), db_int(id)), NULL)))
        return e;
    return audited(cx, db, id, "app_deleted", s.name);
}

enum err service_code_key(struct ctx *cx, struct db *db, int64_t id, struct secret *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct bytes key;
    enum err e;

    if ((e = db_one(cx, db, Q_SERVICE_CODE_KEY, DB_ARGS(db_int(id)), &r)) ||
        (e = core_unseal(cx, db, "service.code_key", id, db_col_int(&r, 0), db_col_blob(&r, 1),
                         &key)))
        return e;
    if (key.n != CODE_KEY_LEN)
        return fail(cx, ERR_INTERNAL, "code key of service %lld has %zu bytes", (long long)id,
                    key.n);
    memcpy(out->b, key.p, key.n);
    out->n = key.n;
    return OK;
}
