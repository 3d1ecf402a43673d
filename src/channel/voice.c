/*
 * voice.c: see voice.h. The courier's thread hands errands over and says what is booked; the voice
 * thread does the rest. They share two lists under one lock.
 */
#include "channel/voice.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/libre.h"
#include "channel/line.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TRUNK_IDLE_MS = 60 * MS_PER_S,
    HANDLES_MAX = 65536, /* of this process that libre can watch */
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
    struct lines lines;

    struct typed_queue *typed; /* has its own lock */
};

static void redirected(void *arg, struct str head)
{
    struct voice *v = arg;

    lines_redirected(&v->lines, head);
}

/* One that was not used for a while is made anew: our address, or where DNS is, may have changed.
 */
static enum err have_trunk(struct ctx *cx, struct voice *v)
{
    int64_t now_ms = clock_mono_ms();

    if (v->trunk && !v->lines.first && now_ms - v->lines.used_ms > TRUNK_IDLE_MS)
        trunk_close(&v->trunk);
    v->lines.used_ms = now_ms;
    return v->trunk ? OK : trunk_open(cx, &v->conf.trunk, redirected, v, &v->trunk);
}

static void begin(struct voice *v, struct errand *errand)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct ctx cx;
    enum err e;

    ctx_init(&cx, mem);
    if ((e = have_trunk(&cx, v)))
        errand->done(errand, &(struct verdict){
                                 .outcome = e == ERR_INVALID ? OUTCOME_FAILED : OUTCOME_RETRY,
                                 .why = str_from(cx.why),
                             });
    else
        line_begin(&v->lines, v->trunk, errand);
}

/* ---- the thread ---- */

static void woken(int flags, void *arg)
{
    struct voice *v = arg;
    struct errand *handed, *booked, *next;
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
    lines_decided(&v->lines);
    for (struct errand *e = booked; e; e = next) {
        next = e->next;
        lines_booked(&v->lines, e);
    }
    for (struct errand *e = handed; e; e = next) {
        next = e->next;
        begin(v, e);
    }
    if (cut)
        lines_cut_off(&v->lines);
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
    lines_free(&v->lines);
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

static void wake(void *arg)
{
    const struct voice *v = arg;

    eventfd_write(v->wake_fd, 1);
}

void voice_close(struct voice *voice)
{
    if (voice)
        typed_close(voice->typed);
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
    v->typed = typed_queue_new(
        &(struct typed_ops){.arg = conf->arg, .decide = conf->decide, .wake = wake, .waker = v});
    v->lines = (struct lines){.conf = &v->conf, .typed = v->typed};
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
    typed_queue_free(&v->typed);
    pthread_mutex_destroy(&v->lock);
    arena_free(&v->mem); /* wipes */
    mem_free(v);
    *voice = NULL;
}
