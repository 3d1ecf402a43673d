/*
 * remote_authy.c: the Authy API as its client (docs/wire/authy.md says what servers of ours
 * answer).
 *
 * An answer is right only with status 200 and the word that says so; the rest is looked at for what
 * to tell the person.
 */
#include "channel/remote_dialect.h"

enum { HTTP_OK = 200, MESSAGE_MAX = 144, DETAIL_MAX = 200 };

static struct str number(struct ctx *cx, int64_t n)
{
    return arena_printf(cx->mem, "%lld", (long long)n);
}

static struct str user_form(struct ctx *cx, const struct remote_call *c)
{
    OWN(buf_deinit) struct buf form = {.max = 4 * KIB};

    remote_field(&form, "user[email]", c->email);
    remote_field(&form, "user[cellphone]", c->national);
    remote_field(&form, "user[country_code]", c->calling_code);
    remote_field(&form, "send_install_link_via_sms", STR("true"));
    return arena_str(cx->mem, buf_str(&form));
}

static struct str request_form(struct ctx *cx, const struct remote_call *c)
{
    OWN(buf_deinit) struct buf form = {.max = 4 * KIB};
    const struct {
        const char *name;
        struct str value;
    } details[] = {
        {"details[Username]", c->username},
        {"details[Browser]",  c->browser },
        {"details[Address]",  c->addr    },
    };

    remote_field(&form, "message", str_sub(c->message, 0, MESSAGE_MAX));
    EACH_ROW (d, details) {
        if (d->value.n)
            remote_field(&form, d->name, str_sub(d->value, 0, DETAIL_MAX));
    }
    remote_field(&form, "hidden_details[attempt]", c->attempt);
    remote_field(&form, "seconds_to_expire", number(cx, c->life_s));
    return arena_str(cx->mem, buf_str(&form));
}

enum err authy_load(struct ctx *cx, const struct remote *r, const struct remote_call *c,
                    struct transfer *t)
{
    struct str form = STR_NONE, url = STR_NONE;

    switch (c->op) {
    case REMOTE_REGISTER:
        url = remote_url(cx, r, "/protected/json/users/new", STR_NONE, STR_NONE);
        form = user_form(cx, c);
        break;
    case REMOTE_ASK:
        url = remote_url(cx, r, "/onetouch/json/users/$/approval_requests", c->user, STR_NONE);
        form = request_form(cx, c);
        break;
    case REMOTE_POLL:
        url = remote_url(cx, r, "/onetouch/json/approval_requests/$", c->ref, STR_NONE);
        break;
    case REMOTE_SMS:
        url = remote_url(cx, r, "/protected/json/sms/$?force=true", c->user, STR_NONE);
        break;
    case REMOTE_CALL:
        url = remote_url(cx, r, "/protected/json/call/$?force=true", c->user, STR_NONE);
        break;
    case REMOTE_CHECK:
        url = remote_url(cx, r, "/protected/json/verify/$/$?force=true", c->code, c->user);
        break;
    case REMOTE_OPS:
        break;
    }
    if (url.n == 0)
        return fail(cx, ERR_INTERNAL, "authy: no such question");
    return remote_request(cx, r, url, form, t);
}

/* true, or the string that some answers have in its place. */
static bool succeeded(struct ctx *cx, const json_t *json)
{
    return json_is_true(json_object_get(json, "success")) ||
           str_eq(remote_text(cx, json, "success"), STR("true"));
}

static enum remote_said failure(struct ctx *cx, const struct remote_call *c,
                                const struct remote_answer *a)
{
    static const struct {
        const char *code;
        enum remote_said said;
    } codes[] = {
        {"60003", REMOTE_LIMITED},
        {"60016", REMOTE_NO_USER},
        {"60026", REMOTE_NO_USER},
        {"60019", REMOTE_USED   },
        {"60020", REMOTE_WRONG  },
        {"60050", REMOTE_NO_APP },
        {"60051", REMOTE_NO_APP },
    };
    struct str code = remote_text(cx, a->json, "error_code");

    EACH_ROW (row, codes) {
        bool of_check = row->said == REMOTE_USED || row->said == REMOTE_WRONG;

        if (str_eq(code, str_from(row->code)) && (!of_check || c->op == REMOTE_CHECK))
            return row->said;
    }
    if (c->op == REMOTE_CHECK && a->status == 401 &&
        str_eq(remote_text(cx, a->json, "token"), STR("is invalid")))
        return REMOTE_WRONG;
    if (a->status == 429)
        return REMOTE_LIMITED;
    return a->status >= 400 && a->status < 500 ? REMOTE_REFUSED : REMOTE_NOTHING;
}

static enum remote_said polled(struct ctx *cx, const struct remote_call *c, const json_t *request)
{
    static const struct {
        const char *word;
        enum remote_said said;
    } words[] = {
        {"pending",  REMOTE_PENDING },
        {"approved", REMOTE_APPROVED},
        {"denied",   REMOTE_DENIED  },
        {"expired",  REMOTE_EXPIRED },
    };
    struct str user = remote_text(cx, request, "_authy_id");
    struct str status = remote_text(cx, request, "status");

    if (!str_eq(remote_text(cx, request, "uuid"), c->ref) || (user.n && !str_eq(user, c->user)))
        return REMOTE_NOTHING;
    EACH_ROW (row, words) {
        if (str_eq(status, str_from(row->word)))
            return row->said;
    }
    return REMOTE_NOTHING;
}

enum remote_said authy_said(struct ctx *cx, const struct remote_call *c,
                            const struct remote_answer *a, struct str *ref)
{
    const json_t *request = json_object_get(a->json, "approval_request");
    const json_t *user = json_object_get(a->json, "user");

    if (a->status != HTTP_OK || !succeeded(cx, a->json))
        return failure(cx, c, a);
    switch (c->op) {
    case REMOTE_REGISTER:
        *ref =
            json_is_integer(json_object_get(user, "id")) ? remote_text(cx, user, "id") : STR_NONE;
        return str_all_digits(*ref) ? REMOTE_DONE : REMOTE_NOTHING;
    case REMOTE_ASK:
        *ref = remote_text(cx, request, "uuid");
        return ref->n ? REMOTE_DONE : REMOTE_NOTHING;
    case REMOTE_POLL:
        return polled(cx, c, request);
    case REMOTE_SMS:
    case REMOTE_CALL: /* "ignored": there is an app, and nothing was sent */
        return json_is_true(json_object_get(a->json, "ignored")) ? REMOTE_REFUSED : REMOTE_DONE;
    case REMOTE_CHECK:
        return str_eq(remote_text(cx, a->json, "token"), STR("is valid")) ? REMOTE_RIGHT
                                                                          : REMOTE_NOTHING;
    case REMOTE_OPS:
        break;
    }
    return REMOTE_NOTHING;
}
