/*
 * factor.c: factors of an entity: authenticator apps and devices.
 */
#include "api/verify/handlers.h"
#include "api/verify/settings.h"
#include "base/encode.h"
#include "crypto/base32.h"
#include "crypto/otpauth.h"
#include "crypto/random.h"

static const char *const platforms[] = {"apn", "fcm", "none", NULL};

/* ---- replies ---- */

/* Our own authenticator is a device whose app polls, whatever wakes it. */
static json_t *config_json(struct ctx *cx, const struct app_factor *f)
{
    bool hosted = str_eq(f->push_kind, STR("apn")) || str_eq(f->push_kind, STR("fcm"));

    if (f->kind == FACTOR_TOTP)
        return json_pack("{s:o, s:i, s:i, s:i}", "alg", js_str(arena_lower(cx->mem, f->alg)),
                         "skew", (int)f->skew_steps, "code_length", (int)f->digits, "time_step",
                         (int)f->period_s);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "sdk_version", js_str(f->sdk_version), "app_id",
                     js_str(f->app_id), "notification_platform",
                     js_str(hosted ? f->push_kind : STR("none")), "notification_token",
                     js_text(hosted ? f->push_token : STR_NONE), "credential_sid",
                     js_str(f->credential_sid));
}

static json_t *factor_json(struct ctx *cx, struct request *rq, const struct service *s,
                           const struct identity *i, const struct app_factor *f)
{
    json_t *o = json_pack("{s:o, s:o, s:o}", "sid", js_str(f->sid), "entity_sid", js_str(i->sid),
                          "identity", js_str(i->external));

    js_owner(cx, rq, o, s);
    json_object_set_new(o, "date_created", js_time(f->created_at_ms));
    json_object_set_new(o, "date_updated", js_time(f->updated_at_ms));
    json_object_set_new(o, "friendly_name", js_str(f->name));
    json_object_set_new(o, "status", json_string(f->verified ? "verified" : "unverified"));
    json_object_set_new(o, "factor_type", json_string(f->kind == FACTOR_PUSH ? "push" : "totp"));
    json_object_set_new(o, "config", config_json(cx, f));
    json_object_set_new(o, "metadata", js_parsed(f->metadata));
    json_object_set_new(o, "url",
                        js_url(cx, rq->db, "/Services/%.*s/Entities/%.*s/Factors/%.*s",
                               STR_ARG(s->sid), STR_ARG(i->external), STR_ARG(f->sid)));
    return o;
}

/* ---- making ---- */

struct factor_form {
    struct str name, type, metadata;
    struct str alg, public_key, app_id, platform, token, sdk_version; /* push */
    struct str seed, totp_alg;
    int64_t time_step, skew, code_length;
};

enum { FACTOR_NAME_MAX = 64, METADATA_MAX = 1024 };
#define AT(member) offsetof(struct factor_form, member)
static const struct wish create_wishes[] = {
    {"FriendlyName", AT(name),     WISH_TEXT, true,  1, FACTOR_NAME_MAX},
    {"FactorType",   AT(type),     WISH_TEXT, true,  1, 16             },
    {"Metadata",     AT(metadata), WISH_JSON, false, 0, METADATA_MAX   },
};
static const struct wish push_wishes[] = {
    {"Config.AppId",                AT(app_id),      WISH_TEXT, true,  1, 100},
    {"Config.NotificationPlatform", AT(platform),    WISH_TEXT, true,  1, 16 },
    {"Config.NotificationToken",    AT(token),       WISH_TEXT, false, 0, 255},
    {"Config.SdkVersion",           AT(sdk_version), WISH_TEXT, true,  1, 64 },
};
static const struct wish totp_wishes[] = {
    {"Binding.Secret",    AT(seed),        WISH_TEXT, false, 1,  128},
    {"Config.Alg",        AT(totp_alg),    WISH_TEXT, false, 1,  16 },
    {"Config.TimeStep",   AT(time_step),   WISH_INT,  false, 20, 60 },
    {"Config.Skew",       AT(skew),        WISH_INT,  false, 0,  2  },
    {"Config.CodeLength", AT(code_length), WISH_INT,  false, 3,  8  },
};
static const struct wish update_wishes[] = {
    {"FriendlyName",                AT(name),        WISH_TEXT, false, 1,  FACTOR_NAME_MAX},
    {"Config.AppId",                AT(app_id),      WISH_TEXT, false, 1,  100            },
    {"Config.NotificationPlatform", AT(platform),    WISH_TEXT, false, 1,  16             },
    {"Config.NotificationToken",    AT(token),       WISH_TEXT, false, 0,  255            },
    {"Config.SdkVersion",           AT(sdk_version), WISH_TEXT, false, 1,  64             },
    {"Config.Alg",                  AT(totp_alg),    WISH_TEXT, false, 1,  16             },
    {"Config.TimeStep",             AT(time_step),   WISH_INT,  false, 20, 60             },
    {"Config.Skew",                 AT(skew),        WISH_INT,  false, 0,  2              },
    {"Config.CodeLength",           AT(code_length), WISH_INT,  false, 3,  8              },
};

static const struct {
    const char *wire;
    struct str ours;
    size_t seed_len; /* of one that we make: as long as the hash */
} algs[] = {
    {"sha1",   STR("SHA1"),   20},
    {"sha256", STR("SHA256"), 32},
    {"sha512", STR("SHA512"), 64},
};

static bool alg_read(struct str text, struct str *out, size_t *out_seed_len)
{
    EACH_ROW (a, algs) {
        if (!str_eq(text, str_from(a->wire)))
            continue;
        *out = a->ours;
        *out_seed_len = a->seed_len;
        return true;
    }
    return false;
}

/* Why core made none. */
static enum err refuse_new(struct ctx *cx, struct request *rq, enum err e)
{
    switch ((int)e) {
    case ERR_CONFLICT:
        return call_refuse(cx, rq, 60315, "Max factors per entity reached");
    case ERR_LIMITED:
        return call_refuse(cx, rq, 60326, "Max factors created for the entity in a day reached");
    case ERR_DENIED:
        return call_refuse(cx, rq, 60317, "A factor with this binding already exists");
    default:
        return e;
    }
}

static enum err add_push(struct ctx *cx, struct request *rq, const struct input *in,
                         struct factor_form *form, struct app_factor *f, json_t **out_binding)
{
    struct str alg = input_get(in, STR("Binding.Alg")),
               key = input_get(in, STR("Binding.PublicKey"));
    struct origin from = call_origin(rq);
    enum err e;

    if (!str_eq(alg, STR("ES256")))
        return input_bad(cx, rq, alg.n ? 60314 : 60300, "Binding.Alg");
    if (!key.n)
        return input_bad(cx, rq, 60300, "Binding.PublicKey");
    f->public_key = proof_of(cx, rq)->new_point;
    if (!f->public_key.n)
        return input_bad(cx, rq, 60314, "Binding.PublicKey");
    if ((e = input_bind(cx, rq, in, push_wishes, COUNT_OF(push_wishes), 60300, form)))
        return e;
    if (!input_one_of(form->platform, platforms))
        return input_bad(cx, rq, 60300, "Config.NotificationPlatform");
    if (!str_eq(form->platform, STR("none")) && !form->token.n)
        return input_bad(cx, rq, 60300, "Config.NotificationToken");
    f->app_id = form->app_id;
    f->sdk_version = form->sdk_version;
    f->push_kind = form->platform;
    f->push_token = form->token.n ? form->token : STR("");
    if ((e = app_push_add(cx, rq->db, f, &from)))
        return refuse_new(cx, rq, e);
    *out_binding = json_pack("{s:s, s:o}", "alg", "ES256", "public_key", js_str(key));
    return OK;
}

static enum hmac_alg hmac_of(struct str alg)
{
    return str_eq(alg, STR("SHA256"))   ? HMAC_SHA256
           : str_eq(alg, STR("SHA512")) ? HMAC_SHA512
                                        : HMAC_SHA1;
}

static enum err seed_read(struct ctx *cx, struct request *rq, struct str text, size_t len,
                          struct secret *out)
{
    enum { SEED_MIN = 10 }; /* RFC 4226 asks for 16; SDKs' own examples have 10 */
    ptrdiff_t n;

    if (!text.n) {
        random_bytes(out->b, len);
        out->n = len;
        return OK;
    }
    n = base32_decode(text, out->b, SECRET_MAX);
    if (n < SEED_MIN)
        return input_bad(cx, rq, 60314, "Binding.Secret");
    out->n = (size_t)n;
    return OK;
}

static enum err add_totp(struct ctx *cx, struct request *rq, const struct input *in,
                         const struct service *s, struct factor_form *form, struct app_factor *f,
                         json_t **out_binding)
{
    OWN(secret_deinit) struct secret seed = {0};
    struct origin from = call_origin(rq);
    size_t seed_len = 20;
    struct str issuer, uri;
    json_t *settings;
    enum err e;

    if ((e = settings_load(cx, rq->db, s->id, &settings)))
        return e;
    form->time_step = settings_number(settings, "totp", "time_step", 30);
    form->skew = settings_number(settings, "totp", "skew", 1);
    form->code_length = settings_number(settings, "totp", "code_length", 6);
    issuer = settings_text(cx, settings, "totp", "issuer");
    json_decref(settings);
    form->totp_alg = STR("sha1");
    if ((e = input_bind(cx, rq, in, totp_wishes, COUNT_OF(totp_wishes), 60300, form)))
        return e;
    if (!alg_read(form->totp_alg, &f->alg, &seed_len))
        return input_bad(cx, rq, 60300, "Config.Alg");
    if ((e = seed_read(cx, rq, form->seed, seed_len, &seed)))
        return e;
    f->digits = (uint8_t)form->code_length;
    f->period_s = (uint32_t)form->time_step;
    f->skew_steps = (uint32_t)form->skew;
    if (!otpauth_uri(cx->mem,
                     &(struct otpauth){
                         .issuer = issuer.n ? issuer : s->name,
                         .account = f->name,
                         .secret = secret_bytes(&seed),
                         .params = {f->period_s, f->digits, hmac_of(f->alg)},
    },
                     &uri))
        return input_bad(cx, rq, 60300, "FriendlyName");
    if ((e = app_totp_add(cx, rq->db, f, secret_bytes(&seed), &from)))
        return refuse_new(cx, rq, e);
    *out_binding =
        json_pack("{s:o, s:o}", "secret", js_str(base32_encode(cx->mem, secret_bytes(&seed))),
                  "uri", js_str(uri));
    return OK;
}

/* A device that enrols with an access token makes the factor that the token is for. */
static enum err token_allows(struct ctx *cx, struct request *rq, const struct service *s,
                             struct factor_form *form)
{
    const struct call *call = call_of(cx, rq);
    const struct access *a = &call->token;

    if (!call->by_device)
        return OK;
    if (!a->item.id || a->item.place.service_id != s->id ||
        !str_eq(a->identity, request_param(rq, STR("Identity"))) ||
        !str_eq(form->type, STR("push")))
        return call_refuse(cx, rq, 60313, "Not allowed to create this factor");
    if (a->factor_name.n)
        form->name = a->factor_name;
    return OK;
}

enum err factors_create(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct factor_form form = {0};
    struct app_factor f = {0};
    json_t *binding = NULL, *o;
    struct identity i;
    struct service s;
    struct input in;
    bool is_new;
    enum err e;

    if ((e = call_service(cx, rq, &s)) || (e = input_read(cx, rq, &in)) ||
        (e = input_bind(cx, rq, &in, create_wishes, COUNT_OF(create_wishes), 60300, &form)))
        return e;
    if (str_eq(form.type, STR("passkeys")))
        return call_refuse(cx, rq, 60204, "Service does not support this feature: passkeys");
    if (!str_eq(form.type, STR("push")) && !str_eq(form.type, STR("totp")))
        return input_bad(cx, rq, 60300, "FactorType");
    if ((e = token_allows(cx, rq, &s, &form)) ||
        (e = entity_make(cx, rq, &s, request_param(rq, STR("Identity")), &i, &is_new)))
        return e;
    f.identity_id = i.id;
    f.name = form.name;
    f.metadata = form.metadata;
    e = str_eq(form.type, STR("push")) ? add_push(cx, rq, &in, &form, &f, &binding)
                                       : add_totp(cx, rq, &in, &s, &form, &f, &binding);
    /* last: a token is not lost by a request that was refused */
    if (e == OK && call_of(cx, rq)->by_device)
        e = access_use(cx, rq->db, &call_of(cx, rq)->token);
    if (e) {
        json_decref(binding);
        return e;
    }
    o = factor_json(cx, rq, &s, &i, &f);
    json_object_set_new(o, "binding", binding);
    json_object_set_new(o, "options", json_null());
    return reply_json(cx, rs, 201, o);
}

/* ---- reading ---- */

static enum err find(struct ctx *cx, struct request *rq, struct service *s, struct identity *i,
                     struct app_factor *out)
{
    enum err e;

    if ((e = call_identity(cx, rq, s, i)))
        return e;
    e = app_factor_by_sid(cx, rq->db, i->id, request_param(rq, STR("Sid")), out);
    if (e == ERR_NOT_FOUND)
        return call_not_found(cx, rq);
    return e ? e : call_may_touch(cx, rq, out->id);
}

enum err factors_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct app_factor f;
    struct identity i;
    struct service s;
    enum err e = find(cx, rq, &s, &i, &f);

    return e ? e : reply_json(cx, rs, 200, factor_json(cx, rq, &s, &i, &f));
}

enum err factors_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct app_factor *list;
    struct identity i;
    struct service s;
    struct page page;
    struct listing l;
    size_t count;
    enum err e;

    if ((e = call_identity(cx, rq, &s, &i)) || (e = list_page(cx, rq, &page)) ||
        (e = app_factor_page(cx, rq->db, i.id, page_down(&page), page_from(&page), page_rows(&page),
                             &list, &count)))
        return e;
    listing_init(cx, &l, &page);
    for (size_t n = 0; n < count; n++)
        listing_add(&l, list[n].id, factor_json(cx, rq, &s, &i, &list[n]));
    return reply_list(cx, rq, rs, "factors", &l);
}

/* ---- changing ---- */

static enum err check_code(struct ctx *cx, struct request *rq, const struct app_factor *f,
                           struct str code)
{
    struct origin from = call_origin(rq);
    struct check_out out;
    enum err e;

    if (code.n < 3 || code.n > 8 || !str_all_digits(code))
        return input_bad(cx, rq, 60306, "AuthPayload");
    if ((e = app_totp_check(cx, rq->db, f, code, &from, &out)))
        return e;
    if (out.outcome != CHECK_PAUSED && out.outcome != CHECK_OFF)
        return OK; /* a wrong one leaves it unverified */
    cx->retry_after_s = out.retry_after_s;
    return call_refuse(cx, rq, 60310, "Max verification attempts reached for the factor");
}

static enum err check_signature(struct ctx *cx, struct request *rq, const struct app_factor *f)
{
    const struct proof *proof = proof_of(cx, rq);
    struct origin from = call_origin(rq);
    struct device d;
    enum err e;

    if ((e = app_device_of(cx, rq->db, f->id, &d)))
        return e;
    if (!proof->right || proof->factor_id != f->id || !ct_equal(proof->point, d.public_key))
        return call_refuse(cx, rq, 60311, "Factor verification failed");
    return app_push_verify(cx, rq->db, f, &from);
}

static enum err change(struct ctx *cx, struct request *rq, const struct input *in,
                       struct app_factor *f)
{
    struct factor_form form = {
        .name = f->name,
        .app_id = f->app_id,
        .platform = f->push_kind,
        .token = f->push_token,
        .sdk_version = f->sdk_version,
        .totp_alg = arena_lower(cx->mem, f->alg),
        .time_step = f->period_s,
        .skew = f->skew_steps,
        .code_length = f->digits,
    };
    bool platform = input_get(in, STR("Config.NotificationPlatform")).n > 0;
    size_t ignored;
    enum err e;

    if ((e = input_bind(cx, rq, in, update_wishes, COUNT_OF(update_wishes), 60306, &form)))
        return e;
    if (platform && !input_one_of(form.platform, platforms))
        return input_bad(cx, rq, 60306, "Config.NotificationPlatform");
    f->name = form.name;
    if (f->kind == FACTOR_TOTP && !alg_read(form.totp_alg, &f->alg, &ignored))
        return input_bad(cx, rq, 60306, "Config.Alg");
    if (f->kind == FACTOR_TOTP) {
        f->period_s = (uint32_t)form.time_step;
        f->skew_steps = (uint32_t)form.skew;
        f->digits = (uint8_t)form.code_length;
    } else {
        f->app_id = form.app_id;
        f->sdk_version = form.sdk_version;
        f->push_kind = form.platform;
        f->push_token = form.token.n ? form.token : STR("");
    }
    return app_factor_update(cx, rq->db, f);
}

/* Whether anything but the proof was sent. */
static bool changes(const struct input *in)
{
    EACH_ROW (w, update_wishes) {
        if (input_get(in, str_from(w->name)).p)
            return true;
    }
    return false;
}

enum err factors_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct app_factor f;
    struct identity i;
    struct service s;
    struct input in;
    struct str payload;
    enum err e;

    if ((e = find(cx, rq, &s, &i, &f)) || (e = input_read(cx, rq, &in)))
        return e;
    if (changes(&in) && (e = change(cx, rq, &in, &f)))
        return e;
    payload = input_get(&in, STR("AuthPayload"));
    if (payload.p) {
        e = f.kind == FACTOR_TOTP ? check_code(cx, rq, &f, payload) : check_signature(cx, rq, &f);
        if (e || (e = app_factor_by_id(cx, rq->db, f.id, &f)))
            return e;
    }
    return reply_json(cx, rs, 200, factor_json(cx, rq, &s, &i, &f));
}

enum err factors_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = call_origin(rq);
    struct app_factor f;
    struct identity i;
    struct service s;
    enum err e;

    if ((e = find(cx, rq, &s, &i, &f)) || (e = app_factor_remove(cx, rq->db, &f, &from)))
        return e;
    return reply_deleted(cx, rs);
}
