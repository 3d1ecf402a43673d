/* line.c: see line.h. */
#include "channel/line.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/call.h"
#include "channel/script.h"

#include <errno.h>
#include <string.h>

enum {
    LISTEN_S = 8, /* for a key, after the last word */
    THINK_S = 12, /* for a key, while digits are read off a page */
    ASK_AGAIN_S = 4,
    LAST_WORD_MS = 800, /* on its way through networks and jitter buffers */
    HAND_ON_MS = 250,   /* the store was busy */
    REPEATS_MAX = 3,    /* by key */
    ATTEMPTS_MAX = 3,   /* of a line that is busy */
    BUSY_PAUSE_MS = 30 * MS_PER_S,
};

/* A request's call is TYPING where one with a code is SPEAKING; then its answer is DECIDING, and
 * what came of it CLOSING. */
enum line_state {
    LINE_DIALLING,
    LINE_BOOKING,
    LINE_ASKING,
    LINE_SPEAKING,
    LINE_TYPING,
    LINE_DECIDING,
    LINE_CLOSING,
};

struct line {
    struct line *next;
    struct lines *all;
    struct errand *errand;
    struct arena *mem;
    struct call *call;
    enum line_state state;
    struct script script;
    unsigned repeats;
    bool heard_once;
    struct keypad keypad; /* TYPING */
    struct speech reply;  /* to keys */
    struct typed *typed;  /* DECIDING */
    struct tmr timer;     /* listening, or the cap */
    struct tmr cap;
    bool over; /* `last` waits until the answer is booked */
    struct verdict last;
    char why[CTX_WHY_MAX];
};

/* ---- the end of a line ---- */

static void line_free(struct line *l)
{
    struct line **at = &l->all->first;

    while (*at && *at != l)
        at = &(*at)->next;
    if (*at)
        *at = l->next;
    tmr_cancel(&l->timer);
    tmr_cancel(&l->cap);
    call_free(&l->call);
    script_deinit(&l->script);
    speech_deinit(&l->reply);
    keypad_clear(&l->keypad);
    if (l->typed)
        l->typed->line = NULL; /* it is decided all the same */
    arena_free(&l->mem);
    mem_free(l);
}

/* The call is over; the errand is, once its answer is booked. */
static void line_over(struct line *l, enum outcome outcome, const char *why, int64_t retry_after_ms)
{
    tmr_cancel(&l->timer);
    tmr_cancel(&l->cap);
    call_free(&l->call);
    l->all->used_ms = clock_mono_ms();
    snprintf(l->why, sizeof(l->why), "%s", why);
    l->last = (struct verdict){
        .outcome = outcome,
        .why = str_from(l->why),
        .retry_after_ms = retry_after_ms,
        .recipients = retry_after_ms > 0, /* a busy line: the only one that waits by itself */
    };
    l->over = true;
    if (l->state == LINE_BOOKING)
        return;
    l->errand->done(l->errand, &l->last);
    line_free(l);
}

/* ---- what was typed ---- */

static void hand_on(void *arg)
{
    struct lines *all = arg;

    if (typed_hand_on(all->typed))
        tmr_start(&all->hand_on, HAND_ON_MS, hand_on, all);
}

/* From here on the store decides; the call waits for its word, if it lasts so long. */
static void decide_typed(struct line *l, enum typed_wish wish)
{
    struct typed t = {.asked_id = l->errand->parcel->asked_id, .wish = wish, .line = l};

    tmr_cancel(&l->timer);
    call_say(l->call, NULL);
    if (wish == TYPED_APPROVE)
        memcpy(t.digits, l->keypad.digits, sizeof(t.digits));
    l->heard_once = true;
    l->state = LINE_DECIDING;
    l->typed = typed_hand(l->all->typed, &t);
    explicit_bzero(&t, sizeof(t));
    keypad_clear(&l->keypad);
    hand_on(l->all);
}

/* What is said now is what the call is for. */
static bool said_main(const struct line *l)
{
    return l->state == LINE_SPEAKING || (l->state == LINE_TYPING && !l->reply.count);
}

/* After the answer: whether the code has been heard decides, not who hung up. */
static void line_heard(struct line *l, const char *why)
{
    bool heard;

    if (l->keypad.denied) /* a second 9 would have said more */
        decide_typed(l, TYPED_DENY);
    heard = l->heard_once || (said_main(l) && call_said(l->call) >= l->script.once);
    line_over(l, heard ? OUTCOME_SENT : OUTCOME_FAILED, heard ? "" : why, 0);
}

/* ---- what a call's end means ---- */

static const struct {
    unsigned status;
    enum outcome outcome;
    const char *why;
} refusals[] = {
    {401, OUTCOME_RETRY,  "the SIP server asks for a name and password (401): voice_user"     },
    {402, OUTCOME_RETRY,  "the SIP server wants to be paid (402)"                             },
    {403, OUTCOME_FAILED, "the SIP server forbids this call (403)"                            },
    {404, OUTCOME_FAILED, "there is no such number (404)"                                     },
    {407, OUTCOME_RETRY,  "the SIP server does not take the name and password (407)"          },
    {408, OUTCOME_FAILED, "nobody answered (408)"                                             },
    {410, OUTCOME_FAILED, "there is no such number any more (410)"                            },
    {480, OUTCOME_FAILED, "the phone is off or out of reach (480)"                            },
    {484, OUTCOME_FAILED, "the number is incomplete (484)"                                    },
    {486, OUTCOME_RETRY,  "the line is busy (486)"                                            },
    {487, OUTCOME_FAILED, "the call was ended before somebody answered (487)"                 },
    {488, OUTCOME_FAILED, "the SIP server takes neither PCMU nor PCMA, or not this SRTP (488)"},
    {600, OUTCOME_RETRY,  "the line is busy (600)"                                            },
    {603, OUTCOME_FAILED, "the call was declined (603)"                                       },
    {604, OUTCOME_FAILED, "there is no such number (604)"                                     },
    {606, OUTCOME_FAILED, "the SIP server takes neither PCMU nor PCMA, or not this SRTP (606)"},
};

static void refused(struct line *l, unsigned status)
{
    bool busy = status == 486 || status == 600;
    char why[CTX_WHY_MAX];

    EACH_ROW (row, refusals) {
        if (row->status != status)
            continue;
        if (busy && l->errand->parcel->attempt >= ATTEMPTS_MAX)
            line_over(l, OUTCOME_FAILED, row->why, 0);
        else
            line_over(l, row->outcome, row->why, busy ? BUSY_PAUSE_MS : 0);
        return;
    }
    snprintf(why, sizeof(why), "the SIP server answered %u", status);
    line_over(l, status >= 500 && status < 600 ? OUTCOME_RETRY : OUTCOME_FAILED, why, 0);
}

static void unreached(struct line *l, int error)
{
    bool is_tls = l->all->conf->trunk.transport == TRUNK_TLS;
    char why[CTX_WHY_MAX];

    if (is_tls && error == EPROTO)
        snprintf(why, sizeof(why),
                 "the SIP server's certificate is not the one of %.*s, or of no authority that is "
                 "trusted: voice_ca_file",
                 STR_ARG(l->all->conf->trunk.host));
    else
        snprintf(why, sizeof(why), "the SIP server cannot be reached: %s", strerror(error));
    line_over(l, OUTCOME_RETRY, why, 0);
}

static void on_over(void *arg, const struct call_over *how)
{
    struct line *l = arg;
    char why[CTX_WHY_MAX];

    switch (how->end) {
    case CALL_REFUSED:
        refused(l, how->status);
        break;
    case CALL_UNREACHED:
        unreached(l, how->error);
        break;
    case CALL_NO_ANSWER:
        snprintf(why, sizeof(why), "nobody answered within %u s", l->all->conf->ring_s);
        line_over(l, OUTCOME_FAILED, why, 0);
        break;
    case CALL_REDIRECTED:
        line_over(l, OUTCOME_FAILED,
                  "the SIP server sends calls to another place, which is not called", 0);
        break;
    case CALL_UNUSABLE:
        line_over(l, OUTCOME_FAILED,
                  "answered, but without a sound format or an SRTP key that both know", 0);
        break;
    case CALL_HUNG_UP:
        line_heard(l, l->errand->parcel->asked_id ? "hung up before the question had been asked"
                                                  : "hung up before the code had been said");
        break;
    }
}

/* ---- a call that talks ---- */

static void listened_long_enough(void *arg)
{
    line_heard(arg, "");
}

static void cap_reached(void *arg)
{
    line_heard(arg, "the longest time of a call was over before the code had been said");
}

/* Nobody has pressed a key: asks again, and gives up in the end. */
static void ask_again(void *arg)
{
    struct line *l = arg;

    if (l->repeats++ < REPEATS_MAX)
        call_say(l->call, &l->script.lead);
    else
        line_over(l, OUTCOME_FAILED, "answered, but nobody pressed a key: a voicemail box, perhaps",
                  0);
}

/* ---- a call that asks for approval ---- */

static void nothing_typed(void *arg);

static void wait_for_key(struct line *l, unsigned s)
{
    tmr_start(&l->timer, (uint64_t)s * MS_PER_S, nothing_typed, l);
}

/* Says one of the sentences; without flite, which has spoken before, the call is over. */
static void reply(struct line *l, enum script_words words)
{
    struct ctx cx;

    ctx_init(&cx, l->mem);
    tmr_cancel(&l->timer);
    call_say(l->call, NULL);
    if (script_say(&cx, words, &l->reply)) {
        tmr_start(&l->timer, 0, listened_long_enough, l);
        return;
    }
    call_say(l->call, &l->reply);
}

static void decided(struct line *l, enum typed_reply word, enum typed_wish wish)
{
    static const enum script_words words[] = {
        [REPLY_NOT_NOW] = SCRIPT_NOT_NOW, [REPLY_APPROVED] = SCRIPT_APPROVED,
        [REPLY_DENIED] = SCRIPT_ENDED,    [REPLY_WRONG] = SCRIPT_WRONG,
        [REPLY_LATE] = SCRIPT_LATE,
    };

    l->typed = NULL;
    l->state = LINE_CLOSING;
    reply(l, word == REPLY_DENIED && wish == TYPED_NOT_ME ? SCRIPT_NOT_ME : words[word]);
}

/* The question once more, and everything from the start. */
static void ask_from_start(struct line *l)
{
    tmr_cancel(&l->timer);
    keypad_clear(&l->keypad);
    speech_deinit(&l->reply);
    call_say(l->call, &l->script.main);
}

static void nothing_typed(void *arg)
{
    struct line *l = arg;

    if (l->keypad.denied) {
        decide_typed(l, TYPED_DENY);
    } else if (l->repeats++ < REPEATS_MAX) {
        ask_from_start(l);
    } else {
        l->state = LINE_CLOSING;
        reply(l, SCRIPT_SILENCE);
    }
}

static void typing(struct line *l, char key)
{
    l->heard_once |= said_main(l) && call_said(l->call) >= l->script.once;
    switch (keypad_press(&l->keypad, key)) {
    case KEYPAD_MORE: /* whoever types needs no more words */
        call_say(l->call, NULL);
        wait_for_key(l, THINK_S);
        break;
    case KEYPAD_REPEAT:
        if (l->repeats++ < REPEATS_MAX)
            ask_from_start(l);
        break;
    case KEYPAD_FULL:
        reply(l, SCRIPT_FULL);
        break;
    case KEYPAD_DENIED:
        reply(l, SCRIPT_DENIED);
        break;
    case KEYPAD_APPROVE:
        decide_typed(l, TYPED_APPROVE);
        break;
    case KEYPAD_NOT_ME:
        decide_typed(l, TYPED_NOT_ME);
        break;
    }
}

/* ---- what happens in a call ---- */

static void on_said(void *arg)
{
    struct line *l = arg;

    if (l->state == LINE_CLOSING) {
        tmr_start(&l->timer, LAST_WORD_MS, listened_long_enough, l);
        return;
    }
    if (l->state == LINE_TYPING) {
        l->heard_once = true;
        wait_for_key(l, THINK_S);
        return;
    }
    if (l->state == LINE_ASKING) {
        tmr_start(&l->timer, ASK_AGAIN_S * MS_PER_S, ask_again, l);
        return;
    }
    l->heard_once = true;
    tmr_start(&l->timer, LISTEN_S * MS_PER_S, listened_long_enough, l);
}

static void on_key(void *arg, char key)
{
    struct line *l = arg;

    if (l->state == LINE_TYPING) {
        typing(l, key);
        return;
    }
    if (l->state == LINE_ASKING) {
        l->state = LINE_SPEAKING;
        l->repeats = 0;
        tmr_cancel(&l->timer);
        call_say(l->call, &l->script.main);
        return;
    }
    if (l->state != LINE_SPEAKING || key != '*' || l->repeats >= REPEATS_MAX)
        return;
    l->repeats++;
    l->heard_once |= call_said(l->call) >= l->script.once;
    tmr_cancel(&l->timer);
    call_say(l->call, &l->script.main);
}

static void on_answered(void *arg, struct str call_id)
{
    struct line *l = arg;

    l->state = LINE_BOOKING;
    tmr_start(&l->cap, (uint64_t)l->all->conf->call_max_s * MS_PER_S, cap_reached, l);
    l->errand->done(l->errand, &(struct verdict){.outcome = OUTCOME_BEGUN, .provider_id = call_id});
}

static const struct call_events events = {
    .answered = on_answered, .said = on_said, .key = on_key, .over = on_over};

/* The answer is on disk. */
static void booked(struct line *l)
{
    bool asks = l->script.lead.count > 0;

    l->state = asks ? LINE_ASKING : l->errand->parcel->asked_id ? LINE_TYPING : LINE_SPEAKING;
    if (!l->over) {
        call_say(l->call, asks ? &l->script.lead : &l->script.main);
        return;
    }
    l->errand->done(l->errand, &l->last);
    line_free(l);
}

/* ---- a call that begins ---- */

/* ---- all of them ---- */

static enum err dial(struct ctx *cx, struct line *l, struct trunk *trunk)
{
    const struct call_conf conf = {
        .number = l->errand->parcel->to,
        .ring_s = l->all->conf->ring_s,
        .keys_prove = l->errand->parcel->asked_id != 0,
        .events = &events,
        .arg = l,
    };
    enum err e = script_write(cx, l->errand->parcel, &l->script);

    return e ? e : call_place(cx, trunk, &conf, &l->call);
}

void line_begin(struct lines *all, struct trunk *trunk, struct errand *errand)
{
    struct line *l = mem_alloc(sizeof(*l));
    struct ctx cx;
    enum err e;

    l->all = all;
    l->errand = errand;
    l->mem = arena_new();
    l->next = all->first;
    all->first = l;
    ctx_init(&cx, l->mem);
    if ((e = dial(&cx, l, trunk)))
        line_over(l, e == ERR_INVALID ? OUTCOME_FAILED : OUTCOME_RETRY, cx.why, 0);
}

void lines_booked(struct lines *all, const struct errand *errand)
{
    for (struct line *l = all->first; l; l = l->next) {
        if (l->errand == errand) {
            booked(l);
            return;
        }
    }
}

void lines_redirected(struct lines *all, struct str head)
{
    for (struct line *l = all->first; l; l = l->next) {
        if (l->call && call_redirected(l->call, head))
            return;
    }
}

void lines_decided(struct lines *all)
{
    struct typed *typed;

    while ((typed = typed_take(all->typed))) {
        if (typed->line)
            decided(typed->line, typed->reply, typed->wish);
        typed_free(&typed);
    }
}

void lines_cut_off(struct lines *all)
{
    for (struct line *l = all->first, *next; l; l = next) {
        next = l->next;
        if (l->over)
            continue;
        if (l->state == LINE_DIALLING)
            line_over(l, OUTCOME_RETRY, "the server stopped before somebody answered", 0);
        else
            line_heard(l, "the server stopped before the code had been said");
    }
}

void lines_free(struct lines *all)
{
    while (all->first)
        line_free(all->first);
    tmr_cancel(&all->hand_on);
}
