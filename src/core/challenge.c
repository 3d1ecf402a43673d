/*
 * challenge.c: asking. Answering is in answer.c.
 *
 * `shown` is written once, here: it is the very text that the device shows and signs the digest of,
 * so details cannot change behind a signature (attack 61).
 */
#include "core/challenge.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "core/agent.h"
#include "core/answer.h"
#include "core/display.h"
#include "core/keyed.h"
#include "core/outbox.h"
#include "core/rows.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/token.h"

#include <jansson.h>

static const struct str state_names[CHALLENGE_STATES] = {
    [CHALLENGE_PENDING] = STR("pending"),   [CHALLENGE_APPROVED] = STR("approved"),
    [CHALLENGE_DENIED] = STR("denied"),     [CHALLENGE_EXPIRED] = STR("expired"),
    [CHALLENGE_CANCELED] = STR("canceled"),
};

struct str challenge_state_name(enum challenge_state s)
{
    return s < CHALLENGE_STATES ? state_names[s] : STR("unknown");
}

uint64_t login_topic(int64_t login_id)
{
    return (uint64_t)login_id;
}

struct str challenge_digest(struct ctx *cx, struct str text)
{
    uint8_t hash[HASH_SHA256_LEN];

    hash_sha256(str_bytes(text), hash);
    return base64url_encode(cx->mem, BYTES_OF(hash));
}

enum err challenge_row(struct ctx *cx, const struct db_rows *r, struct challenge *out)
{
    struct str state = db_col_text(r, 13);
    struct challenge c = {
        .id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .uuid = db_col_text(r, 2),
        .service_id = db_col_int(r, 3),
        .identity_id = db_col_int(r, 4),
        .factor_id = db_col_int(r, 5),
        .login_id = db_col_int(r, 6),
        .message = db_col_text(r, 7),
        .details = db_col_text(r, 8),
        .hidden_details = db_col_text(r, 9),
        .logos = db_col_text(r, 10),
        .shown = db_col_text(r, 11),
        .needs_digits = db_col_int(r, 12) != 0,
        .state = CHALLENGE_STATES,
        .reason = db_col_text(r, 14),
        .notified = db_col_int(r, 15),
        .answered_by = db_col_int(r, 16),
        .answered_at_ms = db_col_int(r, 17),
        .payload = db_col_text(r, 18),
        .signature = db_col_blob(r, 19),
        .metadata = db_col_text(r, 20),
        .created_at_ms = db_col_int(r, 21),
        .updated_at_ms = db_col_int(r, 22),
        .expires_at_ms = db_col_int(r, 23),
        .credential_id = db_col_int(r, 24),
    };

    for (size_t i = 0; i < CHALLENGE_STATES; i++) {
        if (str_eq(state_names[i], state))
            c.state = (enum challenge_state)i;
    }
    if (c.state == CHALLENGE_STATES)
        return fail(cx, ERR_INTERNAL, "challenge %lld has an unknown state", (long long)c.id);
    if (c.state == CHALLENGE_PENDING && c.expires_at_ms && c.expires_at_ms <= cx->now_ms)
        c.state = CHALLENGE_EXPIRED;
    *out = c;
    return OK;
}

static enum err one_challenge(struct ctx *cx, struct db *db, enum query q, struct db_value key,
                              struct challenge *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, q, &key, 1, &r);

    return e ? e : challenge_row(cx, &r, out);
}

enum err challenge_by_id(struct ctx *cx, struct db *db, int64_t id, struct challenge *out)
{
    return one_challenge(cx, db, Q_CHALLENGE_GET, db_int(id), out);
}

enum err challenge_by_sid(struct ctx *cx, struct db *db, struct str sid, struct challenge *out)
{
    return one_challenge(cx, db, Q_CHALLENGE_BY_SID, db_text(sid), out);
}

enum err challenge_by_uuid(struct ctx *cx, struct db *db, int64_t service_id, struct str uuid,
                           struct challenge *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_CHALLENGE_BY_UUID, DB_ARGS(db_int(service_id), db_text(uuid)), &r);

    return e ? e : challenge_row(cx, &r, out);
}

enum err challenge_by_login(struct ctx *cx, struct db *db, int64_t login_id, struct challenge *out)
{
    return one_challenge(cx, db, Q_CHALLENGE_BY_LOGIN, db_int(login_id), out);
}

static enum err read_list(struct ctx *cx, struct db_rows *r, unsigned max, struct challenge **out,
                          size_t *out_count)
{
    struct challenge *list = ARENA_ARRAY(cx->mem, struct challenge, max ? max : 1);
    size_t count = 0;
    bool more;
    enum err e;

    while ((e = db_next(r, &more)) == OK && more && count < max) {
        if ((e = challenge_row(cx, r, &list[count])))
            return e;
        count++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err challenge_pending(struct ctx *cx, struct db *db, const struct device *d,
                           struct challenge **out, size_t *out_count)
{
    enum { PENDING_MAX = 20 };
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_query(cx, db, Q_CHALLENGE_PENDING,
                 DB_ARGS(db_int(d->identity_id), db_int(d->factor_id), db_int(cx->now_ms)), &r);

    return e ? e : read_list(cx, &r, PENDING_MAX, out, out_count);
}

enum err challenge_history(struct ctx *cx, struct db *db, const struct device *d, int64_t before,
                           unsigned max, struct challenge **out, size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_query(cx, db, Q_CHALLENGE_LIST,
                          DB_ARGS(db_int(d->identity_id), db_int(d->factor_id),
                                  db_int(before ? before : INT64_MAX), db_int(max)),
                          &r);

    return e ? e : read_list(cx, &r, max, out, out_count);
}

enum err challenge_digits(struct ctx *cx, struct db *db, const struct challenge *c, struct str *out)
{
    OWN(secret_deinit) struct secret key = {0};
    char code[CODE_DIGITS_MAX + 1];
    enum err e;

    if ((e = service_code_key(cx, db, c->service_id, &key)))
        return e;
    /* in a call a 9 in front denies, so the digits of such a request begin with another one */
    for (uint32_t i = 0; i == 0 || (challenge_is_call(c) && code[0] == KEYED_DENY); i++)
        code_derive(secret_bytes(&key), STR("challenge"), c->id, i, CHALLENGE_DIGITS, code);
    *out = arena_str(cx->mem, (struct str){code, CHALLENGE_DIGITS});
    return OK;
}

/* ---- making one ---- */

static struct str shown_text(struct ctx *cx, struct str in)
{
    return display_text(cx->mem, in, CHALLENGE_TEXT_MAX_CHARS);
}

static json_t *text_json(struct str s)
{
    return json_stringn(s.n ? s.p : "", s.n);
}

static struct str dump(struct ctx *cx, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct str out = arena_str(cx->mem, str_from(text));

    free(text);
    return out;
}

static json_t *details_json(struct ctx *cx, const struct challenge_in *in)
{
    json_t *list = json_array();

    for (size_t i = 0; i < in->detail_count; i++) {
        json_t *item = json_object();

        json_object_set_new(item, "label", text_json(shown_text(cx, in->details[i].label)));
        json_object_set_new(item, "value", text_json(shown_text(cx, in->details[i].value)));
        json_array_append_new(list, item);
    }
    return list;
}

static struct str shown_json(struct ctx *cx, const struct challenge *c, const struct service *s,
                             const struct challenge_in *in, json_t *details)
{
    json_t *o = json_object();
    struct str text;

    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "service", text_json(s->sid));
    json_object_set_new(o, "service_name", text_json(shown_text(cx, s->name)));
    json_object_set_new(o, "challenge", text_json(c->sid));
    json_object_set_new(o, "message", text_json(c->message));
    json_object_set(o, "details", details);
    json_object_set_new(o, "address", text_json(shown_text(cx, in->from.addr)));
    json_object_set_new(
        o, "browser",
        text_json(in->from.user_agent.n ? agent_words(cx, in->from.user_agent) : STR("")));
    json_object_set_new(o, "place", json_string("")); /* docs/wire/device.md: not known here */
    json_object_set_new(o, "needs_digits", json_boolean(c->needs_digits));
    json_object_set_new(o, "created_at", json_integer(c->created_at_ms / MS_PER_S));
    json_object_set_new(o, "expires_at",
                        c->expires_at_ms ? json_integer(c->expires_at_ms / MS_PER_S) : json_null());
    if (in->logos.n)
        json_object_set_new(o, "logos", json_loadb(in->logos.p, in->logos.n, 0, NULL));
    text = dump(cx, o);
    json_decref(o);
    return text;
}

/* What an app's own push service would be handed (the Verify dialect's fcm and apn): no carrier of
 * ours speaks to those, so in demo mode it is shown and otherwise the app polls. */
static enum err show_push(struct ctx *cx, struct db *db, const struct challenge *c,
                          const struct device *d)
{
    json_t *what = json_object();
    struct outbox_row row = {
        .service_id = c->service_id,
        .identity_id = c->identity_id,
        .channel = STR("push"),
        .target = d->push_endpoint,
        .template_name = STR("push"),
        .expires_at_ms = c->expires_at_ms,
    };

    if (!core_of(db)->demo)
        return OK;
    json_object_set_new(what, "type", json_string("verify_push_challenge"));
    json_object_set_new(what, "challenge_sid", text_json(c->sid));
    json_object_set_new(what, "factor_sid", text_json(d->sid));
    json_object_set_new(what, "message", text_json(c->message));
    row.params = params_what(cx, dump(cx, what), &(struct origin){STR_NONE, STR_NONE});
    json_decref(what);
    return outbox_add(cx, db, &row);
}

/* One content-free push a device; the courier reads endpoint and keys when it sends. */
static enum err queue_pushes(struct ctx *cx, struct db *db, const struct challenge *c)
{
    struct device *list;
    size_t count;
    enum err e;

    if ((e = device_list(cx, db, c->identity_id, &list, &count)))
        return e;
    for (size_t i = 0; i < count; i++) {
        struct outbox_row row = {
            .service_id = c->service_id,
            .identity_id = c->identity_id,
            .channel = STR("webpush"),
            .target = list[i].sid,
            .template_name = STR("wake"),
            .params = STR("{}"),
            .expires_at_ms = c->expires_at_ms,
        };

        if (str_eq(list[i].push_kind, STR("none")) ||
            (c->factor_id && c->factor_id != list[i].factor_id))
            continue;
        e = str_eq(list[i].push_kind, STR("webpush")) ? outbox_add(cx, db, &row)
                                                      : show_push(cx, db, c, &list[i]);
        if (e)
            return e;
    }
    return db_exec(cx, db, Q_CHALLENGE_NOTIFIED,
                   DB_ARGS(db_int(c->id), db_int(CHALLENGE_PUSHES_MAX)), NULL);
}

enum err challenge_create(struct ctx *cx, struct db *db, const struct challenge_in *in,
                          struct challenge *out)
{
    struct challenge c = {
        .id = id_new(cx),
        .sid = sid_new(cx, "YC"),
        .uuid = uuid_new(cx),
        .service_id = in->service_id,
        .identity_id = in->identity_id,
        .factor_id = in->factor_id,
        .login_id = in->login_id,
        .credential_id = in->credential_id,
        .message = shown_text(cx, in->message),
        .hidden_details = in->hidden_details,
        .logos = in->logos,
        .needs_digits = in->needs_digits,
        .state = CHALLENGE_PENDING,
        .reason = STR(""),
        .created_at_ms = cx->now_ms,
        .updated_at_ms = cx->now_ms,
        .expires_at_ms = in->life_s ? cx->now_ms + in->life_s * MS_PER_S : 0,
    };
    struct service s;
    json_t *details;
    enum err e;

    if (in->detail_count > CHALLENGE_DETAILS_MAX) /* none may be left out of what is signed */
        return fail(cx, ERR_INVALID, "more than %d details", CHALLENGE_DETAILS_MAX);
    if ((e = service_by_id(cx, db, in->service_id, &s)))
        return e;
    details = details_json(cx, in);
    c.details = dump(cx, details);
    c.shown = shown_json(cx, &c, &s, in, details);
    json_decref(details);
    if ((e = db_exec(cx, db, Q_CHALLENGE_INSERT,
                     DB_ARGS(db_int(c.id), db_text(c.sid), db_text(c.uuid), db_int(c.service_id),
                             db_int(c.identity_id), db_int(c.factor_id), db_int(c.login_id),
                             db_text(c.message), db_text(c.details), db_text(c.hidden_details),
                             db_text(c.logos), db_text(c.shown), db_int(c.needs_digits),
                             db_int(cx->now_ms), db_opt_int(c.expires_at_ms),
                             db_int(c.credential_id)),
                     NULL)) ||
        (e = queue_pushes(cx, db, &c)))
        return e;
    db_notify(db, device_topic(c.identity_id));
    *out = c;
    return OK;
}

/* ---- a sign-in's request ---- */

enum err challenge_supersede(struct ctx *cx, struct db *db, int64_t identity_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_CHALLENGE_CANCEL_LOGINS,
                      DB_ARGS(db_text(STR("superseded")), db_int(cx->now_ms), db_int(identity_id)),
                      &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more)
        db_notify(db, login_topic(db_col_int(&r, 1)));
    return e;
}

enum err challenge_withdraw(struct ctx *cx, struct db *db, int64_t identity_id, int64_t login_id)
{
    int64_t withdrawn = 0;
    enum err e = db_exec(cx, db, Q_CHALLENGE_WITHDRAW,
                         DB_ARGS(db_int(cx->now_ms), db_int(login_id)), &withdrawn);

    if (e == OK && withdrawn > 0)
        db_notify(db, device_topic(identity_id));
    return e;
}

enum err challenge_take_push(struct ctx *cx, struct db *db, int64_t identity_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_IDENTITY_PUSH_TAKE,
                        DB_ARGS(db_int(identity_id), db_int(PUSHES_SINCE_SUCCESS_MAX)), &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_LIMITED, "pushes are stopped or their budget is used up");
    return e;
}

enum err challenge_ask(struct ctx *cx, struct db *db, const struct challenge_in *in,
                       struct challenge *out)
{
    struct challenge_in asked = *in;
    struct device *list;
    size_t count;
    enum err e;

    if ((e = device_list(cx, db, in->identity_id, &list, &count)))
        return e;
    if (count == 0)
        return fail(cx, ERR_NOT_FOUND, "no device is paired");
    asked.needs_digits = false;
    e = challenge_take_push(cx, db, in->identity_id);
    return e ? e : challenge_create(cx, db, &asked, out);
}

enum err challenge_put(struct ctx *cx, struct db *db, const struct login *l, const struct person *p,
                       int64_t factor_id, struct challenge *out)
{
    const struct detail details[] = {
        {STR("Account"), p->email      },
        {STR("From"),    agent_words(cx, l->user_agent)},
        {STR("Address"),              l->addr              },
    };
    bool step_up = str_eq(l->purpose, STR("step_up"));
    enum err e;

    if ((e = challenge_take_push(cx, db, p->identity_id)) ||
        (e = challenge_supersede(cx, db, p->identity_id)))
        return e;
    return challenge_create(
        cx, db,
        &(struct challenge_in){
            .service_id = core_of(db)->portal_service_id,
            .identity_id = p->identity_id,
            .factor_id = factor_id,
            .login_id = l->id,
            .message = step_up ? STR("Confirm it's you") : STR("Sign-in on the web"),
            .details = details,
            .detail_count = COUNT_OF(details),
            .hidden_details = STR(""),
            .logos = STR(""),
            .from = {l->addr, l->user_agent},
            .life_s = CHALLENGE_LOGIN_LIFE_S,
            .needs_digits = true,
    },
        out);
}

enum err challenge_for_login(struct ctx *cx, struct db *db, const struct login *l,
                             const struct person *p, struct challenge *out)
{
    struct device *list;
    size_t count;
    enum err e;

    if ((e = device_list(cx, db, p->identity_id, &list, &count)))
        return e;
    if (count == 0)
        return fail(cx, ERR_NOT_FOUND, "no device is paired");
    return challenge_put(cx, db, l, p, 0, out);
}

enum err challenge_push_again(struct ctx *cx, struct db *db, const struct challenge *c)
{
    enum err e;

    if (c->state != CHALLENGE_PENDING)
        return fail(cx, ERR_CONFLICT, "the request is over");
    if (c->notified >= CHALLENGE_PUSHES_MAX) {
        cx->retry_after_s = CHALLENGE_LOGIN_LIFE_S;
        return fail(cx, ERR_LIMITED, "the request was pushed %d times", CHALLENGE_PUSHES_MAX);
    }
    if ((e = challenge_take_push(cx, db, c->identity_id)) || (e = queue_pushes(cx, db, c)))
        return e;
    db_notify(db, device_topic(c->identity_id));
    return OK;
}
