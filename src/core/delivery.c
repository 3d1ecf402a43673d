/* delivery.c: see delivery.h. */
#include "core/delivery.h"
#include "core/challenge.h"
#include "core/circuit.h"
#include "core/fallback.h"
#include "core/firewall.h"
#include "core/hook.h"
#include "core/hook_rest.h"
#include "core/rows.h"
#include "core/stuck.h"
#include "core/tariff.h"
#include "core/verification.h"
#include "crypto/token.h"

#include <inttypes.h>

static const struct str channels[] = {
    {"sms",     3},
    {"voice",   5},
    {"email",   5},
    {"webpush", 7},
    {"webhook", 7},
};

/* ---- what came of it ---- */

static enum err note_trouble(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    return db_exec(cx, db, Q_OUTBOX_TROUBLE_ADD,
                   DB_ARGS(db_int(r->parcel->id), db_int(r->parcel->attempt), db_int(cx->now_ms),
                           db_text(r->why)),
                   NULL);
}

/* It will not be delivered: its money comes back, and its code may go another way. */
static enum err over(struct ctx *cx, struct db *db, int64_t id, struct str why, bool wanted)
{
    struct str way = STR_NONE;
    enum err e;

    if ((e = firewall_unsent(cx, db, id)) || (wanted && (e = fallback_take(cx, db, id, why, &way))))
        return e;
    if (!way.n)
        return OK;
    return db_exec(cx, db, Q_OUTBOX_REROUTED,
                   DB_ARGS(db_text(arena_printf(cx->mem, "%.*s; sent by %.*s instead", STR_ARG(why),
                                                STR_ARG(way))),
                           db_int(id)),
                   NULL);
}

/* "0.0333 EUR": in what currency is the operator's business. */
static enum err priced(struct ctx *cx, struct db *db, int64_t id, struct str price)
{
    ptrdiff_t blank = str_find(price, ' ');
    int64_t amount;

    if (!money_read(blank < 0 ? price : str_sub(price, 0, (size_t)blank), &amount))
        return OK;
    return firewall_priced(cx, db, id, amount);
}

static enum err book_sent(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    const struct parcel *p = r->parcel;
    enum err e = db_exec(cx, db, Q_OUTBOX_SENT,
                         DB_ARGS(db_text(r->provider_id), db_text(r->price), db_int(cx->now_ms),
                                 db_text(STR("the answer to an earlier attempt was lost: it may "
                                             "have arrived more than once")),
                                 db_int(p->id), db_int(p->attempt)),
                         NULL);

    return e || !r->price.n ? e : priced(cx, db, p->id, r->price);
}

/* The row is settled; how the call ended is its receipt. */
static enum err book_heard(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    const struct parcel *p = r->parcel;
    bool heard = r->outcome == OUTCOME_SENT;
    struct str way;
    enum err e = db_exec(cx, db, Q_OUTBOX_HEARD,
                         DB_ARGS(db_text(heard ? STR("delivered") : STR("undelivered")),
                                 db_text(r->why), db_int(p->id), db_int(p->attempt)),
                         NULL);

    return e || heard ? e : fallback_take(cx, db, p->id, r->why, &way);
}

/* What an attempt says about the place that was called. */
static enum err note_hook(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    bool failed = r->outcome == OUTCOME_RETRY || r->gave_up;
    enum err e = OK;

    if (r->outcome == OUTCOME_SENT || r->outcome == OUTCOME_FAILED)
        e = hook_booked(cx, db, r->parcel->id, r->outcome == OUTCOME_SENT, r->why);
    if (e || !r->judged || r->outcome == OUTCOME_DEAD)
        return e;
    return hook_rest_note(cx, db, r->parcel->id, failed);
}

static enum err book_row(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    const struct parcel *p = r->parcel;
    const char *state = r->outcome == OUTCOME_DEAD ? "expired" : "failed";
    int64_t changes;
    enum err e;

    if (str_eq(p->channel, STR("webhook")) && (e = note_hook(cx, db, r)))
        return e;
    if (r->outcome != OUTCOME_SENT && r->outcome != OUTCOME_BEGUN && (e = note_trouble(cx, db, r)))
        return e;
    if (r->begun)
        return book_heard(cx, db, r);
    if (r->outcome == OUTCOME_SENT || r->outcome == OUTCOME_BEGUN)
        return book_sent(cx, db, r);
    if (r->outcome == OUTCOME_RETRY)
        return db_exec(cx, db, Q_OUTBOX_AGAIN,
                       DB_ARGS(db_text(r->why), db_int(r->next_at_ms), db_int(r->lost),
                               db_int(p->id), db_int(p->attempt)),
                       NULL);
    if (r->outcome == OUTCOME_GONE && p->to_id && (e = device_drop_push(cx, db, p->to_id, p->to)))
        return e;
    e = db_exec(cx, db, Q_OUTBOX_OVER,
                DB_ARGS(db_text(str_from(state)), db_text(r->why), db_int(cx->now_ms),
                        db_int(r->lost), db_int(p->id), db_int(p->attempt)),
                &changes);
    if (e || !changes || !circuit_guards(p->channel))
        return e;
    return over(cx, db, p->id, r->why, r->outcome != OUTCOME_DEAD);
}

/* A page may wait for what keys say in this call: it hears that there is no call any more. */
static enum err tell_page(struct ctx *cx, struct db *db, int64_t outbox_id)
{
    struct outbox_row row;
    struct challenge c;
    enum err e = outbox_by_id(cx, db, outbox_id, &row);

    if (e || !row.challenge_id)
        return e == ERR_NOT_FOUND ? OK : e;
    if ((e = challenge_by_id(cx, db, row.challenge_id, &c)))
        return e == ERR_NOT_FOUND ? OK : e;
    db_notify(db, login_topic(c.login_id));
    return OK;
}

static enum err book(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    enum err e = book_row(cx, db, r);

    return e || !str_eq(r->parcel->channel, STR("voice")) ? e : tell_page(cx, db, r->parcel->id);
}

/* ---- what is due ---- */

static enum err lapse(struct ctx *cx, struct db *db, struct str channel, int64_t until_ms,
                      int64_t *out_count)
{
    return db_exec(cx, db, Q_OUTBOX_LAPSE,
                   DB_ARGS(db_text(STR("cut off while it was sent: it may have arrived")),
                           db_int(cx->now_ms), db_text(channel), db_int(until_ms)),
                   out_count);
}

static enum err claim_rows(struct ctx *cx, struct db *db, struct courier_lane *lane, unsigned max)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e =
        db_query(cx, db, Q_OUTBOX_CLAIM,
                 DB_ARGS(db_int(cx->now_ms + COURIER_LEASE_MS), db_text(lane->channel),
                         db_int(cx->now_ms), db_int(MIN_OF(max, (unsigned)COURIER_CLAIM_MAX))),
                 &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more)
        lane->claimed[lane->count++] = (struct courier_claim){
            .id = db_col_int(&r, 0),
            .attempt = (unsigned)db_col_int(&r, 1),
        };
    return e;
}

static enum err next_of(struct ctx *cx, struct db *db, enum query q, struct str channel,
                        int64_t *out_at_ms)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, q, DB_ARGS(db_text(channel)), &r);

    if (e == OK)
        *out_at_ms = db_col_is_null(&r, 0) ? INT64_MAX : db_col_int(&r, 0);
    return e;
}

/* c: the lane's circuit, or NULL. */
static enum err claim(struct ctx *cx, struct db *db, struct courier_lane *lane, struct circuit *c)
{
    int64_t again_ms = 0, expiry_ms = INT64_MAX;
    unsigned room = c ? circuit_room(cx, c, lane->want, &again_ms) : lane->want;
    enum err e;

    lane->count = 0;
    if ((e = lapse(cx, db, lane->channel, cx->now_ms, NULL)) ||
        (room && str_eq(lane->channel, STR("webhook")) && (e = hook_rest_serve(cx, db))) ||
        (room && (e = claim_rows(cx, db, lane, room))))
        return e;
    if (c && lane->count)
        circuit_probed(cx, c);
    if ((c && (e = stuck_serve(cx, db, c))) ||
        (e = next_of(cx, db, Q_OUTBOX_NEXT, lane->channel, &lane->next_at_ms)) ||
        (again_ms && (e = next_of(cx, db, Q_OUTBOX_NEXT_EXPIRY, lane->channel, &expiry_ms))))
        return e;
    if (again_ms && lane->next_at_ms != INT64_MAX)
        lane->next_at_ms = MIN_OF(MAX_OF(lane->next_at_ms, again_ms), expiry_ms);
    return OK;
}

/* ---- an exchange ---- */

struct circuits { /* of the lanes */
    struct circuit of[COURIER_LANES_MAX];
    struct circuit *lane[COURIER_LANES_MAX]; /* NULL: it has none */
};

static enum err circuits_get(struct ctx *cx, struct db *db, const struct courier_exchange *x,
                             struct circuits *out)
{
    enum err e;

    for (size_t i = 0; i < x->lane_count; i++) {
        out->lane[i] = NULL;
        if (!circuit_guards(x->lanes[i].channel))
            continue;
        if ((e = circuit_get(cx, db, x->lanes[i].channel, &out->of[i])))
            return e;
        out->lane[i] = &out->of[i];
    }
    return OK;
}

static enum carrier_sign sign_of(const struct courier_result *r)
{
    static const enum carrier_sign signs[] = {
        [OUTCOME_SENT] = SIGN_GOOD,     [OUTCOME_BEGUN] = SIGN_GOOD,
        [OUTCOME_RETRY] = SIGN_BAD,     [OUTCOME_FAILED] = SIGN_ANSWERED,
        [OUTCOME_GONE] = SIGN_ANSWERED, [OUTCOME_DEAD] = SIGN_NONE,
    };

    if (!r->judged)
        return SIGN_NONE;
    if (r->recipients)
        return SIGN_ANSWERED;
    return r->gave_up ? SIGN_BAD : signs[r->outcome];
}

static void note(struct ctx *cx, const struct courier_exchange *x, struct circuits *cs,
                 const struct courier_result *r)
{
    for (size_t i = 0; i < x->lane_count; i++) {
        if (cs->lane[i] && str_eq(x->lanes[i].channel, r->parcel->channel))
            circuit_note(cx, cs->lane[i], sign_of(r), r->judged && !r->recipients ? r->rest_ms : 0,
                         r->why);
    }
}

enum err delivery_exchange(struct ctx *cx, struct db *db, struct courier_exchange *x)
{
    struct circuits cs;
    enum err e = circuits_get(cx, db, x, &cs);

    for (size_t i = 0; e == OK && i < x->result_count; i++)
        note(cx, x, &cs, x->results[i]);
    for (size_t i = 0; e == OK && i < x->lane_count;
         i++) { /* before a code looks for another way */
        if (cs.lane[i])
            e = circuit_put(cx, db, cs.lane[i]);
    }
    for (size_t i = 0; e == OK && i < x->result_count; i++)
        e = book(cx, db, x->results[i]);
    for (size_t i = 0; e == OK && i < x->lane_count; i++) {
        e = claim(cx, db, &x->lanes[i], cs.lane[i]);
        if (e == OK && cs.lane[i])
            e = circuit_put(cx, db, cs.lane[i]);
    }
    return e;
}

enum err delivery_recover(struct ctx *cx, struct db *db, int64_t *out_count)
{
    int64_t count, sum = 0;
    enum err e;

    EACH_ROW (channel, channels) {
        if ((e = lapse(cx, db, *channel, INT64_MAX, &count)))
            return e;
        sum += count;
    }
    *out_count = sum;
    return OK;
}

/* ---- what it says ---- */

/* A push is worth sending while its device has something to answer. */
static enum err load_push(struct ctx *cx, struct db *db, const struct outbox_row *row,
                          struct parcel *out)
{
    struct challenge *pending;
    struct device d;
    size_t count;
    enum err e = device_by_sid(cx, db, row->target, &d);

    if (e == ERR_DENIED)
        return fail(cx, ERR_EXPIRED, "the device is unpaired or off");
    if (e)
        return e;
    if (!str_eq(d.push_kind, STR("webpush")))
        return fail(cx, ERR_EXPIRED, "the device takes no pushes any more");
    if ((e = challenge_pending(cx, db, &d, &pending, &count)))
        return e;
    if (count == 0)
        return fail(cx, ERR_EXPIRED, "nothing is asked of the device any more");
    out->to = d.push_endpoint;
    out->to_id = d.factor_id;
    out->keys = (struct webpush_keys){.point = d.push_key, .auth = d.push_auth};
    out->text = STR("{\"t\":\"wake\"}"); /* content-free: docs/wire/device.md section 5 */
    return OK;
}

/* A code that was used, replaced or has run out, a link that was followed: nobody needs them now.
 */
static enum err still_wanted(struct ctx *cx, struct db *db, const struct outbox_row *row)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct verification v;
    struct challenge c;
    struct factor f;
    enum err e;

    if (row->verification_id) {
        if ((e = verification_by_id(cx, db, row->verification_id, &v)))
            return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its code is gone") : e;
        if (!str_eq(v.state, STR("pending")) || v.expires_at_ms <= cx->now_ms)
            return fail(cx, ERR_EXPIRED, "its code was used or is over");
    }
    if (row->challenge_id) {
        if ((e = challenge_by_id(cx, db, row->challenge_id, &c)))
            return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its request is gone") : e;
        if (c.state != CHALLENGE_PENDING)
            return fail(cx, ERR_EXPIRED, "its request is over");
        if (c.factor_id &&
            ((e = factor_by_id(cx, db, c.factor_id, &f)) || f.status != FACTOR_ACTIVE))
            return e ? e : fail(cx, ERR_EXPIRED, "its factor is off");
    }
    if (!row->link_id || str_eq(row->template_name, STR("notice"))) /* says more than its link */
        return OK;
    e = db_one(cx, db, Q_LINK_OPEN, DB_ARGS(db_int(row->link_id), db_int(cx->now_ms)), &r);
    return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its link was used or is over") : e;
}

enum err delivery_wanted(struct ctx *cx, struct db *db, int64_t id, unsigned attempt)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_OUTBOX_WANTED,
                        DB_ARGS(db_int(id), db_int(attempt), db_int(cx->now_ms)), &r);

    return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its code was used or is over") : e;
}

/* ---- receipts ---- */

enum { ID_DIGITS_MAX = 20, RECEIPT_TOKEN_MAX = ID_DIGITS_MAX + 1 + TOKEN_LEN };

static struct str receipt_token(struct ctx *cx, const struct db *db, int64_t id)
{
    char secret[TOKEN_LEN + 1];

    token_derive(secret_bytes(&core_of(db)->link_key), STR("receipt"), id, secret);
    return arena_printf(cx->mem, "%" PRId64 ".%s", id, secret);
}

/* Where a carrier may say so: secret, one for each message. */
static struct str delivery_receipt_url(struct ctx *cx, const struct db *db, int64_t id)
{
    return arena_printf(cx->mem, "%.*s/receipts/%.*s", STR_ARG(core_of(db)->public_url),
                        STR_ARG(receipt_token(cx, db, id)));
}

enum err delivery_receipt(struct ctx *cx, struct db *db, int64_t id, const struct receipt *receipt,
                          bool *out_changed)
{
    int64_t changes = 0;
    enum err e = db_exec(cx, db, Q_OUTBOX_RECEIPT,
                         DB_ARGS(db_text(receipt->state), db_int(cx->now_ms),
                                 db_text(receipt->price), db_text(receipt->why), db_int(id)),
                         &changes);
    struct str way;

    if (e)
        return e;
    *out_changed = changes > 0;
    if (changes && receipt->whole && str_eq(receipt->state, STR("delivered")) &&
        (e = db_exec(cx, db, Q_OUTBOX_PROVED_SENT,
                     DB_ARGS(db_int(cx->now_ms),
                             db_text(STR("the carrier's answer was lost, but its receipt came")),
                             db_int(id)),
                     NULL)))
        return e;
    if (changes && receipt->price.n && (e = priced(cx, db, id, receipt->price)))
        return e;
    if (!changes || !str_eq(receipt->state, STR("undelivered")))
        return OK;
    return fallback_take(cx, db, id, STR("the carrier could not deliver it"), &way);
}

enum err delivery_report(struct ctx *cx, struct db *db, int64_t id, struct str provider_id,
                         struct str state, struct str why, int64_t *out_id, bool *out_changed)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e;

    if (!id && (e = db_one(cx, db, Q_OUTBOX_BY_PROVIDER, DB_ARGS(db_text(provider_id)), &r)))
        return e;
    *out_id = id ? id : db_col_int(&r, 0);
    return delivery_receipt(cx, db, *out_id, &(struct receipt){.state = state, .why = why},
                            out_changed);
}

enum err delivery_receipt_id(struct ctx *cx, struct db *db, struct str token, int64_t *out_id)
{
    ptrdiff_t dot = str_find(token, '.');
    int64_t id;

    if (token.n > RECEIPT_TOKEN_MAX || dot < 0 ||
        !str_to_i64(str_sub(token, 0, (size_t)dot), 1, INT64_MAX, &id) ||
        !ct_equal_str(token, receipt_token(cx, db, id)))
        return fail(cx, ERR_NOT_FOUND, "no receipt was asked for there");
    *out_id = id;
    return OK;
}

static enum err load_message(struct ctx *cx, struct db *db, const struct outbox_row *row,
                             struct parcel *out)
{
    struct outbox_message m;
    enum err e;

    if ((e = still_wanted(cx, db, row)) || (e = outbox_render(cx, db, row, &m)))
        return e;
    out->to = m.to;
    out->subject = m.subject;
    out->text = m.body;
    out->html = m.html;
    out->language = m.language;
    out->code = m.code;
    out->link = m.link;
    out->from_name = m.service_name;
    out->asked_id = row->challenge_id;
    out->press_first = str_eq(outbox_param(cx, row, "press"), STR("yes"));
    if (str_eq(row->channel, STR("sms")))
        out->receipt_url = delivery_receipt_url(cx, db, row->id);
    return OK;
}

enum err delivery_load(struct ctx *cx, struct db *db, int64_t id, struct parcel *out)
{
    struct parcel p = {.id = id};
    struct outbox_row row;
    enum err e;

    if ((e = outbox_by_id(cx, db, id, &row)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "the row is gone") : e;
    p.channel = row.channel;
    p.created_at_ms = row.created_at_ms;
    p.expires_at_ms = row.expires_at_ms;
    if (row.expires_at_ms <= cx->now_ms)
        e = fail(cx, ERR_EXPIRED, "its time was over before it could be sent");
    else if (str_eq(row.channel, STR("webpush")))
        e = load_push(cx, db, &row, &p);
    else if (str_eq(row.channel, STR("webhook")))
        e = row.hook_id ? hook_target(cx, db, &row, &p.to) : OK; /* the dialect writes it */
    else
        e = load_message(cx, db, &row, &p);
    if (e == OK)
        *out = p;
    return e;
}
