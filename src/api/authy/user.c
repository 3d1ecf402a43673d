/* user.c: users of an application: find or make, look, change, remove. */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "base/buf.h"
#include "base/encode.h"
#include "core/audit.h"
#include "core/device.h"
#include "core/invite.h"
#include "core/usage.h"
#include "crypto/otpauth.h"
#include "crypto/qr.h"

/* ---- new ---- */

struct new_user {
    struct str email, country_code, phone;
};

static enum err bind_new(struct ctx *cx, struct request *rq, struct new_user *out)
{
    const struct args *a = visitor_of(rq)->args;
    struct str cc = arg_text(a, "user[country_code]"), number = arg_text(a, "user[cellphone]");
    const char *wrong[3];
    bool country = false;
    size_t n = 0;

    out->email = arg_text(a, "user[email]");
    if (out->email.n == 0 && number.n == 0)
        return authy_refuse(cx, rq, AUTHY_USER_PARAMETERS);
    if (!identity_email_ok(out->email))
        wrong[n++] = "email";
    if (!phone_read(cx, cc.n ? cc : STR("1"), number, &out->country_code, &out->phone, &country))
        wrong[n++] = country ? "country_code" : "cellphone";
    return n ? authy_refuse_fields(cx, rq, AUTHY_USER, wrong, n) : OK;
}

enum err user_new(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct visitor *v = visitor_of(rq);
    bool by_sms = arg_true(v->args, "send_install_link_via_sms",
                           arg_true(v->args, "user[send_install_link_via_sms]", true));
    struct new_user in;
    struct identity i;
    bool is_new;
    json_t *o, *user;
    enum err e;

    if ((e = bind_new(cx, rq, &in)) ||
        (e = identity_user(cx, rq->db, v->service.id, in.country_code, in.phone, in.email, &i,
                           &is_new)) ||
        (is_new && ((e = usage_add(cx, rq->db, v->service.id, USAGE_USERS)) ||
                    (e = authy_tell(cx, rq, EVENT_USER_ADDED, &i)))) ||
        (e = invite_send(cx, rq->db, &i, by_sms ? INVITE_BY_SMS : INVITE_BY_EMAIL)))
        return authy_pass(cx, rq, e);
    o = json_object();
    user = json_object();
    json_object_set_new(user, "id", json_integer(i.authy_id));
    json_object_set_new(o, "message", json_string("User created successfully."));
    json_object_set_new(o, "user", user);
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* ---- status ---- */

static json_t *device_json(const struct device *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "device_type", json_string("authy"));
    json_object_set_new(o, "os_type", text_json(device_os(d)));
    json_object_set_new(o, "registration_device_id", json_null());
    json_object_set_new(o, "registration_method", json_null());
    json_object_set_new(o, "device_id", json_integer(sid_number(d->sid)));
    json_object_set_new(o, "last_sync_date", json_integer(d->last_seen_at_ms / MS_PER_S));
    json_object_set_new(o, "creation_date", json_integer(d->created_at_ms / MS_PER_S));
    return o;
}

enum err user_status(struct ctx *cx, struct request *rq, struct response *rs)
{
    json_t *o, *status, *names, *details;
    struct device *list;
    struct identity i;
    int64_t country_code = 0;
    size_t count;
    enum err e;

    if ((e = authy_user(cx, rq, &i)) || (e = device_list(cx, rq->db, i.id, &list, &count)))
        return e;
    (void)str_to_i64(i.country_code, 1, 9999, &country_code); /* none: a user by name only */
    names = json_array();
    details = json_array();
    for (size_t k = 0; k < count; k++) {
        json_array_append_new(names, text_json(device_os(&list[k])));
        json_array_append_new(details, device_json(&list[k]));
    }
    status = json_object();
    json_object_set_new(status, "authy_id", json_integer(i.authy_id));
    json_object_set_new(status, "confirmed", json_boolean(count > 0 || i.confirmed_at_ms > 0));
    json_object_set_new(status, "registered", json_boolean(count > 0));
    json_object_set_new(status, "country_code", json_integer(country_code));
    json_object_set_new(status, "phone_number", text_json(phone_last4(cx, &i)));
    json_object_set_new(status, "email", text_json(i.email));
    json_object_set_new(status, "devices", names);
    json_object_set_new(status, "has_hard_token", json_false());
    json_object_set_new(status, "account_disabled", json_boolean(i.disabled));
    json_object_set_new(status, "detailed_devices", details);
    json_object_set_new(status, "deleted_devices", json_array());
    o = json_object();
    json_object_set_new(o, "status", status);
    json_object_set_new(o, "message", json_string("User status."));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* ---- changes ---- */

static enum err answer_message(struct ctx *cx, struct request *rq, struct response *rs,
                               const char *message)
{
    json_t *o = json_object();

    json_object_set_new(o, "message", json_string(message));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

enum err user_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct origin from = authy_origin(rq);
    struct identity i;
    enum err e;

    if ((e = authy_user(cx, rq, &i)) || (e = authy_tell(cx, rq, EVENT_USER_REMOVED, &i)) ||
        (e = identity_delete(cx, rq->db, &i, &from)))
        return e;
    return answer_message(cx, rq, rs,
                          visitor_of(rq)->service.test_mode ? "User was added to remove."
                                                            : "User removed from application");
}

enum err user_update(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const char *const wrong[] = {"email"};
    const struct args *a = visitor_of(rq)->args;
    struct str email = arg_text(a, "email");
    struct origin from = authy_origin(rq);
    struct identity i;
    enum err e;

    if (email.n == 0)
        email = arg_text(a, "user[email]");
    if ((e = authy_user(cx, rq, &i)))
        return e;
    if (!identity_email_ok(email))
        return authy_refuse_fields(cx, rq, AUTHY_USER, wrong, COUNT_OF(wrong));
    if ((e = identity_set_address(cx, rq->db, &i, email, &from)))
        return e;
    return answer_message(cx, rq, rs, "User was updated successfully");
}

/* By the number that status and callbacks show. */
enum err device_delete(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str id = request_param(rq, STR("id"));
    struct origin from = authy_origin(rq);
    struct device d;
    int64_t number;
    enum err e;

    if (!str_to_i64(id, 0, INT32_MAX, &number))
        return authy_refuse(cx, rq, AUTHY_NO_DEVICE);
    e = device_by_beginning(cx, rq->db, visitor_of(rq)->service.id, sid_beginning(cx, "YF", number),
                            &d);
    if (e == ERR_NOT_FOUND)
        return authy_refuse(cx, rq, AUTHY_NO_DEVICE);
    if (e || (e = factor_off(cx, rq->db, d.factor_id, "operator", &from)))
        return e;
    return answer_message(cx, rq, rs, "Device was deleted");
}

/* Kept in the audit record; a ban is the application's own business and changes nothing here. */
enum err user_activity(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct str types[] = {STR("password_reset"), STR("banned"), STR("unbanned"),
                                       STR("cookie_login")};
    enum { DATA_MAX = 500 };
    const struct args *a = visitor_of(rq)->args;
    struct str type = arg_text(a, "type"), key;
    OWN(buf_deinit) struct buf detail = {.max = DATA_MAX};
    const struct arg *arg;
    struct identity i;
    bool known = false;
    size_t at = 0;
    enum err e;

    if ((e = authy_user(cx, rq, &i)))
        return e;
    EACH_ROW (t, types)
        known |= str_eq(*t, type);
    if (!known)
        return authy_refuse(cx, rq, AUTHY_ACTIVITY);
    buf_addf(&detail, "type=%.*s", STR_ARG(type));
    while ((arg = arg_next(a, "data", &at, &key)))
        buf_addf(&detail, " %.*s=%.*s", STR_ARG(key), STR_ARG(arg->value));
    if ((e = audit_add(cx, rq->db,
                       &(struct audit_entry){
                           .service_id = i.service_id,
                           .identity_id = i.id,
                           .actor = "app",
                           .event = "activity",
                           .from = authy_origin(rq),
                           .detail = buf_str(&detail),
                       })))
        return e;
    return answer_message(cx, rq, rs, "Activity was created.");
}

/* ---- the secret of an authenticator app ---- */

/* The picture as a data: URL, which goes straight into an <img src>: no third party sees the
 * secret. */
static bool picture(struct ctx *cx, struct str uri, struct str label, int64_t size_px,
                    struct str *out)
{
    static const struct str open = STR("<svg ");
    struct qr qr;
    struct str svg;

    if (!qr_make(cx->mem, uri, &qr))
        return false;
    svg = qr_svg(cx->mem, &qr, label);
    if (!str_starts(svg, open))
        return false;
    svg = arena_printf(cx->mem, "<svg width=\"%lld\" height=\"%lld\" %.*s", (long long)size_px,
                       (long long)size_px, STR_ARG(str_sub(svg, open.n, svg.n)));
    *out = arena_printf(cx->mem, "data:image/svg+xml;base64,%s",
                        base64_encode(cx->mem, str_bytes(svg)).p);
    return true;
}

enum err user_secret(struct ctx *cx, struct request *rq, struct response *rs)
{
    enum { SIZE_PX = 300, SIZE_LEAST_PX = 50, SIZE_MOST_PX = 2000, LABEL_MAX = 100 };
    const struct visitor *v = visitor_of(rq);
    struct str label = str_sub(arg_text(v->args, "label"), 0, LABEL_MAX), uri, image;
    OWN(secret_deinit) struct secret seed = {0};
    struct identity i;
    struct factor f;
    int64_t size_px;
    json_t *o;
    enum err e;

    if ((e = authy_user(cx, rq, &i)) || (e = identity_totp(cx, rq->db, &i, &f)) ||
        (e = totp_secret(cx, rq->db, &f, &seed)))
        return e;
    if (!arg_number(v->args, "qr_size", SIZE_LEAST_PX, SIZE_MOST_PX, SIZE_PX, &size_px))
        return authy_refuse(cx, rq, AUTHY_PARAMETER);
    if (label.n == 0 || !str_is_utf8(label) || str_has_control(label))
        label = i.email.n ? i.email : v->service.name;
    if (!otpauth_uri(cx->mem,
                     &(struct otpauth){
                         .issuer = v->service.name,
                         .account = label,
                         .secret = secret_bytes(&seed),
                         .params = {.step_s = f.period_s, .digits = f.digits, .alg = HMAC_SHA1},
    },
                     &uri) ||
        !picture(cx, uri, label, size_px, &image))
        return authy_refuse(cx, rq, AUTHY_QR);
    o = json_object();
    json_object_set_new(o, "label", text_json(label));
    json_object_set_new(o, "issuer", text_json(v->service.name));
    json_object_set_new(o, "qr_code", text_json(image));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}
