/* settings.c: see settings.h. */
#include "api/verify/settings.h"
#include "api/verify/reply.h"

enum setting_kind { FLAG, NUMBER, TEXT, SID, WORD, LIST };

static const char *const attachments[] = {"", "platform", "cross-platform", "any", NULL};
static const char *const wishes[] = {"", "required", "preferred", "discouraged", NULL};

/* clang-format off */
static const struct setting {
    const char *param, *group, *part, *key; /* part: one level more */
    enum setting_kind kind;
    int64_t min, max;         /* of numbers; max of texts in characters */
    const char *const *words; /* WORD */
    const char *prefix;       /* SID */
    int64_t otherwise;        /* FLAG and NUMBER; -1: null */
} table[] = {
    {"LookupEnabled", NULL, NULL, "lookup_enabled", FLAG},
    {"Psd2Enabled", NULL, NULL, "psd2_enabled", FLAG},
    {"SkipSmsToLandlines", NULL, NULL, "skip_sms_to_landlines", FLAG},
    {"DtmfInputRequired", NULL, NULL, "dtmf_input_required", FLAG, .otherwise = 1},
    {"TtsName", NULL, NULL, "tts_name", TEXT, .max = 64},
    {"DoNotShareWarningEnabled", NULL, NULL, "do_not_share_warning_enabled", FLAG},
    {"Push.IncludeDate", "push", NULL, "include_date", FLAG},
    {"Push.ApnCredentialSid", "push", NULL, "apn_credential_sid", SID, .prefix = "CR"},
    {"Push.FcmCredentialSid", "push", NULL, "fcm_credential_sid", SID, .prefix = "CR"},
    {"Totp.Issuer", "totp", NULL, "issuer", TEXT, .max = 64},
    {"Totp.TimeStep", "totp", NULL, "time_step", NUMBER, 20, 60, .otherwise = -1},
    {"Totp.CodeLength", "totp", NULL, "code_length", NUMBER, 3, 8, .otherwise = -1},
    {"Totp.Skew", "totp", NULL, "skew", NUMBER, 0, 2, .otherwise = -1},
    {"DefaultTemplateSid", NULL, NULL, "default_template_sid", SID, .prefix = "HJ"},
    {"Whatsapp.MsgServiceSid", "whatsapp", NULL, "msg_service_sid", SID, .prefix = "MG"},
    {"Whatsapp.From", "whatsapp", NULL, "from", TEXT, .max = 64},
    {"Passkeys.RelyingParty.Id", "passkeys", "relying_party", "id", TEXT, .max = 253},
    {"Passkeys.RelyingParty.Name", "passkeys", "relying_party", "name", TEXT, .max = 64},
    {"Passkeys.RelyingParty.Origins", "passkeys", "relying_party", "origins", LIST, .max = 1024},
    {"Passkeys.AuthenticatorAttachment", "passkeys", NULL, "authenticator_attachment", WORD, .words = attachments},
    {"Passkeys.DiscoverableCredentials", "passkeys", NULL, "discoverable_credentials", WORD, .words = wishes},
    {"Passkeys.UserVerification", "passkeys", NULL, "user_verification", WORD, .words = wishes},
    {"VerifyEventSubscriptionEnabled", NULL, NULL, "verify_event_subscription_enabled", FLAG},
};
/* clang-format on */

/* The object that holds the setting, made on the way. */
static json_t *holder(json_t *settings, const struct setting *s)
{
    const char *const steps[] = {s->group, s->part};
    json_t *at = settings;

    EACH_ROW (step, steps) {
        if (!*step)
            continue;
        if (!json_is_object(json_object_get(at, *step)))
            json_object_set_new(at, *step, json_object());
        at = json_object_get(at, *step);
    }
    return at;
}

static json_t *default_of(const struct setting *s)
{
    if (s->kind == FLAG)
        return json_boolean(s->otherwise);
    return json_null();
}

enum err settings_load(struct ctx *cx, struct db *db, int64_t service_id, json_t **out)
{
    struct str text;
    json_t *stored;
    enum err e = tenant_settings(cx, db, service_id, &text);

    if (e)
        return e;
    stored = js_parsed(text);
    if (!json_is_object(stored)) {
        json_decref(stored);
        return fail(cx, ERR_INTERNAL, "settings of service %lld are no object",
                    (long long)service_id);
    }
    EACH_ROW (s, table) {
        json_t *at = holder(stored, s);

        if (!json_object_get(at, s->key))
            json_object_set_new(at, s->key, default_of(s));
    }
    *out = stored;
    return OK;
}

static json_t *list_of(struct str text)
{
    json_t *list = json_array();
    struct str one;

    while (str_split(&text, ',', &one)) {
        if (str_trim(one).n)
            json_array_append_new(list, js_str(str_trim(one)));
    }
    return list;
}

/* NULL: unfit. */
static json_t *value_of(const struct setting *s, struct str text)
{
    int64_t n;

    switch (s->kind) {
    case FLAG:
        if (str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("false")))
            return json_boolean(str_eq_nocase(text, STR("true")));
        return NULL;
    case NUMBER:
        return str_to_i64(text, s->min, s->max, &n) ? json_integer(n) : NULL;
    case TEXT:
    case LIST:
        if (str_has_control(text) || str_utf8_count(text) > (size_t)s->max)
            return NULL;
        return s->kind == LIST ? list_of(text) : js_text(text);
    case WORD:
        return input_one_of(text, s->words) ? js_text(text) : NULL;
    case SID:
        if (!text.n)
            return json_null();
        return input_is_sid(text, s->prefix) ? js_str(text) : NULL;
    }
    return NULL;
}

enum err settings_bind(struct ctx *cx, struct request *rq, const struct input *in, json_t *settings)
{
    EACH_ROW (s, table) {
        struct str text = input_get(in, str_from(s->param));
        json_t *value;

        if (!text.p)
            continue;
        if (!(value = value_of(s, text)))
            return input_bad(cx, rq, 60200, s->param);
        if (json_is_string(value) && str_eq(str_from(s->param), STR("DefaultTemplateSid")) &&
            !str_eq(text, STR(TEMPLATE_SID))) {
            json_decref(value);
            return call_refuse(cx, rq, 60228, "Template was not found");
        }
        json_object_set_new(holder(settings, s), s->key, value);
    }
    return OK;
}

bool settings_flag(const json_t *settings, const char *key)
{
    return json_is_true(json_object_get(settings, key));
}

int64_t settings_number(const json_t *settings, const char *group, const char *key,
                        int64_t otherwise)
{
    json_t *v = json_object_get(json_object_get(settings, group), key);

    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

struct str settings_text(struct ctx *cx, const json_t *settings, const char *group, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(settings, group), key));

    return text ? arena_str(cx->mem, str_from(text)) : STR_NONE;
}

bool settings_name_ok(struct str name)
{
    enum { NAME_MAX_CHARS_HERE = 30, DIGITS_MAX = 4 };
    size_t digits = 0;

    if (!str_is_utf8(name) || str_has_control(name) || !str_eq(name, str_trim(name)) ||
        str_utf8_count(name) > NAME_MAX_CHARS_HERE || !name.n)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        digits += c >= '0' && c <= '9';
        if (c < 0x80 && !char_is_alnum((char)c) && c != ' ' && c != '-' && c != '_')
            return false;
    }
    return digits <= DIGITS_MAX;
}
