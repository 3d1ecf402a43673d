/*
 * voice.c: see voice.h. The courier's thread hands errands over and says what is booked; the voice
 * thread does the rest. They share two lists under one lock.
 */
#include "channel/voice.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/call.h"
#include "channel/libre.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BEFORE_MS = 600, /* silence after the answer: the phone is still on its way to the ear */
    BETWEEN_MS = 500,
    LISTEN_S = 8, /* for a key, after the last word */
    ASK_AGAIN_S = 4,
    REPEATS_MAX = 3,  /* by key */
    ATTEMPTS_MAX = 3, /* of a line that is busy */
    BUSY_PAUSE_MS = 30 * MS_PER_S,
    TRUNK_IDLE_MS = 60 * MS_PER_S,
    HANDLES_MAX = 65536, /* of this process that libre can watch */
};

#define PROMPT STR("To hear it again, press star.")

enum line_state { LINE_DIALLING, LINE_BOOKING, LINE_ASKING, LINE_SPEAKING };

/* One call. The voice thread's. */
struct line {
    struct line *next;
    struct voice *voice;
    struct errand *errand;
    struct arena *mem;
    struct call *call;
    enum line_state state;
    struct speech lead; /* asks for a key */
    struct speech speech;
    size_t once; /* samples until the code has been said once */
    unsigned repeats;
    bool heard_once;
    struct tmr timer; /* listening, or the cap */
    struct tmr cap;
    bool over; /* `last` waits until the answer is booked */
    struct verdict last;
    char why[CTX_WHY_MAX];
};

struct voice {
    struct arena *mem; /* of conf's texts */
    struct voice_conf conf;

    pthread_mutex_t lock;           /* guards: */
    struct errand *handed, *booked; /* lists by errand->next, the oldest last */
    bool cut, quit, running;

    int wake_fd;
    pthread_t thread;

    /* the voice thread's */
    struct trunk *trunk;
    int64_t trunk_used_ms; /* monotonic */
    struct line *lines;
};

/* ---- the end of a line ---- */

static void line_free(struct line *l)
{
    struct line **at = &l->voice->lines;

    while (*at && *at != l)
        at = &(*at)->next;
    if (*at)
        *at = l->next;
    tmr_cancel(&l->timer);
    tmr_cancel(&l->cap);
    call_free(&l->call);
    speech_deinit(&l->lead);
    speech_deinit(&l->speech);
    arena_free(&l->mem);
    mem_free(l);
}

/* The call is over; the errand is, once its answer is booked. */
static void line_over(struct line *l, enum outcome outcome, const char *why, int64_t retry_after_ms)
{
    tmr_cancel(&l->timer);
    tmr_cancel(&l->cap);
    call_free(&l->call);
    l->voice->trunk_used_ms = clock_mono_ms();
    snprintf(l->why, sizeof(l->why), "%s", why);
    l->last = (struct verdict){
        .outcome = outcome, .why = str_from(l->why), .retry_after_ms = retry_after_ms};
    l->over = true;
    if (l->state == LINE_BOOKING)
        return;
    l->errand->done(l->errand, &l->last);
    line_free(l);
}

/* After the answer: whether the code has been heard decides, not who hung up. */
static void line_heard(struct line *l, const char *why)
{
    bool heard = l->heard_once || (l->state == LINE_SPEAKING && call_said(l->call) >= l->once);

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
    bool is_tls = l->voice->conf.trunk.transport == TRUNK_TLS;
    char why[CTX_WHY_MAX];

    if (is_tls && error == EPROTO)
        snprintf(why, sizeof(why),
                 "the SIP server's certificate is not the one of %.*s, or of no authority that is "
                 "trusted: voice_ca_file",
                 STR_ARG(l->voice->conf.trunk.host));
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
        snprintf(why, sizeof(why), "nobody answered within %u s", l->voice->conf.ring_s);
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
        line_heard(l, "hung up before the code had been said");
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
        call_say(l->call, &l->lead);
    else
        line_over(l, OUTCOME_FAILED, "answered, but nobody pressed a key: a voicemail box, perhaps",
                  0);
}

static void on_said(void *arg)
{
    struct line *l = arg;

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

    if (l->state == LINE_ASKING) {
        l->state = LINE_SPEAKING;
        l->repeats = 0;
        tmr_cancel(&l->timer);
        call_say(l->call, &l->speech);
        return;
    }
    if (l->state != LINE_SPEAKING || key != '*' || l->repeats >= REPEATS_MAX)
        return;
    l->repeats++;
    l->heard_once |= call_said(l->call) >= l->once;
    tmr_cancel(&l->timer);
    call_say(l->call, &l->speech);
}

static void on_answered(void *arg, struct str call_id)
{
    struct line *l = arg;

    l->state = LINE_BOOKING;
    tmr_start(&l->cap, (uint64_t)l->voice->conf.call_max_s * MS_PER_S, cap_reached, l);
    l->errand->done(l->errand, &(struct verdict){.outcome = OUTCOME_BEGUN, .provider_id = call_id});
}

static const struct call_events events = {
    .answered = on_answered, .said = on_said, .key = on_key, .over = on_over};

/* The answer is on disk. */
static void line_booked(struct line *l)
{
    bool asks = l->lead.count > 0;

    l->state = asks ? LINE_ASKING : LINE_SPEAKING;
    if (!l->over) {
        call_say(l->call, asks ? &l->lead : &l->speech);
        return;
    }
    l->errand->done(l->errand, &l->last);
    line_free(l);
}

/* ---- a call that begins ---- */

/* What a voicemail box may keep: it says no code. */
static enum err compose_lead(struct ctx *cx, struct line *l)
{
    const struct parcel *p = l->errand->parcel;

    speech_pause(&l->lead, BEFORE_MS);
    return speech_say(
        cx, &l->lead,
        arena_printf(cx->mem, "This is %.*s. To hear your code, press 1.", STR_ARG(p->from_name)));
}

/* The text says the code in its last two sentences, each time whole (languages.def). */
static enum err compose(struct ctx *cx, struct line *l, struct str text)
{
    static const struct str stop = {". ", 2};
    struct speech *s = &l->speech;
    size_t cut = 0;
    ptrdiff_t at;
    enum err e;

    while ((at = str_find_str(str_sub(text, cut, text.n), stop)) >= 0)
        cut += (size_t)at + stop.n;
    speech_pause(s, BEFORE_MS);
    if (cut && (e = speech_say(cx, s, str_sub(text, 0, cut))))
        return e;
    l->once = s->count;
    if (cut)
        speech_pause(s, BETWEEN_MS);
    if ((e = speech_say(cx, s, str_sub(text, cut, text.n))))
        return e;
    if (!cut)
        l->once = s->count;
    speech_pause(s, BETWEEN_MS);
    return speech_say(cx, s, PROMPT);
}

static void redirected(void *arg, struct str head)
{
    struct voice *v = arg;

    for (struct line *l = v->lines; l; l = l->next) {
        if (l->call && call_redirected(l->call, head))
            return;
    }
}

/* One that was not used for a while is made anew: our address, or where DNS is, may have changed.
 */
static enum err have_trunk(struct ctx *cx, struct voice *v)
{
    int64_t now_ms = clock_mono_ms();

    if (v->trunk && !v->lines->next && now_ms - v->trunk_used_ms > TRUNK_IDLE_MS)
        trunk_close(&v->trunk);
    v->trunk_used_ms = now_ms;
    return v->trunk ? OK : trunk_open(cx, &v->conf.trunk, redirected, v, &v->trunk);
}

static enum err dial(struct ctx *cx, struct line *l)
{
    struct voice *v = l->voice;
    const struct call_conf conf = {
        .number = l->errand->parcel->to,
        .ring_s = v->conf.ring_s,
        .events = &events,
        .arg = l,
    };
    enum err e;

    if ((e = have_trunk(cx, v)) || (l->errand->parcel->press_first && (e = compose_lead(cx, l))) ||
        (e = compose(cx, l, l->errand->parcel->text)))
        return e;
    return call_place(cx, v->trunk, &conf, &l->call);
}

static void begin(struct voice *v, struct errand *errand)
{
    struct line *l = mem_alloc(sizeof(*l));
    struct ctx cx;
    enum err e;

    l->voice = v;
    l->errand = errand;
    l->mem = arena_new();
    l->next = v->lines;
    v->lines = l;
    ctx_init(&cx, l->mem);
    if ((e = dial(&cx, l)))
        line_over(l, e == ERR_INVALID ? OUTCOME_FAILED : OUTCOME_RETRY, cx.why, 0);
}

/* ---- the thread ---- */

static struct line *line_of(struct voice *v, const struct errand *errand)
{
    for (struct line *l = v->lines; l; l = l->next) {
        if (l->errand == errand)
            return l;
    }
    return NULL;
}

static void cut_off(struct voice *v)
{
    for (struct line *l = v->lines, *next; l; l = next) {
        next = l->next;
        if (l->over)
            continue;
        if (l->state == LINE_DIALLING)
            line_over(l, OUTCOME_RETRY, "the server stopped before somebody answered", 0);
        else
            line_heard(l, "the server stopped before the code had been said");
    }
}

static void woken(int flags, void *arg)
{
    struct voice *v = arg;
    struct errand *handed, *booked, *next;
    struct line *l;
    eventfd_t spent;
    bool cut, quit;

    (void)flags;
    (void)eventfd_read(v->wake_fd, &spent);
    pthread_mutex_lock(&v->lock);
    handed = TAKE(v->handed);
    booked = TAKE(v->booked);
    cut = v->cut;
    quit = v->quit;
    pthread_mutex_unlock(&v->lock);
    for (struct errand *e = booked; e; e = next) {
        next = e->next;
        if ((l = line_of(v, e)))
            line_booked(l);
    }
    for (struct errand *e = handed; e; e = next) {
        next = e->next;
        begin(v, e);
    }
    if (cut)
        cut_off(v);
    if (quit)
        re_cancel();
}

/* libre watches handles up to a number that it is told at first: those of this process are many. */
static int handles(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > HANDLES_MAX)
        return HANDLES_MAX;
    return (int)limit.rlim_cur;
}

static enum err thread_open(struct ctx *cx, struct voice *v)
{
    enum err e;

    if ((e = libre_load(cx)))
        return e;
    if (re_thread_init() || fd_setsize(handles()) || fd_listen(v->wake_fd, FD_READ, woken, v))
        return fail(cx, ERR_INTERNAL, "libre's loop does not start");
    return OK;
}

/* Without libraries nothing can be called: whoever is handed over comes back. The next one starts
 * another thread, which looks again. */
static void refuse_all(struct voice *v, const char *why)
{
    const struct verdict verdict = {.outcome = OUTCOME_RETRY, .why = str_from(why)};
    struct errand *handed, *next;

    (void)pthread_detach(pthread_self());
    do {
        pthread_mutex_lock(&v->lock);
        handed = TAKE(v->handed);
        if (!handed)
            v->running = false;
        pthread_mutex_unlock(&v->lock);
        for (struct errand *e = handed; e; e = next) {
            next = e->next;
            e->done(e, &verdict);
        }
    } while (handed);
}

static void *run(void *arg)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct voice *v = arg;
    struct ctx cx;

    ctx_init(&cx, mem);
    if (thread_open(&cx, v)) {
        refuse_all(v, cx.why);
        return NULL;
    }
    (void)re_main(NULL);
    while (v->lines)
        line_free(v->lines);
    trunk_close(&v->trunk);
    fd_close(v->wake_fd);
    re_thread_close();
    return NULL;
}

/* ---- the courier's side ---- */

static void hand(void *self, struct errand *errand)
{
    static const struct verdict no_thread = {
        .outcome = OUTCOME_RETRY, .why = {"the voice thread does not start", 31}
    };
    struct voice *v = self;
    bool running;

    pthread_mutex_lock(&v->lock);
    if (!v->running)
        v->running = pthread_create(&v->thread, NULL, run, v) == 0;
    running = v->running;
    if (running) {
        errand->next = v->handed;
        v->handed = errand;
        eventfd_write(v->wake_fd, 1);
    }
    pthread_mutex_unlock(&v->lock);
    if (!running)
        errand->done(errand, &no_thread);
}

static void booked(void *self, struct errand *errand)
{
    struct voice *v = self;

    pthread_mutex_lock(&v->lock);
    errand->next = v->booked;
    v->booked = errand;
    eventfd_write(v->wake_fd, 1);
    pthread_mutex_unlock(&v->lock);
}

static void stop(void *self, bool cut)
{
    struct voice *v = self;

    if (!cut)
        return;
    pthread_mutex_lock(&v->lock);
    v->cut = true;
    eventfd_write(v->wake_fd, 1);
    pthread_mutex_unlock(&v->lock);
}

struct carrier voice_carrier(struct voice *voice)
{
    return (struct carrier){
        .channel = STR("voice"),
        .parallel = voice->conf.calls_max,
        .self = voice,
        .hand = hand,
        .booked = booked,
        .stop = stop,
    };
}

struct voice *voice_new(const struct voice_conf *conf)
{
    struct voice *v = mem_alloc(sizeof(*v));
    struct trunk_conf *t = &v->conf.trunk;

    v->mem = arena_new();
    v->conf = *conf;
    t->host = arena_str(v->mem, t->host);
    t->user = arena_str(v->mem, t->user);
    t->password = arena_str(v->mem, t->password);
    t->from = arena_str(v->mem, t->from);
    t->ca_file = arena_str(v->mem, t->ca_file);
    v->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&v->lock, NULL);
    return v;
}

void voice_free(struct voice **voice)
{
    struct voice *v = *voice;
    bool running;

    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    v->quit = true;
    running = v->running;
    eventfd_write(v->wake_fd, 1);
    pthread_mutex_unlock(&v->lock);
    if (running)
        pthread_join(v->thread, NULL);
    if (v->wake_fd >= 0)
        close(v->wake_fd);
    pthread_mutex_destroy(&v->lock);
    arena_free(&v->mem); /* wipes */
    mem_free(v);
    *voice = NULL;
}
