/* authenticator.c: see authenticator.h. */
#include "cli/authenticator.h"
#include "base/encode.h"
#include "base/url.h"
#include "channel/fetch.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "device/signed.h"

enum { NONCE_LEN = 18, SKEW_MIN_S = 60, EVENT_LEN_MAX = 256 * KIB };

void authenticator_deinit(struct authenticator *a)
{
    es256_free(&a->key);
}

static void json_release(json_t **json)
{
    json_decref(*json);
}

struct str json_member(struct ctx *cx, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

/* ---- requests ---- */

static enum err say_refusal(struct ctx *cx, const struct fetched *got, const json_t *body)
{
    static const struct {
        long status;
        enum err e;
    } rows[] = {
        {400, ERR_INVALID  },
        {401, ERR_DENIED   },
        {403, ERR_DENIED   },
        {404, ERR_NOT_FOUND},
        {409, ERR_CONFLICT },
        {410, ERR_EXPIRED  },
        {429, ERR_LIMITED  },
        {503, ERR_BUSY     },
    };
    struct str message = json_member(cx, json_object_get(body, "error"), "message");

    EACH_ROW (row, rows) {
        if (row->status == got->status && message.n)
            return fail(cx, row->e, "%.*s", STR_ARG(message));
    }
    return fail(cx, ERR_UPSTREAM, "the server answered %ld", got->status);
}

static enum err read_answer(struct ctx *cx, const struct fetched *got, json_t **out)
{
    OWN(json_release)
    json_t *body = json_loadb(got->body.p, got->body.n, JSON_REJECT_DUPLICATES, NULL);

    if (got->status / 100 != 2)
        return say_refusal(cx, got, body);
    if (!json_is_object(body))
        return fail(cx, ERR_UPSTREAM, "the answer is not what a Countersign server says");
    *out = json_incref(body);
    return OK;
}

/* A request without signature, of pairing. */
static enum err post(struct ctx *cx, const struct authenticator *a, const char *path, json_t *value,
                     json_t **out)
{
    const struct str headers[] = {STR("Content-Type: application/json")};
    char *text = json_dumps(value, JSON_COMPACT);
    struct fetched got;
    enum err e =
        fetch(cx,
              &(struct fetch){.method = "POST",
                              .url = arena_printf(cx->mem, "%.*s%s", STR_ARG(a->base), path),
                              .headers = headers,
                              .header_count = COUNT_OF(headers),
                              .body = str_from(text),
                              .ca_file = a->ca_file},
              &got);

    free(text);
    json_decref(value);
    return e ? e : read_answer(cx, &got, out);
}

enum { SIGNED_HEADERS = 5 };

static void sign(struct ctx *cx, const struct authenticator *a, const struct fetch *f,
                 struct str target, struct str headers[static SIGNED_HEADERS])
{
    uint8_t signature[ES256_SIGNATURE_LEN], raw[NONCE_LEN];
    struct str time, nonce, text;

    random_bytes(raw, sizeof(raw));
    nonce = base64url_encode(cx->mem, BYTES_OF(raw));
    time = arena_printf(cx->mem, "%lld", (long long)(cx->now_ms / MS_PER_S + a->skew_s));
    text = signed_text(cx->mem, str_from(f->method), target, f->body, time, nonce, a->device);
    es256_sign(a->key, str_bytes(text), signature);
    headers[0] = arena_printf(cx->mem, "X-Device: %.*s", STR_ARG(a->device));
    headers[1] = arena_printf(cx->mem, "X-Device-Time: %.*s", STR_ARG(time));
    headers[2] = arena_printf(cx->mem, "X-Device-Nonce: %.*s", STR_ARG(nonce));
    headers[3] = arena_printf(cx->mem, "X-Device-Signature: %.*s",
                              STR_ARG(base64url_encode(cx->mem, BYTES_OF(signature))));
    headers[4] = STR("Content-Type: application/json");
}

static enum err signed_fetch(struct ctx *cx, const struct authenticator *a, struct fetch f,
                             struct str target, struct fetched *out)
{
    struct str headers[SIGNED_HEADERS];

    sign(cx, a, &f, target, headers);
    f.url = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(a->base), STR_ARG(target));
    f.headers = headers;
    f.header_count = SIGNED_HEADERS;
    f.ca_file = a->ca_file;
    return fetch(cx, &f, out);
}

/* True if the server says that our clock is off: it is then followed, once. */
static bool learn_time(struct ctx *cx, struct authenticator *a, const struct fetched *got)
{
    OWN(json_release) json_t *body = json_loadb(got->body.p, got->body.n, 0, NULL);
    int64_t theirs = json_integer_value(json_object_get(body, "time"));
    int64_t skew = theirs - cx->now_ms / MS_PER_S;
    bool news = got->status == 401 && theirs > 0 &&
                (skew - a->skew_s > SKEW_MIN_S || a->skew_s - skew > SKEW_MIN_S);

    if (news)
        a->skew_s = skew;
    return news;
}

static enum err request(struct ctx *cx, struct authenticator *a, const char *method,
                        struct str target, struct str body, json_t **out)
{
    const struct fetch f = {.method = method, .body = body};
    struct fetched got;
    enum err e = signed_fetch(cx, a, f, target, &got);

    if (e == OK && learn_time(cx, a, &got))
        e = signed_fetch(cx, a, f, target, &got);
    return e ? e : read_answer(cx, &got, out);
}

/* ---- pairing ---- */

static bool is_here(const struct url *u)
{
    return str_eq(u->host, STR("localhost")) || str_eq(u->host, STR("::1")) ||
           str_starts(u->host, STR("127."));
}

enum err pair_link_read(struct ctx *cx, struct str link, struct str *out_base,
                        struct str *out_token)
{
    static const struct str mark = {"/authenticator#pair=", 20};
    ptrdiff_t at = str_find_str(link, mark);
    struct url u;

    if (at == STR_NPOS || !url_parse(cx->mem, str_sub(link, 0, (size_t)at), &u) || u.query.p)
        return fail(cx, ERR_INVALID,
                    "this is no pairing link: it looks like "
                    "https://…/authenticator#pair=…");
    if (!u.https && !is_here(&u))
        return fail(cx, ERR_INVALID, "the link is not https: whoever listens could pair instead");
    *out_base = url_origin(cx->mem, &u);
    *out_token = str_sub(link, (size_t)at + mark.n, link.n);
    return OK;
}

enum err authenticator_peek(struct ctx *cx, struct authenticator *a, struct str token)
{
    OWN(json_release) json_t *got = NULL;
    enum err e =
        post(cx, a, "/device/pairing", json_pack("{s:s%}", "token", token.p, token.n), &got);

    if (e == ERR_EXPIRED)
        return fail(cx, e, "the link was used, or is older than ten minutes; make a new one");
    if (e)
        return e;
    a->service = json_member(cx, got, "service");
    a->service_name = json_member(cx, got, "service_name");
    a->account = json_member(cx, got, "account");
    return OK;
}

enum err authenticator_pair(struct ctx *cx, struct authenticator *a, struct str token)
{
    uint8_t point[ES256_POINT_LEN], signature[ES256_SIGNATURE_LEN];
    OWN(json_release) json_t *got = NULL;
    struct str public_key, proof;
    enum err e;

    if (!a->key)
        a->key = es256_generate();
    es256_point(a->key, point);
    public_key = base64url_encode(cx->mem, BYTES_OF(point));
    proof = pair_text(cx->mem, token, public_key);
    es256_sign(a->key, str_bytes(proof), signature);
    proof = base64url_encode(cx->mem, BYTES_OF(signature));
    e = post(cx, a, "/device/pair",
             json_pack("{s:s%, s:s%, s:s, s:s, s:s}", "token", token.p, token.n, "name", a->name.p,
                       a->name.n, "platform", "countersign " VERSION, "public_key", public_key.p,
                       "signature", proof.p),
             &got);
    if (e)
        return e;
    a->device = json_member(cx, got, "device");
    a->service = json_member(cx, got, "service");
    a->service_name = json_member(cx, got, "service_name");
    a->account = json_member(cx, got, "account");
    a->soft_token = json_member(cx, got, "soft_token");
    return a->device.n ? OK : fail(cx, ERR_UPSTREAM, "the server named no device");
}

/* ---- what is asked ---- */

static void read_details(struct ctx *cx, const json_t *list, struct asked *q)
{
    size_t count = json_array_size(list);
    struct asked_detail *details = ARENA_ARRAY(cx->mem, struct asked_detail, count + 1);

    for (size_t i = 0; i < count; i++) {
        const json_t *d = json_array_get(list, i);

        details[i] =
            (struct asked_detail){json_member(cx, d, "label"), json_member(cx, d, "value")};
    }
    q->details = details;
    q->detail_count = count;
}

/* What is shown must be what is signed: the text itself names service and request. */
static enum err read_one(struct ctx *cx, const struct authenticator *a, const json_t *o,
                         struct asked *q)
{
    OWN(json_release) json_t *shown = NULL;

    *q = (struct asked){
        .id = json_member(cx, o, "id"),
        .shown = json_member(cx, o, "shown"),
        .hidden_digest = json_member(cx, o, "hidden_digest"),
        .state = json_member(cx, o, "state"),
        .reason = json_member(cx, o, "reason"),
        .created_at_s = json_integer_value(json_object_get(o, "created_at")),
        .expires_at_s = json_integer_value(json_object_get(o, "expires_at")),
    };
    shown = json_loadb(q->shown.p, q->shown.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(shown, "v")) != 1 ||
        !str_eq(json_member(cx, shown, "challenge"), q->id) ||
        !str_eq(json_member(cx, shown, "service"), a->service))
        return fail(cx, ERR_UPSTREAM, "request %.*s is not for this device", STR_ARG(q->id));
    q->message = json_member(cx, shown, "message");
    q->address = json_member(cx, shown, "address");
    q->browser = json_member(cx, shown, "browser");
    q->place = json_member(cx, shown, "place");
    q->needs_digits = !json_is_false(json_object_get(shown, "needs_digits"));
    read_details(cx, json_object_get(shown, "details"), q);
    return OK;
}

/* From a list as the server sends it. ERR_UPSTREAM: it does not fit this service. */
static enum err asked_read(struct ctx *cx, const struct authenticator *a, const json_t *list,
                           struct asked **out, size_t *out_count)
{
    size_t count = json_array_size(list);
    struct asked *all = ARENA_ARRAY(cx->mem, struct asked, count + 1);
    enum err e;

    if (!json_is_array(list))
        return fail(cx, ERR_UPSTREAM, "the answer holds no requests");
    for (size_t i = 0; i < count; i++) {
        if ((e = read_one(cx, a, json_array_get(list, i), &all[i])))
            return e;
    }
    *out = all;
    *out_count = count;
    return OK;
}

enum err authenticator_asked(struct ctx *cx, struct authenticator *a, bool history,
                             struct asked **out, size_t *out_count)
{
    OWN(json_release) json_t *got = NULL;
    struct str target = history ? STR("/device/challenges/history") : STR("/device/challenges");
    enum err e = request(cx, a, "GET", target, STR_NONE, &got);

    return e ? e : asked_read(cx, a, json_object_get(got, "challenges"), out, out_count);
}

/* ---- answering ---- */

static struct str digest(struct ctx *cx, struct str text)
{
    uint8_t hash[HASH_SHA256_LEN];

    hash_sha256(str_bytes(text), hash);
    return base64url_encode(cx->mem, BYTES_OF(hash));
}

static struct str dump(struct ctx *cx, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    struct str out = arena_str(cx->mem, str_from(text));

    free(text);
    json_decref(value);
    return out;
}

enum err authenticator_answer(struct ctx *cx, struct authenticator *a, const struct asked *q,
                              const char *decision, struct str digits, struct str *out)
{
    uint8_t signature[ES256_SIGNATURE_LEN];
    OWN(json_release) json_t *got = NULL;
    struct str target = arena_printf(cx->mem, "/device/challenges/%.*s/answer", STR_ARG(q->id));
    struct str payload = dump(
        cx, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s%, s:I}", "v", 1, "service",
                      a->service.p, "challenge", q->id.p, "device", a->device.p, "shown_digest",
                      digest(cx, q->shown).p, "hidden_digest", q->hidden_digest.p, "decision",
                      decision, "digits", digits.p ? digits.p : "", digits.n, "at",
                      (json_int_t)(cx->now_ms / MS_PER_S + a->skew_s)));
    struct str body;
    enum err e;

    es256_sign(a->key, str_bytes(payload), signature);
    body =
        dump(cx, json_pack("{s:s, s:s}", "payload", base64url_encode(cx->mem, str_bytes(payload)).p,
                           "signature", base64url_encode(cx->mem, BYTES_OF(signature)).p));
    if ((e = request(cx, a, "POST", target, body, &got)))
        return e;
    *out = json_member(cx, got, "outcome");
    return OK;
}

/* ---- watching ---- */

struct watching {
    struct ctx *cx;
    const struct authenticator *a;
    struct arena *mem; /* of one event */
    struct buf text;   /* come, but not yet a whole event */
    bool (*take)(void *arg, const struct asked *list, size_t count);
    void *arg;
    bool stopped;
    enum err result;
};

/* The value of an event's "data:" line. */
static bool data_of(struct str event, struct str *out)
{
    struct str line;

    while (str_split(&event, '\n', &line)) {
        if (str_starts(line, STR("data: "))) {
            *out = str_sub(line, 6, line.n);
            return true;
        }
    }
    return false;
}

static bool take_event(struct watching *w, struct str event)
{
    OWN(json_release) json_t *json = NULL;
    struct asked *list;
    struct ctx cx;
    struct str data;
    size_t count;
    bool more;

    if (!data_of(event, &data)) /* a heartbeat */
        return true;
    ctx_init(&cx, w->mem);
    json = json_loadb(data.p, data.n, JSON_REJECT_DUPLICATES, NULL);
    w->result = asked_read(&cx, w->a, json_object_get(json, "challenges"), &list, &count);
    if (w->result)
        w->result = fail(w->cx, w->result, "%s", cx.why);
    more = !w->result && w->take(w->arg, list, count);
    w->stopped = !w->result && !more;
    arena_reset(w->mem);
    return more;
}

static bool take_part(void *arg, struct str part)
{
    struct watching *w = arg;
    ptrdiff_t end;

    buf_add(&w->text, part);
    if (w->text.full) {
        w->result = fail(w->cx, ERR_UPSTREAM, "an event is too long");
        return false;
    }
    while ((end = str_find_str(buf_str(&w->text), STR("\n\n"))) != STR_NPOS) {
        if (!take_event(w, str_sub(buf_str(&w->text), 0, (size_t)end)))
            return false;
        buf_drop(&w->text, (size_t)end + 2);
    }
    return true;
}

static void watching_end(struct watching *w)
{
    buf_deinit(&w->text);
    arena_free(&w->mem);
}

enum err authenticator_watch(struct ctx *cx, struct authenticator *a,
                             bool (*take)(void *arg, const struct asked *list, size_t count),
                             void *arg, bool *out_stopped)
{
    OWN(watching_end)
    struct watching w = {.cx = cx, .a = a, .mem = arena_new(), .take = take, .arg = arg};
    const struct fetch f = {.method = "GET", .take = take_part, .arg = &w};
    OWN(json_release) json_t *body = NULL;
    struct fetched got;
    enum err e;

    buf_init(&w.text, EVENT_LEN_MAX);
    e = signed_fetch(cx, a, f, STR("/device/events"), &got);
    if (e == OK && learn_time(cx, a, &got))
        e = signed_fetch(cx, a, f, STR("/device/events"), &got);
    if (w.result || e)
        return w.result ? w.result : e;
    *out_stopped = w.stopped;
    return got.status == 200 ? OK : read_answer(cx, &got, &body);
}
