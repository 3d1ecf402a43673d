/*
 * device.c: pairing, and what a signed request must pass. Signatures are verified by the prepare
 * step (63 µs are too long for the writer); here it is decided what a verified request may do.
 */
#include "core/device.h"
#include "base/url.h"
#include "core/access.h"
#include "core/audit.h"
#include "core/entity_event.h"
#include "core/happening.h"
#include "core/identity.h"
#include "core/link.h"
#include "core/outbox.h"
#include "core/rows.h"

/* Topics are ids of rows, whose tables draw from one generator, so that no two mean the same. */
uint64_t device_topic(int64_t identity_id)
{
    return (uint64_t)identity_id;
}

struct device device_row(const struct db_rows *r)
{
    return (struct device){
        .factor_id = db_col_int(r, 0),
        .sid = db_col_text(r, 1),
        .identity_id = db_col_int(r, 2),
        .service_id = db_col_int(r, 3),
        .service_sid = db_col_text(r, 4),
        .service_name = db_col_text(r, 5),
        .name = db_col_text(r, 6),
        .active =
            str_eq(db_col_text(r, 7), STR("active")) && str_eq(db_col_text(r, 17), STR("active")),
        .credential_sid = db_col_text(r, 8),
        .public_key = db_col_blob(r, 9),
        .platform = db_col_text(r, 10),
        .push_kind = db_col_text(r, 11),
        .push_endpoint = db_col_text(r, 12),
        .push_key = db_col_blob(r, 13),
        .push_auth = db_col_blob(r, 14),
        .last_seen_at_ms = db_col_int(r, 15),
        .created_at_ms = db_col_int(r, 16),
    };
}

static enum err active_device(struct ctx *cx, struct db *db, enum query q, struct db_value key,
                              struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct device d;
    enum err e = db_one(cx, db, q, &key, 1, &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_DENIED, "no such device");
    if (e)
        return e;
    d = device_row(&r);
    if (!d.active)
        return fail(cx, ERR_DENIED, "device %.*s is revoked", STR_ARG(d.sid));
    *out = d;
    return OK;
}

enum err device_by_sid(struct ctx *cx, struct db *db, struct str sid, struct device *out)
{
    return active_device(cx, db, Q_DEVICE_BY_SID, db_text(sid), out);
}

enum err device_by_id(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out)
{
    return active_device(cx, db, Q_DEVICE_BY_FACTOR, db_int(factor_id), out);
}

enum err device_by_factor(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_DEVICE_BY_FACTOR, DB_ARGS(db_int(factor_id)), &r);

    if (e == OK)
        *out = device_row(&r);
    return e;
}

enum err device_by_beginning(struct ctx *cx, struct db *db, int64_t service_id, struct str begin,
                             struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    /* sids are hex: no digit is 'g' or higher */
    struct str end = arena_printf(cx->mem, "%.*sg", STR_ARG(begin));
    int64_t id = 0;
    size_t count = 0;
    bool more;
    enum err e = db_query(cx, db, Q_DEVICE_NUMBERED,
                          DB_ARGS(db_text(begin), db_text(end), db_int(service_id)), &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more) {
        id = db_col_int(&r, 0);
        count++;
    }
    if (e)
        return e;
    return count == 1 ? device_by_factor(cx, db, id, out)
                      : fail(cx, ERR_NOT_FOUND, "%zu devices of that number", count);
}

enum err device_list(struct ctx *cx, struct db *db, int64_t identity_id, struct device **out,
                     size_t *out_count)
{
    enum { LIST_MAX = 32 };
    OWN(db_rows_end) struct db_rows r = {0};
    struct device *list = ARENA_ARRAY(cx->mem, struct device, LIST_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_DEVICE_LIST, DB_ARGS(db_int(identity_id)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX)
        list[count++] = device_row(&r);
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

/* ---- pairing ---- */

static enum err room_for_another(struct ctx *cx, struct db *db, int64_t identity_id)
{
    struct device *list;
    size_t count;
    enum err e;

    if ((e = device_list(cx, db, identity_id, &list, &count)))
        return e;
    if (count >= DEVICES_MAX)
        return fail(cx, ERR_CONFLICT, "%d devices are paired: remove one first", DEVICES_MAX);
    return OK;
}

static enum err pair_link(struct ctx *cx, struct db *db, struct link *l, struct str *out_url)
{
    enum err e;

    l->purpose = LINK_PAIR_DEVICE;
    if ((e = room_for_another(cx, db, l->identity_id)) || (e = link_new(cx, db, l)))
        return e;
    return link_url(cx, db, l->id, out_url);
}

enum err device_pair_start(struct ctx *cx, struct db *db, const struct session *s,
                           const struct origin *from, int64_t *out_link_id, struct str *out_url)
{
    struct link l = {
        .identity_id = s->identity_id,
        .person_id = s->person_id,
        .data = arena_printf(cx->mem, "%lld", (long long)s->id),
    };
    enum err e;

    (void)from;
    if ((e = link_end_others(cx, db, LINK_PAIR_DEVICE, s->identity_id, 0)) ||
        (e = pair_link(cx, db, &l, out_url)))
        return e;
    *out_link_id = l.id;
    return OK;
}

static enum pairing_state pairing_state_of(struct ctx *cx, const struct db_rows *r)
{
    if (!db_col_is_null(r, 2))
        return db_col_int(r, 4) ? PAIRING_DONE : PAIRING_ENDED;
    return db_col_int(r, 3) > cx->now_ms ? PAIRING_OPEN : PAIRING_ENDED;
}

/* The open link of what an application has handed out; *out_id is 0 when a new one may be made. */
static enum err invited(struct ctx *cx, struct db *db, int64_t identity_id, struct str once,
                        int64_t *out_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e =
        db_one(cx, db, Q_LINK_INVITED,
               DB_ARGS(db_int(identity_id), db_text(STR("pair_device")), db_text(once)), &r);

    *out_id = 0;
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    if (!db_col_is_null(&r, 2))
        return fail(cx, ERR_EXPIRED, "the invitation was used, or has ended");
    if (pairing_state_of(cx, &r) == PAIRING_OPEN)
        *out_id = db_col_int(&r, 0);
    return OK;
}

enum err device_pair_invite(struct ctx *cx, struct db *db, int64_t identity_id, struct str once,
                            int64_t life_s, int64_t *out_link_id, struct str *out_url)
{
    struct link l = {
        .identity_id = identity_id,
        .data = once,
        .expires_at_ms = cx->now_ms + life_s * MS_PER_S,
    };
    enum err e;

    if (once.n && (e = invited(cx, db, identity_id, once, &l.id)))
        return e;
    e = l.id ? link_url(cx, db, l.id, out_url) : pair_link(cx, db, &l, out_url);
    if (e == OK)
        *out_link_id = l.id;
    return e;
}

static struct str account_of(struct ctx *cx, const struct contact *c)
{
    return c->email.n ? mask_target(cx, STR("email"), c->email)
                      : mask_target(cx, STR("sms"), c->phone);
}

enum err device_account(struct ctx *cx, struct db *db, int64_t identity_id, struct str *out)
{
    struct identity i;
    struct contact c;
    enum err e;

    if ((e = factor_contact(cx, db, identity_id, &c)))
        return e;
    if (c.email.n || c.phone.n) {
        *out = account_of(cx, &c);
        return OK;
    }
    e = identity_by_id(cx, db, c.service_id, identity_id,
                       &i); /* an application's own name for them */
    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e || !i.external.n ? STR("") : i.external;
    return OK;
}

static enum err pairing_of(struct ctx *cx, struct db *db, const struct link *l, struct pairing *out)
{
    struct service s;
    struct contact c;
    int64_t session_id = 0;
    enum err e;

    if (l->person_id && !str_to_i64(l->data, 1, INT64_MAX, &session_id))
        return fail(cx, ERR_INTERNAL, "pairing link %lld names no session", (long long)l->id);
    if ((e = factor_contact(cx, db, l->identity_id, &c)) ||
        (e = service_by_id(cx, db, c.service_id, &s)))
        return e;
    *out = (struct pairing){
        .identity_id = l->identity_id,
        .session_id = session_id,
        .service_sid = s.sid,
        .service_name = s.name,
        .account = account_of(cx, &c),
    };
    return OK;
}

/* An access token of the Verify dialect is an invitation too. Its identity is made when it is used.
 */
static enum err access_of(struct ctx *cx, struct db *db, struct str token, struct access *out,
                          struct service *out_service)
{
    enum err e = access_by_token(cx, db, token, out);

    if (e == OK)
        e = service_by_id(cx, db, out->item.place.service_id, out_service);
    return e == ERR_DENIED || e == ERR_NOT_FOUND
               ? fail(cx, ERR_EXPIRED, "access token unknown or used, or its application is gone")
               : e;
}

enum err device_pair_peek(struct ctx *cx, struct db *db, struct str token, struct pairing *out)
{
    struct access a;
    struct service s;
    struct link l;
    enum err e;

    if (!access_is_token(token)) {
        e = link_peek(cx, db, LINK_PAIR_DEVICE, token, &l);
        return e ? e : pairing_of(cx, db, &l, out);
    }
    if ((e = access_of(cx, db, token, &a, &s)))
        return e;
    *out = (struct pairing){
        .service_sid = s.sid,
        .service_name = s.name,
        .account = a.identity,
    };
    return OK;
}

/* Consumes the invitation; *out_name is the device's unless the application has chosen one. The
 * link's id is 0 when it was an access token. */
static enum err invitation_use(struct ctx *cx, struct db *db, const struct device_new *in,
                               struct link *out_link, struct pairing *out, struct str *out_name)
{
    struct identity i;
    struct service s;
    struct access a;
    bool is_new;
    enum err e;

    *out_name = in->name;
    *out_link = (struct link){0};
    if (!access_is_token(in->token)) {
        e = link_use(cx, db, LINK_PAIR_DEVICE, in->token, out_link);
        return e ? e : pairing_of(cx, db, out_link, out);
    }
    if ((e = access_of(cx, db, in->token, &a, &s)) || (e = access_use(cx, db, &a)) ||
        (e = identity_named(cx, db, s.id, a.identity, &i, &is_new)))
        return e;
    if (i.disabled)
        return fail(cx, ERR_EXPIRED, "the identity is disabled");
    if (a.factor_name.n)
        *out_name = a.factor_name;
    *out = (struct pairing){.identity_id = i.id};
    return OK;
}

/* Only this invitation was good; the page that shows its code moves on. */
static enum err invitation_done(struct ctx *cx, struct db *db, const struct link *l,
                                const struct factor *f)
{
    enum err e;

    if (!l->id)
        return OK;
    if ((e = db_exec_one(cx, db, Q_LINK_PAIRED, DB_ARGS(db_int(f->id), db_int(l->id)))) ||
        (e = link_end_others(cx, db, LINK_PAIR_DEVICE, f->identity_id, l->id)))
        return e;
    db_notify(db, (uint64_t)l->id);
    return OK;
}

/* A session that is good no more may not add a factor (attack 21). */
static enum err starter_lives(struct ctx *cx, struct db *db, int64_t session_id)
{
    struct session s;
    enum err e = session_id ? session_by_id(cx, db, session_id, &s) : OK;

    return e == ERR_DENIED ? fail(cx, ERR_EXPIRED, "the session that started this has ended") : e;
}

/* The application hears of the device; of a user that it knows by name alone, also that this user
 * is registered now. */
static enum err tell_paired(struct ctx *cx, struct db *db, const struct device *d,
                            const struct origin *from)
{
    struct happening what = {
        .event = EVENT_DEVICE_REGISTERED,
        .identity_id = d->identity_id,
        .device_sid = d->sid,
        .from = *from,
    };
    struct identity i;
    struct service s;
    enum err e;

    if ((e = service_by_id(cx, db, d->service_id, &s)) || (e = happening_tell(cx, db, &s, &what)) ||
        (e = identity_by_id(cx, db, s.id, d->identity_id, &i)))
        return e;
    what.event = EVENT_USER_REGISTERED;
    return i.authy_id && i.external.n ? happening_tell(cx, db, &s, &what) : OK;
}

enum err device_pair(struct ctx *cx, struct db *db, const struct device_new *in,
                     const struct origin *from, struct device *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct factor f = {.kind = FACTOR_PUSH, .status = FACTOR_PENDING};
    struct pairing p = {0};
    struct str name;
    struct link l;
    enum err e;

    if (in->public_key.n != DEVICE_KEY_LEN)
        return fail(cx, ERR_INVALID, "a public key has %d bytes", DEVICE_KEY_LEN);
    if ((e = invitation_use(cx, db, in, &l, &p, &name)) ||
        (e = starter_lives(cx, db, p.session_id)) || (e = room_for_another(cx, db, p.identity_id)))
        return e;
    f.id = id_new(cx);
    f.identity_id = p.identity_id;
    f.session_id = p.session_id;
    if ((e = db_exec(cx, db, Q_FACTOR_INSERT,
                     DB_ARGS(db_int(f.id), db_text(sid_new(cx, "YF")), db_int(f.identity_id),
                             db_text(factor_kind_name(FACTOR_PUSH)), db_text(STR("pending")),
                             db_text(name), db_text(STR("")), db_int(f.session_id), db_null(),
                             db_text(STR("ES256")), db_int(0), db_int(0), db_int(cx->now_ms)),
                     NULL)) ||
        (e = db_exec(cx, db, Q_DEVICE_INSERT,
                     DB_ARGS(db_int(f.id), db_text(sid_new(cx, "CR")), db_blob(in->public_key),
                             db_text(in->platform), db_int(cx->now_ms)),
                     NULL)) ||
        (e = entity_event_factor(cx, db, f.id, "factor.created")) ||
        (e = factor_activate(cx, db, &f, from)) || (e = invitation_done(cx, db, &l, &f)) ||
        (e = db_one(cx, db, Q_DEVICE_BY_FACTOR, DB_ARGS(db_int(f.id)), &r)))
        return e;
    *out = device_row(&r);
    return tell_paired(cx, db, out, from);
}

enum err device_pair_pending(struct ctx *cx, struct db *db, const struct session *s,
                             struct pair_link *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct str mine = arena_printf(cx->mem, "%lld", (long long)s->id);
    struct pair_link l = {.state = PAIRING_ENDED};
    enum err e = db_one(cx, db, Q_LINK_NEWEST,
                        DB_ARGS(db_int(s->person_id), db_text(STR("pair_device"))), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e == OK) {
        l = (struct pair_link){
            .id = db_col_int(&r, 0),
            .expires_at_ms = db_col_int(&r, 3),
            .state = pairing_state_of(cx, &r),
            .mine = str_eq(db_col_text(&r, 1), mine),
            .factor_id = db_col_int(&r, 4),
        };
        if (l.state == PAIRING_OPEN && !l.mine)
            l = (struct pair_link){.state = PAIRING_ENDED};
        if (l.state == PAIRING_OPEN && (e = link_url(cx, db, l.id, &l.url)))
            return e;
    }
    *out = l;
    return OK;
}

enum err device_pairing(struct ctx *cx, struct db *db, int64_t link_id, enum pairing_state *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_LINK_PAIRING, DB_ARGS(db_int(link_id)), &r);

    if (e == OK)
        *out = pairing_state_of(cx, &r);
    return e;
}

/* ---- use ---- */

enum err device_accept(struct ctx *cx, struct db *db, const struct device *d, int64_t at_s,
                       struct str nonce)
{
    int64_t off_s = cx->now_ms / MS_PER_S - at_s;
    enum err e;

    if (off_s > DEVICE_CLOCK_S || off_s < -DEVICE_CLOCK_S)
        return fail(cx, ERR_DENIED, "device clock is off by %lld s", (long long)off_s);
    if (nonce.n < DEVICE_NONCE_MIN || nonce.n > DEVICE_NONCE_MAX)
        return fail(cx, ERR_INVALID, "a nonce has %d to %d characters", DEVICE_NONCE_MIN,
                    DEVICE_NONCE_MAX);
    e = db_exec(cx, db, Q_DEVICE_NONCE_USE,
                DB_ARGS(db_int(d->factor_id), db_text(nonce),
                        db_int(cx->now_ms + (2 * (int64_t)DEVICE_CLOCK_S + 1) * MS_PER_S)),
                NULL);
    if (e == ERR_CONFLICT)
        return fail(cx, e, "device request was replayed");
    if (e || (e = db_exec(
                  cx, db, Q_DEVICE_SEEN,
                  DB_ARGS(db_int(cx->now_ms), db_int(d->factor_id), db_int(cx->now_ms - MINUTE_MS)),
                  NULL)))
        return e;
    return db_keep(cx, db);
}

/* Push services of the browser vendors. Others need the operator's word (attack 65). */
static bool push_host_allowed(const struct core *core, const struct url *u)
{
    static const struct str hosts[] = {
        {"fcm.googleapis.com",                18},
        {"jmt17.google.com",                  16},
        {"updates.push.services.mozilla.com", 33},
        {"web.push.apple.com",                18},
    };
    static const struct str suffixes[] = {
        {".push.apple.com",            15},
        {".notify.windows.com",        19},
        {".push.services.mozilla.com", 26},
    };
    struct str extra = core->push_hosts, host;

    EACH_ROW (h, hosts) {
        if (str_eq(*h, u->host))
            return true;
    }
    EACH_ROW (s, suffixes) {
        if (str_ends(u->host, *s))
            return true;
    }
    while (str_split(&extra, ' ', &host)) {
        if (host.n && str_eq_nocase(host, u->host))
            return true;
    }
    return false;
}

enum err device_set_push(struct ctx *cx, struct db *db, int64_t factor_id, struct str endpoint,
                         struct bytes key, struct bytes auth)
{
    enum { HTTPS_PORT = 443, AUTH_LEN = 16 };
    struct url u;

    if (endpoint.n == 0)
        return db_exec(cx, db, Q_DEVICE_SET_PUSH,
                       DB_ARGS(db_text(STR("none")), db_text(STR("")), db_null(), db_null(),
                               db_int(factor_id)),
                       NULL);
    if (endpoint.n > PUSH_ENDPOINT_MAX || !url_parse(cx->mem, endpoint, &u) || !u.https ||
        (u.port != HTTPS_PORT && !core_of(db)->private_targets) ||
        !push_host_allowed(core_of(db), &u))
        return fail(cx, ERR_INVALID, "the push endpoint is no https URL of a known push service");
    if (key.n != DEVICE_KEY_LEN || auth.n != AUTH_LEN)
        return fail(cx, ERR_INVALID, "the subscription's keys have the wrong length");
    return db_exec(cx, db, Q_DEVICE_SET_PUSH,
                   DB_ARGS(db_text(STR("webpush")), db_text(url_text(cx->mem, &u)), db_blob(key),
                           db_blob(auth), db_int(factor_id)),
                   NULL);
}

enum err device_drop_push(struct ctx *cx, struct db *db, int64_t factor_id, struct str endpoint)
{
    return db_exec(cx, db, Q_DEVICE_DROP_PUSH, DB_ARGS(db_int(factor_id), db_text(endpoint)), NULL);
}

enum err device_rename(struct ctx *cx, struct db *db, int64_t factor_id, struct str name)
{
    return db_exec_one(cx, db, Q_DEVICE_RENAME, DB_ARGS(db_text(name), db_int(factor_id)));
}
