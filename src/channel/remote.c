/*
 * remote.c: what both dialects have in common: settings, the carrier, and callbacks. See remote.h.
 */
#include "base/encode.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/url.h"
#include "channel/authy_sign.h"
#include "channel/remote_dialect.h"

/* ---- settings ---- */

static bool read_base(struct arena *mem, struct str text, struct str *out)
{
    struct url u;

    if (!url_parse(mem, text, &u) || u.query.p)
        return false;
    *out = url_text(mem, &u);
    out->n -= str_ends(*out, STR("/"));
    return true;
}

static enum err set_authy(struct ctx *cx, struct remote *r, const struct remote_conf *conf)
{
    if (conf->secret.n == 0)
        return fail(cx, ERR_INVALID, "the API key for authy_url is empty");
    r->key = arena_str(r->mem, conf->secret);
    r->auth = arena_printf(r->mem, "X-Authy-API-Key: %.*s", STR_ARG(r->key));
    return OK;
}

static enum err set_verify(struct ctx *cx, struct remote *r, const struct remote_conf *conf)
{
    struct str pair =
        arena_printf(r->mem, "%.*s:%.*s", STR_ARG(conf->account), STR_ARG(conf->secret));

    if (conf->account.n == 0 || conf->service.n == 0 || conf->secret.n == 0)
        return fail(cx, ERR_INVALID,
                    "the account, its token or the service of verify_url is empty");
    r->service = arena_str(r->mem, conf->service);
    r->auth = arena_printf(r->mem, "Authorization: Basic %.*s",
                           STR_ARG(base64_encode(r->mem, str_bytes(pair))));
    return OK;
}

enum err remote_new(struct ctx *cx, const struct remote_conf *conf, struct remote **out)
{
    OWN(remote_free) struct remote *r = mem_alloc(sizeof(*r));
    enum err e;

    r->mem = arena_new();
    r->dialect = conf->dialect;
    if (!read_base(r->mem, conf->url, &r->url))
        return fail(cx, ERR_INVALID, "the address of the remote service is no URL");
    e = conf->dialect == REMOTE_AUTHY ? set_authy(cx, r, conf) : set_verify(cx, r, conf);
    if (e)
        return e;
    *out = TAKE(r);
    return OK;
}

void remote_free(struct remote **remote)
{
    if (!*remote)
        return;
    arena_free(&(*remote)->mem); /* wipes */
    mem_free(*remote);
    *remote = NULL;
}

/* ---- asking ---- */

struct str remote_url(struct ctx *cx, const struct remote *r, const char *path, struct str a,
                      struct str b)
{
    OWN(buf_deinit) struct buf out = {.max = 2 * KIB};
    const struct str args[] = {a, b};
    size_t n = 0;

    buf_add(&out, r->url);
    for (const char *p = path; *p; p++) {
        if (*p == '$' && n < COUNT_OF(args))
            url_part(&out, args[n++]);
        else
            buf_addc(&out, *p);
    }
    return arena_str(cx->mem, buf_str(&out));
}

void remote_field(struct buf *form, const char *name, struct str value)
{
    if (form->n)
        buf_addc(form, '&');
    url_part(form, str_from(name));
    buf_addc(form, '=');
    url_part(form, value);
}

enum err remote_request(struct ctx *cx, const struct remote *r, struct str url, struct str form,
                        struct transfer *t)
{
    const struct str headers[] = {r->auth, STR("Accept: application/json"),
                                  STR("Content-Type: application/x-www-form-urlencoded")};

    return transfer_http(cx, t,
                         &(struct transfer_http){
                             .method = form.n ? "POST" : "GET",
                             .url = url,
                             .headers = headers,
                             .header_count = form.n ? COUNT_OF(headers) : COUNT_OF(headers) - 1,
                             .body = str_bytes(form),
                             .whole_ms = REMOTE_WHOLE_MS,
                             .trusted = true,
                         });
}

static enum err load(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t)
{
    const struct remote *r = self;

    return r->dialect == REMOTE_AUTHY ? authy_load(cx, r, p->remote, t)
                                      : verify_load(cx, r, p->remote, t);
}

/* ---- what comes back ---- */

struct str remote_text(struct ctx *cx, const json_t *json, const char *key)
{
    const json_t *v = json_object_get(json, key);

    if (json_is_integer(v))
        return arena_printf(cx->mem, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (!json_is_string(v))
        return STR_NONE;
    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

/* Which error it names, if it names one by number: nothing else of it reaches a log. */
static struct str error_number(struct ctx *cx, const json_t *json)
{
    struct str n = remote_text(cx, json, "error_code");

    if (n.n == 0)
        n = remote_text(cx, json, "code");
    return n.n <= 6 && str_all_digits(n) ? n : STR_NONE;
}

static void judge(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out)
{
    const struct transfer_end *end = transfer_end(t);
    const struct remote *r = self;
    struct remote_answer a = {.status = end->status};
    struct str number;

    *out = (struct verdict){.lost = end->lost, .retry_after_ms = end->retry_after_ms};
    if (end->status == 0 || !end->complete) {
        out->outcome = OUTCOME_RETRY;
        out->why = arena_str(cx->mem, end->why);
        return;
    }
    a.json = json_loadb(end->body.n ? end->body.p : "", end->body.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(a.json))
        out->said = r->dialect == REMOTE_AUTHY ? authy_said(cx, p->remote, &a, &out->provider_id)
                                               : verify_said(cx, p->remote, &a, &out->provider_id);
    number = error_number(cx, a.json);
    json_decref(a.json);
    out->outcome = out->said == REMOTE_NOTHING || out->said == REMOTE_LIMITED ? OUTCOME_RETRY
                   : out->said == REMOTE_REFUSED                              ? OUTCOME_FAILED
                                                                              : OUTCOME_SENT;
    if (out->outcome != OUTCOME_SENT)
        out->why = arena_printf(cx->mem, "%.*s answered %ld%s%.*s", STR_ARG(transfer_host(t)),
                                end->status, number.n ? ", error " : "", STR_ARG(number));
}

struct carrier remote_carrier(struct remote *remote)
{
    return (struct carrier){
        .channel = STR("remote"),
        .parallel = REMOTE_PARALLEL,
        .self = remote,
        .load = load,
        .judge = judge,
    };
}

/* ---- callbacks ---- */

static void json_release(json_t **json)
{
    json_decref(*json);
}

enum err remote_callback_read(struct ctx *cx, const struct remote *remote, struct str url,
                              struct str nonce, struct str signature, struct str body,
                              struct remote_callback *out)
{
    OWN(json_release)
    json_t *json = json_loadb(body.n ? body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL);
    struct str status, want;

    if (!json_is_object(json) || nonce.n == 0 || signature.n == 0)
        return fail(cx, ERR_DENIED, "the callback has no signature, or no JSON object");
    if (!callback_params_fit(json)) /* whoever it is from: nothing is signed yet */
        return fail(cx, ERR_DENIED, "the callback has more to sign than one of an answer");
    want = callback_signature(cx, remote->key, nonce, STR("POST"), url, callback_params(cx, json));
    if (!ct_equal_str(signature, want))
        return fail(cx, ERR_DENIED, "the callback's signature is not the one for %.*s",
                    STR_ARG(url));
    *out = (struct remote_callback){.uuid = remote_text(cx, json, "uuid"),
                                    .user = remote_text(cx, json, "authy_id")};
    status = remote_text(cx, json, "status");
    out->approved = str_eq(status, STR("approved"));
    if (!out->approved && !str_eq(status, STR("denied")))
        return fail(cx, ERR_INVALID, "the callback tells of no answer");
    return OK;
}
