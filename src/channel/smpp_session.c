/*
 * smpp_session.c: see smpp_session.h.
 */
#include "channel/smpp_session.h"
#include "base/clock.h"
#include "crypto/random.h"

enum {
    IN_MAX = 64 * KIB,
    OUT_MAX = 1 * MIB,
    OUT_ENOUGH = 64 * KIB, /* nothing more is sent before the carrier has read */
    BACKOFF_FIRST_MS = 500,
    BACKOFF_MOST_MS = 60 * MS_PER_S,
    REFUSED_FIRST_MS = 4000, /* some carriers lock who tries a wrong password too often */
    THROTTLE_FIRST_MS = 100,
    THROTTLE_MOST_MS = 5000,
    RATE_BURST_MS = 100,
    ROOM_S = 2,     /* with a rate: so many seconds' worth of messages */
    COUNT_MS = 250, /* beside the window we want what the carrier took in such a time */
    ROOM_LEAST = 16,
};

static int64_t jitter(int64_t ms)
{
    return ms - random_below((uint32_t)(ms / 2 + 1));
}

/* ---- the session's states ---- */

static void enter(struct smpp_session *s, enum smpp_state state, int64_t now_ms)
{
    s->state = state;
    s->step_at_ms = now_ms;
}

static uint32_t next_sequence(struct smpp_session *s)
{
    s->sequence = s->sequence >= INT32_MAX ? 1 : s->sequence + 1;
    return s->sequence;
}

/* Ends the session; why is NULL when we wanted it to end. */
static void lose(struct smpp_session *s, int64_t now_ms, int64_t backoff_ms, const char *why)
{
    bool told = why && str_eq(str_from(s->why), str_from(why));

    if (why)
        snprintf(s->why, sizeof(s->why), "%s", why);
    smpp_queue_lose(&s->queue, INT64_MAX, why ? s->why : "the session ended");
    smpp_link_close(s->link);
    buf_reset(&s->in);
    if (s->out.p)
        explicit_bzero(s->out.p, s->out.cap);
    buf_reset(&s->out);
    s->enquired_at_ms = 0;
    s->backoff_ms = MIN_OF(MAX_OF(s->backoff_ms * 2, backoff_ms), (int64_t)BACKOFF_MOST_MS);
    s->open_at_ms = now_ms + jitter(s->backoff_ms);
    enter(s, SMPP_DOWN, now_ms);
    if (why && !told)
        s->conf->ops.lost(s->conf->ops.arg, s->why);
}

static void lose_for(struct smpp_session *s, int64_t now_ms, const char *what)
{
    char why[CTX_WHY_MAX];

    snprintf(why, sizeof(why), "%s: %s", s->host, what);
    lose(s, now_ms, BACKOFF_FIRST_MS, why);
}

/* "smsc.example.com:2775 answered ESME_RTHROTTLED: we send faster than it allows" */
static void say_status(const struct smpp_session *s, uint32_t status, char out[static CTX_WHY_MAX])
{
    char word[SMPP_STATUS_WORD_MAX];
    const char *text = smpp_status_text(status);

    snprintf(out, CTX_WHY_MAX, "%s answered %s%s%s", s->host, smpp_status_word(status, word),
             text[0] ? ": " : "", text);
}

static void on_bind_answer(struct smpp_session *s, const struct smpp_head *h, int64_t now_ms)
{
    char why[CTX_WHY_MAX];

    if (s->state != SMPP_BINDING)
        return;
    if (h->status != SMPP_OK) {
        say_status(s, h->status, why);
        lose(s, now_ms, REFUSED_FIRST_MS, why);
        return;
    }
    s->session++;
    s->backoff_ms = 0;
    s->why[0] = '\0';
    s->allowed = s->conf->window;
    s->throttle_ms = s->quiet_until_ms = 0;
    enter(s, SMPP_BOUND, now_ms);
    s->conf->ops.bound(s->conf->ops.arg, s->host);
}

/* ---- answers to messages ---- */

static void on_taken(struct smpp_session *s, struct smpp_job *j, unsigned part, struct bytes pdu)
{
    char id[SMPP_ID_MAX + 1];
    int64_t message_id;

    if (!smpp_read_id(pdu, id))
        id[0] = '\0'; /* taken all the same */
    smpp_id_unify(id, s->conf->ids, false);
    message_id = smpp_job_taken(&s->queue, j, part, id);
    if (id[0])
        smpp_inbox_remember(&s->inbox, id, message_id);
    s->taken_now++;
    s->throttle_ms /= 2;
    s->allowed = MIN_OF(s->allowed + 1, s->conf->window);
}

/* Slower, and this part again. */
static void on_throttled(struct smpp_session *s, struct smpp_job *j, unsigned part, int64_t now_ms)
{
    smpp_job_again(&s->queue, j, part);
    if (now_ms < s->quiet_until_ms) /* the answer to what was sent before we knew */
        return;
    s->allowed = MAX_OF(s->allowed / 2, 1u);
    s->throttle_ms =
        MIN_OF(MAX_OF(s->throttle_ms * 2, (int64_t)THROTTLE_FIRST_MS), (int64_t)THROTTLE_MOST_MS);
    s->quiet_until_ms = now_ms + jitter(s->throttle_ms);
}

static void on_submit_answer(struct smpp_session *s, const struct smpp_head *h, struct bytes pdu,
                             int64_t now_ms)
{
    char why[CTX_WHY_MAX];
    unsigned part;
    struct smpp_job *j = smpp_queue_answered(&s->queue, h->sequence, &part);

    if (!j) /* to nothing that we have asked, or asked too long ago */
        return;
    if (h->status == SMPP_OK) {
        on_taken(s, j, part, pdu);
    } else if (h->status == SMPP_THROTTLED || h->status == SMPP_QUEUE_FULL) {
        on_throttled(s, j, part, now_ms);
    } else {
        say_status(s, h->status, why);
        smpp_job_refused(&s->queue, j, part,
                         smpp_status_passes(h->status) ? OUTCOME_RETRY : OUTCOME_FAILED, why);
    }
    if (h->status == SMPP_NOT_BOUND)
        lose_for(s, now_ms, "it does not take us for bound");
}

/* ---- receipts ---- */

static void answer(struct smpp_session *s, const struct smpp_head *h, uint32_t status)
{
    smpp_write_head(&s->out, h->command | SMPP_RESPONSE, status, h->sequence);
}

static void on_delivery(struct smpp_session *s, const struct smpp_head *h, struct bytes pdu)
{
    struct smpp_delivery d;
    struct smpp_receipt receipt;

    if (!smpp_read_delivery(pdu, &d)) {
        answer(s, h, SMPP_REFUSED);
        return;
    }
    if (!smpp_receipt_read(&d, &receipt)) { /* what people write back has no reader here */
        answer(s, h, SMPP_OK);
        return;
    }
    smpp_id_unify(receipt.id, s->conf->ids, true);
    if (!smpp_inbox_add(&s->inbox, &receipt, s->session, h->sequence))
        answer(s, h, SMPP_QUEUE_FULL);
}

/* Those of an earlier session get no answer: the carrier sends them again. */
static void answer_booked(struct smpp_session *s)
{
    struct smpp_booking b;

    while (smpp_inbox_settled(&s->inbox, &b)) {
        if (s->state == SMPP_BOUND && b.session == s->session)
            smpp_write_head(&s->out, SMPP_DELIVER_SM | SMPP_RESPONSE,
                            b.well ? SMPP_OK : SMPP_TRY_LATER, b.sequence);
    }
}

static void move_receipts(struct smpp_session *s)
{
    const struct smpp_ops *ops = &s->conf->ops;
    const struct smpp_fact *facts;
    size_t count;

    answer_booked(s);
    if ((count = smpp_inbox_next(&s->inbox, &facts)) && ops->book(ops->arg, facts, count)) {
        smpp_inbox_booked(&s->inbox, false);
        answer_booked(s);
    }
}

/* ---- PDUs ---- */

static void on_pdu(struct smpp_session *s, const struct smpp_head *h, struct bytes pdu,
                   int64_t now_ms)
{
    s->heard_at_ms = now_ms;
    switch (h->command) {
    case SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE:
        on_bind_answer(s, h, now_ms);
        return;
    case SMPP_SUBMIT_SM | SMPP_RESPONSE:
        on_submit_answer(s, h, pdu, now_ms);
        return;
    case SMPP_ENQUIRE_LINK | SMPP_RESPONSE:
        s->enquired_at_ms = 0;
        return;
    case SMPP_UNBIND | SMPP_RESPONSE:
        if (s->state == SMPP_LEAVING)
            lose(s, now_ms, 0, NULL);
        return;
    case SMPP_GENERIC_NACK:
        if (s->state == SMPP_BINDING)
            on_bind_answer(s, h, now_ms);
        else if (smpp_queue_flies(&s->queue, h->sequence) && h->status) /* it did not take it */
            on_submit_answer(s, h, pdu, now_ms);
        return;
    case SMPP_ENQUIRE_LINK:
        answer(s, h, SMPP_OK);
        return;
    case SMPP_DELIVER_SM:
        if (s->state == SMPP_BOUND || s->state == SMPP_LEAVING)
            on_delivery(s, h, pdu);
        else
            answer(s, h, SMPP_NOT_BOUND);
        return;
    case SMPP_UNBIND:
        answer(s, h, SMPP_OK);
        smpp_link_move(s->link, &s->in, &s->out);
        lose_for(s, now_ms, "it ended the session");
        return;
    default:
        if (!(h->command & SMPP_RESPONSE))
            smpp_write_head(&s->out, SMPP_GENERIC_NACK, SMPP_BAD_COMMAND, h->sequence);
    }
}

static void read_pdus(struct smpp_session *s, int64_t now_ms)
{
    size_t used = 0;
    struct smpp_head h;

    while (s->state != SMPP_DOWN) {
        struct bytes rest = str_bytes(str_sub(buf_str(&s->in), used, s->in.n));
        enum smpp_frame frame = smpp_frame(rest, &h);

        if (frame == SMPP_WRONG) { /* where the next one begins is not known any more */
            smpp_write_head(&s->out, SMPP_GENERIC_NACK, SMPP_BAD_LENGTH, h.sequence);
            smpp_link_move(s->link, &s->in, &s->out);
            lose_for(s, now_ms, "it sent what is no SMPP");
            return;
        }
        if (frame == SMPP_PART)
            break;
        used += h.length;
        on_pdu(s, &h, (struct bytes){rest.p, h.length}, now_ms);
    }
    if (s->state != SMPP_DOWN)
        buf_drop(&s->in, used);
}

/* ---- sending ---- */

/* A request was sent, under a rate. */
static void pace(struct smpp_session *s)
{
    int64_t least_us = clock_mono_us() - RATE_BURST_MS * (int64_t)1000;

    if (s->conf->rate)
        s->paced_until_us = MAX_OF(s->paced_until_us, least_us) + 1000000 / s->conf->rate;
}

static bool may_send(const struct smpp_session *s, int64_t now_ms)
{
    return s->state == SMPP_BOUND && s->queue.flying < s->allowed && s->out.n < OUT_ENOUGH &&
           now_ms >= s->quiet_until_ms && (!s->conf->rate || s->paced_until_us <= clock_mono_us());
}

/* Whether the message that waits first is still wanted; else it is given back. */
static bool ask(struct smpp_session *s)
{
    char why[CTX_WHY_MAX];
    enum err e = s->conf->ops.ask(s->conf->ops.arg, smpp_queue_head(&s->queue), why);

    if (e)
        smpp_queue_drop(&s->queue, e == ERR_EXPIRED ? OUTCOME_DEAD : OUTCOME_RETRY, why);
    return e == OK;
}

static void send_queue(struct smpp_session *s, int64_t now_ms)
{
    struct smpp_submit in;
    uint32_t sequence;

    while (may_send(s, now_ms) && smpp_queue_next(&s->queue, clock_now_ms(), &in)) {
        if (!ask(s))
            continue;
        in.from = s->conf->from;
        sequence = next_sequence(s);
        if (smpp_write_submit(&s->out, &in, sequence)) {
            smpp_queue_flew(&s->queue, sequence, now_ms);
            pace(s);
        } else {
            smpp_queue_drop(&s->queue, OUTCOME_FAILED,
                            "the number or the text does not fit into SMPP");
        }
    }
}

/* ---- time ---- */

static void open_session(struct smpp_session *s, int64_t now_ms)
{
    enter(s, SMPP_LINKING, now_ms);
    smpp_link_open(s->link);
}

static void bind(struct smpp_session *s, int64_t now_ms)
{
    const struct smpp_bind in = {
        .system_id = s->conf->system_id,
        .password = s->conf->password,
        .system_type = s->conf->system_type,
    };

    enter(s, SMPP_BINDING, now_ms);
    s->heard_at_ms = now_ms;
    if (!smpp_write_bind(&s->out, &in, next_sequence(s)))
        lose_for(s, now_ms, "sms_user, its password or smpp_system_type is too long for SMPP");
}

static void watch_link(struct smpp_session *s, int64_t now_ms)
{
    bool waits = s->state == SMPP_LINKING || s->state == SMPP_BINDING;

    if (s->state == SMPP_DOWN)
        return;
    if (smpp_link_state(s->link) == SMPP_LINK_DOWN)
        lose(s, now_ms, BACKOFF_FIRST_MS, smpp_link_why(s->link));
    else if (s->out.full)
        lose_for(s, now_ms, "it does not read what we send");
    else if (s->state == SMPP_LINKING && smpp_link_state(s->link) == SMPP_LINK_UP)
        bind(s, now_ms);
    else if (waits && now_ms - s->step_at_ms >= SMPP_STEP_MS)
        lose_for(s, now_ms,
                 s->state == SMPP_LINKING ? "no connection within ten seconds"
                                          : "no answer to our bind within ten seconds");
    else if (s->enquired_at_ms && now_ms - s->enquired_at_ms >= SMPP_STEP_MS)
        lose_for(s, now_ms, "no answer to enquire_link within ten seconds");
}

/* Answers that did not come, messages that have waited too long. */
static void watch_queue(struct smpp_session *s, int64_t now_ms)
{
    char why[CTX_WHY_MAX];

    if (smpp_queue_flies_since_ms(&s->queue) <= now_ms - SMPP_ANSWER_MS) {
        snprintf(why, sizeof(why), "%s: no answer within thirty seconds", s->host);
        smpp_queue_lose(&s->queue, now_ms - SMPP_ANSWER_MS + 1, why);
    }
    smpp_queue_return(&s->queue, now_ms, false,
                      s->state == SMPP_BOUND ? "the carrier takes fewer messages than there are"
                      : s->why[0]            ? s->why
                                             : "there is no session with the carrier yet");
}

static void watch_time(struct smpp_session *s, int64_t now_ms)
{
    if (now_ms - s->count_at_ms >= COUNT_MS) {
        s->taken_before = now_ms - s->count_at_ms < 2 * COUNT_MS ? s->taken_now : 0;
        s->taken_now = 0;
        s->count_at_ms = now_ms;
    }
    if (s->state == SMPP_DOWN && now_ms >= s->open_at_ms && s->halt == SMPP_HALT_NOT)
        open_session(s, now_ms);
    if (s->state == SMPP_BOUND && !s->enquired_at_ms &&
        now_ms - s->heard_at_ms >= s->conf->enquire_s * (int64_t)MS_PER_S) {
        smpp_write_head(&s->out, SMPP_ENQUIRE_LINK, SMPP_OK, next_sequence(s));
        s->enquired_at_ms = now_ms;
    }
}

static void watch_halt(struct smpp_session *s)
{
    enum smpp_halt how = s->halt;
    char why[CTX_WHY_MAX];

    if (how == SMPP_HALT_NOT)
        return;
    smpp_queue_return(&s->queue, 0, true, "the server was stopped before it could be sent");
    snprintf(why, sizeof(why), "cut off while %s had it", s->host);
    if (how == SMPP_HALT_ALL)
        smpp_queue_lose(&s->queue, INT64_MAX, why);
}

/* ---- the round ---- */

unsigned smpp_session_room(const struct smpp_session *s)
{
    unsigned room = SMPP_PARALLEL;

    if (s->halt != SMPP_HALT_NOT)
        return 0;
    if (s->state != SMPP_BOUND)
        return SMPP_PARALLEL_DOWN;
    room = MIN_OF(room, s->conf->window +
                            MAX_OF(MAX_OF(s->taken_now, s->taken_before), (unsigned)ROOM_LEAST));
    if (s->conf->rate)
        room = MIN_OF(room, MAX_OF(s->conf->rate * ROOM_S, (unsigned)SMPP_PARALLEL_DOWN));
    if (s->allowed < s->conf->window)
        room = MIN_OF(room, s->allowed + SMPP_PARALLEL_DOWN);
    return room;
}

int64_t smpp_session_next_at_ms(const struct smpp_session *s, int64_t now_ms)
{
    int64_t at = now_ms + 60 * MS_PER_S;

    if (s->state == SMPP_DOWN && s->halt == SMPP_HALT_NOT)
        at = MIN_OF(at, s->open_at_ms);
    if (s->state == SMPP_LINKING || s->state == SMPP_BINDING)
        at = MIN_OF(at, s->step_at_ms + SMPP_STEP_MS);
    if (s->state == SMPP_LEAVING)
        at = MIN_OF(at, s->step_at_ms + SMPP_UNBIND_MS);
    if (s->state == SMPP_BOUND)
        at =
            MIN_OF(at, s->enquired_at_ms ? s->enquired_at_ms + SMPP_STEP_MS
                                         : s->heard_at_ms + s->conf->enquire_s * (int64_t)MS_PER_S);
    if (s->queue.oldest)
        at = MIN_OF(at, smpp_queue_flies_since_ms(&s->queue) + SMPP_ANSWER_MS);
    if (s->queue.first)
        at = MIN_OF(at, smpp_queue_return_at_ms(&s->queue));
    if (s->state == SMPP_BOUND && s->queue.first && s->queue.flying < s->allowed) {
        at = MIN_OF(at, MAX_OF(s->quiet_until_ms, now_ms + 1));
        if (s->conf->rate)
            at = MIN_OF(at,
                        now_ms + MAX_OF((s->paced_until_us - clock_mono_us()) / 1000, (int64_t)1));
    }
    return at;
}

void smpp_session_step(struct smpp_session *s, int64_t now_ms)
{
    bool again;

    do {
        smpp_link_move(s->link, &s->in, &s->out);
        again = s->in.n >= IN_MAX / 2; /* TLS may hold more, which poll does not see */
        read_pdus(s, now_ms);
    } while (again && s->state != SMPP_DOWN);
    watch_link(s, now_ms);
    watch_halt(s);
    watch_time(s, now_ms);
    watch_queue(s, now_ms);
    move_receipts(s);
    send_queue(s, now_ms);
    if (s->out.n)
        smpp_link_move(s->link, &s->in, &s->out);
}

bool smpp_session_leave(struct smpp_session *s, int64_t now_ms)
{
    if (s->state == SMPP_BOUND) {
        smpp_write_head(&s->out, SMPP_UNBIND, SMPP_OK, next_sequence(s));
        enter(s, SMPP_LEAVING, now_ms);
    } else if (s->state != SMPP_LEAVING || now_ms - s->step_at_ms >= SMPP_UNBIND_MS) {
        smpp_link_close(s->link);
        enter(s, SMPP_DOWN, now_ms);
        return smpp_inbox_busy(&s->inbox);
    }
    return true;
}

/* ---- making ---- */

enum err smpp_session_init(struct ctx *cx, struct smpp_session *s, const struct smpp_conf *conf)
{
    const struct smpp_link_conf link = {conf->host, conf->port, conf->tls, conf->ca_file};

    s->conf = conf;
    snprintf(s->host, sizeof(s->host), "%.*s:%u",
             (int)MIN_OF(conf->host.n, (size_t)(SMPP_HOST_SHOWN_MAX - 8)), conf->host.p,
             conf->port);
    smpp_queue_init(&s->queue, conf->how);
    buf_init(&s->in, IN_MAX);
    buf_init(&s->out, OUT_MAX);
    return smpp_link_new(cx, &link, &s->link);
}

void smpp_session_deinit(struct smpp_session *s)
{
    smpp_link_free(&s->link);
    smpp_queue_deinit(&s->queue);
    smpp_inbox_deinit(&s->inbox);
    buf_deinit(&s->in);
    buf_deinit(&s->out);
}
