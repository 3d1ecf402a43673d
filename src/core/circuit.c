/* circuit.c: see circuit.h. */
#include "core/circuit.h"
#include "base/clock.h"
#include "channel/courier.h"
#include "core/audit.h"
#include "core/outbox.h"

enum {
    FAILURES_MAX = 5,
    WINDOW_LEAST = 20, /* results in a minute before their share says anything */
    WINDOW_BAD_PERCENT = 50,
    WHY_MAX = 300,
};
static const int64_t window_ms = MINUTE_MS, open_first_ms = 15 * MS_PER_S,
                     open_longest_ms = 5 * MINUTE_MS;

static const struct str channels[CIRCUITS] = {
    {"sms",      3},
    {"voice",    5},
    {"email",    5},
    {"whatsapp", 8},
};

bool circuit_guards(struct str channel)
{
    EACH_ROW (row, channels) {
        if (str_eq(*row, channel))
            return true;
    }
    return false;
}

/* ---- stored ---- */

enum err circuit_get(struct ctx *cx, struct db *db, struct str channel, struct circuit *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct circuit c = {.channel = channel, .why = STR("")};
    enum err e = db_one(cx, db, Q_CIRCUIT_GET, DB_ARGS(db_text(channel)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e == OK) {
        c.state = (enum circuit_state)db_col_int(&r, 0);
        c.paused = db_col_int(&r, 1) != 0;
        c.failures = db_col_int(&r, 2);
        c.window_at_ms = db_col_int(&r, 3);
        c.ok = db_col_int(&r, 4);
        c.bad = db_col_int(&r, 5);
        c.openings = db_col_int(&r, 6);
        c.probe_at_ms = db_col_int(&r, 7);
        c.rest_until_ms = db_col_int(&r, 8);
        c.sent_at_ms = db_col_int(&r, 9);
        c.failed_at_ms = db_col_int(&r, 10);
        c.why = db_col_text(&r, 11);
    }
    *out = c;
    return OK;
}

enum err circuit_put(struct ctx *cx, struct db *db, struct circuit *c)
{
    if (!c->changed)
        return OK;
    c->changed = false;
    return db_exec(cx, db, Q_CIRCUIT_PUT,
                   DB_ARGS(db_text(c->channel), db_int(c->state), db_int(c->paused),
                           db_int(c->failures), db_int(c->window_at_ms), db_int(c->ok),
                           db_int(c->bad), db_int(c->openings), db_int(c->probe_at_ms),
                           db_int(c->rest_until_ms), db_int(c->sent_at_ms), db_int(c->failed_at_ms),
                           db_text(str_sub(c->why, 0, WHY_MAX))),
                   NULL);
}

/* ---- what is known of it ---- */

static void open_circuit(const struct ctx *cx, struct circuit *c)
{
    int64_t span_ms = open_first_ms;

    for (int64_t i = 0; i < c->openings && span_ms < open_longest_ms; i++)
        span_ms *= 2;
    c->state = CIRCUIT_OPEN;
    c->openings++;
    c->probe_at_ms = cx->now_ms + MIN_OF(span_ms, open_longest_ms);
}

static void note_good(const struct ctx *cx, struct circuit *c)
{
    if (c->state != CIRCUIT_CLOSED) /* also one that left before it opened */
        c->window_at_ms = c->ok = c->bad = 0;
    c->state = CIRCUIT_CLOSED;
    c->failures = c->openings = c->rest_until_ms = 0;
    c->sent_at_ms = cx->now_ms;
    c->ok++;
}

static void note_bad(const struct ctx *cx, struct circuit *c)
{
    bool many;

    c->failed_at_ms = cx->now_ms;
    c->failures++;
    c->bad++;
    many = c->ok + c->bad >= WINDOW_LEAST && c->bad * 100 >= (c->ok + c->bad) * WINDOW_BAD_PERCENT;
    if (c->state == CIRCUIT_HALF_OPEN ||
        (c->state == CIRCUIT_CLOSED && (c->failures >= FAILURES_MAX || many)))
        open_circuit(cx, c);
}

void circuit_note(struct ctx *cx, struct circuit *c, enum carrier_sign sign, int64_t rest_ms,
                  struct str why)
{
    if (cx->now_ms >= c->window_at_ms + window_ms || cx->now_ms < c->window_at_ms) {
        c->window_at_ms = cx->now_ms;
        c->ok = c->bad = 0;
    }
    if (sign == SIGN_ANSWERED) /* its words are about one number */
        c->failed_at_ms = cx->now_ms, c->why = why;
    if (sign == SIGN_NONE &&
        c->state == CIRCUIT_HALF_OPEN) { /* the one to try was over: the next */
        c->state = CIRCUIT_OPEN;
        c->probe_at_ms = cx->now_ms;
        c->changed = true;
    }
    c->changed |= sign != SIGN_NONE || rest_ms > 0;
    if (rest_ms > 0) { /* an answer, and a wish */
        c->rest_until_ms = MAX_OF(c->rest_until_ms, cx->now_ms + rest_ms);
        c->failed_at_ms = cx->now_ms;
        c->why = why;
        if (c->state != CIRCUIT_CLOSED)
            c->probe_at_ms = MAX_OF(c->probe_at_ms, c->rest_until_ms);
        if (c->state == CIRCUIT_HALF_OPEN)
            c->state = CIRCUIT_OPEN;
    } else if (sign == SIGN_GOOD || (sign == SIGN_ANSWERED && c->state == CIRCUIT_HALF_OPEN)) {
        note_good(cx, c);
    } else if (sign == SIGN_BAD) {
        c->why = why;
        note_bad(cx, c);
    }
}

unsigned circuit_room(struct ctx *cx, const struct circuit *c, unsigned want, int64_t *out_at_ms)
{
    *out_at_ms = 0;
    if (c->paused) {
        *out_at_ms = INT64_MAX;
        return 0;
    }
    if (c->rest_until_ms > cx->now_ms) {
        *out_at_ms = c->rest_until_ms;
        return 0;
    }
    if (c->state == CIRCUIT_CLOSED)
        return want;
    if (c->probe_at_ms > cx->now_ms) {
        *out_at_ms = c->probe_at_ms;
        return 0;
    }
    *out_at_ms = cx->now_ms + COURIER_LEASE_MS;
    return MIN_OF(want, 1u);
}

void circuit_probed(struct ctx *cx, struct circuit *c)
{
    if (c->state == CIRCUIT_CLOSED)
        return;
    c->state = CIRCUIT_HALF_OPEN;
    c->probe_at_ms = cx->now_ms + COURIER_LEASE_MS; /* should this one be lost with the process */
    c->changed = true;
}

bool circuit_works(const struct ctx *cx, const struct circuit *c)
{
    return c->state == CIRCUIT_CLOSED && !c->paused && c->rest_until_ms <= cx->now_ms;
}

struct str circuit_words(struct ctx *cx, const struct circuit *c)
{
    char at[CLOCK_ISO_LEN + 1];

    if (c->paused)
        return STR("paused by the operator");
    if (c->rest_until_ms > cx->now_ms) {
        clock_iso(c->rest_until_ms, at);
        return arena_printf(cx->mem, "resting until %s, as the carrier asked", at);
    }
    if (c->state == CIRCUIT_CLOSED)
        return STR("works");
    clock_iso(c->probe_at_ms, at);
    return arena_printf(cx->mem,
                        c->state == CIRCUIT_OPEN ? "out of order; one message is tried at %s"
                                                 : "out of order; one message is being tried (%s)",
                        at);
}

/* ---- the operator ---- */

static enum err known(struct ctx *cx, struct str channel)
{
    if (circuit_guards(channel))
        return OK;
    return fail(cx, ERR_INVALID, "\"%.*s\" is no channel: there are sms, voice, email and whatsapp",
                STR_ARG(str_sub(channel, 0, 40)));
}

static enum err said(struct ctx *cx, struct db *db, struct circuit *c, const char *event)
{
    enum err e;

    c->changed = true;
    db_notify(db, OUTBOX_TOPIC); /* the courier looks again */
    if ((e = circuit_put(cx, db, c)))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .actor = "operator",
                         .event = event,
                         .detail = arena_printf(cx->mem, "channel=%.*s", STR_ARG(c->channel)),
                     });
}

enum err circuit_pause(struct ctx *cx, struct db *db, struct str channel)
{
    struct circuit c;
    enum err e;

    if ((e = known(cx, channel)) || (e = circuit_get(cx, db, channel, &c)))
        return e;
    c.paused = true;
    return said(cx, db, &c, "channel_paused");
}

enum err circuit_resume(struct ctx *cx, struct db *db, struct str channel)
{
    struct circuit c;
    enum err e;

    if ((e = known(cx, channel)) || (e = circuit_get(cx, db, channel, &c)))
        return e;
    c.paused = false;
    c.state = CIRCUIT_CLOSED;
    c.failures = c.openings = c.rest_until_ms = c.ok = c.bad = 0;
    return said(cx, db, &c, "channel_resumed");
}

enum err circuit_list(struct ctx *cx, struct db *db, struct circuit out[static CIRCUITS])
{
    for (size_t i = 0; i < CIRCUITS; i++) {
        enum err e = circuit_get(cx, db, channels[i], &out[i]);

        if (e)
            return e;
    }
    return OK;
}
