/*
 * remote_verify.c: Twilio Verify v2 as its client. A check names the verification that this sign-in
 * was sent, not the number, so that no other one's code does.
 */
#include "channel/remote_dialect.h"

static struct str start_form(struct ctx *cx, const struct remote_call *c, const char *channel)
{
    OWN(buf_deinit) struct buf form = {.max = 4 * KIB};

    remote_field(&form, "To", c->phone);
    remote_field(&form, "Channel", str_from(channel));
    return arena_str(cx->mem, buf_str(&form));
}

static struct str check_form(struct ctx *cx, const struct remote_call *c)
{
    OWN(buf_deinit) struct buf form = {.max = 4 * KIB};

    remote_field(&form, "VerificationSid", c->ref);
    remote_field(&form, "Code", c->code);
    return arena_str(cx->mem, buf_str(&form));
}

enum err verify_load(struct ctx *cx, const struct remote *r, const struct remote_call *c,
                     struct transfer *t)
{
    const char *path = NULL;
    struct str form = STR_NONE;

    switch (c->op) {
    case REMOTE_SMS:
        path = "/v2/Services/$/Verifications";
        form = start_form(cx, c, "sms");
        break;
    case REMOTE_CALL:
        path = "/v2/Services/$/Verifications";
        form = start_form(cx, c, "call");
        break;
    case REMOTE_CHECK:
        path = "/v2/Services/$/VerificationCheck";
        form = check_form(cx, c);
        break;
    case REMOTE_REGISTER:
    case REMOTE_ASK:
    case REMOTE_POLL:
    case REMOTE_OPS:
        break;
    }
    if (!path)
        return fail(cx, ERR_INTERNAL, "verify: no such question");
    return remote_request(cx, r, remote_url(cx, r, path, r->service, STR_NONE), form, t);
}

/* 60202, 60203: five checks or five sends of one verification; 20429, 60212: too often. */
static enum remote_said failure(const struct remote_call *c, const struct remote_answer *a)
{
    bool ended = json_integer_value(json_object_get(a->json, "code")) == 60202;

    if (c->op == REMOTE_CHECK && (a->status == 404 || ended))
        return REMOTE_EXPIRED;
    if (a->status == 429)
        return REMOTE_LIMITED;
    return a->status >= 400 && a->status < 500 ? REMOTE_REFUSED : REMOTE_NOTHING;
}

enum remote_said verify_said(struct ctx *cx, const struct remote_call *c,
                             const struct remote_answer *a, struct str *ref)
{
    struct str status = remote_text(cx, a->json, "status");
    const json_t *valid = json_object_get(a->json, "valid");
    struct str sid = remote_text(cx, a->json, "sid");

    if (a->status != 200 && a->status != 201)
        return failure(c, a);
    if (c->op == REMOTE_CHECK) {
        if (!str_eq(sid, c->ref))
            return REMOTE_NOTHING;
        if (str_eq(status, STR("approved")) && json_is_true(valid))
            return REMOTE_RIGHT;
        return json_is_false(valid) ? REMOTE_WRONG : REMOTE_NOTHING;
    }
    if (!str_starts(sid, STR("VE")) || !str_eq(status, STR("pending")))
        return REMOTE_NOTHING;
    *ref = sid;
    return REMOTE_DONE;
}
