/*
 * fixed.c: what is the same for everybody: the template that codes are sent with, the forms of
 * push, and the refusal of passkeys, which are not enabled in this interface.
 */
#include "api/verify/handlers.h"
#include "api/verify/settings.h"
#include "channel/language.h"

/* "{code} is your {service} code" in the original's notation. */
static json_t *wire_text(struct ctx *cx, struct str ours)
{
    struct str out = STR(""), piece;

    while (str_split(&ours, '{', &piece)) {
        static const struct {
            struct str ours, wire;
        } names[] = {
            {STR("code}"),    STR("{{code}}")         },
            {STR("service}"), STR("{{friendly_name}}")},
        };

        EACH_ROW (n, names) {
            if (str_starts(piece, n->ours)) {
                out = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(out), STR_ARG(n->wire));
                piece = str_sub(piece, n->ours.n, piece.n);
            }
        }
        out = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(out), STR_ARG(piece));
    }
    return js_str(out);
}

/* The one template that there is: what messages say in each language that they speak. */
static json_t *template_json(struct ctx *cx, struct request *rq)
{
    static const char at[] = "2026-01-01T00:00:00Z"; /* the texts come with the program */
    json_t *translations = json_object();

    for (size_t i = 0; i < language_count; i++)
        json_object_set_new(translations, languages[i].tag,
                            json_pack("{s:b, s:s, s:s, s:o, s:s, s:s}", "is_default_translation",
                                      i == 0, "status", "approved", "locale", languages[i].tag,
                                      "text", wire_text(cx, str_from(languages[i].sms)),
                                      "date_updated", at, "date_created", at));
    return json_pack("{s:s, s:o, s:s, s:[s, s], s:o}", "sid", TEMPLATE_SID, "account_sid",
                     js_str(call_of(cx, rq)->caller.account_sid), "friendly_name",
                     "Verification code", "channels", "sms", "voice", "translations", translations);
}

enum err templates_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page page;
    struct listing l;
    struct input in;
    struct str name;
    enum err e;

    if ((e = list_page(cx, rq, &page)) || (e = input_read(cx, rq, &in)))
        return e;
    name = input_get(&in, STR("FriendlyName"));
    listing_init(cx, &l, &page);
    if (!page.cursor && (!name.n || str_eq(name, STR("Verification code"))))
        listing_add(&l, 1, template_json(cx, rq));
    return reply_list(cx, rq, rs, "templates", &l);
}

/* ---- forms ---- */

/* A JSON Schema of one request: names of texts, the first `required` of which must be there. */
static json_t *schema(const char *const *names, size_t count, size_t required)
{
    json_t *properties = json_object(), *needed = json_array();

    for (size_t i = 0; i < count; i++) {
        json_object_set_new(properties, names[i], json_pack("{s:s}", "type", "string"));
        if (i < required)
            json_array_append_new(needed, json_string(names[i]));
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                     needed);
}

enum err forms_fetch(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const char *const factor[] = {
        "FriendlyName",      "FactorType",   "Binding.Alg",
        "Binding.PublicKey", "Config.AppId", "Config.NotificationPlatform",
        "Config.SdkVersion", "Metadata",     "Config.NotificationToken"};
    static const char *const proof[] = {"AuthPayload"};
    static const char *const challenge[] = {"FactorSid", "Details.Message", "Details.Fields",
                                            "HiddenDetails", "ExpirationDate"};

    if (!str_eq(request_param(rq, STR("FormType")), STR("form-push")))
        return call_not_found(cx, rq);
    return reply_json(cx, rs, 200,
                      json_pack("{s:s, s:{s:o, s:o, s:o}, s:{}, s:o}", "form_type", "form-push",
                                "forms", "create_factor", schema(factor, COUNT_OF(factor), 7),
                                "verify_factor", schema(proof, 1, 1), "create_challenge",
                                schema(challenge, COUNT_OF(challenge), 2), "form_meta", "url",
                                js_url(cx, rq->db, "/Forms/form-push")));
}

/* ---- passkeys ---- */

enum err passkeys_refuse(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct service s;
    enum err e;

    (void)rs;
    if ((e = call_service(cx, rq, &s)))
        return e;
    return call_refuse(cx, rq, 60204, "Service does not support this feature: passkeys");
}
